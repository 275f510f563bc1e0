"""Write, restore and delete articles."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.articles.actions.common import (
    IllegalMove,
    StaleArticle,
    article_changed,
    no_revision,
    record_revision,
    require_author,
)
from newsletter.articles.actions.files import record_file_uses
from newsletter.articles.content import derive
from newsletter.articles.editor import sanitise_body
from newsletter.articles.enums import ArticleState, SendChoice
from newsletter.articles.models import Article, SlugRedirect, Tag
from newsletter.articles.search import forget_article
from newsletter.lib.page_cache import forget_pages
from newsletter.lib.slugs import make_slug
from newsletter.memberships.models import Tier
from newsletter.subscribers.models import Newsletter

# What the author writes. State, dates and sending move only through publishing.py.
WRITTEN_FIELDS = (
    "title",
    "dek",
    "slug",
    "body",
    "author",
    "cover",
    "is_featured",
    "access",
    "visibility",
    "comment_policy",
    "newsletter",
    "mail_subject",
    "mail_preheader",
    "seo_title",
    "seo_description",
    "canonical_url",
)
DERIVED_FIELDS = (
    "public_html",
    "members_html",
    "full_html",
    "has_divider",
    "word_count",
    "excerpt",
    "lead_image",
)
# These stay when an old text comes back.
KEPT_FIELDS = ("slug", "author", "cover")
RESTORED_FIELDS = tuple(name for name in WRITTEN_FIELDS if name not in KEPT_FIELDS)
REVISION_EVERY = timedelta(minutes=10)


def save_article(
    *,
    actor: User,
    article: Article,
    expected_version: int | None = None,
    tags: Iterable[Tag] | None = None,
    tiers: Iterable[Tier] | None = None,
    autosave: bool = False,
    reason: str = "",
) -> Article:
    """Store what the author wrote, with all that follows from it, and keep a revision.

    `expected_version` is the version the author started from; None takes the one that `article`
    was loaded with. `tags` and `tiers` replace the stored ones; None leaves them alone.
    An `autosave` is for drafts only and keeps at most one revision per author and ten minutes.

    Raises StaleArticle when the article was saved since then, IllegalMove on an autosave of
    anything but a draft, ValidationError when another article has the address, or when it is about
    to be mailed and names no newsletter.
    """
    require_author(actor)
    version = article.version if expected_version is None else expected_version
    article.title = " ".join(article.title.split())
    article.body = sanitise_body(article.body)
    derive(article)
    with transaction.atomic():
        if article._state.adding:
            _settle_slug(article)
            _write(article)
        else:
            _store(article, version=version, autosave=autosave)
        record_file_uses(article=article)
        with no_revision(article):
            if tags is not None:
                article.tags.set(tags)
            if tiers is not None:
                article.tiers.set(tiers)
        if not autosave or _is_revision_due(article, actor):
            record_revision(article, actor=actor, reason=reason)
        # A draft concerns no reader, and kept pages are dear.
        if article.state == ArticleState.PUBLISHED:
            article_changed(article)
    return article


def _store(article: Article, *, version: int, autosave: bool) -> None:
    """Write the author's fields if the article is still at `version`."""
    claimed = Article.objects.filter(pk=article.pk, version=version).update(version=version + 1)
    stored = Article.objects.get(pk=article.pk)
    if not claimed:
        article.version = version
        raise StaleArticle(refused=article, current=stored)
    if autosave and stored.state != ArticleState.DRAFT:
        raise IllegalMove(stored, stored.state)
    _keep_newsletter(article, stored)
    _settle_slug(article)
    if stored.slug != article.slug:
        _leave_redirect(stored, new_slug=article.slug)
    _write(article, update_fields=[*WRITTEN_FIELDS, *DERIVED_FIELDS, "updated_at"])
    # The form knows nothing of what publishing did meanwhile; whoever goes on with it must.
    article.version = version + 1
    for name in ("state", "published_at", "send_choice", "mail_audience", "send_requested_at"):
        setattr(article, name, getattr(stored, name))


def _keep_newsletter(article: Article, stored: Article) -> None:
    """What is about to be mailed names whom to: without a newsletter it would go to another's."""
    is_awaited = stored.state == ArticleState.SCHEDULED and stored.send_choice != SendChoice.NO
    if article.newsletter is None and (is_awaited or stored.send_requested_at is not None):
        words = _("It is about to go out by mail. Choose a newsletter, or take it back first.")
        raise ValidationError({"newsletter": words})


