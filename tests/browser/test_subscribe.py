"""Joining, leaving and choosing newsletters in a real browser; the audience in the admin."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from newsletter.lib.signing import make_dated_token
from newsletter.outbox.models import OutgoingEmail
from newsletter.subscribers import actions, human_check, tasks
from newsletter.subscribers.enums import SuppressionReason
from newsletter.subscribers.models import SubscriberImport, Subscription, SubscriptionRequest
from newsletter.subscribers.queries import unsubscribe_url
from tests.browser.desk import sign_in, watch
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.publication import PublicationFactory
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory
from tests.newsletter.subscribers.helpers import answer_all, link_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(live_server: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """A publication with two newsletters; the worker's part is done by the tests."""
    settings.SITE_URL = live_server.url
    settings.STAFF_SECOND_FACTOR = False
    for task in ("answer_subscription_request", "run_import"):
        monkeypatch.setattr(f"newsletter.subscribers.tasks.{task}.delay", lambda *_: None)
    # People are slower than two seconds; browsers that are driven are not.
    monkeypatch.setattr(human_check, "SHORTEST", timedelta(seconds=-1))
    PublicationFactory(contact_email="hello@example.com")
    NewsletterFactory(name="The Long View", slug="long-view")
    NewsletterFactory(name="Field Notes", slug="field-notes", subscribe_on_signup=False)
    return str(live_server.url)


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A browser without JavaScript."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_joining_and_leaving_without_javascript(site: str, plain: Page) -> None:
    plain.goto(f"{site}/subscribe/")
    plain.get_by_label("E-mail address").fill("anna@gmal.com")
    plain.get_by_label("Field Notes").check()
    plain.get_by_role("button", name="Send me the letter").click()
    plain.get_by_role("button", name="Use anna@gmail.com").click()
    expect(plain.get_by_role("heading", name="Look into your mail")).to_be_visible()
    assert plain.context.cookies() == []
    (email,) = answer_all()
    assert email.to == "anna@gmail.com"
    plain.goto(site + link_in(email, "subscribe/confirm"))
    plain.get_by_role("button", name="Yes, send me the letter").click()
    expect(plain.get_by_role("heading", name="You are on the list")).to_be_visible()
    assert Subscription.objects.filter(state="active").count() == 2

    row = Subscription.objects.get(newsletter__slug="long-view")
    plain.goto(unsubscribe_url(row.pk))
    plain.get_by_label("Why are you leaving?").fill("Too often")
    plain.get_by_role("button", name="Unsubscribe from The Long View").click()
    expect(plain.get_by_role("heading", name="You have left The Long View")).to_be_visible()
    plain.get_by_role("button", name="Pressed by mistake?").click()
    expect(plain.get_by_role("heading", name="You stay")).to_be_visible()
    assert Subscription.objects.filter(state="active").count() == 2
    assert plain.context.cookies() == []


def test_choosing_by_keyboard_alone(site: str, browser: Browser) -> None:
    user = UserFactory()
    context = browser.new_context()
    sign_in(context, user, site)
    page = context.new_page()
    page.goto(f"{site}/account/newsletters/")
    page.get_by_label("The Long View").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Saved")
    assert user.subscriptions.filter(state="active").count() == 2
    context.close()


@pytest.fixture
def serve() -> Iterator[Callable[[str], str]]:
    """Serve one page of another site: another host and port, which makes it another origin."""
    shown = {"page": b""}

    class Blog(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(shown["page"] if self.path == "/" else b"")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Blog)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def show(page: str) -> str:
        shown["page"] = page.encode()
        return f"http://127.0.0.1:{server.server_port}/"

    yield show
    server.shutdown()
    server.server_close()


def test_the_form_on_another_site_plain_and_framed(
    site: str, browser: Browser, serve: Callable[[str], str]
) -> None:
    author = StaffFactory()
    context = browser.new_context()
    sign_in(context, author, site)
    desk = context.new_page()
    letter = NewsletterFactory._meta.model.objects.get(slug="long-view")
    desk.goto(f"{site}/admin/newsletter/newsletter/{letter.pk}/embed/")
    html = desk.get_by_label("Plain HTML").input_value()
    frame = desk.get_by_label("A frame").input_value()
    context.close()
    context = browser.new_context()
    page = context.new_page()
    complaints = watch(page)
    blog = f"<!doctype html><html lang=en><meta charset=utf-8><title>Blog</title>{html}{frame}"
    page.goto(serve(blog))
    inside = page.frame_locator("iframe")
    inside.get_by_label("E-mail address").fill("framed@example.com")
    inside.get_by_role("button", name="Send me the letter").click()
    expect(inside.get_by_role("heading", name="Look into your mail")).to_be_visible()
    page.get_by_label("E-mail address").first.fill("plain@example.com")
    page.get_by_role("button", name="Send me the letter").first.click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    asked = SubscriptionRequest.objects.order_by("pk").values_list("address", "source")
    assert list(asked) == [("framed@example.com", "embed"), ("plain@example.com", "embed")]
    assert not complaints
    context.close()


