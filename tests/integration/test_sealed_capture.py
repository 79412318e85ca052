"""A page that is sealed as it is captured lies nowhere in plain, however the capture ends, and is checked."""

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from evidence_kit.bundle.report_model import Language
from evidence_kit.capture.result import CaptureOptions
from evidence_kit.capture.sealing import Sealing
from evidence_kit.capture.take import complete_interrupted, take_page
from evidence_kit.case import sealed
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import ItemRecord, attempts
from evidence_kit.case.memory import memory
from evidence_kit.case.sealed import read_particulars
from evidence_kit.case.stamping import Stamping
from evidence_kit.case.taking import TakenItem
from evidence_kit.case.workplace import Workplace
from evidence_kit.custody.custodian import Custodian
from evidence_kit.errors import CaseError
from evidence_kit.models import Digest, OnStep, RecorderKind, Status, Verdict, VerificationReport, ignore
from evidence_kit.practice import PracticeServer
from evidence_kit.trust.age import Identity, encrypt, open_age
from evidence_kit.verify import verify_path
from tests.support import second
from tests.support.capture_site import RawSite, page, reply
from tests.support.people import keep_key, practice_custodian, roots_of
from tests.support.sealing import holding, open_sealing_case
from tests.support.tsa import OpensslTsa
from tests.support.whole_way import WholeWay, the_browser

IN_MEMORY = memory({})

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(IN_MEMORY is None, reason="NOT TESTED: this system has no place in memory for files"),
]
PAGE = "/posts/1001"
PICTURES = {"screenshot.png", "window.png", "page.mhtml", "first/screenshot.png", "first/window.png"}


@dataclass(frozen=True, kw_only=True)
class Room:
    """A case that seals, and where everything else of this machine's is laid meanwhile."""

    case: CaseFolder
    custodian: Custodian
    identities: list[Identity]
    url: str
    around: Path
    """Holds the case, the temporary files and the home folder."""
    memory: Path

    def seal(
        self,
        url: str = "",
        *,
        on_step: OnStep = ignore,
        stamping: Stamping | None = None,
        timeout: float = 20,
        sealing: Sealing | None = None,
    ) -> TakenItem:
        """Capture the page sealed."""
        recipients = tuple(identity.recipient for identity in self.identities)
        return take_page(
            self.case,
            url or self.url,
            custodian=self.custodian,
            browser=the_browser(),
            options=CaptureOptions(timeout=timeout, recorder=RecorderKind.WIRE),
            stamping=stamping or Stamping(),
            on_step=on_step,
            sealing=sealing or Sealing(recipients=recipients, memory=self.memory),
        )

    def secrets(self) -> tuple[bytes, ...]:
        """Return what tells of the page: where it is, and what stands in it."""
        return PAGE.encode(), self.url.split("/")[2].encode(), b"<html", b"text/html"

    def verified(self, path: Path, *identities: Identity) -> VerificationReport:
        """Check *path*."""
        roots = roots_of(self.custodian.signer)
        return verify_path(path, roots=roots, clock=self.custodian.clock, identities=identities)


@pytest.fixture(scope="module")
def network() -> Iterator[PracticeServer]:
    with PracticeServer() as server:
        yield server


