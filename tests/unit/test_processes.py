"""What is done in several processes is what one would have done, in the same order."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence_kit.archive import ahead
from evidence_kit.archive.tree import FolderTree
from evidence_kit.custody import signatures
from evidence_kit.custody.chain import LogFindings, check_log
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.log import FIRST_LINK, link_after
from evidence_kit.processes import spread
from evidence_kit.trust.digests import sha256_file
from evidence_kit.verify import verify_path
from tests.support.cases import commit_small_item, open_case
from tests.support.people import SetClock, practice_custodian, roots_of

CUSTODIAN = practice_custodian()


def test_results_come_in_the_order_of_the_parts() -> None:
    assert list(spread(abs, [-3, 2, -1], processes=2)) == [3, 2, 1]


def test_what_goes_wrong_in_a_process_is_raised_here() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(spread(int, ["1", "x"], processes=2))


@pytest.mark.skipif(sys.platform == "win32", reason="a process ends otherwise there")
def test_the_rest_is_done_here_when_a_process_is_ended() -> None:
    assert list(spread(_ends_in_another_process, [os.getpid()] * 3, processes=2)) == ["here"] * 3


def _ends_in_another_process(first: int) -> str:
    if os.getpid() != first:
        os._exit(9)
    return "here"


_PROGRAM = """
import sys, threading, time
from evidence_kit.processes import spread
NAMED = []
def named(_): return (time.sleep(0.1), *NAMED)[1:]
if __name__ == "__main__":
    NAMED.append("begun here")
    if sys.argv[1] == "threads":
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
    found = set(spread(named, range(8), processes=2, copies=sys.argv[1] != "anew"))
    print(sorted(found))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all are started anew")
