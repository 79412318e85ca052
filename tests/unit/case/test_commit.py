"""A case keeps log and items in step, whatever interrupts it."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from evidence_kit import canonical
from evidence_kit.case import folder as folder_module
from evidence_kit.case.anchors import links_contain, survey
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import commit_item
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.errors import CaseError
from evidence_kit.models import Outcome, Verdict
from evidence_kit.trust.cms import sign_detached
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.verify import verify_path
from tests.support.cases import commit_small_item, open_case, stage_small_item
from tests.support.people import practice_custodian, roots_of


def _verdict(case: CaseFolder, custodian: Custodian) -> Verdict:
    return verify_path(case.path, roots=roots_of(custodian.signer), clock=custodian.clock).verdict


def test_a_new_case_verifies(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "хэрэг № 1", custodian)

    assert _verdict(case, custodian) is Verdict.VERIFIED


def test_a_case_is_never_made_over_something(tmp_path: Path) -> None:
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "letter.txt").write_text("x", encoding="utf-8")

    with pytest.raises(CaseError, match="not empty"):
        open_case(tmp_path / "case", practice_custodian())

    assert [path.name for path in tmp_path.iterdir()] == ["case"]


def test_item_numbers_are_given_once(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    first = commit_small_item(case, custodian)
    draft = Draft(type=EventType.CAPTURE_STARTED, detail={"url": "https://example.mn/"})
    abandoned = case.commit(draft, custodian, new_item=True).item

    assert [first, abandoned, commit_small_item(case, custodian)] == ["EV-0001", "EV-0002", "EV-0003"]


class _PowerCut(Exception):  # noqa: N818  # not an error of the kit
    """The machine stops here."""


STEPS = ("put_item", "write_new", "_append_once:custody.jsonl", "_append_once:custody.sig", "rmtree")


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_of_a_decided_commit_is_finished_by_the_next_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Only the moment of the crash is simulated: everything that was written before stays, as on a disk."""
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    commit_small_item(case, custodian)
    record = stage_small_item(case, custodian)
    name, _, wanted = step.partition(":")
    with monkeypatch.context() as patch:
        place: object = shutil if name == "rmtree" else folder_module
        real: Callable[..., object] = getattr(place, name)

        def crash(*arguments: object, **named: object) -> object:
            # With `ignore_errors` an undecided commit is cleared away: nothing was decided yet.
            if not named and (not wanted or str(arguments[0]).endswith(wanted)):
                raise _PowerCut
            return real(*arguments, **named)

        patch.setattr(place, name, crash)
        with pytest.raises(_PowerCut):
            commit_item(case, record, custodian)

    assert _verdict(case, custodian) is not Verdict.ALTERED
    _assert_read_as_finished(case, custodian)
    seq = case.commit(Draft(type=EventType.NOTED, note="Тэмдэглэл"), custodian).seq
    assert _verdict(case, custodian) is Verdict.VERIFIED
    assert seq == len(case.log().events)
    assert (case.path / "items" / "EV-0002" / "item.json").is_file()
    assert not [path for path in case.staging.iterdir() if path.name.startswith("commit-")]


def _assert_read_as_finished(case: CaseFolder, custodian: Custodian) -> None:
    """Hold what every other reader says against what the check of the case says."""
    roots = roots_of(custodian.signer)
    for item in (case.path / "items").iterdir():
        assert verify_path(item, roots=roots, clock=custodian.clock).verdict is not Verdict.ALTERED
    found = survey(case.path.parent)
    assert not found.problems
    assert links_contain(case.path, found.vault.cases[0])
    assert not case.log().problems


def test_what_a_crash_left_of_a_finished_commit_is_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)

    def tear(folder: Path, **_: object) -> None:
        (folder / "event.jsonl").unlink(missing_ok=True)
        raise _PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda path, **named: None if named else tear(path))
        with pytest.raises(_PowerCut):
            case.commit(Draft(type=EventType.NOTED, note="Тэмдэглэл"), custodian)

    assert _verdict(case, custodian) is Verdict.VERIFIED
    assert case.repair() == []
    assert not list(case.staging.glob("commit-*"))


