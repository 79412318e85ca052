"""Every byte that a server sent and received, against what the recorders keep of it.

Many cases are frames of one page, captured once for each recorder and kind of connection; then each case is a test.
"""

import subprocess
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from evidence_kit.archive.wacz_reader import check_wacz
from evidence_kit.models import Outcome
from tests.fidelity import cases_bodies, cases_odd, cases_pages
from tests.fidelity.case import EVERY, H1, HTTP, Body
from tests.fidelity.comparing import Expectation, key
from tests.fidelity.origin import Sent
from tests.fidelity.runs import Run, run_cases
from tests.fidelity.site import MAIN

pytestmark = [pytest.mark.browser, pytest.mark.network]

CASES = (*cases_bodies.CASES, *cases_pages.CASES, *cases_odd.CASES)
RUNS = [(recorder, scheme) for recorder in ("wire", "browser") for scheme in sorted(EVERY)]
Key: TypeAlias = tuple[str, str]
Captures: TypeAlias = Callable[[str, str], Run]
_MADE = frozenset({"served-from-service-worker", "served-from-cache"})


def _slow(recorder: str, scheme: str) -> list[pytest.MarkDecorator]:
    # HTTP/1.1 with TLS has nothing of its own: the one is seen without TLS, the other with HTTP/2. And to the browser
    # recorder it is the same whatever carries it.
    return [pytest.mark.slow] if scheme == H1 or (recorder, scheme) == ("browser", HTTP) else []


WIRE_RUNS = [pytest.param(*run, marks=_slow(*run), id="-".join(run)) for run in RUNS if run[0] == "wire"]
ALL_RUNS = [pytest.param(*run, marks=_slow(*run), id="-".join(run)) for run in RUNS]
TESTS = [
    pytest.param(recorder, scheme, name, marks=_slow(recorder, scheme), id=f"{recorder}-{scheme}-{name}")
    for recorder, scheme in RUNS
    for name in [MAIN, *(case.name for case in CASES if scheme in case.schemes)]
]


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> Captures:
    """Return what makes a capture of all cases once, and afterwards remembers it."""
    made: dict[tuple[str, str], Run] = {}

    def capture(recorder: str, scheme: str) -> Run:
        if (recorder, scheme) not in made:
            cases = [case for case in CASES if scheme in case.schemes]
            folder = tmp_path_factory.mktemp(f"{recorder}-{scheme}")
            made[recorder, scheme] = run_cases(cases, folder, recorder=recorder, scheme=scheme)
        return made[recorder, scheme]

    return capture


@pytest.fixture
def run(captures: Captures, recorder: str, scheme: str) -> Run:
    """Return one capture of all cases."""
    return captures(recorder, scheme)


@pytest.mark.parametrize(("recorder", "scheme", "name"), TESTS)
def test_fidelity(run: Run, name: str) -> None:
    found = run.of(name)

    said = [(each.sent.method, each.sent.path, each.sent.ended) for each in found]
    assert name == MAIN or name in run.site.done, f"the page of the case did not come to its end: {said}"
    assert len(found) > (run.site.cases[name].least if name != MAIN else 1)
    assert {f"{each.sent.method} {each.sent.path}": each.differences for each in found if each.differences} == {}


@pytest.mark.parametrize(("recorder", "scheme"), ALL_RUNS)
def test_the_archive_holds_nothing_that_no_server_sent(run: Run) -> None:
    # What the browser recorder has of requests that never left is a request alone, and the ledger calls it failed.
    strays = [stray for stray in run.strays if run.recorder == "wire" or stray.response is not None]

    assert run.result.recorder == run.recorder
    assert [(stray.method, stray.url) for stray in strays] == []
    assert run.records.lonely == []


@pytest.mark.oracle
@pytest.mark.parametrize(("recorder", "scheme"), ALL_RUNS)
def test_warcio_wacz_and_our_strict_reader_accept_the_archive(
    run: Run, oracle: Callable[[str], Path], tmp_path: Path
) -> None:
    wacz = run.folder / "capture.wacz"
    with zipfile.ZipFile(wacz) as archive:
        warc = Path(archive.extract("archive/data.warc.gz", tmp_path))
    commands: tuple[list[Path | str], ...] = (
        [oracle("warcio"), "check", warc],
        [oracle("wacz"), "validate", "-f", wacz],
    )
    for command in commands:
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    with wacz.open("rb") as stream:
        assert {finding.outcome for finding in check_wacz(stream, ours=True).findings} == {Outcome.PASSED}


