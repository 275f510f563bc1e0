"""What the articles under audit are: one of every access, state and visibility."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from newsletter.articles.enums import MailAudience, Visibility
from newsletter.audit.people import Persona
from newsletter.memberships.enums import Access

DRAFT, SCHEDULED, PUBLISHED, ARCHIVED = "draft", "scheduled", "published", "archived"


class Part(StrEnum):
    """Where in an article a mark stands."""

    TITLE = "title"
    OPEN_MEMBERS = "members' section above the divider"
    OPEN = "text above the divider"
    OPEN_WEB = "web section above the divider"
    OPEN_MAIL = "mail section above the divider"
    SHUT = "text below the divider"
    SHUT_HEADING = "heading below the divider"
    SHUT_NOTE = "margin note below the divider"
    SHUT_TABLE = "table below the divider"
    SHUT_PICTURE = "picture below the divider"
    SHUT_MEMBERS = "members' section below the divider"
    SHUT_WEB = "web section below the divider"
    SHUT_MAIL = "mail section below the divider"


MEMBERS_PARTS = {Part.OPEN_MEMBERS, Part.SHUT_MEMBERS}
WEB_ALONE_PARTS = {Part.OPEN_WEB, Part.SHUT_WEB}
MAIL_ALONE_PARTS = {Part.OPEN_MAIL, Part.SHUT_MAIL}
OPEN_PARTS = {Part.OPEN, *(part for part in Part if part.name.startswith("OPEN"))}


@dataclass(frozen=True, slots=True)
class Spec:
    """One article to publish."""

    key: str
    access: str = Access.PUBLIC
    tiers: tuple[str, ...] = ()
    state: str = PUBLISHED
    visibility: str = Visibility.EVERYWHERE
    audience: str = MailAudience.ALL
    has_divider: bool = True
    was_renamed: bool = False
    # A text with a section for members has no letter page: its mail is not for everybody.
    has_members_sections: bool = True

    @property
    def parts(self) -> list[Part]:
        """What it consists of."""
        return [part for part in Part if self.has_members_sections or part not in MEMBERS_PARTS]

    @property
    def has_page(self) -> bool:
        """Whether it has a page of its own on the site."""
        return self.state == PUBLISHED and self.visibility != Visibility.EMAIL_ONLY

    @property
    def is_listed(self) -> bool:
        """Whether lists, feeds, search and the sitemap may name it."""
        return self.has_page and self.visibility == Visibility.EVERYWHERE

    @property
    def is_mailed(self) -> bool:
        """Whether it goes out as mail."""
        return self.state == PUBLISHED

    def is_entitled(self, persona: Persona) -> bool:
        """Whether this persona may read all of it."""
        if persona.is_staff or self.access == Access.PUBLIC:
            return True
        if self.access == Access.MEMBERS:
            return persona.is_known
        return bool(persona.tiers & set(self.tiers) if self.tiers else persona.tiers)


SPECS = (
    Spec("public"),
    Spec("members", Access.MEMBERS),
    Spec("paid", Access.PAID),
    Spec("tier-first", Access.TIERS, ("first",)),
    Spec("tier-second", Access.TIERS, ("second",)),
    Spec("tiers-combined", Access.TIERS, ("first", "second")),
    Spec("paid-without-divider", Access.PAID, has_divider=False),
    Spec("paid-renamed", Access.PAID, was_renamed=True),
    Spec("unlisted", Access.PAID, visibility=Visibility.UNLISTED),
    Spec("mail-only", visibility=Visibility.EMAIL_ONLY, has_members_sections=False),
    Spec(
        "mail-only-paid",
        Access.PAID,
        visibility=Visibility.EMAIL_ONLY,
        has_members_sections=False,
    ),
    Spec(
        "mail-for-members",
        Access.TIERS,
        ("first",),
        visibility=Visibility.EMAIL_ONLY,
        audience=MailAudience.PAID,
    ),
    Spec("draft", state=DRAFT),
    Spec("draft-paid", Access.PAID, state=DRAFT),
    Spec("scheduled", state=SCHEDULED),
    Spec("scheduled-paid", Access.PAID, state=SCHEDULED),
    Spec("archived", state=ARCHIVED),
    Spec("archived-paid", Access.PAID, state=ARCHIVED),
)

LISTED = tuple(spec.key for spec in SPECS if spec.is_listed)
