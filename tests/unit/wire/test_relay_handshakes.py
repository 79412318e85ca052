"""Clients that do not do as RFC 1928 says: each is answered as far as it can be, recorded, and harms nobody else."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence_kit.wire.relay import Relay, start_relay
from evidence_kit.wire.spool import SpooledConnection, read_spool
from tests.support import socks

pytestmark = pytest.mark.network

AGREED = b"\x05\x00"


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    """Return a relay that must still work at the end of the test."""
    with start_relay(tmp_path) as running:
        yield running
        with socks.server(socks.echo) as port, socks.tunnel(running.port, "127.0.0.1", port) as client:
            client.sendall(b"alive")
            assert socks.read(client, 5) == b"alive"
    assert running.failure == ""
    assert read_spool(tmp_path).problems == ()


def talk(relay: Relay, said: bytes) -> bytes:
    """Say *said*, then nothing more, and return what comes back."""
    with socks.connect(relay.port) as client:
        client.sendall(said)
        client.shutdown(socket.SHUT_WR)
        return socks.read_all(client)


def last(relay: Relay) -> SpooledConnection:
    socks.until(lambda: bool(relay.connections()) and all(each.ended for each in relay.connections()))
    return relay.connections()[-1]


def test_one_byte_at_a_time_is_understood(relay: Relay) -> None:
    with socks.server(socks.echo) as port, socks.connect(relay.port) as client:
        for byte in socks.HELLO + socks.request("localhost", port) + b"slowly":
            client.sendall(bytes([byte]))

        answer = socks.read(client, 2 + 10 + 6)

    assert answer.startswith(AGREED + b"\x05\x00")
    assert answer.endswith(b"slowly")


@pytest.mark.parametrize("said", [b"\x04\x01\x00\x50\x7f\x00\x00\x01\x00", b"GET / HTTP/1.1\r\n\r\n", bytes(5000)])
def test_another_protocol_gets_no_answer(relay: Relay, said: bytes) -> None:
    answer = talk(relay, said)

    assert answer == b""
    assert last(relay).error == f"the client does not speak SOCKS5: its first byte is {said[0]}"
    assert last(relay).name == ""


def test_a_client_that_insists_on_a_password_is_told_no(relay: Relay) -> None:
    answer = talk(relay, b"\x05\x01\x02")

    assert answer == b"\x05\xff"
    assert last(relay).error == "the client insists on authentication"


@pytest.mark.parametrize("command", [0, 2, 3, 255])
def test_other_commands_than_connect_are_not_supported(relay: Relay, command: int) -> None:
    answer = talk(relay, socks.HELLO + socks.request("social.example", 443, command=command))

    assert answer == AGREED + b"\x05\x07\x00\x01" + bytes(6)
    connection = last(relay)
    assert connection.error == f"SOCKS command {command} is not offered"
    assert (connection.name, connection.port) == ("social.example", 443)


def test_an_unknown_type_of_address_is_not_supported(relay: Relay) -> None:
    answer = talk(relay, socks.HELLO + b"\x05\x01\x00\x02abcd")

    assert answer[:4] == AGREED + b"\x05\x08"
    assert last(relay).error == "SOCKS address type 2 is not known"


@pytest.mark.parametrize("name", [b"", b"a b", b"evil\n.example", b"\xd1\x81\xd0\xb0\xd0\xb9\xd1\x82", b"x\x00y"])
def test_what_cannot_be_a_name_is_not_asked_for(relay: Relay, name: bytes) -> None:
    answer = talk(relay, socks.HELLO + b"\x05\x01\x00\x03" + bytes([len(name)]) + name + b"\x00\x50")

    assert answer[:4] == AGREED + b"\x05\x04"
    connection = last(relay)
    assert connection.error == "the name asked for cannot be the name of a host"
    assert connection.lookups == ()
    assert connection.name.isascii()


@pytest.mark.parametrize("size", range(len(socks.HELLO + socks.request("localhost", 80))))
def test_a_client_that_hangs_up_early_is_recorded(relay: Relay, size: int) -> None:
    said = (socks.HELLO + socks.request("localhost", 80))[:size]

    talk(relay, said)

    assert last(relay).error == "the client hung up before it said what it wants"


def test_a_client_that_resets_early_is_recorded(relay: Relay) -> None:
    client = socks.connect(relay.port)
    client.sendall(b"\x05")
    socks.reset(client)

    assert last(relay).error


def test_a_name_of_labels_that_dns_does_not_allow_is_answered(relay: Relay) -> None:
    client, code = socks.ask(relay.port, "a..b" + "c" * 200, 80)

    client.close()
    assert code == 4
    assert last(relay).lookups[0].error