def _public_pages(site: str) -> list[str]:
    letters = NewsletterFactory._meta.model.objects.all()
    asked = actions.request_subscription(email="anna@example.com", newsletters=letters)
    old = actions.request_subscription(email="old@example.com", newsletters=letters)
    for row in (asked, old):
        actions.answer_request(request_id=row.pk)
    confirm = f"/subscribe/confirm/{make_dated_token('confirm-subscription', asked.pk)}/"
    expired = f"/subscribe/confirm/{make_dated_token('confirm-subscription', old.pk)}/"
    SubscriptionRequest.objects.filter(pk=old.pk).update(
        created_at=timezone.now() - timedelta(days=8)
    )
    row, gone = SubscriptionFactory(newsletter=letters[0]), SubscriptionFactory(left=True)
    paths = [unsubscribe_url(pk).removeprefix(site) for pk in (row.pk, gone.pk, 10**6)]
    return [
        "/subscribe/",
        f"/subscribe/sent/{make_dated_token('subscription-sent', asked.pk)}/",
        confirm,
        expired,
        "/subscribe/confirm/broken/",
        *paths,
        "/unsubscribe/broken/",
        "/subscribe/embed/long-view/",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_readers_pages(site: str, browser: Browser, scheme: Any) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()

    def check(name: str) -> None:
        found = Axe().run(page)
        assert found.violations_count == 0, f"{name}\n{found.generate_report()}"

    for path in _public_pages(site):
        page.goto(site + path)
        check(path)
    page.goto(f"{site}/subscribe/")
    page.get_by_label("E-mail address").fill("anna@gmal.com")
    page.get_by_role("button", name="Send me the letter").click()
    check("the question after a slip")
    page.get_by_label("E-mail address").fill("no address")
    page.get_by_role("button", name="Send me the letter").click()
    check("an error")
    sign_in(context, UserFactory(), site)
    page.goto(f"{site}/account/newsletters/?saved")
    check("preferences")
    context.close()


def test_pages_fit_a_phone(site: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 800})
    page = context.new_page()
    for path in _public_pages(site):
        page.goto(site + path)
        wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0, path
    context.close()


def test_an_import_goes_on_by_itself_on_the_page(
    site: str, browser: Browser, tmp_path: Path
) -> None:
    context = browser.new_context()
    sign_in(context, StaffFactory(), site)
    page = context.new_page()
    complaints = watch(page)
    people = tmp_path / "people.csv"
    people.write_text("email,name\n" + "".join(f"p{n}@example.com,P {n}\n" for n in range(40)))
    page.goto(f"{site}/admin/newsletter/subscription/")
    page.get_by_role("link", name="Bring in a list").click()
    page.get_by_label("The list").set_input_files(people)
    page.get_by_role("button", name="Upload and look at it").click()
    page.get_by_role("button", name="Try it out").click()
    expect(page.get_by_role("status")).to_contain_text("Trial run")
    tasks.run_import(SubscriberImport.objects.get().pk)
    # The page notices by itself and shows the next step.
    page.get_by_label("How did these people agree").fill("At the fair.")
    page.get_by_role("button", name="Bring in 40 new subscribers").click()
    expect(page.get_by_role("status")).to_contain_text("Importing")
    tasks.run_import(SubscriberImport.objects.get().pk)
    page.get_by_role("link", name="See whom it brought in").click()
    expect(page.get_by_text("40 subscribers")).to_be_visible()
    assert not OutgoingEmail.objects.exists()
    assert not complaints
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_authors_pages(site: str, browser: Browser, scheme: Any) -> None:
    author = StaffFactory()
    row = SubscriptionFactory(newsletter__name="Third")
    actions.unsubscribe(subscription=row, reason="Too often")
    out = actions.suppress(
        address=row.user.email, reason=SuppressionReason.MANUAL, actor=author, detail="Abuse"
    )
    from tests.newsletter.subscribers.imports import bring_in, check, upload

    content = "email,name\na@example.com,A\nbroken,B\n"
    jobs = [
        upload(author, row.newsletter, content),
        check(author, upload(author, row.newsletter, content)),
        bring_in(author, row.newsletter, content),
    ]
    context = browser.new_context(color_scheme=scheme)
    sign_in(context, author, site)
    page = context.new_page()
    complaints = watch(page)
    for path in (
        f"subscription/{row.pk}/change/",
        "subscription/add/",
        "subscriberimport/add/",
        *(f"subscriberimport/{job.pk}/change/" for job in jobs),
        "suppression/add/",
        f"suppression/{out.pk}/lift/",
        f"newsletter/{row.newsletter_id}/embed/",
    ):
        page.goto(f"{site}/admin/newsletter/{path}")
        page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"
    assert not complaints
    context.close()
