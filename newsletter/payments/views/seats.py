"""Places in a group: the owner's page, and the page of the invitation's link."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from newsletter.accounts import actions as account_actions
from newsletter.accounts.models import User
from newsletter.accounts.queries import viewer
from newsletter.accounts.ratelimit import hit
from newsletter.lib.local_paths import sign_in_url
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.same_origin import same_origin_post
from newsletter.payments import actions
from newsletter.payments.enums import SeatState
from newsletter.payments.forms import InviteForm
from newsletter.payments.models import Membership, Seat
from newsletter.payments.offering import price_in_words
from newsletter.payments.policy import LIVE
from newsletter.payments.queries import seats_of
from newsletter.payments.views.membership import own_membership
from newsletter.payments.views.plans import HOUR

# Invitations that one owner may have mailed in an hour.
INVITATIONS = 60


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def manage_seats(request: HttpRequest, membership_id: int) -> HttpResponse:
    """Who sits where, and how many seats there are; a POST invites somebody (again)."""
    membership = own_membership(request, membership_id)
    if membership.status not in LIVE:
        raise Http404
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _invite(request, membership, form.cleaned_data["email"])
        except actions.SeatRefused as error:
            form.add_error("email", str(error))
    seats = list(seats_of(membership))
    context = {
        "membership": membership,
        "says": price_in_words(membership.price),
        "seats": seats,
        "free": max(0, membership.quantity - 1 - len(seats)),
        "least": 1 + len(seats),
        "most": actions.MAX_SEATS,
        "form": form,
    }
    return render(request, "payments/seats.html", context, status=422 if form.errors else 200)


def _invite(request: HttpRequest, membership: Membership, email: str) -> HttpResponse:
    user = cast(User, request.user)
    if not hit(f"seat-invitation:{user.pk}", limit=INVITATIONS, per=HOUR):
        raise actions.SeatRefused(_("Too many invitations in an hour. Try again later."))
    seat = actions.invite_to_seat(actor=user, membership=membership, email=email)
    said = _("%(address)s sits there already.")
    if seat.state == SeatState.INVITED:
        said = _("We have written to %(address)s.")
    messages.success(request, said % {"address": seat.email})
    return redirect("payments:manage-seats", membership.pk)


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_POST
def remove_seat(request: HttpRequest, seat_id: int) -> HttpResponse:
    """The owner takes a seat back, or who sits in it gives it up; else 404."""
    user = cast(User, request.user)
    mine = Q(membership__user=user) | Q(user=user)
    seat = get_object_or_404(Seat.objects.select_related("membership"), mine, pk=seat_id)
    is_owner = seat.membership.user_id == user.pk
    actions.remove_seat(actor=user, seat=seat)
    if is_owner:
        messages.success(request, _("%(address)s has no seat any more.") % {"address": seat.email})
        return redirect("payments:manage-seats", seat.membership_id)
    messages.success(request, _("You have given up the seat."))
    return redirect("payments:show-membership")


@never_cache
@same_origin_post
@opens_to(Opens.LINK_HOLDER)
@require_http_methods(["GET", "HEAD", "POST"])
def accept_seat(request: HttpRequest, token: str) -> HttpResponse:
    """The invitation's link: says what it is; the button takes the seat.

    Whoever is signed in gets it. A visitor takes it for the address that was invited, known here
    or not, and signs in with that address afterwards: the link signs nobody in.
    """
    seat, user, error = actions.find_seat(token), viewer(request), ""
    is_running = seat is not None and seat.membership.status in LIVE
    if request.method == "POST" and seat is not None and is_running:
        try:
            who = user or account_actions.get_or_create_user(email=seat.email)[0]
            actions.accept_seat(user=who, token=token)
            if user is not None:
                messages.success(request, _("The seat is yours. Everything is open."))
                return redirect("payments:show-membership")
            return redirect("payments:accept-seat", token)
        except actions.SeatRefused as refused:
            error = str(refused)
            seat = actions.find_seat(token)
    context = {
        "seat": seat if is_running else None,
        "owner": seat.membership.user.get_full_name() if seat else "",
        "is_taken": seat is not None and seat.state == SeatState.ACTIVE,
        "is_yours": seat is not None and user is not None and seat.user_id == user.pk,
        "error": error,
        "reader": user,
        "sign_in": sign_in_url(reverse("payments:show-membership")),
        "sign_in_first": sign_in_url(request.path),
    }
    status = 404 if not is_running else 422 if error else 200
    return render(request, "payments/seat.html", context, status=status)
