"""The register of a vault: a folder of cases keeps in ``register.jsonl`` every case number that was ever given in it.

One canonical JSON object a line: ``seq`` (from 1), ``previous`` (SHA-256 of the line before, its line feed included;
of the first line 32 zero bytes), ``kind``, ``number``, ``time``, ``officer``. A number is written down before its case
is made, and then, under the same lock, how that ended: ``opened``, with the ``head`` that the case had after its first
event, or ``void``. So a case that is discarded leaves a number without a case, and one whose making was killed leaves a
number that nothing follows, which the next command concludes: one that gives a number, or the first that writes into
the case. The head of the register is the digest of its last line; anchor lists hold it, for the register itself is
signed by nobody.
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
from evidence_kit.case.log_end import LOG, SIGNATURES
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.log import head_of, split_lines
from evidence_kit.errors import CaseError, FormatError, UsageError
from evidence_kit.models import Digest, parse_utc, utc_text
from evidence_kit.plain import open_plain, opener, read_plain
from evidence_kit.trust.digests import sha256_bytes

REGISTER = "register.jsonl"
_LOCK = ".register.lock"
_LOCK_SECONDS = 30
_FIRST = Digest(bytes(32))
_KEYS = frozenset({"seq", "previous", "kind", "number", "time", "officer"})
_LARGEST = 16 * 1024 * 1024
"""Bytes of a register: some thirty thousand cases."""
_LONGEST = 1024 * 1024
"""Bytes that the first line of a case's log may have."""


class Kind(StrEnum):
    """What a line of the register says of its number."""

    DRAWN = "drawn"
    """The register chose it."""
    GIVEN = "given"
    """The officer chose it."""
    OPENED = "opened"
    """Its case is there. From then on it can never be void."""
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
    head: Digest | None
    """Of an opened case: the head of its log after the first event."""


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

    def opened(self) -> dict[str, Entry]:
        """Return the numbers that must have a case, each with the line that says so."""
        return {number: entry for number, entry in self._last().items() if entry.kind is Kind.OPENED}

    def begun(self) -> dict[str, Entry]:
        """Return the numbers of which nothing says that their case was ever made, or was not."""
        return {n: entry for n, entry in self._last().items() if entry.kind in {Kind.DRAWN, Kind.GIVEN}}

    def void(self) -> list[str]:
        """Return the numbers that were given up."""
        return [number for number, entry in self._last().items() if entry.kind is Kind.VOID]

    def _last(self) -> dict[str, Entry]:
        return {entry.number: entry for entry in self.entries}


def read_register(vault: Path) -> Register | None:
    """Return the register in the folder *vault*, None when there is none; raises `FormatError`, `OSError`."""
    path = vault / REGISTER
    return parse_register(_read(path)) if path.is_file() else None


