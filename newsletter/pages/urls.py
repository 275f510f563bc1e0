"""Addresses of the screens that join slices."""

from django.urls import include, path

from newsletter.pages import dev_mail, views

app_name = "pages"
urlpatterns = [
    path("", views.show_home, name="show-home"),
    path("about/", views.show_about, name="show-about"),
    # Each view of it answers 404 without DEBUG.
    path("dev/mail/", include(dev_mail.urlpatterns)),
]