@pytest.mark.parametrize(
    ("how", "found"),
    [
        ("alone", [("begun here",)]),
        ("threads", [(), ("begun here",)]),
        ("anew", [(), ("begun here",)]),
    ],
)
def test_copies_of_this_process_are_made_where_it_has_no_other_thread(
    tmp_path: Path, how: str, found: list[tuple[str, ...]]
) -> None:
    (tmp_path / "program.py").write_text(_PROGRAM, encoding="utf-8")
    said = subprocess.run([sys.executable, tmp_path / "program.py", how], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == str(found)


_UNDERWAY = """
import os, pathlib, sys, time
from evidence_kit.processes import spread
def long(folder):
    (pathlib.Path(folder) / f"{os.getpid()}.pid").touch()
    time.sleep(0.2)
    return folder
if __name__ == "__main__":
    try:
        print(len(list(spread(long, sys.argv[2:] * 40, processes=3, copies=sys.argv[1] == "copies"))))
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.fixture(params=["copies", "anew"])
def underway(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Give a program at work in three processes, and the numbers of the other two."""
    (tmp_path / "program.py").write_text(_UNDERWAY, encoding="utf-8")
    (folder := tmp_path / "folder").mkdir()
    program = subprocess.Popen(
        [sys.executable, tmp_path / "program.py", request.param, folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with program:
        while len(found := list(folder.iterdir())) < 3:
            assert program.poll() is None
            time.sleep(0.01)
        yield program, [int(each.stem) for each in found if each.stem != str(program.pid)]
        if program.poll() is None:  # a test failed
            os.killpg(program.pid, signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="processes are ended otherwise there")
def test_one_that_is_ended_is_done_without_and_nothing_is_said(
    underway: tuple[subprocess.Popen[str], list[int]],
) -> None:
    program, others = underway
    os.kill(others[0], signal.SIGKILL)

    assert program.communicate(timeout=60) == ("40\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="processes are ended otherwise there")
def test_an_interrupt_of_all_is_told_by_the_first_alone(underway: tuple[subprocess.Popen[str], list[int]]) -> None:
    program, _ = underway
    os.killpg(program.pid, signal.SIGINT)

    assert program.communicate(timeout=60) == ("interrupted\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="processes are ended otherwise there")
def test_an_interrupt_ends_one_that_stands_still(underway: tuple[subprocess.Popen[str], list[int]]) -> None:
    program, others = underway
    os.kill(others[0], signal.SIGSTOP)
    os.killpg(program.pid, signal.SIGINT)

    assert program.communicate(timeout=60) == ("interrupted\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="processes are ended otherwise there")
def test_others_end_with_the_first_however_it_ends(underway: tuple[subprocess.Popen[str], list[int]]) -> None:
    program, _ = underway
    os.kill(program.pid, signal.SIGKILL)

    # All of them hold its output, so it ends with the last.
    assert program.communicate(timeout=60) == ("", "")


_SHORT_OF_HANDLES = """
import os, resource, sys
from evidence_kit.processes import spread
if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    for more in range(0, 30, int(sys.argv[2])):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        lowest = os.dup(0)
        os.close(lowest)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + more, most))
        assert list(spread(abs, range(-9, 0), processes=4, copies=sys.argv[1] == "copies")) == [*range(9, 0, -1)]
    print("done")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit there")
@pytest.mark.parametrize(("how", "step"), [("copies", "1"), ("anew", "4")])
def test_what_cannot_be_started_for_want_of_handles_is_done_without(tmp_path: Path, how: str, step: str) -> None:
    (tmp_path / "program.py").write_text(_SHORT_OF_HANDLES, encoding="utf-8")
    program = [sys.executable, str(tmp_path / "program.py"), how, step]
    said = subprocess.run(program, capture_output=True, text=True, check=False, timeout=120)

    assert (said.stdout, said.stderr) == ("done\n", "")


_WITHOUT_SEMAPHORES = """
import multiprocessing.synchronize
from evidence_kit.processes import spread
def refused(*_, **__): raise OSError(30, "Read-only file system")
if __name__ == "__main__":
    multiprocessing.synchronize.SemLock.__init__ = refused
    print(list(spread(abs, [-3, 2, -1], processes=2)))
"""


def test_no_semaphore_is_needed_which_some_systems_refuse(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(_WITHOUT_SEMAPHORES, encoding="utf-8")
    said = subprocess.run([sys.executable, tmp_path / "program.py"], capture_output=True, text=True, check=False)

    assert (said.stdout, said.stderr) == ("[3, 2, 1]\n", "")


@pytest.fixture
def small_is_worthwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signatures, "_WORTHWHILE", 0)
    monkeypatch.setattr(signatures, "_BATCH", 3)
    monkeypatch.setattr(ahead, "_WORTHWHILE_HASHING", 0)
    monkeypatch.setattr(ahead, "_WORTHWHILE_READING", 0)
    monkeypatch.setattr(ahead, "_BATCH_FILES", 2)


@pytest.mark.usefixtures("small_is_worthwhile")
def test_a_log_with_wrong_signatures_has_the_same_findings_in_one_and_in_two_processes() -> None:
    log, signed, head = [], [], FIRST_LINK
    for seq in range(1, 12):
        draft = Draft(type=EventType.VIEWED if seq > 1 else EventType.CASE_OPENED, purpose="x", detail={"format": 1})
        entry = CUSTODIAN.sign_event(draft, seq=seq, previous=head, case="1")
        head = link_after(head, entry)
        log.append(entry.line)
        signed.append(entry.signature_line)
    for wrong in (2, 7):
        signed[wrong] = signed[wrong - 1]

    one, two = (_checked(b"".join(log), b"".join(signed), processes) for processes in (1, 2))

    assert one.checks() == two.checks()
    assert [check.subject for check in two.problems if check.id == "custody.signatures"] == ["event 3", "event 8"]
    assert one.signers == two.signers


def _checked(log: bytes, signed: bytes, processes: int) -> LogFindings:
    certificate = CUSTODIAN.signer.certificate
    return check_log(log, signed, {certificate.fingerprint: certificate}, processes=processes)


@pytest.mark.usefixtures("small_is_worthwhile")
def test_a_harmed_case_gives_the_same_report_in_one_and_in_two_processes(tmp_path: Path) -> None:
    case = open_case(tmp_path / "хэрэг 1", CUSTODIAN)
    for _ in range(3):
        commit_small_item(case, CUSTODIAN)
    harmed = case.path / "items" / "EV-0002" / "capture.wacz"
    harmed.write_bytes(harmed.read_bytes().replace(b"resource", b"Resource", 1))

    one, two = (
        verify_path(case.path, roots=roots_of(CUSTODIAN.signer), clock=SetClock(), processes=processes)
        for processes in (1, 2)
    )

    assert [(check.id, check.subject, check.outcome, check.detail) for check in one.checks] == [
        (check.id, check.subject, check.outcome, check.detail) for check in two.checks
    ]
    assert any("EV-0002" in check.subject for check in two.checks if check.outcome == "failed")


@pytest.mark.usefixtures("small_is_worthwhile")
def test_a_file_that_cannot_be_read_is_left_to_whoever_asks_for_it(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    tree = FolderTree(tmp_path)
    (tmp_path / "b").unlink()

    found = ahead.digests_ahead(tree, tree.names(), processes=2)

    assert found == {name: sha256_file(tmp_path / name) for name in ("a", "c")}
