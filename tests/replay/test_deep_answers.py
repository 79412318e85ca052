"""Which recorded answer a request is given."""

from pathlib import Path

import brotlicffi  # type: ignore[import-untyped]
import pytest

from evidence_kit.archive.wacz import Page, write_wacz
from evidence_kit.archive.warc_writer import Exchange, WarcWriter
from evidence_kit.errors import FormatError
from evidence_kit.replay.recorded import Answer, RecordedAnswers, RecordedArchive, Request, body_digest
from tests.support.captures import now

PAGE = "https://example.mn/post"


def answers(*recorded: tuple[str, str, str]) -> RecordedAnswers:
    """Return answers, of each method, address and body of its request; they are told apart by their offsets."""
    return RecordedAnswers(
        [
            (
                Request(method=method, url=url, body=body_digest(body.encode())),
                Answer(url=url, date=f"2026-11-22T00:00:0{number}.000Z", status=200, offset=number),
            )
            for number, (method, url, body) in enumerate(recorded)
        ]
    )


def asked(known: RecordedAnswers, method: str, url: str, body: str = "") -> int | None:
    found = known.find(Request(method=method, url=url, body=body_digest(body.encode())))
    return found.answer.offset if found else None


def test_several_answers_are_given_in_turn_and_the_last_again_and_again() -> None:
    known = answers(("GET", PAGE, ""), ("GET", PAGE, ""), ("GET", PAGE, ""))

    assert [asked(known, "GET", PAGE) for _ in range(4)] == [0, 1, 2, 2]


def test_what_was_posted_decides_and_then_the_address() -> None:
    known = answers(("POST", PAGE, "one"), ("POST", PAGE, "two"), ("GET", PAGE, ""))

    assert [asked(known, "POST", PAGE, body) for body in ("two", "one", "other")] == [1, 0, 0]
    assert asked(known, "PUT", PAGE) is None


def test_an_address_that_is_spelled_otherwise_is_no_guess() -> None:
    known = answers(("GET", "https://example.mn/a?x=1&y=2", ""))

    found = known.find(Request(method="GET", url="https://EXAMPLE.mn:443/a?y=2&x=1"))

    assert found is not None
    assert not found.guessed


def test_the_nearest_of_the_same_path_is_a_guess() -> None:
    known = answers(("GET", f"{PAGE}?id=1&t=5", ""), ("GET", f"{PAGE}?id=2&t=5", ""), ("GET", "https://other.mn/", ""))

    found = known.find(Request(method="GET", url=f"{PAGE}?id=2&t=6"))

    assert found is not None
    assert (found.answer.offset, found.guessed) == (1, True)
    assert known.find(Request(method="GET", url="https://example.mn/postbox")) is None


def archive_of(folder: Path, *exchanges: Exchange) -> Path:
    """Write a WACZ of *exchanges*."""
    with WarcWriter(folder / "data.warc.gz", created=now()) as warc:
        warc.warcinfo({"software": "test"})
        lines = [line for exchange in exchanges for line in warc.exchange(exchange).lines]
    write_wacz(
        folder / "capture.wacz",
        warc=folder / "data.warc.gz",
        index=lines,
        pages=[Page(url=PAGE, ts=now(), title="Тест", id="1")],
        title="test",
        created=now(),
        software="test",
    )
    return folder / "capture.wacz"


def exchange(head: bytes, body: bytes, request: bytes = b"GET /post HTTP/1.1\r\nHost: example.mn\r\n\r\n") -> Exchange:
    return Exchange(url=PAGE, started=now(), request_head=request, response_head=head, response_body=body)


def test_heads_are_given_as_received_and_codings_are_taken_off(tmp_path: Path) -> None:
    head = (
        b"HTTP/1.1 404 Very Lost\r\nContent-Type: text/html\r\nContent-Encoding: br\r\nContent-Length: 9\r\n"
        b"Set-Cookie: a=1\r\nX-Odd: \xd2\xae\xff\r\nSet-Cookie: b=2\r\nX-Archive-Orig-Content-Length: 7\r\n\r\n"
    )
    wacz = archive_of(tmp_path, exchange(head, brotlicffi.compress("Алга".encode())))

    with RecordedArchive(wacz) as archive:
        found = archive.answers.find(Request(method="GET", url=PAGE))
        assert found is not None
        reply = archive.reply(found.answer)

    assert (reply.status, reply.reason, reply.body.decode()) == (404, "Very Lost", "Алга")
    assert reply.fields == (
        ("Content-Type", b"text/html"),
        ("Set-Cookie", b"a=1"),
        ("X-Odd", b"\xd2\xae\xff"),
        ("Set-Cookie", b"b=2"),
    )


def test_an_unknown_coding_cannot_be_given(tmp_path: Path) -> None:
    wacz = archive_of(tmp_path, exchange(b"HTTP/1.1 200 OK\r\nContent-Encoding: odd\r\n\r\n", b"x"))

    with RecordedArchive(wacz) as archive:
        found = archive.answers.find(Request(method="GET", url=PAGE))
        assert found is not None
        with pytest.raises(FormatError, match="odd"):
            archive.reply(found.answer)


def test_a_browser_that_has_nothing_is_not_told_that_it_is_still_good(tmp_path: Path) -> None:
    known = exchange(b"HTTP/1.1 200 OK\r\n\r\n", b"here")
    wacz = archive_of(tmp_path, known, exchange(b"HTTP/1.1 304 Not Modified\r\n\r\n", b""))

    with RecordedArchive(wacz) as archive:
        for _ in range(2):
            found = archive.answers.find(Request(method="GET", url=PAGE))
            assert found is not None
            assert archive.reply(found.answer).body == b"here"


def test_what_is_no_archive_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.wacz").write_bytes(b"PK\x05\x06" + bytes(18))

    with pytest.raises(FormatError):
        RecordedArchive(tmp_path / "no.wacz")
