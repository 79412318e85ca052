"""Reading HTTP/2 connections, made by hand: heads, bodies, endings, and what breaks a connection."""

from pathlib import Path

import pytest

from evidence_kit.wire.exchange import ConnectionFrames, Opcode, Reading, WireExchange
from evidence_kit.wire.http2 import read_http2
from evidence_kit.wire.streams import Ending, Side
from tests.support.connections import (
    Recorded,
    assert_counted,
    assert_raw_is_exact,
    at,
    body,
    exchanges,
    messages,
    raws,
    recorded,
)
from tests.support.http2_frames import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    Sender,
    answered,
    asked,
    client,
    frame,
    server,
)


def read(folder: Path, ours: Sender | Recorded, theirs: Sender | Recorded) -> list[Reading]:
    one = ours if isinstance(ours, Recorded) else recorded(ours.data)
    other = theirs if isinstance(theirs, Recorded) else recorded((1, theirs.data))
    readings = list(read_http2(one, other, scheme="https", authority_hint="hint.mn:443", folder=folder))
    assert_counted(readings, one, other)
    assert_raw_is_exact([raw for raw in raws(readings) if "were over" not in raw.reason], one, other)
    assert isinstance(readings[-1], ConnectionFrames)
    return readings


def one(readings: list[Reading]) -> WireExchange:
    (exchange,) = exchanges(readings)
    assert not raws(readings)
    return exchange


def response_body(exchange: WireExchange) -> bytes:
    assert exchange.response is not None
    return body(exchange.response.body)


def test_heads_are_written_in_http1_form_in_their_order(tmp_path: Path) -> None:
    more = ((b"x-b", b"\xd2\xaf\xff"), (b"cookie", b"a=1"), (b"x-a", b""), (b"cookie", b"b=2"))
    ours = client().head(asked(b"/p?q", more=more), end=True)
    theirs = server().head(answered((b"set-cookie", b"a"), (b"x", b" y "), (b"set-cookie", b"b"))).body(b"hi", end=True)

    exchange = one(read(tmp_path, ours, theirs))

    assert exchange.request.head == (
        b"GET /p?q HTTP/1.1\r\nHost: a.mn\r\nx-b: \xd2\xaf\xff\r\ncookie: a=1\r\nx-a: \r\ncookie: b=2\r\n\r\n"
    )
    assert exchange.response is not None
    assert exchange.response.head == b"HTTP/1.1 200\r\nset-cookie: a\r\nx:  y \r\nset-cookie: b\r\n\r\n"
    assert (exchange.url, exchange.protocols, exchange.stream) == ("https://a.mn/p?q", ("h2",), 1)
    assert (response_body(exchange), exchange.truncated, exchange.remarks) == (b"hi", None, ())
    assert (exchange.started, exchange.ended) == (at(0), at(1))
    assert exchange.to_exchange(protocols=("tls/1.3",)).protocols == ("h2", "tls/1.3")


def test_streams_that_interleave_come_apart(tmp_path: Path) -> None:
    ours, theirs = client(), server()
    for number in (1, 3, 5):
        ours.head(asked(b"/%d" % number, method=b"POST"), stream=number)
    for turn in range(3):
        for number in (5, 1, 3):
            ours.body(b"%d" % turn, stream=number, end=turn == 2)
    for number in (3, 5, 1):
        theirs.head(answered((b"x-n", b"%d" % number)), stream=number)
    for turn in range(3):
        for number in (3, 1, 5):
            theirs.body(b"%d%d" % (number, turn), stream=number, end=turn == 2)

    found = exchanges(read(tmp_path, ours, theirs))

    assert [exchange.stream for exchange in found] == [3, 1, 5]
    assert [response_body(exchange) for exchange in found] == [b"303132", b"101112", b"505152"]
    assert {body(exchange.request.body) for exchange in found} == {b"012"}


def test_more_streams_than_files_may_be_open_come_apart(tmp_path: Path) -> None:
    ours, theirs = client(), server()
    numbers = range(1, 301, 2)
    for number in numbers:
        ours.head(asked(b"/%d" % number), stream=number, end=True)
        theirs.head(answered(), stream=number)
    for turn in range(3):
        for number in numbers:
            theirs.body(b"%d." % number, stream=number, end=turn == 2)

    found = exchanges(read(tmp_path, ours, theirs))

    assert [response_body(exchange) for exchange in found] == [b"%d." % number * 3 for number in numbers]


