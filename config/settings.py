"""All settings, read from the environment (README, "Configuration", has the table).

Without any variable this is the embedded default: SQLite, a broker made of files, a mailbox
folder. Production is the same file with other variables; `newsletter/lib/checks.py` says what is
missing.
"""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path
from typing import Any

import environ
from csp.constants import SELF
from django.urls import reverse_lazy
from kombu import Queue

from config.beat import NUDGE_SECONDS, beat_schedule  # noqa: F401 - a setting
from config.desk import (  # noqa: F401 - a setting is a name of this module
    ADMIN_CONTENT_SECURITY_POLICY,
    DJANGO_PROSE_EDITOR_EXTENSIONS,
    UNFOLD,
)
from config.storage import courses_storage, media_origins
from newsletter.lib.environment import Environment
from newsletter.lib.logs import LEVELS, logging_config
from newsletter.lib.secret_file import read_or_create_secret

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()
if (BASE_DIR / ".env").is_file():
    env.read_env(str(BASE_DIR / ".env"))

# ── What kind of run this is ──────────────────────────────────────────────────────────────────
DEBUG = env.bool("DEBUG", default=False)
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
PORT = env.int("PORT", default=8000)
SITE_URL = env.str("SITE_URL", default=f"http://localhost:{PORT}").rstrip("/")
SITE_HOST = environ.urlparse(SITE_URL).hostname or "localhost"
ALLOWED_HOSTS = [SITE_HOST, *map(str.strip, env.list("ALLOWED_HOSTS", default=[]))]
if DEBUG:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [SITE_URL]

# A missing key must not stop `manage.py check` from saying so: a throw-away key stands in, and
# check masthead.E001 (which config/wsgi.py and config/celery.py run too) refuses to start on it.
SECRET_KEY_SOURCE = "environment"  # noqa: S105 - the name of a source, not a secret
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY and DEBUG:
    SECRET_KEY_SOURCE = "file"  # noqa: S105
    # Where the folder cannot be written, run_site says so in one line.
    with contextlib.suppress(OSError):
        SECRET_KEY = read_or_create_secret(DATA_DIR / "secret-key")
if not SECRET_KEY:
    SECRET_KEY_SOURCE = "missing"  # noqa: S105
    SECRET_KEY = secrets.token_urlsafe(50)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

# ── Applications ──────────────────────────────────────────────────────────────────────────────
INSTALLED_APPS = [
    "newsletter.apps.NewsletterConfig",
    "courses.apps.CoursesConfig",
    "unfold.apps.DefaultAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "anymail",
    "csp",
    "django_htmx",
    "django_prose_editor",
    "js_asset",
    "simple_history",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "newsletter.lib.page_cache.PageCacheMiddleware",
    "newsletter.lib.csp.MastheadCSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "newsletter.publication.middleware.PublicationLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "newsletter.members.middleware.SupportVisitMiddleware",
    "newsletter.accounts.middleware.TimeZoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "newsletter.accounts.middleware.StaffSecondFactorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "newsletter.publication.odd_input.OddInputMiddleware",
]
if DEBUG:
    MIDDLEWARE += ["newsletter.publication.middleware.DesignedNotFoundMiddleware"]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "newsletter.publication.context.publication",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ── Database ──────────────────────────────────────────────────────────────────────────────────
DATABASE_URL = env.str("DATABASE_URL", default="") or f"sqlite:///{DATA_DIR}/masthead.sqlite3"
DATABASES = {"default": environ.Env.db_url_config(DATABASE_URL)}
DATABASES["default"]["ATOMIC_REQUESTS"] = False
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    with contextlib.suppress(OSError):  # check masthead.W001 and run_site say it better
        DATA_DIR.mkdir(parents=True, exist_ok=True)
    # IMMEDIATE: a transaction that reads and then writes waits for the lock at its start; the
    # default takes it in the middle and fails at once with "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": (
            "PRAGMA journal_mode=WAL;"
            "PRAGMA synchronous=NORMAL;"
            "PRAGMA temp_store=MEMORY;"
            "PRAGMA mmap_size=134217728;"
            "PRAGMA journal_size_limit=67108864;"
            "PRAGMA cache_size=-20000;"
        ),
    }
    # A file, not memory: the tests start a real worker process on the same database.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# ── Cache: shared by all processes, for rate limits live there ────────────────────────────────
