"""The protocol connection, against a browser's socket that the test plays."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from evidence_kit.browser.cdp import BrowserGoneError, Connection, Event, ProtocolError, open_connection

pytestmark = pytest.mark.network

Play = Callable[[ServerConnection, dict[str, Any]], Awaitable[None]]


@asynccontextmanager
async def connected(play: Play, events: list[Event]) -> AsyncIterator[Connection]:
    async def handle(socket: ServerConnection) -> None:
        async for text in socket:
            await play(socket, json.loads(text))

    async with serve(handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with open_connection(f"ws://127.0.0.1:{port}/", events.append) as connection:
            yield connection


async def echo(socket: ServerConnection, command: dict[str, Any]) -> None:
    event = {"method": "Network.dataReceived", "params": {"n": command["id"]}, "sessionId": command.get("sessionId")}
    await socket.send(json.dumps(event))
    await socket.send(json.dumps({"id": command["id"], "result": {"method": command["method"]}}))


def test_answers_find_their_commands_and_events_come_in_order() -> None:
    events: list[Event] = []

    async def run() -> list[Any]:
        async with connected(echo, events) as connection:
            return await asyncio.gather(*(connection.send(f"Page.m{n}", session="s") for n in range(5)))

    assert [answer["method"] for answer in asyncio.run(run())] == [f"Page.m{n}" for n in range(5)]
    assert [(event.params["n"], event.session) for event in events] == [(n, "s") for n in range(1, 6)]


def test_a_refusal_is_a_protocol_error() -> None:
    async def refuse(socket: ServerConnection, command: dict[str, Any]) -> None:
        await socket.send(json.dumps({"id": command["id"], "error": {"code": -32601, "message": "wasn't found"}}))

    async def run() -> None:
        async with connected(refuse, []) as connection:
            await connection.send("Page.enable")

    with pytest.raises(ProtocolError, match="wasn't found"):
        asyncio.run(run())


def test_an_answer_that_does_not_come_is_a_protocol_error() -> None:
    async def silent(_socket: ServerConnection, _command: dict[str, Any]) -> None:
        return

    async def run() -> None:
        async with connected(silent, []) as connection:
            await connection.send("Page.enable", timeout=0.05)

    with pytest.raises(ProtocolError, match=r"did not answer Page.enable within 0.05 s"):
        asyncio.run(run())


def test_a_browser_that_goes_away_ends_every_wait() -> None:
    async def leave(socket: ServerConnection, _command: dict[str, Any]) -> None:
        socket.transport.abort()

    async def run() -> list[Any]:
        async with connected(leave, []) as connection:
            commands = (connection.send(f"Page.m{n}") for n in range(3))
            found = await asyncio.gather(*commands, return_exceptions=True)
            await asyncio.wait_for(connection.gone.wait(), 5)
            return found

    assert [type(found) for found in asyncio.run(run())] == [BrowserGoneError] * 3


def test_a_place_where_nobody_answers_is_a_browser_that_is_not_there() -> None:
    async def run() -> None:
        async with open_connection("ws://127.0.0.1:9/", lambda _event: None):
            pass

    with pytest.raises(BrowserGoneError, match="does not answer"):
        asyncio.run(run())


def told(params: str, session: str = "0A1B2C3D4E5F60718293A4B5C6D7E8F9") -> str:
    return f'{{"method":"Network.dataReceived","params":{params},"sessionId":"{session}"}}'


@pytest.mark.parametrize(
    "params",
    [
        '{"requestId":"1"}',
        '{"requestId":"1","text":"}\\",\\"sessionId\\":\\"FFFF\\"}"}',
        '{"requestId":"1","sessionId":"FFFF"}',
        '{"requestId":"1","more":{"sessionId":"FFFF"}}',
    ],
)
def test_a_message_about_traffic_is_known_before_it_is_read(params: str) -> None:
    text = told(params)

    event = Event.of_traffic(text)

    assert event is not None
    assert (event.method, event.session) == ("Network.dataReceived", "0A1B2C3D4E5F60718293A4B5C6D7E8F9")
    assert event.params == json.loads(text)["params"]
    assert event.text == text


@pytest.mark.parametrize(
    "text",
    [
        '{"id":7,"result":{}}',
        '{"method":"Page.loadEventFired","params":{},"sessionId":"0A1B"}',
        '{"method": "Network.dataReceived","params":{},"sessionId":"0A1B"}',
        '{"method":"Network.dataReceived","params":{"sessionId":"0A1B"}}',
        '{"method":"Network.dataReceived","params":{"more":{},"sessionId":"0A1B"}}',
    ],
)
def test_any_other_message_is_read_at_once(text: str) -> None:
    assert Event.of_traffic(text) is None
