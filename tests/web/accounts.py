"""Questions about accounts of connections, certificates of servers and lines of witnesses, and what Python answers."""

import json
import os
import random
import subprocess
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from evidence_kit.archive.tree import FolderTree
from evidence_kit.canonical import Json, dumps
from evidence_kit.errors import FormatError
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify.connections import check_connections
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import CaseFiles
from evidence_kit.verify.witness import check_witness
from evidence_kit.wire.tls.certificates import UNREADABLE, read_certificates
from tests.support.accounts import Line
from tests.unit.wire.tls.peers import START
from tests.web.questions import PROJECT, b64, millis

FOLDER = "items/EV-0001/"
ACCOUNT = f"{FOLDER}connections.jsonl"

Place = tuple[Any, ...]
"""The keys and numbers that lead to a value in a line."""

ODD: tuple[Json, ...] = (
    *(None, True, False, 0, 1, -1, 2**53 - 1, "", "\u202e", "00", "tls/1.2", "tls/1.3", "passed", "failed"),
    *("not-checked", "none", "opened", "locked", "AAAA", [], {}, "a.example", "shop.example.", "SHOP.example"),
)
"""What is put in the place of anything in a line."""


@dataclass
class Questions:
    """Questions in the order in which they are asked; *folder* is for files."""

    folder: Path
    asked: list[dict[str, object]] = field(default_factory=list)

    def account(self, name: str, lines: Sequence[bytes]) -> None:
        """Ask what is found in an account."""
        files = {ACCOUNT: b"".join(lines)}
        self._checks(name, "account", files, {}, lambda exam, found: check_connections(exam, found, ACCOUNT))

    def witness(self, name: str, files: Mapping[str, bytes], record: Mapping[str, Json]) -> None:
        """Ask what is found in a witness's files, by their names in an item with *record*."""
        placed = {FOLDER + path: data for path, data in files.items()}
        self._checks(name, "witness", placed, record, lambda exam, found: check_witness(exam, found, FOLDER, record))

    def certificates(self, name: str, ders: Sequence[bytes], host: str, at: datetime) -> None:
        """Ask what a chain of certificates says."""
        facts = read_certificates(ders, name=host, at=at)
        problems = [UNREADABLE if each.startswith(UNREADABLE) else each for each in facts.problems]
        self._ask(
            name, "certificates", [facts.leads_to, problems], certificates=[*map(b64, ders)], text=host, at=millis(at)
        )

    def plain(self, name: str, ask: str, answer: Callable[[], object], **more: object) -> None:
        """Ask something with an answer of its own; None is the answer where it raises `FormatError`."""
        try:
            found = answer()
        except FormatError:
            found = None
        self._ask(name, ask, found, **more)

    def answers_agree(self) -> str:
        """Let the browser's verifier answer in Node; return what it answers otherwise, empty if nothing."""
        path = self.folder / "questions.json"
        path.write_text(json.dumps(self.asked), encoding="utf-8")
        command = ["node", str(PROJECT / "build" / "web" / "node" / "wire.test.mjs")]
        environment = {**os.environ, "EVIDENCE_KIT_QUESTIONS": str(path)}
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=600, env=environment)
        if done.returncode == 0:
            return ""
        told = done.stdout + done.stderr
        return "\n".join(line for line in told.splitlines() if "Python:" in line) or told

    def _checks(
        self,
        name: str,
        ask: str,
        files: Mapping[str, bytes],
        record: Mapping[str, Json],
        check: Callable[[Examination, CaseFiles], None],
    ) -> None:
        root = self.folder / f"case {len(self.asked)}"
        for path, data in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        root.mkdir(exist_ok=True)
        exam = Examination(roots=TrustedRoots(), now=START)
        check(exam, CaseFiles(FolderTree(root), ""))
        found = [[each.id, each.subject, str(each.outcome)] for each in exam.checks]
        self._ask(name, ask, found, files={path: b64(data) for path, data in files.items()}, record=record)

    def _ask(self, name: str, ask: str, answer: object, **more: object) -> None:
        self.asked.append({"name": name, "ask": ask, "answer": answer, **more})


def changed_lines(lines: Sequence[bytes], count: int, chance: random.Random) -> Iterator[tuple[str, list[bytes]]]:
    """Yield *lines* with something in one of them changed, taken out, or cut; one or two dozen for each *count*."""
    for place, line in enumerate(lines):
        for what, other in changed_line(line, count, chance):
            yield f"line {place}, {what}", [*lines[:place], other, *lines[place + 1 :]]
        yield f"without line {place}", [*lines[:place], *lines[place + 1 :]]
        yield f"line {place} twice", [*lines[: place + 1], *lines[place:]]
    data = b"".join(lines)
    for _ in range(count):
        cut = chance.randrange(len(data))
        yield f"cut at {cut}", [data[:cut]]


def changed_line(line: bytes, count: int, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yield one line changed: in a value, by a key less, in a byte, in what is kept of the handshake."""
    value: Line = json.loads(line)
    places = list(_places(value))
    for _ in range(count):
        place, odd = chance.choice(places), chance.choice(ODD)
        yield f"{place} is {odd!r}", _written(value, lambda other, place=place, odd=odd: _put(other, place, odd))  # type: ignore[misc]
        place = chance.choice(places)
        yield f"without {place}", _written(value, lambda other, place=place: _within(other, place).pop(place[-1]))  # type: ignore[misc]
        at = chance.randrange(len(line))
        yield f"byte {at}", line[:at] + bytes([line[at] ^ 1 << chance.randrange(8)]) + line[at + 1 :]
    if value.get("handshake"):
        for _ in range(2 * count):
            yield _changed_handshake(value, chance)


def _changed_handshake(value: Line, chance: random.Random) -> tuple[str, bytes]:
    side, secrets = chance.choice(["client", "server"]), value["handshake"]["secrets"]
    data = b64decode(value["handshake"][side])
    at = chance.randrange(len(data))
    flipped = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
    other = chance.choice([flipped, flipped, data[:at], data[:at] + data[at + 1 :], data + bytes(chance.randrange(20))])
    key = chance.choice([secrets] * 9 + [secrets[: at % 300], secrets * 2, secrets.upper(), "", secrets[::-1]])

    def change(line: Line) -> None:
        line["handshake"].update({side: b64(other), f"{side}_sha256": str(sha256_bytes(other)), "secrets": key})
        if chance.random() < 0.3:
            line["tls"]["findings"][chance.randrange(5)].update(outcome="failed", detail=chance.choice(["", "so"]))

    return f"the {side}'s handshake at {at}", _written(value, change)


def _written(value: Line, change: Callable[[Line], object]) -> bytes:
    other = deepcopy(value)
    change(other)
    return dumps(other) + b"\n"


def _places(value: object, path: Place = ()) -> Iterator[Place]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield (*path, key)
        yield from _places(member, (*path, key))


def _within(value: Line, place: Place) -> Line:
    """Return what holds the last part of *place*: an object, or a list, which is used alike."""
    for key in place[:-1]:
        value = value[key]
    return value


def _put(value: Line, place: Place, odd: Json) -> None:
    _within(value, place)[place[-1]] = odd
