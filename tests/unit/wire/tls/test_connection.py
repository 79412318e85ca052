"""Conversations of real peers, opened again: every version, suite, certificate and way to resume that is at hand."""

import ssl
import tracemalloc
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from evidence_kit.errors import FormatError
from evidence_kit.models import Outcome
from evidence_kit.wire.streams import Ending, Piece, Side
from evidence_kit.wire.tls.connection import Content, open_tls
from evidence_kit.wire.tls.findings import Subject
from evidence_kit.wire.tls.keylog import HANDSHAKE_LABELS, KeyLog
from evidence_kit.wire.tls.sessions import Sessions
from tests.unit.wire.tls.peers import (
    ALL_PASSED,
    KEYS,
    NAME,
    NO_ENCRYPT_THEN_MAC,
    START,
    Identity,
    Peers,
    Recorded,
    Wire,
    outcomes,
    text,
)

SUITES_12 = {
    "ECDHE-ECDSA-AES128-GCM-SHA256": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384": "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305": "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "ECDHE-ECDSA-AES128-SHA": "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "ECDHE-ECDSA-AES256-SHA": "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "ECDHE-RSA-AES128-GCM-SHA256": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305": "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "ECDHE-RSA-AES128-SHA": "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "ECDHE-RSA-AES256-SHA": "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "AES128-GCM-SHA256": "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "AES256-GCM-SHA384": "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "AES128-SHA": "TLS_RSA_WITH_AES_128_CBC_SHA",
    "AES256-SHA": "TLS_RSA_WITH_AES_256_CBC_SHA",
}
"""OpenSSL's names and IANA's."""

UNSIGNED = ALL_PASSED | {"tls.server-proof": Outcome.NOT_CHECKED}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_connection_is_opened_and_verified_whatever_the_server_signs_with(
    tmp_path: Path, identities: dict[str, Identity], kind: str, version: ssl.TLSVersion
) -> None:
    identity = identities[kind]
    peers = Peers(tmp_path, identity)
    peers.client.maximum_version = version

    connection = peers.converse(asked=b"who is it?", answer=b"it is me")[0].open()

    assert outcomes(connection) == ALL_PASSED
    assert connection.content is Content.OPENED
    assert text(connection.client) == b"who is it?"
    assert text(connection.server) == b"it is me"
    assert connection.certificates == (identity.der,)
    assert (connection.server_name, connection.alpn, connection.resumed) == (NAME, "http/1.1", False)
    assert connection.key_group == "x25519"
    assert connection.version == ("tls/1.3" if version is ssl.TLSVersion.TLSv1_3 else "tls/1.2")
    assert (connection.client.ending, connection.server.ending) == (Ending.CLOSED, Ending.CLOSED)


@pytest.mark.parametrize("mac_outside", [True, False])
@pytest.mark.parametrize("name", SUITES_12)
def test_every_suite_of_tls_12_is_opened(
    tmp_path: Path, identities: dict[str, Identity], name: str, mac_outside: bool
) -> None:
    peers = Peers(tmp_path, identities["p256" if "ECDSA" in name else "rsa"])
    peers.use_12(name)
    if not mac_outside:
        peers.client.options |= NO_ENCRYPT_THEN_MAC
    answer = bytes(range(256)) * 300

    sessions = Sessions()
    recording, session = peers.converse(answer=answer)
    first = recording.open(sessions)
    second = peers.converse(answer=answer, session=session)[0].open(sessions)

    expected = ALL_PASSED if name.startswith("ECDHE") else UNSIGNED
    assert (outcomes(first), outcomes(second)) == (expected, expected)
    assert (first.suite, second.suite) == (SUITES_12[name], SUITES_12[name])
    assert (first.resumed, second.resumed) == (False, True)
    assert text(first.server) == text(second.server) == answer


def test_a_client_certificate_is_passed_over(peers: Peers, identities: dict[str, Identity]) -> None:
    mine = identities["rsa"]
    peers.server.verify_mode = ssl.CERT_REQUIRED
    peers.server.load_verify_locations(mine.certificate)
    for newest in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
        peers.client.load_cert_chain(mine.certificate, mine.key)
        peers.client.maximum_version = newest

        connection = peers.converse()[0].open()

        assert outcomes(connection) == ALL_PASSED
        assert connection.certificates == (identities["p256"].der,)


def test_a_client_that_has_no_certificate_says_so(peers: Peers) -> None:
    peers.server.verify_mode = ssl.CERT_OPTIONAL
    for newest in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
        peers.client.maximum_version = newest

        assert outcomes(peers.converse()[0].open()) == ALL_PASSED


