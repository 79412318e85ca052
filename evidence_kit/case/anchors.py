"""Anchor lists: the heads of all cases of one or more vaults at one moment, for a body outside of them to keep.

``anchor-20261122T091500123Z.json`` (schema ``evidence-kit/anchor-list/1``) tells numbers and heads, never a title or a
name of anybody in a case. Beside it lie ``….json.p7s``, a detached signature over it with the certificates inside, and
``….json.tsr``, ``….json-2.tsr``…, one time stamp over it from each authority.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.case.decided import links_at
from evidence_kit.case.info import read_info
from evidence_kit.case.register import Register, read_register
from evidence_kit.errors import EvidenceError, FormatError, TimestampError
from evidence_kit.models import Digest, parse_utc, utc_text
from evidence_kit.plain import read_at_most, read_plain
from evidence_kit.trust.cms import SignatureFacts, certificates_of, verify_detached
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.timestamps import Token, certificates_inside, read_reply

SCHEMA = "evidence-kit/anchor-list/1"
_LARGEST = 64 * 1024 * 1024
_LARGEST_SEAL = 1024 * 1024
_MOST = 2**53 - 1
"""The largest whole number of canonical JSON (RFC 7493, 2.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchoredCase:
    """The head of one case."""

    number: str
    events: int
    head: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchoredVault:
    """The heads of one vault."""

    register: Digest | None
    """The digest of its register's first line; None without a register."""
    entries: int
    """Lines of its register."""
    register_head: Digest | None
    cases: tuple[AnchoredCase, ...]
    missing: tuple[str, ...]
    """Numbers of the register without a case."""
    unreadable: int
    """Folders that are cases and could not be read."""

    def to_json(self) -> dict[str, Json]:
        """Return the member of ``vaults``."""
        register: Json = None
        if self.register is not None:
            register = {"first": str(self.register), "entries": self.entries, "head": str(self.register_head)}
        return {
            "register": register,
            "cases": [{"number": c.number, "events": c.events, "head": str(c.head)} for c in self.cases],
            "missing": [*self.missing],
            "unreadable": self.unreadable,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorList:
    """What is written down at one moment."""

    made: datetime
    agency: str
    practice: bool
    authorities: int
    """How many were asked to stamp the list: so many time stamps belong beside it, at once or later."""
    vaults: tuple[AnchoredVault, ...]

    def to_json(self) -> dict[str, Json]:
        """Return the document."""
        return {
            "schema": SCHEMA,
            "made": utc_text(self.made),
            "agency": self.agency,
            "practice": self.practice,
            "authorities": self.authorities,
            "vaults": [vault.to_json() for vault in self.vaults],
        }

    def of_case(self, number: str) -> list[AnchoredCase]:
        """Return what the list says of the case *number*."""
        return [case for vault in self.vaults for case in vault.cases if case.number == number]


@dataclass(slots=True, kw_only=True)
class Survey:
    """A vault as it was found."""

    vault: AnchoredVault
    folders: dict[str, list[Path]] = field(default_factory=dict)
    """Case number to the folders that have it."""
    problems: list[str] = field(default_factory=list)
    """What is wrong, with names of folders: for the officer's own eyes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """An anchor list that came from outside, its seals checked."""

    name: str
    list: AnchorList
    signature: SignatureFacts
    tokens: tuple[Token, ...]


def case_folders(vault: Path) -> Iterator[Path]:
    """Yield the folders in *vault* that are cases, whole or not, by name."""
    for path in sorted(vault.iterdir()):
        if not path.name.startswith(".") and any(map(os.path.lexists, (path / "case.json", path / "custody.jsonl"))):
            yield path


def survey(folder: Path) -> Survey:
    """Return the heads of all cases in *folder* and what is missing; raises `OSError` for no folder."""
    problems: list[str] = []
    register = _register(folder, problems)
    cases: list[AnchoredCase] = []
    folders: dict[str, list[Path]] = {}
    for path in case_folders(folder):
        try:
            found = _head(path)
        except (OSError, FormatError) as error:
            problems.append(f"{path.name}: {error}")
            continue
        cases.append(found)
        folders.setdefault(found.number, []).append(path)
    missing = [number for number in (register.opened() if register else ()) if number not in folders]
    vault = AnchoredVault(
        register=register.identity if register else None,
        entries=len(register.entries) if register else 0,
        register_head=register.head if register else None,
        cases=tuple(sorted(cases, key=lambda case: case.number)),
        missing=tuple(missing),
        unreadable=sum(1 for _ in case_folders(folder)) - len(cases),
    )
    return Survey(vault=vault, folders=folders, problems=problems)


def links_contain(path: Path, case: AnchoredCase) -> bool:
    """Whether the log of the case at *path* still has the anchored head; not so if it cannot be read."""
    try:
        links = links_at(path)
    except (OSError, FormatError):
        return False
    return case.events < len(links) and links[case.events] == case.head


def read_anchor(path: Path) -> Anchor:
    """Read an anchor list and the seals beside it; raises `OSError` for no file.

    Raises `FormatError` or `IntegrityError` when it is none, or the signature is missing or does not hold;
    `TimestampError` when a time stamp does not.
    """
    data = read_at_most(path, _LARGEST)
    digest = sha256_bytes(data)
    seal = path.with_name(f"{path.name}.p7s")
    if not seal.is_file():
        message = "no signature lies beside the list"
        raise FormatError(message)
    signed = read_at_most(seal, _LARGEST_SEAL)
    return Anchor(
        name=path.name,
        signature=verify_detached(signed, digest, certificates_of(signed)),
        list=parse_anchor(data),
        tokens=tuple(_tokens(path, digest)),
    )


def is_anchor_list(path: Path) -> bool:
    """Whether the file at *path* says, or what lies beside it, that it is or was an anchor list; raises `OSError`."""
    with path.open("rb") as stream:
        named = SCHEMA.encode() in stream.read(_LARGEST_SEAL)
    return named or path.with_name(f"{path.name}.p7s").is_file()


def token_paths(path: Path) -> list[Path]:
    """Return the time stamps beside the list at *path*."""
    return [p for p in sorted(path.parent.glob("*.tsr")) if p.name == f"{path.name}.tsr" or _numbered(p, path)]


def parse_anchor(data: bytes) -> AnchorList:
    """Read the list itself; raises `FormatError`."""
    match canonical.parse(data):
        case {
            "schema": "evidence-kit/anchor-list/1",
            "made": made,
            "agency": str(agency),
            "authorities": int(authorities),
            "vaults": list(found),
            **rest,
        }:
            return AnchorList(
                made=parse_utc(made),
                agency=agency,
                practice=rest.get("practice") is True,
                authorities=_count(authorities),
                vaults=tuple(_vault(vault) for vault in found),
            )
    message = f"it does not say {SCHEMA}"
    raise FormatError(message)


def _numbered(token: Path, path: Path) -> bool:
    return token.name in {f"{path.name}-{number}.tsr" for number in range(2, 10)}


def _tokens(path: Path, digest: Digest) -> Iterator[Token]:
    for token in token_paths(path):
        try:
            reply = read_at_most(token, _LARGEST_SEAL)
            yield read_reply(reply, digest, certificates_inside(reply))
        except EvidenceError as error:
            raise TimestampError(f"{token.name}: {error}") from error


def _register(folder: Path, problems: list[str]) -> Register | None:
    try:
        return read_register(folder)
    except FormatError as error:
        problems.append(str(error))
        return None


def _head(path: Path) -> AnchoredCase:
    """Return a case's head, its decided commit finished; no lock is taken, for nothing may be written."""
    info = read_info(read_plain(path / "case.json"))
    links = links_at(path)
    return AnchoredCase(number=info.number, events=len(links) - 1, head=links[-1])


def _vault(value: Json) -> AnchoredVault:
    match value:
        case {"register": register, "cases": list(cases), "missing": list(missing), "unreadable": int(unreadable)}:
            first, entries, head = _register_of(register)
            return AnchoredVault(
                register=first,
                entries=entries,
                register_head=head,
                cases=tuple(_case(case) for case in cases),
                missing=tuple(str(number) for number in missing),
                unreadable=_count(unreadable),
            )
    message = "it describes no vault"
    raise FormatError(message)


def _count(value: int, *, least: int = 0) -> int:
    if least <= value <= _MOST:
        return value
    message = f"{value} is no number of events, entries, folders or authorities"
    raise FormatError(message)


def _register_of(value: Json) -> tuple[Digest | None, int, Digest | None]:
    match value:
        case None:
            return None, 0, None
        case {"first": first, "entries": int(entries), "head": head}:
            return Digest.parse(first), _count(entries, least=1), Digest.parse(head)
    message = "it describes no register"
    raise FormatError(message)


def _case(value: Json) -> AnchoredCase:
    match value:
        case {"number": str(number), "events": int(events), "head": head}:
            return AnchoredCase(number=number, events=_count(events), head=Digest.parse(head))
    message = "it describes no case"
    raise FormatError(message)
