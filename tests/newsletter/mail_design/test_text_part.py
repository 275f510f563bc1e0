"""The text part of a whole letter, word for word."""

from __future__ import annotations

import pytest

from newsletter.mailings.compose import FREE
from newsletter.mailings.models import Mailing
from newsletter.mailings.rendering import render_variant

pytestmark = pytest.mark.django_db

EXPECTED = """\
Good Terms · The Clause
http://localhost:8000/articles/{slug}/


O'Neill & the silence
=====================

Six seconds, and what they are worth.

{byline}


It's a _question_ of *nerve*, see the ledger [1].¹


What the buyer hears
--------------------

- The number
- The pause
  1. first

> Too high for what?

    Whoever speaks first has only spoken first.

                                 * * *


The sums
~~~~~~~~

What   Euro
-----  ----
Bread  1.20

  [Picture: A bridge]
  At dawn.

About us:
http://localhost:8000/about/

A film:
https://www.vimeo.com/1

    if silent:
        wait()

Only in the mail.


Notes
~~~~~

1. Kept by hand until 1911.


Links
-----

[1] https://example.com/?a=1&b=2


The rest is for paying members
==============================

There are 150 more words. Members read every long piece. €6 a month.

Read the whole piece:
http://localhost:8000/articles/{slug}/


------------------------------------------------------------------------

You get this because you signed up for The Clause at Good Terms.

Choose what you get: @@MANAGE_URL@@
Unsubscribe: @@UNSUBSCRIBE_URL@@

Good Terms
9 Ropewalk
9000 Ghent
"""


def test_the_text_part_reads_as_if_written_by_hand(mailing: Mailing) -> None:
    article = mailing.article
    byline = f"{article.author.get_full_name()} · {article.published_at:%-d %B %Y}"
    expected = EXPECTED.format(slug=article.slug, byline=byline)
    assert render_variant(mailing, FREE).text == expected
