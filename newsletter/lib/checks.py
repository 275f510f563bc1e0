"""System checks: a bad setting fails at start with a hint, not at three in the morning.

`manage.py check` runs them; config/wsgi.py and the worker run them too and refuse to start on an
error. Ids are stable: they are what people search for and what SILENCED_SYSTEM_CHECKS names.
"""

from __future__ import annotations

import importlib.util
import os
import zoneinfo
from collections.abc import Sequence
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.core.management.base import SystemCheckError
from django.utils.translation import get_supported_language_variant

from newsletter.lib.addresses import is_address

DEMO_BACKENDS = frozenset(
    {
        "newsletter.lib.mailbox.LocalMailboxBackend",
        "django.core.mail.backends.console.EmailBackend",
        "django.core.mail.backends.dummy.EmailBackend",
        "django.core.mail.backends.filebased.EmailBackend",
        "django.core.mail.backends.locmem.EmailBackend",
    }
)
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
# What the key in .env.example begins with; whoever has read that file could sign in with it. At
# that file's own host, which is nobody's, it is an example among others.
EXAMPLE_KEY = "change-me"
EXAMPLE_HOST = "letters.example.com"
# Each process has one of its own.
LONELY_CACHES = frozenset({"locmem.LocMemCache", "dummy.DummyCache"})
LEAST = {
    "HOSTS": 1,
    "MAILINGS_BATCH_SIZE": 1,
    "MAILINGS_PARALLEL_BATCHES": 1,
    "PAGE_CACHE_SECONDS": 0,
    "PAST_DUE_GRACE_DAYS": 0,
    "TRUSTED_PROXIES": 0,
}


def refuse_to_start() -> None:
    """Raise SystemCheckError, with every finding and hint, where a check finds an error."""
    faults = [
        fault for fault in find_setting_faults() if fault.is_serious() and not fault.is_silenced()
    ]
    if faults:
        raise SystemCheckError("\n".join(str(fault) for fault in faults))


@register(Tags.security)
def check_settings(app_configs: Any, **_: Any) -> Sequence[CheckMessage]:
    """Run by `manage.py check`."""
    return find_setting_faults()


def find_setting_faults() -> list[CheckMessage]:
    """Return every fault of the settings, the serious ones as errors."""
    faults = [*_time_zone(), *_folders(), *_mailings(), *_stripe_keys(), *_gifts()]
    faults += [*_lesson_files(), *_numbers(), *_site_address(), *_language()]
    if not settings.DEBUG:
        faults += [*_secret_key(), *_demo_pieces(), *_site_url(), *_mail(), *_broker(), *_cache()]
        faults += [*_sender(), *_proxy(), *_database()]
    return faults


def _secret_key() -> list[CheckMessage]:
    is_real = settings.SITE_HOST not in {EXAMPLE_HOST, *LOCAL_HOSTS}
    if is_real and settings.SECRET_KEY.startswith(EXAMPLE_KEY):
        return [
            Error(
                "SECRET_KEY is the one of .env.example, which everybody knows.",
                hint="Make one of your own:"
                " python3 -c 'import secrets; print(secrets.token_urlsafe(50))'",
                id="masthead.E021",
            )
        ]
    if settings.SECRET_KEY_SOURCE in {"environment", "file"}:
        return []
    return [
        Error(
            "SECRET_KEY is not set.",
            hint="Set it to 50 or more random characters, the same for every process, and keep it:"
            " python3 -c 'import secrets; print(secrets.token_urlsafe(50))'",
            id="masthead.E001",
        )
    ]


def _demo_pieces() -> list[CheckMessage]:
    faults: list[CheckMessage] = []
    if settings.DEMO_PASSWORD:
        faults.append(
            Error(
                "DEMO_PASSWORD is set while DEBUG is off.",
                hint="The demo's log-in is public knowledge: unset DEMO_PASSWORD.",
                id="masthead.E002",
            )
        )
    if settings.STRIPE_DEMO:
        faults.append(
            Error(
                "STRIPE_DEMO is on while DEBUG is off.",
                hint="Nobody pays in the demo: set STRIPE_SECRET_KEY, or leave payments out.",
                id="masthead.E008",
            )
        )
    if not getattr(settings, "STAFF_SECOND_FACTOR", True):
        faults.append(
            Error(
                "STAFF_SECOND_FACTOR is off while DEBUG is off.",
                hint="Unset it: staff sign in with a password and a second factor.",
                id="masthead.E003",
            )
        )
    return faults


