"""Programs are killed at random moments: the case verifies afterwards, and nothing that was committed is missing.

Two hundred kills in one go: ``pytest -m slow tests/integration/test_crash.py``.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from evidence_kit.case.anchors import read_anchor
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import ENDS
from evidence_kit.custody.recipients import Named, Use, adding
from evidence_kit.errors import FormatError
from evidence_kit.intake.sealing import complete_interrupted as complete_sealings
from evidence_kit.intake.taking import complete_interrupted
from evidence_kit.models import Check, Outcome
from evidence_kit.practice import PracticeServer
from evidence_kit.trust.age import Identity
from evidence_kit.verify import verify_path
from tests.support.cases import commit_small_item, open_case
from tests.support.people import OFFICER, keep_key, practice_custodian, roots_of
from tests.support.sealing import NAME, holding
from tests.support.supplies import hand_over
from tests.support.whole_way import the_browser

pytestmark = pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: kills with SIGKILL")

_BEGIN = """
import sys
from pathlib import Path
from evidence_kit.case.folder import CaseFolder
from tests.support.people import custodian_from
case, custodian = CaseFolder.open(Path(sys.argv[1])), custodian_from(Path(sys.argv[2]))
"""
COMMITS = f"""{_BEGIN}
from tests.support.cases import commit_small_item
print("begun", flush=True)
while True:
    print(commit_small_item(case, custodian), flush=True)
"""
BUNDLES = f"""{_BEGIN}
from evidence_kit.bundle.make import BundleOptions, make_bundle
from evidence_kit.bundle.report_model import Language
from evidence_kit.case.stamping import Stamping
from evidence_kit.trust.judging import TrustedRoots
print("begun", flush=True)
number = 0
while True:
    number += 1
    output = case.path.parent / f"bundle-{{sys.argv[3]}}-{{number}}"
    make_bundle(case, output, custodian=custodian, options=BundleOptions(language=Language.ENGLISH),
                stamping=Stamping(), trusted=TrustedRoots())
    print(output, flush=True)
"""
CUSTODY = f"""{_BEGIN}
import random
from evidence_kit.bundle.issuing import issue_receipt
from evidence_kit.case.anchoring import make_anchor
from evidence_kit.case.hand_over import accept, release
from evidence_kit.case.key_book import register_key, revoke_key
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.transfers import Party
from evidence_kit.trust.digests import sha256_bytes
from tests.support.people import practice_custodian
colleague = custodian_from(Path(sys.argv[5]))
both, item, out, number = (custodian, colleague), sys.argv[4], case.path.parent / "out", int(sys.argv[3])
digests = [sha256_bytes(one.signer.certificate.der) for one in both]
chance = random.Random(number)

def said(*committed):
    for one in committed:
        print(f"{{one.seq}}={{one.head}}", flush=True)

def hand_over():
    holds = [case.log().transfers.holds(item, digest) for digest in digests].index(True)
    to = both[1 - holds]
    said(*release(case, [item], Party(name="B", certificate=digests[1 - holds]), both[holds],
                  certificate=to.signer.certificate))
    take()

def take():
    for given in case.log().transfers.open():
        to = both[1 - digests.index(given.released.certificate)]
        said(*(answer.committed for answer in accept(case, [given], to)))

def keys():
    other = practice_custodian().signer.certificate
    said(register_key(case, other, custodian, after=case.log().head))
    said(*revoke_key(case, sha256_bytes(other.der), custodian, log=case.log(), reason="lost", lost=custodian.clock()))

def receipt():
    output = out / f"{{number}}-{{len(case.log().events)}}.pdf" if chance.random() < 0.2 else None
    issue_receipt(case, item, custodian=custodian, stamping=Stamping(), output=output)

def anchor():
    custodian.clock.forward(1)
    make_anchor([case.path.parent], out, custodian=custodian, stamping=Stamping())

print("begun", flush=True)
custodian.clock.forward(number)
take()
while True:
    chance.choice([hand_over, hand_over, keys, receipt, anchor])()
"""
CAPTURES = f"""{_BEGIN}
from evidence_kit.browser.find import Browser
from evidence_kit.capture.result import CaptureOptions
from evidence_kit.capture.take import take_page
from evidence_kit.case.stamping import Stamping
browser = Browser(path=Path(sys.argv[4]), kind="chromium")
print("begun", flush=True)
while True:
    taken = take_page(case, sys.argv[5], custodian=custodian, browser=browser, stamping=Stamping(),
                      options=CaptureOptions(timeout=20))
    print(taken.id, flush=True)
