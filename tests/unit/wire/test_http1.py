"""Reading HTTP/1.1 connections: framing of every kind, kept as it came."""

from pathlib import Path

import pytest

from evidence_kit.wire.exchange import Reading, WireExchange
from evidence_kit.wire.http1 import read_http1
from evidence_kit.wire.streams import Ending, Side
from tests.support.connections import (
    Recorded,
    assert_tiled,
    at,
    body,
    bytewise,
    exchanges,
    raws,
    recorded,
)

GET = b"GET /a HTTP/1.1\r\nHost: example.mn\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def read(folder: Path, client: Recorded | bytes, server: Recorded | bytes, *, scheme: str = "https") -> list[Reading]:
    """Return what a connection is read as, once whole and once byte by byte, which must be the same."""
    client = recorded(client) if isinstance(client, bytes) else client
    server = recorded((1, server)) if isinstance(server, bytes) else server
    readings = list(read_http1(client, server, scheme=scheme, authority_hint="hint.mn:443", folder=folder))
    assert_tiled(readings, client, server)
    return readings


def only(readings: list[Reading]) -> WireExchange:
    """Return the one exchange, after which nothing is left."""
    (exchange,) = readings
    assert isinstance(exchange, WireExchange)
    return exchange


def response_body(exchange: WireExchange) -> bytes:
    assert exchange.response is not None
    return body(exchange.response.body)


def test_heads_are_kept_byte_for_byte(tmp_path: Path) -> None:
    request = b"GET /\xd3\xa9?q=%20 HTTP/1.1\r\nhOST: Example.MN\r\nX-A: 1\r\nx-a:2\r\nX-N: \xd2\xaf\xff\r\n\r\n"
    response = (
        b"HTTP/1.1 200 Very Fine\r\nset-cookie: a=1\r\nSet-Cookie:b=2\r\nX-N: \xd2\xaf\xff \r\nContent-Length:0\r\n\r\n"
    )

    exchange = only(read(tmp_path, request, response))

    assert exchange.request.head == request
    assert exchange.response is not None
    assert exchange.response.head == response
    assert exchange.url == "https://Example.MN/%D3%A9?q=%20"
    assert (exchange.protocols, exchange.remarks, exchange.truncated) == (("http/1.1",), (), None)
    assert (exchange.started, exchange.ended) == (at(0), at(1))
    assert exchange.to_exchange().response_head == response


