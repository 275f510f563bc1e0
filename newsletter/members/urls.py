"""Addresses of a person's own data, and of support visits."""

from __future__ import annotations

from django.urls import path

from newsletter.members.views import own_data, visits

app_name = "members"
urlpatterns = [
    path("account/data/", own_data.show_data, name="show-data"),
    path("account/data/<int:export_id>/", own_data.download_data, name="download-data"),
    path("account/delete/", own_data.erase_account, name="erase-account"),
    path("account/deleted/", own_data.show_erased, name="show-erased"),
    path("support-visit/end/", visits.end_visit, name="end-visit"),
    path("support-visit/<str:token>/", visits.begin_visit, name="begin-visit"),
]