def _stripe_keys() -> list[CheckMessage]:
    key = settings.STRIPE_SECRET_KEY
    if key and not key.startswith(("sk_", "rk_")):
        return [
            Error(
                "STRIPE_SECRET_KEY is no secret key.",
                hint="It begins with rk_ (a restricted key, which is best) or sk_; the publishable"
                " one (pk_) is not needed.",
                id="masthead.E009",
            )
        ]
    if key and not settings.STRIPE_WEBHOOK_SECRET.strip():
        return [
            CheckWarning(
                "STRIPE_WEBHOOK_SECRET is not set: every webhook is refused, and payments are seen"
                " by the nightly reconciliation only.",
                hint="Make a webhook endpoint for SITE_URL/stripe/webhook/ at Stripe and set its"
                " signing secret (whsec_…).",
                id="masthead.W002",
            )
        ]
    return []


def _site_address() -> list[CheckMessage]:
    parts = urlsplit(settings.SITE_URL)
    rest = parts.path or parts.query or parts.fragment or parts.username
    # Browsers ask for a host by its ASCII form, and no other would be let in.
    is_host = bool(parts.hostname) and parts.netloc.isascii()
    if parts.scheme in {"http", "https"} and is_host and not rest:
        return []
    return [
        Error(
            f"SITE_URL is {settings.SITE_URL!r}: every link in a mail begins with it.",
            hint="Set it to scheme and host, and nothing after them: https://your.domain. A host"
            " with other letters than English is written as xn--….",
            id="masthead.E022",
        )
    ]


def _site_url() -> list[CheckMessage]:
    if settings.SITE_URL.startswith("https://") or settings.SITE_HOST in LOCAL_HOSTS:
        return []
    return [
        Error(
            f"SITE_URL is {settings.SITE_URL}, not an https address.",
            hint="One-click unsubscribe (RFC 8058), passkeys and safe cookies need https:"
            " set SITE_URL=https://your.domain.",
            id="masthead.E004",
        )
    ]


def _mail() -> list[CheckMessage]:
    if settings.EMAIL_BACKEND not in DEMO_BACKENDS:
        return []
    return [
        Error(
            f"Mail goes to {settings.EMAIL_BACKEND}, which delivers to nobody.",
            hint="Set EMAIL_URL (smtp+tls://user:password@host:587) or EMAIL_BACKEND to one of"
            " anymail's with its key in ANYMAIL.",
            id="masthead.E005",
        )
    ]


def _sender() -> list[CheckMessage]:
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    if is_address(address) or address.rpartition("@")[2] in LOCAL_HOSTS:
        return []
    return [
        Error(
            f"DEFAULT_FROM_EMAIL is {settings.DEFAULT_FROM_EMAIL!r}, which is no address.",
            hint="Set it to hello@your.domain; a name with a comma in it needs quotation marks:"
            ' "Ada, Inc." <hello@your.domain>.',
            id="masthead.E025",
        )
    ]


def _broker() -> list[CheckMessage]:
    if not settings.CELERY_BROKER_URL.startswith("filesystem://"):
        return []
    database = settings.DATABASES["default"]
    host = str(database.get("HOST") or "")
    local = not host or host.startswith("/") or host in LOCAL_HOSTS
    if local and settings.HOSTS == 1:
        return []
    return [
        Error(
            "Celery's broker is made of files, but the site runs on more than one host.",
            hint="Files are not shared between hosts: set CELERY_BROKER_URL to redis://… or"
            " amqp://… (or HOSTS=1 and a local database if this is the only host).",
            id="masthead.E006",
        )
    ]


def _database() -> list[CheckMessage]:
    if settings.HOSTS == 1 or not settings.DATABASES["default"]["ENGINE"].endswith(".sqlite3"):
        return []
    return [
        Error(
            "The database is a file of SQLite, but the site runs on more than one host.",
            hint="Set DATABASE_URL to postgres://… (or HOSTS=1 if this is the only host).",
            id="masthead.E027",
        )
    ]


