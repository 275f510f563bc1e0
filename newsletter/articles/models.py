"""What readers read: articles, tags, pictures, files, the addresses that articles once had; and the
links by which one person reads or gives away what is paid for.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_prose_editor.fields import ProseEditorField
from simple_history.models import HistoricalRecords

from newsletter.articles.editor import EDITOR_EXTENSIONS, sanitise_body
from newsletter.articles.enums import (
    LEGAL_MOVES,
    ArticleState,
    CommentPolicy,
    MailAudience,
    SendChoice,
    ShownTo,
    Visibility,
)
from newsletter.lib.paths import attachment_path, image_path
from newsletter.lib.slugs import AnyScriptSlugField
from newsletter.memberships.enums import Access
from newsletter.memberships.models import Tier
from newsletter.subscribers.models import Newsletter


class Tag(models.Model):
    """A subject with a page and a feed of its own."""

    name = models.CharField(_("name"), max_length=80)
    slug = AnyScriptSlugField(_("short name"), max_length=80, unique=True)
    description = models.CharField(_("description"), max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class ArticleImage(models.Model):
    """An uploaded picture and its smaller renditions."""

    file = models.ImageField(
        _("file"), upload_to=image_path, width_field="width", height_field="height"
    )
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    alt = models.CharField(_("description for those who cannot see it"), max_length=300, blank=True)
    caption = models.CharField(_("caption and credit"), max_length=300, blank=True)
    # [{"width": 640, "format": "webp", "path": "images/…"}]
    renditions = models.JSONField(default=list, blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)

    class Meta:
        verbose_name = _("image")
        verbose_name_plural = _("images")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.alt or self.file.name.rpartition("/")[2]


class Article(models.Model):
    """One piece of writing, on the web and in the mail.

    `body` is the author's whole text and no template reads it. Saving derives from it (content/)
    `public_html`, what anyone may see, `members_html`, what any signed-in reader sees above the
    divider, and `full_html`, what those with access see: ready for the page. `web_html` picks one.
    """

    title = models.CharField(_("title"), max_length=200)
    dek = models.CharField(
        _("standfirst"), max_length=300, blank=True, help_text=_("One sentence under the title.")
    )
    slug = AnyScriptSlugField(_("address"), max_length=200, unique=True)
    body = ProseEditorField(
        _("text"), extensions=EDITOR_EXTENSIONS, sanitize=sanitise_body, blank=True
    )
    public_html = models.TextField(editable=False, blank=True)
    members_html = models.TextField(editable=False, blank=True)
    full_html = models.TextField(editable=False, blank=True)
    has_divider = models.BooleanField(editable=False, default=False)
    word_count = models.PositiveIntegerField(editable=False, default=0)
    # The beginning and the first picture of what anyone may see, for lists and previews (P5).
    excerpt = models.CharField(editable=False, max_length=300, blank=True)
    lead_image = models.JSONField(editable=False, null=True, blank=True)

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="articles",
        verbose_name=_("author"),
    )
    tags = models.ManyToManyField(Tag, related_name="articles", blank=True, verbose_name=_("tags"))
    cover = models.ForeignKey(
        ArticleImage,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("cover"),
    )
    is_featured = models.BooleanField(_("featured"), default=False)

    access = models.CharField(
        _("who may read it all"), max_length=8, choices=Access.choices, default=Access.PUBLIC
    )
    tiers = models.ManyToManyField(Tier, blank=True, related_name="+", verbose_name=_("tiers"))
    visibility = models.CharField(
        _("where it appears"),
        max_length=10,
        choices=Visibility.choices,
        default=Visibility.EVERYWHERE,
    )
    comment_policy = models.CharField(
        _("who may comment"),
        max_length=8,
        choices=CommentPolicy.choices,
        default=CommentPolicy.DEFAULT,
    )

    state = models.CharField(
        _("state"), max_length=9, choices=ArticleState.choices, default=ArticleState.DRAFT
    )
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    newsletter = models.ForeignKey(
        Newsletter,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("newsletter"),
    )
    # What the author chose when publishing or scheduling; mailings pull it (never pushed).
    send_choice = models.CharField(
        _("sending"), max_length=4, choices=SendChoice.choices, default=SendChoice.NO
    )
    mail_audience = models.CharField(
        _("who gets it"), max_length=4, choices=MailAudience.choices, default=MailAudience.ALL
    )
    send_requested_at = models.DateTimeField(editable=False, null=True, blank=True)
    mail_subject = models.CharField(_("subject of the mail"), max_length=200, blank=True)
    mail_preheader = models.CharField(_("preview line of the mail"), max_length=200, blank=True)

    seo_title = models.CharField(_("title for search engines"), max_length=200, blank=True)
    seo_description = models.CharField(
        _("description for search engines"), max_length=300, blank=True
    )
    canonical_url = models.URLField(_("first published at"), blank=True)

    # Grows with every save; a form that was opened on an older one is told (W2).
    version = models.PositiveIntegerField(editable=False, default=1)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    history = HistoricalRecords(
        app="newsletter",
        excluded_fields=[
            "public_html",
            "members_html",
            "full_html",
            "has_divider",
            "word_count",
            "excerpt",
            "lead_image",
        ],
        m2m_fields=[tags, tiers],
    )

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        indexes = [
            models.Index(fields=["state", "visibility", "-published_at"], name="article_newest"),
            models.Index(
                fields=["send_requested_at"],
                name="article_to_send",
                condition=models.Q(send_requested_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def may_move_to(self, state: str) -> bool:
        """Whether `state` is a legal next state."""
        return state in LEGAL_MOVES[self.state]


class SlugRedirect(models.Model):
    """An address that an article once had; links already mailed keep working."""

    old_slug = AnyScriptSlugField(max_length=200, unique=True)
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="redirects")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.old_slug)


class Attachment(models.Model):
    """An uploaded file that texts offer: a PDF, a recording, a book. It is kept as it came."""

    file = models.FileField(_("file"), upload_to=attachment_path)
    size = models.PositiveBigIntegerField(_("size"), help_text=_("In bytes."))
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return str(self.file.name).rpartition("/")[2]


class FileUse(models.Model):
    """That a text shows an upload, and to whom. An upload that no row names is nobody's to open.

    An upload is known by its folder (`images/<random>`, `files/<random>`), which holds a picture's
    renditions too. Without an article it was mailed openly, or is in a letter that is no article.
    """

    folder = models.CharField(max_length=60)
    article = models.ForeignKey(
        Article, on_delete=models.CASCADE, null=True, blank=True, related_name="file_uses"
    )
    shown_to = models.CharField(max_length=8, choices=ShownTo.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["folder", "article"], name="one_use_per_article"),
            models.UniqueConstraint(
                fields=["folder"],
                condition=models.Q(article__isnull=True),
                name="one_use_without_article",
            ),
            models.CheckConstraint(
                condition=models.Q(article__isnull=False) | models.Q(shown_to=ShownTo.EVERYONE),
                name="use_without_article_is_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.folder}: {self.shown_to}"


class PrivateFeed(models.Model):
    """One person's feed. Its address is signed over `key`: a new key ends the old address."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="private_feed"
    )
    key = models.CharField(max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)
    renewed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"feed #{self.pk}"


class GiftLink(models.Model):
    """A link with which one reader lets others read one article (actions/giving.py)."""

    article = models.ForeignKey(
        Article, on_delete=models.CASCADE, related_name="gift_links", verbose_name=_("article")
    )
    giver = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="gift_links",
        verbose_name=_("given by"),
    )
    max_openings = models.PositiveSmallIntegerField(_("at most"))
    openings = models.PositiveSmallIntegerField(_("opened"), default=0)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    expires_at = models.DateTimeField(_("until"))
    revoked_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("gift link")
        verbose_name_plural = _("gift links")
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["giver", "-created_at"], name="gift_links_of_giver")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(openings__lte=models.F("max_openings")),
                name="gift_link_opened_at_most",
            ),
        ]

    def __str__(self) -> str:
        return f"gift link #{self.pk}"


class GiftOpening(models.Model):
    """One reader's opening of a gift link. Its row says nothing about who they are."""

    link = models.ForeignKey(GiftLink, on_delete=models.CASCADE, related_name="opened")
    # Random, from the page with the button: pressing it twice is one opening.
    ticket = models.CharField(max_length=24)
    opened_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["link", "ticket"], name="one_opening_per_ticket"),
        ]

    def __str__(self) -> str:
        return f"opening #{self.pk}"
