"""Mailings on other slices' screens."""

from __future__ import annotations

import pytest
from django.template import Context, Template
from django.test import Client
from django.urls import reverse

from tests.factories.articles import ArticleFactory
from tests.factories.mailings import MailingFactory, prepared_mailing
from tests.newsletter.mailings_admin.conftest import mailing_in

pytestmark = pytest.mark.django_db


def render(source: str, **context: object) -> str:
    return Template("{% load mailings %}" + source).render(Context(context))


def test_an_article_shows_how_its_mailings_stand(django_assert_num_queries) -> None:
    article = ArticleFactory()
    for _ in range(3):
        mailing = mailing_in(4, accepted=2, failed=1)
        mailing.article = article
        mailing.save()
    with django_assert_num_queries(2):
        html = render("{% mailing_status article %}", article=article)
    assert html.count("2 of 4 accepted, 1 failed") == 3
    assert reverse("admin:newsletter_mailing_change", args=[mailing.pk]) in html
    assert reverse("mailings:preview-mail", args=[article.pk]) in html


def test_an_article_that_is_not_saved_shows_nothing() -> None:
    assert render("{% mailing_status article %}", article=ArticleFactory.build()).strip() == ""


def test_the_desk_of_an_article_leads_to_its_mailing(desk: Client) -> None:
    article = ArticleFactory()
    mailing = MailingFactory(article=article)
    page = desk.get(reverse("admin:newsletter_article_change", args=[article.pk]))
    assert reverse("admin:newsletter_mailing_change", args=[mailing.pk]) in page.content.decode()


def test_a_person_shows_what_went_to_them(django_assert_num_queries) -> None:
    mailing = prepared_mailing(readers=1, subject="A <letter>")
    delivery = mailing.deliveries.get()
    delivery.state, delivery.error = "failed", "550 no such user"
    delivery.save()
    person = delivery.user
    with django_assert_num_queries(1):
        html = render("{% deliveries_of person %}", person=person)
    assert "A &lt;letter&gt;" in html
    assert "550 no such user" in html
    other = prepared_mailing(readers=1).deliveries.get().user
    assert "A &lt;letter&gt;" not in render("{% deliveries_of person %}", person=other)
