"""Mailings in the admin: write, look, send, watch."""

from newsletter.mailings.admin.mailings import MailingAdmin

__all__ = ["MailingAdmin"]
