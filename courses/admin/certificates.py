"""Certificates at the desk: who has one; take it back, issue it anew."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from courses.actions import IllegalMoveError
from courses.actions.certifying import reissue_certificate, revoke_certificate
from courses.admin.common import (
    CHANGE_LEARNERS,
    VIEW_LEARNERS,
    actor_of,
    may,
    number_of,
    page_of,
    require,
)
from courses.certificates.looks import has_pdf
from courses.models import Certificate
from courses.quiz_forms import ReissueCertificateForm, RevokeCertificateForm
from newsletter.lib.moments import IN_FULL, moment_column, moment_html

_ISSUED = moment_column("issued_at", _("issued"))
_REVOKED = moment_column("revoked_at", _("revoked"))


@admin.register(Certificate)
class CertificateAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Certificates say what was true; nothing on them is edited, and none is deleted."""

    list_display = ("serial", "name", "course_title", _ISSUED, _REVOKED)
    list_filter = ("enrolment__course",)
    search_fields = ("serial", "name", "course_title", "enrolment__user__email")
    actions = None
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Certificate]:
        """The newest first."""
        found = cast(QuerySet[Certificate], super().get_queryset(request))
        return found.defer("look").order_by("-issued_at", "-pk")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One of them, with what can be done about it."""
        return show_certificate(request, object_id)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may see or look after learners."""
        return may(request, VIEW_LEARNERS)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever looks after learners."""
        return may(request, CHANGE_LEARNERS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They are issued when a course is completed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are revoked."""
        return False


def show_certificate(request: HttpRequest, object_id: object) -> HttpResponse:
    """What it says, and the buttons."""
    require(request, VIEW_LEARNERS)
    found = Certificate.objects.select_related("enrolment__user", "enrolment__course", "revoked_by")
    certificate = found.filter(pk=number_of(object_id)).first()
    if certificate is None:
        raise Http404
    act = request.POST.get("act", "")
    revoking = RevokeCertificateForm(request.POST if act == "revoke" else None)
    anew = ReissueCertificateForm(
        request.POST if act == "reissue" else None, initial={"name": certificate.name}
    )
    if request.method == "POST":
        require(request, CHANGE_LEARNERS)
        shown = _act(request, certificate, act, revoking, anew)
        if shown is not None:
            return redirect("admin:courses_certificate_change", shown.pk)
    context = page_of(
        request,
        certificate.enrolment.course,
        "learners",
        title=_("Certificate %(serial)s") % {"serial": certificate.serial},
        certificate=certificate,
        has_pdf=has_pdf(certificate),
        completed_at=moment_html(certificate.completed_at, IN_FULL),
        issued_at=moment_html(certificate.issued_at, IN_FULL),
        revoked_at=moment_html(certificate.revoked_at, IN_FULL),
        revoking=revoking,
        anew=anew,
        may_change=may(request, CHANGE_LEARNERS),
    )
    status = 422 if revoking.errors or anew.errors else 200
    return TemplateResponse(request, "admin/courses/exam/certificate.html", context, status=status)


def _act(
    request: HttpRequest,
    certificate: Certificate,
    act: str,
    revoking: RevokeCertificateForm,
    anew: ReissueCertificateForm,
) -> Certificate | None:
    """Do what the button says; the certificate to show then, None where a form has errors."""
    form: RevokeCertificateForm | ReissueCertificateForm = revoking if act == "revoke" else anew
    if act not in {"revoke", "reissue"}:
        raise Http404
    if not form.is_valid():
        return None
    actor = actor_of(request)
    try:
        if act == "revoke":
            revoke_certificate(
                actor=actor, certificate=certificate, reason=form.cleaned_data["reason"]
            )
            messages.success(request, _("It is revoked; its page says so."))
            return certificate
        issued = reissue_certificate(
            actor=actor, certificate=certificate, name=form.cleaned_data["name"]
        )
    except IllegalMoveError:
        messages.error(request, _("Somebody was faster. This is how it stands now."))
        return certificate
    except ValidationError as error:
        form.add_error("reason" if act == "revoke" else "name", error.messages[0])
        return None
    messages.success(request, _("This is the new one."))
    return issued
