"""Who: one person is one row, known by one normalised address."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from newsletter.lib.addresses import is_erased_address, normalise_address
from newsletter.lib.paths import brand_path
from newsletter.lib.slugs import AnyScriptSlugField


class UserManager(BaseUserManager["User"]):
    """Django's hooks (`createsuperuser` calls the last one); everything else is in actions.py."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> User:
        """Create a person; without a password (readers have none) it is set unusable."""
        user = self.model(email=normalise_address(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> User:
        """Create an author with every right and a confirmed address."""
        fields = {"email_confirmed_at": timezone.now(), **fields}
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """Find by address in any spelling."""
        return self.get(email=normalise_address(username or ""))


class User(AbstractBaseUser, PermissionsMixin):
    """A reader, member, author or moderator. Readers sign in by code; staff by password + more."""

    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    email_confirmed_at = models.DateTimeField(_("address confirmed"), null=True, blank=True)
    is_staff = models.BooleanField(_("may enter the admin"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    # Staff write under a public name; readers have none of these.
    author_slug = AnyScriptSlugField(
        _("author page"), max_length=80, unique=True, null=True, blank=True
    )
    bio = models.TextField(_("about the author"), blank=True)
    portrait = models.ImageField(_("portrait"), upload_to=brand_path, blank=True)

    objects: ClassVar[UserManager] = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique_in_any_case"),
        ]
        indexes = [
            models.Index(fields=["-created_at"], name="user_created"),
            # A handful among a million readers.
            models.Index(fields=["is_staff"], condition=models.Q(is_staff=True), name="user_staff"),
        ]

    def __str__(self) -> str:
        if self.is_erased:
            return gettext("Deleted reader %(number)s") % {"number": self.pk}
        return self.name or self.email

    @property
    def is_erased(self) -> bool:
        """Whether this row has ceased to say who somebody was. There is no way back."""
        return is_erased_address(self.email)

    def clean(self) -> None:
        """Store the one spelling of the address, whatever was typed."""
        self.email = normalise_address(self.email)
        self.author_slug = self.author_slug or None

    def get_full_name(self) -> str:
        """The name people see; the part before the @ where none was given."""
        if self.is_erased:
            return gettext("Deleted reader")
        return self.name or self.email.partition("@")[0]

    def get_short_name(self) -> str:
        """First word of the name, for a greeting; empty where none was given."""
        return self.name.split()[0] if self.name.strip() else ""


class SignInRequest(models.Model):
    """One mail with a one-time code and a link. Using either of them uses up the row.

    allauth keeps its login code in the session of the browser that asked. Ours must also be
    opened in another browser (the link), be used up by whichever of code and link comes first,
    and count wrong tries for all browsers together; so it is a row, and allauth takes over once
    the code is proved (second factor, session).

    There is a row for an unknown address too (`user` is empty): the same page, the same queries
    and one mail, whoever asks.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    address = models.EmailField()
    # Keyed hashes: someone who reads the database can sign nobody in.
    code_hash = models.CharField(max_length=64)
    link_hash = models.CharField(max_length=64)
    next_path = models.CharField(max_length=500, blank=True)
    wrong_tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["link_hash"], name="one_sign_in_per_link"),
        ]
        indexes = [models.Index(fields=["expires_at"], name="sign_in_request_expiry")]

    def __str__(self) -> str:
        return f"sign-in #{self.pk}"


class RateWindow(models.Model):
    """How often something was done in one window of time. All processes count in this table."""

    key = models.CharField(max_length=120)
    window_start = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "window_start"], name="one_row_per_rate_window"),
        ]
        indexes = [models.Index(fields=["window_start"], name="rate_window_start")]

    def __str__(self) -> str:
        return f"{self.key} {self.count}"
