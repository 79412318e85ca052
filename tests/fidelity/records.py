"""What a capture left behind, read without any code of the kit: records by warcio, as raw blocks, and the ledger."""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator


@dataclass(slots=True, kw_only=True)
class Block:
    """One record."""

    fields: list[tuple[str, str]]
    data: bytes

    def field(self, name: str) -> str:
        """Return a WARC field, empty if it is not there."""
        return next((value for key, value in self.fields if key == name), "")

    @property
    def head(self) -> bytes:
        """The HTTP head with its empty line."""
        for end in (b"\r\n\r\n", b"\n\n", b"\n\r\n"):
            if end in self.data:
                ends = [
                    self.data.index(each) + len(each) for each in (b"\r\n\r\n", b"\n\n", b"\n\r\n") if each in self.data
                ]
                return self.data[: min(ends)]
        return self.data

    @property
    def body(self) -> bytes:
        """What follows the HTTP head."""
        return self.data[len(self.head) :]


@dataclass(slots=True, kw_only=True)
class Pair:
    """A request record, and its response record if there is one."""

    request: Block
    response: Block | None = None

    @property
    def url(self) -> str:
        """The WARC-Target-URI."""
        return self.request.field("WARC-Target-URI")

    @property
    def method(self) -> str:
        """The request's method."""
        return self.request.data.split(b" ", 1)[0].decode("ascii", "replace")

    @property
    def ids(self) -> set[str]:
        """The ids of both records."""
        return {block.field("WARC-Record-ID") for block in (self.request, self.response) if block}


@dataclass(slots=True, kw_only=True)
class Records:
    """Everything."""

    pairs: list[Pair] = field(default_factory=list)
    others: list[Block] = field(default_factory=list)
    """Records of other types."""
    ledger: list[dict[str, Any]] = field(default_factory=list)
    """One object per request."""
    lonely: list[Block] = field(default_factory=list)
    """Responses without a request."""

    def messages(self, url: str) -> list[tuple[str, int, bytes]]:
        """Return side, opcode and payload of the messages of the WebSocket at *url*, in order."""
        found = []
        for line in self._resource(f"urn:evidence-kit:websocket:{url}").splitlines():
            message = json.loads(line)
            if "text" in message:
                payload = message["text"].encode()
            elif "base64" in message:
                payload = base64.b64decode(message["base64"])
            else:
                payload = self._resource(f"urn:evidence-kit:websocket-message:{message['number']}:{url}")
                assert hashlib.sha256(payload).hexdigest() == message["sha256"]
            found.append((message["side"], message["opcode"], payload))
        return found

    def _resource(self, uri: str) -> bytes:
        return b"".join(block.data for block in self.others if block.field("WARC-Target-URI") == uri)


def read_records(folder: Path) -> Records:
    """Read the capture in *folder*."""
    found = Records(ledger=_ledger(folder))
    with zipfile.ZipFile(folder / "capture.wacz") as archive:
        blocks = list(_blocks(archive.read("archive/data.warc.gz")))
    responses = {block.field("WARC-Concurrent-To"): block for block in blocks if block.field("WARC-Type") == "response"}
    for block in blocks:
        match block.field("WARC-Type"):
            case "request":
                found.pairs.append(Pair(request=block, response=responses.pop(block.field("WARC-Record-ID"), None)))
            case "response":
                pass
            case _:
                found.others.append(block)
    found.lonely = list(responses.values())
    return found


def _blocks(data: bytes) -> Iterator[Block]:
    for record in ArchiveIterator(io.BytesIO(data), no_record_parse=True):
        yield Block(fields=record.rec_headers.headers, data=record.content_stream().read())


def _ledger(folder: Path) -> list[dict[str, Any]]:
    ledger = folder / "ledger.jsonl"
    if ledger.exists():
        lines = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()]
        return lines[1:]
    requests: list[dict[str, Any]] = json.loads((folder / "page.json").read_text(encoding="utf-8"))["requests"]
    return requests
