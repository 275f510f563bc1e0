"""A real server on 127.0.0.1, and a client that asks it as one persona."""

from __future__ import annotations

import gzip
import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import brotli
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import DEFAULT_DB_ALIAS, connections

from newsletter.audit.people import Persona

_SECONDS = 60


class _QuietHandler(WSGIRequestHandler):
    """Says nothing: the report does."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Swallow the line."""


@contextmanager
def serving() -> Iterator[int]:
    """Serve this process's site on a free port of 127.0.0.1; yields the port."""
    # As many connections to the database as personas, not one per answer.
    database = connections.settings[DEFAULT_DB_ALIAS]
    age, database["CONN_MAX_AGE"] = database["CONN_MAX_AGE"], None
    server = ThreadedWSGIServer(("127.0.0.1", 0), _QuietHandler)
    server.set_app(WSGIHandler())
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield int(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        database["CONN_MAX_AGE"] = age


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, its text readable whatever its encoding was."""

    status: int
    headers: tuple[tuple[str, str], ...]
    text: str

    def header(self, name: str) -> str:
        """One header's value; empty where there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


class Client:
    """Asks one server; each persona over a connection of its own."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connections: dict[str, http.client.HTTPConnection] = {}

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._connections.values():
            connection.close()

    def ask(
        self,
        path: str,
        persona: Persona,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one request as `persona`. Redirects are not followed: where they lead is a link."""
        sent = {**_headers(persona), **(headers or {})}
        body = None
        if form is not None:
            body = urlencode(form)
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            return self._send(path, persona, method, sent, body)
        except (http.client.HTTPException, OSError):
            # The server may end an idle connection at any time.
            self._connections.pop(persona.key).close()
            return self._send(path, persona, method, sent, body)

    def _send(
        self,
        path: str,
        persona: Persona,
        method: str,
        headers: Mapping[str, str],
        body: str | None,
    ) -> Answer:
        connection = self._connections.get(persona.key)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_SECONDS)
            self._connections[persona.key] = connection
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        content = response.read()
        return Answer(response.status, tuple(response.getheaders()), _text(response, content))


def _headers(persona: Persona) -> dict[str, str]:
    address = urlsplit(settings.SITE_URL)
    headers = {"Host": address.netloc, "Accept-Encoding": "identity"}
    if settings.SECURE_PROXY_SSL_HEADER:
        headers["X-Forwarded-Proto"] = address.scheme
    if persona.session:
        headers["Cookie"] = f"{settings.SESSION_COOKIE_NAME}={persona.session}"
    return headers


def _text(response: http.client.HTTPResponse, body: bytes) -> str:
    encoding = response.getheader("Content-Encoding", "")
    if body and encoding == "br":
        body = brotli.decompress(body)
    elif body and encoding == "gzip":
        body = gzip.decompress(body)
    return body.decode(errors="replace")
