"""The few addresses of django-allauth that we use, under the names that it asks for.

Not mounted: sign-up (one subscribes), allauth's own login code (see models.SignInRequest), e-mail
addresses (a person has one), and the password reset by mail: a mailbox alone must never open the
admin. Whoever lost a password or a factor asks another administrator, or uses `manage.py
changepassword` and `manage.py reset_second_factor`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.urls import path

from newsletter.accounts import staff_views, views
from newsletter.lib.opens_to import Opens, opens_to

everyone: Callable[[Any], Any] = opens_to(Opens.EVERYONE)
staff: Callable[[Any], Any] = opens_to(Opens.STAFF)

urlpatterns = [
    path("login/", views.sign_in, name="account_login"),
    path("logout/", everyone(account.logout), name="account_logout"),
    path("inactive/", everyone(account.account_inactive), name="account_inactive"),
    path("password/", staff(account.password_change), name="account_change_password"),
    path(
        "password/set/", staff(staff_views.FirstPasswordView.as_view()), name="account_set_password"
    ),
    path("confirm/", staff(account.reauthenticate), name="account_reauthenticate"),
    # The second step of signing in: nobody is signed in yet, allauth looks into the session.
    path("2fa/authenticate/", everyone(mfa.authenticate), name="mfa_authenticate"),
    path(
        "2fa/passkey/login/",
        everyone(staff_views.PasskeySignInView.as_view()),
        name="mfa_login_webauthn",
    ),
    path("2fa/", staff(mfa.index), name="mfa_index"),
    path("2fa/confirm/", staff(mfa.reauthenticate), name="mfa_reauthenticate"),
    path(
        "2fa/app/add/",
        staff(staff_views.AddAuthenticatorAppView.as_view()),
        name="mfa_activate_totp",
    ),
    path("2fa/app/remove/", staff(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("2fa/recovery/", staff(recovery.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "2fa/recovery/new/",
        staff(recovery.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "2fa/recovery/download/",
        staff(recovery.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    path("2fa/passkey/", staff(webauthn.list_webauthn), name="mfa_list_webauthn"),
    path("2fa/passkey/add/", staff(staff_views.AddPasskeyView.as_view()), name="mfa_add_webauthn"),
    path(
        "2fa/passkey/confirm/",
        staff(webauthn.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
    path(
        "2fa/passkey/<int:pk>/remove/",
        staff(webauthn.remove_webauthn),
        name="mfa_remove_webauthn",
    ),
    path("2fa/passkey/<int:pk>/edit/", staff(webauthn.edit_webauthn), name="mfa_edit_webauthn"),
]