@pytest.fixture
def room(network: PracticeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    assert IN_MEMORY is not None
    custodian, identities = practice_custodian(), [Identity.new(), Identity.new()]
    around = tmp_path / "around"
    for name in ("home", "temporary"):
        (around / name).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(around / "home"))
    monkeypatch.setenv("TMPDIR", str(around / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", str(around / "temporary"))
    with tempfile.TemporaryDirectory(prefix="test-", dir=IN_MEMORY) as place:
        yield Room(
            case=open_sealing_case(around / "case", custodian, identities),
            custodian=custodian,
            identities=identities,
            url=f"{network.url}{PAGE}",
            around=around,
            memory=Path(place),
        )


def opened(case: CaseFolder, item: str, identity: Identity, target: Path) -> Path:
    """Lay what is sealed in *item* into *target*, under the names that it had."""
    folder = case.path / "items" / item
    for file in json.loads((folder / "sealed.json").read_bytes())["files"]:
        told = read_particulars(decrypted(folder / sealed.particulars_path(file["path"]), identity))
        (target / told.name).parent.mkdir(parents=True, exist_ok=True)
        (target / told.name).write_bytes(decrypted(folder / file["path"], identity))
    return target


def decrypted(path: Path, identity: Identity) -> bytes:
    reader = open_age(path.open("rb"), [identity])
    assert reader is not None
    with reader:
        return reader.readall() or b""


def outcomes(report: VerificationReport, id_: str) -> list[str]:
    return [str(check.outcome) for check in report.checks if check.id == id_]


def test_nothing_of_the_page_lies_on_a_disk_while_it_is_captured_and_afterwards(room: Room) -> None:
    seen: list[list[Path]] = []
    told: list[str] = []

    def look(step: str) -> None:
        told.append(step)
        seen.append(holding(room.around, *room.secrets()))

    item = room.seal(on_step=look)

    assert item.status is Status.COMPLETE
    assert seen
    assert not any(seen)
    assert not any(PAGE in step for step in told)
    assert holding(room.around, *room.secrets()) == []
    assert list(room.memory.iterdir()) == []
    kept = {path.name for path in (room.case.path / "items/EV-0001").iterdir()}
    assert kept == {"item.json", "manifest-sha256.txt", "sealed", "sealed.json"}
    assert [path for path in room.case.staging.iterdir() if path.is_dir()] == []


def test_the_beginning_of_a_download_is_not_laid_among_the_downloads_of_the_user(room: Room) -> None:
    """Chromium writes what has come into a file there before it hears that downloads are refused."""
    downloads = room.around / "home/Downloads"
    downloads.mkdir()
    os.utime(downloads, (0, 0))
    wanting = page("<a href=/file download></a>", "document.querySelector('a').click()")

    with RawSite({"/": wanting, "/file": reply("content" * 1000, "application/octet-stream")}) as site:
        room.seal(f"{site.url}/")

    assert downloads.stat().st_mtime == 0
    assert list(downloads.iterdir()) == []


def test_the_system_is_not_to_write_the_memory_of_what_crashes_into_a_file(room: Room) -> None:
    soft, most = resource.getrlimit(resource.RLIMIT_CORE)
    meanwhile: list[int] = []

    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    try:
        room.seal(on_step=lambda _: meanwhile.append(resource.getrlimit(resource.RLIMIT_CORE)[0]))
        after = resource.getrlimit(resource.RLIMIT_CORE)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, most))

    assert (meanwhile[0], {*meanwhile[1:]}, after) == (most, {0}, (most, most))


def test_what_tells_the_address_of_one_page_tells_nothing_of_that_of_another(room: Room) -> None:
    sealing = Sealing(recipients=tuple(identity.recipient for identity in room.identities), memory=room.memory)
    for path in (PAGE, "/outcomes/404"):
        room.seal(room.url.replace(PAGE, path), sealing=sealing)

    salts = {
        json.loads(decrypted(room.case.path / "items" / item / sealed.CIRCUMSTANCES, room.identities[0]))[
            "address_salt"
        ]
        for item in ("EV-0001", "EV-0002")
    }

    assert len(salts) == 2
    assert [check for check in room.verified(room.case.path).checks if check.outcome == "failed"] == []