"""
IMPORTS = f"""{_BEGIN}
from tests.support.supplies import take
print("begun", flush=True)
while True:
    print(take(case, custodian, Path(sys.argv[3])).id, flush=True)
"""

SEALINGS = f"""{_BEGIN}
from tests.support.sealing import seal
print("begun", flush=True)
while True:
    print(seal(case, custodian, Path(sys.argv[3])).id, flush=True)
"""


def killed(project: Path, program: str, *arguments: object, after: float) -> list[str]:
    """Run *program* and kill it *after* so many seconds of work; return what it said was done."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        return process.stdout.read().split()


@dataclass(frozen=True, kw_only=True)
class Attacked:
    """A case, its officer, and his key for other processes."""

    case: CaseFolder
    custodian: Custodian
    key: Path

    @classmethod
    def at(cls, folder: Path) -> "Attacked":
        """Open a case at *folder*."""
        custodian = practice_custodian()
        key = keep_key(custodian, folder.parent / "key.p12")
        return cls(case=open_case(folder, custodian), custodian=custodian, key=key)

    def failed(self, path: Path) -> list[Check]:
        """Return what fails for *path*."""
        report = verify_path(path, roots=roots_of(self.custodian.signer), clock=self.custodian.clock)
        return [check for check in report.checks if check.outcome is Outcome.FAILED]

    def sound(self, done: list[str]) -> None:
        """See that the case holds together before and after the next command, and that it has the items *done*."""
        assert self.failed(self.case.path) == []
        self.case.repair()
        assert self.failed(self.case.path) == []
        captured = [event.item for event in self.case.log().full_events() if event.type in ENDS]
        assert len(captured) == len(set(captured))
        assert set(done) <= set(captured)
        assert {path.name for path in (self.case.path / "items").iterdir()} == set(captured)


def crash_commits(folder: Path, project: Path, times: int, seed: int = 0) -> None:
    it, chance, done = Attacked.at(folder), random.Random(seed), list[str]()  # noqa: S311
    for _ in range(times):
        done += killed(project, COMMITS, it.case.path, it.key, after=chance.uniform(0.0, 0.15))
        it.sound(done)


def crash_custody(folder: Path, project: Path, times: int, seed: int = 0) -> None:
    """Kill hand-overs, keys let in and revoked, receipts and anchor lists."""
    it, chance, said = Attacked.at(folder), random.Random(seed), dict[int, str]()  # noqa: S311
    other = practice_custodian(officer=replace(OFFICER, name="Зохиомол Болор", id="0002"))
    item, colleague = commit_small_item(it.case, it.custodian), keep_key(other, folder.parent / "other.p12")
    (folder.parent / "out").mkdir()
    for number in range(times):
        arguments = (it.case.path, it.key, 10_000 * seed + number, item, colleague)
        said |= dict(_numbered(killed(project, CUSTODY, *arguments, after=chance.uniform(0.0, 0.7))))
        it.sound([item])
        links = it.case.log().links
        assert {seq: str(links[seq]) for seq in said} == said
        for anchor in (folder.parent / "out").glob("anchor-*.json"):
            listed = read_anchor(anchor).list.of_case(it.case.info.number)
            assert [str(links[case.events]) for case in listed] == [str(case.head) for case in listed]


def _numbered(words: list[str]) -> Iterator[tuple[int, str]]:
    """Yield number and head of the events that a program said were committed; the last word may be torn."""
    for word in words:
        seq, _, head = word.partition("=")
        if len(head) == len(f"sha256:{64 * '0'}"):
            yield int(seq), head


def crash_bundles(folder: Path, project: Path, times: int, seed: int = 0) -> None:
    it, chance = Attacked.at(folder), random.Random(seed)  # noqa: S311
    item = commit_small_item(it.case, it.custodian)
    for number in range(times):
        made = killed(project, BUNDLES, it.case.path, it.key, number, after=chance.uniform(0.0, 2.5))
        it.sound([item])
        bundles = set(folder.parent.glob("bundle-*"))
        assert [check for path in bundles for check in it.failed(path)] == []
        assert {Path(name) for name in made} <= bundles


