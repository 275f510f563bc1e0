"""Addresses of joining, leaving and choosing newsletters."""

from __future__ import annotations

from django.urls import path

from newsletter.subscribers.views import choosing, joining, leaving

app_name = "subscribers"

urlpatterns = [
    path("subscribe/", joining.subscribe, name="subscribe"),
    path("subscribe/sent/<str:token>/", joining.sent, name="sent"),
    path("subscribe/confirm/<str:token>/", joining.confirm, name="confirm"),
    path("subscribe/embed/<slug:slug>/", joining.embed, name="embed"),
    path("unsubscribe/undo/<str:token>/", leaving.undo_unsubscribe, name="undo-unsubscribe"),
    path("unsubscribe/<str:token>/", leaving.unsubscribe, name="unsubscribe"),
    path("account/newsletters/", choosing.preferences, name="preferences"),
]