CACHE_URL = env.str("CACHE_URL", default="")
CACHES = {
    "default": env.cache_url_config(CACHE_URL)
    if CACHE_URL
    else {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": str(DATA_DIR / "cache"),
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

# Whole pages for visitors, kept this long at most; publishing forgets them at once.
PAGE_CACHE_SECONDS = env.int("PAGE_CACHE_SECONDS", default=0 if DEBUG else 60)

# ── Mailings ──────────────────────────────────────────────────────────────────────────────────
MAILINGS_BATCH_SIZE = env.int("MAILINGS_BATCH_SIZE", default=200)
# Batches under way at once in all workers. At least one worker process more than this should
# run, so that a sign-in code always finds one free.
MAILINGS_PARALLEL_BATCHES = env.int("MAILINGS_PARALLEL_BATCHES", default=1)
# Without a sign of life for so long, a worker is taken for dead. Longer than EMAIL_TIMEOUT.
MAILINGS_LEASE_SECONDS = env.int("MAILINGS_LEASE_SECONDS", default=120)
MAILINGS_TASK_SECONDS = env.int("MAILINGS_TASK_SECONDS", default=30)
# Between two looks for what is due or was lost: the longest that "publish and send" waits.
MAILINGS_SWEEP_SECONDS = env.float("MAILINGS_SWEEP_SECONDS", default=5)

# ── Celery: nudges only, the truth is in database rows that a beat sweep finishes ─────────────
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://")
CELERY_FILE_BROKER_DIR = DATA_DIR / "broker"
# Remote control wants a broadcast exchange; files have none worth the name.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = not CELERY_BROKER_URL.startswith("filesystem://")
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 4
CELERY_TASK_DEFAULT_QUEUE = "default"
# A sign-in code never waits behind a newsletter: mail to one person has a queue of its own.
CELERY_TASK_ROUTES = {
    "newsletter.outbox.tasks.*": {"queue": "urgent"},
    "newsletter.subscribers.tasks.answer_subscription_request": {"queue": "urgent"},
    "newsletter.mailings.tasks.*": {"queue": "mailings"},
}
CELERY_TASK_QUEUES = [Queue(name) for name in ("urgent", "default", "mailings")]
CELERY_BEAT_SCHEDULE = beat_schedule(mailings_seconds=MAILINGS_SWEEP_SECONDS)
CELERY_TIMEZONE = "UTC"

# ── Mail ──────────────────────────────────────────────────────────────────────────────────────
MAILBOX_DIR = DATA_DIR / "mailbox"
EMAIL_URL = env.str("EMAIL_URL", default="")
if EMAIL_URL:
    for _name, _value in env.email_url_config(EMAIL_URL).items():
        if _name.startswith("EMAIL_"):
            globals()[_name] = _value
else:
    EMAIL_BACKEND = env.str("EMAIL_BACKEND", default="newsletter.lib.mailbox.LocalMailboxBackend")
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=30)
ANYMAIL = env.dict("ANYMAIL", default={})
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"hello@{SITE_HOST}")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# ── Payments ──────────────────────────────────────────────────────────────────────────────────
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="")
# Without a key and with DEBUG the project's own stand-in for Stripe answers (demo payments).
STRIPE_DEMO = DEBUG and not STRIPE_SECRET_KEY
STRIPE_AUTOMATIC_TAX = env.bool("STRIPE_AUTOMATIC_TAX", default=False)
# What happens to access when money does not come, comes back, or is fought over.
PAST_DUE_GRACE_DAYS = env.int("PAST_DUE_GRACE_DAYS", default=7)
PARTIAL_REFUND_REVOKES = env.bool("PARTIAL_REFUND_REVOKES", default=False)
DISPUTE_SUSPENDS = env.bool("DISPUTE_SUSPENDS", default=True)
TIPS_ENABLED = env.bool("TIPS_ENABLED", default=True)
WITHDRAWAL_ENABLED = env.bool("WITHDRAWAL_ENABLED", default=True)
GIFT_LINK_OPENINGS = env.int("GIFT_LINK_OPENINGS", default=5)
GIFT_LINK_DAYS = env.int("GIFT_LINK_DAYS", default=30)
GIFT_LINKS_A_MONTH = env.int("GIFT_LINKS_A_MONTH", default=10)
UNLOCK_CODES_ENABLED = env.bool("UNLOCK_CODES_ENABLED", default=True)