def parse_register(data: bytes) -> Register:
    """Read a register; raises `FormatError` naming the first line that is wrong."""
    lines = split_lines(data)
    entries: list[Entry] = []
    digests = [_FIRST]
    standing: dict[str, Kind] = {}
    for seq, line in enumerate(lines, start=1):
        try:
            entries.append(_entry(line, seq, digests[-1]))
            _follow(standing, entries[-1])
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
    new to the register, or void. The register is locked until the block ends: a number that is begun and not concluded
    is one whose command was killed. Raises `UsageError`, `CaseError`, `FormatError`.
    """
    with _locked(vault):
        _conclude(vault, custodian)
        taken = _begin(vault, custodian, number)
        try:
            yield taken
        finally:
            # After Ctrl-C too, whether the case was made by then or not.
            _conclude(vault, custodian)


def conclude_opened(case: Path, number: str, custodian: Custodian) -> None:
    """Say in the register beside *case* that it was opened, if a kill came before; raises `CaseError`, `OSError`.

    Called before the second event of a case: one that was ever used can never be void.
    """
    vault = case.absolute().parent
    with suppress(FormatError):  # of a register that cannot be read the check of the vault tells
        register = read_register(vault)
        if register is not None and number in register.begun():
            with _locked(vault):
                _conclude(vault, custodian)


@contextmanager
def _locked(vault: Path) -> Iterator[None]:
    lock = FileLock(vault / _LOCK)
    try:
        lock.acquire(timeout=_LOCK_SECONDS)
    except Timeout as error:
        message = f"the register of {vault} is in use by another command"
        raise CaseError(message, hint="wait for it to end, then run the command again") from error
    try:
        _cut_torn_line(vault / REGISTER)
        yield
    finally:
        lock.release()


def _begin(vault: Path, custodian: Custodian, number: str | None) -> str:
    register = read_register(vault)
    beside = {number for number, _ in _beside(vault)}
    if number is None:
        known = {entry.number for entry in register.entries} if register else set()
        number = _next_number(known | beside, custodian.clock().astimezone(custodian.zone).year)
        _write(vault, custodian, Kind.DRAWN, number)
    elif number in beside or (register and number in register.opened()):
        message = f"the number {number} was given in this vault before"
        raise UsageError(message, hint="leave out --number to draw the next one")
    else:
        _write(vault, custodian, Kind.GIVEN, number)
    return number


def _conclude(vault: Path, custodian: Custodian) -> None:
    """Say of every number that is begun whether its case was opened; of one that cannot be read nothing is said."""
    register = read_register(vault)
    begun = register.begun() if register else {}
    beside = dict(_beside(vault)) if begun else {}
    for number in begun:
        if number not in beside:
            _write(vault, custodian, Kind.VOID, number)
            continue
        with suppress(OSError, FormatError):
            _write(vault, custodian, Kind.OPENED, number, head=first_head(beside[number]))


def first_head(case: Path) -> Digest:
    """Return the head of the log of *case* after its first event; raises `OSError`, `FormatError`."""
    with open_plain(case / LOG) as log, open_plain(case / SIGNATURES) as signatures:
        return head_of(log.readline(_LONGEST), signatures.readline(_LONGEST))[1]


def _write(vault: Path, custodian: Custodian, kind: Kind, number: str, *, head: Digest | None = None) -> None:
    register = read_register(vault)
    officer = custodian.officer
    line: dict[str, canonical.Json] = {
        "seq": len(register.entries) + 1 if register else 1,
        "previous": str(register.head if register else _FIRST),
        "kind": str(kind),
        "number": number,
        "time": utc_text(custodian.clock()),
        "officer": f"{officer.name} ({officer.id})",
        **({"head": str(head)} if head else {}),
    }
    append(vault / REGISTER, canonical.dumps(line) + b"\n")


def _beside(vault: Path) -> Iterator[tuple[str, Path]]:
    """Yield number and folder of the cases in *vault*, also of those that were made before there was a register."""
    for path in vault.glob("*/case.json"):
        # One that cannot be read is told of by the checks of the vault.
        with suppress(OSError, FormatError):
            yield read_info(read_plain(path)).number, path.parent


def _next_number(known: set[str], year: int) -> str:
    place = 1
    while (number := f"{year}-{place:04d}") in known:
        place += 1
    return number


def _cut_torn_line(path: Path) -> None:
    """Take away what a power cut left of a line: nobody was given its number."""
    data = _read(path) if path.exists() else b""
    whole = data.rfind(b"\n") + 1
    if whole != len(data):
        with open(path, "r+b", opener=opener) as stream:
            stream.truncate(whole)


def _read(path: Path) -> bytes:
    with open_plain(path) as stream:
        data = stream.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        message = f"{REGISTER} is larger than {_LARGEST} bytes"
        raise FormatError(message)
    return data


def _follow(standing: dict[str, Kind], entry: Entry) -> None:
    """Note what becomes of a number; raises `FormatError` for what cannot follow what is *standing* of it."""
    before = standing.get(entry.number)
    begins = entry.kind in {Kind.DRAWN, Kind.GIVEN}
    if before not in ({None, Kind.VOID} if begins else {Kind.DRAWN, Kind.GIVEN}):
        message = f"the number {entry.number} is {before or 'not given'}, and cannot be {entry.kind}"
        raise FormatError(message)
    standing[entry.number] = entry.kind


def _entry(line: bytes, seq: int, previous: Digest) -> Entry:
    value = canonical.loads(line.removesuffix(b"\n")) if line.endswith(b"\n") else None
    keys = _KEYS | {"head"} if isinstance(value, dict) and value.get("kind") == Kind.OPENED else _KEYS
    if isinstance(value, dict) and value.keys() == keys:
        match value:
            case {"seq": int(n), "previous": str(before), "kind": str(kind), "number": str(number), "officer": str(by)}:
                if n != seq or before != str(previous):
                    message = "it does not follow the line before"
                    raise FormatError(message)
                if kind in set(Kind) and number:
                    moment = parse_utc(value["time"])
                    head = Digest.parse(value["head"]) if "head" in value else None
                    return Entry(seq=n, kind=Kind(kind), number=number, time=moment, officer=by, head=head)
    message = "not an entry of a register"
    raise FormatError(message)
