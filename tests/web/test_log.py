"""The browser's verifier finds in a custody log what Python finds, event by event."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from evidence_kit.canonical import Json
from evidence_kit.custody.log import FIRST_LINK
from evidence_kit.custody.receipts import Receipt, read_receipt
from evidence_kit.models import Digest
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify import verify_path
from evidence_kit.verify.outside import Outside
from tests.support.second import SecondVerifier, differences, running
from tests.web.odd_logs import CLOCK, PEOPLE, odd_log, withhold_some, write_bundle

COUNTS = [pytest.param(12, id="some"), pytest.param(1000, id="many", marks=pytest.mark.slow)]
_ROOTS = TrustedRoots(practice=tuple(custodian.signer.chain[-1] for custodian in PEOPLE[:3]))


@pytest.fixture(scope="module")
def second() -> Iterator[SecondVerifier]:
    with running() as verifier:
        yield verifier


def _chance(seed: str) -> Random:
    return Random(seed)  # noqa: S311  # the same every time


def _told(report: dict[str, Json]) -> set[tuple[str, str, str]]:
    """Return id, subject and outcome of the checks of the log."""
    checks = report["checks"]
    assert isinstance(checks, list)
    told = {(str(c["id"]), str(c["subject"]), str(c["outcome"])) for c in checks if isinstance(c, dict)}
    return {check for check in told if check[0].startswith(("custody.", "time.", "case.record"))}


def _apart(
    second: SecondVerifier,
    folder: Path,
    stored: tuple[bytes, bytes],
    *,
    withheld: bytes | None = None,
    receipts: Sequence[str] = (),
) -> list[str]:
    """Return in what the two verifiers differ about a bundle with the log *stored*."""
    write_bundle(folder, stored)
    outside = Outside(receipts=tuple(map(read_receipt, receipts)))
    ours = verify_path(folder, roots=_ROOTS, clock=CLOCK, withheld=withheld, outside=outside)
    theirs = second.verify(folder, _ROOTS, CLOCK(), withheld=withheld, receipts=receipts)
    events = sorted(_told(ours.to_json()) ^ _told(theirs))
    return [*differences(ours, theirs), *(f"only one of them tells: {event}" for event in events)]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("spoiled", [0, 1, 4])
def test_events_that_say_odd_things_are_judged_alike(
    second: SecondVerifier, tmp_path: Path, count: int, spoiled: int
) -> None:
    for number in range(count):
        log = odd_log(_chance(f"{spoiled} {number}"), spoiled=spoiled)
        assert _apart(second, tmp_path / str(number), log.stored) == []


@pytest.mark.parametrize("count", COUNTS)
def test_withheld_events_are_judged_alike(second: SecondVerifier, tmp_path: Path, count: int) -> None:
    for number in range(count):
        log = odd_log(_chance(f"withheld {number}"), spoiled=0)
        stored, file = withhold_some(log)
        given = log.chance.choice([None, file, _changed(file, log.chance)])
        assert _apart(second, tmp_path / str(number), stored, withheld=given) == []


def test_receipts_are_held_against_the_log_alike(second: SecondVerifier, tmp_path: Path) -> None:
    log = odd_log(_chance("receipts"), spoiled=0)
    manifest, now = Digest(b"\x05" * 32), CLOCK()
    heads = [log.links[2], log.links[-1], Digest(b"\x07" * 32), FIRST_LINK]
    receipts = [
        Receipt(head=head, manifest=found, seq=1, item="EV-0001", issued=issued)
        for head in heads
        for found in (manifest, Digest(b"\x06" * 32))
        for issued in (now, now + timedelta(days=1))
    ]
    for number, receipt in enumerate(receipts):
        assert _apart(second, tmp_path / str(number), log.stored, receipts=[receipt.code()]) == []
        typed = "\n".join(f"{name} {' '.join(groups)}" for name, groups in receipt.rows())
        assert _apart(second, tmp_path / f"{number} typed", log.stored, receipts=[typed.lower(), typed]) == []


@pytest.mark.parametrize("count", COUNTS)
def test_files_that_were_changed_are_judged_alike(second: SecondVerifier, tmp_path: Path, count: int) -> None:
    for number in range(count):
        chance = _chance(f"changed {number}")
        log, signatures = odd_log(chance, spoiled=0).stored
        stored = (_changed(log, chance), signatures) if chance.random() < 1 / 2 else (log, _changed(signatures, chance))
        assert _apart(second, tmp_path / str(number), stored) == []


def _changed(data: bytes, chance: Random) -> bytes:
    place = chance.randrange(len(data))
    lines = data.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    odd = [b"", b"\n", b"-\n", b"{}\n", b"null\n", b"\xff\n", b"A" * 70_000 + b"\n", lines[at][:-1] + b"\r\n"]
    odd += [lines[at] * 2, b" " + lines[at], lines[at][:-2] + b"\n", lines[at].replace(b'":', b'": ', 1)]
    return chance.choice(
        [
            data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :],
            data[:place],
            data[:-1],
            b"".join([*lines[:at], chance.choice(odd), *lines[at + 1 :]]),
            b"".join([*lines[:at], chance.choice(odd), *lines[at + 1 :]]),
            b"".join([*lines[:at], lines[-1], *lines[at + 1 : -1], lines[at]]),
        ]
    )
