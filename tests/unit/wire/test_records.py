"""Raw bytes and WebSocket messages in the archive, as any WARC tool finds them there."""

import base64
import hashlib
import json
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evidence_kit.archive.warc_reader import record_at
from evidence_kit.archive.warc_writer import WarcWriter
from evidence_kit.wire.bodies import StoredBody
from evidence_kit.wire.exchange import Extent, Opcode, RawBytes, WebSocketMessage
from evidence_kit.wire.records import MessageLog, write_raw
from evidence_kit.wire.streams import Side

NOW = datetime(2026, 11, 22, 1, 2, 3, 4000, tzinfo=UTC)
URL = "wss://example.mn/чат"
HELLO = WebSocketMessage(
    url=URL,
    side=Side.SERVER,
    started=NOW,
    ended=NOW + timedelta(milliseconds=5),
    opcode=Opcode.TEXT,
    payload="Сайн уу 😀\u2028".encode(),
    length=21,
    extent=Extent(offset=130, length=30),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.warc.gz"


def lines_of(path: Path, offset: int) -> list[dict[str, object]]:
    """Return the messages of the list at *offset*."""
    with record_at(path, offset) as record:
        body = b"".join(iter(lambda: record.read(65536), b""))
    assert body.endswith(b"\n")
    return [json.loads(line) for line in body.removesuffix(b"\n").split(b"\n")]


def written(path: Path, *messages: WebSocketMessage) -> list[dict[str, object]]:
    """Write *messages*, and return the list as it stands in the archive."""
    log = MessageLog(path.parent / "messages", url=URL, connection="7")
    for message in messages:
        log.add(message)
    with WarcWriter(path, created=NOW) as warc:
        warc.warcinfo({"software": "test"})
        lines = log.write(warc, concurrent_to="urn:uuid:5")
    return lines_of(path, lines[0].offset)


def test_a_message_stands_in_the_list_with_time_sender_and_text(path: Path) -> None:
    assert written(path, HELLO) == [
        {
            "number": 1,
            "started": "2026-11-22T01:02:03.004Z",
            "ended": "2026-11-22T01:02:03.009Z",
            "side": "server",
            "opcode": 1,
            "length": 21,
            "offset": 130,
            "text": "Сайн уу 😀\u2028",
        }
    ]


@pytest.mark.parametrize(
    "message",
    [
        replace(HELLO, opcode=Opcode.BINARY, payload=b"\x00\xff", length=2),
        replace(HELLO, payload=b"\xd0", length=1, whole=False),
        replace(HELLO, payload=b"bomb", length=4, deflated=True, remarks=("left compressed",)),
    ],
)
def test_what_is_no_whole_text_stands_as_base64(path: Path, message: WebSocketMessage) -> None:
    [line] = written(path, message)

    assert isinstance(message.payload, bytes)
    assert line["base64"] == base64.b64encode(message.payload).decode()
    assert "text" not in line
    assert line.get("whole", True) is message.whole
    assert line.get("inflated") == (False if message.deflated else None)
    assert line.get("remarks", []) == list(message.remarks)


def test_a_closing_frame_keeps_its_code_and_the_number_of_fragments_is_told(path: Path) -> None:
    first, last = written(
        path,
        replace(HELLO, fragments=3),
        replace(HELLO, side=Side.CLIENT, opcode=Opcode.CLOSE, payload=b"\x03\xe8bye", length=5, close_code=1000),
    )

    assert first["fragments"] == 3
    assert (last["number"], last["side"], last["opcode"], last["close_code"]) == (2, "client", 8, 1000)


def test_a_long_payload_is_a_record_of_its_own_that_the_list_names_by_digest(path: Path, tmp_path: Path) -> None:
    spooled = tmp_path / "long"
    spooled.write_bytes(b"long" * 600_000)
    log = MessageLog(tmp_path / "messages", url=URL, connection="7")
    log.add(HELLO)
    log.add(replace(HELLO, payload=spooled, length=2_400_000))

    with WarcWriter(path, created=NOW) as warc:
        warc.warcinfo({"software": "test"})
        lines = log.write(warc, concurrent_to="urn:uuid:5")

    assert [line.mime for line in lines] == ["application/jsonl", "application/octet-stream"]
    second = lines_of(path, lines[0].offset)[1]
    digest = hashlib.sha256(spooled.read_bytes()).digest()
    assert (second["length"], second["sha256"]) == (2_400_000, digest.hex())
    assert lines[1].digest == "sha256:" + base64.b32encode(digest).decode()
    with record_at(path, lines[1].offset) as record:
        assert record.url.startswith("urn:evidence-kit:websocket-message:2:wss://example.mn/")
        assert record.header("WARC-Concurrent-To") == f"<{lines[0].record_id}>"


def test_many_messages_take_no_more_memory_than_few(path: Path, tmp_path: Path) -> None:
    log = MessageLog(tmp_path / "messages", url=URL, connection="7")
    message = replace(HELLO, opcode=Opcode.BINARY, payload=bytes(60_000), length=60_000)
    tracemalloc.start()
    for _ in range(200):
        log.add(message)
    with WarcWriter(path, created=NOW) as warc:
        warc.warcinfo({"software": "test"})
        log.write(warc)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 3 * 1024 * 1024
    assert (tmp_path / "messages").stat().st_size > 200 * 80_000


def test_a_websocket_without_messages_leaves_no_record(path: Path, tmp_path: Path) -> None:
    with WarcWriter(path, created=NOW) as warc:
        warc.warcinfo({"software": "test"})

        assert MessageLog(tmp_path / "messages", url=URL, connection="7").write(warc) == []


def test_raw_bytes_say_whose_they_are_where_they_were_and_why(path: Path, tmp_path: Path) -> None:
    spooled = tmp_path / "raw"
    spooled.write_bytes(b"\x16\x03junk")
    raw = RawBytes(
        url="https://example.mn",
        side=Side.SERVER,
        started=NOW,
        ended=NOW,
        body=StoredBody(path=spooled, length=6),
        reason="not an HTTP response: Ө",
        extent=Extent(offset=99, length=6),
    )
    with WarcWriter(path, created=NOW) as warc:
        warc.warcinfo({"software": "test"})
        line = write_raw(warc, raw, connection="7", concurrent_to="urn:uuid:5")

    with record_at(path, line.offset) as record:
        assert (record.type, record.url) == ("resource", "urn:evidence-kit:raw:server:https://example.mn")
        assert record.header("WARC-Concurrent-To") == "<urn:uuid:5>"
        assert json.loads(record.header("WARC-JSON-Metadata") or "") == {
            "connection": "7",
            "side": "server",
            "offset": "99",
            "ended": "2026-11-22T01:02:03.004Z",
            "reason": "not an HTTP response: Ө",
        }
        assert record.read(100) == b"\x16\x03junk"
