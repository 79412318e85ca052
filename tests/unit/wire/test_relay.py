"""What passes a relay, in real processes and on real sockets: unchanged, recorded, and ended as it was ended."""

import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence_kit.wire.relay import Relay, start_relay
from evidence_kit.wire.spool import Spool, SpooledConnection, SpooledDirection, hash_spool, read_spool
from evidence_kit.wire.streams import Ending, Side
from tests.support import socks

pytestmark = pytest.mark.network

MEGABYTE = 1 << 20


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    with start_relay(tmp_path) as running:
        yield running
    assert running.failure == ""


def finished(relay: Relay) -> Spool:
    """Stop the relay and return its spool, which must be whole."""
    relay.stop()
    spool = read_spool(relay.folder)
    assert spool.problems == ()
    return spool


def only(relay: Relay) -> SpooledConnection:
    (connection,) = finished(relay).connections
    return connection


def content(direction: SpooledDirection) -> bytes:
    return b"".join(piece.data for piece in direction.pieces())


def wait_for_end(relay: Relay) -> None:
    """Wait until every connection that was begun is at its end."""
    socks.until(lambda: all(each.ended for each in relay.connections()))


def test_bytes_come_back_and_are_spooled_with_their_times(relay: Relay) -> None:
    with socks.server(socks.echo) as port, socks.tunnel(relay.port, "127.0.0.1", port) as client:
        client.sendall(b"question")
        assert socks.read(client, 8) == b"question"
        client.sendall(b" two")
        assert socks.read(client, 4) == b" two"
        client.shutdown(socket.SHUT_WR)
        assert socks.read_all(client) == b""
        local_port = client.getsockname()[1]

        wait_for_end(relay)
        connection = only(relay)

    assert (connection.name, connection.port, connection.client_port) == ("127.0.0.1", port, local_port)
    assert (connection.address, connection.address_port, connection.error) == ("127.0.0.1", port, "")
    assert [piece.data for piece in connection.client.pieces()] == [b"question", b" two"]
    assert content(connection.server) == b"question two"
    assert connection.client.passed == connection.server.passed == 12
    times = [piece.time for piece in connection.server.pieces()]
    assert connection.connected
    assert connection.ended
    assert connection.opened <= connection.connected <= times[0] <= times[1] <= connection.ended
    for direction in (connection.client, connection.server):
        assert (direction.ending, direction.ended_by) == (Ending.CLOSED, Side.CLIENT)


def test_a_name_is_looked_up_and_the_answer_recorded(relay: Relay) -> None:
    with socks.server(socks.echo) as port, socks.tunnel(relay.port, "localhost", port):
        connection = only(relay)

    (lookup,) = connection.lookups
    assert connection.name == lookup.question == "localhost"
    assert "127.0.0.1" in lookup.answers
    assert lookup.error == ""
    assert lookup.asked <= lookup.answered
    assert connection.address == "127.0.0.1"
    assert connection.attempts[-1].error == ""


def test_an_address_is_not_looked_up(relay: Relay) -> None:
    with socks.server(socks.echo) as port, socks.tunnel(relay.port, "127.0.0.1", port):
        connection = only(relay)

    assert connection.lookups == ()


def test_the_loopback_address_of_ipv6_is_reached(relay: Relay) -> None:
    try:
        with socks.server(socks.echo, host="::1") as port, socks.tunnel(relay.port, "::1", port) as client:
            client.sendall(b"six")
            assert socks.read(client, 3) == b"six"
            connection = only(relay)
    except OSError as error:
        pytest.skip(f"NOT TESTED: this machine has no IPv6: {error}")

    assert (connection.name, connection.address) == ("::1", "::1")


def test_a_server_may_speak_after_the_client_has_ended_its_half(relay: Relay) -> None:
    def answer_after_the_end(connection: socket.socket) -> None:
        size = len(socks.read_all(connection))
        connection.sendall(b"you sent %d" % size)

    with socks.server(answer_after_the_end) as port, socks.tunnel(relay.port, "127.0.0.1", port) as client:
        client.sendall(b"x" * 1000)
        client.shutdown(socket.SHUT_WR)
        assert socks.read_all(client) == b"you sent 1000"
        wait_for_end(relay)

    connection = only(relay)
    assert connection.server.ended_by is Side.CLIENT
    assert connection.server.ending is connection.client.ending is Ending.CLOSED


