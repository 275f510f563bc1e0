"""Take the pictures of docs/images anew: `python -m tests.screenshots`.

They show the demo as `make run` loads it, in the system's Chromium.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import ARGUMENTS, find_chromium
from tests.running_site import DEMO_PASSWORD, running_site

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
ARTICLE = "/articles/the-second-chair/"
COURSE = "/courses/a-year-on-your-own-terms/"


@contextmanager
def page_of(browser: Browser, width: int, height: int, scheme: str = "light") -> Iterator[Page]:
    """A page of one size and colour scheme, in a context of its own."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    try:
        yield context.new_page()
    finally:
        context.close()


def shoot(page: Page, name: str) -> None:
    """Save what is on the screen now, in 256 colours: a repository keeps every version."""
    page.wait_for_timeout(400)
    image = Image.open(BytesIO(page.screenshot())).convert("RGB")
    image.quantize(256, Image.Quantize.MEDIANCUT).save(IMAGES / f"{name}.png", optimize=True)


def reader_pages(browser: Browser, site: str) -> None:
    """Home, article and sign-up, as a visitor sees them."""
    with page_of(browser, 1280, 900) as page:
        page.goto(site)
        shoot(page, "home-light-1280")
        page.goto(f"{site}{ARTICLE}")
        shoot(page, "article-light-1280")
        page.goto(f"{site}/subscribe/")
        shoot(page, "subscribe-light-1280")
    with page_of(browser, 390, 844, "dark") as page:
        page.goto(f"{site}{ARTICLE}")
        shoot(page, "article-dark-390")


def conversation(browser: Browser, site: str) -> None:
    """The comments under an article, on a desk and on a phone, on light and on dark paper."""
    for width, height in ((1280, 900), (390, 844)):
        for scheme in ("light", "dark"):
            with page_of(browser, width, height, scheme) as page:
                page.goto(f"{site}{ARTICLE}")
                page.locator("#comments").evaluate("part => part.scrollIntoView()")
                shoot(page, f"thread-{scheme}-{width}")


def learner_pages(browser: Browser, site: str, mailbox: Path) -> None:
    """A course as it is offered, and as somebody in the middle of it has it."""
    with page_of(browser, 1280, 900) as page:
        page.goto(f"{site}{COURSE}")
        shoot(page, "course-offer-light-1280")
        page.goto(f"{site}/account/login/")
        page.get_by_label("E-mail address").first.fill("member@example.com")
        page.keyboard.press("Enter")
        page.locator("input[name=code]").fill(code_for("member@example.com", mailbox))
        page.keyboard.press("Enter")
        page.wait_for_url(f"{site}/account/")
        page.goto(f"{site}{COURSE}")
        shoot(page, "course-home-light-1280")
        page.get_by_role("link", name="The sheet").first.click()
        page.wait_for_url("**/the-sheet/")
        shoot(page, "lesson-light-1280")
        page.set_viewport_size({"width": 390, "height": 844})
        page.emulate_media(color_scheme="dark")
        page.goto(f"{site}{COURSE}")
        shoot(page, "course-home-dark-390")


def code_for(address: str, mailbox: Path) -> str:
    """The sign-in code that was mailed to this address."""
    for _ in range(120):
        for file in sorted(mailbox.glob(f"*{address}.eml"), reverse=True):
            found = re.search(rb"\b[B-Z]{3}-[B-Z]{3}\b", file.read_bytes())
            if found:
                return found.group().decode()
        time.sleep(0.5)
    raise RuntimeError(f"No code was mailed to {address}.")


def teacher_pages(page: Page, site: str) -> None:
    """A course at the desk: its outline, its learners, a certificate."""
    page.goto(f"{site}/admin/courses/course/")
    page.get_by_role("link", name="A Year on Your Own Terms").first.click()
    page.wait_for_url("**/outline/")
    shoot(page, "course-outline-light-1280")
    page.get_by_role("link", name="Learners").last.click()
    page.wait_for_url("**/enrolment/**")
    shoot(page, "roster-light-1280")
    page.goto(f"{site}/admin/courses/certificate/")
    serial = page.locator("#result_list tbody a").first.inner_text().strip()
    page.goto(f"{site}/courses/-/certificates/{serial}/")
    shoot(page, "certificate-light-1280")


def author_pages(browser: Browser, site: str) -> None:
    """The editor, a mailing under way, and the mail that it brings."""
    with page_of(browser, 1280, 900) as page:
        page.goto(f"{site}/admin/")
        page.get_by_label("E-mail address").fill("author@example.com")
        page.locator("input[type=password]").fill(DEMO_PASSWORD)
        page.locator("input[type=password]").press("Enter")
        page.wait_for_url(f"{site}/admin/")
        shoot(page, "desk-light-1280")
        page.goto(f"{site}/admin/newsletter/comment/")
        shoot(page, "queue-light-1280")
        teacher_pages(page, site)
        page.goto(f"{site}/admin/newsletter/article/?q=Other+Bank")
        page.get_by_role("link", name=re.compile("The Other Bank")).first.click()
        shoot(page, "editor-light-1280")
        send(page, site)
        shoot(page, "mailing-light-1280")
        page.get_by_text(re.compile(r"([\d,]+) of \1 accepted")).wait_for(timeout=120_000)
    with page_of(browser, 1000, 1100) as page:
        page.goto(f"{site}/dev/mail/?to=reader@example.com")
        frame = page.locator("iframe").get_attribute("src")
        page.set_viewport_size({"width": 600, "height": 900})
        page.goto(f"{site}{frame}")
        shoot(page, "mail-light-600")


def send(page: Page, site: str) -> None:
    """Publish and send the draft, and wait until some of it is out."""
    page.get_by_role("button", name="Publish…").click()
    page.get_by_role("button", name=re.compile(r"Publish and send to [\d,]+")).click()
    for _ in range(60):
        page.goto(f"{site}/admin/newsletter/mailing/")
        if page.get_by_role("link", name=re.compile("The Other Bank")).count():
            break
        time.sleep(0.5)
    page.get_by_role("link", name=re.compile("The Other Bank")).first.click()
    page.get_by_text(re.compile(r"[1-9][\d,]* of [\d,]+ accepted")).wait_for()


def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="masthead-shots-") as folder,
        running_site(Path(folder)) as site,
        sync_playwright() as playwright,
    ):
        # The smaller copies of the pictures are made after the start.
        time.sleep(60)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        reader_pages(browser, site)
        conversation(browser, site)
        learner_pages(browser, site, Path(folder) / "mailbox")
        author_pages(browser, site)
        browser.close()


if __name__ == "__main__":
    main()
