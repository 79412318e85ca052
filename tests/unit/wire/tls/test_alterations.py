"""Nothing that was altered or cut passes for whole: every bit is flipped, every record boundary is an end."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from evidence_kit.errors import FormatError
from evidence_kit.models import Outcome
from evidence_kit.wire.streams import Ending, Side
from evidence_kit.wire.tls.connection import TlsConnection
from evidence_kit.wire.tls.findings import Subject
from evidence_kit.wire.tls.records import Records
from evidence_kit.wire.tls.sessions import Sessions
from tests.unit.wire.tls.peers import NO_ENCRYPT_THEN_MAC, Peers, Recorded, Recording, make_identity, outcomes, text

_CHANGE = 20
_VERSION_BIT = 2 * 8 + 1
"""The first record of a client may be of the version 3.1 or 3.3: that is one bit, and nothing vouches for it."""
WHOLE = {"client": b"a question", "server": b"an answer"}


def tls_13(peers: Peers) -> None:
    peers.server.num_tickets = 1


def asked_again(peers: Peers) -> None:
    peers.server.num_tickets = 1
    peers.server.set_ecdh_curve("secp384r1")


def gcm(peers: Peers) -> None:
    peers.use_12("ECDHE-ECDSA-AES128-GCM-SHA256")


def chacha(peers: Peers) -> None:
    peers.use_12("ECDHE-ECDSA-CHACHA20-POLY1305")


def mac_inside(peers: Peers) -> None:
    peers.use_12("ECDHE-ECDSA-AES128-SHA")
    peers.client.options |= NO_ENCRYPT_THEN_MAC


def mac_outside(peers: Peers) -> None:
    peers.use_12("ECDHE-ECDSA-AES256-SHA")


KINDS = [tls_13, asked_again, gcm, chacha, mac_inside, mac_outside]


def converse(folder: Path, kind: Callable[[Peers], None]) -> Recording:
    peers = Peers(folder, make_identity(folder, "p256"))
    kind(peers)
    return peers.converse()[0]


def altered(recording: Recording, side: Side, raw: bytes) -> Recording:
    if side is Side.CLIENT:
        return replace(recording, client=recording.client.with_raw(raw))
    return replace(recording, server=recording.server.with_raw(raw))


def directions(recording: Recording) -> tuple[tuple[Side, Recorded], ...]:
    return (Side.CLIENT, recording.client), (Side.SERVER, recording.server)


def boundaries(direction: Recorded) -> Iterator[int]:
    yield 0
    records = Records(direction.pieces(), client=True)
    while records.next() is not None:
        yield records.end


def is_found(recording: Recording) -> bool:
    """Return whether opening an altered recording says so; what comes out all the same is what was sent."""
    try:
        connection = recording.open()
    except FormatError as error:
        return "not TLS" in str(error)
    assert is_prefix(connection)
    return set(outcomes(connection).values()) != {Outcome.PASSED}


def is_prefix(connection: TlsConnection) -> bool:
    found = {"client": text(connection.client), "server": text(connection.server)}
    return all(WHOLE[side].startswith(content) for side, content in found.items())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.slow, id="every bit"), 11])
def test_every_flipped_bit_is_found_but_the_version_of_the_first_record(
    tmp_path: Path, kind: Callable[[Peers], None], step: int
) -> None:
    recording = converse(tmp_path, kind)
    assert set(outcomes(recording.open()).values()) == {Outcome.PASSED}

    missed = []
    for side, direction in directions(recording):
        raw = bytearray(direction.raw)
        for bit in range(_VERSION_BIT % step, len(raw) * 8, step):
            raw[bit // 8] ^= 1 << bit % 8
            if not is_found(altered(recording, side, bytes(raw))):
                missed.append((side, bit))
            raw[bit // 8] ^= 1 << bit % 8

    assert missed == [(Side.CLIENT, _VERSION_BIT)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_record_boundary_may_be_the_end(tmp_path: Path, kind: Callable[[Peers], None]) -> None:
    recording = converse(tmp_path, kind)

    for side, direction in directions(recording):
        for end in list(boundaries(direction))[:-1]:
            connection = altered(recording, side, direction.raw[:end]).open() if end or side is Side.SERVER else None
            if connection is None:
                continue
            plain = connection.client if side is Side.CLIENT else connection.server
            assert plain.ending is Ending.CUT
            assert is_prefix(connection)
            assert connection.outcome(Subject.RECORDS) is not Outcome.FAILED
            assert connection.outcome(Subject.HANDSHAKE) is not Outcome.FAILED


@pytest.mark.parametrize("kind", [tls_13, gcm])
def test_every_byte_may_be_the_end(tmp_path: Path, kind: Callable[[Peers], None]) -> None:
    recording = converse(tmp_path, kind)

    for side, direction in directions(recording):
        whole = set(boundaries(direction))
        for end in range(1, len(direction.raw)):
            if end in whole:
                continue
            connection = altered(recording, side, direction.raw[:end]).open()
            assert is_prefix(connection)
            # The client ended the connection: of its own bytes none may be missing, of the server's they may.
            expected = Outcome.FAILED if side is Side.CLIENT else Outcome.NOT_CHECKED
            assert connection.outcome(Subject.RECORDS) is expected


@pytest.mark.parametrize("kind", [tls_13, gcm])
def test_records_left_out_doubled_or_exchanged_are_found(tmp_path: Path, kind: Callable[[Peers], None]) -> None:
    recording = converse(tmp_path, kind)

    for side, direction in directions(recording):
        ends = list(boundaries(direction))
        records = [direction.raw[a:b] for a, b in pairwise(ends)]
        for at in range(1, len(records)):
            if kind is tls_13 and _CHANGE in (records[at][0], records[at - 1][0]):
                # In TLS 1.3 a ChangeCipherSpec means nothing, and nothing vouches for it.
                continue
            for changed in (
                records[:at] + records[at + 1 :],
                records[: at + 1] + records[at:],
                [*records[: at - 1], records[at], records[at - 1], *records[at + 1 :]],
            ):
                # Without the last record it is a whole connection that was cut, and says so in its ending.
                if changed not in (records, records[:-1]):
                    assert is_found(altered(recording, side, b"".join(changed)))


def test_a_secret_with_a_flipped_bit_opens_nothing(tmp_path: Path) -> None:
    recording = converse(tmp_path, tls_13)

    for label in (b"CLIENT_TRAFFIC", b"SERVER_TRAFFIC", b"CLIENT_HANDSHAKE", b"SERVER_HANDSHAKE"):
        at = recording.keys.index(b"\n", recording.keys.index(label)) - 1
        digit = b"0" if recording.keys[at : at + 1] != b"0" else b"1"
        keys = recording.keys[:at] + digit + recording.keys[at + 1 :]

        connection = replace(recording, keys=keys).open()

        assert connection.outcome(Subject.RECORDS) is Outcome.FAILED
        assert is_prefix(connection)


def test_the_second_of_two_connections_is_no_worse_for_the_first(tmp_path: Path) -> None:
    peers = Peers(tmp_path, make_identity(tmp_path, "p256"))
    first, session = peers.converse()
    second = peers.converse(session=session)[0]
    sessions = Sessions()
    flipped = bytearray(first.server.raw)
    flipped[-1] ^= 1
    replace(first, server=first.server.with_raw(bytes(flipped)), keys=second.keys).open(sessions)

    assert set(outcomes(second.open(sessions)).values()) == {Outcome.PASSED}
