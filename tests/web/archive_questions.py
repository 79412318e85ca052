"""Questions about archives, with the answers that the Python verifier gives."""

import json
import os
import random
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from evidence_kit.archive.wacz_reader import check_wacz
from evidence_kit.archive.warc_reader import check_warc
from evidence_kit.errors import FormatError

PROJECT = Path(__file__).parents[2]


@dataclass
class Questions:
    """Questions about bytes, with the answers that Python gives."""

    asked: list[dict[str, object]] = field(default_factory=list)

    def ask(self, name: str, ask: str, data: bytes, answer: Callable[[bytes], object]) -> None:
        """Ask one."""
        try:
            told = answer(data)
        except FormatError:
            told = None
        number = len(self.asked)
        self.asked.append(
            {"name": f"{number} {name}", "ask": ask, "data": b64encode(data).decode("ascii"), "answer": told}
        )

    def wacz(self, name: str, data: bytes) -> None:
        """Ask what is found in a WACZ, as anybody's and as ours."""
        self.ask(name, "wacz", data, lambda data: _wacz(data, ours=False))
        self.ask(f"{name}, as ours", "our wacz", data, lambda data: _wacz(data, ours=True))

    def warc(self, name: str, data: bytes) -> None:
        """Ask what is found in a WARC."""
        self.ask(name, "warc", data, _warc)

    def answers_agree(self, folder: Path) -> str:
        """Let the browser's verifier answer in Node; return what it answers otherwise, empty if nothing."""
        path = folder / "questions.json"
        path.write_text(json.dumps(self.asked), encoding="utf-8")
        command = ["node", "--test", str(PROJECT / "build" / "web" / "node" / "archive.test.mjs")]
        environment = {**os.environ, "EVIDENCE_KIT_ARCHIVE_QUESTIONS": str(path)}
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=300, env=environment)
        return "" if done.returncode == 0 else done.stdout + done.stderr


def asking(folder: Path) -> Iterator[Questions]:
    """Collect questions, and hear the answers at the end."""
    asked = Questions()
    yield asked
    assert asked.asked
    assert asked.answers_agree(folder) == ""


def _wacz(data: bytes, *, ours: bool) -> object:
    found = check_wacz(BytesIO(data), ours=ours)
    return [
        [[finding.check, finding.subject, str(finding.outcome)] for finding in found.findings],
        found.spki_sha256.hex if found.spki_sha256 else None,
        [[resource.role, resource.sha256] for resource in found.resources],
    ]


def _warc(data: bytes) -> object:
    return [
        [record.offset, record.record_id, str(record.block), str(record.payload), record.failed]
        for record in check_warc(BytesIO(data))
    ]


def copies(data: bytes, seed: str, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield *data* with some of its bytes changed, taken away or added."""
    chance = random.Random(seed)  # noqa: S311  # the same every time, on purpose
    for number in range(count):
        place = chance.randrange(len(data))
        width = chance.choice([1, 1, 1, 2, 9, 300])
        middle = chance.choice(
            [
                bytes([data[place] ^ 1 << chance.randrange(8)]),
                b"",
                chance.randbytes(width),
                data[place : place + width] * 2,
            ]
        )
        yield f"{seed}, copy {number}, place {place}", data[:place] + middle + data[place + chance.choice([0, width]) :]
    yield f"{seed}, cut", data[: chance.randrange(len(data))]
