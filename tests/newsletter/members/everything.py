"""Somebody of whom the site holds a row by every field that leads to a person."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection, models
from django.utils import timezone

from newsletter.accounts.models import SignInRequest, User
from newsletter.articles.actions import make_gift_link, renew_private_feed
from newsletter.articles.models import Article
from newsletter.comments.actions import ban_person, report_comment
from newsletter.comments.models import AkismetCase, Comment, Like, NoticeChoice, ThreadMute
from newsletter.lib.plain_rows import PlainRow
from newsletter.mailings.enums import DeliveryState
from newsletter.mailings.models import Batch, Delivery
from newsletter.members.models import DataExport, MemberNote, SupportVisit
from newsletter.members.personal_data import Held, data_parts
from newsletter.memberships.actions import grant_comp, record
from newsletter.memberships.models import Tier
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments.actions import invite_to_seat
from newsletter.payments.models import (
    Checkout,
    Customer,
    Gift,
    Membership,
    Movement,
    Order,
    PaymentPlan,
    Price,
    Seat,
)
from newsletter.subscribers.actions import suppress
from newsletter.subscribers.enums import SuppressionReason
from newsletter.subscribers.models import (
    ConsentEvent,
    ImportLine,
    Newsletter,
    SubscriberImport,
    Subscription,
    SubscriptionRequest,
)
from tests.factories.articles import PublishedArticleFactory
from tests.factories.comments import place_for, say, set_rules, thread_of
from tests.factories.courses import ProductFactory
from tests.factories.mailings import MailingFactory
from tests.factories.memberships import TierFactory
from tests.factories.subscribers import NewsletterFactory
from tests.newsletter.members.learning import give_learning
from tests.newsletter.payments.shop import Shop

ADDRESS = "ada.lovelace@example.org"
NAME = "Ada Lovelace-Byron"


def ip_of(user: User) -> str:
    """A network address of one person alone."""
    return f"198.51.100.{user.pk % 250 + 1}"


def give_everything(user: User, *, author: User) -> None:
    """Have every slice hold something on `user`; `author` does what staff do."""
    set_rules()
    _account(user)
    _mail(user, author)
    article = PublishedArticleFactory(author=author, access="paid", body="<p>a</p><p>b</p>")
    _access(user, author, article)
    _money(user)
    _talk(user, author)
    give_learning(user, author=author)
    _desk(user, author)


def _account(user: User) -> None:
    now = timezone.now()
    user.groups.add(Group.objects.get_or_create(name="Proof readers")[0])
    user.user_permissions.add(Permission.objects.get(codename="view_tag"))
    store = SessionStore()
    store["account_authentication_methods"] = [{"method": "code", "email": user.email}]
    store.save()
    UserSession.objects.create(
        user=user, session_key=store.session_key, ip=ip_of(user), user_agent="Firefox", data={}
    )
    for whose in (user, None):
        SignInRequest.objects.create(
            user=whose,
            address=user.email,
            code_hash="x",
            link_hash=f"{user.pk}-{whose}",
            created_at=now,
            expires_at=now + timedelta(minutes=15),
        )
    Authenticator.objects.create(user=user, type="totp", data={"secret": "s"})
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


def _mail(user: User, author: User) -> None:
    letter = NewsletterFactory()
    list_import = SubscriberImport.objects.create(newsletter=letter, original_name="list.csv")
    ImportLine.objects.create(
        job=list_import, number=user.pk, address=user.email, outcome="updated", message="x"
    )
    Subscription.objects.create(
        user=user,
        newsletter=letter,
        state="active",
        consent_at=timezone.now(),
        consent_detail=f"On /about/ as {user.email}",
        request_ip=ip_of(user),
        consent_ip=ip_of(user),
        imported_by=list_import,
    )
    ConsentEvent.objects.create(
        user=user, newsletter=letter, what="confirmed", detail=f"as {user.email}", ip=ip_of(user)
    )
    SubscriptionRequest.objects.create(
        address=user.email, user=user, name=user.name, ip=ip_of(user), confirmed_ip=ip_of(user)
    )
    suppress(
        address=user.email,
        reason=SuppressionReason.COMPLAINT,
        newsletter=NewsletterFactory(),
        detail=f"{user.name} wrote",
    )
    for state in (DeliveryState.ACCEPTED, DeliveryState.FAILED, DeliveryState.QUEUED):
        deliver(user, letter, state)
    OutgoingEmail.objects.create(
        kind="x", to=user.email, subject=f"Dear {user.name}", text=user.name, headers={}
    )


def deliver(user: User, letter: Newsletter, state: DeliveryState, **fields: Any) -> Delivery:
    """One letter to one person, in this state."""
    mailing = MailingFactory(newsletter=letter, state="sending", audience_count=1)
    return Delivery.objects.create(
        mailing=mailing,
        batch=Batch.objects.create(mailing=mailing, number=1),
        user=user,
        address=user.email,
        subscription_id=1,
        state=state,
        error=f"550 <{user.email}> unknown",
        provider_id=f"{user.email}/1",
        **fields,
    )


def _access(user: User, author: User, article: Article) -> None:
    tier = TierFactory()
    grant_comp(actor=author, user=user, tier=tier, reason=f"{user.name} is a friend")
    renew_private_feed(actor=user)
    make_gift_link(actor=user, article=article)


def _money(user: User) -> None:
    """Something of every kind without asking Stripe."""
    now, tier = timezone.now(), TierFactory()
    price = Price.objects.create(tier=tier, interval="month", amount=500, currency="eur")
    Customer.objects.create(user=user, stripe_id=f"cus_of_{user.pk}")
    mine = _membership(user, tier, price, cancel_reason=f"too dear, says {user.name}")
    mine.instalments.create(
        stripe_payment_intent_id=f"pi_{user.pk}",
        amount=500,
        currency="eur",
        receipt_url=f"https://stripe.example/{user.email}",
        error=f"card of {user.name}",
    )
    mine.bills.create(
        stripe_id=f"in_{user.pk}",
        status="paid",
        yearly=6000,
        currency="eur",
        issued_at=now,
        hosted_url=f"https://stripe.example/{user.email}",
    )
    _plan(user)
    Movement.objects.create(
        user=user, membership=mine, tier=tier, at=now, kind="new", currency="eur", before=0, after=1
    )
    order = Order.objects.create(
        user=user, kind="gift", amount=1, currency="eur", status="paid", message=f"from {user.name}"
    )
    Gift.objects.create(
        order=order,
        tier=tier,
        recipient_email=f"friend-of-{user.pk}@example.net",
        message=f"Yours, {user.name}",
        deliver_at=now,
        state="delivered",
    )
    Checkout.objects.create(user=user, state="completed", url=f"https://pay.example/{user.email}")
    _from_others(user, tier, price)


def _plan(user: User) -> None:
    """Something that was paid in parts."""
    product = ProductFactory()
    price = Price.objects.create(
        product=product, interval="plan", instalments=4, amount=100, currency="eur"
    )
    plan = PaymentPlan.objects.create(
        user=user,
        product=product,
        price=price,
        stripe_id=f"sub_plan_{user.pk}",
        status="canceled",
        instalments=4,
        amount=100,
        currency="eur",
        started_at=timezone.now(),
    )
    plan.payments.create(
        stripe_payment_intent_id=f"pi_plan_{user.pk}",
        amount=100,
        currency="eur",
        receipt_url=f"https://stripe.example/{user.email}",
        error=f"card of {user.name}",
    )


def _from_others(user: User, tier: Tier, price: Price) -> None:
    giver = User.objects.create_user(f"giver-to-{user.pk}@example.net")
    group = _membership(giver, tier, price, quantity=3)
    invite_to_seat(actor=giver, membership=group, email=user.email)
    Seat.objects.filter(email=user.email).update(user=user, state="active")
    order = Order.objects.create(user=giver, kind="gift", amount=1, currency="eur", status="paid")
    gift = Gift.objects.create(
        order=order,
        tier=tier,
        recipient_email=user.email,
        recipient_name=user.name,
        message=f"Dear {user.name}",
        deliver_at=timezone.now(),
        state="redeemed",
        redeemed_by=user,
    )
    record(user=giver, what="gift_redeemed", detail=str(gift), actor=user)


def _membership(user: User, tier: Tier, price: Price, **fields: Any) -> Membership:
    defaults = {"status": "active" if "quantity" in fields else "canceled"}
    return Membership.objects.create(
        user=user,
        tier=tier,
        price=price,
        stripe_id=f"sub_{user.pk}",
        started_at=timezone.now(),
        currency="eur",
        **{**defaults, **fields},
    )


def _talk(user: User, author: User) -> None:
    article = PublishedArticleFactory(author=author)
    said = say(article, user)
    theirs = say(article, author)
    Like.objects.create(comment=theirs, user=user)
    report_comment(
        actor=user, comment=theirs, place=place_for(article), reason="rude", note_text=user.name
    )
    Comment.objects.create(
        thread=thread_of(article), guest_email=user.email, name=user.name, state="unconfirmed"
    )
    AkismetCase.objects.create(comment=said, ip=ip_of(user), user_agent="Reader")
    ban_person(actor=author, user=user, reason=f"{user.name} shouts", note_text=user.email)
    ThreadMute.objects.create(thread=said.thread, user=user)
    NoticeChoice.objects.create(user=user, replies=False)


def _desk(user: User, author: User) -> None:
    MemberNote.objects.create(user=user, author=author, text=f"{user.name} is kind")
    SupportVisit.objects.create(
        user=user,
        actor=author,
        reason=f"{user.name} asked",
        link_hash=f"v{user.pk}",
        link_expires_at=timezone.now(),
    )
    made = DataExport.objects.create(user=user, asked_by=user, state="ready")
    storages["private"].save(made.path, ContentFile(user.email.encode()))
    for row in (user, user.grants.first(), user.comments.first(), user.orders.first()):
        LogEntry.objects.create(
            user=author,
            content_type=ContentType.objects.get_for_model(type(row)),
            object_id=str(row.pk),
            object_repr=f"{row} {user.name}",
            action_flag=CHANGE,
            change_message=f"E-mail {user.email}",
        )


def somebody_with_everything(shop: Shop, author: User) -> User:
    """The shop's reader, of whom Stripe tells things too: they pay for a membership now."""
    reader = shop.reader
    User.objects.filter(pk=reader.pk).update(email=ADDRESS, name=NAME, time_zone="Europe/London")
    reader.refresh_from_db()
    shop.join()
    give_everything(reader, author=author)
    return reader


