"""What one phone may do and has done: join, offer files, send them piece by piece, and say that it was all.

The first to join with the link gets a secret; without it nothing else is done. A file is offered with the SHA-256 that
the phone counted over it; it comes in order, and where a piece was lost on the way, the phone asks how much is here and
goes on from there. Whoever lies about a digest has the file refused.
"""

import asyncio
import hashlib
import hmac
import re
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from evidence_kit.canonical import Json
from evidence_kit.case.supply import LeftOut, Sender
from evidence_kit.errors import EvidenceError
from evidence_kit.intake.arrivals import MOST_FILES, Arrivals, Arrived
from evidence_kit.intake.copying import CopyError
from evidence_kit.intake.receiving.messages import PIECE
from evidence_kit.models import Digest, Problem, utc_text

_LONGEST_NAME = 1024
_LONGEST_AGENT = 500
_LARGEST_FILE = 1 << 50
_HEX = re.compile(r"[0-9a-f]{64}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_MILLISECONDS = 253_370_764_800_000
"""The end of the year 9998."""
_COPIES = 2
"""An item holds each file, and its archive holds it again, which is written twice on the way."""
_MARGIN = 512 * 1024 * 1024
"""Bytes that are left free on the disk."""


class RefusedError(EvidenceError):
    """The phone asked for what it does not get; *problem* is a code that its page knows."""

    def __init__(self, problem: str) -> None:
        """Keep the code."""
        super().__init__(problem)
        self.problem = problem


@dataclass(slots=True, kw_only=True)
class _Coming:
    """One file that was offered."""

    path: Path
    name: str
    size: int
    claimed: Digest
    modified: datetime | None
    at: int = 0
    hasher: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    whole: bool = False
    refused: bool = False
    """What came last was not what the phone had counted."""

    def begin_again(self) -> None:
        """Forget what came."""
        self.at, self.hasher = 0, hashlib.sha256()

    def to_json(self, number: int) -> dict[str, Json]:
        told: dict[str, Json] = {"id": number, "name": self.name, "size": self.size, "sha256": self.claimed.hex}
        return {**told, "at": self.at, "whole": self.whole}


@dataclass(slots=True, kw_only=True)
class Session:
    """The one session of a link; its methods are called one after another."""

    arrivals: Arrivals
    clock: Callable[[], datetime]
    max_bytes: int
    practice: bool
    secret: str = ""
    """Empty until a phone has joined."""
    done: bool = False
    _files: list[_Coming] = field(default_factory=list)
    _listed: list[str] = field(default_factory=list)
    """Names of what was offered and is on a list of known files: none of it is here."""

    def knows(self, secret: str) -> bool:
        """Return whether *secret* is the one of the phone that joined."""
        return bool(self.secret) and hmac.compare_digest(secret.encode(), self.secret.encode())

    def join(self, secret: str, sender: Sender) -> dict[str, Json]:
        """Let the first phone in, or the same again; raises `RefusedError` for another."""
        if not self.secret:
            self.arrivals.join(Sender(address=sender.address, user_agent=sender.user_agent[:_LONGEST_AGENT]))
            self.secret = secrets.token_urlsafe(32)
        elif not self.knows(secret):
            raise RefusedError("taken")
        files: list[Json] = [file.to_json(number) for number, file in enumerate(self._files)]
        return {"item": self.arrivals.item, "practice": self.practice, "piece": PIECE, "files": files}

    async def offer(self, value: Json) -> dict[str, Json]:
        """Take the offer of a file, perhaps again, and return how much of it is here; raises `RefusedError`."""
        match value:
            case {"name": str(name), "size": int(size), "sha256": str(text), "modified": int() | None as modified} if (
                0 <= size <= _LARGEST_FILE and _HEX.fullmatch(text) and not isinstance(size, bool)
            ):
                claimed = Digest(bytes.fromhex(text))
            case _:
                raise RefusedError("malformed")
        name = name[:_LONGEST_NAME].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if self.arrivals.is_listed(claimed):
            if name not in self._listed and len(self._listed) < MOST_FILES:
                self._listed.append(name)
            raise RefusedError("not-taken")
        for number, file in enumerate(self._files):
            if (file.name, file.size, file.claimed) == (name, size, claimed):
                return file.to_json(number)
        self._require_room(size)
        number = len(self._files)
        path = self.arrivals.place.recording / f"arriving-{number:04}"
        file = _Coming(path=path, name=name, size=size, claimed=claimed, modified=_moment(modified))
        file.path.touch()
        self._files.append(file)
        if size == 0:
            await self._conclude(file)
        return file.to_json(number)

    async def piece(self, number: int, at: int, data: bytes) -> dict[str, Json]:
        """Add *data* to a file if it goes on *at* that byte, and return how much is here; raises `RefusedError`."""
        if number >= len(self._files):
            raise RefusedError("malformed")
        file = self._files[number]
        if at == file.at and not file.whole and data:
            if at + len(data) > file.size:
                raise RefusedError("malformed")
            with file.path.open("rb+") as stream:
                stream.seek(at)
                stream.truncate()
                stream.write(data)
            file.hasher.update(data)
            file.at += len(data)
            if file.at == file.size:
                await self._conclude(file)
        return file.to_json(number)

    def finish(self) -> dict[str, Json]:
        """Hear that it was all, and return what was received; raises `RefusedError` when that is nothing."""
        if not self.arrivals.originals:
            raise RefusedError("nothing")
        self.done = True
        files: list[Json] = [
            {"name": each.name, "bytes": each.size, "sha256": each.sha256.hex} for each in self.arrivals.originals
        ]
        return {"item": self.arrivals.item, "time": utc_text(self.clock()), "files": files}

    def left_out(self) -> tuple[LeftOut, ...]:
        """Return what was offered and is not here."""
        changed = Problem(code="file.changed", detail="what arrived is not what the device had counted over it")
        listed = Problem(
            code="file.listed", detail="its hash value is on a list of known files; nothing of it was sent"
        )
        missing = [file for file in self._files if not file.whole]
        return tuple(
            LeftOut(
                name=file.name,
                problem=changed
                if file.refused
                else Problem(code="file.not-arrived", detail=f"{file.at} of {file.size} bytes had come"),
            )
            for file in missing
        ) + tuple(LeftOut(name=name, problem=listed) for name in self._listed)

    async def _conclude(self, file: _Coming) -> None:
        """Keep a file of which all has come; raises `RefusedError` when it is another than was offered."""
        passed = Digest(file.hasher.digest())
        arrived = Arrived(
            path=file.path,
            name=file.name,
            size=file.size,
            claimed=file.claimed,
            passed=passed,
            modified=file.modified,
        )
        try:
            await asyncio.to_thread(self.arrivals.keep, arrived)
        except CopyError as error:
            file.begin_again()
            file.path.touch()
            file.refused = True
            raise RefusedError("different") from error
        file.whole = True

    def _require_room(self, size: int) -> None:
        if len(self._files) >= MOST_FILES:
            raise RefusedError("too-many")
        offered = sum(file.size for file in self._files) + size
        if offered > self.max_bytes:
            raise RefusedError("too-large")
        still = offered - sum(file.at for file in self._files)
        free = shutil.disk_usage(self.arrivals.place.recording).free
        if still + _COPIES * offered + _MARGIN > free:
            raise RefusedError("no-room")


def _moment(milliseconds: int | None) -> datetime | None:
    """Return a time that the phone tells, counted from 1970; None for none, or one beyond what a date can be."""
    if milliseconds is None or not 0 < milliseconds < _MOST_MILLISECONDS:
        return None
    return _EPOCH + timedelta(milliseconds=milliseconds)


def parse_secret(cookie: str) -> str:
    """Return the secret in a ``Cookie`` field (RFC 6265, 4.2); empty for none."""
    pairs = (part.strip().partition("=") for part in cookie.split(";"))
    return next((value for name, _, value in pairs if name == "session"), "")
