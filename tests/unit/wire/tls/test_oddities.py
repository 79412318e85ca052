"""What no peer at hand sends: rare algorithms, and everything that does not belong where it stands."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from evidence_kit.errors import FormatError
from evidence_kit.models import Outcome
from evidence_kit.wire.streams import Ending, Piece, Side
from evidence_kit.wire.tls.connection import Content, TlsConnection, open_tls
from evidence_kit.wire.tls.findings import Subject
from evidence_kit.wire.tls.keylog import KeyLog
from evidence_kit.wire.tls.messages import read_extensions
from evidence_kit.wire.tls.sessions import Origin, Sessions
from tests.unit.wire.tls.forge import (
    CHOSEN,
    OFFERED,
    SUITE,
    Forger,
    Writer,
    extensions,
    message,
    number,
    numbers,
    vector,
)
from tests.unit.wire.tls.peers import ALL_PASSED, START, outcomes, text


def detail(connection: TlsConnection, subject: Subject) -> str:
    return next(finding.detail for finding in connection.findings if finding.id is subject)


def test_a_forged_connection_passes_because_whoever_has_the_secrets_can_write_it(forger: Forger) -> None:
    recording = forger.write(forger.client.seal(23, b"ask", padding=100), forger.server.seal(23, b"tell"))

    connection = recording.open()

    assert outcomes(connection) == ALL_PASSED
    assert (text(connection.client), text(connection.server)) == (b"ask", b"tell")
    assert (connection.alpn, connection.key_group) == ("h2", "X25519MLKEM768")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"suite": 0x1304}, "0x1304 is not known"),
        ({"suite": 0xC02F}, "0xc02f is not known for tls/1.3"),
        ({"suite": 0x1302}, "TLS_AES_256_GCM_SHA384, which was not offered"),
        ({"chosen": CHOSEN | {43: b"\x03\x02"}}, "TLS version 0x0302"),
        ({"chosen": CHOSEN | {43: b"\x7f\x1c"}}, "TLS version 0x7f1c"),
        ({"chosen": CHOSEN | {51: number(0x0019, 2)}}, "secp521r1, which was not offered"),
        ({"repeated_id": b""}, "does not repeat the session id"),
        ({"offered": {k: v for k, v in OFFERED.items() if k != 43}}, "TLS 1.3, which was not offered"),
        ({"encrypted": {16: vector(vector(b"spdy/3", 1), 2)}}, "was not offered"),
        ({"encrypted": {16: b"\0"}}, "in the middle of a field"),
        ({"chosen": CHOSEN | {41: b"\0\1"}}, "resumed session 1 of 0"),
        ({"offered": OFFERED | {0: b"\xff"}}, "in the middle of a field"),
        ({"offered": OFFERED | {10: b"\0\1\0"}}, "2-byte numbers in 1 bytes"),
        ({"chosen": {51: CHOSEN[51]}, "suite": 0x1301}, "0x1301 is not known for tls/1.2"),
        (
            {"chosen": {}, "suite": 0xC02F, "server_random": b"\1" * 24 + b"DOWNGRD\x01"},
            "TLS 1.3 was hidden from it",
        ),
    ],
)
def test_a_choice_that_is_unknown_or_was_not_offered_is_an_error(
    signer: tuple[bytes, ec.EllipticCurvePrivateKey], change: dict[str, object], words: str
) -> None:
    forger = Forger(certificate=signer[0], key=signer[1], **change)  # type: ignore[arg-type]

    connection = forger.write(forger.client.seal(23, b"ask")).open()

    assert connection.outcome(Subject.HANDSHAKE) is Outcome.FAILED
    assert words in detail(connection, Subject.HANDSHAKE)


@pytest.mark.parametrize("value", [b"", b"\0", b"\0\0"])
def test_an_extension_that_comes_twice_is_an_error(value: bytes) -> None:
    one = number(23, 2) + vector(value, 2)

    with pytest.raises(FormatError, match="twice"):
        read_extensions(one * 2, "the hello")


def test_a_signature_scheme_that_was_not_offered_is_an_error(forger: Forger) -> None:
    forger.offered[13] = numbers(0x0804)

    connection = forger.write().open()

    assert connection.outcome(Subject.HANDSHAKE) is Outcome.FAILED
    assert connection.outcome(Subject.SERVER_PROOF) is Outcome.PASSED


def test_both_sides_may_renew_their_keys_many_times(forger: Forger) -> None:
    sealed = [b"".join((w.seal(23, b"a"), w.update(), w.update(), w.seal(23, b"b"))) for w in sides(forger)]

    connection = forger.write(*sealed).open()

    assert outcomes(connection) == ALL_PASSED
    assert (text(connection.client), text(connection.server)) == (b"ab", b"ab")


def sides(forger: Forger) -> tuple[Writer, Writer]:
    return forger.client, forger.server


UPDATE = message(24, b"\0")

TICKET = message(4, bytes(8) + vector(b"", 1) + vector(b"ticket", 2) + extensions({}))

MISPLACED: dict[str, Callable[[Writer], bytes]] = {
    "a handshake message among content": lambda w: w.seal(22, message(11, b"")),
    "a key update of an unknown kind": lambda w: w.seal(22, message(24, b"\2")),
    "two key updates in one record": lambda w: w.seal(22, UPDATE * 2),
    "half a message, then content": lambda w: w.seal(22, TICKET[:5]) + w.seal(23, b"x"),
    "half a message, then the end": lambda w: w.seal(22, TICKET[:5]),
    "an empty handshake record": lambda w: w.seal(22, b""),
    "a protected change of cipher": lambda w: w.seal(20, b"\1"),
    "an unknown kind of record": lambda w: w.seal(99, b"x"),
    "nothing but padding": lambda w: w.seal(0, b"", padding=9),
    "an alert of three bytes": lambda w: w.seal(21, b"\1\0\0"),
    "an alert of an unknown level": lambda w: w.seal(21, b"\3\0"),
    "content after close_notify": lambda w: w.seal(21, b"\1\0") + w.seal(23, b"x"),
    "content after a fatal alert": lambda w: w.seal(21, b"\2\x28") + w.seal(23, b"x"),
    "a plain record": lambda _: b"\x17\x03\x03\x00\x02hi",
    "a plain alert": lambda _: b"\x15\x03\x03\x00\x02\x01\x00",
    "a late change of cipher": lambda _: b"\x14\x03\x03\x00\x01\x01",
    "an unknown record": lambda _: b"\x18\x03\x03\x00\x01\x01",
    "an empty record": lambda _: b"\x17\x03\x03\x00\x00",
    "another version": lambda w: w.seal(23, b"x").replace(b"\x03\x03", b"\x03\x01", 1),
    "too long a record": lambda w: w.seal(23, bytes((1 << 14) + 1)),
    "too long a message": lambda w: w.seal(22, b"\4\xff\xff\xff" + bytes(100)),
}


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("name", MISPLACED)
def test_what_does_not_belong_there_fails_the_records(forger: Forger, name: str, side: int) -> None:
    writer = sides(forger)[side]
    sealed = [b"", b""]
    sealed[side] = writer.seal(23, b"before") + MISPLACED[name](writer)

    connection = forger.write(*sealed).open()

    assert connection.outcome(Subject.RECORDS) is Outcome.FAILED
    plain = (connection.client, connection.server)[side]
    assert text(plain) == b"before"
    assert plain.ending is Ending.CUT


def test_an_alert_that_ends_nothing_is_noted_and_content_goes_on(forger: Forger) -> None:
    sealed = forger.server.seal(21, b"\1\x5a") + forger.server.seal(23, b"on")

    connection = forger.write(server=sealed).open()

    assert outcomes(connection) == ALL_PASSED
    assert text(connection.server) == b"on"
    assert [(alert.number, alert.fatal, alert.protected) for alert in connection.alerts] == [(90, False, True)]


def test_a_ticket_that_cannot_be_read_is_an_error(forger: Forger) -> None:
    connection = forger.write(server=forger.server.seal(22, message(4, b"\0"))).open()

    assert connection.outcome(Subject.HANDSHAKE) is Outcome.FAILED


def test_a_message_may_go_on_in_the_next_record_and_share_one_with_others(forger: Forger) -> None:
    sealed = forger.server.seal(22, TICKET + TICKET[:3]) + forger.server.seal(22, TICKET[3:])

    assert outcomes(forger.write(server=sealed).open()) == ALL_PASSED


def offering_early(forger: Forger, *, taken: bool) -> Sessions:
    """Let *forger* resume a session and send early data; return sessions that know its origin."""
    identity = vector(b"ticket", 2) + bytes(4)
    forger.offered |= {42: b"", 41: vector(identity, 2) + vector(vector(bytes(32), 1), 2)}
    forger.early = b"early "
    forger.chosen[41] = b"\0\0"
    if taken:
        forger.encrypted[42] = b""
    sessions = Sessions()
    origin = Origin(
        client_random=bytes(32), certificates=(b"c",), scheme="ed25519", suite=SUITE, proof=Outcome.PASSED, master=None
    )
    sessions.remember(b"ticket", origin)
    return sessions


def test_early_data_that_the_server_took_is_content(forger: Forger) -> None:
    sessions = offering_early(forger, taken=True)

    connection = forger.write(forger.client.seal(23, b"and late")).open(sessions)

    assert outcomes(connection) == ALL_PASSED
    assert connection.early_data
    assert text(connection.client) == b"early and late"


def test_early_data_that_the_server_did_not_take_is_verified_and_no_content(forger: Forger) -> None:
    sessions = offering_early(forger, taken=False)

    connection = forger.write(forger.client.seal(23, b"and late")).open(sessions)

    assert outcomes(connection) == ALL_PASSED
    assert connection.early_data is False
    assert text(connection.client) == b"and late"


@pytest.mark.parametrize("taken", [True, False])
def test_early_data_without_its_secret_is_not_passed_over_in_silence(forger: Forger, taken: bool) -> None:
    sessions = offering_early(forger, taken=taken)
    forger.labels = forger.labels[:4]

    connection = forger.write(forger.client.seal(23, b"and late")).open(sessions)

    if taken:
        assert outcomes(connection)["tls.keys"] is Outcome.FAILED
        assert text(connection.client) == b""
    else:
        assert outcomes(connection) == ALL_PASSED | {"tls.records": Outcome.NOT_CHECKED}
        assert text(connection.client) == b"and late"


def test_refused_early_data_that_was_altered_is_found(forger: Forger) -> None:
    sessions = offering_early(forger, taken=False)
    recording = forger.write(forger.client.seal(23, b"and late"))
    raw = bytearray(recording.client.raw)
    raw[raw.index(b"\x17\x03\x03") + 6] ^= 1

    connection = replace(recording, client=recording.client.with_raw(bytes(raw))).open(sessions)

    assert connection.outcome(Subject.RECORDS) is Outcome.FAILED


def test_one_side_without_its_secret_is_locked_and_the_other_is_read(forger: Forger) -> None:
    forger.labels = tuple(label for label in forger.labels if label != "SERVER_TRAFFIC_SECRET_0")

    connection = forger.write(forger.client.seal(23, b"ask"), forger.server.seal(23, b"tell")).open()

    assert connection.content is Content.OPENED
    assert connection.outcome(Subject.KEYS) is Outcome.FAILED
    assert (text(connection.client), text(connection.server)) == (b"ask", b"")


def test_text_from_the_wire_is_printable(forger: Forger) -> None:
    name = b"\x1b[31m\xd0\xb0.example"
    forger.offered[0] = vector(b"\0" + vector(name, 2), 2)

    assert forger.write().open().server_name == "\\x1b[31m\\xd0\\xb0.example"


def test_a_recording_that_changes_after_it_was_opened_is_not_read_in_silence(forger: Forger) -> None:
    recording = forger.write(server=forger.server.seal(23, b"tell") + forger.server.seal(23, b"more"))
    changing = Changing(recording.server.raw)
    connection = open_tls(recording.client, changing, KeyLog(recording.keys), Sessions())

    changing.raw = recording.server.raw[:-1] + b"!"

    with pytest.raises(FormatError, match="not authentic"):
        text(connection.server)


class Changing:
    """A direction whose bytes can be exchanged."""

    ending = Ending.CLOSED
    ended_by = Side.SERVER
    ended = None

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def pieces(self) -> Iterator[Piece]:
        yield Piece(self.raw, START)
