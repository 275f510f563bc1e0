"""Leaks planted in the served site: the audit sees each of them, in the right place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import wraps
from pathlib import Path
from secrets import token_hex
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.template import engines
from django.urls import path
from django.utils.html import strip_tags
from django.utils.safestring import mark_safe

from config import urls
from newsletter.accounts.models import User
from newsletter.articles import cards, feeds, own_feed, queries, search, sitemaps
from newsletter.articles.actions import open_gift
from newsletter.articles.giving import find_gift
from newsletter.articles.models import Article
from newsletter.articles.views import giving as giving_views
from newsletter.articles.views import own_feed as own_feed_views
from newsletter.articles.views import reading
from newsletter.audit.articles import Part
from newsletter.audit.files import NOWHERE
from newsletter.audit.registry import Stage
from newsletter.audit.report import Finding, Kind, Report
from newsletter.audit.run import run_audit
from newsletter.lib import page_cache
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.mailings import compose, recheck
from newsletter.mailings import queries as mailing_queries
from newsletter.mailings import views as mailing_views
from newsletter.mailings.models import Mailing
from newsletter.memberships import access
from newsletter.pages import media

VISITOR = ["visitor"]
# Planted in Python, templates or routes: the audit meets them in answers, whatever the database.
in_python_alone = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="the database plays no part; seen on SQLite"
)


def found(report: Report, **wanted: str) -> list[Finding]:
    """The findings with these fields; the report has failed."""
    assert report.exit_code == 1
    assert report.as_text().endswith("The paywall does not hold.")
    return [
        each
        for each in report.findings
        if all(getattr(each, name) == value for name, value in wanted.items())
    ]


def whole_text(article: Article) -> str:
    """All words of a text, whoever it is for."""
    return " ".join(strip_tags(Article.objects.get(pk=article.pk).full_html).split())


@pytest.fixture
def template(tmp_path: Path) -> Iterator[Any]:
    """Put another template in the place of one of the site's."""
    engine = engines["django"].engine

    def plant(name: str, text: str) -> None:
        file = tmp_path / "planted" / name
        file.parent.mkdir(parents=True)
        file.write_text(text)
        engine.dirs.insert(0, tmp_path / "planted")
        engine.template_loaders[0].reset()

    yield plant
    engine.dirs.pop(0)
    engine.template_loaders[0].reset()


@pytest.fixture
def plant_route(settings) -> Any:
    """Have the site answer one more address of the articles, before all others."""

    def plant(route: str, view: Any, name: str = "planted") -> None:
        planted = path(route, opens_to(Opens.EVERYONE)(view), name=name)
        module = ModuleType("planted")
        module.urlpatterns = [planted, *urls.urlpatterns]
        settings.ROOT_URLCONF = module

    return plant


@in_python_alone
def test_raw_text_in_the_feed(stage: Stage, monkeypatch) -> None:
    monkeypatch.setattr(feeds, "feed_text", lambda article: article.full_html)
    report = run_audit(stage, ["articles:feed-*"], VISITOR)
    for check, spot in (
        ("articles:feed-atom", "<content>"),
        ("articles:feed-rss", "<content:encoded>"),
    ):
        leaks = found(report, kind=Kind.LEAK, check=check, spot=spot, part=Part.SHUT)
        assert {leak.owner for leak in leaks} >= {"article paid", "article members"}


