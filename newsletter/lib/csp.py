"""Two content security policies: a strict one for readers, one for what the admin's tools need."""

from __future__ import annotations

from typing import Any

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve


def is_admin_page(request: HttpRequest) -> bool:
    """Whether this address belongs to the admin, wherever it is mounted."""
    match = getattr(request, "resolver_match", None)
    if match is None:
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return False
    return "admin" in match.namespaces


class MastheadCSPMiddleware(CSPMiddleware):
    """django-csp, with ADMIN_CONTENT_SECURITY_POLICY laid over the readers' policy in the admin.

    A view that states a policy of its own (`csp_replace`) keeps it: the previews in the admin show
    a reader's page and are held to the reader's policy.
    """

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """Add the admin's directives to what django-csp builds."""
        parts = super().get_policy_parts(request, response, report_only)
        if report_only or parts.replace is not None or not is_admin_page(request):
            return parts
        directives: dict[str, Any] = settings.ADMIN_CONTENT_SECURITY_POLICY
        parts.replace = dict(directives)
        return parts
