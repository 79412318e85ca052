"""One e-mail (RFC 5322, MIME: RFC 2045 to 2047, 2183, 2231): who, when, what, and its parts.

The standard library's lenient parser reads it; a damaged e-mail gives what can be read. A message whose structure is
nested or repeated beyond what programs write is read as far as its header.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message as Parsed
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime
from typing import TypeVar

from evidence_kit.errors import FormatError
from evidence_kit.intake.chats.markup import elements
from evidence_kit.intake.chats.models import Attachment
from evidence_kit.intake.chats.repair import whole
from evidence_kit.intake.findings import Source
from evidence_kit.models import utc_text

_MOST_CONTAINERS = 20
_MOST_LINES = 700_000
"""The largest e-mail has 500,000 of 76 letters. The parser keeps each by itself and looks for each open part's end."""
_CONTAINER = re.compile(rb"multipart/|message/rfc822", re.IGNORECASE)
_MOST_PARTS = 500
_LONGEST_HEADER = 1024 * 1024
_LONGEST_FIELD = 64 * 1024
_LONGEST_TEXT = 1024 * 1024
_IDENTITY = re.compile(r"<[^<>\s]{1,250}>")
_ERRORS = (
    MessageError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    OverflowError,
    RecursionError,
)
"""What the parser raises at damaged messages, beside the errors it is documented to raise."""

_Result = TypeVar("_Result")
_Else = TypeVar("_Else")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What one e-mail tells."""

    sender: tuple[str, str]
    """Name and address."""
    recipients: tuple[tuple[str, str], ...]
    subject: str
    time: str | None
    time_as_told: str
    local: str
    text: str
    attachments: tuple[Attachment, ...]
    identity: str
    answers: tuple[str, ...]
    """Identities of what it answers, the nearest first."""
    remarks: tuple[tuple[str, str], ...]
    """Code and sentence of what is odd in it."""


def read_mail(data: bytes, source: Source) -> Mail:
    """Return what the e-mail *data*, which stands at *source*, tells."""
    if data.startswith(b"From "):
        data = data.partition(b"\n")[2]
    remarks: list[tuple[str, str]] = []
    message = None
    if len(_CONTAINER.findall(data)) <= _MOST_CONTAINERS and data.count(b"\n") <= _MOST_LINES:
        message = _attempt(lambda: message_from_bytes(data), None)
    if message is None:
        remarks.append(("chat.mail.nested", "it has too many nested parts or lines, so only its header is read"))
        header = data[:_LONGEST_HEADER].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
        message = BytesHeaderParser().parsebytes(header + b"\n\n")
    fields = _Fields(message)
    text, attachments = _content(message, source, remarks)
    told = fields.text("date")
    time, local = _moment(told)
    if not local:
        remarks.append(("chat.time.unreadable", "a time cannot be read"))
    senders = fields.people("from")
    return Mail(
        sender=senders[0] if senders else ("", ""),
        recipients=(*senders[1:], *fields.people("to"), *fields.people("cc")),
        subject=fields.text("subject"),
        time=time,
        time_as_told=told,
        local=local,
        text=text,
        attachments=attachments,
        identity="".join(_IDENTITY.findall(fields.raw("message-id"))[:1]),
        answers=(*_IDENTITY.findall(fields.raw("in-reply-to")), *reversed(_IDENTITY.findall(fields.raw("references")))),
        remarks=tuple(remarks),
    )


class _Fields:
    """The header of a message: each field where it first stands."""

    def __init__(self, message: "Parsed[str, str]") -> None:
        self._raw: dict[str, str] = {}
        for name, value in message.raw_items():
            self._raw.setdefault(name.lower(), str(value)[:_LONGEST_FIELD])

    def raw(self, name: str) -> str:
        """Return a field as it stands, bytes beyond ASCII read as UTF-8; "" without it."""
        value = self._raw.get(name, "")
        return whole(
            value.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\r", "").replace("\n", "")
        )

    def text(self, name: str) -> str:
        """Return a field with its encoded words (RFC 2047) decoded."""
        return _decoded(self.raw(name)).strip()

    def people(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return name and address of each person in a field."""
        raw = self.raw(name)
        pairs: list[tuple[str, str]] = _attempt(lambda: getaddresses([raw]), [])
        return tuple((_decoded(called), address) for called, address in pairs if called or address)


