"""The editor's nodes: loaded, saved, written by keyboard and mouse."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from newsletter.accounts.models import User
from newsletter.articles.editor import sanitise_body
from newsletter.articles.models import Article, ArticleImage, Attachment
from tests.browser.desk import html_of, sign_in, watch
from tests.factories.accounts import StaffFactory
from tests.factories.articles import ArticleFactory, picture_file

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NODES = {
    "marks": "<p>A <strong>b</strong>, <em>i</em>, <s>s</s>, <code>c</code>, "
    "H<sub>2</sub>O, x<sup>2</sup><br>and on.</p>",
    "link": '<p><a href="https://example.com/a?b=c&amp;d=e">out</a>, <a href="/about/">in</a>, '
    '<a href="mailto:a@example.com">mail</a></p>',
    "headings": "<h2>Head</h2><h3>Below</h3>",
    "lists": "<ul><li><p>one</p><ul><li><p>in</p></li></ul></li></ul>"
    '<ol start="3"><li><p>three</p></li></ol>',
    "quotes": '<blockquote><p>said</p></blockquote><blockquote data-pull=""><p>large</p>'
    "</blockquote>",
    "code": '<pre><code class="language-python">if a &lt; b:\n    pass</code></pre>',
    "rule": "<p>a</p><hr><p>b</p>",
    "picture": '<figure><img alt="A lamp" height="600" src="/media/images/a/l.jpg" width="800">'
    "<figcaption>Lamp. <em>Photo</em>: A</figcaption></figure>"
    '<figure><img alt="" src="/media/images/b/l.jpg"></figure>',
    "table": "<table><tbody><tr><th><p>H</p></th><th><p>I</p></th></tr>"
    '<tr><td colspan="2"><p>a</p></td></tr></tbody></table>',
    "embed": '<figure data-embed=""><a href="https://example.org/talk">A talk</a></figure>',
    "button": '<p data-button=""><a href="/subscribe/">Send me the letter</a></p>',
    "file": '<p data-file="1258291"><a href="/media/files/a/paper.pdf">The paper</a></p>',
    "footnote": '<p>Word<span data-footnote="">The “note” &amp; more.</span> on.</p>',
    "sections": "".join(
        f'<section data-audience="{kind}"><p>{kind}</p><ul><li><p>x</p></li></ul></section>'
        for kind in ("members", "email", "web")
    ),
    "paywall": '<p>open</p><hr data-paywall=""><p>shut</p>',
    "other scripts": "<p>שלום, 你好, 🙂 é</p>",
}


@pytest.fixture
def author(settings: Any) -> User:
    settings.STAFF_SECOND_FACTOR = False
    return StaffFactory(name="Ada Winter")


@pytest.fixture
def desk(page: Page, live_server: Any, settings: Any, author: User) -> Page:
    settings.SITE_URL = live_server.url
    sign_in(page.context, author, live_server.url)
    return page


def open_desk(page: Page, live_server: Any, article: Article) -> None:
    page.goto(f"{live_server.url}/admin/newsletter/article/{article.pk}/change/")
    expect(page.locator(".desk-text")).to_be_visible()


def place_cursor(page: Page, position: int) -> None:
    """Put the cursor behind the text's `position`-th token, as the editor counts them."""
    page.evaluate(
        "position => document.getElementById('id_body').proseEditor"
        ".chain().focus().setTextSelection(position).run()",
        position,
    )
    expect(page.locator(".desk-text")).to_be_focused()


@pytest.mark.parametrize("name", NODES)
def test_each_node_is_loaded_and_saved_as_it_was(
    desk: Page, live_server: Any, author: User, name: str
) -> None:
    body = NODES[name]
    assert sanitise_body(body) == body
    article = ArticleFactory(author=author, body=body)
    open_desk(desk, live_server, article)
    # A change elsewhere, so that the editor writes its whole text anew.
    desk.evaluate(
        "document.getElementById('id_body').proseEditor.commands.insertContentAt("
        "document.getElementById('id_body').proseEditor.state.doc.content.size,"
        "'<p>End.</p>')"
    )
    desk.get_by_role("button", name="Save draft").click()
    desk.wait_for_load_state()
    article.refresh_from_db()
    assert article.body == body + "<p>End.</p>"


