"""The recorder ``wire``: everything that passes between the browser and its servers, decrypted afterwards.

The browser goes through a relay of our own that copies bytes and changes nothing, and writes down the secrets of its
TLS connections. Afterwards every connection is opened and read; the browser's own account is the second witness.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from evidence_kit.archive.warc_writer import Exchange
from evidence_kit.browser.launch import Tap
from evidence_kit.canonical import Json
from evidence_kit.capture.bounds import TOO_MUCH, Room
from evidence_kit.capture.browser_recorder import made_by_worker
from evidence_kit.capture.entries import Entry, Fate, Judgement, Witness
from evidence_kit.capture.observer import Observer
from evidence_kit.capture.recorder import Recorded
from evidence_kit.capture.result import DEFAULT_BUDGETS, Budgets
from evidence_kit.capture.spool import Spool
from evidence_kit.capture.traffic import Hop, Socket, Traffic
from evidence_kit.capture.wire_judging import Refusals, judge_exchange, judge_unseen
from evidence_kit.capture.wire_pairs import Pairs, Seen, host_of, pair
from evidence_kit.capture.witnessing import Witnessing
from evidence_kit.errors import FormatError
from evidence_kit.models import Outcome, Problem, RecorderKind
from evidence_kit.trust.age import Recipient
from evidence_kit.trust.digests import sha256_file
from evidence_kit.wire.account import Account
from evidence_kit.wire.exchange import RawBytes, WebSocketMessage, WireExchange
from evidence_kit.wire.recording import ReadConnection, read_connections
from evidence_kit.wire.records import MessageLog
from evidence_kit.wire.relay import Relay, start_relay
from evidence_kit.wire.sealing import seal_spool
from evidence_kit.wire.spool import Spool as WireSpool
from evidence_kit.wire.spool import SpooledConnection, hash_spool, read_spool
from evidence_kit.wire.spooling import CONNECTIONS, MOST_CONNECTIONS, SIZE_LIMIT
from evidence_kit.wire.tls.findings import Subject
from evidence_kit.wire.tls.kept import keep_handshake
from evidence_kit.wire.tls.keylog import KeyLog
from evidence_kit.wire.witness.channel import WitnessPlace


class WireRecorder:
    """Records what passes the relay (`evidence_kit.capture.recorder.Recorder`).

    Its folder holds, until the item is made: ``wire/`` (the relay's spool), ``keys.log``, ``bodies/``.
    """

    kind = RecorderKind.WIRE

    def __init__(  # noqa: PLR0913  # how it records, each by its name
        self,
        folder: Path,
        *,
        connect_to: Sequence[tuple[str, str]] = (),
        limit: int | None = None,
        budgets: Budgets = DEFAULT_BUDGETS,
        witness: WitnessPlace | None = None,
        witness_optional: bool = False,
    ) -> None:
        """Record into *folder*, which exists, at most *limit* bytes; read as much of it as *budgets* allow.

        Every connection is made through the *witness*, if there is one; one that is optional may be missing.
        """
        self._folder = folder
        self._limit = limit
        self._budgets = budgets
        self._connect_to = connect_to
        self._witnessing = Witnessing(folder, witness, optional=witness_optional)
        self._relay: Relay | None = None
        self._read_to = 0

    def __enter__(self) -> Self:
        """Ask the witness, if any, and start the relay; raises `CaptureError`."""
        session = self._witnessing.begin()
        (self._folder / "wire").mkdir()
        self._key_log.touch()
        self._relay = start_relay(
            self._folder / "wire", connect_to=self._connect_to, limit=self._limit, witness=session
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the relay."""
        self._stop()

    def _stop(self) -> None:
        if self._relay is not None:
            self._relay.stop()

    @property
    def _key_log(self) -> Path:
        return self._folder / "keys.log"

    @property
    def tap(self) -> Tap | None:
        """The relay's port and the file for secrets."""
        return Tap(port=self._relay.port, key_log=self._key_log.absolute()) if self._relay else None

    def observer(self, traffic: Traffic, spool: Spool) -> Observer:
        """Return an observer that takes no bodies but those that no server sent."""
        return Observer(traffic, spool, halt=self._stop)

    def full(self, _spool: Spool) -> bool:
        """Return whether the relay has ended a connection because the limit was reached."""
        with (self._folder / "wire" / CONNECTIONS).open("rb") as journal:
            journal.seek(self._read_to)
            new = journal.read()
        # What is read again may hold a reason that was cut in two.
        self._read_to += max(len(new) - len(SIZE_LIMIT), 0)
        return SIZE_LIMIT.encode("ascii") in new

    def read(self, traffic: Traffic, spool: Spool) -> Recorded:
        """Open every connection and pair its exchanges with what the browser told."""
        recorded = Recorded()
        if self._relay is not None and self._relay.failure:
            recorded.problems.append(Problem(code="recorder.failure", detail=self._relay.failure))
        try:
            wire = read_spool(self._folder / "wire")
        except FormatError:
            # Its text names folders of this machine. What the browser told is still an account of what is missing.
            detail = "what the relay recorded cannot be read"
            recorded.problems.append(Problem(code="recorder.failure", detail=detail))
            recorded.entries = _entries(traffic, spool, [], Refusals(()))
            return recorded
        recorded.problems += [Problem(code="recorder.failure", detail=problem) for problem in wire.problems]
        recorded.problems += self._limits(wire)
        seen = self._read(wire, recorded)
        refusals = Refusals(wire.connections)
        recorded.refusal = refusals.net_error
        recorded.entries = _entries(traffic, spool, seen, refusals)
        self._witnessing.hear(recorded)
        return recorded

    def seal(self, recipients: Sequence[Recipient], output: Path) -> bool:
        """Encrypt the relay's spool and the key log to *recipients*; without any there is no file."""
        if recipients:
            seal_spool(self._folder / "wire", recipients, output, key_log=self._key_log)
        return bool(recipients)

    def _limits(self, wire: WireSpool) -> Iterator[Problem]:
        if any(connection.error == SIZE_LIMIT for connection in wire.connections):
            yield Problem(
                code=TOO_MUCH, detail=f"the limit of {self._limit} bytes was reached: nothing passed after it"
            )
        if self._relay is not None and self._relay.refused:
            detail = f"{self._relay.refused} connections after the first {MOST_CONNECTIONS} were refused"
            yield Problem(code=TOO_MUCH, detail=detail)

    def _read(self, wire: WireSpool, recorded: Recorded) -> list[Seen]:
        digests = hash_spool(wire)
        keys = self._keys(recorded)
        account = Account(digests, key_log=sha256_file(self._key_log) if self._key_log.exists() else None)
        recorded.connections.append(account.opening(wire.problems, connections=len(wire.connections)))
        seen: list[Seen] = []
        room = Room(self._budgets)
        for connection in read_connections(wire, keys):
            recorded.connections.append(_describe(connection, account, keys))
            try:
                seen += self._exchanges(connection, recorded, room)
            except FormatError as error:
                # The spool is not what it was a moment ago: that connection is lost, the others are not.
                recorded.problems.append(Problem(code="recorder.failure", detail=str(error)))
            recorded.lookups += _lookups(connection.spooled)
            recorded.problems += _problems(connection)
        if room.reason:
            recorded.problems.append(Problem(code=TOO_MUCH, detail=room.reason))
        return sorted(seen, key=lambda each: each.exchange.started)

    def _exchanges(self, connection: ReadConnection, recorded: Recorded, room: Room) -> Iterator[Seen]:
        number = connection.spooled.id
        logs: dict[str, MessageLog] = {}
        folder = self._folder / "bodies" / f"{number:06d}"
        for place, reading in enumerate(connection.readings(folder)):
            if not room.holds(reading):
                return
            match reading:
                case WireExchange() if reading.websocket:
                    log = MessageLog(folder / f"{place:06d}.messages", url=reading.url, connection=str(number))
                    # Its messages follow it, before any other WebSocket of this address.
                    logs[reading.url] = log
                    yield Seen(connection=connection, exchange=reading, messages=log)
                case WireExchange():
                    yield Seen(connection=connection, exchange=reading)
                case WebSocketMessage():
                    logs[reading.url].add(reading)
                case RawBytes():
                    recorded.raw.append((number, reading))
                case _:
                    pass

    def _keys(self, recorded: Recorded) -> KeyLog:
        try:
            return KeyLog(self._key_log.read_bytes())
        except (OSError, FormatError) as error:
            recorded.problems.append(Problem(code="recorder.failure", detail=f"the key log cannot be read: {error}"))
            return KeyLog(b"")


def _describe(connection: ReadConnection, account: Account, keys: KeyLog) -> dict[str, Json]:
    spooled, tls, problem = connection.spooled, connection.tls, connection.problem
    try:
        kept = keep_handshake(spooled.client, spooled.server, tls, keys) if tls else None
    except FormatError as error:
        # Every connection has its line, whatever became of its recording.
        tls, kept, problem = None, None, str(error)
    return account.describe(spooled, tls, kept, protocol=str(connection.carried), problem=problem)


def _problems(connection: ReadConnection) -> Iterator[Problem]:
    """Yield what makes the recording of a connection less than whole, or not what its server sent."""
    where = f"connection {connection.spooled.id} to {connection.spooled.name}:{connection.spooled.port}"
    if connection.problem:
        yield Problem(code="connection.not-opened", detail=f"{where}: {connection.problem}")
    for finding in connection.tls.findings if connection.tls else ():
        if finding.outcome is Outcome.FAILED and finding.id is not Subject.KEYS:
            yield Problem(code="connection.not-authentic", detail=f"{where}: {finding.id}: {finding.detail}")


def _lookups(spooled: SpooledConnection) -> Iterator[Json]:
    for lookup in spooled.lookups:
        yield {
            "name": lookup.question,
            "addresses": list(lookup.answers),
            "source": "resolver of this machine",
            **({"error": lookup.error} if lookup.error else {}),
        }


def _entries(traffic: Traffic, spool: Spool, seen: Sequence[Seen], refusals: Refusals) -> list[Entry]:
    sockets = list(traffic.sockets.values())
    pairs = pair(traffic.hops, sockets, seen)
    hosts = {host_of(url) for url in (*(hop.url for hop in traffic.hops), *(each.url for each in sockets))}
    return sorted(_each(traffic, spool, seen, pairs, refusals, hosts), key=lambda entry: entry.started)


def _each(  # noqa: PLR0913, PLR0917  # what two witnesses know
    traffic: Traffic,
    spool: Spool,
    seen: Sequence[Seen],
    pairs: Pairs,
    refusals: Refusals,
    hosts: set[str],
) -> Iterator[Entry]:
    for hop in traffic.hops:
        place = pairs.hops.get(hop.number)
        if place is None:
            yield _unseen(hop, judge_unseen(hop, refusals), spool)
        else:
            yield _seen(seen[place], refusals, hop=hop)
    for number, socket in enumerate(traffic.sockets.values()):
        place = pairs.sockets.get(number)
        if place is not None:
            yield _seen(seen[place], refusals, socket=socket)
        else:
            yield _unseen_socket(socket, refusals)
    taken = pairs.taken
    ours = {seen[place].connection.spooled.id for place in taken}
    for place, each in enumerate(seen):
        if place not in taken:
            known = each.connection.spooled.id in ours or host_of(each.exchange.url) in hosts
            yield _seen(each, refusals, background=not known)


def _seen(
    seen: Seen,
    refusals: Refusals,
    *,
    hop: Hop | None = None,
    socket: Socket | None = None,
    background: bool = False,
) -> Entry:
    exchange, connection = seen.exchange, seen.connection
    judgement = judge_exchange(hop, exchange, refusals, full=connection.full)
    response = exchange.response
    told = hop is not None or socket is not None
    return Entry(
        started=exchange.started,
        method=seen.method,
        url=exchange.url,
        judgement=judgement,
        seen_by=(Witness.BROWSER, Witness.WIRE) if told else (Witness.WIRE,),
        background=background,
        hop=hop,
        socket=socket,
        exchange=_archived(seen, judgement, hop, background=background),
        status=seen.status,
        ip=connection.spooled.address,
        protocols=(*exchange.protocols, *connection.protocols),
        connection=connection.spooled.id,
        stream=exchange.stream,
        websocket=socket is not None or exchange.websocket,
        messages=seen.messages,
        request_bytes=exchange.request.body.length,
        body_bytes=response.body.length if response else 0,
        wire_bytes=exchange.server.length,
        dechunked=bool(response and response.dechunked),
    )


def _archived(seen: Seen, judgement: Judgement, hop: Hop | None, *, background: bool) -> Exchange:
    connection = seen.connection
    exchange = seen.exchange.to_exchange(
        ip_address=connection.spooled.address,
        protocols=connection.protocols,
        cipher_suite=connection.tls.suite if connection.tls else None,
        resource_type=hop.kind.lower() if hop else "websocket" if seen.exchange.websocket else None,
    )
    note = {"outcome": str(judgement.fate), "connection": str(connection.spooled.id), **exchange.note}
    if background:
        note["background"] = "asked for by the browser itself"
    if judgement.reason:
        note["reason"] = judgement.reason
    return replace(exchange, truncated=judgement.truncated, note=note)


def _unseen(hop: Hop, judgement: Judgement, spool: Spool) -> Entry:
    return Entry(
        started=hop.started,
        method=hop.request["method"],
        url=hop.url,
        judgement=judgement,
        seen_by=(Witness.BROWSER,),
        hop=hop,
        made=made_by_worker(hop, spool),
        status=hop.status,
        body_bytes=hop.taken,
    )


def _unseen_socket(socket: Socket, refusals: Refusals) -> Entry:
    reason = refusals.net_error(socket.url, "net::ERR_SOCKS_CONNECTION_FAILED") if not socket.response else ""
    if socket.response or socket.frames:
        judgement = Judgement(
            fate=Fate.NOT_RECORDED, reason="the browser tells of a WebSocket that did not pass the relay"
        )
    else:
        judgement = Judgement(fate=Fate.FAILED, reason=reason)
    return Entry(
        started=socket.started,
        method="GET",
        url=socket.url,
        judgement=judgement,
        seen_by=(Witness.BROWSER,),
        socket=socket,
        websocket=True,
    )