def test_a_client_may_speak_after_the_server_has_ended_its_half(relay: Relay) -> None:
    heard: list[bytes] = []

    def end_then_listen(connection: socket.socket) -> None:
        connection.sendall(b"that is all")
        connection.shutdown(socket.SHUT_WR)
        heard.append(socks.read_all(connection))

    with socks.server(end_then_listen) as port, socks.tunnel(relay.port, "127.0.0.1", port) as client:
        assert socks.read_all(client) == b"that is all"
        client.sendall(b"not for me")
        client.shutdown(socket.SHUT_WR)
        wait_for_end(relay)

    connection = only(relay)
    assert heard == [b"not for me"]
    assert connection.client.ended_by is Side.SERVER
    assert content(connection.client) == b"not for me"


def test_a_reset_by_the_server_reaches_the_client_as_a_reset(relay: Relay) -> None:
    def break_off(connection: socket.socket) -> None:
        socks.read(connection, 2)
        connection.sendall(b"half an ans")
        socks.read(connection, 2)
        socks.reset(connection)

    with socks.server(break_off) as port, socks.tunnel(relay.port, "127.0.0.1", port) as client:
        client.sendall(b"go")
        assert socks.read(client, 11) == b"half an ans"
        client.sendall(b"on")
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        wait_for_end(relay)

    connection = only(relay)
    assert content(connection.server) == b"half an ans"
    for direction in (connection.client, connection.server):
        assert (direction.ending, direction.ended_by) == (Ending.RESET, Side.SERVER)
    assert connection.error.startswith("server: ")
    assert "RESET" in connection.error


def test_a_reset_by_the_client_reaches_the_server_as_a_reset(relay: Relay) -> None:
    seen: list[type[BaseException]] = []

    def wait_for_the_worst(connection: socket.socket) -> None:
        connection.sendall(b"ready")
        try:
            connection.recv(1)
        except OSError as error:
            seen.append(type(error))

    with socks.server(wait_for_the_worst) as port:
        client = socks.tunnel(relay.port, "127.0.0.1", port)
        assert socks.read(client, 5) == b"ready"
        socks.reset(client)
        socks.until(lambda: bool(seen))
        wait_for_end(relay)

    connection = only(relay)
    assert seen == [ConnectionResetError]
    for direction in (connection.client, connection.server):
        assert (direction.ending, direction.ended_by) == (Ending.RESET, Side.CLIENT)


def test_a_slow_reader_slows_the_sender_down(relay: Relay) -> None:
    sent = [0]
    block = bytes(64 * 1024)

    def pour(connection: socket.socket) -> None:
        for _ in range(64 * 16):
            connection.sendall(block)
            sent[0] += len(block)

    with socks.server(pour) as port, socks.tunnel(relay.port, "127.0.0.1", port) as client:
        before = -1
        while before != sent[0]:
            before = sent[0]
            time.sleep(0.3)
        # What the buffers of the system hold, and one of the relay's.
        assert 0 < before < 32 * MEGABYTE
        assert len(socks.read_all(client)) == 64 * MEGABYTE
        client.close()
        wait_for_end(relay)

    connection = only(relay)
    assert connection.server.size == connection.server.passed == 64 * MEGABYTE
    assert (connection.server.ending, connection.server.ended_by) == (Ending.CLOSED, Side.SERVER)


def test_fifty_megabytes_pass_both_ways_at_once_unchanged(relay: Relay) -> None:
    up, down = os.urandom(MEGABYTE) * 50, os.urandom(MEGABYTE) * 50
    got: list[bytes] = []

    def exchange(connection: socket.socket) -> None:
        sending = threading.Thread(target=connection.sendall, args=(down,))
        sending.start()
        got.append(socks.read(connection, len(up)))
        sending.join()

    with socks.server(exchange) as port, socks.tunnel(relay.port, "127.0.0.1", port) as client:
        sending = threading.Thread(target=client.sendall, args=(up,))
        sending.start()
        received = socks.read(client, len(down))
        sending.join()
        assert socks.read_all(client) == b""
        client.shutdown(socket.SHUT_WR)
        wait_for_end(relay)

    spool = finished(relay)
    # Not compared as bytes: the difference of such values takes pytest minutes to print.
    assert hashlib.sha256(received).digest() == hashlib.sha256(down).digest()
    assert [hashlib.sha256(each).digest() for each in got] == [hashlib.sha256(up).digest()]
    digests = hash_spool(spool)
    assert digests["000001-client.bin"].value == hashlib.sha256(up).digest()
    assert digests["000001-server.bin"].value == hashlib.sha256(down).digest()
    assert hashlib.sha256(content(spool.connections[0].server)).digest() == hashlib.sha256(down).digest()


