"""Traffic: events become exchanges, once each, with the heads that belong to them; and every exchange is judged."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evidence_kit.browser.cdp import Event
from evidence_kit.capture.browser_recorder import judge, to_exchange
from evidence_kit.capture.entries import Fate
from evidence_kit.capture.spool import Spool
from evidence_kit.capture.traffic import Hop, Traffic

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def traffic() -> Traffic:
    return Traffic(lambda: NOW)


def tell(heard: Traffic, name: str, session: str = "page", **params: Any) -> None:  # noqa: ANN401  # JSON
    heard.fold(Event(method=f"Network.{name}", params={"requestId": "1", **params}, session=session))


def sent(heard: Traffic, url: str = "http://a/", session: str = "page", **params: Any) -> None:  # noqa: ANN401  # JSON
    tell(heard, "requestWillBeSent", session, request={"url": url, "method": "GET", "headers": {}}, **params)


def answered(heard: Traffic, headers: dict[str, str], session: str = "page", status: int = 200) -> None:
    tell(heard, "responseReceived", session, response={"status": status, "statusText": "OK", "headers": headers})


def only(heard: Traffic) -> Hop:
    heard.match_heads()
    (hop,) = heard.hops
    return hop


def test_a_request_told_on_two_sessions_is_one_exchange() -> None:
    heard = traffic()
    sent(heard)
    sent(heard, session="worker")

    assert len(heard.hops) == 1


def test_a_redirect_told_on_two_sessions_is_two_exchanges_with_their_own_heads() -> None:
    heard = traffic()
    redirect = {"status": 302, "statusText": "Found", "headers": {"Location": "/b"}}
    for session in ("one", "two"):
        sent(heard, session=session)
        tell(heard, "responseReceivedExtraInfo", session, headersText="HTTP/1.1 302 First\r\n", headers={})
        sent(heard, "http://a/b", session, redirectResponse=redirect)
        tell(heard, "responseReceivedExtraInfo", session, headersText="HTTP/1.1 200 Second\r\n", headers={})
    heard.match_heads()

    assert [(hop.url, hop.redirect) for hop in heard.hops] == [("http://a/", True), ("http://a/b", False)]
    assert [hop.response_extra["headersText"][9:12] for hop in heard.hops if hop.response_extra] == ["302", "200"]


def test_a_hop_without_raw_heads_does_not_take_those_of_the_next() -> None:
    heard = traffic()
    sent(heard)
    sent(heard, "http://a/b", redirectResponse={"status": 307, "headers": {}}, redirectHasExtraInfo=False)
    tell(heard, "responseReceivedExtraInfo", headersText="HTTP/1.1 200 OK\r\n", headers={})
    heard.match_heads()

    assert heard.hops[0].response_extra is None
    assert heard.hops[1].response_extra is not None


def test_what_never_goes_to_a_server_is_no_exchange() -> None:
    heard = traffic()
    for number, url in enumerate(("data:,x", "blob:http://a/1", "chrome-extension://a/b", "about:blank")):
        tell(heard, "requestWillBeSent", requestId=str(number), request={"url": url, "method": "GET", "headers": {}})

    assert heard.hops == []


@pytest.mark.parametrize(
    ("headers", "failure", "taken", "whole", "expected"),
    [
        ({"Content-Length": "5"}, "", 5, True, (Fate.RECORDED, None)),
        ({}, "", 5, True, (Fate.RECORDED, None)),
        ({"Content-Length": "9"}, "", 5, True, (Fate.TRUNCATED, "disconnect")),
        ({"Content-Length": "9"}, "net::ERR_CONTENT_LENGTH_MISMATCH", 5, True, (Fate.TRUNCATED, "disconnect")),
        ({}, "net::ERR_INCOMPLETE_CHUNKED_ENCODING", 5, True, (Fate.TRUNCATED, "disconnect")),
        ({}, "net::ERR_ABORTED", 5, True, (Fate.TRUNCATED, "unspecified")),
        ({}, "net::ERR_ABORTED", 0, False, (Fate.TRUNCATED, "unspecified")),
        ({}, "", 2, False, (Fate.NOT_RECORDED, "unspecified")),
    ],
)
def test_a_response_is_judged_by_what_is_here_of_it(
    headers: dict[str, str],
    failure: str,
    taken: int,
    whole: bool,
    expected: tuple[Fate, str | None],
) -> None:
    heard = traffic()
    sent(heard)
    answered(heard, headers)
    tell(heard, "dataReceived", dataLength=5)
    tell(heard, "loadingFailed", errorText=failure) if failure else tell(heard, "loadingFinished")
    hop = only(heard)
    hop.taken, hop.whole = taken, whole

    judgement = judge(hop, spool_full=False)

    assert (judgement.fate, judgement.truncated) == expected


def test_a_response_under_way_is_truncated_by_time() -> None:
    heard = traffic()
    sent(heard)
    answered(heard, {})

    assert judge(only(heard), spool_full=False).truncated == "time"


def test_a_request_without_response_is_failed_with_the_browsers_reason() -> None:
    heard = traffic()
    sent(heard)
    tell(heard, "loadingFailed", errorText="net::ERR_FAILED", corsErrorStatus={"corsError": "MissingAllowOriginHeader"})

    judgement = judge(only(heard), spool_full=False)

    assert judgement.fate is Fate.FAILED
    assert judgement.reason == "net::ERR_FAILED MissingAllowOriginHeader"


def test_an_answer_from_memory_is_not_archived_again(tmp_path: Path) -> None:
    heard = traffic()
    sent(heard)
    tell(heard, "requestServedFromCache")
    answered(heard, {})
    hop = only(heard)
    judgement = judge(hop, spool_full=False)

    assert judgement.fate is Fate.CACHED
    assert to_exchange(hop, judgement, Spool(tmp_path, limit=9)) is None


def test_a_truncated_body_keeps_the_length_that_was_promised(tmp_path: Path) -> None:
    heard = traffic()
    sent(heard)
    answered(heard, {"Content-Length": "9"})
    tell(heard, "loadingFailed", errorText="net::ERR_CONTENT_LENGTH_MISMATCH")
    hop, spool = only(heard), Spool(tmp_path, limit=100)
    hop.taken, hop.whole = spool.append(hop.number, b"12345"), True

    exchange = to_exchange(hop, judge(hop, spool_full=False), spool)

    assert exchange is not None
    assert exchange.response_head == b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
    assert (exchange.note["promised_length"], exchange.note["stored_length"]) == ("9", "5")


def test_the_spool_stops_at_its_limit_and_gives_back_what_is_discarded(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit=5)

    assert [spool.append(0, b"123"), spool.append(1, b"456"), spool.append(2, b"7")] == [3, 2, 0]
    assert spool.full
    spool.discard(0)
    assert spool.append(3, b"89") == 2
    assert spool.path(1).read_bytes() == b"45"


def test_a_request_began_when_it_was_told_and_not_when_it_is_asked_for() -> None:
    moments = iter([NOW, NOW + timedelta(seconds=9)])
    heard = Traffic(lambda: next(moments))

    sent(heard, requestId="1")
    sent(heard, requestId="2")

    assert [hop.started for hop in heard.hops] == [NOW, NOW + timedelta(seconds=9)]


def test_requests_are_counted_exactly_though_several_sessions_tell_of_them() -> None:
    heard = traffic()
    sent(heard, session="page")
    sent(heard, session="worker")

    assert not heard.more_than(1)
    sent(heard, requestId="2")
    assert heard.more_than(1)
