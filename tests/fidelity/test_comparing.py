"""The comparison itself: it accepts what is as it was sent, and nothing else."""

from dataclasses import replace

import pytest

from tests.fidelity.case import CUT, PLAIN, Expect
from tests.fidelity.comparing import differences, pair_up
from tests.fidelity.origin import Sent
from tests.fidelity.records import Block, Pair

URL = "http://a.fid.localhost/x"
SENT = Sent(
    url=URL,
    method="POST",
    request_head=b"POST /x HTTP/1.1\r\nHost: a\r\nX-b: 1\r\n\r\n",
    request_body=bytearray(b"asked"),
    response_head=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a\r\n\r\n",
    response_body=bytearray(b"answered"),
    chunked=True,
    ended=True,
)
STORED = (
    b"HTTP/1.1 200 OK\r\nX-Archive-Orig-Transfer-Encoding: chunked\r\nSet-Cookie: a\r\n"
    b"Content-Length: 8\r\n\r\nanswered"
)
ASKED = bytes(SENT.request_head + SENT.request_body)


def _pair(*, request: bytes = ASKED, response: bytes | None = STORED, truncated: str = "") -> Pair:
    fields = [("WARC-Target-URI", URL)]
    marks = [("WARC-Truncated", truncated)] if truncated else []
    return Pair(
        request=Block(fields=fields, data=request),
        response=None if response is None else Block(fields=fields + marks, data=response),
    )


@pytest.mark.parametrize("recorder", ["wire", "browser"])
def test_what_is_as_it_was_sent_agrees(recorder: str) -> None:
    assert differences(recorder, SENT, _pair(), PLAIN) == []


@pytest.mark.parametrize(
    "pair",
    [
        _pair(request=ASKED.replace(b"X-b", b"x-b")),
        _pair(request=ASKED[:-1]),
        _pair(response=None),
        _pair(response=STORED[:-1]),
        _pair(response=STORED.replace(b"200 OK", b"200 Ok")),
        _pair(response=STORED.replace(b"Set-Cookie: a\r\n", b"")),
        _pair(response=STORED.replace(b"Length: 8", b"Length: 9")),
        _pair(truncated="disconnect"),
    ],
)
def test_any_other_byte_is_a_difference_on_the_wire(pair: Pair) -> None:
    assert differences("wire", SENT, pair, PLAIN)


@pytest.mark.parametrize(
    ("expect", "truncated", "agrees"), [(CUT, "disconnect", True), (CUT, "", False), (CUT, "time", False)]
)
def test_what_was_cut_has_to_say_so(expect: Expect, truncated: str, agrees: bool) -> None:
    sent = replace(SENT, cut=True)

    assert (differences("wire", sent, _pair(truncated=truncated), expect) == []) is agrees


def test_a_record_answers_for_one_exchange_only() -> None:
    found, strays = pair_up("wire", [SENT, SENT], [_pair()], lambda _: PLAIN)
    assert [each.differences for each in found] == [[], ["there is no request record"]]
    assert strays == []

    found, strays = pair_up("wire", [SENT], [_pair(), _pair()], lambda _: PLAIN)
    assert [each.differences for each in found] == [[]]
    assert len(strays) == 1
