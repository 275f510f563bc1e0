"""A server on this machine that answers as Akismet does, or does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from newsletter.comments import gateway


class Akismet(ThreadingHTTPServer):
    """Answers as Akismet does, and remembers what it was asked and told."""

    daemon_threads = True

    def __init__(self) -> None:
        self.answer, self.status, self.seconds = b"false", 200, 0.0
        self.asked: list[dict[str, str]] = []
        self.told: list[tuple[str, str]] = []
        # What it says to a key, and which it was asked about, for which site.
        self.verdict = b"valid"
        self.tried: list[tuple[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                sent = parse_qs(self.rfile.read(size).decode())
                fields = {name: values[0] for name, values in sent.items()}
                act = self.path.rpartition("/")[2]
                if act == "comment-check":
                    outer.asked.append(fields)
                    body = outer.answer
                elif act == "verify-key":
                    outer.tried.append((fields["key"], fields["blog"]))
                    body = outer.verdict
                else:
                    outer.told.append((act, fields["comment_content"]))
                    body = b"Thanks for making the web a better place."
                time.sleep(outer.seconds)
                self.send_response(outer.status)
                if body == b"invalid":
                    self.send_header("X-akismet-debug-help", "We were unable to parse your key")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def akismet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Akismet]:
    server = Akismet()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr(gateway, "API_BASE", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(gateway, "TIMEOUT_SECONDS", 0.3)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
