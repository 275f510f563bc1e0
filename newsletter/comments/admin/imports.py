"""Imports of comments: upload, dry run, which page's go where, progress, report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from newsletter.articles.queries import published
from newsletter.comments import actions
from newsletter.comments.actions.import_run import report_lines
from newsletter.comments.enums import ImportOutcome
from newsletter.comments.import_forms import PiecesForm, UploadForm
from newsletter.comments.importing.stream import NotAnExportError
from newsletter.comments.models import CommentImport
from newsletter.comments.tasks import run_comment_import
from newsletter.subscribers.admin.import_jobs import LINES_SHOWN, UPLOADED, ImportJobAdmin, Step
from newsletter.subscribers.admin.views import actor_of, context_of
from newsletter.subscribers.enums import ImportState

PIECES_SHOWN = 50
SUGGESTED = 500


@admin.register(CommentImport)
class CommentImportAdmin(ImportJobAdmin):
    """Exports of comments that were brought in."""

    list_display = ("original_name", "state_label", "brought_in", UPLOADED)
    good_outcome = ImportOutcome.IMPORTED

    @display(description=gettext_lazy("Comments"))
    def brought_in(self, job: CommentImport) -> str:
        """How many came in by it."""
        return f"{job.counts.get(ImportOutcome.IMPORTED, 0):,}" if job.started_at else ""

    def steps(self) -> dict[str, Step]:
        """Check with what was chosen, check once more, import, go on, stop."""
        return {
            "check": self._check,
            "again": self._check_again,
            "import": self._import,
            "resume": self._resume,
            "cancel": self._cancel,
        }

    def outcomes_of(self, job: CommentImport) -> list[tuple[str, Any, int]]:
        """Those that there were; before the import, what would become of them."""
        coming = {ImportOutcome.IMPORTED: _("Can come in")} if not job.started_at else {}
        return [
            (outcome, coming.get(outcome, outcome.label), job.counts[outcome])
            for outcome in ImportOutcome
            if job.counts.get(outcome)
        ]

    def words_of_done(self, job: CommentImport) -> str:
        """Comments."""
        done = {"done": intcomma(job.done_lines), "total": intcomma(job.total_lines)}
        if job.total_lines and job.state == ImportState.IMPORTING:
            return _("%(done)s comments of %(total)s") % done
        return ngettext("%(done)s comment", "%(done)s comments", job.done_lines) % done

    def report_rows(self, job: CommentImport) -> Iterator[Iterable[object]]:
        """Number, writer, where, first words, outcome, why."""
        yield ["number", "name", "where", "begins", "outcome", "why"]
        yield from report_lines(job)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """Upload an export; its dry run begins at once."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            upload = form.cleaned_data["file"]
            try:
                job = actions.upload_comments(
                    actor=actor_of(request), upload=upload, name=upload.name
                )
            except NotAnExportError as error:
                form.add_error("file", str(error))
            else:
                run_comment_import.delay_on_commit(job.pk)
                return self.to_page(job)
        title = _("Bring in comments from elsewhere")
        context = context_of(self, request, title=title, form=form)
        status = 422 if form.errors else 200
        template = "comments/admin/import_upload.html"
        return TemplateResponse(request, template, context, status=status)

    def _check(self, request: HttpRequest, job: CommentImport) -> HttpResponseBase | None:
        form = PiecesForm(_pieces(request, job), request.POST)
        if not form.is_valid():
            return self.show(request, job, form=form)
        actions.check_comments(actor=actor_of(request), job=job, chosen=form.chosen())
        run_comment_import.delay_on_commit(job.pk)
        return None

    def _check_again(self, request: HttpRequest, job: CommentImport) -> None:
        actions.check_comments(actor=actor_of(request), job=job)
        run_comment_import.delay_on_commit(job.pk)

    def _import(self, request: HttpRequest, job: CommentImport) -> None:
        actions.start_comments(actor=actor_of(request), job=job)
        run_comment_import.delay_on_commit(job.pk)

    def _resume(self, request: HttpRequest, job: CommentImport) -> None:
        actions.resume_comments(actor=actor_of(request), job=job)
        run_comment_import.delay_on_commit(job.pk)

    def _cancel(self, request: HttpRequest, job: CommentImport) -> None:
        if actions.cancel_comments(actor=actor_of(request), job=job):
            messages.success(request, _("Cancelled. What is in already stays in."))

    def show(
        self, request: HttpRequest, job: CommentImport, *, form: PiecesForm | None = None
    ) -> HttpResponseBase:
        """The step at which it stands, with what was typed where that was wrong."""
        outcome = request.GET.get("outcome", "")
        lines = job.lines.all()
        if outcome in ImportOutcome.values:
            lines = lines.filter(outcome=outcome)
        may_choose = job.state == ImportState.CHECKED
        pieces = _pieces(request, job)
        context = self.page_context(
            request,
            job,
            form=form or (PiecesForm(pieces) if may_choose else None),
            pieces=pieces,
            homeless=job.pieces.filter(article=None, number__gt=0).count() if may_choose else 0,
            suggestions=_suggestions() if may_choose else [],
            page=Paginator(lines, LINES_SHOWN).get_page(request.GET.get("page")),
            chosen=outcome,
            coming=job.counts.get(ImportOutcome.IMPORTED, 0),
        )
        status = 422 if form else 200
        template = "comments/admin/import.html"
        return TemplateResponse(request, template, context, status=status)


def _pieces(request: HttpRequest, job: CommentImport) -> Any:
    """A page of them: first those that have comments and no article, the largest first."""
    rows = job.pieces.filter(number__gt=0).select_related("article")
    ordered = rows.order_by(F("article").asc(nulls_first=True), "-number", "pk")
    return Paginator(ordered, PIECES_SHOWN).get_page(request.GET.get("pieces"))


def _suggestions() -> list[tuple[str, str]]:
    """Slug and title of the newest articles."""
    newest = published().order_by("-published_at").values_list("slug", "title")
    return list(newest[:SUGGESTED])