def test_what_is_sealed_is_the_whole_item_without_any_picture(room: Room, tmp_path: Path) -> None:
    room.seal()
    whole = opened(room.case, "EV-0001", room.identities[1], tmp_path / "opened")

    names = {path.relative_to(whole).as_posix() for path in whole.rglob("*") if path.is_file()}
    record = json.loads((whole / "item.json").read_bytes())

    assert names & PICTURES == set()
    assert not [name for name in names if name.endswith((".png", ".mhtml"))]
    assert names >= {"capture.wacz", "dom.html", "item.json", "ledger.jsonl", "manifest-sha256.txt", "page.json"}
    assert (record["url"], record["status"], record["problems"]) == (room.url, "complete", [])
    assert [check for check in room.verified(whole).checks if check.outcome == "failed"] == []


def test_both_verifiers_check_it_and_a_key_opens_it(room: Room, tmp_path: Path) -> None:
    with OpensslTsa() as authority:
        (room.case.path / "trust").mkdir(exist_ok=True)
        room.seal(stamping=Stamping(tsa=(authority.url,)))
    lone = tmp_path / "EV-0001"
    shutil.copytree(room.case.path / "items/EV-0001", lone)

    whole, opened_whole = room.verified(room.case.path), room.verified(room.case.path, room.identities[0])
    report = room.verified(lone)
    with second.running() as other:
        theirs = other.verify(lone, roots_of(room.custodian.signer), room.custodian.clock())

    assert second.differences(report, theirs) == []
    assert outcomes(report, "item.sealed") == ["passed"]
    assert [check for check in whole.checks if check.outcome == "failed"] == []
    assert outcomes(whole, "item.bracket") == ["passed"]
    assert outcomes(whole, "item.plaintext") == ["not-checked"]
    assert outcomes(opened_whole, "item.plaintext") == ["passed"]


def other_address_in_the_record(record: ItemRecord, _folder: Path, _room: Room) -> ItemRecord:
    record.detail["address_commitment"] = str(Digest(bytes(32)))
    return record


def other_address_told(record: ItemRecord, folder: Path, room: Room) -> ItemRecord:
    told = json.loads(decrypted(folder / sealed.CIRCUMSTANCES, room.identities[0]))
    told["address"] = "https://other.example.mn/"
    recipients = [identity.recipient for identity in room.identities]
    (folder / sealed.CIRCUMSTANCES).write_bytes(encrypt(json.dumps(told).encode(), recipients))
    return record


@pytest.mark.parametrize(
    ("forge", "failing"),
    [(other_address_in_the_record, {"custody.items", "item.plaintext"}), (other_address_told, {"item.plaintext"})],
)
def test_an_address_that_the_start_did_not_commit_to_is_found(
    room: Room, monkeypatch: pytest.MonkeyPatch, forge: object, failing: set[str]
) -> None:
    honest = Sealing.seal

    def forged(self: Sealing, record: ItemRecord, work: Workplace, place: Workplace, *, on_step: OnStep) -> ItemRecord:
        assert callable(forge)
        return forge(honest(self, record, work, place, on_step=on_step), place.folder, room)  # type: ignore[no-any-return]

    monkeypatch.setattr(Sealing, "seal", forged)
    room.seal()

    report = room.verified(room.case.path, room.identities[0])

    assert {check.id for check in report.checks if check.outcome == "failed"} == failing


def test_a_bundle_tells_that_it_was_captured_sealed_and_both_verifiers_agree(
    room: Room, tmp_path: Path, oracle: Callable[[str], Path]
) -> None:
    room.seal()
    roots, bundle = roots_of(room.custodian.signer), tmp_path / "bundle"
    whole = WholeWay(case=room.case, custodian=room.custodian, roots=roots, stamping=Stamping())

    whole.bundle(bundle, language=Language.ENGLISH)

    report = room.verified(bundle)
    with second.running() as other:
        theirs = other.verify(bundle, roots, room.custodian.clock())
    run = [str(oracle("pdftotext")), str(bundle / "data/report.pdf"), "-"]
    text = " ".join(subprocess.run(run, capture_output=True, check=True).stdout.decode().split())
    assert report.verdict is Verdict.VERIFIED
    assert second.differences(report, theirs) == []
    assert "a page that was sealed as it was captured" in text
    assert PAGE not in text
    assert holding(bundle, PAGE.encode(), room.url.encode()) == []


