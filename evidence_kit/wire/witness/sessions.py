"""Sessions with a witness: its word that it listens, and at the end everything that it has signed."""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from evidence_kit.errors import CaptureError, FormatError
from evidence_kit.trust.certificates import load_certificates
from evidence_kit.wire.dialing import reason
from evidence_kit.wire.witness.channel import CONNECT_SECONDS, Session, WitnessPlace, accepted, reach, send_order
from evidence_kit.wire.witness.frames import ChannelError, Kind, message, object_of, read_frame
from evidence_kit.wire.witness.statements import CERTIFICATES, LINES, SIGNATURES, TOKEN

_STAMP_SECONDS = 60.0
"""For the end of a session, at which the witness asks its authority."""
_Answer = TypeVar("_Answer")
_MOST = 64 * 1024 * 1024
"""Bytes of statements that are taken from a witness."""
_URL = re.compile(r"(?:(?:https|tls)://)?(?P<host>[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):(?P<port>[0-9]{1,5})/?")


def read_place(url: str, *, key: Path, trusted: bytes) -> WitnessPlace:
    """Return where the witness is: ``HOST:PORT``, with ``https://`` before it or without.

    *key* is the file with our own channel key, *trusted* the witness's certificates (PEM). Raises `FormatError`.
    """
    match = _URL.fullmatch(url)
    if match is None or not 0 < int(match["port"]) < 1 << 16:
        raise FormatError(f"not the address of a witness: {url[:200]}", hint="give HOST:PORT")
    certificates = load_certificates(trusted)
    return WitnessPlace(
        host=match["host"].removeprefix("[").removesuffix("]"),
        port=int(match["port"]),
        key=str(key.absolute()),
        trusted="".join(certificate.pem().decode("ascii") for certificate in certificates),
        pins=tuple(certificate.fingerprint for certificate in certificates),
    )


def open_session(place: WitnessPlace) -> Session:
    """Begin a session; raises `CaptureError` when the witness cannot be reached, is another, or refuses us."""
    number = secrets.token_hex(16)
    asyncio.run(_within(CONNECT_SECONDS, place, lambda: _open(place, number)))
    return Session(place=place, number=number)


def close_session(session: Session) -> tuple[dict[str, bytes], str]:
    """End a session and return the witness's statements as files by their names, and what the witness could not do.

    May be called again as long as the witness remembers the session. Raises `CaptureError`.
    """
    return asyncio.run(_within(_STAMP_SECONDS, session.place, lambda: _close(session)))


async def _within(seconds: float, place: WitnessPlace, do: Callable[[], Awaitable[_Answer]]) -> _Answer:
    where = f"the witness at {place.address}"
    hint = "ask whoever runs it whether it listens and has been given the certificate of this installation"
    try:
        async with asyncio.timeout(seconds):
            return await do()
    except TimeoutError as error:
        raise CaptureError(f"{where} did not answer within {seconds:.0f} seconds", hint=hint) from error
    except OSError as error:
        raise CaptureError(f"{where} cannot be used: {reason(error)}", hint=hint) from error


async def _open(place: WitnessPlace, number: str) -> None:
    reader, writer = await reach(place)
    try:
        await send_order(reader, writer, {"do": "open", "session": number})
    finally:
        writer.transport.abort()


async def _close(session: Session) -> tuple[dict[str, bytes], str]:
    files: dict[Kind, bytearray] = {}
    reader, writer = await reach(session.place)
    try:
        writer.write(message(Kind.ORDER, {"do": "close", "session": session.number}))
        await writer.drain()
        while True:
            kind, data = await read_frame(reader)
            if kind is Kind.ANSWER:
                answer = accepted(object_of(data))
                break
            files.setdefault(kind, bytearray()).extend(data)
            if sum(map(len, files.values())) > _MOST:
                raise ChannelError("it says more than can be kept")
    finally:
        writer.transport.abort()
    names = {Kind.LINE: LINES, Kind.SIGNATURE: SIGNATURES, Kind.CERTIFICATES: CERTIFICATES, Kind.TOKEN: TOKEN}
    return {names[kind]: bytes(data) for kind, data in files.items() if kind in names}, str(answer.get("problem", ""))