def _write(article: Article, update_fields: list[str] | None = None) -> None:
    """Save without a revision; say so where another took the address at the same moment."""
    try:
        with transaction.atomic(), no_revision(article):
            article.save(update_fields=update_fields)
    except IntegrityError as error:
        if Article.objects.exclude(pk=article.pk).filter(slug=article.slug).exists():
            raise ValidationError({"slug": _("Another article has this address.")}) from error
        raise


def _settle_slug(article: Article) -> None:
    """Bring a given address into form, or make a free one from the title."""
    others = Article.objects.exclude(pk=article.pk)
    if article.slug:
        article.slug = make_slug(article.slug, max_length=200)
        if others.filter(slug=article.slug).exists():
            raise ValidationError({"slug": _("Another article has this address.")})
    if not article.slug:
        base = make_slug(article.title, max_length=80, fallback="article")
        taken = set(others.filter(slug__startswith=base).values_list("slug", flat=True))
        number, article.slug = 1, base
        while article.slug in taken:
            number += 1
            article.slug = f"{base}-{number}"


def _leave_redirect(stored: Article, *, new_slug: str) -> None:
    """Keep the old address working, unless it was never anybody's to follow (W1).

    A redirect names the article, not an address, so there are no chains and no loops. Where an
    article lives at an address, it is found before any redirect is looked at.
    """
    SlugRedirect.objects.filter(old_slug=new_slug, article=stored).delete()
    if stored.state != ArticleState.DRAFT or stored.published_at is not None:
        SlugRedirect.objects.update_or_create(old_slug=stored.slug, defaults={"article": stored})


def _is_revision_due(article: Article, actor: User) -> bool:
    """Whether the newest revision is old or another's: whose text has none is always known."""
    last = article.history.order_by("-history_id").first()
    since = timezone.now() - REVISION_EVERY
    return last is None or last.history_user_id != actor.pk or last.history_date <= since


@transaction.atomic
def keep_revision(*, actor: User, article: Article) -> bool:
    """Make the stored text a revision, so that it can be written over; False where it was one.

    Autosaves leave at most one in ten minutes, and two authors' texts must both be kept (W2).
    """
    require_author(actor)
    stored = Article.objects.select_for_update().get(pk=article.pk)
    last = stored.history.select_related("history_user").order_by("-history_id").first()
    if last is not None and last.version == stored.version:
        return False
    author = last.history_user if last else None
    record_revision(stored, actor=author, reason=_("Saved by itself"))
    return True


def restore_revision(
    *, actor: User, article: Article, revision_id: int, expected_version: int | None = None
) -> Article:
    """Bring back the text, tags and settings of a revision as a new save.

    Address, author, cover and state stay. What no longer exists (a tag, a newsletter) is left out.
    Raises what `save_article` raises, and Article.DoesNotExist for a revision of another article.
    """
    require_author(actor)
    revision = article.history.filter(history_id=revision_id).first()
    if revision is None:
        raise Article.DoesNotExist(f"Article {article.pk} has no revision {revision_id}.")
    for name in RESTORED_FIELDS:
        if name != "newsletter":
            setattr(article, name, getattr(revision, name))
    article.newsletter = Newsletter.objects.filter(pk=revision.newsletter_id).first()
    when = timezone.localtime(revision.history_date).strftime("%Y-%m-%d %H:%M %Z")
    return save_article(
        actor=actor,
        article=article,
        expected_version=expected_version,
        tags=Tag.objects.filter(pk__in=revision.tags.values("tag")),
        tiers=Tier.objects.filter(pk__in=revision.tiers.values("tier")),
        reason=_("Restored the text of %(when)s") % {"when": when},
    )


@transaction.atomic
def delete_article(*, actor: User, article: Article) -> None:
    """Delete an article with its redirects. Its revisions stay, the last one marked deleted."""
    require_author(actor)
    forget_article(article.pk)
    article._history_user = actor  # type: ignore[attr-defined]
    article._change_reason = _("Deleted")  # type: ignore[attr-defined]
    article.delete()
    forget_pages()
