"""The library of pictures: upload, describe, where used; and what the editor asks of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from newsletter.accounts.models import User
from newsletter.articles.actions import delete_image, describe_image, store_image
from newsletter.articles.admin.articles import POST, SAFE, own_view
from newsletter.articles.admin.files import upload_file
from newsletter.articles.content import as_picture
from newsletter.articles.forms import PictureForm, PictureWordsForm
from newsletter.articles.models import Article, ArticleImage
from newsletter.lib.moments import IN_A_LIST, moment_html

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

_PER_PAGE = 24


@admin.register(ArticleImage)
class ArticleImageAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Pictures come in by upload only; afterwards only their words change."""

    form = PictureWordsForm
    list_display = ("thumbnail", "alt", "caption", "size", "uploaded_on")
    list_display_links = ("thumbnail", "alt")
    search_fields = ("alt", "caption", "file")
    list_per_page = 50
    fields = ("picture", "alt", "caption", "used_in", "uploaded_by", "uploaded_on")
    readonly_fields = ("picture", "used_in", "uploaded_by", "uploaded_on")

    def get_urls(self) -> list[URLPattern]:
        """What the editor asks, before Django's catch-all."""
        ours = [
            path("upload/", own_view(self, upload, POST), name="newsletter_articleimage_upload"),
            path("choose/", own_view(self, choose, SAFE), name="newsletter_articleimage_choose"),
            path(
                "upload-file/",
                own_view(self, upload_file, POST),
                name="newsletter_articleimage_upload_file",
            ),
        ]
        return ours + cast(list[URLPattern], super().get_urls())

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A file and its words."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = PictureForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                _store(request, form)
            except ValidationError as error:
                form.add_error("file", error)
            else:
                messages.success(request, _("The picture is in the library."))
                return redirect("admin:newsletter_articleimage_changelist")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Upload a picture"),
            "form": form,
        }
        return TemplateResponse(request, "articles/admin/upload.html", context)

    def save_model(self, request: HttpRequest, obj: ArticleImage, form: Any, change: bool) -> None:
        """Through the action. There is no "save as new" here: no picture without a file."""
        if obj.pk is None:
            raise PermissionDenied
        actor = cast(User, request.user)
        describe_image(actor=actor, image=obj, alt=obj.alt, caption=obj.caption)

    def delete_model(self, request: HttpRequest, obj: ArticleImage) -> None:
        """Through the action, which also removes the files."""
        delete_image(actor=cast(User, request.user), image=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ArticleImage]) -> None:
        """One by one, through the action."""
        for image in queryset:
            delete_image(actor=cast(User, request.user), image=image)

    @display(description=_("Picture"))
    def thumbnail(self, image: ArticleImage) -> SafeString:
        """Small."""
        return format_html('<img class="desk-thumbnail" src="{}" alt="">', small_url(image))

    @display(description=_("Picture"))
    def picture(self, image: ArticleImage) -> SafeString:
        """As large as the page allows."""
        return format_html(
            '<img class="desk-picture" src="{}" alt="{}" width="{}" height="{}">',
            image.file.url,
            image.alt,
            image.width,
            image.height,
        )

    @display(description=_("Size"))
    def size(self, image: ArticleImage) -> SafeString:
        """In pixels."""
        text = f"{image.width} \u00d7 {image.height}"
        return format_html('<span class="desk-nowrap">{}</span>', text)

    @display(description=_("Uploaded"), ordering="created_at")
    def uploaded_on(self, image: ArticleImage) -> SafeString | str:
        """When it came."""
        return moment_html(image.created_at, IN_A_LIST)

    @display(description=_("Used in"))
    def used_in(self, image: ArticleImage) -> SafeString | str:
        """Articles with it as cover or in the text."""
        found = Article.objects.filter(Q(cover=image) | Q(body__contains=image.file.url))
        links = [
            (f"/admin/newsletter/article/{pk}/change/", title)
            for pk, title in found.values_list("pk", "title")[:20]
        ]
        if not links:
            return str(_("No article; it can be deleted."))
        return format_html_join(", ", '<a href="{}">{}</a>', links)


def small_url(image: ArticleImage) -> str:
    """The smallest rendition, or the picture itself."""
    renditions = [each for each in as_picture(image).renditions if each.format == "webp"]
    smallest = min(renditions, key=lambda each: each.width, default=None)
    return smallest.url if smallest else image.file.url


def _store(request: HttpRequest, form: PictureForm) -> ArticleImage:
    return store_image(
        actor=cast(User, request.user),
        file=cast("UploadedFile", form.cleaned_data["file"]),
        alt=form.cleaned_data["alt"],
        caption=form.cleaned_data["caption"],
    )


def _as_json(image: ArticleImage) -> dict[str, Any]:
    return {
        "pk": image.pk,
        "src": image.file.url,
        "thumbnail": small_url(image),
        "width": image.width,
        "height": image.height,
        "alt": image.alt,
        "caption": image.caption,
    }


def upload(model_admin: ArticleImageAdmin, request: HttpRequest) -> HttpResponse:
    """Take one picture from the editor."""
    if not model_admin.has_add_permission(request):
        return JsonResponse({"error": _g("You may not add pictures.")}, status=403)
    form = PictureForm(request.POST, request.FILES)
    if not form.is_valid():
        error = next(iter(form.errors.values()))[0]
        return JsonResponse({"error": str(error)}, status=422)
    try:
        image = _store(request, form)
    except ValidationError as error:
        return JsonResponse({"error": " ".join(error.messages)}, status=422)
    return JsonResponse(_as_json(image), status=201)


def choose(model_admin: ArticleImageAdmin, request: HttpRequest) -> HttpResponse:
    """Pictures for the cover, the newest first, by their description."""
    if not model_admin.has_view_permission(request):
        return JsonResponse({"error": _g("You may not see the pictures.")}, status=403)
    found = ArticleImage.objects.order_by("-created_at", "-pk")
    words = request.GET.get("q", "").replace("\x00", "").strip()
    if words:
        found = found.filter(Q(alt__icontains=words) | Q(caption__icontains=words))
    page = Paginator(found, _PER_PAGE).get_page(request.GET.get("page"))
    return JsonResponse(
        {"images": [_as_json(image) for image in page], "has_more": page.has_next()}
    )
