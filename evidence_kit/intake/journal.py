"""What a taking has done so far, one line each, on the disk before the next begins (``import.jsonl``)."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from evidence_kit.canonical import Json, dumps, parse
from evidence_kit.case.bracket import Opening
from evidence_kit.case.sealed import SealedFile
from evidence_kit.case.supply import Circumstances, Original, Sender
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest, Problem, parse_utc, utc_text
from evidence_kit.plain import opener
from evidence_kit.trust.digests import sha256_bytes

_LARGEST = 256 * 1024 * 1024
"""Bytes of a journal that is read: many times what the most files of an item take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What was known when the taking began."""

    started: datetime
    given: tuple[str, ...]
    """Of `told_paths`."""
    circumstances: Circumstances
    sensitive: bool
    note: str
    problems: tuple[Problem, ...]
    opening: Opening | None
    salt: str
    """32 random bytes in hexadecimal digits: without them the digest would tell whoever guesses who gave it."""
    sealed: bool = False
    """Nothing of it may lie in plain, who gave it neither: that is encrypted before the journal begins."""
    sender: Sender | None = None
    """Known only when a device has come: a line of its own."""

    @property
    def digest(self) -> Digest:
        """What the start event names: nobody without the key changes later how it came."""
        return sha256_bytes(dumps(self.to_json()))

    def to_json(self) -> dict[str, Json]:
        """Return the first line."""
        return {
            "started": utc_text(self.started),
            "given": [*self.given],
            "circumstances": self.circumstances.to_json(),
            "sensitive": self.sensitive,
            "note": self.note,
            "problems": [problem.to_json() for problem in self.problems],
            "opening": self.opening.to_json() if self.opening else None,
            "salt": self.salt,
            "sealed": self.sealed,
        }

    @classmethod
    def from_json(cls, value: Json) -> "Beginning":
        """Read what `to_json` wrote; raises `FormatError`."""
        match value:
            case {
                "started": str(started),
                "given": list(given),
                "circumstances": dict(circumstances),
                "sensitive": bool(sensitive),
                "note": str(note),
                "problems": list(problems),
                "opening": opening,
                "salt": str(salt),
                "sealed": bool(sealed),
            }:
                return cls(
                    started=parse_utc(started),
                    given=tuple(map(str, given)),
                    circumstances=Circumstances.from_json(circumstances),
                    sensitive=sensitive,
                    note=note,
                    problems=tuple(map(_problem, problems)),
                    opening=Opening.from_json(opening),
                    salt=salt,
                    sealed=sealed,
                )
        message = "the beginning of the import cannot be read"
        raise FormatError(message)


class Journal:
    """An open journal, appended to; a context manager. `OSError` passes through."""

    def __init__(self, path: Path) -> None:
        """Open or begin the file at *path*; a torn last line is cut off."""
        self._stream = open(path, "a+b", buffering=0, opener=opener)  # noqa: SIM115  # it is the context manager
        self._stream.seek(0)
        self._stream.truncate(self._stream.read().rfind(b"\n") + 1)

    def __enter__(self) -> Self:
        """Return the journal."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self._stream.close()

    def begin(self, beginning: Beginning) -> None:
        """Note what is about to be taken."""
        self._write(beginning.to_json())

    def joined(self, sender: Sender) -> None:
        """Note who sends the files."""
        self._write({"sender": sender.to_json()})

    def sealed(self, file: SealedFile) -> None:
        """Note what was sealed whole."""
        self._write(file.to_json())

    def copied(self, original: Original) -> None:
        """Note a whole copy."""
        self._write(original.to_json())

    def _write(self, value: dict[str, Json]) -> None:
        self._stream.write(dumps(value) + b"\n")
        os.fsync(self._stream.fileno())


def read_journal(path: Path, named: Json) -> tuple[Beginning | None, tuple[Original, ...]]:
    """Return what the journal at *path* tells, up to a torn last line; None where nothing was begun.

    *named* is the digest that the start event has of the beginning. Raises `FormatError`, also for another beginning.
    """
    beginning, lines = _told(path, named)
    copied: dict[str, Original] = {}
    for line in lines:
        match line:
            case {"sender": sender} if beginning is not None:
                if beginning.sender is not None:
                    raise FormatError("the journal of the import names two devices that sent its files")
                beginning = replace(beginning, sender=Sender.from_json(sender))
            case value:
                # What was copied anew stands there twice.
                original = Original.from_json(value)
                copied[original.path] = original
    return beginning, tuple(copied.values())


def read_sealed_journal(path: Path, named: Json) -> tuple[Beginning | None, tuple[SealedFile, ...]]:
    """Return what the journal of a sealing at *path* tells; as `read_journal`."""
    beginning, lines = _told(path, named)
    return beginning, tuple(map(SealedFile.from_json, lines))


def _told(path: Path, named: Json) -> tuple[Beginning | None, list[Json]]:
    try:
        with open(path, "rb", opener=opener) as stream:  # only it takes an opener
            data = stream.read(_LARGEST + 1)
    except FileNotFoundError:
        return None, []
    except OSError as error:
        raise FormatError(f"the journal of the import cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise FormatError(f"the journal of the import has more than {_LARGEST} bytes")
    lines = data.split(b"\n")[:-1]
    if not lines:
        return None, []
    beginning = Beginning.from_json(parse(lines[0]))
    if str(beginning.digest) != named:
        raise FormatError("how the import began is not what the custody log recorded")
    return beginning, list(map(parse, lines[1:]))


def _problem(value: Json) -> Problem:
    match value:
        case {"code": str(code), "detail": str(detail)}:
            return Problem(code=code, detail=detail)
    raise FormatError("a problem of the import cannot be read")


def told_paths(paths: Iterable[Path]) -> tuple[str, ...]:
    r"""Return *paths* as text; bytes of them that are no Unicode text stand in it as ``\xNN``."""
    return tuple(str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") for path in paths)
