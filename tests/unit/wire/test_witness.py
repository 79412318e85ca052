"""Connections through a witness that runs as a process of its own: what it signs is what the relay spooled."""

import socket
import ssl
import subprocess
import threading
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_kit.errors import FormatError
from evidence_kit.models import Outcome
from evidence_kit.trust.certificates import load_certificates
from evidence_kit.trust.timestamps import certificates_inside, read_reply
from evidence_kit.wire.witness.channel import WitnessPlace
from evidence_kit.wire.witness.sessions import close_session, open_session
from evidence_kit.wire.witness.statements import Statement, Witnessed, check_statements, compare, read_statements
from tests.support import socks
from tests.support.tsa import OpensslTsa
from tests.support.witnesses import Installation, account, place_of, relayed, statements
from tests.unit.wire.tls.peers import make_identity

pytestmark = pytest.mark.network

MEGABYTE = 1 << 20


@pytest.fixture
def place(address: str, prosecutor: Installation, office: Installation) -> WitnessPlace:
    return place_of(address, prosecutor, office)


def send(client: socket.socket, data: bytes) -> None:
    client.sendall(data)
    client.shutdown(socket.SHUT_WR)


def test_what_passes_both_ways_is_signed_as_it_was_spooled(place: WitnessPlace, tmp_path: Path) -> None:
    session = open_session(place)
    data = bytes(range(256)) * (8 * MEGABYTE // 256)
    with socks.server(socks.echo) as port, relayed(tmp_path / "s", session) as relay:
        with socks.tunnel(relay.port, "localhost", port) as client:
            sending = threading.Thread(target=send, args=(client, data))
            sending.start()
            assert socks.read_all(client) == data
            sending.join()
        with socks.tunnel(relay.port, "127.0.0.1", port):
            pass
    signed, files = statements(session)

    lines = account(tmp_path / "s")

    assert list(check_statements(signed, load_certificates(files["witness.pem"]))) == []
    assert list(compare(signed, lines)) == [Witnessed(connection=n, outcome=Outcome.PASSED) for n in (1, 2)]
    assert lines[0]["client"]["bytes"] == lines[0]["server"]["bytes"] == len(data)
    assert (signed[1].value["name"], signed[1].value["port"], signed[1].value["untaken"]) == ("localhost", port, 0)
    assert [each["question"] for each in lines[0]["lookups"]] == ["localhost"]


def test_tls_goes_through_untouched(place: WitnessPlace, tmp_path: Path) -> None:
    identity = make_identity(tmp_path, "p256")
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(identity.certificate, identity.key)

    def serve(connection: socket.socket) -> None:
        with own.wrap_socket(connection, server_side=True) as inside:
            inside.sendall(inside.recv(100)[::-1])

    theirs = ssl.create_default_context(cafile=identity.certificate)
    theirs.check_hostname = False
    session = open_session(place)
    with (
        socks.server(serve) as port,
        relayed(tmp_path / "s", session) as relay,
        socks.tunnel(relay.port, "127.0.0.1", port) as plain,
        theirs.wrap_socket(plain) as client,
    ):
        client.sendall(b"drawer")
        assert client.recv(100) == b"reward"
        assert client.getpeercert(binary_form=True) == identity.der

    found = list(compare(statements(session)[0], account(tmp_path / "s")))

    assert found == [Witnessed(connection=1, outcome=Outcome.PASSED)]


@pytest.mark.parametrize("end", ["the browser breaks off", "the relay is stopped"])
def test_a_connection_that_is_broken_off_is_signed_as_far_as_it_was_spooled(
    place: WitnessPlace, tmp_path: Path, end: str
) -> None:
    def flood(connection: socket.socket) -> None:
        while True:
            connection.sendall(bytes(MEGABYTE))

    session = open_session(place)
    with socks.server(flood) as port, relayed(tmp_path / "s", session) as relay:
        client = socks.tunnel(relay.port, "127.0.0.1", port)
        assert len(socks.read(client, 5 * MEGABYTE)) == 5 * MEGABYTE
        if end == "the browser breaks off":
            socks.reset(client)
            socks.until(lambda: all(each.ended for each in relay.connections()))
        relay.stop()
        client.close()
    signed = statements(session)[0]

    lines = account(tmp_path / "s")

    assert list(compare(signed, lines)) == [Witnessed(connection=1, outcome=Outcome.PASSED)]
    assert lines[0]["server"]["bytes"] >= 5 * MEGABYTE
    assert not signed[1].value["lost"]


def test_a_server_that_cannot_be_reached_has_its_statement_and_its_reason(place: WitnessPlace, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    session = open_session(place)
    with relayed(tmp_path / "s", session) as relay:
        client, code = socks.ask(relay.port, "127.0.0.1", port)
        client.close()
    signed = statements(session)[0]

    (line,) = account(tmp_path / "s")

    assert code == 5
    assert "ECONNREFUSED" in line["error"]
    assert "ECONNREFUSED" in signed[1].value["error"]
    assert list(compare(signed, [line])) == [Witnessed(connection=1, outcome=Outcome.PASSED)]


def test_the_witness_hears_how_much_was_taken_though_the_relay_ends_with_the_connection(
    place: WitnessPlace, tmp_path: Path
) -> None:
    for number in range(12):
        session = open_session(place)
        with socks.server(socks.echo) as port, relayed(tmp_path / str(number), session) as relay:
            with socks.tunnel(relay.port, "127.0.0.1", port) as client:
                client.sendall(b"question")
                assert socks.read(client, 8) == b"question"
            relay.stop()

        (told,) = [each.value for each in statements(session)[0] if each.value["type"] == "connection"]
        assert not told["lost"], told["error"]


@pytest.mark.parametrize("change", ["server digest", "client bytes", "address", "name", "taken out", "put in"])
def test_an_account_that_was_changed_differs_from_what_was_signed(
    place: WitnessPlace, tmp_path: Path, change: str
) -> None:
    session = open_session(place)
    with (
        socks.server(socks.echo) as port,
        relayed(tmp_path / "s", session) as relay,
        socks.tunnel(relay.port, "127.0.0.1", port) as client,
    ):
        client.sendall(b"question")
        assert socks.read(client, 8) == b"question"
    signed, lines = statements(session)[0], account(tmp_path / "s")
    match change:
        case "server digest":
            lines[0]["server"]["sha256"] = "sha256:" + "0" * 64
        case "client bytes":
            lines[0]["client"]["bytes"] += 1
        case "address":
            lines[0]["address"] = "192.0.2.1"
        case "name":
            lines[0]["name"] = "other.example"
        case "taken out":
            lines.clear()
        case "put in":
            lines.append({**lines[0], "id": 2})

    found = [each for each in compare(signed, lines) if each.outcome is not Outcome.PASSED]

    expected = Outcome.NOT_CHECKED if change == "put in" else Outcome.FAILED
    assert [(each.connection, each.outcome) for each in found] == [(2 if change == "put in" else 1, expected)]


@pytest.fixture(scope="module")
def small(
    address: str, prosecutor: Installation, office: Installation, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[Statement], dict[str, bytes]]:
    """What was signed of a session with two connections."""
    session = open_session(place_of(address, prosecutor, office))
    folder = tmp_path_factory.mktemp("small")
    with socks.server(socks.echo) as port, relayed(folder / "s", session) as relay:
        for _ in range(2):
            with socks.tunnel(relay.port, "127.0.0.1", port) as client:
                client.sendall(b"question")
                assert socks.read(client, 8) == b"question"
    return statements(session)


def test_openssl_verifies_every_statement(
    small: tuple[list[Statement], dict[str, bytes]], oracle: Callable[[str], Path], tmp_path: Path
) -> None:
    signed, files = small
    (tmp_path / "witness.pem").write_bytes(files["witness.pem"])

    for statement in signed:
        (tmp_path / "line").write_bytes(statement.line)
        (tmp_path / "line.p7s").write_bytes(statement.signature)
        command = [str(oracle("openssl")), "cms", "-verify", "-cades", "-binary", "-purpose", "any", "-inform", "DER"]
        command += ["-in", "line.p7s", "-content", "line", "-certfile", "witness.pem", "-CAfile", "witness.pem"]
        done = subprocess.run([*command, "-out", "out"], cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    assert len(signed) == 4


def test_the_closing_is_stamped_over_the_head_of_the_log(
    small: tuple[list[Statement], dict[str, bytes]], oracle: Callable[[str], Path], tsa: OpensslTsa, tmp_path: Path
) -> None:
    signed, files = small
    (tmp_path / "witness.tsr").write_bytes(files["witness.tsr"])

    token = read_reply(files["witness.tsr"], signed[-1].link, certificates_inside(files["witness.tsr"]))
    command = [str(oracle("openssl")), "ts", "-verify", "-digest", signed[-1].link.hex, "-in", "witness.tsr"]
    done = subprocess.run([*command, "-CAfile", str(tsa.root_pem)], cwd=tmp_path, capture_output=True, check=False)

    assert token.certificate.subject
    assert done.returncode == 0, done.stderr


def test_any_changed_byte_of_a_statement_is_found(small: tuple[list[Statement], dict[str, bytes]]) -> None:
    _, files = small
    lines, certificates = files["witness.jsonl"], load_certificates(files["witness.pem"])
    places = [i for i, byte in enumerate(lines) if chr(byte).isdigit()]
    for place in places[:: len(places) // 40]:
        digit = b"1" if lines[place : place + 1] != b"1" else b"2"
        changed = lines[:place] + digit + lines[place + 1 :]
        try:
            found = read_statements(changed, files["witness.sig"])
        except FormatError:
            continue
        assert list(check_statements(found, certificates)) != []


def test_a_statement_left_out_or_moved_is_found(small: tuple[list[Statement], dict[str, bytes]]) -> None:
    signed, files = small
    certificates = load_certificates(files["witness.pem"])

    assert list(check_statements(signed, certificates)) == []
    for others in ([*signed[:1], *signed[2:]], [signed[0], signed[2], signed[1], signed[3]], signed[1:]):
        assert list(check_statements(others, certificates)) != []
    assert [each.detail for each in compare(signed[:-1], []) if each.connection is None] == [
        "the session was not closed: connections at its end may be missing"
    ]


def test_what_the_witness_keeps_holds_nothing_of_what_passed(
    place: WitnessPlace, prosecutor: Installation, tmp_path: Path
) -> None:
    session = open_session(place)
    with (
        socks.server(socks.echo) as port,
        relayed(tmp_path / "s", session) as relay,
        socks.tunnel(relay.port, "127.0.0.1", port) as client,
    ):
        client.sendall(b"Zaya's password")
        assert socks.read(client, 15) == b"Zaya's password"
    close_session(session)

    kept = b"".join(path.read_bytes() for path in (prosecutor.folder / "log").iterdir())

    assert b"Zaya" not in kept
    assert session.number.encode() in kept


def test_a_signature_line_is_the_der_in_base64(small: tuple[list[Statement], dict[str, bytes]]) -> None:
    signed, files = small

    assert [b64decode(line) for line in files["witness.sig"].splitlines()] == [each.signature for each in signed]
