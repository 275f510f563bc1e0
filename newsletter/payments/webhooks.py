"""Where Stripe tells us what happened. Verified, stored, answered; a task does the rest."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from newsletter.lib.opens_to import Opens, opens_to
from newsletter.payments import tasks
from newsletter.payments.actions import receive_event
from newsletter.payments.gateway import MAX_BODY_BYTES, BadSignature, GatewayMisconfigured


@csrf_exempt
@opens_to(Opens.PROVIDER)
@require_POST
def receive_webhook(request: HttpRequest) -> HttpResponse:
    """Answer 200 to everything that Stripe signed for us, unknown kinds too; store nothing else.

    What is too large is refused by its announced length, before any of it is read.
    """
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        return HttpResponse("Bad length.", status=400, content_type="text/plain")
    if length > MAX_BODY_BYTES:
        return HttpResponse("Too large.", status=413, content_type="text/plain")
    try:
        event = receive_event(request.body, request.headers.get("Stripe-Signature"))
    except BadSignature:
        return HttpResponse("Bad signature.", status=400, content_type="text/plain")
    except GatewayMisconfigured:
        return HttpResponse("No key is set.", status=503, content_type="text/plain")
    if event is not None:
        tasks.handle_event.delay_on_commit(event.pk)
    return HttpResponse("ok", content_type="text/plain")
