"""Certificates: the page that vouches for one, the PDF, and asking for one's own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from courses.actions.certifying import NotCompletedError
from courses.actions.certifying import claim_certificate as claim
from courses.certificates.drawing import draw_certificate
from courses.certificates.looks import day_in_words, has_pdf, look_of
from courses.exam_forms import CertificateNameForm
from courses.models import Certificate
from courses.queries import certificate_in_force, find_certificate, may_claim
from courses.views.finding import learner_of, room_or_404
from newsletter.accounts.models import User
from newsletter.accounts.queries import viewer
from newsletter.accounts.ratelimit import client_ip, hit, network_of
from newsletter.lib.opens_to import Opens, opens_to

# Nobody looks up so many; somebody who guesses would.
LOOKUPS, PER = 120, timedelta(hours=1)


@opens_to(Opens.EVERYONE)
@never_cache
@require_safe
def verify_certificate(request: HttpRequest, serial: str) -> HttpResponse:
    """Say whether a certificate is valid: its name and course, and if it was revoked, why.

    Nothing else of the person. Found by its number alone, which is random, and by no search engine.
    """
    if not hit(f"certificates:{network_of(client_ip(request))}", limit=LOOKUPS, per=PER):
        return _unlisted(render(request, "429.html", status=429))
    certificate = find_certificate(serial)
    if certificate is None:
        return _unlisted(render(request, "courses/certificate_unknown.html", status=404))
    person = viewer(request)
    is_own = person is not None and _may_have(person, certificate)
    context = {
        **certificate_context(certificate),
        "may_download": is_own and certificate.revoked_at is None,
    }
    return _unlisted(render(request, "courses/certificate.html", context))


def certificate_context(certificate: Certificate) -> dict[str, Any]:
    """What the page of a certificate shows."""
    return {
        "certificate": certificate,
        "certified": look_of(certificate),
        "day_completed": day_in_words(certificate),
        "has_pdf": has_pdf(certificate),
    }


@opens_to(Opens.SIGNED_IN)
@never_cache
@require_safe
def download_certificate(request: HttpRequest, serial: str) -> HttpResponse:
    """The PDF, for whose it is and for authors.

    One that is revoked has none any more, and one in a script that ours cannot write never had:
    its page is printed instead (certificates/fonts.py).
    """
    certificate = find_certificate(serial)
    if certificate is None or not _may_have(learner_of(request), certificate):
        raise Http404
    if certificate.revoked_at is not None or not has_pdf(certificate):
        return redirect("courses:verify-certificate", certificate.serial)
    response = HttpResponse(draw_certificate(certificate), content_type="application/pdf")
    name = f"{certificate.course_title} - {certificate.name}.pdf".replace("/", "-")
    response.headers["Content-Disposition"] = content_disposition_header(True, name) or ""
    return _unlisted(response)


@opens_to(Opens.SIGNED_IN)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def claim_certificate(request: HttpRequest, course: str) -> HttpResponse:
    """To one's certificate; whoever has none yet says the name for it."""
    room = room_or_404(request, course)
    enrolment = room.enrolment
    if enrolment is None:
        raise Http404
    there = certificate_in_force(enrolment)
    if there is not None:
        return redirect("courses:verify-certificate", there.serial)
    if not may_claim(enrolment):
        raise Http404
    person = learner_of(request)
    form = CertificateNameForm(request.POST or None, initial={"name": person.name})
    if request.method == "POST" and form.is_valid():
        try:
            issued = claim(user=person, course=room.course, name=form.cleaned_data["name"])
        except NotCompletedError as error:
            raise Http404 from error
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("courses:verify-certificate", issued.serial)
    context = {"course": room.course, "form": form}
    status = 422 if form.errors else 200
    return render(request, "courses/certificate_claim.html", context, status=status)


def _may_have(person: User, certificate: Certificate) -> bool:
    return person.is_staff or certificate.enrolment.user_id == person.pk


def _unlisted(response: HttpResponse) -> HttpResponse:
    response.headers["X-Robots-Tag"] = "noindex"
    return response
