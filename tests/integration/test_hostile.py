"""A hostile page ends within its time and size, and the ledger says what happened.

The time of a capture is `CaptureOptions.timeout` for the page, an allowance for starting and ending the browser and for
what is under way, and then reading and writing, which take as long as what was recorded is large.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from evidence_kit.capture import CaptureOptions, PageCapture
from evidence_kit.capture.result import Budgets
from evidence_kit.models import RecorderKind, Status
from tests.fidelity.certificates import ServerAuthority
from tests.support.capture_site import read_ledger
from tests.support.captures import capture, codes
from tests.support.hostile_http2 import FLOODS as FRAMES
from tests.support.hostile_http2 import hostile_http2, rubbish_below_tls
from tests.support.hostile_site import FLOODS, HEADS, SCRIPTS, HostileSite

pytestmark = [pytest.mark.browser, pytest.mark.network]

WIRE, BROWSER = RecorderKind.WIRE, RecorderKind.BROWSER
TIMEOUT = 4.0
MOST_BYTES = 8_000_000
ALLOWANCE = 40.0
"""Seconds: 30 are what a browser may take to start at most, on a machine that does other things too."""
READING = "reading what was recorded"
BOUNDS = Budgets(requests=300, targets=60, told=6_000_000)


@pytest.fixture(scope="module")
def site() -> Iterator[HostileSite]:
    with HostileSite() as running:
        yield running


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A capture and what it took."""

    result: PageCapture
    ledger: list[dict[str, object]]
    seconds: float
    """Until nothing passed any more."""
    kept: int
    """Bytes of the item."""


def run(url: str, folder: Path, recorder: RecorderKind, budgets: Budgets = BOUNDS) -> Outcome:
    began, times = time.monotonic(), {}

    def note(step: str) -> None:
        times[step] = time.monotonic()

    options = CaptureOptions(recorder=recorder, timeout=TIMEOUT, max_bytes=MOST_BYTES, insecure=True, budgets=budgets)
    result = capture(url, folder, options, note)
    kept = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Outcome(result=result, ledger=read_ledger(folder), seconds=times[READING] - began, kept=kept)


def check(outcome: Outcome) -> None:
    """Check what must hold whatever a page does."""
    result, ledger = outcome.result, outcome.ledger
    assert outcome.seconds < TIMEOUT + ALLOWANCE
    assert result.status is Status.COMPLETE or result.problems
    assert len(ledger) == result.page["counts"]["requests"]  # type: ignore[index, call-overload]
    assert all(
        line["outcome"] in {"recorded", "served-from-cache", "served-from-service-worker"} or line["reason"]
        for line in ledger
    )
    # The archive, and lists and pictures beside it.
    assert outcome.kept < 2 * MOST_BYTES + 64_000_000
    assert [problem.detail for problem in result.problems if problem.code == "recorder.failure"] == []


NASTIEST = ("/alerts", "/spin", "/interim")
PAGES = tuple(path for path in [*FLOODS, *SCRIPTS, *HEADS] if path not in NASTIEST)


@pytest.mark.parametrize("path", NASTIEST)
def test_a_page_that_never_lets_go_ends_in_time_with_a_ledger(path: str, site: HostileSite, tmp_path: Path) -> None:
    check(run(site.url + path, tmp_path / "item", WIRE))


@pytest.mark.slow
@pytest.mark.parametrize("path", PAGES)
def test_every_other_hostile_page_ends_in_time_too(path: str, site: HostileSite, tmp_path: Path) -> None:
    check(run(site.url + path, tmp_path / "item", WIRE))


@pytest.mark.slow
@pytest.mark.parametrize("path", [*NASTIEST, *PAGES])
def test_every_hostile_page_ends_in_time_without_the_wire_too(path: str, site: HostileSite, tmp_path: Path) -> None:
    check(run(site.url + path, tmp_path / "item", BROWSER))


@pytest.mark.parametrize("recorder", [WIRE, BROWSER])
def test_requests_without_end_end_the_recording_at_a_bound(
    recorder: RecorderKind, site: HostileSite, tmp_path: Path
) -> None:
    # The page has 200 under way at once: even where other work takes the processor, it gets that far.
    outcome = run(site.url + "/requests", tmp_path / "item", recorder, replace(BOUNDS, requests=100))

    check(outcome)
    assert outcome.result.status is Status.INCOMPLETE
    assert [problem.detail for problem in outcome.result.problems if problem.code == "capture.limit"] == [
        "the page made more than 100 requests: the recording was ended there"
    ]
    told = [line for line in outcome.ledger if "browser" in line["seen_by"]]  # type: ignore[operator]
    assert len(told) == 101
    assert {"dom", "screenshot"} <= {file.role for file in outcome.result.files}


def test_the_limit_of_size_is_told_as_the_reason(site: HostileSite, tmp_path: Path) -> None:
    outcome = run(site.url + "/greedy", tmp_path / "item", WIRE)

    check(outcome)
    assert outcome.result.status is Status.INCOMPLETE
    assert codes(outcome.result)[:1] == ["capture.limit"]
    endless = [line for line in outcome.ledger if str(line["url"]).endswith(("/bytes", "/events", "/bytes?2"))]
    assert {(line["outcome"], line["reason"]) for line in endless} <= {
        ("truncated", "the size limit of the capture was reached"),
        ("not-recorded", "the size limit of the capture was reached before its response"),
        ("not-recorded", "refused by us: the size limit of the capture had been reached"),
    }


def test_addresses_of_a_megabyte_end_the_recording_at_a_bound(site: HostileSite, tmp_path: Path) -> None:
    outcome = run(site.url + "/long-urls", tmp_path / "item", WIRE)

    check(outcome)
    assert "capture.limit" in codes(outcome.result)


@pytest.mark.parametrize(
    "kind",
    ["continuations", *(pytest.param(kind, marks=pytest.mark.slow) for kind in FRAMES if kind != "continuations")],
)
def test_floods_of_frames_end_in_time(kind: str, tmp_path: Path) -> None:
    with hostile_http2(kind, ServerAuthority(tmp_path)) as url:
        outcome = run(url + "/", tmp_path / "item", WIRE)

    check(outcome)
    assert outcome.result.status is not Status.COMPLETE


def test_rubbish_in_place_of_protected_records_is_told(tmp_path: Path) -> None:
    with rubbish_below_tls(ServerAuthority(tmp_path)) as url:
        outcome = run(url + "/", tmp_path / "item", WIRE)

    check(outcome)
    assert "connection.not-authentic" in codes(outcome.result)