def test_raw_text_in_the_search_index(stage: Stage, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        true, paid = search.public_text, stage.articles["paid"].pk
        patch.setattr(search, "public_text", lambda a: (whole_text if a.pk == paid else true)(a))
        search.rebuild_index()
        try:
            report = run_audit(stage, ["search"], VISITOR)
        finally:
            patch.undo()
            search.rebuild_index()
    told = found(report, kind=Kind.ORACLE, check="search", part=Part.SHUT)
    assert {each.owner for each in told} == {"article paid"}
    # The snippet beside the word shows its neighbours.
    assert found(report, kind=Kind.LEAK, check="search", persona="visitor")


@in_python_alone
def test_raw_text_in_the_meta_description(stage: Stage, monkeypatch) -> None:
    monkeypatch.setattr(cards, "public_excerpt", whole_text)
    report = run_audit(stage, ["articles:read-article"], VISITOR)
    for spot in ("<meta description>", "<meta og:description>", "JSON-LD"):
        leaks = found(report, kind=Kind.LEAK, spot=spot, part=Part.SHUT, owner="article paid")
        assert leaks, spot
        assert "Said" in leaks[0].excerpt


@in_python_alone
def test_raw_text_in_the_markdown_form(stage: Stage, monkeypatch) -> None:
    monkeypatch.setattr(reading, "public_markdown", whole_text)
    report = run_audit(stage, ["articles:read-markdown"], ["free"])
    leaks = found(report, kind=Kind.LEAK, check="articles:read-markdown", part=Part.SHUT_NOTE)
    assert {leak.persona for leak in leaks} == {"free"}


@in_python_alone
def test_raw_text_in_the_teaser_of_a_related_article(stage: Stage, template) -> None:
    template(
        "articles/_story.html", "<p class='dek'>{{ article.title }} {{ article.full_html }}</p>"
    )
    report = run_audit(stage, ["articles:read-article", "pages:show-home"], VISITOR)
    elsewhere = [
        leak
        for leak in found(report, kind=Kind.LEAK, part=Part.SHUT, spot="<p dek>")
        if leak.check == "articles:read-article" and leak.owner.split()[1] not in leak.url
    ]
    assert elsewhere
    assert found(report, kind=Kind.LEAK, part=Part.SHUT, check="pages:show-home")


@pytest.fixture
def planted_letters(stage: Stage) -> Iterator[None]:
    """Whoever looks at letters after this has them sent anew; lessons' are sent again anyway."""
    yield
    Mailing.objects.filter(circle="").delete()


@pytest.mark.usefixtures("planted_letters")
def test_the_fullest_variant_for_everybody_and_raw_text_in_the_preheader(
    stage: Stage, monkeypatch
) -> None:
    monkeypatch.setattr(recheck, "choose_variant", lambda _reader, variants, _now: variants[0])
    monkeypatch.setattr(compose, "_preheader", lambda mailing, _text: whole_text(mailing.article))
    report = run_audit(stage, ["mail"], ["lapsed", "first-tier"])
    spots = {leak.spot for leak in found(report, kind=Kind.LEAK, part=Part.SHUT, persona="lapsed")}
    assert {"the preheader", "the text part"} <= spots
    assert any(spot.startswith("the HTML part") for spot in spots)
    own = found(report, persona="first-tier", owner="article tier-first")
    # It is theirs, wherever it stands; what is for the web alone is not for mails.
    assert {leak.spot for leak in own} == {"the preheader"}
    assert {leak.part for leak in own} == {Part.OPEN_WEB, Part.SHUT_WEB}


@in_python_alone
def test_the_whole_letter_in_the_browser(stage: Stage, monkeypatch) -> None:
    def fullest(mailing_id: int) -> Any:
        variants = mailing_queries.Variant.objects.filter(mailing=mailing_id, key="full")
        return variants.select_related("mailing__article").first()

    monkeypatch.setattr(mailing_views, "public_letter", fullest)
    report = run_audit(stage, ["mailings:read-letter"], VISITOR)
    owners = {leak.owner for leak in found(report, kind=Kind.LEAK, check="mailings:read-letter")}
    assert owners == {"article mail-only-paid", "article mail-for-members"}


@in_python_alone
def test_p3_a_members_page_kept_for_visitors(stage: Stage, monkeypatch) -> None:
    monkeypatch.setattr(page_cache, "is_personal", lambda _request: False)
    true = page_cache._is_for_everybody

    def careless(response: HttpResponse) -> bool:
        # A page with a form of the member's own would be left out for its cookie, too.
        response.headers.pop("Vary", None)
        response.cookies.clear()
        return true(response)

    monkeypatch.setattr(page_cache, "_is_for_everybody", careless)
    report = run_audit(stage, ["cache"])
    assert found(report, kind=Kind.LEAK, check="cache", persona="visitor", owner="article paid")
    # And the other way round: who has paid is shown the page that a visitor saw.
    missing = found(report, kind=Kind.MISSING, check="cache", persona="both-tiers")
    assert "article paid" in {each.owner for each in missing}


def test_a_draft_in_the_sitemap(stage: Stage, monkeypatch) -> None:
    every = SimpleNamespace(**{name: getattr(queries, name) for name in ("published", "list_tags")})
    every.published = lambda: Article.objects.all()
    monkeypatch.setattr(sitemaps, "queries", every)
    report = run_audit(stage, ["articles:show-sitemap"], VISITOR)
    leaks = found(report, kind=Kind.LEAK, spot="<loc>", part=Part.TITLE)
    owners = {leak.owner for leak in leaks}
    assert {"article draft", "article scheduled", "article archived", "article unlisted"} <= owners
    assert "article paid" not in owners


def test_any_tier_opens_what_asks_for_one(stage: Stage, monkeypatch) -> None:
    true = access._decide_tiers
    monkeypatch.setattr(
        access,
        "_decide_tiers",
        lambda reader, requirement, **how: true(reader, requirement, **{**how, "any_tier": True}),
    )
    report = run_audit(stage, ["articles:read-article"], ["other-tier", "second-tier"])
    leaks = found(report, kind=Kind.LEAK, part=Part.SHUT)
    assert {(leak.persona, leak.owner) for leak in leaks} == {
        ("other-tier", "article tier-first"),
        ("other-tier", "article tier-second"),
        ("other-tier", "article tiers-combined"),
        ("second-tier", "article tier-first"),
    }


def test_an_ended_grant_that_still_opens(stage: Stage, monkeypatch) -> None:
    monkeypatch.setattr(access.Grant.objects, "in_force", lambda _now: access.Grant.objects.all())
    report = run_audit(stage, ["articles:read-article"], ["revoked", "early", "closed"])
    personas = {leak.persona for leak in found(report, kind=Kind.LEAK, owner="article paid")}
    # The sign-in of a closed account is none, so its grant opens nothing even so.
    assert personas == {"revoked", "early"}


@in_python_alone
def test_members_sections_for_visitors(stage: Stage, monkeypatch) -> None:
    true = queries.web_html
    monkeypatch.setattr(
        queries,
        "web_html",
        lambda article, decision: true(article, replace(decision, is_known=True)),
    )
    report = run_audit(stage, ["articles:read-article"], VISITOR)
    parts = {leak.part for leak in found(report, kind=Kind.LEAK, owner="article public")}
    assert parts == {Part.OPEN_MEMBERS, Part.SHUT_MEMBERS}


@in_python_alone
def test_a_text_that_members_do_not_get(stage: Stage, monkeypatch) -> None:
    monkeypatch.setattr(
        queries, "web_html", lambda article, _decision: mark_safe(article.public_html)
    )
    report = run_audit(stage, ["articles:read-article"], ["first-tier"])
    assert not found(report, kind=Kind.LEAK)
    missing = found(report, kind=Kind.MISSING, part=Part.SHUT)
    assert "article tier-first" in {each.owner for each in missing}
    assert "article tier-second" not in {each.owner for each in missing}


@in_python_alone
def test_a_paid_word_in_a_header(stage: Stage, plant_route) -> None:
    true = reading.read_article

    def with_header(request: HttpRequest, slug: str) -> HttpResponse:
        response = true(request, slug)
        article = Article.objects.filter(slug=slug).first()
        response["X-Words"] = whole_text(article) if article else ""
        return response

    plant_route("articles/<uslug:slug>/", with_header)
    report = run_audit(stage, ["articles:read-article"], VISITOR)
    assert found(report, kind=Kind.LEAK, part=Part.SHUT, spot="the header X-Words")


@in_python_alone
def test_p7_a_draft_that_is_refused_instead_of_not_found(stage: Stage, plant_route) -> None:
    true = reading.read_article

    def refusing(request: HttpRequest, slug: str) -> HttpResponse:
        try:
            return true(request, slug)
        except Http404:
            raise PermissionDenied from None

    plant_route("articles/<uslug:slug>/", refusing)
    report = run_audit(stage, ["articles:read-article"], VISITOR)
    answers = found(report, kind=Kind.STATUS, check="articles:read-article")
    assert len(answers) == 9
    assert {each.detail for each in answers} == {"The answer was 403; it must be 404."}


@in_python_alone
def test_a_new_route_that_nobody_knows(stage: Stage, plant_route) -> None:
    def whole(request: HttpRequest, number: int) -> HttpResponse:
        return HttpResponse(str(number))

    plant_route("articles/<int:number>/whole.json", whole, "read-json")
    report = run_audit(stage, ["unfilled"], VISITOR)
    (unknown,) = found(report, kind=Kind.UNFILLED)
    assert unknown.check == "read-json"
    assert unknown.url == "/articles/<int:number>/whole.json"


@in_python_alone
def test_a_new_route_without_parameters_is_asked_by_itself(stage: Stage, plant_route) -> None:
    def everything(request: HttpRequest) -> HttpResponse:
        return HttpResponse(" ".join(Article.objects.values_list("body", flat=True)))

    plant_route("articles.json", everything, "list-json")
    report = run_audit(stage, ["list-json"], VISITOR)
    assert found(report, kind=Kind.LEAK, check="list-json", owner="article draft-paid")


@in_python_alone
def test_a_link_that_no_pattern_told_of_is_followed(stage: Stage, template, plant_route) -> None:
    def part(request: HttpRequest) -> HttpResponse:
        wanted = request.GET.get("whole", "")
        return HttpResponse(whole_text(Article.objects.get(pk=wanted)) if wanted else "")

    plant_route("part/", part, "part")
    pk = stage.articles["paid"].pk
    template("pages/about.html", f'<a href="/part/?whole={pk}">all of it</a>')
    report = run_audit(stage, ["pages:show-about", "links"], VISITOR)
    (leak,) = found(report, kind=Kind.LEAK, part=Part.SHUT)
    assert leak.url == f"/part/?whole={pk}"


def test_p1_an_own_feed_that_ignores_the_lapse(stage: Stage, monkeypatch) -> None:
    def with_every_grant(user: User, _now: datetime) -> access.Reader:
        tiers = access.Grant.objects.filter(user=user).values_list("tier_id", flat=True)
        return access.Reader(user.pk, tier_ids=frozenset(tiers))

    monkeypatch.setattr(own_feed, "get_reader", with_every_grant)
    report = run_audit(stage, ["articles:own-rss"], VISITOR)
    leaks = found(report, kind=Kind.LEAK, part=Part.SHUT, owner="article tier-first")
    lapsed = {stage.tokens[f"feed of {key}"] for key in ("lapsed", "revoked", "early")}
    assert {leak.url.split("/")[2] for leak in leaks} == lapsed


@in_python_alone
def test_p3_an_own_feed_that_shared_caches_may_keep(stage: Stage, monkeypatch) -> None:
    monkeypatch.setattr(own_feed_views, "PRIVATE", "public, max-age=600")
    report = run_audit(stage, ["articles:own-rss"], VISITOR)
    kept = found(report, spot="the header Cache-Control")
    assert {each.kind for each in kept} == {Kind.STATUS}
    assert {"article paid", "article members"} <= {each.owner for each in kept}


def test_p4_files_served_to_all(stage: Stage, monkeypatch) -> None:
    monkeypatch.setattr(media, "may_open", lambda _uses, _reader, _now: True)
    report = run_audit(stage, ["media"], ["lapsed", "visitor"])
    leaks = {(leak.owner, leak.part) for leak in found(report, kind=Kind.LEAK, persona="lapsed")}
    shut = {"paid", "tier-first", "mail-only-paid", "draft-paid", "scheduled-paid"}
    assert leaks == {(f"file of article {key}", Part.SHUT) for key in shut} | {("file", NOWHERE)}
    # Whoever is signed in may have what stands in a members' section; a visitor may not.
    parts = {leak.part for leak in found(report, kind=Kind.LEAK, persona="visitor")}
    assert parts == {Part.SHUT, Part.OPEN_MEMBERS, NOWHERE}


@in_python_alone
def test_p4_a_pass_that_opens_what_its_mail_does_not_show(stage: Stage, monkeypatch) -> None:
    monkeypatch.setattr(mailing_views, "shows_file", lambda *_: True)
    report = run_audit(stage, ["mailings:show-letter-file"], VISITOR)
    owners = {leak.owner for leak in found(report, kind=Kind.LEAK)}
    assert {"file of article paid", "file of article draft-paid", "file"} <= owners


def test_a_gift_that_opens_by_looking(stage: Stage, plant_route) -> None:
    true = giving_views.show_gift

    @wraps(true)
    def eager(request: HttpRequest, token: str) -> HttpResponse:
        response = true(request, token)
        link = find_gift(token)
        if request.method != "POST" and link is not None and response.status_code == 200:
            open_gift(link=link, ticket=token_hex(8))
            response.content += whole_text(link.article).encode()
        return response

    plant_route("given/<str:token>/", eager)
    report = run_audit(stage, ["gifts"])
    assert found(report, kind=Kind.LEAK, check="gifts", part=Part.SHUT, owner="article paid")
    details = {each.detail for each in found(report, kind=Kind.STATUS, check="gifts")}
    assert "Looking at the link has used up one of its openings." in details
