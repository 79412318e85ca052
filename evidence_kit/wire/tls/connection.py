"""Opens a recorded TLS connection: reads both directions once from end to end, and says what was found."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from evidence_kit.errors import FormatError
from evidence_kit.models import Outcome
from evidence_kit.wire.streams import Direction, Ending, Piece, RecordedDirection, Side
from evidence_kit.wire.tls.channel import Alert, Channel
from evidence_kit.wire.tls.content import Leg, PlainDirection
from evidence_kit.wire.tls.findings import Finding, Subject
from evidence_kit.wire.tls.handshake12 import Handshake12
from evidence_kit.wire.tls.handshake13 import Handshake13
from evidence_kit.wire.tls.keylog import KeyLog
from evidence_kit.wire.tls.messages import ClientHello, ServerHello, Type, ticket_13
from evidence_kit.wire.tls.records import RecordError, UnfinishedError, begins_tls
from evidence_kit.wire.tls.sessions import Sessions
from evidence_kit.wire.tls.suites import Version
from evidence_kit.wire.tls.talk import Talk, expect

_HEAD = 6


class Content(StrEnum):
    """Whether there was something to read inside."""

    OPENED = "opened"
    NONE = "none"
    """The browser never sent any: a connection kept ready and not used, or given up during the handshake."""
    LOCKED = "locked"
    """There is some, and it could not be opened: the findings say why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsConnection:
    """One connection, opened. Text from the wire is printable ASCII, with escapes for the rest."""

    client: Direction
    server: Direction
    content: Content
    findings: tuple[Finding, ...]
    """`tls.keys`, `tls.handshake`, `tls.finished`, `tls.records`, `tls.server-proof`."""
    client_random: bytes | None
    """Names the connection in the key log."""
    version: Version | None
    suite: str | None
    """IANA's name."""
    alpn: str | None
    server_name: str | None
    resumed: bool | None
    """Whether an earlier session was resumed; None when it did not come so far."""
    resumes: bytes | None
    """The client random of the connection in whose handshake the server signed, when that one was resumed and seen."""
    key_group: str | None
    signature_scheme: str | None
    """Of the handshake that was signed: of the earlier one when the connection is resumed."""
    certificates: tuple[bytes, ...]
    """The chain in DER as the server sent it, its own first; of a resumed connection that of the earlier one."""
    early_data: bool | None
    """Whether the server took early data (0-RTT); None when there was none."""
    alerts: tuple[Alert, ...]
    """Every alert, in the order of time."""
    client_handshake: int
    """How many bytes of the client's recording hold the handshake, up to its Finished; 0 when there is none."""
    server_handshake: int

    def outcome(self, subject: Subject) -> Outcome:
        """Return the outcome of one finding."""
        return next(finding.outcome for finding in self.findings if finding.id is subject)


def open_tls(client: RecordedDirection, server: RecordedDirection, keys: KeyLog, sessions: Sessions) -> TlsConnection:
    """Open and verify one recorded connection; its tickets are added to *sessions*.

    Connections are to be opened in the order in which they began. Raises `FormatError` only when the recording does
    not begin as TLS does; everything else that is wrong is a finding.
    """
    _see_that_it_is_tls(client, server)
    talk = Talk(Channel(Side.CLIENT, client.pieces()), Channel(Side.SERVER, server.pieces()), keys, sessions)
    sound = _judge_handshake(talk)
    ends = _End(talk, client, Side.CLIENT), _End(talk, server, Side.SERVER)
    for end in ends:
        end.faulty = not sound
        end.read()
    _remember_tickets(talk)
    content = _judge_content(talk, *ends)
    return _connection(talk, content, *ends)


class _End:
    """One side from the handshake on: its content read to the end, or what cannot be opened counted."""

    def __init__(self, talk: Talk, recorded: RecordedDirection, side: Side) -> None:
        client = side is Side.CLIENT
        self._talk = talk
        self.recorded = recorded
        self.channel = talk.client if client else talk.server
        self.legs: list[Leg] = talk.client_legs if client else talk.server_legs
        self.opened = bool(self.legs)
        self._handshake = talk.client_handshake if client else talk.server_handshake
        self.hidden = 0
        """Records of content that could not be opened."""
        self.faulty = False

    def read(self) -> None:
        """Read to the end of the recording, and note what is found about its records."""
        notes, channel = self._talk.notes, self.channel
        try:
            # A leg of early data is over by now; the one that runs to the end comes after the handshake.
            if self.opened and self._handshake:
                for _ in channel.content(self.legs[-1].allowed):
                    pass
            else:
                self.hidden = channel.skim()
        except RecordError as error:
            self.faulty = True
            notes.failed(Subject.RECORDS, str(error))
            return
        self._note_torn()
        if channel.unopened or channel.unopened_early:
            count = channel.unopened + channel.unopened_early
            notes.unchecked(Subject.RECORDS, f"{count} records of the {channel.side} could not be opened")
        detail = f"{channel.opened} protected records of the {channel.side} are authentic, {channel.plain} are plain"
        notes.passed(Subject.RECORDS, detail)

    def _note_torn(self) -> None:
        channel, recorded = self.channel, self.recorded
        if not channel.torn:
            return
        detail = f"the last {channel.torn} bytes of the {channel.side} are no whole record"
        if recorded.ending is Ending.CLOSED and recorded.ended_by is channel.side:
            self._talk.notes.failed(Subject.RECORDS, f"{detail}, although it ended the connection in order")
        else:
            self._talk.notes.unchecked(Subject.RECORDS, detail)

    def plain(self, closer: Side | None) -> PlainDirection:
        """Return the content as a stream."""
        return PlainDirection(
            side=self.channel.side,
            recorded=self.recorded,
            legs=tuple(self.legs),
            closed=self.channel.closed,
            faulty=self.faulty,
            closer=closer,
        )


