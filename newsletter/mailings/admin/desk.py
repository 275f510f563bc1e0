"""Opening a mailing: a draft of a free text to write on, everything else its progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.lib.prose import body_media
from newsletter.mailings.actions import (
    IllegalMove,
    create_free_mailing,
    edit_free_mailing,
    send_test,
)
from newsletter.mailings.admin import progress
from newsletter.mailings.enums import MailingState
from newsletter.mailings.forms import MailingForm
from newsletter.mailings.models import Mailing
from newsletter.mailings.outcomes import Result

if TYPE_CHECKING:
    from newsletter.mailings.admin.mailings import MailingAdmin


def find_mailing(model_admin: MailingAdmin, request: HttpRequest, pk: object) -> Mailing:
    """The mailing, if this person may see it. Raises Http404 and PermissionDenied."""
    number = str(pk)
    # Python reads no number of thousands of digits, and no key has more than these.
    if not number.isdecimal() or len(number) > 18:
        raise Http404
    found = Mailing.objects.select_related("newsletter", "article__author", "article__cover")
    mailing = found.filter(pk=int(number)).first()
    if mailing is None:
        raise Http404
    if not model_admin.has_view_or_change_permission(request, mailing):
        raise PermissionDenied
    return mailing


def find_to_change(model_admin: MailingAdmin, request: HttpRequest, pk: object) -> Mailing:
    """The mailing, if this person may act on it. Raises Http404 and PermissionDenied."""
    mailing = find_mailing(model_admin, request, pk)
    if not model_admin.has_change_permission(request, mailing):
        raise PermissionDenied
    return mailing


def is_letter_in_hand(mailing: Mailing) -> bool:
    """Whether its text can still be written on."""
    return mailing.state == MailingState.DRAFT and mailing.article_id is None


def open_mailing(
    model_admin: MailingAdmin, request: HttpRequest, pk: object | None
) -> HttpResponse:
    """Show what there is to do with it; store what was typed into a draft."""
    if pk is None:
        if not (
            model_admin.has_add_permission(request) and model_admin.has_change_permission(request)
        ):
            raise PermissionDenied
        return _write(model_admin, request, Mailing())
    mailing = find_mailing(model_admin, request, pk)
    if is_letter_in_hand(mailing) and model_admin.has_change_permission(request, mailing):
        return _write(model_admin, request, mailing)
    if request.method == "POST":
        messages.error(request, _("It is on its way; its text can no longer be changed."))
        return redirect("admin:newsletter_mailing_change", mailing.pk)
    return progress.show_page(model_admin, request, mailing)


def _write(model_admin: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    form = MailingForm(request.POST or None, instance=mailing)
    if request.method == "POST" and form.is_valid():
        try:
            stored = _store(request, form)
        except IllegalMove as error:
            messages.error(request, str(error))
            return redirect("admin:newsletter_mailing_change", mailing.pk)
        return _go_on(request, stored)
    context = {
        **base_context(model_admin, request, mailing),
        "title": mailing.subject if mailing.pk else _("New letter"),
        "form": form,
        "editor_media": body_media().with_nonce(request.csp_nonce),  # type: ignore[attr-defined]
    }
    status = 422 if form.errors else 200
    return TemplateResponse(request, "mailings/admin/letter.html", context, status=status)


def _go_on(request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """Where the pressed button leads; what was typed is stored by then, whichever it was."""
    if "_send" in request.POST:
        return redirect("admin:newsletter_mailing_send", mailing.pk)
    if "_preview" in request.POST:
        return redirect("mailings:preview-mailing", mailing.pk)
    if "_test" in request.POST:
        send_test_to_self(request, mailing)
    else:
        messages.success(request, _("Draft saved."))
    return redirect("admin:newsletter_mailing_change", mailing.pk)


def send_test_to_self(request: HttpRequest, mailing: Mailing) -> None:
    """Send the mail of `mailing` (saved or not) to whoever asks, and tell them how it went."""
    actor = cast(User, request.user)
    outcome = send_test(actor=actor, mailing=mailing, to=actor.email)
    if outcome.result is Result.ACCEPTED:
        messages.success(request, _("A test is on its way to %(to)s.") % {"to": actor.email})
    else:
        reason = {"to": actor.email, "reason": outcome.error}
        messages.error(request, _("The test to %(to)s was not taken: %(reason)s") % reason)


def _store(request: HttpRequest, form: MailingForm) -> Mailing:
    actor, mailing = cast(User, request.user), form.instance
    if mailing.pk is None:
        return create_free_mailing(actor=actor, **form.cleaned_data)
    edit_free_mailing(actor=actor, mailing=mailing, **form.cleaned_data)
    return cast(Mailing, mailing)


def base_context(
    model_admin: MailingAdmin, request: HttpRequest, mailing: Mailing
) -> dict[str, Any]:
    """What every page of a mailing needs."""
    return {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "mailing": mailing,
        "may_change": model_admin.has_change_permission(request),
    }
