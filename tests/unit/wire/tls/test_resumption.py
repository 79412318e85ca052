"""Sessions that are resumed, and handshakes that begin twice."""

import ssl
from pathlib import Path

import pytest

from evidence_kit.models import Outcome
from evidence_kit.wire.tls.findings import Subject
from evidence_kit.wire.tls.messages import ClientHello, Extension, Message
from evidence_kit.wire.tls.sessions import Origin, Sessions
from evidence_kit.wire.tls.suites import Version, suite_of
from tests.unit.wire.tls.peers import ALL_PASSED, Identity, Peers, outcomes, text

UNSIGNED = ALL_PASSED | {"tls.server-proof": Outcome.NOT_CHECKED}


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_resumed_connection_leads_back_to_the_handshake_that_was_signed(peers: Peers, newest: ssl.TLSVersion) -> None:
    peers.client.maximum_version = newest
    sessions = Sessions()
    recording, session = peers.converse()
    first = recording.open(sessions)
    recording, session = peers.converse(session=session)
    second = recording.open(sessions)
    third = peers.converse(session=session)[0].open(sessions)

    for connection in (second, third):
        assert outcomes(connection) == ALL_PASSED
        assert connection.resumed
        assert connection.certificates == first.certificates
        assert connection.signature_scheme == first.signature_scheme


def test_a_session_may_be_resumed_by_its_id(peers: Peers) -> None:
    peers.use_12()
    peers.server.options |= ssl.OP_NO_TICKET
    sessions = Sessions()
    recording, session = peers.converse()
    recording.open(sessions)

    again = peers.converse(session=session)[0].open(sessions)

    assert again.resumed
    assert outcomes(again) == ALL_PASSED


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_from_before_the_recording_proves_nothing_and_is_opened(peers: Peers, newest: ssl.TLSVersion) -> None:
    peers.client.maximum_version = newest
    session = peers.converse()[1]

    connection = peers.converse(session=session)[0].open()

    assert outcomes(connection) == UNSIGNED
    assert text(connection.server) == b"an answer"
    assert connection.certificates == ()


def test_a_session_with_another_master_secret_is_not_the_one_it_claims(peers: Peers) -> None:
    peers.use_12()
    session = peers.converse()[1]
    again = peers.converse(session=session)[0]
    hello = ClientHello.read(Message(1, again.client.data[0].data[5:]))
    other = Origin(
        client_random=bytes(32),
        certificates=(b"",),
        scheme=None,
        suite=suite_of(0xC02C, Version.TLS_1_2),
        proof=Outcome.PASSED,
        master=bytes(48),
    )
    sessions = Sessions()
    sessions.remember(hello.extensions[Extension.TICKET], other)

    connection = again.open(sessions)

    assert connection.outcome(Subject.SERVER_PROOF) is Outcome.FAILED
    assert "another master secret" in connection.findings[-1].detail


@pytest.mark.parametrize("resumed", [False, True])
def test_a_hello_retry_request_is_followed(tmp_path: Path, identities: dict[str, Identity], resumed: bool) -> None:
    peers = Peers(tmp_path, identities["rsa"])
    peers.server.set_ecdh_curve("secp384r1")
    sessions = Sessions()
    recording, session = peers.converse()
    connection = recording.open(sessions)
    if resumed:
        connection = peers.converse(session=session)[0].open(sessions)

    assert outcomes(connection) == ALL_PASSED
    assert connection.key_group == "secp384r1"
    assert connection.resumed is resumed
    assert text(connection.server) == b"an answer"
