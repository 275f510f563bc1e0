"""The link that ends a course's mail."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from courses.actions.releasing import leave_course_mail
from courses.course_mail import find_leaving
from newsletter.lib.one_click import is_from_our_page
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.signing import BadToken


@never_cache
@csrf_exempt
@opens_to(Opens.LINK_HOLDER)
@require_http_methods(["GET", "HEAD", "POST"])
def leave_mail(request: HttpRequest, token: str) -> HttpResponseBase:
    """End a course's mail for one learner; the course itself stays open to them.

    RFC 8058: a POST from anywhere is the act itself, answered 200 however often it comes. GET
    never changes anything.
    """
    try:
        enrolment = find_leaving(token)
    except BadToken:
        return render(request, "subscribers/link_broken.html", {"leaving": True}, status=404)
    if request.method == "POST":
        if enrolment is not None:
            leave_course_mail(enrolment=enrolment)
        if not is_from_our_page(request):
            return HttpResponse("Unsubscribed.\n", content_type="text/plain; charset=utf-8")
    context = {
        "course": enrolment.course if enrolment else None,
        "left": request.method == "POST" or enrolment is None,
    }
    return render(request, "courses/leave_mail.html", context)
