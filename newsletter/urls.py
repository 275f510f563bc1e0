"""Index: every address of the app, slice by slice."""

from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("newsletter.publication.urls")),
    path("", include("newsletter.subscribers.urls")),
    path("account/", include("newsletter.accounts.urls")),
    path("", include("newsletter.payments.urls")),
    path("", include("newsletter.articles.urls")),
    path("", include("newsletter.comments.urls")),
    path("", include("newsletter.mailings.urls")),
    path("", include("newsletter.members.urls")),
    path("", include("newsletter.pages.urls")),
]
