"""The account itself, and the ways into it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from newsletter.accounts.actions import blank_person
from newsletter.accounts.queries import export_account_of
from newsletter.members.personal_data import DataPart, cut, deleted

ACCOUNTS = DataPart(
    name="accounts",
    title=_("Your account"),
    files={
        "account": _("Your address, name, time zone and dates."),
        "rights": _("What you may do at the desk, if you belong to the staff."),
        "sign_in_addresses": _("Addresses that the sign-in keeps besides."),
        "sessions": _("Where you are signed in: browser, network address, dates."),
        "sign_ins": _("Codes and links to sign in that were mailed to you in the last days."),
        "second_factors": _("Your second factors, without what is secret of them."),
    },
    export=export_account_of,
    erase=blank_person,
    held=(
        *cut("newsletter.User.email", file="account"),
        *deleted(
            "newsletter.User_groups.user", "newsletter.User_user_permissions.user", file="rights"
        ),
        *deleted(
            "newsletter.SignInRequest.user", "newsletter.SignInRequest.address", file="sign_ins"
        ),
        *deleted("usersessions.UserSession.user", "usersessions.UserSession.ip", file="sessions"),
        *deleted("mfa.Authenticator.user", file="second_factors"),
        *deleted(
            "account.EmailAddress.user", "account.EmailAddress.email", file="sign_in_addresses"
        ),
    ),
    position=100,
)
