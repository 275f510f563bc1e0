"""The site's addresses. Each slice states who may open each of its own."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from newsletter.accounts.staff_views import to_password_change, to_staff_sign_in
from newsletter.pages.media import serve_upload

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/login/", to_staff_sign_in),
    path("admin/password_change/", to_password_change),
    path("admin/", admin.site.urls),
    path("account/", include("newsletter.accounts.allauth_urls")),
    path("media/<path:path>", serve_upload, name="media"),
    path("", include("newsletter.urls")),
    # After the newsletter, which brings the converter for addresses in any script.
    path("", include("courses.urls")),
]
