"""Imports of subscribers: upload, columns, dry run, statement, progress, report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from newsletter.subscribers import actions
from newsletter.subscribers.actions.import_run import report_lines
from newsletter.subscribers.admin.import_jobs import LINES_SHOWN, UPLOADED, ImportJobAdmin, Step
from newsletter.subscribers.admin.views import actor_of, context_of
from newsletter.subscribers.admin_forms import ColumnsForm, StatementForm, UploadForm
from newsletter.subscribers.enums import ImportState, LineOutcome
from newsletter.subscribers.exports import report_rows
from newsletter.subscribers.importing.files import UnreadableFileError
from newsletter.subscribers.importing.records import read_sample
from newsletter.subscribers.models import SubscriberImport
from newsletter.subscribers.tasks import run_import


@admin.register(SubscriberImport)
class SubscriberImportAdmin(ImportJobAdmin):
    """Lists that were brought in: part of the record of consent."""

    list_display = ("original_name", "newsletter", "state_label", "people", UPLOADED)
    list_select_related = ("newsletter",)
    good_outcome = LineOutcome.NEW

    @display(description=gettext_lazy("New subscribers"))
    def people(self, job: SubscriberImport) -> str:
        """How many came in by it."""
        is_real = job.consent_statement
        return f"{job.counts.get(LineOutcome.NEW, 0):,}" if is_real else ""

    def jobs(self) -> Any:
        """With the newsletter that they are for."""
        return super().jobs().select_related("newsletter", "created_by")

    def steps(self) -> dict[str, Step]:
        """Check, import, go on, stop."""
        return {
            "check": self._check,
            "import": self._import,
            "resume": self._resume,
            "cancel": self._cancel,
        }

    def outcomes_of(self, job: SubscriberImport) -> list[tuple[str, Any, int]]:
        """Those that there were."""
        return [
            (outcome, outcome.label, job.counts[outcome])
            for outcome in LineOutcome
            if job.counts.get(outcome)
        ]

    def words_of_done(self, job: SubscriberImport) -> str:
        """Lines."""
        done = {"done": intcomma(job.done_lines), "total": intcomma(job.total_lines)}
        if job.total_lines and job.state == ImportState.IMPORTING:
            return _("%(done)s lines of %(total)s") % done
        return ngettext("%(done)s line", "%(done)s lines", job.done_lines) % done

    def report_rows(self, job: SubscriberImport) -> Iterable[Iterable[object]]:
        """Line, address, outcome, why."""
        return report_rows(report_lines(job))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """Upload a list."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            upload = form.cleaned_data["file"]
            try:
                job = actions.upload_import(
                    actor=actor_of(request),
                    newsletter=form.cleaned_data["newsletter"],
                    upload=upload,
                    name=upload.name,
                )
            except UnreadableFileError as error:
                form.add_error("file", str(error))
            else:
                return self.to_page(job)
        context = context_of(self, request, title=_("Bring in a list"), form=form)
        status = 422 if form.errors else 200
        return TemplateResponse(request, "subscribers/admin/upload.html", context, status=status)

    def _check(self, request: HttpRequest, job: SubscriberImport) -> HttpResponseBase | None:
        form = ColumnsForm(job, _sample(job), request.POST)
        if not form.is_valid():
            return self.show(request, job, columns=form)
        actions.check_import(actor=actor_of(request), job=job, columns=form.columns())
        run_import.delay_on_commit(job.pk)
        return None

    def _import(self, request: HttpRequest, job: SubscriberImport) -> HttpResponseBase | None:
        form = StatementForm(request.POST)
        if not form.is_valid():
            return self.show(request, job, statement=form)
        statement = form.cleaned_data["statement"]
        actions.start_import(actor=actor_of(request), job=job, statement=statement)
        run_import.delay_on_commit(job.pk)
        return None

    def _resume(self, request: HttpRequest, job: SubscriberImport) -> None:
        actions.resume_import(actor=actor_of(request), job=job)
        run_import.delay_on_commit(job.pk)

    def _cancel(self, request: HttpRequest, job: SubscriberImport) -> None:
        if actions.cancel_import(actor=actor_of(request), job=job):
            messages.success(request, _("Cancelled. Whoever is in already stays in."))

    def show(
        self,
        request: HttpRequest,
        job: SubscriberImport,
        *,
        columns: ColumnsForm | None = None,
        statement: StatementForm | None = None,
    ) -> HttpResponseBase:
        """The step at which it stands, with what was typed where that was wrong."""
        is_mapping = job.state in {ImportState.UPLOADED, ImportState.CHECKED} or (
            job.state == ImportState.FAILED and not job.consent_statement
        )
        sample = _sample(job) if is_mapping else []
        outcome = request.GET.get("outcome", "")
        lines = job.lines.all()
        if outcome in LineOutcome.values:
            lines = lines.filter(outcome=outcome)
        context = self.page_context(
            request,
            job,
            sample=sample,
            columns=columns or (ColumnsForm(job, sample) if is_mapping else None),
            statement=statement or StatementForm(),
            page=Paginator(lines, LINES_SHOWN).get_page(request.GET.get("page")),
            chosen=outcome,
            joining=job.counts.get(LineOutcome.NEW, 0),
        )
        status = 422 if columns or statement else 200
        return TemplateResponse(request, "subscribers/admin/import.html", context, status=status)


def _sample(job: SubscriberImport) -> list[list[str]]:
    if not job.file:
        return []
    with job.file.open("rb") as file:
        return read_sample(file.file, delimiter=job.dialect["delimiter"])
