"""What an expert can check of the events that a bundle withholds, and what nobody can change unseen."""

import os
import shutil
from pathlib import Path

import pytest

from evidence_kit import canonical
from evidence_kit.bundle.make import BundleOptions
from evidence_kit.bundle.report_model import Language
from evidence_kit.bundle.selection import Choice
from evidence_kit.custody.log import decode_signature, split_lines
from evidence_kit.models import Outcome
from evidence_kit.trust.digests import sha256_bytes
from tests.support.disclosures import GROUND, World, failures_of


def test_an_expert_can_check_the_withheld_events(world: World) -> None:
    report = world.verify(world.made.path, world.file.read_bytes())

    assert failures_of(report) == {}
    (check,) = [check for check in report.checks if check.id == "custody.disclosed"]
    assert check.outcome is Outcome.PASSED
    assert "11 of 11 withheld events, of the items: EV-0002, EV-0003, EV-0004" in check.detail
    assert report.facts["custody"]["withheld"] == 0  # type: ignore[index, call-overload]
    assert report.facts["withheld"] == world.verify(world.made.path).facts["withheld"]
    if os.name == "posix":
        assert world.file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (b"secret-site", b"public-site", "event 5: the event has the digest"),
        (b'"item":"EV-0002"', b'"item":"EV-0001"', "event 5: the event has the digest"),
        (b'"seq":5,', b'"seq":6,', "event 6: "),
        (b'"seq":5,', b'"seq":1,', "event 1: the bundle does not withhold"),
        (b'"seq":5,', b'"seq":99,', "event 99: the bundle does not withhold"),
        (b'"events":11', b'"events":10', "the file of withheld events: its first line announces 10"),
        (b'"signature":"MII', b'"signature":"MIJ', "event 5: its signature has the digest"),
    ],
)
def test_a_changed_file_of_withheld_events_is_found(world: World, old: bytes, new: bytes, where: str) -> None:
    data = world.file.read_bytes()
    assert old in data

    failed = failures_of(world.verify(world.made.path, data.replace(old, new, 1)))

    assert failed.keys() == {"custody.disclosed"}
    assert any(found.startswith(where) for found in failed["custody.disclosed"]), failed


def test_the_file_of_another_bundle_opens_what_it_has(world: World, tmp_path: Path) -> None:
    options = BundleOptions(
        language=Language.ENGLISH, choice=Choice(withhold=("EV-0004",)), ground=GROUND, withheld_to=tmp_path / "file"
    )
    made = world.bundle(tmp_path / "bundle", options)

    report = world.verify(made.path, world.file.read_bytes())
    outcomes = [check.outcome for check in report.checks if check.id == "custody.disclosed"]

    assert Outcome.FAILED in outcomes
    assert failures_of(world.verify(made.path, (tmp_path / "file").read_bytes())) == {}


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("type", "verified", "withheld items: 1; event"),
        ("day", "2020-01-01", "the withheld lines have the digest"),
        ("ground", "no ground", "event 5 is withheld for another ground"),
        ("decided_by", "somebody else", "event 5 is withheld for another ground"),
    ],
)
def test_a_withheld_line_that_was_changed_contradicts_what_the_officer_stated(
    world: World, tmp_path: Path, field: str, value: str, told: str
) -> None:
    log = tmp_path / "bundle/data/custody.jsonl"
    shutil.copytree(world.made.path, tmp_path / "bundle")
    lines = split_lines(log.read_bytes())
    number = next(n for n, line in enumerate(lines, start=1) if b'"captured"' in line and b'"withheld"' in line) - 1
    if field != "type":
        number = 4
    line = canonical.loads(lines[number][:-1])
    assert isinstance(line, dict)
    lines[number] = canonical.dumps({**line, field: value}) + b"\n"
    log.write_bytes(b"".join(lines))

    failed = failures_of(world.verify(tmp_path / "bundle"))
    opened = failures_of(world.verify(tmp_path / "bundle", world.file.read_bytes()))

    assert any(told in found for found in failed["custody.withheld"])
    assert ("custody.disclosed" in opened) == (field in {"type", "day"})
    assert not {"custody.chain", "custody.lines", "custody.signatures"} & failed.keys()


def test_one_withheld_line_too_many_is_found(world: World, tmp_path: Path) -> None:
    """Whoever holds a bundle could otherwise take out what does not suit him, and the chain would still hold."""
    shutil.copytree(world.made.path, tmp_path / "bundle")
    data = tmp_path / "bundle/data"
    stored = tuple(split_lines((data / name).read_bytes()) for name in ("custody.jsonl", "custody.sig"))
    other = canonical.loads(stored[0][4][:-1])
    event = canonical.loads(stored[0][7][:-1])
    assert isinstance(other, dict)
    assert isinstance(event, dict)
    forged = {
        **other,
        "seq": 8,
        "type": event["type"],
        "withheld": str(sha256_bytes(stored[0][7])),
        "signature": str(sha256_bytes(decode_signature(stored[1][7]))),
    }
    stored[0][7], stored[1][7] = canonical.dumps(forged) + b"\n", b"-\n"
    (data / "custody.jsonl").write_bytes(b"".join(stored[0]))
    (data / "custody.sig").write_bytes(b"".join(stored[1]))

    failed = failures_of(world.verify(tmp_path / "bundle"))

    assert "custody.chain" not in failed
    assert any("withheld events: 12" in found for found in failed["custody.withheld"])
    assert "report.root" in failed


def test_signatures_that_were_cut_are_no_exception_to_a_file_of_withheld_events(world: World, tmp_path: Path) -> None:
    shutil.copytree(world.made.path, tmp_path / "bundle")
    (tmp_path / "bundle/data/custody.sig").write_bytes(b"-\n")

    assert "custody.lines" in failures_of(world.verify(tmp_path / "bundle", world.file.read_bytes()))
