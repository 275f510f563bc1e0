"""Newsletters themselves."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction

from newsletter.accounts.models import User
from newsletter.lib.addresses import normalise_address
from newsletter.lib.page_cache import forget_pages
from newsletter.subscribers.models import Newsletter


def save_newsletter(*, actor: User, newsletter: Newsletter) -> Newsletter:
    """Store a new or changed newsletter; the sign-up box on every page shows it at once."""
    right = "add" if newsletter.pk is None else "change"
    if not actor.has_perm(f"newsletter.{right}_newsletter"):
        raise PermissionDenied
    newsletter.sender_address = normalise_address(newsletter.sender_address)
    newsletter.reply_to = normalise_address(newsletter.reply_to)
    # They become part of a header.
    newsletter.sender_name = " ".join(newsletter.sender_name.split())
    newsletter.name = " ".join(newsletter.name.split())
    with transaction.atomic():
        newsletter.save()
        forget_pages()
    return newsletter
