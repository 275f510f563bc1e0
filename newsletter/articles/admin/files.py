"""What the editor asks for a file that the text is to offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.articles.actions import store_attachment
from newsletter.articles.forms import OfferedFileForm

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile


def upload_file(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """Take one file from the editor; whoever may add pictures may add files."""
    if not model_admin.has_add_permission(request):
        return JsonResponse({"error": _("You may not add files.")}, status=403)
    form = OfferedFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return JsonResponse({"error": str(form.errors["file"][0])}, status=422)
    try:
        stored = store_attachment(
            actor=cast(User, request.user),
            file=cast("UploadedFile", form.cleaned_data["file"]),
        )
    except ValidationError as error:
        return JsonResponse({"error": " ".join(error.messages)}, status=422)
    return JsonResponse({"href": stored.file.url, "size": str(stored.size)}, status=201)
