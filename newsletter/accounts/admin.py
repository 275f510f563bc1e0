"""People in the admin: who they are, who writes, and help for those who lost a factor."""

from __future__ import annotations

from typing import Any, cast

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm

from newsletter.accounts import actions
from newsletter.accounts.access import SECOND_FACTORS
from newsletter.accounts.models import User
from newsletter.accounts.search import find_people_ids
from newsletter.lib.brand_pictures import check_picture
from newsletter.lib.moments import moment_column
from newsletter.outbox.tasks import deliver_email

admin.site.unregister(Group)

_CREATED = moment_column("created_at", _("created"))
_CONFIRMED = moment_column("email_confirmed_at", _("address confirmed"))
_LAST_SIGN_IN = moment_column("last_login", _("last sign-in"))


class PersonForm(UserChangeForm):  # type: ignore[misc]  # unfold is untyped
    """All of one person."""

    def clean_portrait(self) -> Any:
        """Said here what the action would refuse."""
        check_picture(self.cleaned_data["portrait"])
        return self.cleaned_data["portrait"]


class PersonCreationForm(forms.ModelForm):  # type: ignore[type-arg]
    """A person known by an address. They sign in by mail; staff then choose a password."""

    class Meta:
        model = User
        fields = ("email", "name")

    def save(self, commit: bool = True) -> User:
        """Without a password that anybody could guess."""
        self.instance.set_unusable_password()
        return cast(User, super().save(commit))


class PersonAdmin(UserAdmin, ModelAdmin):  # type: ignore[type-arg,misc]
    """Everybody with a row. Registered by members, with a page about each."""

    form = PersonForm
    add_form = PersonCreationForm
    change_password_form = AdminPasswordChangeForm
    ordering = ("-created_at",)
    list_display: Any = ("email", "name", "role", "has_second_factor", _CREATED)
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email", "name")
    search_help_text = _("Address or name")
    show_full_result_count = False
    list_per_page = 50
    filter_horizontal = ()
    autocomplete_fields = ()
    readonly_fields = (_CREATED, _CONFIRMED, _LAST_SIGN_IN)
    actions = ("reset_second_factor",)
    fieldsets = (
        (None, {"fields": ("email", "name", "time_zone", _CONFIRMED, "password")}),
        (_("As an author"), {"fields": ("author_slug", "bio", "portrait")}),
        (_("Rights"), {"fields": ("is_active", "is_staff", "is_superuser", "user_permissions")}),
        (_("Dates"), {"fields": (_CREATED, _LAST_SIGN_IN)}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With whether each has a second factor, in the same query."""
        factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=SECOND_FACTORS)
        people = super().get_queryset(request).annotate(_has_factor=Exists(factors))
        return cast("QuerySet[User]", people)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """By a piece of the address or name, as among subscribers."""
        if not search_term.strip():
            return queryset, False
        return queryset.filter(pk__in=find_people_ids(search_term)), False

    @admin.display(description=_("role"), ordering="is_staff")
    def role(self, user: User) -> str:
        """What this person is here."""
        if user.is_erased:
            return str(_("Deleted"))
        if not user.is_active:
            return str(_("Closed"))
        if user.is_superuser:
            return str(_("Administrator"))
        return str(_("Staff") if user.is_staff else _("Reader"))

    @admin.display(description=_("second factor"))
    def has_second_factor(self, user: User) -> str:
        """Of staff; readers need none."""
        if not user.is_staff:
            return ""
        return str(_("Yes") if getattr(user, "_has_factor", False) else _("Not yet"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        """Rights are for administrators to give."""
        fixed = tuple(self.readonly_fields)
        if _of(request).is_superuser:
            return fixed
        return (*fixed, *actions.RIGHTS, "groups", "user_permissions")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Staff other than oneself are changed by administrators alone; so are their passwords.

        Nobody who was erased is anybody's to change: nothing must be written there again.
        """
        actor = _of(request)
        if isinstance(obj, User) and obj.is_erased:
            return False
        if isinstance(obj, User) and obj.is_staff and obj != actor and not actor.is_superuser:
            return False
        return bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: deleting the row would forget who must not be mailed. Close the account."""
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Through the action that holds the permission."""
        actions.save_person(actor=_of(request), user=obj)

    @admin.action(description=_("Remove the second factor (lost phone)"))
    def reset_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """For people who can no longer sign in; they set up a new one."""
        mails = [actions.reset_second_factor(actor=_of(request), user=user) for user in queryset]
        sent = [mail for mail in mails if mail is not None]
        for mail in sent:
            deliver_email.delay_on_commit(mail.pk)
        text = ngettext(
            "The second factor of %d person was removed; they were told by mail.",
            "The second factors of %d people were removed; they were told by mail.",
            len(sent),
        )
        messages.success(request, text % len(sent))

    def has_reset_second_factor_permission(self, request: HttpRequest) -> bool:
        """Administrators alone."""
        return _of(request).is_superuser

    reset_second_factor.allowed_permissions = ("reset_second_factor",)  # type: ignore[attr-defined]


def _of(request: HttpRequest) -> User:
    return cast(User, request.user)
