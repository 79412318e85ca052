"""Ask DNS and connect, as a browser would: all addresses, both families, the first that answers (RFC 8305).

The system's resolver is asked once for all addresses; it sorts them (RFC 6724). Families then alternate (RFC 8305 §4),
and attempts start 250 ms apart or as soon as one fails (§5). What was asked, answered and tried is handed to a function
that records it. Times are whole microseconds since 1970, UTC.
"""

import asyncio
import contextlib
import errno
import ipaddress
import os
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import TypeGuard

from evidence_kit.wire.socks import Reply, Request

ATTEMPT_DELAY = 0.25
"""Seconds between the beginnings of two attempts (RFC 8305 §5)."""
LONGEST = 120.0
"""Seconds after which a server that does not answer is given up; browsers give up before."""
_KEEPALIVE_SECONDS = 45
"""What Chromium sets on the connections it makes itself."""

Note = Callable[[str, Mapping[str, object]], None]
"""Records an event of the connection that is being made: its kind, and its values."""

_Place = tuple[str, int] | tuple[str, int, int, int]
Found = tuple[socket.AddressFamily, _Place]
"""An address as `socket.getaddrinfo` gives it."""
_Result = socket.socket | OSError


class DialError(Exception):
    """The server cannot be reached; `reply` is what the client is told."""

    def __init__(self, message: str, reply: Reply) -> None:
        """Keep the real reason and the reply."""
        super().__init__(message)
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Detours:
    """Other places to go to instead of the ones asked for: ``HOST`` or ``HOST:PORT`` to ``ADDRESS:PORT``."""

    table: Mapping[str, Request]

    @classmethod
    def read(cls, pairs: Sequence[Sequence[str]]) -> "Detours":
        """Read pairs of texts; raises `ValueError` for a target that is not ``ADDRESS:PORT``."""
        return cls({name.lower(): _read_target(target) for name, target in pairs})

    def target(self, request: Request) -> Request | None:
        """Return where to go instead; None when nothing is said about *request*."""
        name = request.name.lower()
        bracketed = f"[{name}]" if ":" in name else name
        for key in (f"{bracketed}:{request.port}", bracketed, name):
            if key in self.table:
                return self.table[key]
        return None


async def dial(
    request: Request, note: Note, now: Callable[[], int], *, permit: Callable[[str], bool] | None = None
) -> socket.socket:
    """Return a connection to *request*, non-blocking; raises `DialError`.

    Only addresses that *permit* says yes to are tried; without it all are.
    """
    found = _numeric(request) or await _look_up(request, note, now)
    if permit is not None:
        found = [each for each in found if permit(str(each[1][0]))]
        if not found:
            raise DialError(f"{request.name} lies in a network that is not for strangers", Reply.NOT_ALLOWED)
    try:
        async with asyncio.timeout(LONGEST):
            return await race(found, note, now)
    except TimeoutError as error:
        raise DialError(f"no answer within {LONGEST:.0f} seconds", Reply.HOST_UNREACHABLE) from error


def tune(connection: socket.socket, *, keep_alive: bool = False) -> None:
    """Make *connection* non-blocking and send small pieces at once; *keep_alive*: also let no middlebox forget it."""
    connection.setblocking(False)  # noqa: FBT003
    # A peer that is already gone refuses options on some systems; reading will tell.
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if keep_alive:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option in ("TCP_KEEPIDLE", "TCP_KEEPALIVE", "TCP_KEEPINTVL"):
                if hasattr(socket, option):
                    connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), _KEEPALIVE_SECONDS)


def _read_target(text: str) -> Request:
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdecimal()):
        raise ValueError(f"not ADDRESS:PORT: {text}")
    return Request(host.removeprefix("[").removesuffix("]"), int(port))


async def _look_up(request: Request, note: Note, now: Callable[[], int]) -> list[Found]:
    asked = now()
    addresses: list[Found] = []
    error: OSError | None = None
    try:
        addresses = await _ask_system(request)
    except OSError as refusal:
        error = refusal
    note(
        "lookup",
        {
            "asked": asked,
            "answered": now(),
            "question": request.name,
            "answers": [str(place[0]) for _, place in addresses],
            "error": reason(error) if error else "",
        },
    )
    if error:
        raise DialError(f"no address for {request.name}: {reason(error)}", Reply.HOST_UNREACHABLE) from error
    return addresses


