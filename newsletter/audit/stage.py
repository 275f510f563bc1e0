"""Sets the stage: people, tiers and a newsletter, then everybody's sentinels."""

from __future__ import annotations

from django.utils.module_loading import autodiscover_modules

from newsletter.accounts.models import User
from newsletter.articles.models import Tag

# They register what this site itself has, the articles first: the rest is said of them.
from newsletter.audit import comments, fillers, personal  # noqa: F401
from newsletter.audit.people import make_people, make_tiers
from newsletter.audit.registry import Stage, contributions
from newsletter.subscribers.models import Newsletter


def set_stage() -> Stage:
    """Make all that an audit needs in this database, which must be a throw-away one."""
    # What every app above brings along registers itself.
    autodiscover_modules("paywall_audit")
    tiers = make_tiers()
    newsletter = Newsletter.objects.create(
        name="Audit letter", slug="audit", sender_address="letters@audit.invalid"
    )
    people = make_people(tiers, newsletter)
    author = User.objects.get(email=people["staff"].address)
    tag = Tag.objects.create(name="Audit", slug="audit")
    stage = Stage(people, tiers, newsletter, author, tag)
    for contribution in contributions():
        stage.marks.extend(contribution.publish(stage))
    return stage
