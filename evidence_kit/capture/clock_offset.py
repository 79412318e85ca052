"""By how much the clock of this machine is off: ask time servers once each (SNTP, RFC 4330, 5; RFC 5905, 7.3 and 14).

A server learns our address and that somebody asked. What it answers is not signed: an offset is a measurement with a
source, no proof. The request carries a random number in place of our time, and only an answer that returns it counts.
"""

import secrets
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from evidence_kit.canonical import Json
from evidence_kit.display import shorten
from evidence_kit.errors import FormatError
from evidence_kit.models import Clock

SECONDS = 1.5
"""How long each server is waited for."""
MOST_SERVERS = 4
_PORT = 123
_PACKET = struct.Struct("!BBbb11I")
"""Leap, version and mode; stratum; poll; precision; root delay and dispersion; reference; four time stamps."""
_CLIENT = b"\x23" + bytes(39)
"""Leap 0, version 4, mode 3, and nothing up to the transmit time stamp."""
_SERVER_MODE, _UNSYNCHRONISED, _DEEPEST = 4, 3, 15
_ERA = 1 << 64
_EPOCH = datetime(1900, 1, 1, tzinfo=UTC)
_MOST_DISPERSION = 1 << 16
"""One second of root delay or root dispersion, in their 16.16 fixed point: more is no measurement (RFC 4330, 5)."""
_AGREEMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """What one server said, or why it said nothing that counts."""

    server: str
    offset: timedelta | None = None
    """What has to be added to our clock."""
    round_trip: timedelta | None = None
    """The offset is wrong by at most half of it, if the server is right."""
    stratum: int = 0
    why: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return the answer with times in whole milliseconds."""
        if self.offset is None or self.round_trip is None:
            return {"server": self.server, "offset_ms": None, "why": self.why}
        return {
            "server": self.server,
            "offset_ms": _milliseconds(self.offset),
            "round_trip_ms": _milliseconds(self.round_trip),
            "stratum": self.stratum,
        }


def measure(servers: Sequence[str], clock: Clock) -> list[Offset]:
    """Ask the first four of *servers*, ``HOST`` or ``HOST:PORT``, one after the other."""
    return [_ask(server, clock) for server in servers[:MOST_SERVERS]]


def verdict(answers: Sequence[Offset]) -> dict[str, Json]:
    """Return what is known of the clock: ``state`` is ``measured`` only if a server answered and none disagrees."""
    found = [answer for answer in answers if answer.offset is not None and answer.round_trip is not None]
    best = min(found, key=lambda answer: answer.round_trip or timedelta.max, default=None)
    why = "" if best else "no time server answered" if answers else "no time server is named in the settings"
    offsets = [answer.offset for answer in found if answer.offset is not None]
    if offsets and max(offsets) - min(offsets) > _AGREEMENT:
        best, why = None, "the time servers contradict each other"
    return {
        "source": best.server if best else "system",
        "offset_ms": _milliseconds(best.offset) if best and best.offset is not None else None,
        "state": "measured" if best else "unverified",
        "why": why,
        "servers": [answer.to_json() for answer in answers],
    }


def _ask(server: str, clock: Clock) -> Offset:
    try:
        with _connected(server) as channel:
            nonce = secrets.token_bytes(8)
            sent = clock()
            channel.send(_CLIENT + nonce)
            return _listen(channel, server, nonce, sent, clock)
    except (OSError, ValueError, OverflowError) as error:
        return Offset(server=server, why=shorten(str(error) or type(error).__name__))


def _connected(server: str) -> socket.socket:
    """Return a socket that hears *server* only; raises `OSError`, and two more for a port that is none."""
    host, _, port = server.rpartition(":") if server.count(":") == 1 or "]:" in server else (server, "", "")
    family, kind, protocol, _, address = socket.getaddrinfo(
        host.strip("[]"), int(port or _PORT), type=socket.SOCK_DGRAM
    )[0]
    channel = socket.socket(family, kind, protocol)
    try:
        channel.connect(address)
    except OSError:
        channel.close()
        raise
    return channel


def _listen(channel: socket.socket, server: str, nonce: bytes, sent: datetime, clock: Clock) -> Offset:
    """Return the first answer that counts; others may be anybody's, and are listened past."""
    until = time.monotonic() + SECONDS
    why = "it did not answer"
    while (left := until - time.monotonic()) > 0:
        channel.settimeout(left)
        try:
            data = channel.recv(1024)
        except TimeoutError:
            break
        received = clock()
        try:
            return _read(data, server, nonce, sent, received)
        except FormatError as error:
            why = str(error)
    return Offset(server=server, why=why)


def _read(data: bytes, server: str, nonce: bytes, sent: datetime, received: datetime) -> Offset:
    """Return what an answer says; raises `FormatError` for one that does not count (RFC 4330, 5)."""
    if len(data) < _PACKET.size:
        message = f"it answered with {len(data)} bytes instead of {_PACKET.size}"
        raise FormatError(message)
    first, stratum, _, _, delay, dispersion, reference, *_ = _PACKET.unpack_from(data)
    originate, arrived, left = data[24:32], data[32:40], data[40:48]
    if originate != nonce:
        raise FormatError("its answer is to another question")
    if stratum == 0:
        code = reference.to_bytes(4, "big").decode("ascii", "replace")
        message = f"it refused to answer: {shorten(code)}"
        raise FormatError(message)
    if first & 7 != _SERVER_MODE or not 1 <= first >> 3 & 7 <= 4:  # noqa: PLR2004  # versions of NTP
        raise FormatError("its answer is not that of a time server")
    if first >> 6 == _UNSYNCHRONISED or stratum > _DEEPEST or max(delay & 0x7FFFFFFF, dispersion) >= _MOST_DISPERSION:
        raise FormatError("it says that it is not synchronised itself")
    if not any(arrived) or not any(left):
        raise FormatError("its answer holds no time")
    there, back = _moment(arrived, near=sent), _moment(left, near=sent)
    round_trip = (received - sent) - (back - there)
    if back < there or round_trip < timedelta(0):
        raise FormatError("its answer contradicts itself")
    offset = ((there - sent) + (back - received)) / 2
    return Offset(server=server, offset=offset, round_trip=round_trip, stratum=stratum)


def _moment(stamp: bytes, *, near: datetime) -> datetime:
    """Return a time stamp's moment, in the era of 136 years in which it is nearest to *near* (RFC 4330, 3)."""
    value = int.from_bytes(stamp, "big")
    wanted = ((near - _EPOCH) // timedelta(microseconds=1) << 32) // 1_000_000
    value += round((wanted - value) / _ERA) * _ERA
    return _EPOCH + timedelta(microseconds=value * 1_000_000 >> 32)


def _milliseconds(length: timedelta) -> int:
    return round(length / timedelta(milliseconds=1))