def _content(
    message: "Parsed[str, str]", source: Source, remarks: list[tuple[str, str]]
) -> tuple[str, tuple[Attachment, ...]]:
    """Return the text and the attachments."""
    plain: str | None = None
    html: str | None = None
    attachments: list[Attachment] = []
    for index, (number, part) in enumerate(_leaves(message, "")):
        if index == _MOST_PARTS:
            remarks.append(("chat.mail.parts", f"parts after the first {_MOST_PARTS} are left out"))
            break
        kind = whole(_attempt(part.get_content_type, "application/octet-stream"))
        name = _attempt(part.get_filename, None)
        if name is None and _attempt(part.get_content_disposition, None) != "attachment":
            if kind == "text/plain" and plain is None:
                plain = _text(part)
                continue
            if kind == "text/html" and html is None:
                html = _text(part)
                continue
        attachments.append(
            _attachment(part, whole(_decoded(name or "")), kind, f"{source.pointer}/part/{number}", source)
        )
    if plain is None and html is not None:
        remarks.append(("chat.mail.html", "there is no plain text; tags were taken out of the HTML"))
        plain = _without_tags(html)
    text = plain or ""
    if len(text) > _LONGEST_TEXT:
        remarks.append(("chat.text.cut", "a text is longer than what is kept of it"))
    return text[:_LONGEST_TEXT], tuple(attachments)


def _leaves(part: "Parsed[str, str]", number: str) -> "Iterator[tuple[str, Parsed[str, str]]]":
    """Yield the parts that hold no others, with their numbers as IMAP counts them (RFC 9051, 6.4.5)."""
    payload = part.get_payload() if part.is_multipart() else []
    if isinstance(payload, list) and payload and _attempt(part.get_content_maintype, "") == "multipart":
        for index, child in enumerate(payload, 1):
            if isinstance(child, Parsed):
                yield from _leaves(child, f"{number}.{index}" if number else str(index))
    else:
        yield number or "1", part


def _attachment(part: "Parsed[str, str]", name: str, kind: str, pointer: str, source: Source) -> Attachment:
    data = _attempt(lambda: part.get_payload(decode=True), None)
    if not isinstance(data, bytes):
        return Attachment(name=name or kind, file=source.file, pointer=pointer, media_type=kind)
    digest = hashlib.sha256(data).hexdigest()
    return Attachment(
        name=name or kind, file=source.file, pointer=pointer, sha256=digest, bytes=len(data), media_type=kind
    )


def _text(part: "Parsed[str, str]") -> str:
    data = _attempt(lambda: part.get_payload(decode=True), None)
    if not isinstance(data, bytes):
        return ""
    charset = _attempt(part.get_content_charset, None) or "utf-8"
    text = _attempt(lambda: data.decode(charset, "replace"), None)
    return whole((data.decode("utf-8", "replace") if text is None else text).replace("\r\n", "\n")).rstrip("\n")


def _without_tags(html: str) -> str:
    try:
        everything = elements(b"<all>" + html.encode("utf-8"), lambda element: element.tag == "all")
        return "".join(element.text() for element in everything)
    except FormatError:
        return html


def _moment(told: str) -> tuple[str | None, str]:
    """Return the instant if an offset is told, and what the clock showed (RFC 5322, 3.3: -0000 tells none)."""
    moment = _attempt(lambda: parsedate_to_datetime(told), None)
    if moment is None:
        return None, ""
    local = moment.replace(tzinfo=None).isoformat(timespec="seconds")
    if moment.tzinfo is None:
        return None, local
    return _attempt(lambda: utc_text(moment.astimezone(UTC)), None), local


def _decoded(value: str) -> str:
    return whole(_attempt(lambda: str(make_header(decode_header(value))), value))


def _attempt(action: Callable[[], _Result], otherwise: _Else) -> _Result | _Else:
    """Return what *action* returns, or *otherwise* where the parser stumbles over a damaged message."""
    try:
        return action()
    except _ERRORS:
        return otherwise