def test_padding_priority_and_continuation_are_taken_off(tmp_path: Path) -> None:
    ours, theirs = client(), server()
    block = ours.block(asked())
    ours.raw(frame(HEADERS, b"\x03" + b"\x00\x00\x00\x00\x10" + block[:3] + bytes(3), flags=PADDED | PRIORITY | 1))
    ours.raw(frame(CONTINUATION, block[3:9])).raw(frame(CONTINUATION, block[9:], flags=END_HEADERS))
    theirs.head(answered()).raw(frame(DATA, b"\x05hello" + bytes(5), flags=PADDED | END_STREAM))

    exchange = one(read(tmp_path, ours, theirs))

    assert (exchange.url, response_body(exchange)) == ("https://a.mn/", b"hello")


def test_interim_heads_and_trailers_are_kept(tmp_path: Path) -> None:
    ours = client().head(asked(), end=True)
    theirs = server().head(answered((b"link", b"</a>"), status=b"103")).head(answered()).body(b"x")
    theirs.head([(b"x-sum", b"1")], end=True)

    exchange = one(read(tmp_path, ours, theirs))

    assert exchange.interim_heads == (b"HTTP/1.1 103\r\nlink: </a>\r\n\r\n",)
    assert exchange.response is not None
    assert exchange.response.trailers == b"x-sum: 1\r\n"
    assert response_body(exchange) == b"x"


@pytest.mark.parametrize(
    ("side", "expected"), [("client", ("unspecified", Side.CLIENT)), ("server", ("disconnect", Side.SERVER))]
)
def test_a_reset_says_by_whom_and_why(tmp_path: Path, side: str, expected: tuple[str, Side]) -> None:
    ours = client().head(asked(), end=True)
    theirs = server().head(answered()).body(b"som")
    (ours if side == "client" else theirs).reset(8)

    exchange = one(read(tmp_path, ours, theirs))

    assert (response_body(exchange), exchange.truncated, exchange.ended_by) == (b"som", *expected)
    assert exchange.remarks == (f"reset by the {side}: CANCEL",)


def test_what_came_after_a_reset_by_the_client_is_kept(tmp_path: Path) -> None:
    ours = client().head(asked(), end=True).reset(8)
    theirs = server().head(answered()).body(b"all of it", end=True)

    exchange = one(read(tmp_path, ours, theirs))

    assert (response_body(exchange), exchange.truncated) == (b"all of it", None)


def test_frames_after_the_end_of_a_stream_are_put_aside(tmp_path: Path) -> None:
    ours = client().head(asked(), end=True)
    late = frame(DATA, b"too late")
    theirs = server().head(answered()).body(b"", end=True).raw(late).reset(0)

    readings = read(tmp_path, ours, theirs)

    assert response_body(exchanges(readings)[0]) == b""
    assert [body(raw.body) for raw in raws(readings)] == [late]


def test_an_early_reply_with_a_reset_is_whole(tmp_path: Path) -> None:
    ours = client().head(asked(method=b"POST")).body(b"abc")
    theirs = server().head(answered(status=b"413")).body(b"no", end=True).reset(0)

    exchange = one(read(tmp_path, ours, theirs))

    assert (response_body(exchange), exchange.truncated, exchange.request.whole) == (b"no", None, False)


@pytest.mark.parametrize(
    ("ending", "ended_by", "expected"),
    [
        (Ending.CLOSED, Side.SERVER, ("disconnect", Side.SERVER)),
        (Ending.RESET, Side.CLIENT, ("unspecified", Side.CLIENT)),
        (Ending.OPEN, None, ("time", None)),
    ],
)
def test_streams_end_with_their_connection(
    tmp_path: Path, ending: Ending, ended_by: Side | None, expected: tuple[str, Side | None]
) -> None:
    ours = client().head(asked(), end=True).head(asked(), stream=3, end=True)
    theirs = server().head(answered()).body(b"some").data + frame(DATA, b"cut in the middle")[:-4]

    readings = read(tmp_path, ours, recorded((1, theirs), ending=ending, ended_by=ended_by))

    first, second = exchanges(readings)
    assert (response_body(first), first.truncated, first.ended_by) == (b"somecut in the mi", *expected)
    assert (second.response, second.truncated, second.ended_by) == (None, None, expected[1])
    assert not raws(readings)


def test_padding_of_data_that_was_cut_is_no_body(tmp_path: Path) -> None:
    cut = frame(DATA, b"\x05hello" + bytes(5), flags=PADDED)
    for missing, expected in ((3, b"hello"), (5, b"hello"), (7, b"hel"), (11, b"")):
        folder = tmp_path / str(missing)
        folder.mkdir()
        theirs = server().head(answered()).raw(cut[:-missing])

        assert response_body(one(read(folder, client().head(asked(), end=True), theirs))) == expected


