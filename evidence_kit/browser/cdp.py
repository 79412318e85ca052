"""Speak the Chrome DevTools Protocol over one WebSocket, with flattened sessions.

One `Connection` serves the browser and every target in it: a message carries the ``sessionId`` of the target it is
for. Answers are matched by number; events are handed, in the order they came, to one listener that must not block.
The only home of the websockets library. Protocol: https://chromedevtools.github.io/devtools-protocol/ (``Target`` for
flattened sessions); it sends no ping and no compression.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeAlias

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from evidence_kit.errors import CaptureError

Fields: TypeAlias = dict[str, Any]
"""The ``params`` or ``result`` object of a message: JSON from the browser, not validated."""

_ANSWER_SECONDS = 30.0
_OPEN_SECONDS = 10.0
_LARGEST = 256 * 1024 * 1024
"""Bytes of a message: the largest are pictures of a whole page. A larger one ends the connection."""


class ProtocolError(CaptureError):
    """The browser refused a command, or did not answer it in time."""


class BrowserGoneError(CaptureError):
    """The connection to the browser ended: it crashed, was closed or was killed."""


_TRAFFIC = re.compile(r'\{"method":"(Network\.[A-Za-z]+)"')
_SESSION = re.compile(r'\},"sessionId":"([0-9A-Z]+)"\}\Z')
_SESSION_LENGTH = 80
"""Characters at the end of a message in which its session stands."""


class Event:
    """Something the browser tells unasked."""

    __slots__ = ("_params", "method", "session", "text")

    def __init__(self, *, method: str, session: str, params: Fields | None = None, text: str = "") -> None:
        """Know the *params*, or the whole message as *text*, which is read when it is asked for them."""
        self.method = method
        """Domain and name: ``Network.responseReceived``."""
        self.session = session
        """The session it came from; empty for the browser itself."""
        self.text = text
        """The message as it came; empty when it was made of *params*."""
        self._params = params

    @property
    def params(self) -> Fields:
        """The ``params`` of the message."""
        if self._params is None:
            self._params = json.loads(self.text).get("params", {})
        return self._params

    @classmethod
    def of_traffic(cls, text: str) -> "Event | None":
        """Return the event of the ``Network`` domain that *text* is in the form in which Chromium writes it; else None.

        A page of many parts has thousands told while it is loading; they are read when it is done.
        """
        method = _TRAFFIC.match(text)
        # Inside a string its quotation marks would be escaped, inside an object one more brace would follow.
        session = _SESSION.search(text, max(len(text) - _SESSION_LENGTH, 0)) if method else None
        return cls(method=method[1], session=session[1], text=text) if method and session else None


class Connection:
    """An open protocol connection; made by `open_connection`."""

    def __init__(self, socket: ClientConnection, on_event: Callable[[Event], None]) -> None:
        """Use *socket*; every event goes to *on_event*, which runs in the event loop and must return at once."""
        self._socket = socket
        self._on_event = on_event
        self._waiting: dict[int, asyncio.Future[Fields]] = {}
        self._number = 0
        self.gone = asyncio.Event()
        """Set when the browser is not there any more."""

    async def send(
        self, method: str, params: Fields | None = None, *, session: str = "", timeout: float = _ANSWER_SECONDS
    ) -> Fields:
        """Send one command and return its result; *timeout* in seconds.

        Raises `ProtocolError` when the browser refuses or is late, `BrowserGoneError` when it is not there.
        """
        if self.gone.is_set():
            message = f"the browser has gone; {method} was not sent"
            raise BrowserGoneError(message)
        self._number += 1
        number = self._number
        command: Fields = {"id": number, "method": method, "params": params or {}}
        if session:
            command["sessionId"] = session
        answer: asyncio.Future[Fields] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            await self._socket.send(json.dumps(command))
            async with asyncio.timeout(timeout):
                return await answer
        except ConnectionClosed as error:
            message = f"the browser has gone during {method}"
            raise BrowserGoneError(message) from error
        except TimeoutError as error:
            message = f"the browser did not answer {method} within {timeout:g} s"
            raise ProtocolError(message) from error
        finally:
            self._waiting.pop(number, None)

    async def read(self) -> None:
        """Read until the connection ends; runs as a task beside the senders."""
        try:
            async for text in self._socket:
                if isinstance(text, str) and (event := Event.of_traffic(text)):
                    self._on_event(event)
                else:
                    self._take(json.loads(text))
        except ConnectionClosed:
            # An end without a closing handshake is how a killed browser looks; `gone` below tells everybody.
            pass
        finally:
            self.gone.set()
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(BrowserGoneError("the browser has gone"))
                    # Its waiter may have been cancelled with everything else; that is no fault to report.
                    answer.exception()

    def _take(self, message: Fields) -> None:
        number = message.get("id")
        if number is None:
            event = Event(
                method=message.get("method", ""), params=message.get("params", {}), session=message.get("sessionId", "")
            )
            self._on_event(event)
            return
        answer = self._waiting.get(number)
        if answer is None or answer.done():
            return
        refusal = message.get("error")
        if refusal is None:
            answer.set_result(message.get("result", {}))
        else:
            answer.set_exception(ProtocolError(f"the browser refused: {refusal.get('message', '')}"))


@contextlib.asynccontextmanager
async def open_connection(address: str, on_event: Callable[[Event], None]) -> AsyncIterator[Connection]:
    """Open the protocol connection at the ``ws://`` *address* and read it until the block is left.

    Raises `BrowserGoneError` when nothing answers there.
    """
    try:
        # proxy=None: the address is on this machine, whatever proxy the environment names.
        socket = await connect(
            address, max_size=_LARGEST, compression=None, ping_interval=None, open_timeout=_OPEN_SECONDS, proxy=None
        )
    except (OSError, TimeoutError, InvalidHandshake, InvalidMessage) as error:
        message = f"the browser does not answer at {address}"
        raise BrowserGoneError(message) from error
    connection = Connection(socket, on_event)
    reader = asyncio.create_task(connection.read())
    try:
        yield connection
    finally:
        await socket.close()
        await reader