# Looking for what is left.


def statements() -> list[Held]:
    """Everything that the parts state."""
    return [held for part in data_parts() for held in part.held]


def rows_by(held: Held, user: User) -> models.QuerySet[Any]:
    """The rows that are `user`'s by this field."""
    label, _dot, name = held.field.rpartition(".")
    model = apps.get_model(label)
    field = model._meta.get_field(name)
    if field.is_relation:
        value: Any = user
    else:
        value = ip_of(user) if isinstance(field, models.GenericIPAddressField) else user.email
    return model._base_manager.filter(**{name: value})


def columns_with(*words: str) -> list[str]:
    """Every column of every table of the database in which one of these words stands."""
    found = []
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            for column in connection.introspection.get_table_description(cursor, table):
                text = f"lower(CAST({quote(column.name)} AS text))"
                where = " OR ".join([f"{text} LIKE %s"] * len(words))
                cursor.execute(
                    f"SELECT count(*) FROM {quote(table)} WHERE {where}",
                    [f"%{word.lower()}%" for word in words],
                )
                if cursor.fetchall()[0][0]:
                    found.append(f"{table}.{column.name}")
    return found


def unpack(export: DataExport) -> zipfile.ZipFile:
    """The file of a copy."""
    with storages["private"].open(export.path) as file:
        return zipfile.ZipFile(io.BytesIO(file.read()))


Tables = dict[str, list[PlainRow]]
