"""The answers that a web archive holds, found by the requests that a browser makes.

Of several answers to one request each is given once, in recorded order, and the last one again and again. A request is
looked for by method, address, range and body; then without the body, as pages put numbers of their own into it; then by
the address in sort-friendly form; and only then by host and path alone, which is a guess and is counted as one.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from evidence_kit.archive.cdxj import surt
from evidence_kit.archive.http_facts import method_of, status_and_mime
from evidence_kit.archive.resource_names import role_of
from evidence_kit.archive.wacz import ARCHIVE_NAME
from evidence_kit.archive.warc_reader import WarcRecord, read_warc
from evidence_kit.archive.warc_records import begin
from evidence_kit.archive.zip_reader import ZipReader
from evidence_kit.display import shorten
from evidence_kit.errors import FormatError
from evidence_kit.wire.codings import decoded

LARGEST_BODY = 64 * 1024 * 1024
"""Bytes of a body that the browser is given; the protocol holds it in memory more than once."""
_MOST_ANSWERS = 100_000
_LARGEST_FILE = 64 * 1024 * 1024
_PIECE = 256 * 1024
_ARCHIVE = f"archive/{ARCHIVE_NAME}"
_NOT_MODIFIED = 304
_RANGE = re.compile(rb"\nrange:[ \t]*([^\r\n]*)", re.IGNORECASE)
_ORIGINAL = "x-archive-orig-"
_FRAMING = frozenset({"content-encoding", "content-length", "transfer-encoding"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request of a page, as far as answers are found by it."""

    method: str
    url: str
    """Without a fragment."""
    range: str = ""
    body: str = ""
    """Digest of the body: ``sha256:`` and base32, as WARC has it; empty when there is none or it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a request when it was recorded."""

    url: str
    date: str
    """When the request was sent, as written; orders the answers."""
    status: int | None = None
    offset: int | None = None
    """Where its record lies in the WARC; None when there was no response."""
    failure: str = ""
    """``net::ERR_…`` as the browser told it, when there was no response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An answer to a request."""

    answer: Answer
    guessed: bool = False
    """Whether only host and path are those of the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A response as a browser is given it: content codings taken off, and the fields that told of them."""

    status: int
    reason: str
    fields: tuple[tuple[str, bytes], ...]
    body: bytes


def body_digest(body: bytes) -> str:
    """Return the digest of a request's *body* as `Request` has it."""
    return f"sha256:{base64.b32encode(hashlib.sha256(body).digest()).decode('ascii')}" if body else ""


@dataclass(slots=True)
class _Turns:
    """Answers to one request, each given once, the last one again and again."""

    answers: list[Answer] = field(default_factory=list)
    given: int = 0

    def next(self) -> Answer:
        answer = self.answers[min(self.given, len(self.answers) - 1)]
        self.given += 1
        return answer


class RecordedAnswers:
    """The answers of one archive, each with the request that it answered."""

    def __init__(self, pairs: list[tuple[Request, Answer]]) -> None:
        """Take *pairs* in the order in which the requests were sent."""
        self._exact: dict[Request, _Turns] = {}
        self._by_address: dict[tuple[str, str, str], _Turns] = {}
        self._by_key: dict[tuple[str, str], _Turns] = {}
        self._by_path: dict[tuple[str, str], list[Answer]] = {}
        for request, answer in sorted(pairs, key=lambda pair: pair[1].date):
            address = request.method, request.url, request.range
            self._exact.setdefault(request, _Turns()).answers.append(answer)
            self._by_address.setdefault(address, _Turns()).answers.append(answer)
            self._by_key.setdefault((request.method, surt(request.url)), _Turns()).answers.append(answer)
            self._by_path.setdefault((request.method, _place(request.url)), []).append(answer)

    def find(self, request: Request) -> Found | None:
        """Return what was recorded for *request*; None when nothing was."""
        turns = (
            self._exact.get(request)
            or self._by_address.get((request.method, request.url, request.range))
            or self._by_key.get((request.method, surt(request.url)))
        )
        if turns is not None:
            return Found(answer=turns.next())
        alike = self._by_path.get((request.method, _place(request.url)), [])
        if not alike:
            return None
        wanted = _parameters(request.url)
        nearest = max(alike, key=lambda answer: len(wanted & _parameters(answer.url)))
        return Found(answer=nearest, guessed=True)