# ── People ────────────────────────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "newsletter.User"
# Django's own alone: allauth's would hash every wrong password a second time.
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/account/"
# django-allauth: staff's passwords, second factors and sessions. Readers' codes are our own
# (newsletter/accounts/models.py says why); newsletter/accounts/allauth_urls.py, what is mounted.
ACCOUNT_ADAPTER = "newsletter.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
MFA_ADAPTER = "newsletter.accounts.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG
# One period of 30 seconds either way: phones' clocks are off, and people type slowly.
MFA_TOTP_TOLERANCE = 1
# Log-in of the demo's author, shown by `make run`; check masthead.E002 forbids it without DEBUG.
DEMO_PASSWORD = env.str("DEMO_PASSWORD", default="")
# Staff show a password and a second factor before the admin opens. Off for the demo, so that it
# can be tried at once; check masthead.E003 forbids that without DEBUG.
STAFF_SECOND_FACTOR = env.bool("STAFF_SECOND_FACTOR", default=not (DEBUG and DEMO_PASSWORD))

# ── Language and time ─────────────────────────────────────────────────────────────────────────
LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="en")
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_I18N = True
USE_TZ = True
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "config.formats"

# ── Files ─────────────────────────────────────────────────────────────────────────────────────
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(DATA_DIR / "static")))
MEDIA_URL = "/media/"
MEDIA_ROOT = DATA_DIR / "media"
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # What no address leads to: copies of people's data. Views hand it out to whom it is about.
    "private": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": DATA_DIR / "private",
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
    # Lessons' files and what learners hand in; nothing of it has an address of its own.
    "courses": courses_storage(env, DATA_DIR / "courses"),
}
WHITENOISE_USE_FINDERS = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024

# ── Security ──────────────────────────────────────────────────────────────────────────────────
# More than one host needs a broker and a cache that all of them reach.
HOSTS = env.int("HOSTS", default=1)
SECURE_TLS = SITE_URL.startswith("https://")
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
)
# How many proxies of ours append to X-Forwarded-For; the client's address is that far from its end.
TRUSTED_PROXIES = env.int(
    "TRUSTED_PROXIES", default=1 if env.bool("BEHIND_PROXY", default=False) else 0
)
SECURE_SSL_REDIRECT = SECURE_TLS and env.bool("SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000 if SECURE_TLS else 0)
# A site at example.com must not take http from shop.example.com, which it knows nothing of. So
# Django's hints to do it, and to have browsers know it beforehand, are not for everyone.
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.bool("HSTS_SUBDOMAINS", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_TLS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 60
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "media-src": [SELF, *media_origins(STORAGES["courses"])],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": [SELF],
        "frame-ancestors": ["'none'"],
    },
}

# ── Logs ──────────────────────────────────────────────────────────────────────────────────────
LOGGING = logging_config(as_json=not DEBUG, level=env.one_of("LOG_LEVEL", LEVELS, "INFO"))
