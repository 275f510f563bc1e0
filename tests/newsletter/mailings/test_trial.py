"""Test mails look real, and change and disclose nothing (M23)."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

import pytest

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.mailings import actions
from newsletter.mailings.models import Batch, Delivery, Mailing, MailingEvent
from newsletter.mailings.outcomes import Result
from newsletter.memberships.enums import Access
from newsletter.subscribers.models import Subscription
from tests.factories.mailings import SentArticleFactory, prepared_mailing, subscribe
from tests.smtp_server import SmtpServer


def test_m23_test_mail_counts_nothing_and_cannot_unsubscribe(
    server: SmtpServer, author: User, client
) -> None:
    article = SentArticleFactory(send_requested_at=None)
    subscribe(article.newsletter, 2)
    outcome = actions.send_test(actor=author, article=article, to=author.email)
    assert outcome.result is Result.ACCEPTED
    ((to, raw),) = server.accepted
    mail = message_from_bytes(raw, policy=default)
    assert to == author.email
    assert mail["Subject"] == f"[Test] {article.title}"
    assert not [name for name in mail if name.startswith("List-")]
    assert mail["Feedback-ID"] is None
    for model in (Mailing, Batch, Delivery, MailingEvent):
        assert not model.objects.exists()
    body = mail.get_body(("plain",)).get_content()
    assert "@@" not in body
    assert "The first offer is a question." in body
    # Wherever its link leads, nobody is unsubscribed by it.
    link = next(word for word in body.split() if "/unsubscribe/" in word)
    path = "/" + link.partition("//")[2].partition("/")[2]
    for method in (client.get, client.post):
        assert method(path).status_code in {200, 400, 404, 410}
    assert Subscription.objects.filter(state="active").count() == 2


def test_m23_test_of_a_mailing_that_is_under_way_leaves_it_alone(
    server: SmtpServer, author: User
) -> None:
    mailing = prepared_mailing(readers=2)
    actions.send_test(actor=author, mailing=mailing, to="me@example.com")
    assert server.recipients == ["me@example.com"]
    assert set(Delivery.objects.values_list("state", flat=True)) == {"queued"}


def test_m18_the_test_of_a_mailing_under_way_is_the_mail_as_frozen(
    server: SmtpServer, author: User
) -> None:
    article = SentArticleFactory(body="<p>As it was sent.</p>")
    mailing = prepared_mailing(article=article, newsletter=article.newsletter)
    Article.objects.update(body="<p>Changed.</p>", title="Changed")
    actions.send_test(actor=author, mailing=Mailing.objects.get(), to="me@example.com")
    mail = message_from_bytes(server.accepted[0][1], policy=default)
    assert mail["Subject"] == f"[Test] {mailing.subject}"
    assert "As it was sent." in mail.get_body(("plain",)).get_content()


@pytest.mark.parametrize(("variant", "sees_it"), [("full", True), ("free", False)])
def test_each_variant_can_be_tested(
    server: SmtpServer, author: User, variant: str, sees_it: bool
) -> None:
    article = SentArticleFactory(
        access=Access.PAID, body="<p>For all.</p><hr data-paywall><p>For some.</p>"
    )
    actions.send_test(actor=author, article=article, to="me@example.com", variant=variant)
    mail = message_from_bytes(server.accepted[0][1], policy=default)
    assert ("For some." in mail.get_body(("html",)).get_content()) is sees_it


def test_refusal_is_told(server: SmtpServer, author: User) -> None:
    server.script = lambda command, argument, n: "550 5.1.1 nobody" if command == "RCPT" else None
    outcome = actions.send_test(actor=author, article=SentArticleFactory(), to="me@example.com")
    assert (outcome.result, outcome.error) == (Result.REFUSED, "550 5.1.1 nobody")


def test_what_is_no_address_is_refused(server: SmtpServer, author: User) -> None:
    with pytest.raises(ValueError, match="no address"):
        actions.send_test(
            actor=author, article=SentArticleFactory(), to="a@b.example\r\nRCPT TO:<c@d.example>"
        )
    assert server.commands == []
