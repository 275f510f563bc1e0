"""People in the admin, with the page that joins all that is known of one."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from newsletter.accounts.admin import PersonAdmin
from newsletter.accounts.models import User
from newsletter.members.admin.member import show_member
from newsletter.members.admin.personal_data import download_copy, erase_member
from newsletter.subscribers.admin.views import own_path


@admin.register(User)
class MemberAdmin(PersonAdmin):
    """The accounts' own list and form, and from each row the way to the person's page."""

    list_display = (*PersonAdmin.list_display, "page")

    def get_urls(self) -> list[URLPattern]:
        """Ours before Django's catch-all."""
        pages = (
            ("<int:user_id>/member/", "member", show_member),
            ("<int:user_id>/member/delete/", "erase", erase_member),
            ("<int:user_id>/member/copies/<int:export_id>/", "copy", download_copy),
        )
        return [*(own_path(self, *page) for page in pages), *super().get_urls()]

    @admin.display(description=_("everything"))
    def page(self, user: User) -> SafeString:
        """Access, payments, notes."""
        return format_html(
            '<a class="desk-nowrap" href="{}">{}</a>',
            reverse("admin:newsletter_user_member", args=[user.pk]),
            _("Their page"),
        )
