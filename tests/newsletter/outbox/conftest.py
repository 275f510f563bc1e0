"""Real servers on this machine: one that speaks SMTP and one that answers like a mail API."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller

OK = "250 OK"


@dataclass
class Answers:
    """What the SMTP server says to each command, and what it has accepted."""

    mail: str = OK
    rcpt: str = OK
    data: str = OK
    # Seconds to stay silent after the message has come in; -1 hangs up instead of answering.
    silence: float = 0
    accepted: list[Any] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)

    async def handle_MAIL(self, server, session, envelope, address, options) -> str:  # noqa: N802
        if self.mail == OK:
            envelope.mail_from = address
        return self.mail

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:  # noqa: N802
        if self.rcpt == OK:
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        if self.data == OK:
            self.accepted.append(envelope)
        self.arrived.set()
        if self.silence < 0:
            server.transport.abort()
        await asyncio.sleep(max(self.silence, 0))
        return self.data


@pytest.fixture
def smtp(settings) -> Iterator[Answers]:
    """A real SMTP server that Django is told to send through."""
    answers = Answers()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(answers, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_TIMEOUT = 5
    yield answers
    controller.stop()


@dataclass
class Api:
    """What the API answers to the next calls, and how often it was called."""

    status: int = 200
    body: str = '{"ErrorCode": 0, "Message": "OK", "MessageID": "abc", "To": "a@example.com"}'
    headers: dict[str, str] = field(default_factory=dict)
    silence: float = 0
    calls: int = 0


@pytest.fixture
def api(settings) -> Iterator[Api]:
    """A server in the place of Postmark's API, spoken to through anymail."""
    answers = Api()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answers.calls += 1
            self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(answers.silence)
            body = answers.body.encode()
            self.send_response(answers.status)
            for name, value in {**answers.headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "t",
        "POSTMARK_API_URL": f"http://127.0.0.1:{server.server_port}/",
        "REQUESTS_TIMEOUT": (1, 1),
    }
    yield answers
    server.shutdown()
    server.server_close()
