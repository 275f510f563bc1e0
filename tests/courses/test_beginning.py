"""Into a free course with an address alone: the form, the mail, the button, the first lesson."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from courses.actions import archive_course, enrol
from courses.enums import CourseAccess
from courses.models import Course, Enrolment
from courses.views import beginning
from newsletter.accounts.models import User
from newsletter.outbox.models import OutgoingEmail
from newsletter.subscribers.actions import unsubscribe
from newsletter.subscribers.enums import SubscriptionState
from newsletter.subscribers.models import ConsentEvent, Subscription
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.courses import author, make_course
from tests.factories.subscribers import NewsletterFactory
from tests.newsletter.subscribers.helpers import link_in, opened_before

pytestmark = pytest.mark.django_db
ANNA = "anna@example.org"


@pytest.fixture
def course() -> Course:
    letter = NewsletterFactory(name="The Letter")
    return make_course(2, access=CourseAccess.ADDRESS, newsletter=letter, title="Saying no")


def ask(course: Course, email: str = ANNA, **fields: Any) -> Any:
    data = {"email": email, "opened": opened_before(), **fields}
    return Client().post(f"/courses/{course.slug}/-/begin/", data)


def mailed_link() -> str:
    return link_in(OutgoingEmail.objects.latest("pk"), "courses/-/begin")


def test_an_address_a_mail_a_button_and_they_are_in(course: Course) -> None:
    asked = ask(course, letter="on", name="Anna")
    assert not asked.cookies
    assert ANNA in Client().get(asked["Location"]).content.decode()
    # Nothing is known of them before they press the button.
    assert not User.objects.filter(email=ANNA).exists()
    mail = OutgoingEmail.objects.get()
    assert mail.subject == "Begin “Saying no”"
    assert "The Letter" in mail.text
    browser, link = Client(), mailed_link()
    shown = browser.get(link).content.decode()
    assert "The Letter" in shown
    assert not User.objects.filter(email=ANNA).exists()
    done = browser.post(link, {"time_zone": "Asia/Kolkata"})
    assert done["Location"] == f"/courses/{course.slug}/"
    enrolment = Enrolment.objects.get()
    assert (enrolment.user.email, enrolment.user.name) == (ANNA, "Anna")
    assert enrolment.time_zone == "Asia/Kolkata"
    assert enrolment.user.email_confirmed_at
    assert "Begin with the first lesson" in browser.get(done["Location"]).content.decode()
    subscription = Subscription.objects.get()
    assert subscription.state == SubscriptionState.ACTIVE
    assert "Send me The Letter by mail too" in subscription.consent_detail
    assert subscription.request_ip
    assert ConsentEvent.objects.filter(user=enrolment.user).exists()


def test_without_the_box_there_is_no_subscription(course: Course) -> None:
    ask(course)
    assert "The Letter" not in OutgoingEmail.objects.get().text
    Client().post(mailed_link())
    assert Enrolment.objects.count() == 1
    assert not Subscription.objects.exists()


def test_the_box_is_not_ticked_for_them(course: Course) -> None:
    shown = Client().get(f"/courses/{course.slug}/").content.decode()
    assert 'name="letter"' in shown
    assert "checked" not in shown
    course.newsletter.is_archived = True  # type: ignore[union-attr]
    course.newsletter.save()  # type: ignore[union-attr]
    assert 'name="letter"' not in Client().get(f"/courses/{course.slug}/").content.decode()


def test_a_link_works_again_but_signs_nobody_in(course: Course) -> None:
    ask(course, letter="on")
    link = mailed_link()
    Client().post(link)
    unsubscribe(subscription=Subscription.objects.get())
    again = Client()
    shown = again.post(link)
    assert "Sign in and begin" in shown.content.decode()
    assert "sessionid" not in again.cookies
    # An old mail does not bring back who has left since (M24).
    assert Subscription.objects.get().state == SubscriptionState.UNSUBSCRIBED
    assert Enrolment.objects.count() == 1


@pytest.mark.parametrize("make", [UserFactory, StaffFactory])
def test_who_is_known_signs_in_by_a_code_of_their_own(course: Course, make: Any) -> None:
    known = make()
    ask(course, known.email, name="Somebody else")
    browser = Client()
    shown = browser.post(mailed_link()).content.decode()
    assert "Sign in and begin" in shown
    assert "sessionid" not in browser.cookies
    assert Enrolment.objects.get().user == known
    assert User.objects.get(pk=known.pk).name == known.name


def test_the_page_is_the_same_for_known_and_unknown_addresses(course: Course) -> None:
    known = UserFactory()
    answers = [ask(course, email) for email in (known.email, ANNA)]
    assert [answer.status_code for answer in answers] == [302, 302]
    subjects = set(OutgoingEmail.objects.values_list("subject", flat=True))
    assert len(subjects) == 1


def test_programs_get_the_page_and_no_mail(course: Course) -> None:
    assert ask(course, homepage="https://spam.example").status_code == 302
    quick = Client().post(f"/courses/{course.slug}/-/begin/", {"email": ANNA})
    assert "press the button once more" in quick.content.decode()
    assert not OutgoingEmail.objects.exists()


def test_programs_get_no_mail_by_asking_for_it_once_more_either(course: Course) -> None:
    page = ask(course, homepage="https://spam.example")["Location"]
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        again = Client().post(page)
        assert "sent it once more" in Client().get(again["Location"]).content.decode()
    with time_machine.travel(timezone.now() + timedelta(minutes=4)):
        assert Client().post(again["Location"]).status_code == 302
    assert not OutgoingEmail.objects.exists()


def test_what_stands_in_an_access_log_says_nothing_about_who_asked(course: Course) -> None:
    page = ask(course, name="Anna Secret", letter="on")["Location"]
    for link in (page, mailed_link()):
        for piece in re.split(r"[/~.]", link):
            for start in range(4):
                padded = piece[start:] + "=" * (-len(piece[start:]) % 4)
                with suppress(ValueError):
                    told = urlsafe_b64decode(padded)
                    assert not any(word in told for word in (b"anna", b"Anna", b"example"))


def test_links_made_under_a_former_key_still_work(course: Course, settings: Any) -> None:
    ask(course)
    link = mailed_link()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 50, [settings.SECRET_KEY]
    assert Client().get(link).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert Client().get(link).status_code == 404


def test_a_slip_is_asked_about_and_a_wrong_address_refused(course: Course) -> None:
    slip = ask(course, "anna@gmial.com")
    assert slip.status_code == 422
    assert "Use anna@gmail.com" in slip.content.decode()
    assert ask(course, "anna").status_code == 422
    assert ask(course, "anna@gmial.com", use="anna@gmail.com").status_code == 302
    assert OutgoingEmail.objects.get().to == "anna@gmail.com"


def test_nobody_is_bombed(course: Course) -> None:
    for _time in range(5):
        assert ask(course).status_code == 302
    assert OutgoingEmail.objects.count() == 3


def test_one_network_does_not_ask_for_everybody(course: Course) -> None:
    answers = [ask(course, f"p{number}@example.org").status_code for number in range(21)]
    assert answers == [302] * 20 + [429]


def test_the_mail_can_be_sent_again_after_a_minute(course: Course) -> None:
    page = ask(course)["Location"]
    assert "still on its way" in Client().post(page).content.decode()
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        again = Client().post(page)
        assert "sent it once more" in Client().get(again["Location"]).content.decode()
    assert OutgoingEmail.objects.count() == 2


def test_links_that_ran_out_are_broken_or_of_a_closed_course(course: Course) -> None:
    ask(course)
    link = mailed_link()
    for broken in (f"{link[:-3]}x/", "/courses/-/begin/made-up/"):
        assert Client().post(broken).status_code == 404
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert Client().get(link).status_code == 410
        assert Client().post(link).status_code == 410
    archive_course(actor=author(), course=course)
    assert Client().post(link).status_code == 410
    assert not User.objects.filter(email=ANNA).exists()


def test_the_link_of_the_page_that_waits_confirms_nothing(course: Course) -> None:
    token = ask(course)["Location"].split("/")[-2]
    assert Client().post(f"/courses/-/begin/{token}/").status_code == 404
    assert not Enrolment.objects.exists()


def test_a_course_that_costs_something_takes_no_address() -> None:
    paid = make_course(access=CourseAccess.PAID)
    answer = ask(paid)
    assert answer["Location"] == f"/courses/{paid.slug}/"
    assert not OutgoingEmail.objects.exists()


def test_a_course_that_came_to_cost_something_does_not_open(course: Course) -> None:
    ask(course)
    Course.objects.filter(pk=course.pk).update(access=CourseAccess.PAID)
    assert Client().post(mailed_link()).status_code == 410
    assert not Enrolment.objects.exists()
    assert not User.objects.filter(email=ANNA).exists()


def test_a_closed_account_stays_closed(course: Course) -> None:
    closed = UserFactory(is_active=False)
    ask(course, closed.email)
    assert Client().post(mailed_link()).status_code == 410
    assert not Enrolment.objects.exists()


def test_a_form_of_another_site_confirms_nothing(course: Course) -> None:
    ask(course)
    answer = Client().post(mailed_link(), headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert not Enrolment.objects.exists()


def test_a_course_that_closes_under_the_button_says_so_on_its_page(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The author archived it between the question and the answer."""
    reader = Client()
    reader.force_login(UserFactory())

    def too_late(**given: Any) -> Any:
        archive_course(actor=author(), course=course)
        return enrol(**given)

    monkeypatch.setattr(beginning, "enrol", too_late)
    pressed = reader.post(f"/courses/{course.slug}/-/begin/")
    assert pressed["Location"] == f"/courses/{course.slug}/"
    assert not Enrolment.objects.exists()