def _ledger_differences(run: Run) -> list[str]:
    expect = Expectation(run.recorder, run.site.cases)
    lines: dict[Key, list[str]] = defaultdict(list)
    # The page asks once more when no connection could be made: nothing passed then, and the ledger calls it failed.
    never_sent: dict[Key, list[str]] = defaultdict(list)
    for line in run.records.ledger:
        if line["outcome"] not in _MADE:
            unsent = run.recorder == "wire" and line["outcome"] == "failed" and line["seen_by"] == ["browser"]
            (never_sent if unsent else lines)[key(line["method"], line["url"])].append(line["outcome"])
    sent: dict[Key, list[Sent]] = defaultdict(list)
    for each in run.sent:
        sent[key(each.method, each.url)].append(each)
    wrong = []
    for where, exchanges in sent.items():
        outcomes = lines[where]
        allowed = {outcome for each in exchanges for outcome in expect(each).outcomes}
        # A browser asks again by itself where there was no answer, and does not tell of it.
        again = run.recorder == "browser" and any(expect(each).body is Body.UNANSWERED for each in exchanges)
        if len(outcomes) != len(exchanges) and not (again and outcomes):
            wrong.append(f"{where}: {len(exchanges)} exchanges, {outcomes}, never sent: {never_sent[where]}")
        elif not allowed.issuperset(outcomes):
            wrong.append(f"{where}: {outcomes} instead of {sorted(allowed)}")
    return wrong


@pytest.mark.parametrize(("recorder", "scheme"), ALL_RUNS)
def test_the_ledger_says_of_every_exchange_what_became_of_it(run: Run) -> None:
    wrong = _ledger_differences(run)

    assert wrong == []


@pytest.mark.parametrize(("recorder", "scheme"), ALL_RUNS)
def test_the_ledger_gives_a_reason_for_everything_that_is_not_whole(run: Run) -> None:
    silent = [line["url"] for line in run.records.ledger if line["outcome"] != "recorded" and not line["reason"]]

    assert silent == []


@pytest.mark.parametrize(("recorder", "scheme"), ALL_RUNS)
def test_the_ledger_names_the_records_of_every_exchange(run: Run) -> None:
    ids = Counter(line["record"].strip("<>") for line in run.records.ledger if line.get("record"))
    named = [sum(ids[one.strip("<>")] for one in found.pair.ids) for found in run.found if found.pair is not None]

    assert set(named) == {1}


@pytest.mark.parametrize(("recorder", "scheme"), ALL_RUNS)
def test_what_a_service_worker_made_is_kept_and_called_so(run: Run) -> None:
    for case in run.site.cases.values():
        for path, body in case.made.items():
            url = f"{run.site.scheme}://{case.name}.fid.localhost{path}"
            lines = [line for line in run.records.ledger if line["url"] == url]
            kept = [block.data for block in run.records.others if block.field("WARC-Target-URI") == url]
            assert [line["outcome"] for line in lines] == ["served-from-service-worker"], url
            assert kept == [body], url


@pytest.mark.parametrize(("recorder", "scheme"), WIRE_RUNS)
def test_bytes_that_are_no_response_are_kept_raw(run: Run) -> None:
    rests = [each for each in run.sent if each.rest]
    kept = [block.data for block in run.records.others]

    assert [each.url for each in rests if each.rest not in kept] == []


@pytest.mark.parametrize(("recorder", "scheme"), WIRE_RUNS)
def test_every_message_of_a_websocket_is_kept(run: Run) -> None:
    for sent in run.sent:
        if not sent.websocket:
            continue
        kept = run.records.messages(sent.url)
        assert sent.messages, sent.url
        for side in ("client", "server"):
            known = [message for message in sent.messages if message[0] == side]
            # The browser may say goodbye when the capture ends, to a server that does not listen any more.
            mine = [message for message in kept if message[0] == side][: None if sent.ended else len(known)]
            assert mine == known, (sent.url, side)
