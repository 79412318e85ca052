"""The register of a vault: a folder of cases keeps in ``register.jsonl`` every case number that was ever given in it.

One canonical JSON object a line: ``seq`` (from 1), ``previous`` (SHA-256 of the line before, its line feed included;
of the first line 32 zero bytes), ``kind``, ``number``, ``time``, ``officer``. A number is written down before its case
is made, so a case that is discarded leaves a number without a case. The head of the register is the digest of its last
line; anchor lists hold it, for the register itself is signed by nobody.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from filelock import FileLock, Timeout

from evidence_kit import canonical
from evidence_kit.case.durable import append
from evidence_kit.case.info import read_info
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.log import split_lines
from evidence_kit.errors import CaseError, FormatError, UsageError
from evidence_kit.models import Digest, parse_utc, utc_text
from evidence_kit.trust.digests import sha256_bytes

REGISTER = "register.jsonl"
_LOCK = ".register.lock"
_LOCK_SECONDS = 30
_FIRST = Digest(bytes(32))
_KEYS = frozenset({"seq", "previous", "kind", "number", "time", "officer"})


class Kind(StrEnum):
    """What a line of the register says of its number."""

    DRAWN = "drawn"
    """The register chose it."""
    GIVEN = "given"
    """The officer chose it."""
    VOID = "void"
    """It was given up at once, since its case could not be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the register."""

    seq: int
    kind: Kind
    number: str
    time: datetime
    officer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A register as it was read; its lines hold together."""

    entries: tuple[Entry, ...]
    digests: tuple[Digest, ...]
    """Of the lines."""

    @property
    def head(self) -> Digest:
        """The digest of the last line."""
        return self.digests[-1]

    @property
    def identity(self) -> Digest:
        """The digest of the first line, which no other register has."""
        return self.digests[0]

    def numbers(self) -> dict[str, Entry]:
        """Return the numbers that must have a case, each with the line that gave it."""
        void = {entry.number for entry in self.entries if entry.kind is Kind.VOID}
        return {e.number: e for e in self.entries if e.kind is not Kind.VOID and e.number not in void}

    def void(self) -> list[str]:
        """Return the numbers that were given up."""
        return [entry.number for entry in self.entries if entry.kind is Kind.VOID]


def read_register(vault: Path) -> Register | None:
    """Return the register in the folder *vault*, None when there is none; raises `FormatError`, `OSError`."""
    path = vault / REGISTER
    return parse_register(path.read_bytes()) if path.is_file() else None


def parse_register(data: bytes) -> Register:
    """Read a register; raises `FormatError` naming the first line that is wrong."""
    lines = split_lines(data)
    entries: list[Entry] = []
    digests = [_FIRST]
    for seq, line in enumerate(lines, start=1):
        try:
            entries.append(_entry(line, seq, digests[-1]))
        except FormatError as error:
            message = f"line {seq} of {REGISTER}: {error}"
            raise FormatError(message) from error
        digests.append(sha256_bytes(line))
    if not entries:
        message = f"{REGISTER} is empty"
        raise FormatError(message)
    return Register(entries=tuple(entries), digests=tuple(digests[1:]))


@contextmanager
def registered(vault: Path, custodian: Custodian, *, number: str | None = None) -> Iterator[str]:
    """Write a number into the register of *vault* and give it; the block makes the case, or the number is void.

    Without *number* the next one of the year is drawn, and a register is begun if there is none; a given one must be
    new to the register. Raises `UsageError`, `CaseError`, `FormatError`.
    """
    taken = _write(vault, custodian, Kind.GIVEN if number else Kind.DRAWN, number)
    try:
        yield taken
    except BaseException:
        # Ctrl-C too: a number without a case would count as a case that was taken away.
        _write(vault, custodian, Kind.VOID, taken)
        raise


def _write(vault: Path, custodian: Custodian, kind: Kind, number: str | None) -> str:
    now = custodian.clock()
    try:
        with FileLock(vault / _LOCK, timeout=_LOCK_SECONDS):
            _cut_torn_line(vault / REGISTER)
            register = read_register(vault)
            known = {entry.number for entry in register.entries} if register else set()
            known |= set(_beside(vault))
            if number in known and kind is not Kind.VOID:
                message = f"the number {number} was given in this vault before"
                raise UsageError(message, hint="leave out --number to draw the next one")
            number = number or _next_number(known, now.astimezone(custodian.zone).year)
            officer = custodian.officer
            line: dict[str, canonical.Json] = {
                "seq": len(register.entries) + 1 if register else 1,
                "previous": str(register.head if register else _FIRST),
                "kind": str(kind),
                "number": number,
                "time": utc_text(now),
                "officer": f"{officer.name} ({officer.id})",
            }
            append(vault / REGISTER, canonical.dumps(line) + b"\n")
    except Timeout as error:
        message = f"the register of {vault} is in use by another command"
        raise CaseError(message, hint="wait for it to end, then run the command again") from error
    return number


def _beside(vault: Path) -> Iterator[str]:
    """Yield the numbers of the cases in *vault*, among them those that were made before there was a register."""
    for path in vault.glob("*/case.json"):
        # One that cannot be read is told of by the checks of the vault.
        with suppress(OSError, FormatError):
            yield read_info(path.read_bytes()).number


def _next_number(known: set[str], year: int) -> str:
    place = 1
    while (number := f"{year}-{place:04d}") in known:
        place += 1
    return number


def _cut_torn_line(path: Path) -> None:
    """Take away what a power cut left of a line: nobody was given its number."""
    data = path.read_bytes() if path.exists() else b""
    whole = data.rfind(b"\n") + 1
    if whole != len(data):
        with path.open("r+b") as stream:
            stream.truncate(whole)


def _entry(line: bytes, seq: int, previous: Digest) -> Entry:
    value = canonical.loads(line.removesuffix(b"\n")) if line.endswith(b"\n") else None
    if isinstance(value, dict) and value.keys() == _KEYS:
        match value:
            case {"seq": int(n), "previous": str(before), "kind": str(kind), "number": str(number), "officer": str(by)}:
                if n != seq or before != str(previous):
                    message = "it does not follow the line before"
                    raise FormatError(message)
                if kind in set(Kind) and number:
                    moment = parse_utc(value["time"])
                    return Entry(seq=n, kind=Kind(kind), number=number, time=moment, officer=by)
    message = "not an entry of a register"
    raise FormatError(message)