def test_two_hundred_connections_at_once_stay_apart(relay: Relay) -> None:
    with socks.server(socks.echo) as port:
        clients = [socks.tunnel(relay.port, "127.0.0.1", port) for _ in range(200)]
        for number, client in enumerate(clients):
            client.sendall(b"%05d" % number * 1000)
        for number, client in enumerate(clients):
            assert socks.read(client, 5000) == b"%05d" % number * 1000
        for client in clients:
            client.close()
        wait_for_end(relay)

    spool = finished(relay)
    said = sorted(content(connection.server) for connection in spool.connections)
    assert said == [b"%05d" % number * 1000 for number in range(200)]
    assert all(content(each.client) == content(each.server) for each in spool.connections)


def test_a_port_that_refuses_is_told_as_refused(relay: Relay) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))

        client, code = socks.ask(relay.port, "127.0.0.1", silent.getsockname()[1])

        with client:
            assert code == 5
            assert client.recv(1) == b""
    connection = only(relay)
    assert connection.connected is None
    assert connection.files == ()
    assert "ECONNREFUSED" in connection.error
    assert [attempt.error for attempt in connection.attempts] == [connection.error]


def test_a_name_that_does_not_exist_is_told_with_the_resolvers_words(relay: Relay) -> None:
    client, code = socks.ask(relay.port, "nonexistent.invalid", 443)

    with client:
        assert code == 4
    connection = only(relay)
    assert connection.lookups[0].answers == ()
    assert "EAI_" in connection.lookups[0].error
    assert connection.error == f"no address for nonexistent.invalid: {connection.lookups[0].error}"


def test_a_name_goes_where_a_detour_says_and_the_spool_tells_both(tmp_path: Path) -> None:
    with socks.server(socks.echo) as port:
        detours = [("social.example:443", f"127.0.0.1:{port}"), ("News.Example", f"127.0.0.1:{port}")]
        with start_relay(tmp_path, connect_to=detours) as relay:
            for name, wanted in (("social.example", 443), ("news.example", 8080)):
                with socks.tunnel(relay.port, name, wanted) as client:
                    client.sendall(b"hello")
                    assert socks.read(client, 5) == b"hello"
            other, code = socks.ask(relay.port, "social.example.invalid", 443)
            other.close()
            first, second, third = finished(relay).connections

    assert code == 4
    assert (first.name, first.port, first.detour) == ("social.example", 443, f"127.0.0.1 {port}")
    assert (second.name, second.port, second.detour) == ("news.example", 8080, f"127.0.0.1 {port}")
    assert (third.detour, first.lookups) == ("", ())


def test_bytes_that_come_before_the_reply_are_not_lost(relay: Relay) -> None:
    with socks.server(socks.echo) as port, socks.connect(relay.port) as client:
        client.sendall(socks.HELLO + socks.request("localhost", port) + b"early")
        client.shutdown(socket.SHUT_WR)

        assert socks.read_all(client)[12:] == b"early"
        wait_for_end(relay)

    assert content(only(relay).client) == b"early"


def test_a_connection_that_is_open_when_the_relay_stops_is_told_as_open(relay: Relay) -> None:
    with socks.server(socks.echo) as port, socks.tunnel(relay.port, "127.0.0.1", port) as client:
        client.sendall(b"and then")
        assert socks.read(client, 8) == b"and then"
        connection = only(relay)
        with pytest.raises(ConnectionResetError):
            client.recv(1)

    assert content(connection.server) == b"and then"
    assert (connection.server.ending, connection.server.ended_by) == (Ending.OPEN, None)
    assert connection.ended is not None
