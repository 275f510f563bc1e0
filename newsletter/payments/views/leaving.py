"""Sending somebody to a page of Stripe's."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def leave_for(request: HttpRequest, url: str) -> HttpResponse:
    """Send the browser on to a payment page after a form was sent.

    Not by a redirect: browsers hold the redirects that follow a form to `form-action`, which
    allows this site alone, and a shop's own checkout domain cannot be listed beforehand. A page
    that moves on by itself, and has a link for where it does not, is held to nothing.
    """
    response = render(request, "payments/leaving.html", {"url": url})
    response.headers["Cache-Control"] = "no-store, private"
    # The address is the key to the payment page: it must not leak to anybody as a referrer.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
