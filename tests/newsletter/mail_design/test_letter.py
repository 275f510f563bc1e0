"""What stands in a letter: both parts, each variant, and the way out at top and bottom."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.articles.enums import ArticleState, MailAudience, Visibility
from newsletter.articles.models import Article
from newsletter.mailings.compose import FREE, FULL, compose, web_url
from newsletter.mailings.models import Mailing
from newsletter.mailings.placeholders import MANAGE_URL, UNSUBSCRIBE_URL
from newsletter.mailings.rendering import render_variant
from newsletter.publication.models import Publication
from tests.factories.mailings import MailingFactory
from tests.newsletter.mail_design.conftest import SECRET

pytestmark = pytest.mark.django_db


def test_the_same_input_makes_the_same_mail(mailing: Mailing) -> None:
    assert render_variant(mailing, FULL) == render_variant(mailing, FULL)


def test_it_can_be_left_from_the_top_and_from_the_bottom(mailing: Mailing) -> None:
    mail = render_variant(mailing, FREE)
    above, _, below = mail.html.partition("<h1")
    assert UNSUBSCRIBE_URL in above
    assert UNSUBSCRIBE_URL in below
    assert MANAGE_URL in below
    assert mail.text.count(UNSUBSCRIBE_URL) == 1
    assert MANAGE_URL in mail.text


def test_it_says_why_one_gets_it_and_where_its_sender_lives(mailing: Mailing) -> None:
    mail = render_variant(mailing, FREE)
    for part in (mail.html, mail.text.replace("\n", " ")):
        assert "because you signed up for The Clause at Good Terms" in part
    assert "9 Ropewalk<br>9000 Ghent" in mail.html
    assert "9 Ropewalk\n9000 Ghent" in mail.text


def test_title_and_view_in_browser_lead_to_the_article(mailing: Mailing, article: Article) -> None:
    html = render_variant(mailing, FREE).html
    address = f"http://localhost:8000/articles/{article.slug}/"
    assert html.count(f'href="{address}"') >= 2
    assert "O'Neill &amp; the silence</a></h1>" in html


def test_the_free_variant_ends_in_one_panel_and_holds_nothing_from_behind_it(
    mailing: Mailing,
) -> None:
    mail = render_variant(mailing, FREE)
    for part in (mail.html, mail.text):
        assert SECRET not in part
        assert "The rest is for paying members" in part
        assert "There are 150 more words." in part.replace("\n", " ")
        assert "Members read every long piece." in part.replace("\n", " ")
    assert mail.html.count("Read the whole piece") == 1


def test_the_full_variant_holds_it_all_and_offers_nothing(mailing: Mailing) -> None:
    mail = render_variant(mailing, FULL)
    for part in (mail.html, mail.text):
        assert SECRET in part
        assert "The rest is for paying members" not in part


def test_a_public_article_offers_nothing(mailing: Mailing, article: Article) -> None:
    article.access = "public"
    assert "paying members" not in render_variant(mailing, FREE).html


def test_sections_for_the_web_stay_there(mailing: Mailing) -> None:
    mail = render_variant(mailing, FREE)
    assert "Only in the mail." in mail.html
    assert "Only in the mail." in mail.text
    assert "Only on the web." not in mail.html + mail.text


def test_the_preview_line_is_hidden_and_says_nothing_from_behind_the_paywall(
    mailing: Mailing, article: Article
) -> None:
    article.dek = ""
    article.body = f"<hr data-paywall><p>{SECRET}</p>"
    html = render_variant(mailing, FREE).html
    assert SECRET not in html
    article.body = f"<p>Public beginning.</p><hr data-paywall><p>{SECRET}</p>"
    html = render_variant(mailing, FREE).html
    preheader = html.partition('class="preheader"')[2].partition("</div>")[0]
    assert "display:none" in preheader
    assert "Public beginning." in preheader


def test_the_author_may_choose_the_preview_line(mailing: Mailing) -> None:
    mailing.preheader = "Count to six & wait"
    preheader = render_variant(mailing, FREE).html.partition('class="preheader"')[2]
    assert preheader.partition(">")[2].startswith("Count to six &amp; wait")


def test_what_is_in_the_mail_only_has_a_page_of_its_own(mailing: Mailing, article: Article) -> None:
    article.visibility = Visibility.EMAIL_ONLY
    assert "/letters/" in web_url(mailing)
    assert article.slug not in web_url(mailing)
    article.visibility, article.state = Visibility.EVERYWHERE, ArticleState.DRAFT
    assert "/letters/" in web_url(mailing)


def test_a_letter_to_paying_members_has_no_page_that_anyone_could_open() -> None:
    letter = MailingFactory(audience=MailAudience.PAID)
    assert web_url(letter) == ""
    mail = render_variant(letter, FULL)
    assert "View in browser" not in mail.html
    assert "/letters/" not in mail.html + mail.text


def test_a_preview_of_what_is_not_saved_has_no_page_either(article: Article) -> None:
    article.visibility = Visibility.EMAIL_ONLY
    letter = Mailing(article=article, newsletter=MailingFactory().newsletter, subject="x")
    assert web_url(letter) == ""


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=80))
def test_m22_any_title_is_a_subject_on_one_line_and_escaped_in_the_html(
    publication: Publication, text: str
) -> None:
    letter = MailingFactory.build(subject=text)
    mail = compose(letter, "<p>x</p>", FULL)
    assert mail.subject.splitlines() in ([mail.subject], [])
    assert "<script" not in compose(
        MailingFactory.build(subject=f"{text}<script>"), "<p>x</p>", FULL
    ).html.replace("&lt;script", "")


def test_the_newsletter_is_named_unless_it_is_called_like_the_publication(
    mailing: Mailing,
) -> None:
    assert ">The Clause</p>" in render_variant(mailing, FREE).html
    mailing.newsletter.name = "good terms"
    assert 'class="issue"' not in render_variant(mailing, FREE).html
    assert render_variant(mailing, FREE).text.startswith("Good Terms\n")
