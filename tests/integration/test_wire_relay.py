"""A real browser through the relay: the page works, and the spool holds what the server sent, byte for byte."""

import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

from evidence_kit.browser.find import find_browser
from evidence_kit.practice import PracticeServer, load
from evidence_kit.wire.relay import start_relay
from evidence_kit.wire.spool import SpooledConnection, SpooledDirection, read_spool
from tests.support import socks

pytestmark = [pytest.mark.browser, pytest.mark.network]


class Wire:
    """Stands between the relay and a server, and keeps what each sent, under the port it came from."""

    def __init__(self, port: int) -> None:
        """Carry everything to *port*."""
        self._port = port
        self.from_client: dict[int, bytearray] = {}
        self.from_server: dict[int, bytearray] = {}

    def carry(self, connection: socket.socket) -> None:
        """Carry one connection."""
        port = connection.getpeername()[1]
        up, down = self.from_client.setdefault(port, bytearray()), self.from_server.setdefault(port, bytearray())
        with socket.create_connection(("127.0.0.1", self._port)) as server:
            sending = threading.Thread(target=copy, args=(connection, server, up))
            sending.start()
            copy(server, connection, down)
            sending.join()


def copy(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
    # Either side may be gone first: then the other one is told.
    with suppress(OSError):
        while data := source.recv(1 << 16):
            kept += data
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def wire() -> Iterator[tuple[Wire, int]]:
    with PracticeServer() as practice:
        wire = Wire(urlsplit(practice.url).port or 0)
        with socks.server(wire.carry) as port:
            yield wire, port


def visit(relay_port: int, url: str) -> str:
    """Return the text of the page at *url*, as the browser shows it."""
    found = find_browser(os.environ)
    if found is None:
        pytest.fail("no browser of the Chromium family was found")
    arguments = [f"--proxy-server=socks5://127.0.0.1:{relay_port}", "--proxy-bypass-list=<-loopback>"]
    # Chromium refuses to run as root inside its own sandbox.
    if sys.platform != "win32" and os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found.path, args=arguments)
        page = browser.new_page()
        page.goto(url, wait_until="load")
        text = page.inner_text("body")
        browser.close()
    return text


def content(direction: SpooledDirection) -> bytes:
    return b"".join(piece.data for piece in direction.pieces())


def of_the_site(folder: Path, port: int) -> list[SpooledConnection]:
    """Return the connections that reached the site; the browser has errands of its own."""
    spool = read_spool(folder)
    assert spool.problems == ()
    return [each for each in spool.connections if each.connected and each.address_port == port]


@pytest.mark.parametrize("named", [True, False], ids=["a name", "a loopback address"])
def test_the_spool_of_a_page_equals_what_was_sent(wire: tuple[Wire, int], tmp_path: Path, *, named: bool) -> None:
    sent, port = wire
    host = "social.example" if named else f"127.0.0.1:{port}"

    with start_relay(tmp_path, connect_to=[("social.example:80", f"127.0.0.1:{port}")]) as relay:
        text = visit(relay.port, f"http://{host}/posts/1001")

    assert relay.failure == ""
    assert load().posts["1001"].text.split()[0] in text
    connections = of_the_site(tmp_path, port)
    assert {each.local_port for each in connections} == set(sent.from_server)
    for connection in connections:
        assert connection.name == ("social.example" if named else "127.0.0.1")
        assert content(connection.server) == sent.from_server[connection.local_port]
        assert content(connection.client) == sent.from_client[connection.local_port]
    assert any(b"GET /posts/1001 HTTP/1.1\r\n" in content(each.client) for each in connections)
    assert any(content(each.server).startswith(b"HTTP/1.1 200 ") for each in connections)
