"""Keys and lines of the index."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from evidence_kit.archive.cdxj import IndexLine, index_bytes, surt

LINE = IndexLine(
    record_id="urn:uuid:1",
    record_type="response",
    url="https://www.example.mn/B?b=2&a=1",
    date=datetime(2026, 11, 22, 9, 2, 3, tzinfo=timezone(timedelta(hours=8))),
    offset=10,
    length=20,
    filename="spool.warc.gz",
    mime="text/html",
    status=200,
    digest="sha256:X",
)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://www.Example.mn/A%20b?b=2&a=1", "mn,example)/a%20b?a=1&b=2"),
        ("http://example.mn:8080/", "mn,example:8080)/"),
        ("https://example.mn:443", "mn,example)/"),
        ("https://user:secret@a.mn/x/", "mn,a)/x"),
        ("https://a.mn/x?#frag", "mn,a)/x"),
        ("https://a.mn/Ө Ү", "mn,a)/%d3%a8%20%d2%ae"),
        ("https://a.mn/%7Ex/a%2Fb?u=https%3A%2F%2Fb.mn%2F%3Fq&c=%2541%26d", "mn,a)/~x/a/b?c=a&d&u=https://b.mn/?q"),
        ("https://a.mn/x/./y//z/../w/?", "mn,a)/x/y/w"),
        ("https://a.mn./../%23%25%00", "mn,a)/%23%25%00"),
        ("http://127.0.0.1:9000/p", "1,0,0,127:9000)/p"),
        ("urn:view:https://a.mn/", "urn:view:https://a.mn/"),
        ("https://[broken/\n x", "https://[broken/%0A%20x"),
        ("https://a.mn:99999999/x", "https://a.mn:99999999/x"),
    ],
)
def test_a_url_has_the_key_that_replay_programs_look_for(url: str, key: str) -> None:
    assert surt(url) == key


def test_a_line_has_a_utc_timestamp_and_string_fields() -> None:
    key, timestamp, fields = LINE.to_line().split(" ", 2)

    assert (key, timestamp) == ("mn,example)/b?a=1&b=2", "20261122010203")
    assert json.loads(fields) == {
        "url": LINE.url,
        "mime": "text/html",
        "status": "200",
        "digest": "sha256:X",
        "length": "20",
        "offset": "10",
        "filename": "spool.warc.gz",
    }


def test_the_method_of_a_request_other_than_get_is_part_of_its_key() -> None:
    posted = IndexLine(
        record_id="urn:uuid:2",
        record_type="response",
        url="https://a.mn/api",
        date=datetime(2026, 1, 1, tzinfo=UTC),
        offset=0,
        length=1,
        filename="x",
        method="POST",
    )

    assert posted.key == "mn,a)/api?__wb_method=post"
    assert json.loads(posted.to_line().split(" ", 2)[2])["method"] == "POST"


def test_an_index_is_sorted_and_leaves_requests_out() -> None:
    index = index_bytes(
        [
            LINE,
            IndexLine(
                record_id="urn:uuid:3",
                record_type="request",
                url=LINE.url,
                date=LINE.date,
                offset=0,
                length=1,
                filename="x",
            ),
            IndexLine(
                record_id="urn:uuid:4",
                record_type="resource",
                url="https://a.mn/",
                date=LINE.date,
                offset=0,
                length=1,
                filename="x",
            ),
        ],
        filename="data.warc.gz",
    )

    lines = index.decode().splitlines()
    assert [line.split(" ")[0] for line in lines] == ["mn,a)/", "mn,example)/b?a=1&b=2"]
    assert all('"filename": "data.warc.gz"' in line for line in lines)
