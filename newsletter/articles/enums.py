"""States of an article and the ways it can go out."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ArticleState(models.TextChoices):
    """Legal moves are in `LEGAL_MOVES`."""

    DRAFT = "draft", _("Draft")
    SCHEDULED = "scheduled", _("Scheduled")
    PUBLISHED = "published", _("Published")
    ARCHIVED = "archived", _("Archived")


LEGAL_MOVES: dict[str, frozenset[str]] = {
    ArticleState.DRAFT: frozenset(
        {ArticleState.SCHEDULED, ArticleState.PUBLISHED, ArticleState.ARCHIVED}
    ),
    ArticleState.SCHEDULED: frozenset({ArticleState.DRAFT, ArticleState.PUBLISHED}),
    ArticleState.PUBLISHED: frozenset({ArticleState.DRAFT, ArticleState.ARCHIVED}),
    ArticleState.ARCHIVED: frozenset({ArticleState.DRAFT, ArticleState.PUBLISHED}),
}


class Visibility(models.TextChoices):
    """Where an article appears once published."""

    EVERYWHERE = "everywhere", _("On the site, in lists and feeds")
    UNLISTED = "unlisted", _("On the site by its link only")
    EMAIL_ONLY = "email_only", _("In the mail only")


class SendChoice(models.TextChoices):
    """Whether publishing also sends."""

    NO = "no", _("Publish only")
    YES = "yes", _("Publish and send")
    ONLY = "only", _("Send only")


class MailAudience(models.TextChoices):
    """Which active subscribers of the newsletter get it."""

    ALL = "all", _("Every subscriber")
    PAID = "paid", _("Paying members only")
    FREE = "free", _("Free subscribers only")


class CommentPolicy(models.TextChoices):
    """Who may comment."""

    DEFAULT = "default", _("As the site does")
    EVERYONE = "everyone", _("Everyone")
    MEMBERS = "members", _("Members")
    PAID = "paid", _("Paying members")
    OFF = "off", _("Nobody")


class GiftStanding(models.TextChoices):
    """What a gift link does now."""

    OPENS = "opens", _("Opens the piece")
    USED_UP = "used_up", _("Opened as often as it could")
    EXPIRED = "expired", _("Its time is over")
    # Ended by its giver or the author, or the giver may not read the piece any more.
    ENDED = "ended", _("Ended")


class ShownTo(models.TextChoices):
    """Who a text shows a picture or a file to, the widest circle first."""

    EVERYONE = "everyone", _("Everyone")
    KNOWN = "known", _("Anyone who is signed in")
    ENTITLED = "entitled", _("Whoever may read it all")