def test_a_page_that_cannot_be_had_is_a_sealed_failure_that_names_nothing(room: Room) -> None:
    item = room.seal(f"http://127.0.0.1:9{PAGE}")

    record = (room.case.path / "items/EV-0001/item.json").read_bytes()
    assert item.status is Status.FAILED
    assert b'"code": "page.' in record
    assert holding(room.around, PAGE.encode(), b"127.0.0.1") == []
    assert [check for check in room.verified(room.case.path).checks if check.outcome == "failed"] == []


def test_too_little_memory_is_refused_before_anything_is_begun(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    used = shutil.disk_usage(room.memory)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: used._replace(free=1_000_000))

    with pytest.raises(CaseError, match="too little memory"):
        room.seal()

    assert attempts(room.case.log().full_events()) == []


def test_where_room_runs_out_the_command_says_so_and_nothing_is_kept(room: Room) -> None:
    def full(step: str) -> None:
        if step.startswith("sealing files 3"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(CaseError, match="nothing of it was kept: No space left"):
        room.seal(on_step=full)

    assert list(room.memory.iterdir()) == []
    assert holding(room.around, *room.secrets()) == []
    assert [attempt.outcome for attempt in attempts(room.case.log().full_events())] == ["abandoned"]
    assert room.verified(room.case.path).verdict in {"verified", "unchanged"}


_CAPTURE = """
import sys
from pathlib import Path
from evidence_kit.browser.find import Browser
from evidence_kit.capture.result import CaptureOptions
from evidence_kit.capture.sealing import Sealing
from evidence_kit.capture.take import take_page
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.sealing import want_recipients
from evidence_kit.case.stamping import Stamping
from tests.support.people import custodian_from
case = CaseFolder.open(Path(sys.argv[2]))
take_page(case, sys.argv[3], custodian=custodian_from(Path(sys.argv[4])),
          browser=Browser(path=Path(sys.argv[1]), kind="chromium"), stamping=Stamping(),
          options=CaptureOptions(timeout=20),
          sealing=Sealing(recipients=want_recipients(case), memory=Path(sys.argv[5])),
          on_step=lambda step: print(step, flush=True))
"""
_PATIENCE = 30.0


@pytest.mark.parametrize(
    ("at", "by"),
    [
        ("opening", signal.SIGTERM),
        ("reading what", signal.SIGKILL),
        ("reading what", signal.SIGINT),
        ("sealing files 3", signal.SIGKILL),
    ],
    ids=str,
)
def test_an_interrupted_one_leaves_nothing_anywhere_and_is_abandoned(
    room: Room, project: Path, at: str, by: signal.Signals
) -> None:
    key = keep_key(room.custodian, room.around / "key.p12")
    command = [sys.executable, "-c", _CAPTURE, str(the_browser().path), str(room.case.path), room.url, str(key)]
    with subprocess.Popen(
        [*command, str(room.memory)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=project
    ) as process:
        assert process.stdout is not None
        assert any(line.startswith(at) for line in process.stdout), at
        process.send_signal(by)
        process.stdout.read()
    left = _left(room.memory)
    completed = list(complete_interrupted(room.case, room.custodian, Stamping()))

    (attempt,) = attempts(CaseFolder.open(room.case.path).log().full_events())
    assert left == []
    assert holding(room.around, *room.secrets()) == []
    assert completed == []
    assert (attempt.outcome, attempt.sealed) == ("abandoned", True)
    assert room.verified(room.case.path).verdict in {"verified", "unchanged"}


def _left(place: Path) -> list[str]:
    """Return what lies in *place* once who outlives a killed capture has removed it, or has had time to."""
    end = time.monotonic() + _PATIENCE
    while any(place.iterdir()) and time.monotonic() < end:
        time.sleep(0.05)
    return [path.name for path in place.iterdir()]
