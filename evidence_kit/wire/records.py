"""What is read off a connection beside exchanges, as ``resource`` records: raw bytes and WebSocket messages.

No standard says how a WARC holds the messages of a WebSocket. They are lines of JSON, one a message, in one record for
each WebSocket (as in the proposal that replay programs are being written for), so that every WARC tool checks their
digests; payloads that are long are records of their own. Memory stays flat however many messages there are.
"""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evidence_kit.archive.cdxj import IndexLine
from evidence_kit.archive.warc_writer import WarcWriter
from evidence_kit.canonical import Json
from evidence_kit.models import utc_text
from evidence_kit.trust.digests import sha256_file
from evidence_kit.wire.exchange import Opcode, RawBytes, WebSocketMessage

_RAW_TYPE = "application/octet-stream"
_LINES_TYPE = "application/jsonl"
_WAITING = 8 * 1024
"""Bytes of lines that are written together: a WebSocket may have a million messages, or a page as many WebSockets."""


def write_raw(warc: WarcWriter, raw: RawBytes, *, connection: str, concurrent_to: str | None = None) -> IndexLine:
    """Write bytes that could not be read; *connection* is the name of the connection that they came over.

    *concurrent_to* is the id of the record that they belong to, where one is known.
    """
    return warc.resource(
        f"urn:evidence-kit:raw:{raw.side}:{raw.url}",
        raw.body.content,
        media_type=_RAW_TYPE,
        date=raw.started,
        concurrent_to=concurrent_to,
        note={
            "connection": connection,
            "side": str(raw.side),
            "offset": str(raw.extent.offset),
            "ended": utc_text(raw.ended),
            "reason": raw.reason,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _LongPayload:
    """A payload that is a record of its own."""

    number: int
    started: datetime
    path: Path


class MessageLog:
    """The messages of one WebSocket on their way into the archive."""

    def __init__(self, path: Path, *, url: str, connection: str) -> None:
        """Gather in the file *path*, which is there once `write` was called.

        *connection* is the name of the connection, *url* the address of the WebSocket. `OSError` passes through.
        """
        self._path = path
        self._url = url
        self._connection = connection
        self.count = 0
        """Messages so far."""
        self._started: datetime | None = None
        self._waiting = bytearray()
        self._long: list[_LongPayload] = []

    def add(self, message: WebSocketMessage) -> None:
        """Append *message*; a payload in a file is left there until `write`."""
        self._started = self._started or message.started
        self.count += 1
        if isinstance(message.payload, Path):
            self._long.append(_LongPayload(number=self.count, started=message.started, path=message.payload))
        line = json.dumps(_line(self.count, message), ensure_ascii=False, separators=(",", ":"))
        self._waiting += line.encode("utf-8") + b"\n"
        if len(self._waiting) > _WAITING:
            self._flush()

    def _flush(self) -> None:
        with self._path.open("ab") as stream:
            stream.write(self._waiting)
        self._waiting.clear()

    def write(self, warc: WarcWriter, *, concurrent_to: str | None = None) -> list[IndexLine]:
        """Write the list of messages, if there are any, and then the long payloads.

        *concurrent_to* is the id of the response that opened the WebSocket.
        """
        if self._started is None:
            return []
        self._flush()
        note = {"connection": self._connection}
        uri = f"urn:evidence-kit:websocket:{self._url}"
        lines = [
            warc.resource(
                uri, self._path, media_type=_LINES_TYPE, date=self._started, concurrent_to=concurrent_to, note=note
            )
        ]
        for payload in self._long:
            lines.append(
                warc.resource(
                    f"urn:evidence-kit:websocket-message:{payload.number}:{self._url}",
                    payload.path,
                    media_type=_RAW_TYPE,
                    date=payload.started,
                    concurrent_to=lines[0].record_id,
                    note=note,
                )
            )
        return lines


def _line(number: int, message: WebSocketMessage) -> dict[str, Json]:
    """Return the line of *message*; what is usual is left out."""
    line: dict[str, Json] = {
        "number": number,
        "started": utc_text(message.started),
        "ended": utc_text(message.ended),
        "side": str(message.side),
        "opcode": int(message.opcode),
        "length": message.length,
        "offset": message.extent.offset,
        **_payload(message),
    }
    if message.fragments != 1:
        line["fragments"] = message.fragments
    if message.deflated:
        line |= {"deflated": True, "inflated": message.inflated}
    if message.close_code is not None:
        line["close_code"] = message.close_code
    if not message.whole:
        line["whole"] = False
    if message.remarks:
        line["remarks"] = list(message.remarks)
    return line


def _payload(message: WebSocketMessage) -> dict[str, Json]:
    if isinstance(message.payload, Path):
        return {"sha256": sha256_file(message.payload).hex}
    if message.opcode is Opcode.TEXT and message.inflated is message.deflated:
        try:
            return {"text": message.payload.decode("utf-8")}
        except UnicodeDecodeError:
            # Broken, or ended within a letter: then the bytes themselves.
            pass
    return {"base64": base64.b64encode(message.payload).decode("ascii")}
