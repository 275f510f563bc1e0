"""One person as a moderator needs to know them: what they wrote, trust, bars; and barring them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.comments import actions
from newsletter.comments.access import may_moderate
from newsletter.comments.admin_forms import BanForm
from newsletter.comments.queries import bans_of, comments_of, standing_of, trail_of_person
from newsletter.memberships.forms import end_of_day
from newsletter.outbox.tasks import deliver_email
from newsletter.subscribers.admin.views import actor_of, context_of

if TYPE_CHECKING:
    from newsletter.comments.admin.queue import CommentAdmin

SHOWN = 20


def show_person(model_admin: CommentAdmin, request: HttpRequest, user_id: int) -> HttpResponse:
    """Show them; bar them or lift the bar."""
    actor = actor_of(request)
    if not may_moderate(actor):
        raise PermissionDenied
    person = get_object_or_404(User, pk=user_id)
    form = BanForm()
    if request.method == "POST":
        match request.POST.get("act"):
            case "lift":
                return _lift(request, actor, person)
            case "ban":
                form = BanForm(request.POST)
                if form.is_valid() and _ban(request, actor, person, form):
                    return redirect("admin:newsletter_comment_person", person.pk)
            case _:
                raise Http404
    bans = bans_of(person)
    context = context_of(
        model_admin,
        request,
        title=person.name or person.email,
        person=person,
        standing=standing_of(person),
        ban=next((ban for ban in bans if ban.is_in_force), None),
        bans=bans,
        comments=list(comments_of(person).select_related("thread__article")[:SHOWN]),
        trail=trail_of_person(person),
        form=form,
        may_look=actor.has_perm("newsletter.view_user"),
    )
    status = 422 if form.errors else 200
    return TemplateResponse(request, "comments/admin/person.html", context, status=status)


def _ban(request: HttpRequest, actor: User, person: User, form: BanForm) -> bool:
    said = form.cleaned_data
    try:
        _bar, mail = actions.ban_person(
            actor=actor,
            user=person,
            reason=said["reason"],
            note_text=said["note"],
            ends_at=end_of_day(said["ends_on"]),
        )
    except ValidationError as error:
        for name, problems in error.message_dict.items():
            form.add_error("ends_on" if name == "ends_at" else name, problems)
        return False
    deliver_email.delay_on_commit(mail.pk)
    messages.success(request, _("They cannot comment now, and are told so by mail."))
    return True


def _lift(request: HttpRequest, actor: User, person: User) -> HttpResponse:
    if actions.lift_ban(actor=actor, user=person):
        messages.success(request, _("They can comment again."))
    return redirect("admin:newsletter_comment_person", person.pk)
