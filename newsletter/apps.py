"""The newsletter app: one Django app, cut into slices (docs/architecture.md)."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NewsletterConfig(AppConfig):
    name = "newsletter"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = _("Newsletter")

    def ready(self) -> None:
        # Registering is an import with an effect; it must wait for the apps.
        from newsletter.comments.article_owner import KIND, ArticleOwner
        from newsletter.comments.notices import register_notices
        from newsletter.comments.owners import register_owner
        from newsletter.lib import checks  # noqa: F401
        from newsletter.members import data_parts, sections
        from newsletter.subscribers import checks as subscriber_checks  # noqa: F401

        register_owner(KIND, ArticleOwner())
        register_notices()
        sections.register_all()
        data_parts.register_all()