def _see_that_it_is_tls(client: Direction, server: Direction) -> None:
    head = _head(client.pieces())
    if head and not begins_tls(head):
        raise FormatError(f"not TLS: the client begins with {head.hex(' ')}")
    if not head and _head(server.pieces()):
        raise FormatError("not TLS: the server spoke, and the client did not")


def _head(pieces: Iterator[Piece]) -> bytes:
    head = b""
    for piece in pieces:
        head += piece.data[:_HEAD]
        if len(head) >= _HEAD:
            break
    return head[:_HEAD]


def _judge_handshake(talk: Talk) -> bool:
    """Read the handshake and note what is found; return False when something in it is wrong."""
    notes, sound = talk.notes, True
    try:
        _shake_hands(talk)
    except UnfinishedError as error:
        notes.unchecked(Subject.HANDSHAKE, str(error))
    except RecordError as error:
        sound = False
        notes.failed(Subject.RECORDS, str(error))
    except FormatError as error:
        sound = False
        notes.failed(Subject.HANDSHAKE, str(error))
    if talk.client_handshake and talk.server_handshake:
        notes.passed(Subject.HANDSHAKE, "every message is in its place, and what the server chose was offered")
        return sound
    for subject in (Subject.HANDSHAKE, Subject.FINISHED):
        notes.unchecked(subject, "the handshake was not read to its end")
    return sound


def _shake_hands(talk: Talk) -> None:
    first = expect(talk.client.message(), Type.CLIENT_HELLO)
    talk.hello = hello = ClientHello.read(first)
    talk.server_name = hello.server_name
    message = expect(talk.server.message(), Type.SERVER_HELLO)
    answer = ServerHello.read(message)
    if answer.known_version is Version.TLS_1_3:
        Handshake13(talk, first, hello).follow(message, answer)
    else:
        Handshake12(talk, first, hello).follow(message, answer)


def _remember_tickets(talk: Talk) -> None:
    if talk.version is not Version.TLS_1_3:
        return
    try:
        talk.remember(tuple(ticket_13(message) for message in talk.server.tickets))
    except FormatError as error:
        talk.notes.failed(Subject.HANDSHAKE, str(error))


def _judge_content(talk: Talk, client: _End, server: _End) -> Content:
    lacking = f"the key log has no {' and no '.join(talk.lacking)}" if talk.lacking else ""
    # Records that the server sent to a browser that had given up say nothing: the browser never opened them either.
    locked = client.hidden or (client.opened and server.hidden)
    if lacking and locked:
        talk.notes.failed(Subject.KEYS, f"{lacking}, and there is content")
    elif lacking:
        talk.notes.unchecked(Subject.KEYS, f"{lacking}, and the client sent no content")
    elif client.opened or server.opened:
        talk.notes.passed(Subject.KEYS, "the key log has the secrets of both sides")
    else:
        talk.notes.unchecked(Subject.KEYS, "the handshake did not come so far")
    if client.opened or server.opened:
        return Content.OPENED
    return Content.LOCKED if locked else Content.NONE


def _closer(alerts: Sequence[Alert], ways: Mapping[Side, RecordedDirection]) -> Side | None:
    """Return the side whose close_notify came first, unless the other side had hung up before it."""
    first = next((alert for alert in alerts if alert.number == 0), None)
    if first is None:
        return None
    other = ways[Side.SERVER if first.side is Side.CLIENT else Side.CLIENT]
    if other.ended_by in {None, first.side}:
        return first.side
    return first.side if other.ended is not None and first.time <= other.ended else None


def _connection(talk: Talk, content: Content, client: _End, server: _End) -> TlsConnection:
    alerts = sorted((*talk.client.alerts, *talk.server.alerts), key=lambda alert: alert.time)
    closer = _closer(alerts, {Side.CLIENT: client.recorded, Side.SERVER: server.recorded})
    hello, suite = talk.hello, talk.suite
    return TlsConnection(
        client=client.plain(closer),
        server=server.plain(closer),
        content=content,
        findings=talk.notes.findings(),
        client_random=hello.random if hello else None,
        version=talk.version,
        suite=suite.name if suite else None,
        alpn=talk.alpn,
        server_name=talk.server_name,
        resumed=talk.resumed,
        resumes=talk.origin.client_random if talk.origin else None,
        key_group=talk.key_group,
        signature_scheme=talk.scheme,
        certificates=talk.certificates,
        early_data=talk.early_data,
        alerts=tuple(alerts),
        client_handshake=talk.client_handshake,
        server_handshake=talk.server_handshake,
    )
