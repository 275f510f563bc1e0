"""Come into a course that costs nothing with an address alone, proved by mail.

Nothing is kept of who asks: the link in the mail holds what was asked for, sealed, and only its
button makes a person, an enrolment and, where that was ticked, a subscription. So a stranger who
types somebody's address leaves no row about them, and no page tells whether an address is known.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from courses.access import get_classroom
from courses.actions.common import NotOpenError
from courses.actions.enrolling import enrol_into
from courses.addresses import course_path
from courses.enums import CourseAccess, CourseState
from courses.models import Course, Enrolment
from newsletter.accounts.actions import confirm_address, get_or_create_user
from newsletter.accounts.models import User
from newsletter.accounts.ratelimit import hit
from newsletter.lib.addresses import normalise_address
from newsletter.lib.signing import BadToken, make_sealed_token, read_sealed_token
from newsletter.outbox.actions import queue_email
from newsletter.outbox.models import OutgoingEmail
from newsletter.subscribers.actions import confirm_subscriptions
from newsletter.subscribers.enums import ConsentSource
from newsletter.subscribers.models import Newsletter
from newsletter.subscribers.names import clean_name

LINK, ASKED = "begin-course", "asked-for-course"
BEGIN_WITHIN = timedelta(days=7)
MAILS_PER_ADDRESS = 3
MAILS_PER = timedelta(days=1)
# What costs nothing but an address, or not even that.
FREE = frozenset({CourseAccess.FREE, CourseAccess.ADDRESS})


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody asks to begin a course. `letter` says to which words they agreed; "" is no letter.

    `asked_at` is in seconds since 1970.
    """

    course_id: int
    address: str
    name: str
    letter: str
    ip: str
    asked_at: int
    # Filled in by a program: it is told the same and mailed nothing, however often it asks.
    is_bot: bool = False

    @property
    def asked(self) -> datetime:
        """When they asked."""
        return datetime.fromtimestamp(self.asked_at, tz=timezone.get_default_timezone())

    @property
    def is_over(self) -> bool:
        """Whether the link that holds it has run out."""
        return timezone.now() - self.asked > BEGIN_WITHIN


def write_wish(purpose: str, wish: Wish) -> str:
    """A token that holds the wish, for one purpose. Who asked cannot be read from it."""
    text = json.dumps(asdict(wish), separators=(",", ":"), ensure_ascii=False)
    return make_sealed_token(purpose, text)


def read_wish(purpose: str, token: str) -> Wish:
    """The wish in a token from `write_wish`. Raises BadToken."""
    text = read_sealed_token(purpose, token)
    try:
        return Wish(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise BadToken(purpose) from error


def ask_to_begin(
    *, course: Course, email: str, name: str = "", letter: str = "", ip: str = ""
) -> tuple[Wish, OutgoingEmail | None]:
    """Mail a link that begins the course, whoever the address belongs to.

    Returns the mail to deliver; None where this address got as many today as one gets. Raises
    NotOpenError where the course takes more than an address.
    """
    if course.access not in FREE or course.state != CourseState.PUBLISHED:
        raise NotOpenError
    wish = Wish(
        course_id=course.pk,
        address=normalise_address(email),
        name=clean_name(name),
        letter=letter[:200],
        ip=ip,
        asked_at=int(timezone.now().timestamp()),
    )
    if not hit(f"begin-course:{wish.address}", limit=MAILS_PER_ADDRESS, per=MAILS_PER):
        return wish, None
    link = reverse("courses:confirm-beginning", args=[write_wish(LINK, wish)])
    mail = queue_email(
        kind="begin-course",
        to=wish.address,
        template="begin_course",
        context={
            "course": course,
            "letter": letter_of(course, wish),
            "confirm_url": settings.SITE_URL + link,
            "asked_at": wish.asked,
            "days": BEGIN_WITHIN.days,
        },
        expires_at=wish.asked + BEGIN_WITHIN,
        safe_to_repeat=True,
    )
    return wish, mail


def letter_of(course: Course, wish: Wish) -> Newsletter | None:
    """The newsletter that they ticked, while it takes new readers."""
    newsletter = course.newsletter if wish.letter else None
    return newsletter if newsletter is not None and not newsletter.is_archived else None


@dataclass(frozen=True, slots=True)
class Begun:
    """What pressing the button did. `is_first_proof`: nothing of theirs is behind a sign-in yet."""

    user: User
    enrolment: Enrolment
    joined: tuple[Newsletter, ...]
    is_first_proof: bool


def begin_course(*, course: Course, wish: Wish, ip: str = "", time_zone: str = "") -> Begun:
    """Act on the button behind the link: the address is proved, they are in, and subscribed if so.

    Pressed again it changes nothing. The caller has checked the link's signature and age. Raises
    NotOpenError where the course has closed since, or their account has.
    """
    now = timezone.now()
    with transaction.atomic():
        user, _is_new = get_or_create_user(email=wish.address)
        if not user.is_active:
            raise NotOpenError
        is_first_proof = confirm_address(user=user)
        if wish.name and not user.name:
            User.objects.filter(pk=user.pk, name="").update(name=wish.name)
        room = get_classroom(course, user, now)
        if room is None or not room.may_enrol:
            raise NotOpenError(room.entry if room else None)
        enrolment = enrol_into(room, user, time_zone=time_zone)
        newsletter = letter_of(course, wish)
        joined = confirm_subscriptions(
            user=user,
            newsletters=[newsletter] if newsletter else [],
            source=ConsentSource.FORM,
            detail=f"{course_path(course)}: “{wish.letter}”",
            ip=ip or None,
            asked_at=wish.asked,
            asked_ip=wish.ip or None,
        )
    return Begun(user, enrolment, tuple(joined), is_first_proof)
