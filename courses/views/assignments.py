"""A learner hands something in."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from courses.actions import NotOpenError
from courses.actions.handing_in import NothingWantedError, hand_in
from courses.addresses import lesson_path
from courses.exam_forms import HandInForm
from courses.submitting import look_at_task
from courses.views.finding import learner_of, lesson_or_404, room_or_404
from newsletter.lib.opens_to import Opens, opens_to


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def hand_in_assignment(request: HttpRequest, course: str, lesson: str) -> HttpResponse:
    """What was handed in and what was said to it; hand in something, or change what waits."""
    room = room_or_404(request, course)
    found = lesson_or_404(room, lesson)
    back = lesson_path(room.course, found)
    task = look_at_task(found, room.enrolment)
    if task is None:
        raise Http404
    if not room.decide(found.pk).allowed:
        return redirect(back)
    # A form with nothing in it is one too.
    is_sent = request.method == "POST"
    form = HandInForm(request.POST, request.FILES, task=task) if is_sent else HandInForm(task=task)
    if is_sent and form.is_valid():
        sent = form.cleaned_data
        try:
            hand_in(
                user=learner_of(request),
                lesson=found,
                text=sent.get("text", ""),
                file=sent.get("file") or None,
            )
        except NotOpenError:
            return redirect(back)
        except NothingWantedError:
            messages.info(request, _("That was approved already; nothing more is wanted."))
            return redirect("courses:hand-in-assignment", course, lesson)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Handed in."))
            return redirect("courses:hand-in-assignment", course, lesson)
    context = {
        "course": room.course,
        "lesson": found,
        "lesson_url": back,
        "task": task,
        "form": form,
    }
    return render(request, "courses/assignment.html", context, status=422 if form.errors else 200)
