"""A course as it is offered: its sales page, who gets in, for how long, and its rules."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_prose_editor.fields import ProseEditorField
from simple_history.models import HistoricalRecords

from courses.enums import (
    COURSE_MOVES,
    AccessLength,
    CertificateStyle,
    CourseAccess,
    CourseState,
    Drip,
)
from newsletter.articles.editor import EDITOR_EXTENSIONS, sanitise_body
from newsletter.articles.models import ArticleImage
from newsletter.lib.slugs import AnyScriptSlugField
from newsletter.memberships.models import Product, Tier
from newsletter.subscribers.models import Newsletter


class Course(models.Model):
    """What somebody enrols in. Everything on it but the lessons is public once it is published.

    What it costs is said by the prices of its products and tiers.
    """

    title = models.CharField(_("title"), max_length=200)
    slug = AnyScriptSlugField(_("address"), max_length=200, unique=True)
    promise = models.CharField(
        _("promise"), max_length=300, blank=True, help_text=_("One sentence under the title.")
    )
    for_whom = models.TextField(_("for whom"), blank=True, help_text=_("One per line."))
    outcomes = models.TextField(
        _("what one can do afterwards"), blank=True, help_text=_("One per line.")
    )
    body = ProseEditorField(
        _("text"), extensions=EDITOR_EXTENSIONS, sanitize=sanitise_body, blank=True
    )
    body_html = models.TextField(editable=False, blank=True)
    cover = models.ForeignKey(
        ArticleImage,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("cover"),
    )
    trailer_url = models.URLField(_("trailer"), blank=True)
    # [{"question": "…", "answer": "…"}], both plain text.
    faq = models.JSONField(_("questions and answers"), default=list, blank=True)
    instructors = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="+", blank=True, verbose_name=_("instructors")
    )
    seo_title = models.CharField(_("title for search engines"), max_length=200, blank=True)
    seo_description = models.CharField(
        _("description for search engines"), max_length=300, blank=True
    )

    state = models.CharField(
        _("state"), max_length=9, choices=CourseState.choices, default=CourseState.DRAFT
    )
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    is_listed = models.BooleanField(_("in the catalogue"), default=True)
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    access = models.CharField(
        _("who gets in"), max_length=8, choices=CourseAccess.choices, default=CourseAccess.FREE
    )
    tiers = models.ManyToManyField(Tier, blank=True, related_name="+", verbose_name=_("tiers"))
    # A product that several courses name is a bundle of them.
    products = models.ManyToManyField(
        Product, blank=True, related_name="courses", verbose_name=_("products")
    )
    # Whoever leaves an address to get in is offered it, with consent.
    newsletter = models.ForeignKey(
        Newsletter,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("newsletter offered with it"),
    )
    access_length = models.CharField(
        _("for how long"),
        max_length=8,
        choices=AccessLength.choices,
        default=AccessLength.LIFETIME,
    )
    access_months = models.PositiveSmallIntegerField(
        _("months of access"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    # Access ends with this day in the course's time zone.
    access_until = models.DateField(_("last day of access"), null=True, blank=True)

    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    release_hour = models.PositiveSmallIntegerField(
        _("hour at which lessons open"),
        default=8,
        validators=[MaxValueValidator(23)],
        help_text=_("In the time zone of each learner."),
    )
    # What a new lesson starts with.
    default_drip = models.CharField(
        _("new lessons open"), max_length=5, choices=Drip.choices, default=Drip.NONE
    )
    default_drip_days = models.PositiveSmallIntegerField(_("after days"), default=0)
    is_sequential = models.BooleanField(_("lessons in order"), default=False)
    has_discussion = models.BooleanField(_("comments under lessons"), default=True)
    is_mail_series = models.BooleanField(_("delivered as mail"), default=False)
    # Whose sender, footer and way out the lessons that are mailed have.
    mail_newsletter = models.ForeignKey(
        Newsletter,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("sent through"),
    )

    has_certificate = models.BooleanField(_("certificate"), default=False)
    certificate_style = models.CharField(
        _("look of the certificate"),
        max_length=8,
        choices=CertificateStyle.choices,
        default=CertificateStyle.CLASSIC,
    )
    certificate_heading = models.CharField(_("its heading"), max_length=120, blank=True)
    certificate_text = models.CharField(_("what it says"), max_length=400, blank=True)
    certificate_signatory = models.CharField(_("signed by"), max_length=120, blank=True)
    certificate_signature = models.ForeignKey(
        ArticleImage,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("signature"),
    )

    # Grows with every change of what there is to do and when it opens.
    curriculum_version = models.PositiveIntegerField(editable=False, default=1)
    # The latest of them that was left to the worker to write down for each learner; 0: none ever.
    settling_version = models.PositiveIntegerField(editable=False, default=0)
    # Grows with every save; a form that was opened on an older one is told (W2).
    version = models.PositiveIntegerField(editable=False, default=1)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    history = HistoricalRecords(
        app="courses", excluded_fields=["body_html", "curriculum_version", "settling_version"]
    )

    class Meta:
        verbose_name = _("course")
        verbose_name_plural = _("courses")
        ordering = ["position", "pk"]
        indexes = [models.Index(fields=["state", "position"], name="course_in_catalogue")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(release_hour__lte=23), name="course_release_hour"
            ),
            models.CheckConstraint(
                condition=~models.Q(access_length="months")
                | models.Q(access_months__isnull=False, access_months__gte=1),
                name="course_access_months",
            ),
            models.CheckConstraint(
                condition=~models.Q(access_length="until") | models.Q(access_until__isnull=False),
                name="course_access_until",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def may_move_to(self, state: str) -> bool:
        """Whether `state` is a legal next state."""
        return state in COURSE_MOVES[self.state]


class CourseSlug(models.Model):
    """An address that a course once had; links already given keep working."""

    old_slug = AnyScriptSlugField(max_length=200, unique=True)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="redirects")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.old_slug)
