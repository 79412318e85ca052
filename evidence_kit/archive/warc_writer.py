"""Write the records of a capture as WARC/1.1 (ISO 28500:2017), one gzip member per record, in constant memory.

Every record carries a SHA-256 block digest, HTTP records a payload digest too, and the id of the warcinfo record. HTTP
heads are stored byte for byte as given; the payload of an HTTP record is what follows its head, exactly as stored.
"""

import ipaddress
import json
import os
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from evidence_kit.archive.cdxj import IndexLine, ascii_uri
from evidence_kit.archive.http_facts import method_of, status_and_mime
from evidence_kit.archive.warc_layout import Block, Body, Fields, RecordFile, header_text
from evidence_kit.display import visible
from evidence_kit.errors import FormatError
from evidence_kit.models import utc_text

_TRUNCATED = frozenset({"length", "time", "disconnect", "unspecified"})
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One HTTP request and what came back."""

    url: str
    started: datetime
    """When the request began, aware UTC: the WARC-Date of both records."""
    request_head: bytes
    """Request line, header lines and the blank line, each with its CRLF."""
    request_body: Body = b""
    response_head: bytes | None
    """Status line, header lines and the blank line; None when no response was received."""
    response_body: Body = b""
    truncated: str | None = None
    """Why the response's body is shorter than it was: length, time, disconnect or unspecified (WARC-Truncated)."""
    ip_address: str | None = None
    """Address of the server, without brackets or port (WARC-IP-Address)."""
    protocols: tuple[str, ...] = ()
    """WARC-Protocol values (a proposal of the IIPC): ``h2``, ``tls/1.3``."""
    cipher_suite: str | None = None
    """WARC-Cipher-Suite, the name that IANA registered (a proposal of the IIPC): ``TLS_AES_128_GCM_SHA256``."""
    resource_type: str | None = None
    """WARC-Resource-Type: what the browser wanted it for, in lower case: ``document``, ``image``, ``xhr``."""
    note: Mapping[str, str] = field(default_factory=dict)
    """Anything else that belongs to the exchange (WARC-JSON-Metadata)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Where an exchange stands in the WARC."""

    response: IndexLine | None
    """None when there was no response."""
    request: IndexLine

    @property
    def lines(self) -> tuple[IndexLine, ...]:
        """Response and request, in the order in which they were written."""
        return (self.request,) if self.response is None else (self.response, self.request)


