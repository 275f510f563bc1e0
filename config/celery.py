"""The Celery application: short tasks that are told an id, and a beat that finds what was lost."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init
from django.conf import settings
from django.core.management.base import SystemCheckError

from newsletter.lib import file_broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
file_broker.register()

app = Celery("masthead")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["newsletter", "courses"])


@app.on_after_configure.connect
def _prepare_file_broker(sender: Celery, **_: Any) -> None:
    """Make the broker's folders when the application is first used, not when it is imported."""
    if settings.CELERY_BROKER_URL.startswith("filesystem://"):
        sender.conf.broker_transport_options = file_broker.transport_options(
            settings.CELERY_FILE_BROKER_DIR
        )


@worker_init.connect
def _refuse_bad_settings(**_: Any) -> None:
    """A worker with settings that cannot work stops at its start, saying why."""
    from newsletter.lib.checks import refuse_to_start  # needs the app registry

    try:
        refuse_to_start()
    except SystemCheckError as error:
        # Celery logs whatever exception a receiver raises and goes on; this is none.
        raise SystemExit(str(error)) from error
