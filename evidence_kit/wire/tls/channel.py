"""One side of a connection in order: its records opened under the keys in force, as handshake messages and content."""

from collections import deque
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from evidence_kit.wire.streams import Piece, Side
from evidence_kit.wire.tls.ciphers import Protection, Traffic13
from evidence_kit.wire.tls.messages import HEADER, LONGEST, Message, Type
from evidence_kit.wire.tls.records import LONGEST_PLAIN, Kind, Record, RecordError, Records, UnfinishedError

_CLOSE_NOTIFY = 0
_CONTINUING = frozenset((90, 100))
"""user_canceled and no_renegotiation: alerts that end nothing (RFC 8446 section 6.1, RFC 5246 section 7.2.2)."""

_WARNING, _FATAL = 1, 2
_TICKETS_KEPT = 64
"""So many of the latest tickets of a connection: a browser keeps two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What one side said when something went wrong, or that it sends no more (number 0: close_notify)."""

    side: Side
    number: int
    fatal: bool
    protected: bool
    """Whether its tag vouches for it: before there are keys, anyone on the way can say anything."""
    time: datetime


class Channel:
    """Reads one side; holds one record and one handshake message at most."""

    def __init__(
        self, side: Side, pieces: Iterable[Piece], *, skip: int = 0, protection: Protection | None = None
    ) -> None:
        """Begin at the record after *skip* bytes, with the keys of *protection*."""
        self.side = side
        self._records = Records(pieces, skip=skip, client=side is Side.CLIENT)
        self._handshake = bytearray()
        self._protection = protection
        self._over = False
        self.dummies = False
        """Whether ChangeCipherSpec records mean nothing, as in the handshake of TLS 1.3 (RFC 8446 section 5)."""
        self.early: Protection | None = None
        """What opens early data that the server did not take."""
        self.refused_early = False
        """Whether such early data may come."""
        self.unopened_early = 0
        self.alerts: list[Alert] = []
        self.tickets: deque[Message] = deque(maxlen=_TICKETS_KEPT)
        self.end_of_early: Message | None = None
        self.opened = 0
        """Records found authentic."""
        self.unopened = 0
        """Records left unopened because nothing opens them."""
        self.plain = 0
        """Records that came without protection."""
        self.closed = False
        """Whether a close_notify ended it."""

    @property
    def end(self) -> int:
        """How many bytes of the stream have been read as whole records."""
        return self._records.end

    @property
    def torn(self) -> int:
        """How many bytes stand after the last whole record; for use after the end."""
        return self._records.torn

    def protect(self, protection: Protection | None) -> None:
        """Put keys in force; raises `RecordError` when a message goes on across the change."""
        if self._handshake:
            raise RecordError(f"the {self.side} changed keys in the middle of a handshake message")
        self._protection = protection

    def message(self) -> Message:
        """Return the next handshake message; raises `RecordError` and `UnfinishedError`."""
        found = self.message_or_change()
        if found is None:
            raise RecordError(f"the {self.side} sent a ChangeCipherSpec where a handshake message belongs")
        return found

    def message_or_change(self) -> Message | None:
        """Return the next handshake message, or None for a ChangeCipherSpec (RFC 5246 section 7.1)."""
        while (message := self._whole()) is None:
            found = self._next()
            if found is None:
                raise UnfinishedError(f"the {self.side} said no more")
            kind, data, _ = found
            if kind == Kind.CHANGE_CIPHER_SPEC and not self._handshake:
                return None
            if kind != Kind.HANDSHAKE:
                raise RecordError(f"the {self.side} sent a record of type {kind} in the middle of the handshake")
            self._handshake += data
        return message

    def content(self, allowed: Container[int]) -> Iterator[Piece]:
        """Yield the content until the end, or until EndOfEarlyData; raises `RecordError`.

        *allowed* are the handshake messages that may come in between.
        """
        while (found := self._next()) is not None:
            kind, data, time = found
            if kind == Kind.DATA and not self._handshake:
                if data:
                    yield Piece(data, time)
            elif kind == Kind.HANDSHAKE:
                self._handshake += data
                if self._after(allowed):
                    return
            else:
                raise RecordError(f"the {self.side} sent a record of type {kind} among its content")
        if self._handshake:
            raise RecordError(f"the {self.side} ended in the middle of a handshake message")

    def skim(self) -> int:
        """Read what is left without opening it; return how many records of content's type there were."""
        count, hidden = 0, self._protection is not None
        while (record := self._records.next()) is not None:
            count += record.kind == Kind.DATA
            hidden = hidden or record.kind in (Kind.CHANGE_CIPHER_SPEC, Kind.DATA)
            self.unopened += hidden and record.kind != Kind.CHANGE_CIPHER_SPEC
            if record.kind == Kind.ALERT and not hidden:
                self._note_alert(record.body, record)
        return count

    def _after(self, allowed: Container[int]) -> bool:
        while (message := self._whole()) is not None:
            if message.type not in allowed:
                raise RecordError(f"the {self.side} sent a handshake message {message.type} after the handshake")
            match message.type:
                case Type.NEW_SESSION_TICKET:
                    self.tickets.append(message)
                case Type.KEY_UPDATE:
                    self._update(message)
                case Type.END_OF_EARLY_DATA:
                    self.end_of_early = message
                    return True
        return False

    def _update(self, message: Message) -> None:
        if message.body not in (b"\0", b"\1") or not isinstance(self._protection, Traffic13):
            raise RecordError(f"the {self.side} sent a KeyUpdate of the form {message.body.hex()[:20]}")
        self.protect(self._protection.updated())

    def _whole(self) -> Message | None:
        if len(self._handshake) < HEADER:
            return None
        length = int.from_bytes(self._handshake[1:HEADER], "big")
        if length > LONGEST:
            raise RecordError(f"the {self.side} sent a handshake message of {length} bytes")
        if len(self._handshake) < HEADER + length:
            return None
        raw = bytes(self._handshake[: HEADER + length])
        del self._handshake[: HEADER + length]
        return Message(raw[0], raw)

    def _next(self) -> tuple[int, bytes, datetime] | None:
        """Return kind, content and time of the next record that means something; None at the end."""
        while (record := self._records.next()) is not None:
            if self._over:
                raise RecordError(f"the {self.side} goes on after the alert that ended it")
            if self._passes_over(record):
                continue
            kind, data = self._open(record)
            if kind != Kind.ALERT:
                return kind, data, record.time
            self._note_alert(data, record)
        return None

    def _passes_over(self, record: Record) -> bool:
        if record.kind == Kind.CHANGE_CIPHER_SPEC:
            if record.body != b"\1":
                raise RecordError(f"the {self.side} sent a ChangeCipherSpec of the form {record.body.hex()[:20]}")
            self.plain += self.dummies
            return self.dummies
        return self.refused_early and record.kind == Kind.DATA and self._is_refused_early(record)

    def _is_refused_early(self, record: Record) -> bool:
        """Return whether *record* is early data that the server did not take (RFC 8446 section 4.2.10)."""
        if self._protection is not None:
            try:
                self._protection.open(record)
            except RecordError:
                return self._count_early(record)
            # It opens with the keys of the handshake, and will be opened again as the first of their records.
            self._protection.sequence = 0
            self.refused_early = False
            return False
        return self._count_early(record)

    def _count_early(self, record: Record) -> bool:
        if self.early is None:
            self.unopened_early += 1
        else:
            self.early.open(record)
            self.opened += 1
        return True

    def _open(self, record: Record) -> tuple[int, bytes]:
        if self._protection is None or self._is_plain_alert(record):
            if record.kind == Kind.DATA or len(record.body) > LONGEST_PLAIN:
                raise RecordError(f"the {self.side} sent a protected record before there were keys")
            self.plain += 1
            return record.kind, record.body
        kind, data = self._protection.open(record)
        self.opened += 1
        if kind not in (Kind.ALERT, Kind.HANDSHAKE, Kind.DATA) or not (data or kind == Kind.DATA):
            raise RecordError(f"the {self.side} protected a record of type {kind} with {len(data)} bytes")
        return kind, data

    def _is_plain_alert(self, record: Record) -> bool:
        """Return whether a side that does not have its keys yet says what is wrong; a protected alert is longer."""
        first = self._protection is not None and self._protection.sequence == 0
        return first and self.dummies and record.kind == Kind.ALERT

    def _note_alert(self, data: bytes, record: Record) -> None:
        if len(data) != 2 or data[0] not in (_WARNING, _FATAL):  # noqa: PLR2004
            raise RecordError(f"the {self.side} sent an alert of the form {data.hex()[:20]}")
        protected = self._protection is not None and not self._is_plain_alert(record)
        fatal = data[0] == _FATAL or not (data[1] == _CLOSE_NOTIFY or data[1] in _CONTINUING)
        self.alerts.append(Alert(side=self.side, number=data[1], fatal=fatal, protected=protected, time=record.time))
        self.closed = data[1] == _CLOSE_NOTIFY
        self._over = self.closed or fatal
