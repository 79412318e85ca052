"""The relay as a process with a folder: what stops it, and what is there when it was stopped."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from evidence_kit.errors import CaptureError
from evidence_kit.wire.relay import start_relay
from evidence_kit.wire.spool import SpooledDirection, hash_spool, read_spool
from evidence_kit.wire.streams import Ending
from tests.support import socks

pytestmark = pytest.mark.network

MEGABYTE = 1 << 20


def content(direction: SpooledDirection) -> bytes:
    return b"".join(piece.data for piece in direction.pieces())


def test_nothing_passes_that_cannot_be_recorded(tmp_path: Path) -> None:
    with socks.server(socks.echo) as port, start_relay(tmp_path) as relay:
        with socks.tunnel(relay.port, "127.0.0.1", port) as before:
            (tmp_path / "000002-server.bin").write_bytes(b"in the way")
            with socks.connect(relay.port) as refused:
                refused.sendall(socks.HELLO + socks.request("127.0.0.1", port))
                assert socks.read(refused, 2) == b"\x05\x00"
                with pytest.raises(ConnectionResetError):
                    refused.recv(1)
            before.sendall(b"not recorded")
            with pytest.raises(ConnectionResetError):
                before.recv(1)
        relay.stop()

    first, second = read_spool(tmp_path).connections
    assert "000002-server.bin cannot be written" in relay.failure
    assert first.error == second.error == relay.failure
    assert first.client.size == 0


def test_a_folder_that_holds_a_spool_is_refused(tmp_path: Path) -> None:
    (tmp_path / "connections.jsonl").write_bytes(b"")

    with pytest.raises(CaptureError, match=r"connections\.jsonl cannot be written"):
        start_relay(tmp_path)


def test_a_python_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="cannot be started"):
        start_relay(tmp_path, python=tmp_path / "python")


def test_a_folder_with_cyrillic_letters_and_blanks_is_filled(tmp_path: Path) -> None:
    folder = tmp_path / "Хэргийн хавтас 1"
    folder.mkdir()

    with socks.server(socks.echo) as port, start_relay(folder) as relay:
        with socks.tunnel(relay.port, "127.0.0.1", port) as client:
            client.sendall(b"x")
            assert socks.read(client, 1) == b"x"
        relay.stop()

    assert sorted(hash_spool(read_spool(folder))) == [
        "000001-client.bin",
        "000001-server.bin",
        "000001.marks",
        "connections.jsonl",
    ]


def test_the_relay_ends_soon_after_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from evidence_kit.wire.relay import start_relay\n"
        "relay = start_relay(Path(sys.argv[1])); print(relay.port, flush=True); time.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-c", program, str(tmp_path)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as parent,
        socks.server(socks.echo) as port,
    ):
        assert parent.stdout
        relay_port = int(parent.stdout.readline())
        with socks.tunnel(relay_port, "127.0.0.1", port) as client:
            client.sendall(b"still here")
            assert socks.read(client, 10) == b"still here"

            parent.kill()

            socks.until(lambda: not accepts(relay_port), seconds=5)
    spool = read_spool(tmp_path)
    assert spool.problems == ()
    assert content(spool.connections[0].server) == b"still here"
    assert spool.connections[0].server.ending is Ending.OPEN


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_what_a_client_got_before_the_relay_was_killed_is_in_the_spool(tmp_path: Path) -> None:
    def pour(connection: socket.socket) -> None:
        number = 0
        while True:
            connection.sendall(b"".join(b"%07d\n" % line for line in range(number, number + 4096)))
            number += 4096

    with socks.server(pour) as port, start_relay(tmp_path) as relay:
        with socks.tunnel(relay.port, "127.0.0.1", port) as client:
            socks.read(client, 4 * MEGABYTE)
            relay._process.kill()  # noqa: SLF001  # nobody else knows which process it is
            received = 4 * MEGABYTE + received_until_the_end(client)
        relay.stop()

    assert "before it was stopped" in relay.failure or "in disorder" in relay.failure
    spool = read_spool(tmp_path)
    (connection,) = spool.connections
    data = content(connection.server)
    assert spool.problems[0] == "connection 1 has no end"
    assert connection.server.ending is Ending.OPEN
    assert len(data) >= received
    assert all(data[at : at + 8] == b"%07d\n" % (at // 8) for at in range(0, len(data) - 7, 8))


def received_until_the_end(client: socket.socket) -> int:
    size = 0
    try:
        while data := client.recv(1 << 16):
            size += len(data)
    except ConnectionResetError:
        pass
    return size