def _cache() -> list[CheckMessage]:
    backend = settings.CACHES["default"]["BACKEND"]
    is_lonely = backend.removeprefix("django.core.cache.backends.") in LONELY_CACHES
    if not is_lonely and (settings.HOSTS == 1 or not backend.endswith(".FileBasedCache")):
        return []
    return [
        Error(
            f"The cache ({backend}) is not shared by all processes.",
            hint="What is published on one would not be seen on the others: set CACHE_URL to"
            " redis://… (or leave it out, and HOSTS=1, if this is the only host).",
            id="masthead.E023",
        )
    ]


def _proxy() -> list[CheckMessage]:
    if not settings.SECURE_SSL_REDIRECT or settings.SECURE_PROXY_SSL_HEADER:
        return []
    return [
        CheckWarning(
            "SITE_URL is https and BEHIND_PROXY is off: a proxy that ends TLS would send everybody"
            " round in circles.",
            hint="Set BEHIND_PROXY=true and have the proxy set X-Forwarded-Proto. Where the web"
            " server speaks TLS itself, all is well.",
            id="masthead.W004",
        )
    ]


def _numbers() -> list[CheckMessage]:
    return [
        Error(
            f"{name} is {getattr(settings, name)}, and must be {least} or more.",
            hint='The README explains every variable under "Configuration".',
            id="masthead.E024",
        )
        for name, least in LEAST.items()
        if getattr(settings, name) < least
    ]


def _language() -> list[CheckMessage]:
    try:
        get_supported_language_variant(settings.LANGUAGE_CODE)
    except LookupError:
        return [
            Error(
                f"LANGUAGE_CODE {settings.LANGUAGE_CODE!r} is not a known language.",
                hint="Use a code such as en, de or pt-br.",
                id="masthead.E026",
            )
        ]
    return []


def _time_zone() -> list[CheckMessage]:
    try:
        zoneinfo.ZoneInfo(settings.TIME_ZONE)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return [
            Error(
                f"TIME_ZONE {settings.TIME_ZONE!r} is not a known time zone.",
                hint="Use a name such as Europe/Vienna.",
                id="masthead.E007",
            )
        ]
    return []


def _folders() -> list[CheckMessage]:
    folder = Path(settings.DATA_DIR)
    while not folder.exists():
        folder = folder.parent
    if os.access(folder, os.W_OK):
        return []
    return [
        CheckWarning(
            f"DATA_DIR {settings.DATA_DIR} cannot be written by this user.",
            hint="Uploads and the embedded database live there: change its owner or set DATA_DIR.",
            id="masthead.W001",
        )
    ]


def _mailings() -> list[CheckMessage]:
    if settings.MAILINGS_LEASE_SECONDS > settings.EMAIL_TIMEOUT:
        return []
    return [
        CheckWarning(
            "MAILINGS_LEASE_SECONDS is not longer than EMAIL_TIMEOUT.",
            hint="A worker that waits for a slow mail server would be taken for dead, and its mails"
            " for unknown: raise the first or lower the second.",
            id="masthead.W003",
        )
    ]


def _gifts() -> list[CheckMessage]:
    if settings.GIFT_LINK_OPENINGS >= 1 and settings.GIFT_LINK_DAYS >= 1:
        return []
    return [
        Error(
            "GIFT_LINK_OPENINGS and GIFT_LINK_DAYS must be 1 or more, or gift links open nothing.",
            hint="To let members give nothing away, set GIFT_LINKS_A_MONTH to 0.",
            id="masthead.E014",
        )
    ]


def _lesson_files() -> list[CheckMessage]:
    stored = settings.STORAGES["courses"]
    if not stored["BACKEND"].startswith("storages."):
        return []
    if importlib.util.find_spec("storages") is None or importlib.util.find_spec("boto3") is None:
        return [
            Error(
                "COURSES_S3_BUCKET is set, but django-storages is not installed.",
                hint="pip install 'masthead[s3]', or unset it: files then lie in DATA_DIR.",
                id="masthead.E016",
            )
        ]
    if stored["OPTIONS"]["access_key"] and stored["OPTIONS"]["secret_key"]:
        return []
    return [
        Error(
            "COURSES_S3_KEY and COURSES_S3_SECRET are not both set.",
            hint="Without them no link to a lesson's file can be signed.",
            id="masthead.E017",
        )
    ]
