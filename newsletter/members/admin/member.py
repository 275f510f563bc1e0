"""All about one person, and what can be done: give, move, take, note, visit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urljoin

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from newsletter.accounts.actions import TooOftenError
from newsletter.accounts.models import User
from newsletter.members import actions, tasks
from newsletter.members.access import (
    may_change_note,
    may_copy,
    may_erase,
    may_give,
    may_look,
    may_read_notes,
    may_visit,
    may_write_notes,
)
from newsletter.members.forms import NoteForm, ReasonForm, VisitForm
from newsletter.members.panels import load_panels
from newsletter.members.queries import exports_for, find_erasure, notes_about
from newsletter.memberships.actions import grant_comps, move_comp_end, revoke_grant
from newsletter.memberships.forms import EndForm, GiveForm, end_of_day
from newsletter.memberships.models import Grant

# What an act returns: a form that was not filled in right; a page; or None where it is done.
Outcome = Form | HttpResponse | None


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_member(request: HttpRequest, user_id: int) -> HttpResponse:
    """Show the page; do what one of its buttons says."""
    actor = cast(User, request.user)
    if not may_look(actor):
        raise PermissionDenied
    person = get_object_or_404(User, pk=user_id)
    wrong: Outcome = None
    if request.method == "POST":
        act = _ACTS.get(request.POST.get("act", ""))
        if act is None:
            raise Http404
        if person.is_erased:
            raise PermissionDenied(_("Nothing is added to an account that was deleted."))
        try:
            wrong = act(request, actor, person)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        if isinstance(wrong, HttpResponse):
            return wrong
        if wrong is None:
            return redirect("admin:newsletter_user_member", person.pk)
    context = _context(request, actor, person, wrong)
    return render(request, "members/member.html", context, status=422 if wrong else 200)


def _context(request: HttpRequest, actor: User, person: User, wrong: Outcome) -> dict[str, Any]:
    is_there = not person.is_erased
    reads = may_read_notes(actor) and is_there
    found = notes_about(person) if reads else []
    notes = [(note, may_change_note(actor, note.author_id)) for note in found]
    gives = may_give(actor) and is_there
    copies = list(exports_for(actor, person)) if is_there and may_copy(actor, person) else None
    return {
        **admin.site.each_context(request),
        "title": str(person),
        "person": person,
        "erasure": find_erasure(person),
        "may_erase": may_erase(actor, person) and is_there,
        "copies": copies,
        "panels": load_panels(actor=actor, person=person),
        "notes": notes,
        "may_give": gives,
        "reads_notes": reads,
        "may_note": may_write_notes(actor),
        "may_visit": may_visit(actor, person),
        "give_form": wrong if isinstance(wrong, GiveForm) else GiveForm() if gives else None,
        "note_form": wrong if isinstance(wrong, NoteForm) else NoteForm(),
        "visit_form": wrong if isinstance(wrong, VisitForm) else VisitForm(),
        "end_form": wrong if isinstance(wrong, EndForm) else None,
        "wrong_grant": request.POST.get("grant") if isinstance(wrong, EndForm) else None,
        "wrong_note": request.POST.get("note") if isinstance(wrong, NoteForm) else None,
    }


def _give(request: HttpRequest, actor: User, person: User) -> Outcome:
    form = GiveForm(request.POST)
    if not may_give(actor):
        raise PermissionDenied
    if not form.is_valid():
        return form
    what = form.comp["tier"] or form.comp["product"]
    if grant_comps(actor=actor, addresses=[person.email], **form.comp).grants:
        messages.success(request, _("They have %(what)s now.") % {"what": what})
    else:
        messages.info(request, _("They were given %(what)s for as long before.") % {"what": what})
    return None


def _move(request: HttpRequest, actor: User, person: User) -> Outcome:
    form, grant = EndForm(request.POST), _grant_of(request, actor, person)
    if not form.is_valid():
        return form
    ends_at = end_of_day(form.cleaned_data["ends_on"])
    if move_comp_end(actor=actor, grant=grant, ends_at=ends_at):
        messages.success(request, _("The end was moved."))
    else:
        messages.error(request, _("Nothing was changed: it has ended, or was not given by hand."))
    return None


def _revoke(request: HttpRequest, actor: User, person: User) -> Outcome:
    form, grant = ReasonForm(request.POST), _grant_of(request, actor, person)
    if not form.is_valid():
        raise ValidationError(_("The reason is too long."))
    if revoke_grant(actor=actor, grant=grant, reason=form.cleaned_data["reason"]):
        messages.success(request, _("It is closed to them now, unless something else opens it."))
    else:
        messages.error(request, _("This was revoked before."))
    return None


def _grant_of(request: HttpRequest, actor: User, person: User) -> Grant:
    if not may_give(actor):
        raise PermissionDenied
    return get_object_or_404(Grant, pk=_number(request, "grant"), user=person)


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    if not text.isdecimal() or len(text) > 18:
        raise Http404
    return int(text)


def _note(request: HttpRequest, actor: User, person: User) -> Outcome:
    form = NoteForm(request.POST)
    if not form.is_valid():
        return form
    actions.add_note(actor=actor, person=person, text=form.cleaned_data["text"])
    messages.success(request, _("The note is kept."))
    return None


def _edit_note(request: HttpRequest, actor: User, person: User) -> Outcome:
    note = get_object_or_404(notes_about(person), pk=_number(request, "note"))
    form = NoteForm(request.POST)
    if not form.is_valid():
        return form
    actions.edit_note(actor=actor, note=note, text=form.cleaned_data["text"])
    messages.success(request, _("The note is kept."))
    return None


def _delete_note(request: HttpRequest, actor: User, person: User) -> Outcome:
    note = get_object_or_404(notes_about(person), pk=_number(request, "note"))
    actions.delete_note(actor=actor, note=note)
    messages.success(request, _("The note is deleted."))
    return None


def _visit(request: HttpRequest, actor: User, person: User) -> Outcome:
    """Answer with the link itself: it is shown once and stored nowhere."""
    form = VisitForm(request.POST)
    if not may_visit(actor, person):
        raise PermissionDenied
    if not form.is_valid():
        return form
    try:
        visit, token = actions.offer_visit(
            actor=actor, person=person, reason=form.cleaned_data["reason"]
        )
    except TooOftenError as error:
        return _too_often(request, error)
    context = {
        **admin.site.each_context(request),
        "title": _("See the site as they do"),
        "person": person,
        "visit": visit,
        "link": urljoin(settings.SITE_URL, reverse("members:begin-visit", args=[token])),
        "link_minutes": int(actions.LINK_LIFE.total_seconds() // 60),
        "visit_minutes": int(actions.VISIT_LIFE.total_seconds() // 60),
    }
    return render(request, "members/visit_link.html", context)


def _copy(request: HttpRequest, actor: User, person: User) -> Outcome:
    """Have a copy of what is held on them made; the page shows when it is there."""
    try:
        export = actions.request_export(actor=actor, person=person)
    except TooOftenError as error:
        return _too_often(request, error)
    tasks.make_export.delay_on_commit(export.pk)
    messages.success(request, _("The copy is being made. It is on this page in a minute or two."))
    return None


def _too_often(request: HttpRequest, error: TooOftenError) -> HttpResponse:
    minutes = max(1, int(error.wait.total_seconds() // 60))
    return render(request, "429.html", {"minutes": minutes}, status=429)


_ACTS: dict[str, Callable[[HttpRequest, User, User], Outcome]] = {
    "give": _give,
    "move": _move,
    "revoke": _revoke,
    "note": _note,
    "edit-note": _edit_note,
    "delete-note": _delete_note,
    "visit": _visit,
    "copy": _copy,
}
