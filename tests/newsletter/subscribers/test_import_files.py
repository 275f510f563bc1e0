"""Reading whatever people upload."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.subscribers.importing import files
from newsletter.subscribers.importing.columns import Columns, guess_columns
from newsletter.subscribers.importing.files import UnreadableFileError, transcode
from newsletter.subscribers.importing.lines import Wish, read_line
from newsletter.subscribers.importing.records import read_records, read_sample, sniff_delimiter
from newsletter.subscribers.names import clean_name

TEXT = "email;name\r\nzoë@example.com;Zoë “Z” Ångström\r\n"


def _plain(raw):
    target = io.BytesIO()
    return transcode(io.BytesIO(raw), target), target.getvalue().decode()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_encodings_are_recognised(encoding):
    found, text = _plain(TEXT.encode(encoding))
    assert text == TEXT.replace("\r\n", "\n")
    assert found == encoding


def test_latin_1_is_the_last_resort():
    found, text = _plain("email\nx\x81@example.com,Müller\n".encode("latin-1"))
    assert found == "latin-1"
    assert "Müller" in text


def test_old_line_ends_and_nul_bytes():
    assert _plain(b"email\ra@x.org\rb@\x00x.org\r")[1] == "email\na@x.org\nb@x.org\n"


def test_a_stray_control_character_is_no_reason_to_refuse():
    assert _plain(b"email\na@x.org\n\x1a")[1] == "email\na@x.org\n\x1a"


def test_a_letter_on_the_border_of_two_blocks_is_whole(monkeypatch):
    monkeypatch.setattr(files, "BLOCK", 7)
    text = "email\n" + "ö€👩" * 50 + "\n"
    assert _plain(text.encode())[1] == text


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "empty"),
        (b"PK\x03\x04xxxx", "Save it as CSV"),
        (b"\xd0\xcf\x11\xe0xxxx", "Save it as CSV"),
        ("email\n".encode("utf-16") + b"a", "damaged"),
        (bytes(range(256)) * 8, "Save the list as CSV"),
    ],
)
def test_what_is_no_list_is_refused(raw, said):
    with pytest.raises(UnreadableFileError, match=said):
        _plain(raw)


def test_too_large_is_refused_in_flat_memory(monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    with pytest.raises(UnreadableFileError, match="larger than"):
        _plain(b"a@x.org\n" * 1000)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found(delimiter):
    rows = [["email", "name, first"], ["a@x.org", "Doe; Jo|hn"], ["b@x.org", "x\ty"]]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    file = io.BytesIO(text.encode())
    assert sniff_delimiter(file) == delimiter
    assert read_sample(file, delimiter=delimiter) == rows


def test_one_column_has_no_delimiter():
    assert sniff_delimiter(io.BytesIO(b"email\na@x.org\nb@x.org\n")) == ","


cells = st.lists(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters='\n",'), max_size=8),
    min_size=1,
    max_size=4,
)


@given(st.lists(cells, min_size=1, max_size=20), st.data())
def test_reading_can_go_on_after_any_record(rows, data):
    import csv

    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    file = io.BytesIO(text.getvalue().encode())
    whole = list(read_records(file, delimiter=","))
    assert [cells for cells, _ in whole] == rows
    place = data.draw(st.integers(0, len(whole) - 1))
    rest = list(read_records(file, delimiter=",", offset=whole[place][1]))
    assert rest == whole[place + 1 :]


def test_a_quotation_mark_that_is_never_closed_is_named():
    raw = 'email,name\na@x.org,"Anna\n' + "b@x.org,Ben\n" * 20_000
    with pytest.raises(UnreadableFileError, match="quotation mark"):
        list(read_records(io.BytesIO(raw.encode()), delimiter=","))


EXPORTS = {
    "ghost": (
        (
            "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,"
            "deleted_at,labels,tiers"
        ),
        "1,a@x.org,Anna,,true,false,,2022-01-02T03:04:05.000Z,,,",
        "1,b@x.org,Ben,,false,false,,2022-01-02T03:04:05.000Z,,,",
    ),
    "substack": (
        "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at",
        "a@x.org,false,,other,false,2022-01-02T03:04:05.000Z,",
        "b@x.org,false,,other,true,2022-01-02T03:04:05.000Z,",
    ),
    "mailchimp": (
        (
            '"Email Address","First Name","Last Name",MEMBER_RATING,OPTIN_TIME,OPTIN_IP,'
            "CONFIRM_TIME,"
            "UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,NOTES,TAGS"
        ),
        '"a@x.org",Anna,,2,"2022-01-02 03:04:05",,"2022-01-02 03:04:05",,,,',
        '"b@x.org",Ben,,2,"2022-01-02 03:04:05",,"2022-01-02 03:04:05","2023-01-01 00:00:00",,,',
    ),
    "listmonk": (
        "uuid,email,name,attributes,status,created_at,updated_at",
        "u1,a@x.org,Anna,{},enabled,2022-01-02 03:04:05.000000+00:00,2022",
        "u2,b@x.org,Ben,{},blocklisted,2022-01-02 03:04:05.000000+00:00,2022",
    ),
}


@pytest.mark.parametrize("source", EXPORTS)
def test_exports_of_others_are_understood(source, utc_now):
    file = io.BytesIO("\n".join(EXPORTS[source]).encode())
    sample = read_sample(file, delimiter=sniff_delimiter(file))
    columns = guess_columns(sample)
    assert columns is not None
    stays, left = (read_line(2, cells, columns, utc_now) for cells in sample[1:])
    assert (stays.address, stays.wish) == ("a@x.org", Wish.MAIL)
    assert (left.address, left.wish) == ("b@x.org", Wish.NO_MAIL)
    assert stays.subscribed_at is not None
    assert stays.subscribed_at.year == 2022
    if source != "substack":
        assert stays.name == "Anna"


def test_without_a_header_the_column_of_addresses_is_found():
    columns = guess_columns([["Anna", "a@x.org"], ["Ben", "b@x.org"]])
    assert columns == Columns(email=1, has_header=False)
    assert guess_columns([["Anna", "Berlin"], ["Ben", "Rome"]]) is None
    assert guess_columns([]) is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "x",
        "@x.org",
        "a@",
        "a b@x.org",
        "a@x",
        "a..b@x.org",
        ".a@x.org",
        "a@x.org,b@x.org",
        "a@-x.org",
        "x" * 250 + "@x.org",
        "a@x.org\n",
    ],
)
def test_what_is_no_address(address, utc_now):
    line = read_line(2, [address], Columns(email=0), utc_now)
    assert bool(line.problem) == (address.strip() != "a@x.org")


@pytest.mark.parametrize("text", ["03/04/2022", "yesterday", "2022-13-45", "44562"])
def test_a_doubtful_date_is_not_guessed_at(text, utc_now):
    line = read_line(2, ["a@x.org", text], Columns(email=0, subscribed_at=1), utc_now)
    assert line.subscribed_at is None
    assert text in line.note


def test_a_date_to_come_is_today(utc_now):
    line = read_line(2, ["a@x.org", "2199-01-01"], Columns(email=0, subscribed_at=1), utc_now)
    assert line.subscribed_at == utc_now


@given(st.text())
def test_m22_any_name_fits_a_header(name):
    kept = clean_name(name)
    assert len(kept) <= 120
    assert not set(kept) & {"\r", "\n", "\x00", "\u202e", "\u2028"}
    assert clean_name(kept) == kept