def test_pieces_bear_the_time_of_the_last_byte_of_their_record(peers: Peers) -> None:
    recording = peers.converse(answer=b"x" * 40_000)[0]
    known = {piece.time for piece in recording.server.data}
    split = replace(recording, server=in_single_bytes(recording.server))

    whole, fine = recording.open(), split.open()

    assert {piece.time for piece in whole.server.pieces()} <= known
    assert text(fine.server) == text(whole.server) == b"x" * 40_000
    assert [p.data for p in fine.server.pieces()] == [p.data for p in whole.server.pieces()]
    assert [p.time for p in fine.server.pieces()] == [p.time for p in whole.server.pieces()]


def test_a_connection_in_single_bytes_is_the_same_connection(peers: Peers) -> None:
    recording = peers.converse()[0]
    fine = replace(recording, client=in_single_bytes(recording.client), server=in_single_bytes(recording.server))

    assert fine.open().findings == recording.open().findings
    assert text(fine.open().client) == b"a question"


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_streams_may_be_read_again_and_at_the_same_time(peers: Peers, newest: ssl.TLSVersion) -> None:
    peers.client.maximum_version = newest
    connection = peers.converse(answer=bytes(100_000))[0].open()

    together = zip(connection.server.pieces(), connection.server.pieces(), strict=True)

    assert all(one == other for one, other in together)
    assert text(connection.server) == bytes(100_000)


def test_an_end_without_a_close_notify_is_a_cut(peers: Peers) -> None:
    wire = Wire(peers.client, peers.server)
    wire.shake_hands()
    wire.say(wire.client, b"a question")
    wire.say(wire.server, b"half an ans")

    for ending, expected in ((Ending.CLOSED, Ending.CUT), (Ending.RESET, Ending.RESET), (Ending.OPEN, Ending.OPEN)):
        client = replace(wire.recorded(Side.CLIENT), ending=ending)
        server = replace(wire.recorded(Side.SERVER), ending=ending)
        connection = open_tls(client, server, KeyLog(peers.keys), Sessions())

        assert outcomes(connection) == ALL_PASSED
        assert connection.server.ending is expected
        assert text(connection.server) == b"half an ans"


def test_a_close_notify_vouches_for_the_end_whatever_tcp_did(peers: Peers) -> None:
    recording = peers.converse()[0]
    server = replace(recording.server, ending=Ending.RESET, ended_by=None)

    connection = replace(recording, server=server).open()

    assert connection.server.ending is Ending.CLOSED
    assert connection.server.ended_by is Side.CLIENT


@pytest.mark.parametrize(("later", "expected"), [(True, Side.SERVER), (False, Side.CLIENT)])
def test_who_says_goodbye_first_has_ended_the_connection_whoever_hangs_up(
    peers: Peers, later: bool, expected: Side
) -> None:
    wire = Wire(peers.client, peers.server)
    wire.shake_hands()
    wire.say(wire.client, b"a question")
    wire.say(wire.server, b"an answer")
    wire.say_goodbye(wire.server)
    server = wire.recorded(Side.SERVER)
    hung_up = server.data[-1].time + timedelta(seconds=1 if later else -1)

    client = replace(wire.recorded(Side.CLIENT), ended=hung_up)
    connection = open_tls(client, server, KeyLog(peers.keys), Sessions())

    assert (connection.server.ending, connection.server.ended_by) == (Ending.CLOSED, expected)


def test_the_handshake_with_its_secrets_alone_proves_the_server_and_opens_nothing(peers: Peers) -> None:
    recording = peers.converse()[0]
    whole = recording.open()
    assert whole.client_random
    keys = KeyLog(recording.keys).lines(whole.client_random, HANDSHAKE_LABELS)

    proof = replace(
        recording,
        client=recording.client.with_raw(recording.client.raw[: whole.client_handshake]),
        server=recording.server.with_raw(recording.server.raw[: whole.server_handshake]),
        keys=keys,
    ).open()
    locked = replace(recording, keys=keys).open()

    assert outcomes(proof) == ALL_PASSED | {"tls.keys": Outcome.NOT_CHECKED}
    assert proof.content is Content.NONE
    assert locked.content is Content.LOCKED
    assert locked.outcome(Subject.KEYS) is Outcome.FAILED
    assert text(locked.client) + text(locked.server) == b""


