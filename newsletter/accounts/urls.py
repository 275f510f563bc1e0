"""Addresses of signing in and of the account page."""

from __future__ import annotations

from django.urls import path

from newsletter.accounts import views
from newsletter.accounts.staff_views import StaffSignInView
from newsletter.lib.opens_to import Opens, opens_to

app_name = "accounts"
urlpatterns = [
    path("", views.show_account, name="show-account"),
    path("sessions/", views.list_sessions, name="list-sessions"),
    path("prove/", views.prove_again, name="prove-again"),
    path("sessions/end/", views.end_sessions, name="end-sessions"),
    path("login/code/<str:token>/", views.enter_code, name="enter-code"),
    path("login/link/<str:token>/", views.use_link, name="use-link"),
    path(
        "login/password/",
        opens_to(Opens.EVERYONE)(StaffSignInView.as_view()),
        name="sign-in-staff",
    ),
]
