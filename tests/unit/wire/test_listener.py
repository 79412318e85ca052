"""The relay without its process: it ends in order whatever arrives meanwhile."""

import asyncio
import errno
import socket
from pathlib import Path

import pytest

from evidence_kit.wire.listener import Listener
from evidence_kit.wire.spooling import SpoolWriter

pytestmark = pytest.mark.network


@pytest.mark.parametrize("arriving", [0, 1, 3])
def test_ending_while_clients_arrive_is_no_error(tmp_path: Path, arriving: int) -> None:
    complaints: list[dict[str, object]] = []

    spool = SpoolWriter(tmp_path, lambda: 0)

    async def run() -> bool:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        listener = Listener(spool, [])
        serving = asyncio.create_task(listener.serve())
        for _ in range(5):
            await asyncio.sleep(0)  # until it waits for a client
        clients = [socket.create_connection(("127.0.0.1", listener.port)) for _ in range(arriving)]
        # What is called soon comes before what the next look at the sockets finds.
        asyncio.get_running_loop().call_soon(serving.cancel)
        async with asyncio.timeout(20):
            await asyncio.gather(serving, return_exceptions=True)
        for client in clients:
            client.close()
        return serving.cancelled()

    ended = asyncio.run(run())
    spool.close()

    assert ended
    assert complaints == []


def test_where_no_last_client_can_come_it_ends_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All ports of the machine may be taken."""
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *_: errno.EADDRNOTAVAIL, raising=False)
    spool = SpoolWriter(tmp_path, lambda: 0)

    async def run() -> bool:
        listener = Listener(spool, [])
        serving = asyncio.create_task(listener.serve())
        for _ in range(5):
            await asyncio.sleep(0)  # until it waits for a client
        serving.cancel()
        _, hanging = await asyncio.wait({serving}, timeout=20)
        return not hanging

    ended = asyncio.run(run())
    spool.close()

    assert ended
