"""A course's page and rules: saving, a price put right there, moves that ask once, W2."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses.actions import save_course
from courses.enums import CourseState
from courses.models import Course
from newsletter.memberships.models import Product
from newsletter.payments.models import Price
from tests.courses.desk.conftest import outline_of, staff_with
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.courses import CourseFactory, ProductFactory, enrolled, make_course
from tests.factories.memberships import GrantFactory, TierFactory

pytestmark = pytest.mark.django_db

ADD = "/admin/courses/course/add/"


def url(course: Course) -> str:
    return reverse("admin:courses_course_change", args=[course.pk])


def typed(course: Course, **changes: Any) -> dict[str, Any]:
    """What the form sends for `course`, with `changes`."""
    plain = [
        "version",
        "title",
        "slug",
        "promise",
        "for_whom",
        "outcomes",
        "body",
        "trailer_url",
        "position",
        "access",
        "access_length",
        "time_zone",
        "release_hour",
        "default_drip",
        "default_drip_days",
        "certificate_style",
        "certificate_heading",
        "certificate_text",
        "certificate_signatory",
        "seo_title",
        "seo_description",
    ]
    ticked = ["is_listed", "is_sequential", "has_discussion", "is_mail_series", "has_certificate"]
    data = {name: getattr(course, name) for name in plain}
    data |= {name: "on" for name in ticked if getattr(course, name)}
    data |= {"faq-TOTAL_FORMS": "2", "faq-INITIAL_FORMS": "0", "currency": "EUR"}
    if course.pk:
        data["tiers"] = list(course.tiers.values_list("pk", flat=True))
        data["products"] = list(course.products.values_list("pk", flat=True))
        data["instructors"] = list(course.instructors.values_list("pk", flat=True))
    return {**data, **changes}


def test_a_course_is_made_and_its_outline_follows(desk: Client, teacher: Any) -> None:
    page = desk.get(ADD).content.decode()
    assert '<option value="Europe/Berlin" selected>' in page
    answer = desk.post(ADD, typed(Course(title="Saying no"), version="", slug=""))
    course = Course.objects.get()
    assert answer["Location"] == reverse("admin:courses_course_outline", args=[course.pk])
    assert (course.slug, course.state, course.created_by) == ("saying-no", "draft", teacher)


def test_everything_is_saved(desk: Client, teacher: Any) -> None:
    course, tier = CourseFactory(), TierFactory()
    data = typed(
        course,
        promise="One\nline",
        outcomes="First\nSecond",
        access="tiers",
        tiers=[tier.pk],
        instructors=[teacher.pk],
        access_length="months",
        access_months="6",
        is_sequential="on",
        default_drip="days",
        default_drip_days="",
        has_certificate="on",
        certificate_style="letter",
        **{
            "faq-0-question": "How long?",
            "faq-0-answer": "Six weeks.",
            "faq-1-question": "",
            "faq-1-answer": "",
        },
    )
    assert desk.post(url(course), data).status_code == 302
    course.refresh_from_db()
    assert course.promise == "One line"
    assert list(course.tiers.all()) == [tier]
    assert list(course.instructors.all()) == [teacher]
    assert (course.access_months, course.default_drip_days) == (6, 0)
    assert course.certificate_style == "letter"
    # Questions and answers are typed in fields; nobody writes JSON.
    assert course.faq == [{"question": "How long?", "answer": "Six weeks."}]
    page = desk.get(url(course)).content.decode()
    assert 'name="faq-0-question" value="How long?"' in page
    assert 'name="faq-2-question"' in page


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"title": " "}, "This field is required."),
        ({"access": "tiers"}, "Choose at least one tier"),
        ({"access": "products"}, "Choose a product, or give the course a price."),
        ({"access_length": "months"}, "Say for how many months."),
        ({"access_length": "until"}, "Say until when."),
        ({"access": "products", "price": "0.10"}, "The least that can be charged"),
        ({"access": "products", "price": "9", "currency": "E1"}, "at least 3 characters"),
        ({"release_hour": "24"}, "less than or equal to 23"),
        ({"time_zone": "Mars/Olympus"}, "Select a valid choice."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(
    desk: Client, changes: dict[str, Any], says: str
) -> None:
    course = CourseFactory(title="As it was")
    answer = desk.post(url(course), {**typed(course, title="Changed"), **changes})
    assert answer.status_code == 422
    assert says in answer.content.decode()
    course.refresh_from_db()
    assert course.title == "As it was"
    assert not Product.objects.exists()


# ── A price put right there ───────────────────────────────────────────────────────────────────


def test_a_price_makes_a_product_of_the_course(desk: Client) -> None:
    course = CourseFactory(title="Saying no")
    desk.post(url(course), typed(course, access="products", price="90", currency="eur"))
    product = Course.objects.get(pk=course.pk).products.get()
    assert product.name == "Saying no"
    price = Price.objects.get(product=product)
    assert (price.amount, price.currency, price.state) == (9000, "eur", "active")
    assert "€90" in desk.get(url(course)).content.decode()


def test_another_price_takes_the_place_of_the_one_before(desk: Client) -> None:
    course = make_course(1, access="products", products=[ProductFactory(name="The course")])
    desk.post(url(course), typed(course, price="90"))
    course.refresh_from_db()
    desk.post(url(course), typed(course, price="120"))
    product = course.products.get()
    states = Price.objects.filter(product=product).order_by("pk").values_list("amount", "state")
    assert list(states) == [(9000, "archived"), (12000, "active")]


def test_a_new_course_is_priced_with_the_rest(desk: Client) -> None:
    new = Course(title="Saying no", access="products")
    desk.post(ADD, typed(new, version="", slug="", price="19.90"))
    course = Course.objects.get()
    assert Price.objects.get(product=course.products.get()).amount == 1990


def test_a_bundle_is_not_repriced_by_one_of_its_courses(desk: Client) -> None:
    bundle = ProductFactory(name="Both")
    course = make_course(1, access="products", products=[bundle])
    make_course(1, access="products", products=[bundle])
    desk.post(url(course), typed(course, price="90"))
    assert not Price.objects.filter(product=bundle).exists()
    own = course.products.exclude(pk=bundle.pk).get()
    assert Price.objects.get(product=own).amount == 9000


# ── W2 ────────────────────────────────────────────────────────────────────────────────────────


def test_w2_the_second_author_sees_both_and_decides(desk: Client) -> None:
    course = CourseFactory(promise="Both begin here.")
    mine = typed(course, promise="Both begin here. Ada goes on.", price="90", access="products")
    theirs = Course.objects.get(pk=course.pk)
    theirs.promise = "Both begin here. Bo goes on."
    theirs.release_hour = 6
    save_course(actor=StaffFactory(name="Bo Marsh"), course=theirs)
    answer = desk.post(url(course), mine)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Bo Marsh changed this course at" in page
    assert "Ada goes on" in page or "Ada" in page
    course.refresh_from_db()
    assert course.promise == "Both begin here. Bo goes on."
    # Nothing of it was stored, the price neither.
    assert not Price.objects.exists()
    back = desk.post(url(course), {**mine, "version": course.version, "_go_on": "1"})
    assert "Ada goes on" in back.content.decode()
    desk.post(url(course), {**mine, "version": course.version})
    course.refresh_from_db()
    assert course.promise == "Both begin here. Ada goes on."


# ── Moves ─────────────────────────────────────────────────────────────────────────────────────


def move(desk: Client, course: Course, what: str) -> Any:
    path = reverse("admin:courses_course_act", args=[course.pk, what])
    asked = desk.get(path)
    assert asked.status_code in {200, 403, 404}
    return desk.post(path, follow=True)


def test_it_is_published_archived_and_taken_back(desk: Client) -> None:
    course = make_course(1, state=CourseState.DRAFT)
    for what, state in (("publish", "published"), ("archive", "archived"), ("unpublish", "draft")):
        move(desk, course, what)
        course.refresh_from_db()
        assert course.state == state


def test_an_empty_course_is_not_published(desk: Client) -> None:
    course = CourseFactory()
    answer = move(desk, course, "publish")
    assert answer.status_code == 409
    assert "Publish a lesson first" in answer.content.decode()


def test_it_is_copied_without_its_learners_and_products(desk: Client) -> None:
    course = make_course(2, 1, title="Saying no", products=[ProductFactory()])
    enrolled(course, UserFactory())
    move(desk, course, "duplicate")
    copy = Course.objects.exclude(pk=course.pk).get()
    assert (copy.title, copy.state) == ("Saying no (copy)", "draft")
    assert outline_of(copy) == outline_of(course)
    assert not copy.products.exists()
    assert not copy.enrolments.exists()
    assert not copy.lessons.filter(state="published").exists()


def test_only_what_nobody_is_in_is_deleted(desk: Client) -> None:
    empty, taken = make_course(1), make_course(1)
    enrolled(taken, UserFactory())
    move(desk, empty, "delete")
    answer = move(desk, taken, "delete")
    assert "People are in this course." in answer.content.decode()
    assert list(Course.objects.all()) == [taken]
    path = reverse("admin:courses_course_delete", args=[taken.pk])
    assert "Delete the course" in desk.get(path).content.decode()
    assert move(desk, taken, "explode").status_code == 404


# ── Who may ───────────────────────────────────────────────────────────────────────────────────


def test_rights_are_asked_for_one_by_one() -> None:
    course = make_course(1)
    looking = staff_with("view_course")
    page = looking.get(url(course))
    assert page.status_code == 200
    assert "_save_draft" not in page.content.decode()
    assert looking.post(url(course), typed(course, title="X")).status_code == 403
    assert looking.get(ADD).status_code == 403
    writing = staff_with("change_course")
    assert writing.post(url(course), typed(course, title="X")).status_code == 302
    for what in ("delete", "duplicate"):
        assert move(writing, course, what).status_code == 403
    assert move(looking, course, "archive").status_code == 403
    assert staff_with("view_enrolment").get(url(course)).status_code == 403
    course.refresh_from_db()
    assert (course.title, course.state) == ("X", "published")


def test_the_sidebar_shows_what_one_may_see(desk: Client) -> None:
    page = desk.get("/admin/").content.decode()
    assert reverse("admin:courses_course_changelist") in page
    assert reverse("admin:courses_enrolment_changelist") in page
    other = staff_with("view_article").get("/admin/").content.decode()
    assert reverse("admin:courses_course_changelist") not in other


def test_the_list_costs_the_same_for_many(desk: Client) -> None:
    path = reverse("admin:courses_course_changelist")
    counted = []
    for number in (1, 5):
        for _each in range(number):
            enrolled(make_course(2), UserFactory())
        desk.get(path)
        with CaptureQueriesContext(connection) as queries:
            page = desk.get(path)
        assert page.status_code == 200
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_the_author_is_told_to_how_many_a_change_of_access_closes_the_course(
    desk: Client,
) -> None:
    course = make_course(1, access="address")
    for _learner in range(2):
        enrolled(course, UserFactory())
    tier = TierFactory()
    member = enrolled(course, UserFactory())
    GrantFactory(user=member.user, tier=tier)
    answer = desk.post(url(course), typed(course, access="tiers", tiers=[tier.pk]), follow=True)
    said = "It is closed to 2 learners now who could go on until then."
    assert said in answer.content.decode()
    course.refresh_from_db()
    # Nothing more is closed by the next save, nor by the way back.
    answer = desk.post(url(course), typed(course), follow=True)
    assert "It is closed to" not in answer.content.decode()
    course.refresh_from_db()
    answer = desk.post(url(course), typed(course, access="address"), follow=True)
    assert "It is closed to" not in answer.content.decode()
