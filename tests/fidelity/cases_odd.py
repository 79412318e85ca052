"""Cases about servers that keep to no rules. All of them speak HTTP/1.1 by hand."""

from tests.fidelity.case import CUT, HTTP1, NO_ANSWER, Body, Case, Expect
from tests.fidelity.replies import Raw, Reply

_OK = b"HTTP/1.1 200 OK\r\n"
_LENGTH = b"Content-Length: 5\r\n"


def _odd(name: str, answer: Raw | Reply, **more: object) -> Case:
    return Case(name=name, routes={"/x": answer}, script="await get('/x')", schemes=HTTP1, **more)  # type: ignore[arg-type]


def _whole(name: str, head: bytes, body: bytes = b"hello", *, cut: str = "", **more: object) -> Case:
    return _odd(name, Raw(parts=(head + body,), head=head, body=body, cut=cut), **more)


_REFUSED = Expect(
    body=Body.PREFIX,
    outcomes=("failed", "truncated", "not-recorded", "recorded"),
    truncated=("unspecified", "disconnect"),
)
_TAKEN_FOR_0_9 = Expect(outcomes=("recorded", "truncated"), truncated=("unspecified",))
"""Without a head it is an answer of HTTP/0.9 to the browser, which still reads those on the usual ports."""
_HALF = Expect(body=Body.ABSENT, outcomes=("failed", "truncated", "recorded"))
"""Without TLS the browser takes it for an answer, with TLS for none."""
_KEPT_RAW = Expect(body=Body.UNANSWERED, outcomes=("failed", "not-recorded"))

CASES = (
    _odd(
        "bytebybyte",
        Raw(
            parts=tuple(bytes([b]) for b in _OK + _LENGTH + b"\r\nhello"),
            head=_OK + _LENGTH + b"\r\n",
            body=b"hello",
            pause=0.005,
            cut="",
        ),
    ),
    _whole("folded", _OK + b"X-Folded: one\r\n two\r\n\tthree\r\n" + _LENGTH + b"\r\n"),
    _whole("barelf", b"HTTP/1.1 200 OK\nContent-Length: 5\nX-A: 1\n\n"),
    _whole("mixedends", b"HTTP/1.1 200 OK\r\nX-A: 1\nContent-Length: 5\r\n\n", cut="close"),
    _whole("noreason", b"HTTP/1.1 200\r\n" + _LENGTH + b"\r\n"),
    _whole("oldversion", b"HTTP/1.0 200 OK\r\n" + _LENGTH + b"\r\n", cut="close"),
    _whole("smallletters", b"http/1.1 200 ok\r\n" + _LENGTH + b"\r\n"),
    _whole("nocolon", _OK + b"this is no field\r\n" + _LENGTH + b"\r\n"),
    _whole("spacebeforecolon", _OK + b"X-Odd : 1\r\n" + _LENGTH + b"\r\n"),
    _whole("spaces", _OK + b"X-Odd:\t  padded \t \r\nX-None:\r\n" + _LENGTH + b"\r\n"),
    _whole("twolengths", _OK + _LENGTH + _LENGTH + b"\r\n"),
    _whole(
        "otherlengths",
        _OK + _LENGTH + b"Content-Length: 6\r\n\r\n",
        cut="close",
        browser={"/x": NO_ANSWER},
        wire={"/x": _REFUSED},
    ),
    _whole("notalength", _OK + b"Content-Length: five\r\n\r\n", cut="close", browser={"/x": _REFUSED}),
    _odd(
        "toomuch",
        Raw(
            parts=(_OK + _LENGTH + b"\r\nhello", b" and more"),
            head=_OK + _LENGTH + b"\r\n",
            body=b"hello",
            rest=b" and more",
            pause=0.1,
        ),
    ),
    _odd(
        "bothframings",
        Raw(
            parts=(_OK + b"Content-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",),
            head=_OK + b"Content-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n",
            body=b"hello",
            dechunked=True,
            cut="",
        ),
    ),
    _odd(
        "oddsizes",
        Raw(
            parts=(
                _OK + b"Transfer-Encoding: chunked\r\n\r\n",
                b"0005\r\nhello\r\n",
                b"a \r\n0123456789\r\n",
                b"00\r\nX-T: 1\r\n\r\n",
            ),
            head=_OK + b"Transfer-Encoding: chunked\r\n\r\n",
            body=b"hello0123456789",
            dechunked=True,
            pause=0.02,
            cut="",
        ),
    ),
    _odd(
        "garbage",
        Raw(
            parts=(b"\x00\x01 this is no HTTP at all\r\n\r\n" * 3,), rest=b"\x00\x01 this is no HTTP at all\r\n\r\n" * 3
        ),
        wire={"/x": _KEPT_RAW},
        browser={"/x": _TAKEN_FOR_0_9},
    ),
    _odd("silence", Raw(parts=()), wire={"/x": NO_ANSWER}, browser={"/x": NO_ANSWER}),
    _odd("resetatonce", Raw(parts=(), cut="reset"), wire={"/x": NO_ANSWER}, browser={"/x": NO_ANSWER}),
    _odd(
        "halfahead",
        Raw(parts=(_OK + b"X-Half: 1",), rest=_OK + b"X-Half: 1"),
        wire={"/x": _KEPT_RAW},
        browser={"/x": _HALF},
    ),
    _odd(
        "resetmidbody",
        Raw(
            parts=(_OK + b"Content-Length: 100\r\n\r\n", b"hello"),
            head=_OK + b"Content-Length: 100\r\n\r\n",
            body=b"hello",
            pause=0.3,
            cut="reset",
        ),
        wire={"/x": CUT},
        browser={"/x": CUT},
    ),
    Case(
        name="earlyreply",
        routes={"/x": Reply(body=b"I know already", early=True)},
        script="await get('/x', {method: 'POST', body: new Uint8Array(2000000).fill(5)})",
        schemes=HTTP1,
    ),
)
