"""What is said of requests that never passed the relay."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evidence_kit.capture.entries import Fate
from evidence_kit.capture.traffic import Hop
from evidence_kit.capture.wire_judging import Refusals, judge_unseen
from evidence_kit.errors import CaptureError
from evidence_kit.wire.spool import read_spool
from evidence_kit.wire.spooling import SpoolWriter
from evidence_kit.wire.streams import Ending, Side

_THEN = datetime(2026, 3, 5, 4, 0, tzinfo=UTC)
_REFUSED = "refused by us: the size limit of the capture had been reached"


@pytest.fixture
def ended_at_the_limit(tmp_path: Path) -> Callable[[], Refusals]:
    def read() -> Refusals:
        moments = (round((_THEN + timedelta(seconds=n)).timestamp() * 1_000_000) for n in range(100))
        spool = SpoolWriter(tmp_path, lambda: next(moments), limit=10)
        recording = spool.connection(client_port=50_000)
        recording.open("page.example", 80)
        recording.connected("192.0.2.1", 80, "192.0.2.2", 40_000)
        with pytest.raises(CaptureError) as limit:
            recording.add(Side.CLIENT, b"GET /one HTTP/1.1\r\n\r\n")
        recording.ended(Side.CLIENT, Ending.RESET, by=Side.CLIENT, error=str(limit.value))
        recording.close()
        spool.close()
        return Refusals(read_spool(tmp_path).connections)

    return read


def reset(url: str, started: datetime = _THEN) -> Hop:
    return Hop(
        number=0,
        request_id="1",
        index=0,
        url=url,
        started=started,
        request={},
        kind="Fetch",
        initiator={},
        frame="",
        failure="net::ERR_CONNECTION_RESET",
    )


def test_a_request_on_a_connection_that_was_ended_at_the_limit_was_refused_by_us(
    ended_at_the_limit: Callable[[], Refusals],
) -> None:
    judgement = judge_unseen(reset("http://page.example/one"), ended_at_the_limit())

    assert (judgement.fate, judgement.reason) == (Fate.NOT_RECORDED, _REFUSED)


def test_after_the_limit_nothing_passes_whatever_connection_it_was_to_have(
    ended_at_the_limit: Callable[[], Refusals],
) -> None:
    refusals = ended_at_the_limit()

    for url in ("http://page.example/late", "http://other.example/late"):
        assert judge_unseen(reset(url, _THEN + timedelta(hours=1)), refusals).reason == _REFUSED


def test_a_reset_that_the_limit_did_not_make_keeps_its_own_reason(ended_at_the_limit: Callable[[], Refusals]) -> None:
    refusals = ended_at_the_limit()

    for hop in (
        reset("http://page.example:8080/one"),
        reset("http://other.example/one"),
    ):
        judgement = judge_unseen(hop, refusals)
        assert (judgement.fate, judgement.reason) == (Fate.FAILED, "net::ERR_CONNECTION_RESET")