@pytest.mark.parametrize(("length", "truncated"), [(b"9", "unspecified"), (b"1", None), (b"-4", None), (b"4", None)])
def test_a_promise_that_was_not_kept_is_seen(tmp_path: Path, length: bytes, truncated: str | None) -> None:
    theirs = server().head(answered((b"content-length", length))).body(b"some", end=True)

    exchange = one(read(tmp_path, client().head(asked(), end=True), theirs))

    assert exchange.truncated == truncated
    assert len(exchange.remarks) == (0 if length == b"4" else 1)
    assert exchange.response is not None
    assert b"content-length: " + length in exchange.response.head


def test_a_promise_in_reply_to_head_is_no_lie(tmp_path: Path) -> None:
    ours = client().head(asked(method=b"HEAD"), end=True)

    exchange = one(read(tmp_path, ours, server().head(answered((b"content-length", b"99")), end=True)))

    assert (exchange.truncated, exchange.remarks) == (None, ())


def test_a_goaway_refuses_what_came_after_it(tmp_path: Path) -> None:
    ours = client().head(asked(), end=True).head(asked(), stream=3, end=True)
    goaway = frame(GOAWAY, b"\x00\x00\x00\x01" + b"\x00\x00\x00\x00" + b"bye", stream=0)
    theirs = server().head(answered(), end=True).raw(goaway)

    readings = read(tmp_path, ours, theirs)

    assert exchanges(readings)[1].remarks == ("the server's GOAWAY refused it", "no response")
    last = readings[-1]
    assert isinstance(last, ConnectionFrames)
    assert last.goaways == ((Side.SERVER, 1, 0, b"bye"),)
    assert last.counts == {
        "client SETTINGS": 1,
        "client HEADERS": 2,
        "server SETTINGS": 1,
        "server HEADERS": 1,
        "server GOAWAY": 1,
    }


def test_a_push_is_recognised(tmp_path: Path) -> None:
    theirs = server()
    promise = (2).to_bytes(4, "big") + theirs.block(asked(b"/pushed"))
    theirs.raw(frame(PUSH_PROMISE, promise, flags=END_HEADERS)).head(answered(), end=True)
    theirs.head(answered(), stream=2).body(b"unasked", stream=2, end=True)

    found = exchanges(read(tmp_path, client().head(asked(), end=True), theirs))

    assert [exchange.url for exchange in found] == ["https://a.mn/", "https://a.mn/pushed"]
    assert response_body(found[1]) == b"unasked"
    assert found[1].remarks == ("pushed by the server: the request is its promise",)


def test_line_ends_in_a_field_cannot_end_the_head(tmp_path: Path) -> None:
    theirs = server().head(answered((b"x", b"y\r\n\r\n<script>"), (b"a\nb", b"\x00")), end=True)

    exchange = one(read(tmp_path, client().head(asked(), end=True), theirs))

    assert exchange.response is not None
    assert exchange.response.head == b"HTTP/1.1 200\r\nx: y    <script>\r\na b:  \r\n\r\n"
    assert exchange.remarks == ("response: a field held CR, LF or NUL, written as spaces",)


def test_odd_pseudo_fields_are_said(tmp_path: Path) -> None:
    ours = client().head([*asked(), (b":odd", b"1"), (b":path", b"/other")], end=True)
    theirs = server().head([(b"x", b"y"), (b":status", b"2OO")], end=True)

    exchange = one(read(tmp_path, ours, theirs))

    assert exchange.request.head == b"GET / HTTP/1.1\r\nHost: a.mn\r\n\r\n"
    assert exchange.remarks == (
        "request: a pseudo field that was not written: :odd 1",
        "request: a pseudo field that was not written: :path /other",
        "response: no status: 2OO",
        "response: :status after other fields",
    )


