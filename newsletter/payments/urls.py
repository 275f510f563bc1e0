"""Addresses of plans, payments and what comes of them."""

from __future__ import annotations

from django.urls import path, re_path

from newsletter.payments import webhooks
from newsletter.payments.views import (
    changing,
    demo,
    given,
    giving,
    membership,
    offers,
    plans,
    seats,
    unlocking,
)

app_name = "payments"

_MEMBERSHIP = "account/membership/"

urlpatterns = [
    path("plans/", plans.show_plans, name="show-plans"),
    path("plans/yearly/", plans.show_plans, {"rhythm": "yearly"}, name="show-yearly-plans"),
    path("plans/buy/<int:price_id>/", plans.start_checkout, name="start-checkout"),
    path("plans/success/", plans.show_success, name="show-success"),
    path("offers/<slug:slug>/", offers.show_offer, name="show-offer"),
    path("gifts/", giving.start_gift, name="start-gift"),
    path("gifts/redeem/", giving.redeem_gift, name="redeem-gift"),
    path("tip/", giving.tip, name="tip"),
    path("unlock/", unlocking.unlock, name="unlock"),
    path("seats/<str:token>/", seats.accept_seat, name="accept-seat"),
    path(_MEMBERSHIP, membership.show_membership, name="show-membership"),
    path(f"{_MEMBERSHIP}billing/", membership.open_portal, name="open-portal"),
    path(f"{_MEMBERSHIP}<int:membership_id>/cancel/", membership.cancel, name="cancel"),
    path(f"{_MEMBERSHIP}<int:membership_id>/resume/", membership.resume, name="resume"),
    path(f"{_MEMBERSHIP}gifts/<int:gift_id>/", given.show_gift, name="show-gift"),
    path(f"{_MEMBERSHIP}seats/<int:seat_id>/remove/", seats.remove_seat, name="remove-seat"),
    path(f"{_MEMBERSHIP}<int:membership_id>/seats/", seats.manage_seats, name="manage-seats"),
    path(f"{_MEMBERSHIP}<int:membership_id>/keep/", membership.keep_plan, name="keep-plan"),
    path(
        f"{_MEMBERSHIP}<int:membership_id>/change/<int:price_id>/",
        changing.change_plan,
        name="change-plan",
    ),
    re_path(
        rf"^{_MEMBERSHIP}withdraw/(?P<kind>membership|order|plan)/(?P<pk>[0-9]+)/$",
        membership.withdraw,
        name="withdraw",
    ),
    path("stripe/webhook/", webhooks.receive_webhook, name="webhook"),
    # Each of these answers 404 unless our own stand-in answers for Stripe (DEBUG, no key).
    path("demo-payment/portal/<str:session_id>/", demo.portal, name="demo-portal"),
    path("demo-payment/invoices/<str:invoice_id>/", demo.invoice, name="demo-invoice"),
    path("demo-payment/receipts/<str:charge_id>/", demo.receipt, name="demo-receipt"),
    path("demo-payment/<str:session_id>/", demo.pay, name="demo-pay"),
    path("demo-payment/<str:session_id>/settle/", demo.settle, name="demo-settle"),
]
