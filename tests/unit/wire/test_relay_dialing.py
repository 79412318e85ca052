"""Which address is reached when there are several, and what is told when none can be."""

import asyncio
import contextlib
import errno
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from evidence_kit.wire.dialing import Detours, DialError, race, reason
from evidence_kit.wire.relay import start_relay
from evidence_kit.wire.socks import Reply, Request
from tests.support import socks

pytestmark = pytest.mark.network


class Notes:
    """Keeps what is noted, and a clock of whole microseconds."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Mapping[str, object]]] = []

    def note(self, event: str, values: Mapping[str, object]) -> None:
        self.events.append((event, values))

    def now(self) -> int:
        return time.time_ns() // 1000

    def errors(self) -> dict[object, object]:
        return {values["port"]: values["error"] for _, values in self.events}


@pytest.fixture
def refusing() -> Iterator[int]:
    """Return a port that refuses, and nobody else gets."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
def mute() -> Iterator[int]:
    """Return a port that does not answer at all: its queue is full, and nobody accepts."""
    if sys.platform != "linux":
        pytest.skip("NOT TESTED: only Linux leaves clients waiting at a full queue")
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003
            waiting.connect_ex(listening.getsockname())
        time.sleep(0.1)
        yield listening.getsockname()[1]


def run_race(ports: list[int], notes: Notes) -> int:
    """Race for *ports* and return the one that won."""

    async def run() -> int:
        connection = await race([(socket.AF_INET, ("127.0.0.1", port)) for port in ports], notes.note, notes.now)
        with connection:
            port: int = connection.getpeername()[1]
            return port

    return asyncio.run(run())


def test_an_address_that_refuses_gives_way(refusing: int) -> None:
    notes = Notes()
    with socks.server(socks.echo) as port:
        assert run_race([refusing, port], notes) == port

    assert notes.errors() == {refusing: reason(OSError(errno.ECONNREFUSED, "")), port: ""}


def test_an_address_that_does_not_answer_is_not_waited_for(mute: int) -> None:
    notes = Notes()
    with socks.server(socks.echo) as port:
        started = time.monotonic()

        assert run_race([mute, port], notes) == port

    # It has its turn alone for a while, and no longer.
    assert time.monotonic() - started > 0.2
    assert notes.errors() == {mute: "given up", port: ""}


def test_when_all_refuse_the_reason_is_told_once(refusing: int) -> None:
    with pytest.raises(DialError, match=r"^[^;]*\(ECONNREFUSED\)$") as caught:
        run_race([refusing, refusing], Notes())

    assert caught.value.reply is Reply.REFUSED


def test_a_client_that_gives_up_while_the_server_is_silent_ends_the_attempt(mute: int, tmp_path: Path) -> None:
    with start_relay(tmp_path) as relay:
        with socks.connect(relay.port) as client:
            client.sendall(socks.HELLO + socks.request("127.0.0.1", mute))
            assert socks.read(client, 2) == b"\x05\x00"
        socks.until(lambda: bool(relay.connections()) and relay.connections()[0].ended is not None)
        (connection,) = relay.connections()

    assert connection.error == "the client went away before the server answered"
    assert connection.attempts[0].error == "given up"


@pytest.mark.parametrize(
    ("name", "port", "found"),
    [
        ("social.example", 443, Request("127.0.0.1", 1)),
        ("SOCIAL.example", 443, Request("127.0.0.1", 1)),
        ("social.example", 80, Request("::1", 2)),
        ("2001:db8::1", 443, Request("127.0.0.1", 3)),
        ("other.example", 443, None),
    ],
)
def test_a_detour_with_a_port_comes_before_one_without(name: str, port: int, found: Request | None) -> None:
    detours = Detours.read(
        [("social.example:443", "127.0.0.1:1"), ("Social.Example", "[::1]:2"), ("[2001:db8::1]", "127.0.0.1:3")]
    )

    assert detours.target(Request(name, port)) == found


@pytest.mark.parametrize("target", ["127.0.0.1", ":1", "127.0.0.1:", "127.0.0.1:x", ""])
def test_a_detour_to_nowhere_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="ADDRESS:PORT"):
        Detours.read([("social.example", target)])