def test_every_node_can_be_written_by_hand(desk: Page, live_server: Any, tmp_path: Any) -> None:
    complaints = watch(desk)
    desk.goto(f"{live_server.url}/admin/newsletter/article/add/")
    desk.get_by_label("Title", exact=True).fill("Every node")
    desk.keyboard.press("Enter")
    desk.keyboard.type("By hand.")
    desk.keyboard.press("Enter")
    text = desk.get_by_role("textbox", name="Text")
    expect(text).to_be_focused()
    desk.keyboard.type("First ")
    desk.keyboard.press("Control+b")
    desk.keyboard.type("bold")
    desk.keyboard.press("Control+b")
    desk.keyboard.press("Control+Alt+f")
    desk.get_by_role("textbox", name="Note", exact=True).fill("A note.")
    desk.get_by_role("dialog").get_by_role("button", name="Insert").click()
    desk.keyboard.type(" and ")
    desk.keyboard.press("Control+k")
    desk.get_by_role("dialog").get_by_label("Address").fill("example.com/page")
    desk.get_by_label("Words to click on").fill("a link")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("dialog")).to_have_count(0)
    desk.keyboard.type(".")
    desk.keyboard.press("Enter")
    desk.keyboard.type("## A heading")
    desk.keyboard.press("Enter")

    def insert(label: str) -> None:
        desk.keyboard.press("Alt+F10")
        desk.get_by_role("toolbar").get_by_role("button", name="Insert").click()
        desk.get_by_role("menuitem", name=label).click()

    insert("Link card")
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label("Address").fill("javascript:alert(1)")
    dialog.get_by_label("Title").fill("A talk")
    dialog.get_by_role("button", name="Insert").click()
    expect(dialog).to_be_visible()
    dialog.get_by_label("Address").fill("https://example.org/talk")
    dialog.get_by_role("button", name="Insert").click()
    insert("Button")
    dialog.get_by_label("Words on the button").fill("Read it")
    dialog.get_by_label("Address").fill("/about/")
    dialog.get_by_role("button", name="Insert").click()
    paper = tmp_path / "the-paper.pdf"
    paper.write_bytes(b"%PDF-1.7")
    insert("File")
    dialog.get_by_label("File", exact=True).set_input_files(str(paper))
    dialog.get_by_role("button", name="Upload and insert").click()
    expect(desk.locator(".desk-file")).to_contain_text("the paper")
    desk.keyboard.type("For members.")
    insert("Section for members only")
    desk.get_by_label("Who sees this section").select_option("email")
    desk.keyboard.press("Control+Alt+p")
    picture = tmp_path / "lamp.jpg"
    picture.write_bytes(picture_file(size=(400, 300)).read())
    desk.keyboard.press("Control+Alt+i")
    dialog.get_by_label("File").set_input_files(str(picture))
    dialog.get_by_label("Description").fill("A lamp")
    dialog.get_by_label("Caption").fill("Photo: Ada")
    dialog.get_by_role("button", name="Upload and insert").click()
    expect(desk.locator(".desk-figure img")).to_be_visible()
    body = html_of(desk)
    image = ArticleImage.objects.get()
    assert '<p>First <strong>bold</strong><span data-footnote="">A note.</span> and ' in body
    assert '<a href="https://example.com/page">a link</a>.</p>' in body
    assert "<h2>A heading</h2>" in body
    assert '<figure data-embed=""><a href="https://example.org/talk">A talk</a></figure>' in body
    assert '<p data-button=""><a href="/about/">Read it</a></p>' in body
    stored = Attachment.objects.get().file.url
    assert f'<p data-file="8"><a href="{stored}">the paper</a></p>' in body
    assert '<section data-audience="email"><p>For members.</p>' in body
    assert body.count('<hr data-paywall="">') == 1
    assert f'src="{image.file.url}" alt="A lamp" width="400" height="300"' in body
    assert "<figcaption>Photo: Ada</figcaption>" in body
    expect(desk.locator("#desk-saved")).to_contain_text("Draft saved", timeout=10_000)
    assert sanitise_body(Article.objects.get().body) == Article.objects.get().body
    assert not complaints


