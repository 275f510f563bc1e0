"""When the demo is not loaded, and that a failure leaves nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.demo import loader
from newsletter.demo.loader import DemoRefusedError, load_demo
from newsletter.subscribers.models import Newsletter

SMALL = (160, 100)


@pytest.mark.django_db
def test_the_known_password_needs_debug(settings: Any) -> None:
    settings.DEBUG = False
    settings.DEMO_PASSWORD = "negotiate-well"
    with pytest.raises(DemoRefusedError, match="DEMO_PASSWORD"):
        load_demo(size=SMALL)
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_failure_leaves_nothing(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    def fail(_article: Article) -> None:
        raise RuntimeError("the disk is full")

    settings.DEMO_PASSWORD = ""
    monkeypatch.setattr(loader, "write_sent_mailing", fail)
    with pytest.raises(RuntimeError, match="disk"):
        load_demo(size=SMALL)
    assert not User.objects.exists()
    assert not Newsletter.objects.exists()
    media = Path(settings.MEDIA_ROOT)
    assert not [path for path in media.rglob("*") if path.is_file()]
