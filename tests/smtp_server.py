"""A real SMTP server on this machine whose every reply a test can decide."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

# What a script may answer instead of a reply.
HANG_UP = "hang up"
SAY_NOTHING = "say nothing"

# (command, what came with it, how many of that command before) -> reply, one of the above, or
# None for what a healthy server says. Commands: CONNECT EHLO MAIL RCPT DATA BODY RSET QUIT.
Script = Callable[[str, str, int], str | None]

_HEALTHY = {
    "CONNECT": "220 ready",
    "EHLO": "250 sink",
    "DATA": "354 go on",
    "BODY": "250 2.0.0 Ok: queued as {n}",
    "QUIT": "221 bye",
}


@dataclass
class SmtpServer:
    """Takes mail on `port`; `accepted` holds (recipient, message) of what was answered 250."""

    script: Script = lambda command, argument, n: None
    accepted: list[tuple[str, bytes]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _counts: dict[str, int] = field(default_factory=dict)
    _sockets: list[socket.socket] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def recipients(self) -> list[str]:
        """Who got something, in order."""
        return [recipient for recipient, _message in self.accepted]

    def serve(self, listener: socket.socket) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            self._sockets.append(connection)
            threading.Thread(target=self._talk, args=[connection], daemon=True).start()

    def _answer(self, command: str, argument: str) -> str:
        with self._lock:
            n = self._counts.get(command, 0)
            self._counts[command] = n + 1
            self.commands.append(f"{command} {argument}".strip()[:80])
        return self.script(command, argument, n) or _HEALTHY.get(command, "250 ok").format(n=n)

    def _talk(self, connection: socket.socket) -> None:
        self.connections += 1
        with suppress(OSError), connection, connection.makefile("rb") as lines:

            def say(command: str, argument: str = "") -> str:
                reply = self._answer(command, argument)
                if reply == HANG_UP:
                    raise OSError
                if reply == SAY_NOTHING:
                    threading.Event().wait(30)
                connection.sendall(reply.encode() + b"\r\n")
                return reply

            say("CONNECT")
            recipient = ""
            for raw in lines:
                line = raw.decode().strip()
                command = line[:4].upper()
                reply = say(command, line[4:].strip())
                if command == "RCPT":
                    recipient = line.partition("<")[2].rstrip(">")
                elif command == "DATA" and reply.startswith("354"):
                    message = b""
                    for part in lines:
                        if part == b".\r\n":
                            break
                        message += part.removeprefix(b".")
                    if say("BODY", recipient).startswith("250"):
                        self.accepted.append((recipient, message))
                elif command == "QUIT":
                    return

    def close(self) -> None:
        """Hang up on everybody."""
        for connection in self._sockets:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def smtp_server(script: Script | None = None) -> Iterator[SmtpServer]:
    """Run a server for the length of a block."""
    server = SmtpServer() if script is None else SmtpServer(script)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        thread = threading.Thread(target=server.serve, args=[listener], daemon=True)
        thread.start()
        try:
            yield server
        finally:
            # Only this wakes a thread that waits in accept().
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            server.close()
    thread.join(timeout=5)


def use_smtp(settings: object, server: SmtpServer, *, timeout: float = 1) -> None:
    """Point Django's mail settings (pytest-django's `settings`) at `server`."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
    settings.EMAIL_HOST = "127.0.0.1"  # type: ignore[attr-defined]
    settings.EMAIL_PORT = server.port  # type: ignore[attr-defined]
    settings.EMAIL_TIMEOUT = timeout  # type: ignore[attr-defined]