async def _ask_system(request: Request) -> list[Found]:
    """Ask in a thread that nobody waits for: a resolver may take longer than the relay has left to live."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[Found]] = loop.create_future()

    def tell(found: list[Found] | OSError) -> None:
        if answer.done():
            return
        if isinstance(found, OSError):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def ask() -> None:
        found: list[Found] | OSError
        try:
            found = _system_addresses(request)
        except OSError as error:
            found = error
        # The relay may have ended meanwhile, and its loop with it.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, found)

    threading.Thread(target=ask, daemon=True).start()
    return await answer


def _numeric(request: Request) -> list[Found]:
    """Return the address that *request* already is, for which DNS is not asked; nothing when it is a name."""
    try:
        ipaddress.ip_address(request.name)
    except ValueError:
        return []
    return _system_addresses(request)


def _system_addresses(request: Request) -> list[Found]:
    # As bytes: Python would refuse some names that the system may well know.
    rows = socket.getaddrinfo(request.name.encode("ascii"), request.port, type=socket.SOCK_STREAM)
    # The names of addresses of other kinds than the two of the internet are numbers.
    return list(dict.fromkeys((family, place) for family, *_, place in rows if _is_place(place)))


def _is_place(place: _Place | tuple[int, bytes]) -> TypeGuard[_Place]:
    return isinstance(place[0], str)


async def race(found: list[Found], note: Note, now: Callable[[], int]) -> socket.socket:
    """Return the first connection that one of the addresses *found* gives, non-blocking; raises `DialError`."""
    waiting = deque(_alternate(found))
    running: set[asyncio.Task[_Result]] = set()
    failures: list[OSError] = []
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.create_task(_attempt(*waiting.popleft(), note, now)))
            done, running = await asyncio.wait(
                running, timeout=ATTEMPT_DELAY if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            while done:
                result = done.pop().result()
                if isinstance(result, socket.socket):
                    # Two may have answered at once.
                    running |= done
                    return result
                failures.append(result)
    finally:
        await _abandon(running)
    raise DialError("; ".join(dict.fromkeys(map(reason, failures))), _reply_for(failures))


async def _attempt(family: socket.AddressFamily, place: _Place, note: Note, now: Callable[[], int]) -> _Result:
    started = now()

    def ended(error: str) -> None:
        note("attempt", {"started": started, "ended": now(), "address": place[0], "port": place[1], "error": error})

    try:
        connection = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        ended(reason(error))
        return error
    try:
        tune(connection, keep_alive=True)
        await asyncio.get_running_loop().sock_connect(connection, place)
    except OSError as error:
        connection.close()
        ended(reason(error))
        return error
    except asyncio.CancelledError:
        connection.close()
        ended("given up")
        raise
    ended("")
    return connection


async def _abandon(running: set[asyncio.Task[_Result]]) -> None:
    for task in running:
        task.cancel()
    for result in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(result, socket.socket):
            result.close()


def _alternate(found: list[Found]) -> list[Found]:
    """Return the addresses with families taking turns, beginning with that of the first one."""
    first = [each for each in found if each[0] == found[0][0]]
    second = [each for each in found if each[0] != found[0][0]]
    return [each for each in chain.from_iterable(zip_longest(first, second)) if each is not None]


def reason(error: OSError) -> str:
    """Return what the system says about *error*, with its symbol: ``Connection refused (ECONNREFUSED)``."""
    number = error.errno
    if number is None:
        return str(error)
    if isinstance(error, socket.gaierror):
        names = {getattr(socket, name): name for name in dir(socket) if name.startswith("EAI_")}
        return f"{error.strerror} ({names.get(number, number)})"
    # asyncio puts words of its own into strerror; only Windows has numbers that os.strerror does not know.
    words = error.strerror if sys.platform == "win32" else os.strerror(number)
    return f"{words} ({errno.errorcode.get(number, number)})"


def _reply_for(failures: Sequence[OSError]) -> Reply:
    if any(isinstance(error, ConnectionRefusedError) for error in failures):
        return Reply.REFUSED
    numbers = {error.errno for error in failures}
    if numbers & {errno.EHOSTUNREACH, errno.ETIMEDOUT}:
        return Reply.HOST_UNREACHABLE
    return Reply.NETWORK_UNREACHABLE if errno.ENETUNREACH in numbers else Reply.GENERAL_FAILURE