BROKEN = {
    "padding": frame(DATA, b"\x09abc", flags=PADDED),
    "no padding length": frame(DATA, b"", flags=PADDED),
    "data on stream 0": frame(DATA, b"x", stream=0),
    "idle stream": frame(DATA, b"x", stream=77),
    "reset of an idle stream": frame(RST_STREAM, bytes(4), stream=77),
    "continuation alone": frame(CONTINUATION, b"", flags=END_HEADERS),
    "interrupted block": frame(HEADERS, b"\x88") + frame(DATA, b"x"),
    "index out of table": frame(HEADERS, b"\xff\x80\x01", flags=END_HEADERS),
    "endless number": frame(HEADERS, b"\xff" + b"\xff" * 40, flags=END_HEADERS),
    "unfinished field": frame(HEADERS, b"\x40\x05ab", flags=END_HEADERS),
    "huge table": frame(HEADERS, b"\x3f\xff\xff\xff\x0f", flags=END_HEADERS),
    "late table size": frame(HEADERS, b"\x88\x20", flags=END_HEADERS),
    "bad Huffman code": frame(HEADERS, b"\x00\x81\xff\x81\xff", flags=END_HEADERS),
    "long ping": frame(PING, bytes(9), stream=0),
    "settings on a stream": frame(4, b"", stream=1),
    "settings of odd length": frame(4, bytes(5), stream=0),
    "head in a body": frame(HEADERS, b"\x88", flags=END_HEADERS) * 2,
    "too long": b"\xff\xff\xff\x04\x00\x00\x00\x00\x00",
    "rubbish": b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10,
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_frame_leaves_the_rest_raw(tmp_path: Path, broken: bytes) -> None:
    ours = client().head(asked(), end=True).head(asked(), stream=3, end=True)
    theirs = server().head(answered()).body(b"good", end=True).head(answered(), stream=3)
    after = frame(DATA, b"after", stream=3)

    readings = read(tmp_path, ours, theirs.raw(broken.replace(b"\x00\x00\x00\x01", b"\x00\x00\x00\x03") + after))

    first, second = exchanges(readings)
    assert (response_body(first), first.truncated) == (b"good", None)
    assert (response_body(second), second.truncated, second.ended_by) == (b"", "unspecified", None)
    assert second.remarks == ("the rest of what the server sent cannot be read",)
    (raw,) = raws(readings)
    assert body(raw.body).endswith(after)


def test_a_promise_by_the_client_breaks_the_connection(tmp_path: Path) -> None:
    ours = client()
    bad = frame(PUSH_PROMISE, (2).to_bytes(4, "big") + ours.block(asked()), flags=END_HEADERS)

    assert [body(raw.body) for raw in raws(read(tmp_path, ours.raw(bad), server()))] == [bad]


def test_without_a_preface_nothing_is_read(tmp_path: Path) -> None:
    readings = read(tmp_path, recorded(b"GET / HTTP/1.1\r\n\r\n"), recorded(SETTINGS + frame(DATA, b"x")))

    assert [raw.reason for raw in raws(readings)] == ["no HTTP/2 preface", "DATA on stream 1, which nobody opened"]


def test_answers_find_their_requests_when_the_times_are_off(tmp_path: Path) -> None:
    ours, theirs = client().head(asked(), end=True), server().head(answered()).body(b"hi", end=True)

    exchange = one(read(tmp_path, recorded((5, ours.data)), recorded((1, theirs.data))))

    assert response_body(exchange) == b"hi"


def test_a_websocket_over_http2_is_read(tmp_path: Path) -> None:
    more = ((b":protocol", b"websocket"),)
    ours = client().head([*asked(b"/chat", method=b"CONNECT"), *more]).data
    theirs = server().head(answered()).data
    say, answer = b"\x81\x83\x00\x00\x00\x00abc", b"\x81\x02hi"

    readings = read(
        tmp_path,
        recorded((0, ours), (2, frame(DATA, say[:4])), (3, frame(DATA, say[4:])), (9, frame(DATA, b"", flags=1))),
        recorded(
            (1, theirs), (4, frame(DATA, b"\x01" + answer + b"\x00", flags=PADDED)), (8, frame(DATA, b"", flags=1))
        ),
    )

    exchange = one(readings)
    assert (exchange.url, exchange.websocket, response_body(exchange)) == ("wss://a.mn/chat", True, b"")
    assert exchange.request.head.startswith(b"CONNECT /chat HTTP/1.1\r\nHost: a.mn\r\n")
    assert [(m.side, m.opcode, m.payload, m.started, m.ended) for m in messages(readings)] == [
        (Side.CLIENT, Opcode.TEXT, b"abc", at(2), at(3)),
        (Side.SERVER, Opcode.TEXT, b"hi", at(4), at(4)),
    ]
    assert not list(tmp_path.iterdir())


def test_a_websocket_that_was_refused_is_an_exchange(tmp_path: Path) -> None:
    ours = client().head([*asked(b"/chat", method=b"CONNECT"), (b":protocol", b"websocket")])
    theirs = server().head(answered(status=b"403")).body(b"no", end=True)

    exchange = one(read(tmp_path, ours, theirs))

    assert (exchange.url, exchange.websocket, response_body(exchange)) == ("https://a.mn/chat", False, b"no")


def test_many_abandoned_streams_do_not_pile_up(tmp_path: Path) -> None:
    ours, theirs = client(), server()
    for number in range(1, 2001, 2):
        ours.head(asked(b"/%d" % number), stream=number, end=True).reset(8, stream=number)

    readings = read(tmp_path, ours, theirs)

    assert len(exchanges(readings)) == 1000
    assert [exchange.stream for exchange in exchanges(readings)] == list(range(1, 2001, 2))
