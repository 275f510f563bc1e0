"""What this site is: its name, look, words and addresses, all the author's own."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from newsletter.lib.paths import brand_path
from newsletter.publication.enums import FontPairing

hex_colour = RegexValidator(
    r"^#[0-9a-fA-F]{6}$", _("Enter a colour as six hex digits after a hash, such as #7a3b2e.")
)


class Publication(models.Model):
    """The one row of settings that the author edits in the admin (primary key 1)."""

    SINGLETON_ID = 1

    name = models.CharField(_("name"), max_length=120, default="My publication")
    tagline = models.CharField(_("tagline"), max_length=240, blank=True)
    about_html = models.TextField(_("about page"), blank=True)
    language = models.CharField(_("language"), max_length=12, default="en")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    accent = models.CharField(
        _("accent colour"), max_length=7, default="#7a3b2e", validators=[hex_colour]
    )
    font_pairing = models.CharField(
        _("fonts"), max_length=20, choices=FontPairing.choices, default=FontPairing.OLD_STYLE
    )
    logo = models.ImageField(_("logo"), upload_to=brand_path, blank=True)
    favicon = models.ImageField(_("favicon"), upload_to=brand_path, blank=True)
    postal_address = models.CharField(
        _("postal address"),
        max_length=300,
        blank=True,
        help_text=_("Printed at the foot of every newsletter; the law asks for it in most places."),
    )
    footer_text = models.CharField(_("footer text"), max_length=300, blank=True)
    contact_email = models.EmailField(_("contact address"), blank=True)
    signup_title = models.CharField(_("sign-up title"), max_length=120, blank=True)
    signup_text = models.CharField(_("sign-up text"), max_length=300, blank=True)
    reader_count_threshold = models.PositiveIntegerField(
        _("show the reader count from"),
        default=100,
        help_text=_("The sign-up box says “Join 4,000+ readers” once there are this many."),
    )
    paid_offer_title = models.CharField(_("paid offer: title"), max_length=120, blank=True)
    paid_offer_text = models.CharField(_("paid offer: text"), max_length=400, blank=True)
    paid_offer_price = models.CharField(_("paid offer: price in words"), max_length=60, blank=True)
    paid_offer_url = models.CharField(_("paid offer: link"), max_length=300, blank=True)
    free_offer_title = models.CharField(_("free offer: title"), max_length=120, blank=True)
    free_offer_text = models.CharField(_("free offer: text"), max_length=400, blank=True)
    free_offer_url = models.CharField(_("free offer: link"), max_length=300, blank=True)
    free_offer_benefits = models.TextField(
        _("free offer: what is included"), blank=True, help_text=_("One per line.")
    )
    plans_answers = models.TextField(
        _("questions and answers on the plans page"),
        blank=True,
        help_text=_(
            "The question on one line, its answer on the next ones, an empty line before the next "
            "question. Leave it empty for answers of ours."
        ),
    )
    block_disposable_addresses = models.BooleanField(_("refuse throw-away addresses"), default=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publication")
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="publication_is_a_single_row"),
        ]

    def __str__(self) -> str:
        return self.name
