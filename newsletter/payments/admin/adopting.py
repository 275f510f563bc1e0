"""The screen on which products of the Stripe account are taken over."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.memberships.models import Product, Tier
from newsletter.payments import actions, tasks
from newsletter.payments.actions.adopting import Adoptable, Kind
from newsletter.payments.enums import Interval
from newsletter.payments.gateway import GatewayError, is_open
from newsletter.payments.money import show_amount

KINDS: dict[str, Kind] = {"tier": "tier", "product": "product"}


def adopt_from_stripe(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """GET lists what is at Stripe and not known here; POST takes one of them over."""
    for model in (Tier, Product):
        if not request.user.has_perm(f"newsletter.add_{model._meta.model_name}"):
            raise PermissionDenied
    found: list[Adoptable] = []
    problem = "" if is_open() else _("No key for Stripe is set.")
    try:
        if request.method == "POST" and not problem:
            return _adopt(request)
        found = actions.list_adoptable() if not problem else []
    except GatewayError as error:
        problem = error.message
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Take over from Stripe"),
        "opts": model_admin.model._meta,
        "found": [(each, _prices_in_words(each)) for each in found],
        "problem": problem,
    }
    return TemplateResponse(request, "payments/admin/adopt.html", context)


def _adopt(request: HttpRequest) -> HttpResponse:
    kind = KINDS.get(request.POST.get("kind", ""))
    sold = actions.adopt_product(
        actor=cast(User, request.user),
        stripe_product_id=request.POST.get("product", "")[:255],
        kind=kind,
    )
    tasks.push_catalogue.delay_on_commit()
    said = _("%(name)s is taken over. Put it on the plans page when it is ready.")
    messages.success(request, said % {"name": sold})
    return redirect(f"admin:newsletter_{sold._meta.model_name}_change", sold.pk)


def _prices_in_words(each: Adoptable) -> list[str]:
    known = [(Interval(price.interval or Interval.ONCE), price) for price in each.prices]
    known.sort(key=lambda pair: (list(Interval).index(pair[0]), pair[1].currency, pair[1].amount))
    return [f"{show_amount(each.amount, each.currency)} · {how.label}" for how, each in known]