# The answer, and a stroke of the keyboard before the browser has drawn or told anything.
ANSWER_AND_TYPE_ON = """async () => {
  document.querySelector("dialog form").requestSubmit()
  for (let turn = 0; turn < 20; turn++) await null
  document.execCommand("insertText", false, "!")
}"""


@pytest.mark.parametrize(
    ("keys", "label", "written"),
    [
        ("Control+k", "Address", '<a href="https://example.com">example.com</a>!'),
        ("Control+Alt+f", "Note", '<span data-footnote="">example.com</span>!'),
    ],
)
def test_who_types_on_at_once_after_a_dialog_goes_on_at_the_same_place(
    desk: Page, live_server: Any, author: User, keys: str, label: str, written: str
) -> None:
    article = ArticleFactory(author=author, body="<p>before, after</p><p>last</p>")
    open_desk(desk, live_server, article)
    place_cursor(desk, 1 + len("before,"))
    desk.keyboard.press(keys)
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label(label, exact=True).fill("example.com")
    if keys == "Control+k":
        dialog.get_by_label("Words to click on").fill("example.com")
    desk.evaluate(ANSWER_AND_TYPE_ON)
    expect(dialog).to_have_count(0)
    assert html_of(desk) == f"<p>before,{written} after</p><p>last</p>"


@pytest.mark.parametrize(
    ("tool", "written"),
    [
        ("paywall", '<p>before, after</p><hr data-paywall=""><p>!last</p>'),
        ("blockquote", "<blockquote><p>before,! after</p></blockquote><p>last</p>"),
    ],
)
def test_who_types_on_at_once_after_a_button_writes_into_the_text(
    desk: Page, live_server: Any, author: User, tool: str, written: str
) -> None:
    article = ArticleFactory(author=author, body="<p>before, after</p><p>last</p>")
    open_desk(desk, live_server, article)
    place_cursor(desk, 1 + len("before,"))
    desk.evaluate(
        """tool => {
          const button = document.querySelector(`[data-tool=${tool}]`)
          button.focus()
          button.click()
          document.execCommand("insertText", false, "!")
        }""",
        tool,
    )
    assert html_of(desk) == written


@pytest.mark.parametrize("away", ["Escape", "Cancel"])
def test_a_dialog_put_away_leaves_the_cursor_where_it_was(
    desk: Page, live_server: Any, author: User, away: str
) -> None:
    article = ArticleFactory(author=author, body="<p>before, after</p>")
    open_desk(desk, live_server, article)
    place_cursor(desk, 1 + len("before,"))
    desk.keyboard.press("Control+k")
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label("Address").fill("example.com")
    if away == "Escape":
        desk.keyboard.press("Escape")
    else:
        dialog.get_by_role("button", name=away).click()
    expect(dialog).to_have_count(0)
    desk.keyboard.type("!")
    assert html_of(desk) == "<p>before,! after</p>"


def test_a_text_has_one_paywall_and_it_moves(desk: Page, live_server: Any, author: User) -> None:
    article = ArticleFactory(author=author, body=NODES["paywall"] + "<p>last</p>")
    open_desk(desk, live_server, article)
    desk.get_by_text("last", exact=True).click()
    desk.get_by_role("button", name="Paywall").click()
    desk.keyboard.type("below")
    moved = '<p>open</p><p>shut</p><p>last</p><hr data-paywall=""><p>below</p>'
    assert html_of(desk) == moved
    desk.evaluate(
        "document.getElementById('id_body').proseEditor.commands.insertContentAt(0,"
        "'<hr data-paywall><p>new</p><blockquote><hr data-paywall><p>q</p></blockquote>')"
    )
    assert html_of(desk).count("data-paywall") == 1


def test_a_section_opens_to_everyone_again(desk: Page, live_server: Any, author: User) -> None:
    article = ArticleFactory(author=author, body=NODES["sections"])
    open_desk(desk, live_server, article)
    desk.get_by_role("button", name="Show to everyone").first.click()
    assert html_of(desk).startswith("<p>members</p><ul><li><p>x</p></li></ul><section")


