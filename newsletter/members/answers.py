"""What a person's page and the desk answer alike."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpResponseBase

from newsletter.accounts.models import User
from newsletter.members import actions
from newsletter.members.models import DataExport


def send_copy(actor: User, export: DataExport) -> HttpResponseBase:
    """Answer with the file of a copy; 404 where its days are over. The views let nobody keep it."""
    try:
        file = actions.download_export(actor=actor, export=export)
    except FileNotFoundError as error:
        raise Http404 from error
    name = f"data-{export.asked_at:%Y-%m-%d}.zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