def test_pipelined_requests_meet_their_responses(tmp_path: Path) -> None:
    client = b"".join(b"POST /%d HTTP/1.1\r\nHost: a.mn\r\nContent-Length: 1\r\n\r\n%d" % (n, n) for n in range(5))
    server = b"".join(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nno%d" % n for n in range(5))

    found = exchanges(read(tmp_path, client, server))

    assert [exchange.url for exchange in found] == [f"https://a.mn/{n}" for n in range(5)]
    assert [response_body(exchange) for exchange in found] == [b"no%d" % n for n in range(5)]
    assert [body(exchange.request.body) for exchange in found] == [b"%d" % n for n in range(5)]


def test_interim_responses_stay_with_their_exchange(tmp_path: Path) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n"

    exchange = only(read(tmp_path, GET, early + go_on + OK))

    assert exchange.interim_heads == (early, go_on)
    assert response_body(exchange) == b"hi"
    assert "103 Early Hints" in exchange.to_exchange().note["interim_heads"]


@pytest.mark.parametrize(
    ("request_line", "status"),
    [(b"HEAD / HTTP/1.1", b"200 OK"), (b"GET / HTTP/1.1", b"304 Not Modified"), (b"GET / HTTP/1.1", b"204 No Content")],
)
def test_a_promised_length_without_a_body_is_no_body(tmp_path: Path, request_line: bytes, status: bytes) -> None:
    first = b"HTTP/1.1 " + status + b"\r\nContent-Length: 500\r\n\r\n"

    found = exchanges(read(tmp_path, request_line + b"\r\nHost: a.mn\r\n\r\n" + GET, first + OK))

    assert [response_body(exchange) for exchange in found] == [b"", b"hi"]
    assert [exchange.truncated for exchange in found] == [None, None]
    assert found[0].to_exchange().response_head == first


def test_chunks_are_taken_off_and_said_to_be(tmp_path: Path) -> None:
    chunks = b"3;name=v\r\nabc\r\n0A \r\n0123456789\r\n0\r\nX-Sum: 1\r\nx-t: 2\r\n\r\n"

    exchange, after = exchanges(read(tmp_path, GET + GET, CHUNKED + chunks + OK))

    assert response_body(exchange) == b"abc0123456789"
    assert response_body(after) == b"hi"
    assert exchange.response is not None
    assert exchange.response.head == CHUNKED
    assert exchange.response.trailers == b"X-Sum: 1\r\nx-t: 2\r\n"
    assert exchange.remarks == ("response chunk extension: ;name=v",)
    archived = exchange.to_exchange()
    assert archived.response_head == (
        b"HTTP/1.1 200 OK\r\nX-Archive-Orig-Transfer-Encoding: chunked\r\nContent-Length: 13\r\n\r\n"
    )
    assert archived.note["trailers"] == "X-Sum: 1\nx-t: 2"


def test_a_chunked_request_is_taken_off_too(tmp_path: Path) -> None:
    request = b"POST / HTTP/1.1\r\nHost: a.mn\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"

    exchange = only(read(tmp_path, request, OK))

    assert body(exchange.request.body) == b"ab"
    assert b"\r\nContent-Length: 2\r\n\r\n" in exchange.to_exchange().request_head


def test_both_framings_in_one_head_are_moved_aside(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\ntransfer-encoding : chunked\r\n\r\n"

    exchange = only(read(tmp_path, GET, head + b"1\r\nx\r\n0\r\n\r\n"))

    assert exchange.to_exchange().response_head == (
        b"HTTP/1.1 200 OK\r\nX-Archive-Orig-content-length: 99\r\nX-Archive-Orig-transfer-encoding : chunked\r\n"
        b"Content-Length: 1\r\n\r\n"
    )
    assert any("both" in remark for remark in exchange.remarks)


@pytest.mark.parametrize(
    ("reply", "stored", "remark"),
    [
        (b"HTTP/1.1 205 Reset\r\n\r\n", b"", ""),
        (b"HTTP/1.1 205 Reset\r\nContent-Length: 1\r\n\r\nx", b"x", ""),
        (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", b"1\r\nx\r\n", "in HTTP/1.0"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", b"x", "left on: gzip"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nrest", b"rest", "without chunks: gzip"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\nx", b"x", ""),
        (CHUNKED + b"1\r\nx\r\n0\r\n", b"x", "no empty line after the last chunk"),
        (CHUNKED + b"1\r\nx\r\n0\r\nA: b\r\n", b"x", "no empty line after the last chunk"),
    ],
)
def test_rarer_framings_are_followed_as_browsers_follow_them(
    tmp_path: Path, reply: bytes, stored: bytes, remark: str
) -> None:
    exchange = only(read(tmp_path, GET, reply))

    assert (response_body(exchange), exchange.truncated) == (stored, None)
    assert any(remark in said for said in exchange.remarks) if remark else not exchange.remarks


@pytest.mark.parametrize("tail", [b"", b"5", b"5;", b"1\r\nx", b"1\r\nx\r"])
def test_chunks_without_a_last_one_are_truncated_wherever_they_end(tmp_path: Path, tail: bytes) -> None:
    readings = read(tmp_path, GET, CHUNKED + b"2\r\nok\r\n" + tail)

    (exchange,) = exchanges(readings)
    assert response_body(exchange) == b"ok" + tail[3:4]
    assert (exchange.truncated, exchange.ended_by) == ("disconnect", Side.SERVER)


def test_trailers_without_end_leave_the_rest_raw(tmp_path: Path) -> None:
    readings = read(tmp_path, GET, CHUNKED + b"1\r\nx\r\n0\r\n" + b"A: b\r\n" * 20_000)

    (exchange,) = exchanges(readings)
    assert (response_body(exchange), exchange.truncated) == (b"x", None)
    assert len(raws(readings)) == 1


def test_line_feeds_alone_are_forgiven_with_a_remark(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n"

    exchange = only(read(tmp_path, b"GET / HTTP/1.1\nHost: a.mn\n\n", head + b"2\nab\n0\n\n"))

    assert response_body(exchange) == b"ab"
    assert sum("LF alone" in remark for remark in exchange.remarks) == 3
    assert exchange.to_exchange().response_head == (
        b"HTTP/1.1 200 OK\nX-Archive-Orig-Transfer-Encoding: chunked\nContent-Length: 2\n\n"
    )


def test_a_body_may_end_with_the_connection(tmp_path: Path) -> None:
    exchange = only(read(tmp_path, GET, b"HTTP/1.0 200 OK\r\n\r\nall of it"))

    assert response_body(exchange) == b"all of it"
    assert (exchange.truncated, exchange.ended_by, exchange.protocols) == (None, None, ("http/1.0",))


@pytest.mark.parametrize(
    ("ending", "ended_by", "expected"),
    [
        (Ending.CUT, Side.SERVER, ("unspecified", Side.SERVER)),
        (Ending.RESET, Side.SERVER, ("disconnect", Side.SERVER)),
        (Ending.CLOSED, Side.CLIENT, ("unspecified", Side.CLIENT)),
        (Ending.RESET, Side.CLIENT, ("unspecified", Side.CLIENT)),
        (Ending.OPEN, None, ("time", None)),
    ],
)
def test_a_body_cut_off_says_by_whom(
    tmp_path: Path, ending: Ending, ended_by: Side | None, expected: tuple[str, Side | None]
) -> None:
    server = recorded((1, b"HTTP/1.1 200 OK\r\n\r\nsome"), ending=ending, ended_by=ended_by)

    exchange = only(read(tmp_path, recorded(GET), server))

    assert (exchange.truncated, exchange.ended_by) == expected
    assert exchange.response is not None
    assert not exchange.response.whole


@pytest.mark.parametrize("server", [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome", CHUNKED + b"9\r\nsome"])
def test_less_than_promised_is_truncated(tmp_path: Path, server: bytes) -> None:
    exchange = only(read(tmp_path, GET, server))

    assert (response_body(exchange), exchange.truncated, exchange.ended_by) == (b"some", "disconnect", Side.SERVER)


def test_more_than_promised_is_kept_raw(tmp_path: Path) -> None:
    readings = read(tmp_path, GET, OK + b" there")

    assert [response_body(exchange) for exchange in exchanges(readings)] == [b"hi"]
    (raw,) = raws(readings)
    assert (body(raw.body), raw.side, raw.reason) == (b" there", Side.SERVER, "bytes nobody asked for")


@pytest.mark.parametrize("length", [b"-5", b"+2", b"1_0", b"0x2", b"2 2", b"\xd9\xa2", b"2, 3", b"", b"9" * 19])
def test_a_length_is_digits_and_nothing_else(tmp_path: Path, length: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n"

    exchange = only(read(tmp_path, GET, head + b"until the end"))

    assert response_body(exchange) == b"until the end"
    assert any("not one length" in remark for remark in exchange.remarks)


def test_one_length_said_twice_is_one_length(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\ncontent-length:2\r\n\r\n"

    exchange = only(read(tmp_path, GET, head + b"hi"))

    assert (response_body(exchange), exchange.truncated) == (b"hi", None)


@pytest.mark.parametrize(
    "chunk", [b"-1\r\n", b"0x1\r\n", b"1_0\r\n", b"\r\n", b"zz\r\n", b" 1\r\n", b"f" * 16 + b"\r\n", b"1\r\nabc\r\n"]
)
def test_a_chunk_that_cannot_be_read_leaves_the_rest_raw(tmp_path: Path, chunk: bytes) -> None:
    readings = read(tmp_path, GET, CHUNKED + b"2\r\nok\r\n" + chunk + b"0\r\n\r\n")

    (exchange,), (raw,) = exchanges(readings), raws(readings)
    assert response_body(exchange)[:2] == b"ok"
    assert (exchange.truncated, raw.reason) == ("unspecified", "after a response body that cannot be read on")
    assert (response_body(exchange)[2:] + body(raw.body)).endswith(b"0\r\n\r\n")


@pytest.mark.parametrize(
    "reply",
    [
        b"\x16\x03\x01garbage",
        b"<html>no head</html>",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 20\r\n\r\n",
        b"HTTP/1.1 200 O",
    ],
)
def test_a_reply_that_is_none_is_kept_raw(tmp_path: Path, reply: bytes) -> None:
    readings = read(tmp_path, GET + GET, reply)

    assert [exchange.response for exchange in exchanges(readings)] == [None, None]
    (raw,) = raws(readings)
    assert (body(raw.body), raw.url) == (reply, "https://hint.mn")
    assert exchanges(readings)[0].to_exchange().response_head is None


@pytest.mark.parametrize(
    "request_bytes", [b"\x00\x01\x02", b"GET\r\n\r\n", b"GET / HTTP/2.0\r\n\r\n", b"GET / HTTP/1."]
)
def test_a_request_that_is_none_is_kept_raw_with_its_reply(tmp_path: Path, request_bytes: bytes) -> None:
    readings = read(tmp_path, GET + request_bytes, OK + OK)

    assert len(exchanges(readings)) == 1
    assert [body(raw.body) for raw in raws(readings)] == [request_bytes, OK]


def test_a_response_that_nobody_asked_for_is_kept_raw(tmp_path: Path) -> None:
    readings = read(tmp_path, b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n")

    assert [raw.reason for raw in raws(readings)] == ["bytes nobody asked for"]


def test_an_early_reply_is_paired_and_said(tmp_path: Path) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a.mn\r\nContent-Length: 4\r\n\r\n"
    client, server = recorded((0, head + b"ab"), (9, b"cd")), recorded((4, OK))

    exchange = only(read(tmp_path, client, server))

    assert "the reply began before the request had ended" in exchange.remarks
    assert body(exchange.request.body) == b"abcd"


def test_a_request_that_stopped_still_has_its_reply(tmp_path: Path) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a.mn\r\nContent-Length: 400\r\n\r\n"
    too_large = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    exchange = only(read(tmp_path, head + b"ab", too_large))

    assert exchange.request.whole is False
    assert exchange.response is not None
    assert (exchange.truncated, exchange.to_exchange().note["request"]) == (None, "not whole")


def test_another_protocol_after_a_switch_is_kept_raw(tmp_path: Path) -> None:
    request = b"GET / HTTP/1.1\r\nHost: a.mn\r\nUpgrade: foo\r\n\r\n"

    readings = read(tmp_path, request + b"client says", b"HTTP/1.1 101 Switching\r\nUpgrade: foo\r\n\r\nserver says")

    assert [body(raw.body) for raw in raws(readings)] == [b"client says", b"server says"]
    assert {raw.reason for raw in raws(readings)} == {"after a switch to another protocol: foo"}


def test_rubbish_and_empty_lines_before_a_head_are_skipped_and_said(tmp_path: Path) -> None:
    exchange = only(read(tmp_path, b"\r\n" + GET, b"\r\n\nabHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))

    assert exchange.request.head == GET
    assert exchange.response is not None
    assert exchange.response.head.startswith(b"HTTP/1.1")
    assert "response: rubbish before the status line: 6162" in exchange.remarks


def test_odd_heads_are_kept_with_remarks(tmp_path: Path) -> None:
    head = b"http/1.1  200\r\n lost\r\nX-A: 1\r\n folded\r\nno colon\r\nB A: \x00\r\nContent-Length: 0\r\n\r\n"

    exchange = only(read(tmp_path, GET, head))

    assert exchange.response is not None
    assert exchange.response.head == head
    assert exchange.remarks == (
        "response head: an unusual status line",
        "response head: holds NUL",
        "response head: a folded line",
        "response head: a line without a colon",
        "response head: a field name that is not a token",
    )


def test_a_head_without_end_is_kept_raw(tmp_path: Path) -> None:
    readings = read(tmp_path, recorded(GET), recorded(b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n" * 1000] * 200))

    (raw,) = raws(readings)
    assert raw.reason == "a response head that does not end"
    assert raw.body.length == 17 + 6 * 1000 * 200


def test_interim_responses_without_end_are_kept_raw(tmp_path: Path) -> None:
    readings = read(tmp_path, GET, b"HTTP/1.1 103 Early\r\n\r\n" * 1000 + OK)

    assert len(exchanges(readings)[0].interim_heads) == 100
    assert raws(readings)[0].reason == "after too many interim responses"


@pytest.mark.parametrize(
    ("target", "host", "url"),
    [
        (b"/p", b"Host: a.mn:443", "https://a.mn/p"),
        (b"/p", b"Host: a.mn:8443", "https://a.mn:8443/p"),
        (b"/p", b"Host: a b/\xff", "https://hint.mn/p"),
        (b"/p", b"X: y", "https://hint.mn/p"),
        (b"http://b.mn/q", b"Host: a.mn", "http://b.mn/q"),
        (b"*", b"Host: a.mn", "https://a.mn"),
        (b"/a b", b"Host: [::1]:80", "https://[::1]:80/a%20b"),
    ],
)
def test_the_url_is_what_was_asked_for(tmp_path: Path, target: bytes, host: bytes, url: str) -> None:
    exchange = only(read(tmp_path, b"OPTIONS " + target + b" HTTP/1.1\r\n" + host + b"\r\n\r\n", OK))

    assert exchange.url == url


def test_one_byte_at_a_time_reads_the_same(tmp_path: Path) -> None:
    client = GET + b"POST /b HTTP/1.1\r\nHost: a.mn\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + GET
    server = OK + CHUNKED + b"4;x\r\nabcd\r\n1\r\ne\r\n0\r\nT: 1\r\n\r\n" + b"HTTP/1.1 200 OK\r\n\r\nrest"
    for name in ("whole", "bytes"):
        (tmp_path / name).mkdir()

    whole = exchanges(read(tmp_path / "whole", client, server))
    bit_by_bit = exchanges(read(tmp_path / "bytes", bytewise(client), bytewise(server)))

    assert [response_body(exchange) for exchange in whole] == [b"hi", b"abcde", b"rest"]
    assert [response_body(exchange) for exchange in bit_by_bit] == [b"hi", b"abcde", b"rest"]
    assert [exchange.request.head for exchange in whole] == [exchange.request.head for exchange in bit_by_bit]
