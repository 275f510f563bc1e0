"""What the admin of every import in the background shares: its list, steps, progress, report.

A page per import shows the step at which it stands; POST takes the next. An admin says which steps
there are, and what else its page shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.decorators import display

from newsletter.lib.moments import moment_column
from newsletter.subscribers.actions import WrongStepError
from newsletter.subscribers.actions.import_jobs import RUNNING
from newsletter.subscribers.admin.views import context_of, number_of, own_path
from newsletter.subscribers.enums import ImportState
from newsletter.subscribers.exports import write_csv
from newsletter.subscribers.models import ImportJob

LINES_SHOWN = 100
_COLOURS = {
    ImportState.DONE: "success",
    ImportState.IMPORTING: "info",
    ImportState.CHECKING: "info",
    ImportState.CHECKED: "warning",
    ImportState.FAILED: "danger",
}
UPLOADED = moment_column("created_at", gettext_lazy("uploaded"))

Step = Callable[[HttpRequest, Any], HttpResponseBase | None]


class ImportJobAdmin(ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """Files that were brought in. Each opens as the step at which it stands."""

    list_display_links = ("original_name",)
    list_per_page = 50
    show_full_result_count = False
    actions = None
    sortable_by = ()
    # What came in, among the outcomes: it has no lines worth a look.
    good_outcome = ""

    def steps(self) -> dict[str, Step]:
        """What POST can ask for. A step answers with a page, or nothing for the import's own."""
        raise NotImplementedError

    def show(self, request: HttpRequest, job: Any) -> HttpResponseBase:
        """The page of one import."""
        raise NotImplementedError

    def outcomes_of(self, job: Any) -> Sequence[tuple[str, Any, int]]:
        """Value, label and count of what became of its lines."""
        raise NotImplementedError

    def words_of_done(self, job: Any) -> str:
        """How many lines are done, in words."""
        raise NotImplementedError

    def report_rows(self, job: Any) -> Iterable[Iterable[object]]:
        """Every line with its outcome, under a header."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        """Ours before Django's catch-all."""
        ours = [
            own_path(self, "<int:pk>/progress/", "progress", self.progress),
            own_path(self, "<int:pk>/report/", "report", self.report),
        ]
        return [*ours, *cast(list[URLPattern], super().get_urls())]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its steps are on its own page."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Part of the record of where things came from."""
        return False

    @display(description=gettext_lazy("State"), label=_COLOURS)
    def state_label(self, job: ImportJob) -> tuple[str, str]:
        """The state, as a label."""
        return job.state, job.get_state_display()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """The step at which the import stands; POST takes the next."""
        job = self.find(request, number_of(object_id))
        if request.method != "POST":
            return self.show(request, job)
        step = self.steps().get(request.POST.get("act", ""))
        if step is None:
            raise Http404
        try:
            shown = step(request, job)
        except WrongStepError:
            messages.warning(request, _("The import has moved on since this page was shown."))
            shown = None
        return shown or self.to_page(job)

    def progress(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """The numbers alone, asked for every second; the whole page anew when the step changes."""
        job = self.find(request, pk)
        context = {"job": job, "opts": self.opts, **self.numbers(job)}
        response = TemplateResponse(request, "subscribers/admin/_import_progress.html", context)
        if job.state not in RUNNING:
            response["HX-Refresh"] = "true"
        response["Cache-Control"] = "no-store"
        return response

    def report(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Every line with its outcome, as CSV."""
        job = self.find(request, pk)
        return StreamingHttpResponse(
            write_csv(self.report_rows(job)),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="import-{job.pk}.csv"',
                "Cache-Control": "no-store",
            },
        )

    def find(self, request: HttpRequest, pk: int) -> Any:
        """One import, for whoever may see it. Raises Http404 and PermissionDenied."""
        found = self.jobs().filter(pk=pk).first()
        if found is None:
            raise Http404
        if not self.has_view_permission(request):
            raise PermissionDenied
        return found

    def jobs(self) -> QuerySet[Model]:
        """Imports with what their page shows."""
        return cast("QuerySet[Model]", self.model.objects.select_related("created_by"))

    def to_page(self, job: ImportJob) -> HttpResponseBase:
        """To the page of one import."""
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", job.pk)

    def page_context(self, request: HttpRequest, job: ImportJob, **more: Any) -> dict[str, Any]:
        """What the page of every import shows."""
        return context_of(
            self,
            request,
            title=job.original_name,
            job=job,
            may_act=self.has_add_permission(request),
            **self.numbers(job),
            **more,
        )

    def numbers(self, job: ImportJob) -> dict[str, Any]:
        """Progress by bytes: the file is never read twice just to count its lines."""
        try:
            size = job.file.size if job.file else 0
        except FileNotFoundError:
            size = 0
        ended = job.state in {ImportState.DONE, ImportState.CHECKED}
        return {
            "percent": 100 if ended else job.resume_offset * 100 // size if size else 0,
            "outcomes": self.outcomes_of(job),
            "good_outcome": self.good_outcome,
            "done_words": self.words_of_done(job),
            "is_running": job.state in RUNNING,
        }
