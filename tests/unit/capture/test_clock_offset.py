"""The clock is compared with time servers; only an answer that counts is believed, and only if none contradicts it."""

from datetime import UTC, datetime, timedelta

import pytest

from evidence_kit.capture import clock_offset
from evidence_kit.capture.clock_offset import measure, verdict
from tests.support.time_server import Change, TimeServer, answer

NEARLY = 500
"""Milliseconds that an answer may take on a busy machine."""


def now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize("ahead", [0.0, 3600.0, -90.0])
def test_the_offset_is_what_has_to_be_added_to_our_clock(ahead: float) -> None:
    with TimeServer(lambda request: [answer(request, ahead=ahead)]) as server:
        said = verdict(measure([server.address], now))

    assert said["state"] == "measured"
    assert said["source"] == server.address
    assert isinstance(said["offset_ms"], int)
    assert abs(said["offset_ms"] - ahead * 1000) < NEARLY


def test_a_request_tells_the_server_nothing_of_our_clock() -> None:
    with TimeServer(lambda request: [answer(request)]) as server:
        measure([server.address, server.address], now)

    first, second = server.requests
    assert first[:40] == b"\x23" + bytes(39)
    assert first[40:] != second[40:]


def test_times_after_the_era_of_1900_has_ended_are_understood() -> None:
    later = datetime(2040, 1, 1, tzinfo=UTC) - now()

    with TimeServer(lambda request: [answer(request, ahead=later.total_seconds())]) as server:
        said = verdict(measure([server.address], lambda: now() + later))

    assert isinstance(said["offset_ms"], int)
    assert abs(said["offset_ms"]) < NEARLY


@pytest.mark.parametrize(
    ("replies", "why"),
    [
        (lambda _: [b"short"], "5 bytes"),
        (lambda _: [b"\xff" * 48], "another question"),
        (lambda request: [answer(request[:40] + b"another1")], "another question"),
        (lambda request: [answer(request, stratum=0, reference=b"RATE")], "refused to answer: RATE"),
        (lambda request: [answer(request, first=0xE4)], "not synchronised"),
        (lambda request: [answer(request, stratum=16)], "not synchronised"),
        (lambda request: [answer(request, first=0x23)], "not that of a time server"),
        (lambda request: [answer(request)[:32] + bytes(16)], "holds no time"),
        (lambda request: [answer(request)[:40] + answer(request, ahead=-9)[40:]], "contradicts itself"),
        (lambda request: [answer(request)[:40] + answer(request, ahead=9)[40:]], "contradicts itself"),
        (lambda _: [], "did not answer"),
    ],
    ids=[
        "short",
        "garbage",
        "other-nonce",
        "kiss-of-death",
        "leap",
        "stratum",
        "client",
        "no-time",
        "backwards",
        "too-long",
        "silence",
    ],
)
def test_an_answer_that_does_not_count_leaves_the_clock_unverified(
    monkeypatch: pytest.MonkeyPatch, replies: Change, why: str
) -> None:
    monkeypatch.setattr(clock_offset, "SECONDS", 0.3)

    with TimeServer(replies) as server:
        (found,) = measure([server.address], now)

    assert found.offset is None
    assert why in found.why
    assert verdict([found])["state"] == "unverified"


def test_what_does_not_count_is_listened_past() -> None:
    with TimeServer(lambda request: [b"garbage", answer(b"\0" * 48, ahead=99), answer(request)]) as server:
        (found,) = measure([server.address], now)

    assert found.offset is not None
    assert abs(found.offset) < timedelta(milliseconds=NEARLY)


def test_servers_that_contradict_each_other_are_not_believed() -> None:
    with (
        TimeServer(lambda request: [answer(request)]) as honest,
        TimeServer(lambda request: [answer(request, ahead=30)]) as liar,
    ):
        said = verdict(measure([honest.address, liar.address], now))

    assert (said["state"], said["offset_ms"], said["why"]) == (
        "unverified",
        None,
        "the time servers contradict each other",
    )
    assert isinstance(said["servers"], list)
    assert len(said["servers"]) == 2


@pytest.mark.parametrize("server", ["no-such-host.invalid", "127.0.0.1:99999", "127.0.0.1:x", "a" * 70 + ".invalid"])
def test_a_server_that_cannot_be_asked_is_named_with_the_reason(server: str) -> None:
    (found,) = measure([server], now)

    assert found.server == server
    assert found.why


def test_nobody_is_asked_unless_named() -> None:
    assert measure([], now) == []
    assert verdict([])["why"] == "no time server is named in the settings"
