"""The browser's verifier holds a log against an anchor list as Python does."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from evidence_kit.case.anchoring import make_anchor
from evidence_kit.case.anchors import read_anchor
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.errors import EvidenceError, TimestampError
from evidence_kit.models import utc_text
from evidence_kit.trust.certificates import load_certificates
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify import verify_path
from evidence_kit.verify.outside import Outside
from tests.support.cases import open_case
from tests.support.people import SetClock, practice_custodian
from tests.support.second import SecondVerifier, differences, running
from tests.support.tsa import OpensslTsa

pytestmark = pytest.mark.network
NAME = "anchor.json"


@dataclass(frozen=True, kw_only=True)
class World:
    """The log of a case as a bundle has it, an anchor list of the vault, and who is trusted."""

    bundle: Path
    lists: Path
    roots: TrustedRoots
    clock: SetClock
    sign: Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def second() -> Iterator[SecondVerifier]:
    with running() as verifier:
        yield verifier


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, tsa: OpensslTsa) -> World:
    folder, clock = tmp_path_factory.mktemp("anchors"), SetClock()
    custodian = practice_custodian(clock)
    case = open_case(folder / "vault" / "case", custodian)
    trusted = load_certificates(tsa.root_pem.read_bytes())
    stamping = Stamping(tsa=(tsa.url,), roots=trusted)
    case.commit(Draft(type=EventType.NOTED, note="Тэмдэглэл"), custodian)
    made = make_anchor([folder / "vault"], folder / "made", custodian=custodian, stamping=stamping)
    clock.forward(60)
    case.commit(Draft(type=EventType.NOTED, note="Тэмдэглэл"), custodian)
    lists, data = folder / "lists", folder / "bundle" / "data"
    lists.mkdir()
    for path in made.path.parent.iterdir():
        shutil.copy(path, lists / path.name.replace(made.path.name, NAME))
    shutil.copytree(case.path, data, ignore=shutil.ignore_patterns(".staging"))
    roots = TrustedRoots(established=trusted, practice=custodian.signer.chain[-1:])
    return World(bundle=data.parent, lists=lists, roots=roots, clock=clock, sign=custodian.sign_file)


def _read(path: Path) -> Outside:
    try:
        return Outside(anchors=(read_anchor(path),))
    except TimestampError as error:
        return Outside(broken=(("anchor.timestamp", path.name, str(error)),))
    except EvidenceError as error:
        return Outside(broken=(("anchor.signature", path.name, str(error)),))


def _apart(second: SecondVerifier, world: World, bundle: Path, lists: Path) -> tuple[list[str], set[str]]:
    """Return in what the verifiers differ, and what ours tells of the list."""
    ours = verify_path(bundle, roots=world.roots, clock=world.clock, outside=_read(lists / NAME))
    theirs = second.verify(bundle, world.roots, world.clock(), anchors=[lists / NAME])
    told = {f"{check.id} {check.outcome}" for check in ours.checks if "anchor" in check.id}
    checks = theirs["checks"]
    assert isinstance(checks, list)
    other = {f"{c['id']} {c['outcome']}" for c in checks if isinstance(c, dict) and "anchor" in str(c["id"])}
    return [*differences(ours, theirs), *sorted(told ^ other)], told


def _sign_again(world: World, lists: Path, old: str, new: str) -> None:
    data = (lists / NAME).read_text(encoding="utf-8").replace(old, new).encode()
    (lists / NAME).write_bytes(data)
    (lists / f"{NAME}.p7s").write_bytes(world.sign(data))
    (lists / f"{NAME}.tsr").unlink()


def _cut(bundle: Path, count: int) -> None:
    for name in ("custody.jsonl", "custody.sig"):
        lines = (bundle / "data" / name).read_bytes().splitlines(keepends=True)
        (bundle / "data" / name).write_bytes(b"".join(lines[:-count]))


def _flip(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])


PASSED, FAILED, OPEN = "custody.anchor passed", "custody.anchor failed", "custody.anchor not-checked"
CHANGES: dict[str, tuple[str, Callable[[World, Path, Path], object]]] = {
    "honest": (PASSED, lambda _world, _bundle, _lists: None),
    "the last event gone": (PASSED, lambda _world, bundle, _lists: _cut(bundle, 1)),
    "an anchored event gone": (FAILED, lambda _world, bundle, _lists: _cut(bundle, 2)),
    "a list that was changed": ("anchor.signature failed", lambda _world, _bundle, lists: _flip(lists / NAME)),
    "no signature": ("anchor.signature failed", lambda _world, _bundle, lists: (lists / f"{NAME}.p7s").unlink()),
    "no time stamp": ("anchor.timestamp not-checked", lambda _world, _bundle, lists: (lists / f"{NAME}.tsr").unlink()),
    "a broken time stamp": ("anchor.timestamp failed", lambda _world, _bundle, lists: _flip(lists / f"{NAME}.tsr")),
    "another case": (OPEN, lambda world, _bundle, lists: _sign_again(world, lists, "2026-001", "2026-002")),
    "another number": (FAILED, lambda world, _bundle, lists: _sign_again(world, lists, '"events": 2', '"events": 1')),
    "later events": (FAILED, lambda world, _bundle, lists: _sign_again(world, lists, '"events": 2', '"events": 9')),
    "no count": (
        "anchor.signature failed",
        lambda world, _b, lists: _sign_again(world, lists, '"events": 2', '"e": 2'),
    ),
    "a count below 0": (
        "anchor.signature failed",
        lambda world, _bundle, lists: _sign_again(world, lists, '"unreadable": 0', '"unreadable": -1'),
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_log_is_held_against_an_anchor_list_alike(
    second: SecondVerifier, world: World, tmp_path: Path, what: str
) -> None:
    bundle, lists = tmp_path / "bundle", tmp_path / "lists"
    shutil.copytree(world.bundle, bundle)
    shutil.copytree(world.lists, lists)
    wanted, change = CHANGES[what]
    change(world, bundle, lists)

    apart, told = _apart(second, world, bundle, lists)

    assert apart == []
    assert wanted in told


def test_a_list_made_after_the_bundle_is_held_against_nothing_alike(
    second: SecondVerifier, world: World, tmp_path: Path
) -> None:
    lists = tmp_path / "lists"
    shutil.copytree(world.lists, lists)
    made = json.loads((lists / NAME).read_bytes())["made"]
    later = utc_text(world.clock() + timedelta(days=1))
    _sign_again(world, lists, made, later)
    (lists / f"{NAME}.tsr").touch()
    _sign_again(world, lists, '"events": 2', '"events": 9')

    apart, told = _apart(second, world, world.bundle, lists)

    assert apart == []
    assert OPEN in told