class RecordedArchive:
    """An open WACZ; a context manager."""

    def __init__(self, source: Path | BinaryIO) -> None:
        """Open it and read what is in its WARC; raises `FormatError`, `OSError`."""
        self._zip = ZipReader(source)
        try:
            self._warc = self._zip.open(_ARCHIVE)
            self._resources: dict[str, int] = {}
            pairs = list(self._pairs())
            self.answers = RecordedAnswers([*pairs, *self._failures()])
        except (FormatError, OSError):
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        """Return the archive itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file if it was opened here."""
        self._zip.close()

    def resource(self, role: str) -> bytes | None:
        """Return the file of the item that was recorded as *role*; raises `FormatError` for a damaged or huge one."""
        offset = self._resources.get(role)
        return None if offset is None else _read(self._record(offset), _LARGEST_FILE)

    def reply(self, answer: Answer) -> Reply:
        """Return the response of *answer*; raises `FormatError` when it cannot be read, `LimitError` when too large."""
        if answer.offset is None:
            message = "there was no response"
            raise FormatError(message)
        record = self._record(answer.offset)
        body = _read(record, LARGEST_BODY)
        if not record.http_head:
            kind = (record.header("Content-Type") or "application/octet-stream").encode("latin-1", "replace")
            return Reply(status=200, reason="OK", fields=(("Content-Type", kind),), body=body)
        return _reply(record.http_head, body)

    def _record(self, offset: int) -> WarcRecord:
        self._warc.seek(offset)
        return WarcRecord(begin(self._warc))

    def _pairs(self) -> Iterator[tuple[Request, Answer]]:
        """Yield every response with its request, and note where the item's own files lie."""
        requests: dict[str, Request] = {}
        answers: dict[str, Answer] = {}
        made: list[Answer] = []
        self._warc.seek(0)
        for record in read_warc(self._warc):
            if len(answers) + len(requests) > 2 * _MOST_ANSWERS:
                message = f"the web archive holds more than {_MOST_ANSWERS} answers"
                raise FormatError(message)
            match record.type:
                case "request":
                    requests[(record.header("WARC-Concurrent-To") or "").strip("<>")] = _request(record)
                case "resource" if role := role_of(record.url):
                    self._resources.setdefault(role, record.offset)
                case "response":
                    status, _ = status_and_mime(record.http_head, "")
                    answers[record.record_id] = _answer(record, status)
                case "resource" if record.url.startswith(("http://", "https://")):
                    made.append(_answer(record, 200))
                case _:
                    pass
        kept = {id_: answer for id_, answer in answers.items() if answer.status is not None}
        pairs = [(requests.get(id_) or Request(method="GET", url=answer.url), answer) for id_, answer in kept.items()]
        known = {request.url for request, answer in pairs if answer.status != _NOT_MODIFIED}
        # A browser that has nothing yet does not ask whether it is still good.
        yield from (
            (request, answer) for request, answer in pairs if answer.status != _NOT_MODIFIED or request.url not in known
        )
        # What a service worker made it makes again; this is for pages that ask before it does.
        yield from ((Request(method="GET", url=each.url), each) for each in made if each.url not in known)

    def _failures(self) -> Iterator[tuple[Request, Answer]]:
        """Yield the requests that got no response, as the ledger has them."""
        for line in (self.resource("ledger") or b"").splitlines():
            match _object(line):
                case {"outcome": "failed", "status": None, "url": str(url), "method": str(method)} as entry:
                    address = url.partition("#")[0]
                    failure, date = str(entry.get("reason", "")), str(entry.get("started", ""))
                    yield Request(method=method, url=address), Answer(url=address, date=date, failure=failure)
                case _:
                    pass


def _answer(record: WarcRecord, status: int | None) -> Answer:
    return Answer(url=record.url, date=record.header("WARC-Date") or "", status=status, offset=record.offset)


def _request(record: WarcRecord) -> Request:
    found = _RANGE.search(record.http_head)
    digest = record.header("WARC-Payload-Digest") or ""
    return Request(
        method=method_of(record.http_head),
        url=record.url.partition("#")[0],
        range=found[1].decode("latin-1").strip() if found else "",
        body="" if digest == _NOTHING else digest,
    )


_NOTHING = f"sha256:{base64.b32encode(hashlib.sha256(b'').digest()).decode('ascii')}"


def _reply(head: bytes, body: bytes) -> Reply:
    lines = re.sub(rb"\r?\n[ \t]+", b" ", head).splitlines()
    status, _ = status_and_mime(head, "")
    first = lines[0].split(b" ", 2)
    parts = (line.partition(b":") for line in lines[1:])
    fields = [(name.decode("latin-1").strip(), value.strip()) for name, _, value in parts]
    named = [(name, value) for name, value in fields if name and not name.lower().startswith(_ORIGINAL)]
    codings = [
        coding
        for name, value in named
        if name.lower() == "content-encoding"
        for coding in value.decode("latin-1").split(",")
    ]
    return Reply(
        status=status or 200,
        reason=first[2].decode("latin-1").strip() if len(first) > 2 else "",  # noqa: PLR2004  # version, status, reason
        fields=tuple((name, value) for name, value in named if name.lower() not in _FRAMING),
        body=decoded(body, codings, largest=LARGEST_BODY),
    )


def _read(record: WarcRecord, largest: int) -> bytes:
    data = bytearray()
    while piece := record.read(_PIECE):
        data += piece
        if len(data) > largest:
            message = f"{shorten(record.url)} has more than {largest} bytes"
            raise FormatError(message)
    return bytes(data)


def _place(url: str) -> str:
    """Return scheme, host, port and path of *url*."""
    return url.partition("?")[0]


def _parameters(url: str) -> frozenset[str]:
    return frozenset(url.partition("?")[2].split("&"))


def _object(line: bytes) -> Mapping[str, object]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