@pytest.mark.parametrize("size", [1, 40, 300])
def test_a_torn_last_line_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)

    def tear(path: Path, _seq: int, line: bytes) -> None:
        with path.open("ab") as stream:
            stream.write(line[:size])
        raise _PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(folder_module, "_append_once", tear)
        with pytest.raises(_PowerCut):
            case.commit(Draft(type=EventType.NOTED, note="Тэмдэглэл"), custodian)

    assert _verdict(case, custodian) is not Verdict.ALTERED
    assert case.repair() == [2]
    assert _verdict(case, custodian) is Verdict.VERIFIED


def test_a_torn_last_line_without_its_plan_is_altered(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    with (case.path / "custody.jsonl").open("ab") as stream:
        stream.write(b'{"actor"')

    assert _verdict(case, custodian) is Verdict.ALTERED


def test_a_folder_that_no_event_names_is_altered(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    item = commit_small_item(case, custodian)
    shutil.copytree(case.path / "items" / item, case.path / "items" / "EV-0099")

    assert _verdict(case, custodian) is Verdict.ALTERED


def test_a_case_in_use_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    monkeypatch.setattr(folder_module, "_LOCK_SECONDS", 0.1)

    with FileLock(case.staging / "case.lock"), pytest.raises(CaseError, match="in use"):
        case.commit(Draft(type=EventType.NOTED, note="Тэмдэглэл"), custodian)


def test_verifying_writes_nothing(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    commit_small_item(case, custodian)
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in case.path.rglob("*")}

    _verdict(case, custodian)

    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in case.path.rglob("*")} == before
    assert [path.name for path in tmp_path.iterdir()] == ["case"]


def test_case_info_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="not a case"):
        CaseFolder.open(tmp_path)


def _bogus_commit(case: CaseFolder, *, item: str | None) -> None:
    folder = case.staging / "commit-000099"
    (folder / "seals").mkdir(parents=True)
    (folder / "event.jsonl").write_bytes(b"x")
    (folder / "event.sig").write_bytes(b"x")
    (folder / "plan.json").write_bytes(canonical.pretty({"seq": 2, "item": item}))


