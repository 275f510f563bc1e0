"""One person's page: subscriptions, consent record, suppressions, and what can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from newsletter.subscribers import actions
from newsletter.subscribers.admin.views import actor_of, context_of, number_of
from newsletter.subscribers.admin_forms import LiftForm, SuppressForm
from newsletter.subscribers.enums import ConsentSource, SubscriptionState
from newsletter.subscribers.models import Subscription
from newsletter.subscribers.queries import (
    consent_record_of,
    forget_counts,
    subscriptions_of,
    suppressions_of,
)
from newsletter.subscribers.tasks import answer_subscription_request

if TYPE_CHECKING:
    from newsletter.subscribers.admin.subscribers import SubscriptionAdmin

RECORD_SHOWN = 100


def open_person(
    model_admin: SubscriptionAdmin, request: HttpRequest, object_id: object
) -> HttpResponseBase:
    """Show the person behind a subscription; do what a button on the page says."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    found = Subscription.objects.select_related("user", "newsletter")
    subscription = found.filter(pk=number_of(object_id)).first()
    if subscription is None:
        raise Http404
    if request.method == "POST":
        problem = _act(request, subscription)
        forget_counts()
        if problem is None:
            return redirect("admin:newsletter_subscription_change", subscription.pk)
        messages.error(request, problem)
    return TemplateResponse(
        request,
        "subscribers/admin/person.html",
        _context(model_admin, request, subscription),
    )


def _context(
    model_admin: SubscriptionAdmin, request: HttpRequest, subscription: Subscription
) -> dict[str, Any]:
    user, actor = subscription.user, actor_of(request)
    return context_of(
        model_admin,
        request,
        title=user.name or user.email,
        person=user,
        subscription=subscription,
        subscriptions=subscriptions_of(user).select_related("imported_by", "newsletter"),
        suppressions=suppressions_of(user.email),
        record=consent_record_of(user)[:RECORD_SHOWN],
        suppress_form=SuppressForm(initial={"email": user.email}),
        may_change=actor.has_perm("newsletter.change_subscription"),
        may_add=actor.has_perm("newsletter.add_subscription"),
        may_suppress=actor.has_perm("newsletter.add_suppression"),
        may_lift=actor.has_perm("newsletter.delete_suppression"),
    )


def _act(request: HttpRequest, subscription: Subscription) -> str | None:
    """Do what was asked; returns what is wrong with it, or None."""
    act = request.POST.get("act", "")
    if act == "suppress":
        return _suppress(request, subscription)
    if act == "lift":
        return _lift(request, subscription)
    chosen = subscriptions_of(subscription.user).filter(
        pk=number_of(request.POST.get("subscription", ""))
    )
    row = chosen.first()
    if row is None or act not in {"unsubscribe", "ask"}:
        raise Http404
    if act == "unsubscribe":
        reason = request.POST.get("reason", "")
        actions.unsubscribe(subscription=row, reason=reason, actor=actor_of(request))
        messages.success(request, _("They get %(name)s no more.") % {"name": row.newsletter.name})
        return None
    return _ask(request, row)


def _ask(request: HttpRequest, row: Subscription) -> str | None:
    """Send the confirmation once more to somebody who waits for it or has left."""
    if row.state == SubscriptionState.ACTIVE:
        return _("They are subscribed already.")
    asked = actions.add_subscriber(
        actor=actor_of(request),
        email=row.user.email,
        name="",
        newsletters=[row.newsletter],
        statement=row.consent_detail or str(ConsentSource.ADMIN.label),
        agreed_already=False,
    )
    if asked is not None:
        answer_subscription_request.delay_on_commit(asked.pk)
    messages.success(request, _("The mail to confirm is on its way."))
    return None


def _suppress(request: HttpRequest, subscription: Subscription) -> str | None:
    data = request.POST.copy()
    data["email"] = subscription.user.email
    form = SuppressForm(data)
    if not form.is_valid():
        return _("Nothing was changed: %(why)s") % {"why": form.errors.as_text()}
    actions.suppress(
        address=subscription.user.email,
        reason=form.cleaned_data["reason"],
        newsletter=form.cleaned_data["newsletter"],
        detail=form.cleaned_data["detail"],
        actor=actor_of(request),
    )
    messages.success(request, _("This address is not mailed any more."))
    return None


def _lift(request: HttpRequest, subscription: Subscription) -> str | None:
    form = LiftForm(request.POST)
    if not form.is_valid():
        return _("Say why they may be mailed again; it is kept in the record.")
    rows = suppressions_of(subscription.user.email)
    row = rows.filter(pk=number_of(request.POST.get("suppression", ""))).first()
    if row is not None:
        actions.lift_suppression(
            suppression=row, actor=actor_of(request), detail=form.cleaned_data["detail"]
        )
        messages.success(request, _("This address may be mailed again."))
    return None
