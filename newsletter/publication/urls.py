"""Addresses of the publication's look."""

from django.urls import path

from newsletter.publication import views

app_name = "publication"
urlpatterns = [
    path("theme.css", views.show_theme, name="show-theme"),
    path("icon.svg", views.show_icon, name="show-icon"),
    path("favicon.ico", views.find_icon, name="find-icon"),
    path("robots.txt", views.show_robots, name="show-robots"),
]
