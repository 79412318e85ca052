"""A capture that is killed at any moment leaves a valid case, and what it had recorded can be completed later."""

import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evidence_kit.archive.wacz_reader import check_wacz
from evidence_kit.capture.take import complete_interrupted
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import INTERRUPTED, attempts, read_item
from evidence_kit.case.stamping import Stamping
from evidence_kit.models import Outcome, RecorderKind, Status
from evidence_kit.practice import PracticeServer
from evidence_kit.verify.path import verify_path
from tests.support.cases import open_case
from tests.support.people import keep_key, practice_custodian, roots_of
from tests.support.whole_way import the_browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(sys.platform == "win32", reason="NOT TESTED: kills with SIGKILL"),
]

_CAPTURE = """
import sys
from pathlib import Path
from evidence_kit.browser.find import Browser
from evidence_kit.capture.result import CaptureOptions
from evidence_kit.capture.take import take_page
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.stamping import Stamping
from evidence_kit.models import RecorderKind
from tests.support.people import custodian_from
take_page(CaseFolder.open(Path(sys.argv[2])), sys.argv[3], custodian=custodian_from(Path(sys.argv[5])),
          browser=Browser(path=Path(sys.argv[1]), kind="chromium"), stamping=Stamping(),
          options=CaptureOptions(timeout=20, recorder=RecorderKind(sys.argv[4])),
          on_step=lambda step: print(step, flush=True))
"""
STEPS = (
    "recording the start",
    "starting the browser",
    "opening",
    "freezing",
    "scrolling",
    "taking DOM",
    "reading what",
    "writing the archive",
    "sealing the item",
)
DAILY = ("recording the start", "opening", "writing the archive", "sealing the item")
"""Before it began, when it had, and when its end is written; the test below kills one in the middle."""


@pytest.fixture(scope="module")
def network() -> Iterator[PracticeServer]:
    with PracticeServer() as server:
        yield server


def killed(case: Path, url: str, recorder: RecorderKind, at: str, project: Path) -> None:
    """Capture *url* into *case*, signing with ``key.p12`` beside it, and kill the program at the step *at*."""
    key = case.parent / "key.p12"
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            _CAPTURE,
            str(the_browser().path),
            str(case),
            url,
            str(recorder),
            str(key),
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=project,
    )
    with process:
        assert process.stdout is not None
        assert any(line.startswith(at) for line in process.stdout), at
        process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("at", [at if at in DAILY else pytest.param(at, marks=pytest.mark.slow) for at in STEPS])
def test_a_capture_killed_at_any_step_leaves_a_valid_case_and_is_completed(
    network: PracticeServer, tmp_path: Path, project: Path, at: str
) -> None:
    officer = practice_custodian()
    keep_key(officer, tmp_path / "key.p12")
    case = open_case(tmp_path / "хэрэг", officer)
    roots = roots_of(officer.signer)
    killed(case.path, f"{network.url}/posts/1001", RecorderKind.WIRE, at, project)

    before = verify_path(case.path, roots=roots, clock=officer.clock)
    completed = list(complete_interrupted(CaseFolder.open(case.path), officer, Stamping()))
    again = list(complete_interrupted(CaseFolder.open(case.path), officer, Stamping()))

    # Before it began there is nothing of it; from then on its start stands for ever.
    tried = attempts(CaseFolder.open(case.path).log().full_events())
    assert before.verdict in {"verified", "unchanged"}
    assert verify_path(case.path, roots=roots, clock=officer.clock).verdict == before.verdict
    assert again == []
    assert len(completed) <= len(tried) <= 1
    if STEPS.index(at) >= STEPS.index("opening"):
        (item,) = completed
        assert item.status is Status.INCOMPLETE
        problems = read_item(case, item.id)["problems"]
        assert isinstance(problems, list)
        assert INTERRUPTED in {problem["code"] for problem in problems if isinstance(problem, dict)}
    assert [path.name for path in case.staging.iterdir() if path.is_dir()] in ([], ["EV-0001"])


@pytest.mark.parametrize("recorder", [RecorderKind.WIRE, RecorderKind.BROWSER], ids=str)
def test_what_had_passed_before_the_kill_is_in_the_archive(
    network: PracticeServer, tmp_path: Path, project: Path, oracle: Callable[[str], Path], recorder: RecorderKind
) -> None:
    officer = practice_custodian()
    keep_key(officer, tmp_path / "key.p12")
    case = open_case(tmp_path / "case", officer)
    killed(case.path, f"{network.url}/posts/1001", recorder, "taking DOM", project)

    (item,) = complete_interrupted(CaseFolder.open(case.path), officer, Stamping())

    folder = case.path / "items" / item.id
    wacz = folder / "capture.wacz"
    with wacz.open("rb") as stream:
        assert {finding.outcome for finding in check_wacz(stream, ours=True).findings} == {Outcome.PASSED}
    with zipfile.ZipFile(wacz) as archive:
        archive.extractall(tmp_path / "inside")
    warc = tmp_path / "inside" / "archive" / "data.warc.gz"
    subprocess.run([oracle("warcio"), "check", warc], check=True, capture_output=True)
    assert "Зохиомлын Тулга" in (folder / "first" / "text.txt").read_text(encoding="utf-8")
    ledger = (folder / "ledger.jsonl").read_text(encoding="utf-8")
    assert ledger.count('"outcome":"recorded"') >= 10
    assert (folder / "connections.jsonl").exists() == (recorder is RecorderKind.WIRE)