class WarcWriter:
    """An open WARC file; a context manager.

    The file must not exist yet. It is flushed to the disk when the context ends. `OSError` passes through.
    """

    def __init__(self, path: Path, *, created: datetime, page_id: str | None = None) -> None:
        """Remember where to write; *created* becomes the warcinfo's date.

        *page_id* is what the page list calls the page that all of it belongs to (WARC-Page-ID).
        """
        self._path = path
        self._created = created
        self._page_id = page_id
        self._warcinfo_id: str | None = None

    def __enter__(self) -> Self:
        """Create the file; raises `FileExistsError`."""
        self._file = self._path.open("xb")
        self._records = RecordFile(self._file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Bring everything to the disk, and close."""
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())

    def warcinfo(self, fields: Mapping[str, str]) -> None:
        """Write the record that describes the file; it comes first and once. Raises `FormatError`."""
        if self._records.size:
            raise FormatError("the warcinfo record is not the first of its file")
        for name in fields:
            if not _NAME.fullmatch(name):
                raise FormatError(f"not a warcinfo field name: {name[:80]!r}")
        body = "".join(f"{name}: {visible(value)}\r\n" for name, value in fields.items()).encode()
        self._warcinfo_id = _new_id()
        self._records.write(
            Block(type="warcinfo", content_type="application/warc-fields", body=body),
            [*_identity("warcinfo", self._warcinfo_id, self._created), ("WARC-Filename", ascii_uri(self._path.name))],
        )

    def exchange(self, exchange: Exchange) -> Written:
        """Write the response, if there was one, and then the request.

        Raises `FormatError` for a head that would not be read back as exactly itself, or a wrong kind of truncation.
        """
        _check_head(exchange.request_head, "request")
        request_id, response_id = _new_id(), _new_id()
        request = _message("request", exchange.request_head, exchange.request_body)
        kind = _resource_type(exchange)
        if exchange.response_head is None:
            fields = [*kind, *_connection_fields(exchange)]
            return Written(response=None, request=self._message(exchange, request, request_id, fields))
        _check_head(exchange.response_head, "response")
        response = _message("response", exchange.response_head, exchange.response_body)
        fields = [_concurrent(request_id), *kind, *_connection_fields(exchange)]
        line = self._message(exchange, response, response_id, fields)
        fields = [_concurrent(response_id), *kind, *_address_field(exchange)]
        return Written(response=line, request=self._message(exchange, request, request_id, fields))

    def resource(  # noqa: PLR0913  # what a record says of itself, each by its name
        self,
        uri: str,
        body: Body,
        *,
        media_type: str,
        date: datetime,
        concurrent_to: str | None = None,
        note: Mapping[str, str] | None = None,
    ) -> IndexLine:
        """Write what is no HTTP message: a screenshot, a page inventory, bytes that could not be read.

        *concurrent_to* is the id of the record that it belongs to, *note* more about it (WARC-JSON-Metadata).
        """
        fields = ([_concurrent(concurrent_to)] if concurrent_to else []) + _note_field(note or {})
        return self._write(
            Block(type="resource", content_type=media_type, body=body), _new_id(), uri=uri, date=date, fields=fields
        )

    def metadata(
        self, uri: str, body: bytes, *, media_type: str, date: datetime, concurrent_to: str | None = None
    ) -> None:
        """Write something that describes the record *concurrent_to* (its id), or the URI in general."""
        fields = [_concurrent(concurrent_to)] if concurrent_to else []
        self._write(
            Block(type="metadata", content_type=media_type, body=body), _new_id(), uri=uri, date=date, fields=fields
        )

    def _message(self, exchange: Exchange, block: Block, record_id: str, fields: Fields) -> IndexLine:
        method = method_of(exchange.request_head)
        return self._write(block, record_id, uri=exchange.url, date=exchange.started, fields=fields, method=method)

    def _write(  # noqa: PLR0913  # the lines that a record has
        self, block: Block, record_id: str, *, uri: str, date: datetime, fields: Fields, method: str = "GET"
    ) -> IndexLine:
        if self._warcinfo_id is None:
            raise FormatError("a WARC file begins with its warcinfo record")
        headers = [
            *_identity(block.type, record_id, date),
            ("WARC-Target-URI", ascii_uri(uri)),
            ("WARC-Warcinfo-ID", f"<{self._warcinfo_id}>"),
        ]
        if self._page_id is not None:
            headers.append(("WARC-Page-ID", header_text(self._page_id)))
        place = self._records.write(block, [*headers, *fields])
        status, mime = status_and_mime(block.head, header_text(block.content_type))
        return IndexLine(
            record_id=record_id,
            record_type=block.type,
            url=ascii_uri(uri),
            date=date,
            offset=place.offset,
            length=place.length,
            filename=self._path.name,
            mime=mime,
            status=status,
            digest=place.digest,
            method=method,
        )


def _new_id() -> str:
    return uuid.uuid4().urn


def _identity(kind: str, record_id: str, date: datetime) -> list[tuple[str, str]]:
    return [("WARC-Type", kind), ("WARC-Record-ID", f"<{record_id}>"), ("WARC-Date", utc_text(date))]


def _message(kind: str, head: bytes, body: Body) -> Block:
    return Block(type=kind, content_type=f"application/http; msgtype={kind}", head=head, body=body)


def _check_head(head: bytes, kind: str) -> None:
    """Refuse a head whose end readers would see elsewhere: part of it would turn into payload, or the reverse."""
    match = _BLANK_LINE.search(head)
    if match is None or match.end() != len(head):
        raise FormatError(f"a {kind} head does not end at its first blank line")


def _concurrent(record_id: str) -> tuple[str, str]:
    return "WARC-Concurrent-To", f"<{ascii_uri(record_id)}>"


def _resource_type(exchange: Exchange) -> list[tuple[str, str]]:
    return [("WARC-Resource-Type", header_text(exchange.resource_type))] if exchange.resource_type else []


def _connection_fields(exchange: Exchange) -> list[tuple[str, str]]:
    fields = _address_field(exchange)
    fields += [("WARC-Protocol", header_text(protocol)) for protocol in exchange.protocols]
    if exchange.cipher_suite is not None:
        fields.append(("WARC-Cipher-Suite", header_text(exchange.cipher_suite)))
    if exchange.truncated is not None:
        if exchange.truncated not in _TRUNCATED:
            raise FormatError(f"not a reason for WARC-Truncated: {exchange.truncated[:40]!r}")
        fields.append(("WARC-Truncated", exchange.truncated))
    return fields + _note_field(exchange.note)


def _note_field(note: Mapping[str, str]) -> list[tuple[str, str]]:
    if not note:
        return []
    return [("WARC-JSON-Metadata", json.dumps(dict(note), sort_keys=True, separators=(",", ":")))]


def _address_field(exchange: Exchange) -> list[tuple[str, str]]:
    if exchange.ip_address is None:
        return []
    try:
        address = ipaddress.ip_address(exchange.ip_address)
    except ValueError as error:
        raise FormatError(f"not an IP address: {exchange.ip_address[:80]!r}") from error
    # The zone after "%" in an IPv6 address may be any text.
    return [("WARC-IP-Address", header_text(str(address)))]
