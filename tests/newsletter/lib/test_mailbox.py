"""The mailbox folder: whole messages only, from any number of processes, in order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from hypothesis import given
from hypothesis import strategies as st

from newsletter.lib import mailbox

BACKEND = "newsletter.lib.mailbox.LocalMailboxBackend"
WRITER = """
import sys, time
from pathlib import Path
from django.conf import settings
settings.configure(MAILBOX_DIR=Path(sys.argv[1]))
from newsletter.lib.mailbox import put_in_mailbox
for n in range(200):
    put_in_mailbox(b"Subject: x\\n\\n" + b"body " * 2000 + b"END", f"r{n}@example.com")
"""


def test_several_processes_write_and_a_reader_sees_whole_messages_only(settings) -> None:
    folder = Path(settings.MAILBOX_DIR)
    arguments = [sys.executable, "-c", WRITER, str(folder)]
    writers = [subprocess.Popen(arguments) for _ in range(3)]
    while any(writer.poll() is None for writer in writers):
        for name in mailbox.message_names()[:5]:
            assert (folder / name).read_bytes().endswith(b"END")
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert len(mailbox.message_names()) == 600
    assert not list(folder.glob(".*"))


def test_the_newest_message_comes_first(settings) -> None:
    paths = [mailbox.put_in_mailbox(b"x", f"r{n}@example.com") for n in range(30)]
    assert mailbox.message_names() == [path.name for path in reversed(paths)]


def test_the_backend_stores_a_message_for_each_of_its_recipients() -> None:
    message = EmailMultiAlternatives(
        "Grüße", "Text", "a@example.com", ["Ada <ada@example.com>"], bcc=["b@example.com"]
    )
    message.attach_alternative("<p>HTML</p>", "text/html")
    assert get_connection(BACKEND).send_messages([message]) == 1
    names = mailbox.message_names()
    assert {mailbox.address_of(name) for name in names} == {"ada@example.com", "b@example.com"}
    path = mailbox.message_path(names[0])
    assert path is not None
    assert b"b@example.com" not in path.read_bytes()


def test_a_message_to_nobody_is_not_sent() -> None:
    message = EmailMultiAlternatives("s", "t", "a@example.com", [])
    assert get_connection(BACKEND).send_messages([message]) == 0


def test_a_folder_that_cannot_be_written_is_an_error_and_not_silence(settings, tmp_path) -> None:
    (tmp_path / "file").write_text("no folder")
    settings.MAILBOX_DIR = tmp_path / "file" / "mailbox"
    message = EmailMultiAlternatives("s", "t", "a@example.com", ["b@example.com"])
    with pytest.raises(OSError, match="mailbox"):
        get_connection(BACKEND).send_messages([message])
    assert get_connection(BACKEND, fail_silently=True).send_messages([message]) == 0


@given(st.text(max_size=200))
def test_no_address_leaves_the_folder_or_breaks_a_name(address: str) -> None:
    name = mailbox._file_name(address)
    assert "/" not in name
    assert len(name.encode()) < 250
    assert mailbox._NAME.match(name)


@pytest.mark.parametrize("name", ["../secret-key", "x.eml", "", "..", "a/b.eml", "/etc/passwd"])
def test_a_foreign_name_opens_nothing(name: str, settings) -> None:
    (Path(settings.MAILBOX_DIR)).mkdir()
    (Path(settings.MAILBOX_DIR) / "x.eml").write_text("not ours")
    assert mailbox.message_path(name) is None


def test_emptying_removes_messages_and_nothing_else(settings) -> None:
    mailbox.put_in_mailbox(b"x", "a@example.com")
    other = Path(settings.MAILBOX_DIR) / "notes.txt"
    other.write_text("mine")
    assert mailbox.empty_mailbox() == 1
    assert mailbox.message_names() == []
    assert other.exists()
