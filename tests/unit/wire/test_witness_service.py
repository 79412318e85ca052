"""A witness as a service: whom it serves, where it connects to, and what its log survives."""

import contextlib
import json
from pathlib import Path

import pytest

from evidence_kit.case.held import held
from evidence_kit.errors import CaptureError
from evidence_kit.wire.witness.channel import Session
from evidence_kit.wire.witness.sessions import close_session, open_session
from evidence_kit.wire.witness.statements import read_statements
from tests.support import socks
from tests.support.witnesses import Installation, account, place_of, relayed, serving, statements

pytestmark = pytest.mark.network


def test_a_stranger_is_refused(address: str, prosecutor: Installation, tmp_path: Path) -> None:
    stranger = Installation(folder=tmp_path / "stranger").set_up("Stranger")

    with pytest.raises(CaptureError, match="cannot be used"):
        open_session(place_of(address, prosecutor, stranger))


def test_a_witness_with_another_certificate_is_refused(address: str, office: Installation, tmp_path: Path) -> None:
    other = Installation(folder=tmp_path / "other").set_up("Other")

    with pytest.raises(CaptureError, match="cannot be used"):
        open_session(place_of(address, other, office))


def test_a_session_is_only_for_the_client_that_opened_it(office: Installation, tmp_path: Path) -> None:
    second = Installation(folder=tmp_path / "second").set_up("Second")
    witness = Installation(folder=tmp_path / "w").set_up("Witness")
    with serving(witness, [office, second]) as address:
        session = open_session(place_of(address, witness, office))
        stolen = Session(place=place_of(address, witness, second), number=session.number)

        with pytest.raises(CaptureError, match="no such session"):
            close_session(stolen)


def test_private_places_are_refused_unless_they_are_allowed(office: Installation, tmp_path: Path) -> None:
    witness = Installation(folder=tmp_path / "w").set_up("Witness")
    with serving(witness, [office]) as address:
        session = open_session(place_of(address, witness, office))
        with socks.server(socks.echo) as port, relayed(tmp_path / "s", session) as relay:
            codes = []
            for name in ("127.0.0.1", "localhost", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254"):
                client, code = socks.ask(relay.port, name, port)
                client.close()
                codes.append(code)
        signed = statements(session)[0]

    assert set(codes) == {2}
    assert all("not for strangers" in each.value["error"] for each in signed[1:-1])
    assert len(signed) == 8


def test_a_witness_that_dies_breaks_connections_off(office: Installation, tmp_path: Path) -> None:
    witness = Installation(folder=tmp_path / "w").set_up("Witness")
    with socks.server(socks.echo) as port:
        with serving(witness, [office], "--allow-private") as address:
            session = open_session(place_of(address, witness, office))
            relay = relayed(tmp_path / "s", session)
            client = socks.tunnel(relay.port, "127.0.0.1", port)
            client.sendall(b"question")
            assert socks.read(client, 8) == b"question"
        with relay, client:
            # Whether as an end or as a reset: nothing more comes.
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(1) == b""
            later, code = socks.ask(relay.port, "127.0.0.1", port)
            later.close()
        with pytest.raises(CaptureError):
            close_session(session)

    assert code == 1
    assert relay.failure == ""
    assert all(line["error"] for line in account(tmp_path / "s"))


def test_the_log_goes_on_after_a_crash_with_what_was_torn_set_aside(office: Installation, tmp_path: Path) -> None:
    witness = Installation(folder=tmp_path / "w").set_up("Witness")
    with serving(witness, [office]) as address:
        statements(open_session(place_of(address, witness, office)))
    log = witness.folder / "log"
    with (log / "witness.jsonl").open("ab") as stream:
        stream.write(b'{"half')

    with serving(witness, [office]) as address:
        signed = statements(open_session(place_of(address, witness, office)))[0]

    assert [each.value["seq"] for each in signed] == [3, 4]
    assert (log / "torn-000003-witness.jsonl").read_bytes() == b'{"half'
    whole = read_statements((log / "witness.jsonl").read_bytes(), (log / "witness.sig").read_bytes())
    assert [each.value["seq"] for each in whole] == [1, 2, 3, 4]
    assert whole[2].value["previous"] == str(whole[1].link)


def test_a_log_that_was_changed_is_not_gone_on_with(office: Installation, tmp_path: Path) -> None:
    witness = Installation(folder=tmp_path / "w").set_up("Witness")
    with serving(witness, [office]) as address:
        statements(open_session(place_of(address, witness, office)))
    path = witness.folder / "log" / "witness.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    value = json.loads(lines[0])
    path.write_bytes(lines[0].replace(value["session"].encode(), b"0" * 32) + lines[1])

    answer = witness.run("witness", "serve", witness.folder / "log", "--client", office.certificate)

    assert answer.returncode == 1
    assert "damaged" in answer.stderr


def test_a_second_witness_of_a_log_leaves_alone_what_the_first_one_writes(office: Installation, tmp_path: Path) -> None:
    witness = Installation(folder=tmp_path / "w").set_up("Witness")
    (log := witness.folder / "log").mkdir()
    (log / "witness.jsonl").write_bytes(b"a line that is not signed yet\n")

    with held(log / "lock"):
        answer = witness.run("witness", "serve", log, "--client", office.certificate)

    assert answer.returncode == 1
    assert "another program is at work" in answer.stderr
    assert (log / "witness.jsonl").read_bytes() == b"a line that is not signed yet\n"