def test_a_commit_of_nonsense_in_staging_excuses_nothing(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    (case.path / "items" / "EV-0099").mkdir()
    (case.path / "items" / "EV-0099" / "item.json").write_bytes(b"{}")
    _bogus_commit(case, item="EV-0099")

    assert _verdict(case, custodian) is Verdict.ALTERED


def test_a_torn_signature_line_with_its_plan_is_excused_and_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    real = folder_module._append_once  # noqa: SLF001  # the moment of the crash

    def tear(path: Path, seq: int, line: bytes) -> None:
        if path.name == "custody.jsonl":
            real(path, seq, line)
            return
        with path.open("ab") as stream:
            stream.write(line[:100])
        raise _PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(folder_module, "_append_once", tear)
        with pytest.raises(_PowerCut):
            case.commit(Draft(type=EventType.NOTED, note="Тэмдэглэл"), custodian)

    assert _verdict(case, custodian) is Verdict.VERIFIED
    _assert_read_as_finished(case, custodian)
    assert case.repair() == [2]
    assert _verdict(case, custodian) is Verdict.VERIFIED


def test_an_invented_withheld_event_at_the_end_of_a_case_is_altered(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    _invent_withheld(case, 2)

    assert _verdict(case, custodian) is Verdict.ALTERED


def test_an_item_is_no_better_than_a_log_with_invented_withheld_events(tmp_path: Path) -> None:
    """A declaration of a bag beside the case makes it look like the inside of a bundle, where events are withheld."""
    custodian = practice_custodian()
    case = open_case(tmp_path / "data", custodian)
    item = commit_small_item(case, custodian)
    (tmp_path / "bagit.txt").write_bytes(b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    _invent_withheld(case, 4)

    report = verify_path(case.path / "items" / item, roots=roots_of(custodian.signer), clock=custodian.clock)

    assert report.verdict is Verdict.ALTERED
    assert "custody.withheld" in {check.id for check in report.checks if check.outcome is Outcome.FAILED}


def _invent_withheld(case: CaseFolder, seq: int) -> None:
    invented: dict[str, canonical.Json] = {
        "seq": seq,
        "withheld": "sha256:" + "1" * 64,
        "signature": "sha256:" + "2" * 64,
        "type": "verified",
        "day": "2026-11-22",
        "ground": "",
        "decided_by": "",
    }
    with (case.path / "custody.jsonl").open("ab") as log, (case.path / "custody.sig").open("ab") as signatures:
        log.write(canonical.dumps(invented) + b"\n")
        signatures.write(b"-\n")


def test_a_seal_without_its_chain_is_altered(tmp_path: Path) -> None:
    """Its signature holds all the same: the log recorded the seal's own digest."""
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    item = commit_small_item(case, custodian)
    manifest = (case.path / "items" / item / "manifest-sha256.txt").read_bytes()
    bare = sign_detached(sha256_bytes(manifest), custodian.signer, at=custodian.clock(), with_chain=False)
    (case.path / "seals" / item / "manifest-sha256.txt.p7s").write_bytes(bare)

    assert _verdict(case, custodian) is Verdict.ALTERED


def test_a_forged_commit_in_staging_is_not_carried_out(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    before = case.log_bytes()
    folder = case.staging / "commit-000002"
    (folder / "seals").mkdir(parents=True)
    (folder / "event.jsonl").write_bytes(before[0])
    (folder / "event.sig").write_bytes(before[1])
    (folder / "plan.json").write_bytes(canonical.pretty({"seq": 2, "item": None}))

    with pytest.raises(CaseError, match="not the next signed event"):
        case.repair()

    assert case.log_bytes() == before


def _commit_again(case: CaseFolder) -> Path:
    """Put the last event into staging as if its commit had not been finished."""
    log, signatures = case.log_bytes()
    lines = log.splitlines(keepends=True)
    folder = case.staging / f"commit-{len(lines):06d}"
    (folder / "seals" / "EV-0001").mkdir(parents=True)
    (folder / "event.jsonl").write_bytes(lines[-1])
    (folder / "event.sig").write_bytes(signatures.splitlines(keepends=True)[-1])
    (folder / "plan.json").write_bytes(canonical.pretty({"seq": len(lines), "item": None}))
    return folder


def test_a_commit_in_staging_replaces_no_seal(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    commit_small_item(case, custodian)
    seal = "EV-0001/manifest-sha256.txt.p7s"
    before = (case.path / "seals" / seal).read_bytes()
    (_commit_again(case) / "seals" / seal).write_bytes(b"junk")

    with pytest.raises(CaseError, match="would replace seals/EV-0001"):
        case.repair()

    assert (case.path / "seals" / seal).read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes in folders")
def test_a_pipe_in_staging_is_not_waited_for(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    plan = _commit_again(case) / "plan.json"
    plan.unlink()
    os.mkfifo(plan)

    with pytest.raises(CaseError, match="is not a plain file"):
        case.repair()


def test_an_emptied_log_is_not_written_on(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    (case.path / "custody.jsonl").write_bytes(b"")
    (case.path / "custody.sig").write_bytes(b"")

    with pytest.raises(CaseError, match="is empty"):
        case.commit(Draft(type=EventType.NOTED, note="Тэмдэглэл"), custodian)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("plan.json", 4096),
        ("event.jsonl", 4 * 1024 * 1024),
        ("event.sig", 64 * 1024),
        ("seals/EV-0001/manifest-sha256.txt.p7s", 1024 * 1024),
    ],
)
def test_what_is_too_large_for_a_commit_is_not_read(tmp_path: Path, name: str, size: int) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    with (_commit_again(case) / name).open("wb") as stream:
        stream.truncate(size + 1)

    with pytest.raises(CaseError, match=f"larger than {size} bytes"):
        case.repair()

    assert _verdict(case, custodian) is Verdict.ALTERED
