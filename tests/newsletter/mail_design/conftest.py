"""An article with every node that the editor knows, and a mailing of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from newsletter.articles.models import Article
from newsletter.mailings.models import Mailing
from newsletter.publication.models import Publication
from tests.factories.articles import PublishedArticleFactory
from tests.factories.subscribers import NewsletterFactory

SECRET = "zanzibar"
# Everything that the editor can make, above the divider; the sentinel below it.
BODY = f"""<p>It's a <em>question</em> of <strong>nerve</strong>, see
<a href="https://example.com/?a=1&amp;b=2">the ledger</a>.<span data-footnote>Kept by hand until
1911.</span></p>
<h2>What the buyer hears</h2>
<ul><li><p>The number</p></li><li><p>The pause</p><ol><li><p>first</p></li></ol></li></ul>
<blockquote><p>Too high for what?</p></blockquote>
<blockquote data-pull><p>Whoever speaks first has only spoken first.</p></blockquote>
<hr>
<h3>The sums</h3>
<table><tbody><tr><th><p>What</p></th><th><p>Euro</p></th></tr>
<tr><td><p>Bread</p></td><td><p>1.20</p></td></tr></tbody></table>
<figure><img src="/media/images/bridge.png" alt="A bridge" width="1600" height="900">
<figcaption>At dawn.</figcaption></figure>
<p data-button><a href="/about/">About us</a></p>
<figure data-embed><a href="https://www.vimeo.com/1">A film</a></figure>
<pre><code>if silent:
    wait()</code></pre>
<section data-audience="email"><p>Only in the mail.</p></section>
<section data-audience="web"><p>Only on the web.</p></section>
<hr data-paywall><p>The {SECRET} clause. {"More of it follows here. " * 30}</p>"""


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def publication(db: None) -> Publication:
    return Publication.objects.create(
        pk=Publication.SINGLETON_ID,
        name="Good Terms",
        postal_address="9 Ropewalk\n9000 Ghent",
        paid_offer_text="Members read every long piece.",
        paid_offer_price="€6 a month",
    )


@pytest.fixture
def article(publication: Publication) -> Article:
    return PublishedArticleFactory(
        title="O'Neill & the silence",
        dek="Six seconds, and what they are worth.",
        body=BODY,
        access="paid",
        published_at=timezone.now(),
    )


@pytest.fixture
def mailing(article: Article) -> Mailing:
    return Mailing.objects.create(
        article=article, newsletter=NewsletterFactory(name="The Clause"), subject=article.title
    )
