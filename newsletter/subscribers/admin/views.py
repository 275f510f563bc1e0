"""What the pages of this slice in the admin share."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin

from newsletter.accounts.models import User
from newsletter.lib.opens_to import Opens, opens_to

AdminView = Callable[..., HttpResponseBase]


def own_path(model_admin: ModelAdmin, route: str, name: str, view: AdminView) -> URLPattern:
    """A page of ours under a model's admin, named `newsletter_<model>_<name>`.

    It opens like the admin itself; the view checks the right to what it shows.
    """

    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = model_admin.admin_site.admin_view(view)(request, *args, **kwargs)
        return cast(HttpResponseBase, response)

    update_wrapper(wrapper, view)
    full = f"newsletter_{model_admin.opts.model_name}_{name}"
    return path(route, opens_to(Opens.STAFF)(wrapper), name=full)


def context_of(model_admin: ModelAdmin, request: HttpRequest, **more: Any) -> dict[str, Any]:
    """What every page of the admin's frame needs."""
    return {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        **more,
    }


def actor_of(request: HttpRequest) -> User:
    """Who acts; the admin lets only signed-in staff come so far."""
    return cast(User, request.user)


def number_of(object_id: object) -> int:
    """A primary key from an address. Raises Http404."""
    text = str(object_id)
    if not text.isdecimal() or len(text) > 18:
        raise Http404
    return int(text)
