"""What stands on a certificate: what was true when it was issued, and stays so."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import override

from courses.certificates.fonts import can_draw
from courses.enums import CertificateStyle
from courses.models import Certificate, Course, Enrolment
from courses.terms import zone_of
from newsletter.publication.models import Publication


@dataclass(frozen=True, slots=True)
class Look:
    """The words and the style that are kept with a certificate."""

    style: str = CertificateStyle.CLASSIC
    heading: str = ""
    lead: str = ""
    has_done: str = ""
    text: str = ""
    signatory: str = ""
    # A picture's path in the default storage.
    signature: str = ""
    publication: str = ""
    accent: str = "#1f1d1a"
    language: str = "en"
    zone: str = "UTC"


def look_for(course: Course, enrolment: Enrolment, publication: Publication) -> dict[str, Any]:
    """What a certificate that is issued now will go on saying, in the publication's language."""
    with override(publication.language):
        signature = course.certificate_signature
        look = Look(
            style=course.certificate_style,
            heading=course.certificate_heading or _("Certificate"),
            lead=_("This is to say that"),
            has_done=_("has completed the course"),
            text=course.certificate_text,
            signatory=course.certificate_signatory,
            signature=str(signature.file.name) if signature else "",
            publication=publication.name,
            accent=publication.accent,
            language=publication.language,
            zone=enrolment.time_zone,
        )
    return asdict(look)


def look_of(certificate: Certificate) -> Look:
    """What was kept; a part that is not known any more is left out."""
    kept = {name: certificate.look[name] for name in Look.__slots__ if name in certificate.look}
    return Look(**kept)


def day_of(certificate: Certificate) -> date:
    """The day of completion, by the learner's calendar."""
    return _local(certificate, certificate.completed_at)


def day_in_words(certificate: Certificate) -> str:
    """That day in the certificate's language."""
    with override(look_of(certificate).language):
        # Translators: how a date is written in full; see Django's date formats.
        return formats.date_format(day_of(certificate), _("j F Y"))


def _local(certificate: Certificate, at: datetime) -> date:
    return at.astimezone(zone_of(look_of(certificate).zone)).date()


def address_of(certificate: Certificate) -> str:
    """The page that vouches for it, in full."""
    path = reverse("courses:verify-certificate", args=[certificate.serial])
    return f"{settings.SITE_URL}{path}"


def has_pdf(certificate: Certificate) -> bool:
    """Whether all that stands on it can be drawn (see fonts.py)."""
    look = look_of(certificate)
    return can_draw(
        "".join(
            [
                certificate.name,
                certificate.course_title,
                look.heading,
                look.lead,
                look.has_done,
                look.text,
                look.signatory,
                look.publication,
                day_in_words(certificate),
            ]
        )
    )
