"""Addresses of mailings outside the admin."""

from django.urls import path
from django.urls.resolvers import URLPattern, URLResolver

from newsletter.mailings import views

app_name = "mailings"
urlpatterns: list[URLPattern | URLResolver] = [
    path("letters/<str:token>/", views.read_letter, name="read-letter"),
    path("letters/files/<str:token>/<path:path>", views.show_letter_file, name="show-letter-file"),
    path("preview/mail/<int:pk>/", views.preview_mail, name="preview-mail"),
    path("preview/mailing/<int:pk>/", views.preview_mailing, name="preview-mailing"),
]
