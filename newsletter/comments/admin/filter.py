"""What the classifier has learnt, how good it is, and what can be done with that."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from unfold.admin import ModelAdmin

from newsletter.comments import actions
from newsletter.comments.classifier import ENOUGH
from newsletter.comments.quality import FOLDS, read_quality
from newsletter.subscribers.admin.views import actor_of, context_of, own_path

MAX_BYTES = 20 * 1024 * 1024
PAGE = "admin:newsletter_commentsettings_filter"


class ImportForm(forms.Form):
    """A file that another site has exported."""

    file = forms.FileField(label=_("File"), widget=forms.FileInput(attrs={"accept": ".json"}))

    def clean_file(self) -> Any:
        """What the file says."""
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise ValidationError(_("The file is too large. It has at most 20 MB."))
        try:
            return json.loads(file.read())
        except (ValueError, RecursionError) as error:
            raise ValidationError(_("The file cannot be read as JSON.")) from error


def filter_urls(model_admin: ModelAdmin) -> list[URLPattern]:
    """The pages of the classifier, under the rules for comments."""

    @never_cache
    @require_http_methods(["GET", "HEAD", "POST"])
    def show_filter(request: HttpRequest) -> HttpResponseBase:
        return _show_filter(model_admin, request)

    return [
        own_path(model_admin, "filter/", "filter", show_filter),
        own_path(model_admin, "filter.json", "filter_export", require_safe(_export)),
    ]


def _show_filter(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponseBase:
    """The figures; reset in two steps; import."""
    if not model_admin.has_change_permission(request):
        raise PermissionDenied
    act = request.POST.get("act", "") if request.method == "POST" else ""
    form = ImportForm(request.POST, request.FILES) if act == "import" else ImportForm()
    if act == "reset":
        count = actions.reset_classifier(actor=actor_of(request))
        messages.success(request, _("Forgotten: %(count)d texts.") % {"count": count})
        return redirect(PAGE)
    if act == "import":
        if form.is_valid() and _import(request, form):
            return redirect(PAGE)
    elif act not in {"", "ask"}:
        raise Http404
    context = context_of(
        model_admin,
        request,
        title=_("The spam filter"),
        quality=read_quality(),
        form=form,
        folds=FOLDS,
        enough=ENOUGH,
        asks=act == "ask",
    )
    status = 422 if form.errors else 200
    return TemplateResponse(request, "comments/admin/filter.html", context, status=status)


def _import(request: HttpRequest, form: ImportForm) -> bool:
    try:
        count = actions.import_classifier(actor=actor_of(request), data=form.cleaned_data["file"])
    except ValidationError as error:
        form.add_error("file", error)
        return False
    messages.success(request, _("It knows %(count)d texts now.") % {"count": count})
    return True


def _export(request: HttpRequest) -> HttpResponseBase:
    """Everything learnt, as a file."""
    name = f"filter-{timezone.localdate().isoformat()}.json"
    data = actions.export_classifier(actor=actor_of(request))
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return JsonResponse(data, headers=headers)