def test_a_table_grows_and_shrinks(desk: Page, live_server: Any, author: User) -> None:
    article = ArticleFactory(author=author, body="<p>x</p>")
    open_desk(desk, live_server, article)
    desk.locator(".desk-text").click()
    desk.get_by_role("toolbar").get_by_role("button", name="Insert").click()
    desk.get_by_role("menuitem", name="Table").click()
    tools = desk.get_by_role("group", name="Table")
    for name in ("Row below", "Column after", "Delete column"):
        tools.get_by_role("button", name=name).click()
    body = html_of(desk)
    assert body.count("<tr>") == 4
    assert body.count("<th>") == 3
    assert "style" not in body
    assert "colgroup" not in body
    tools.get_by_role("button", name="Delete row").click()
    assert html_of(desk).count("<tr>") == 3
    tools.get_by_role("button", name="Delete table").click()
    assert "<table" not in html_of(desk)
    expect(tools).to_be_hidden()


def test_what_was_written_in_a_dialog_can_be_changed_there(
    desk: Page, live_server: Any, author: User
) -> None:
    article = ArticleFactory(author=author, body=NODES["footnote"] + NODES["button"])
    open_desk(desk, live_server, article)
    desk.locator(".desk-footnote").click()
    note = desk.get_by_role("textbox", name="Note", exact=True)
    expect(note).to_have_value("The “note” & more.")
    note.fill("Another.")
    desk.get_by_role("dialog").get_by_role("button", name="Change").click()
    assert '<span data-footnote="">Another.</span>' in html_of(desk)
    desk.locator(".desk-action").click()
    desk.get_by_role("dialog").get_by_role("button", name="Remove").click()
    assert "data-button" not in html_of(desk)


def test_a_picture_is_pasted_and_asked_about(
    desk: Page, live_server: Any, author: User, tmp_path: Any
) -> None:
    article = ArticleFactory(author=author, body="<p>x</p>")
    open_desk(desk, live_server, article)
    desk.locator(".desk-text").click()
    data = list(picture_file(size=(64, 48)).read())
    desk.evaluate(
        """(bytes) => {
          const transfer = new DataTransfer()
          transfer.items.add(new File([new Uint8Array(bytes)], "p.jpg", {type: "image/jpeg"}))
          document.querySelector(".desk-text").dispatchEvent(
            new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true, cancelable: true}))
        }""",
        data,
    )
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label("Description").fill("Pasted")
    dialog.get_by_role("button", name="Upload and insert").click()
    expect(desk.locator(".desk-figure img[alt=Pasted]")).to_be_visible()


def test_what_is_no_picture_is_refused_in_the_dialog(
    desk: Page, live_server: Any, author: User, tmp_path: Any
) -> None:
    article = ArticleFactory(author=author)
    open_desk(desk, live_server, article)
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    desk.get_by_role("button", name="Picture").click()
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label("File").set_input_files(str(bad))
    dialog.get_by_role("button", name="Upload and insert").click()
    expect(dialog.get_by_role("alert")).to_contain_text("no picture we can read")


def test_the_toolbar_is_one_tab_stop_and_the_arrows_move(
    desk: Page, live_server: Any, author: User
) -> None:
    article = ArticleFactory(author=author, body="<p>x</p>")
    open_desk(desk, live_server, article)
    desk.locator(".desk-text").click()
    desk.keyboard.press("Alt+F10")
    expect(desk.get_by_label("Kind of paragraph")).to_be_focused()
    desk.keyboard.press("ArrowRight")
    expect(desk.get_by_role("button", name="Bold")).to_be_focused()
    desk.keyboard.press("End")
    keys = desk.get_by_role("button", name="Keyboard")
    expect(keys).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("dialog", name="Keyboard")).to_contain_text("Ctrl+Alt+P")
    desk.keyboard.press("Escape")
    keys.focus()
    desk.keyboard.press("Escape")
    expect(desk.get_by_role("textbox", name="Text")).to_be_focused()
    assert desk.locator(".desk-toolbar [tabindex='0']").count() == 1