def test_a_connection_that_the_browser_never_used_has_no_content(peers: Peers) -> None:
    recording = peers.converse()[0]
    hello = recording.client.with_raw(recording.client.data[0].data)

    alone = replace(recording, client=hello, server=Recorded(()), keys=b"").open()
    answered = replace(recording, client=hello, keys=b"").open()
    empty = replace(recording, client=Recorded(()), server=Recorded(())).open()

    for connection in (alone, answered, empty):
        assert connection.content is Content.NONE
        assert Outcome.FAILED not in outcomes(connection).values()
        assert text(connection.client) + text(connection.server) == b""
    assert alone.server_name == NAME


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_content_without_a_secret_is_locked(peers: Peers, newest: ssl.TLSVersion) -> None:
    peers.client.maximum_version = newest

    connection = replace(peers.converse()[0], keys=b"").open()

    assert connection.content is Content.LOCKED
    assert connection.outcome(Subject.KEYS) is Outcome.FAILED
    assert connection.outcome(Subject.RECORDS) is Outcome.NOT_CHECKED
    # The signature of TLS 1.2 is in the clear.
    proved = newest is ssl.TLSVersion.TLSv1_2
    assert connection.outcome(Subject.SERVER_PROOF) is (Outcome.PASSED if proved else Outcome.NOT_CHECKED)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_refused_certificate_is_kept_and_the_connection_has_no_content(
    peers: Peers, newest: ssl.TLSVersion, identities: dict[str, Identity]
) -> None:
    strangers = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    strangers.maximum_version = newest
    strangers.keylog_filename = peers.client.keylog_filename
    wire = Wire(strangers, peers.server)
    with pytest.raises(ssl.SSLCertVerificationError):
        wire.shake_hands()
    wire.pump()

    connection = open_tls(wire.recorded(Side.CLIENT), wire.recorded(Side.SERVER), KeyLog(peers.keys), Sessions())

    assert connection.content is Content.NONE
    assert Outcome.FAILED not in outcomes(connection).values()
    assert connection.outcome(Subject.SERVER_PROOF) is Outcome.PASSED
    assert connection.certificates == (identities["p256"].der,)
    assert [(alert.side, alert.number, alert.fatal) for alert in connection.alerts] == [(Side.CLIENT, 48, True)]


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_peers_that_do_not_agree_leave_an_alert(peers: Peers, newest: ssl.TLSVersion) -> None:
    peers.client.maximum_version = newest
    peers.server.minimum_version = peers.server.maximum_version = (
        ssl.TLSVersion.TLSv1_3 if newest is ssl.TLSVersion.TLSv1_2 else ssl.TLSVersion.TLSv1_2
    )
    peers.client.minimum_version = newest
    wire = Wire(peers.client, peers.server)
    with pytest.raises(ssl.SSLError):
        wire.shake_hands()
    wire.pump()

    connection = open_tls(wire.recorded(Side.CLIENT), wire.recorded(Side.SERVER), KeyLog(peers.keys), Sessions())

    assert connection.content is Content.NONE
    assert Outcome.FAILED not in outcomes(connection).values()
    assert [(alert.side, alert.number, alert.protected) for alert in connection.alerts] == [(Side.SERVER, 70, False)]


@pytest.mark.parametrize(
    "first", [b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x02\x00\x02", b"\x80\x2e\x01\x03\x01", b"\x17"]
)
def test_what_does_not_begin_as_tls_is_refused(first: bytes) -> None:
    client = Recorded((Piece(first, START),))

    with pytest.raises(FormatError, match="not TLS"):
        open_tls(client, Recorded(()), KeyLog(b""), Sessions())


def test_a_server_that_speaks_first_is_refused() -> None:
    with pytest.raises(FormatError, match="not TLS"):
        open_tls(Recorded(()), Recorded((Piece(b"220 mail.example\r\n", START),)), KeyLog(b""), Sessions())


def test_a_server_that_answers_in_plain_text_is_a_finding(peers: Peers) -> None:
    recording = peers.converse()[0]
    hello = recording.client.with_raw(recording.client.data[0].data)
    plain = recording.server.with_raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    connection = replace(recording, client=hello, server=plain).open()

    assert connection.outcome(Subject.RECORDS) is Outcome.FAILED
    assert connection.content is Content.NONE


def test_memory_does_not_grow_with_the_stream(peers: Peers) -> None:
    block = bytes(range(256)) * 256
    recording = peers.converse(answer=block * 192)[0]
    pieces = tuple(
        Piece(piece.data[start : start + 65_536], piece.time)
        for piece in recording.server.data
        for start in range(0, len(piece.data), 65_536)
    )
    recording = replace(recording, server=replace(recording.server, data=pieces))

    tracemalloc.start()
    connection = recording.open()
    total = sum(len(piece.data) for piece in connection.server.pieces())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert total == len(block) * 192
    assert peak < 2 << 20
    assert outcomes(connection) == ALL_PASSED


def in_single_bytes(direction: Recorded) -> Recorded:
    """Return the direction in pieces of one byte each, with the times they had."""
    single = tuple(Piece(bytes((byte,)), piece.time) for piece in direction.data for byte in piece.data)
    return replace(direction, data=single)