def crash_captures(folder: Path, project: Path, times: int, seed: int = 0) -> None:
    it, chance, done = Attacked.at(folder), random.Random(seed), list[str]()  # noqa: S311
    with PracticeServer() as server:
        place = (the_browser().path, f"{server.url}/posts/1001")
        for number in range(times):
            done += killed(project, CAPTURES, it.case.path, it.key, number, *place, after=chance.uniform(0.0, 12.0))
            it.sound(done)


def crash_imports(folder: Path, project: Path, times: int, seed: int = 0) -> None:
    """Kill imports of one folder, each of which goes on with the one before; what is left at last is completed."""
    it, chance, done = Attacked.at(folder), random.Random(seed), list[str]()  # noqa: S311
    phone = hand_over(folder.parent / "phone", {f"{number}.jpg": chance.randbytes(200_000) for number in range(12)})
    for _ in range(times):
        done += killed(project, IMPORTS, it.case.path, it.key, phone, after=chance.uniform(0.0, 2.5))
        it.sound(done)
    done += [item.id for item in complete_interrupted(it.case, it.custodian, Stamping(), on_damage=_refuse)]
    it.sound(done)
    # Who is killed before the lock is there has written nothing yet.
    assert [path for path in it.case.staging.glob("EV-*") if any(path.iterdir())] == []


def crash_sealings(folder: Path, project: Path, times: int, seed: int = 0) -> None:
    """Kill sealings of one folder; each that had sealed a file is completed, and nothing of it ever lies in plain."""
    it, chance, done = Attacked.at(folder), random.Random(seed), list[str]()  # noqa: S311
    for _ in range(2):
        it.case.commit(adding(Named(recipient=Identity.new().recipient, use=Use.SEAL)), it.custodian)
    mark = chance.randbytes(24)
    phone = hand_over(folder.parent / "phone", {f"{NAME}-{number}": mark * 20_000 for number in range(12)})
    for _ in range(times):
        done += killed(project, SEALINGS, it.case.path, it.key, phone, after=chance.uniform(0.0, 2.0))
        it.sound(done)
        assert holding(it.case.path, mark, NAME.encode()) == []
        done += [item.id for item in complete_sealings(it.case, it.custodian, Stamping(), on_damage=_refuse)]
        it.sound(done)
    assert [path for path in it.case.staging.glob("EV-*") if any(path.iterdir())] == []


def _refuse(_item: str, error: FormatError) -> None:
    raise error


def test_commits_killed_at_random_moments_lose_nothing(tmp_path: Path, project: Path) -> None:
    crash_commits(tmp_path / "хэрэг", project, 3)


def test_custody_commands_killed_at_random_moments_lose_nothing(tmp_path: Path, project: Path) -> None:
    crash_custody(tmp_path / "хэрэг", project, 2)


def test_a_bundle_killed_at_a_random_moment_loses_nothing(tmp_path: Path, project: Path) -> None:
    crash_bundles(tmp_path / "хэрэг", project, 1)


def test_imports_killed_at_random_moments_lose_nothing(tmp_path: Path, project: Path) -> None:
    crash_imports(tmp_path / "хэрэг", project, 2)


def test_sealings_killed_at_random_moments_lose_nothing(tmp_path: Path, project: Path) -> None:
    crash_sealings(tmp_path / "хэрэг", project, 2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_sealings_killed_forty_times_lose_nothing(tmp_path: Path, project: Path, seed: int) -> None:
    crash_sealings(tmp_path / "хэрэг", project, 10, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_imports_killed_forty_times_lose_nothing(tmp_path: Path, project: Path, seed: int) -> None:
    crash_imports(tmp_path / "хэрэг", project, 10, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(7))
def test_commits_killed_seventy_times_lose_nothing(tmp_path: Path, project: Path, seed: int) -> None:
    crash_commits(tmp_path / "хэрэг", project, 10, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_custody_commands_killed_eighty_times_lose_nothing(tmp_path: Path, project: Path, seed: int) -> None:
    crash_custody(tmp_path / "хэрэг", project, 10, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_bundles_killed_twenty_times_lose_nothing(tmp_path: Path, project: Path, seed: int) -> None:
    crash_bundles(tmp_path / "хэрэг", project, 5, seed)


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("seed", range(6))
def test_captures_killed_thirty_times_lose_nothing(tmp_path: Path, project: Path, seed: int) -> None:
    crash_captures(tmp_path / "хэрэг", project, 5, seed)
