"""What is handed over becomes an item: byte for byte, told as supplied, and both verifiers hold it against the log."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit import canonical
from evidence_kit.archive.warc_reader import check_warc
from evidence_kit.archive.zip_reader import ZipReader
from evidence_kit.case.duplicates import duplicates, handed_over
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import attempts, read_item
from evidence_kit.case.stamping import Stamping
from evidence_kit.case.supply import Circumstances, read_supply
from evidence_kit.custody.custodian import Custodian
from evidence_kit.errors import CaseError, FormatError
from evidence_kit.intake import taking
from evidence_kit.intake.taking import Wishes, complete_interrupted, take_supplied
from evidence_kit.models import Outcome, Status, VerificationReport
from evidence_kit.verify import verify_path
from tests.support.cases import commit_small_item, open_case
from tests.support.people import keep_key, practice_custodian, roots_of
from tests.support.second import running
from tests.support.supplies import FILES, hand_over, sources_of, take
from tests.support.whole_way import WholeWay

CIRCUMSTANCES = Circumstances(
    provided_by="V-01",
    received=datetime(2026, 11, 21, 6, tzinfo=UTC),
    device="Samsung A15",
    way="USB",
    statement="тэмдэглэл, 3 дахь тал",
    consent="тэмдэглэл, 4 дэх тал",
)


@pytest.fixture
def custodian() -> Custodian:
    return practice_custodian()


@pytest.fixture
def case(tmp_path: Path, custodian: Custodian) -> CaseFolder:
    return open_case(tmp_path / "case", custodian)


def _verified(path: Path, custodian: Custodian) -> VerificationReport:
    return verify_path(path, roots=roots_of(custodian.signer), clock=custodian.clock)


def _failed(path: Path, custodian: Custodian) -> list[tuple[str, str]]:
    report = _verified(path, custodian)
    return [(check.id, check.detail) for check in report.checks if check.outcome is Outcome.FAILED]


def test_an_item_holds_every_file_byte_for_byte_and_so_does_its_archive(
    tmp_path: Path, case: CaseFolder, custodian: Custodian
) -> None:
    item = take(case, custodian, hand_over(tmp_path / "phone"), circumstances=CIRCUMSTANCES)

    folder = case.path / "items" / item.id
    supply = read_supply((folder / "supply.json").read_bytes())
    assert item.status is Status.COMPLETE
    assert {file.name.removeprefix("phone/"): (folder / file.path).read_bytes() for file in supply.files} == FILES
    assert all(file.sha256 == file.source_sha256 for file in supply.files)
    assert supply.circumstances == CIRCUMSTANCES
    with ZipReader(folder / "supplied.wacz") as archive, archive.open("archive/data.warc.gz") as stream:
        records = [finding.record for finding in check_warc(stream) if finding.record is not None]
    uris = [record.header("WARC-Target-URI") for record in records if record.type == "resource"]
    assert uris == [
        "urn:evidence-kit:original:original/0001.jpg",
        "urn:evidence-kit:original:original/0002.jpg",
        "urn:evidence-kit:original:original/0003.txt",
        "urn:evidence-kit:supply:supply.json",
        "urn:evidence-kit:facts:facts.json",
    ]
    assert _verified(case.path, custodian).verdict == "verified"


def test_nothing_but_supply_json_says_what_files_and_people_are_called(
    tmp_path: Path, case: CaseFolder, custodian: Custodian
) -> None:
    told = Circumstances(provided_by="Номин", device="Номингийн утас")
    take(case, custodian, hand_over(tmp_path / "Номин", {"Номин.jpg": b"1"}), circumstances=told)

    named = [
        path.name
        for path in case.path.rglob("*")
        if path.is_file() and ("Номин" in path.as_posix() or "Номин".encode() in path.read_bytes())
    ]

    assert named == ["supply.json"]


def test_a_file_that_cannot_be_read_makes_the_item_incomplete_and_is_named(
    tmp_path: Path, case: CaseFolder, custodian: Custodian
) -> None:
    folder = hand_over(tmp_path / "phone")
    sources = sources_of(case, folder)
    (folder / "чат.txt").unlink()

    item = take_supplied(
        case, sources, custodian=custodian, stamping=Stamping(), wishes=Wishes(circumstances=CIRCUMSTANCES)
    )

    supply = read_supply((case.path / "items" / item.id / "supply.json").read_bytes())
    assert item.status is Status.INCOMPLETE
    assert [(left.name, left.problem.code) for left in supply.left_out] == [("phone/чат.txt", "file.unreadable")]
    assert read_item(case, item.id)["problems"] == [
        {"code": "file.unreadable", "detail": "1; supply.json names it"},
    ]
    assert _failed(case.path, custodian) == []


def test_the_same_bytes_are_recognised_across_the_case(tmp_path: Path, case: CaseFolder, custodian: Custodian) -> None:
    first = take(case, custodian, hand_over(tmp_path / "one", {"a.jpg": b"same", "b.jpg": b"other"}))
    captured = commit_small_item(case, custodian)
    second = take(case, custodian, hand_over(tmp_path / "two", {"c.jpg": b"same"}))

    found = duplicates(list(handed_over(case, [first.id, captured, second.id])))

    one, two = f"items/{first.id}/original/0001.jpg", f"items/{second.id}/original/0001.jpg"
    assert found == {
        first.id: [{"path": one, "same_as": two, "item": second.id}],
        second.id: [{"path": two, "same_as": one, "item": first.id}],
    }


def test_a_supplied_item_cannot_pass_for_a_captured_one(tmp_path: Path, case: CaseFolder, custodian: Custodian) -> None:
    item = take(case, custodian, hand_over(tmp_path / "phone"))
    record = case.path / "items" / item.id / "item.json"
    value = canonical.parse(record.read_bytes())
    assert isinstance(value, dict)
    record.write_bytes(canonical.pretty({**value, "source": "captured", "url": "https://example.mn/"}))

    failed = _failed(case.path, custodian)

    assert ("custody.items", "its source is not the one that event 3 recorded") in failed
    assert ("custody.items", "its url is not the one that event 3 recorded") in failed


def test_both_verifiers_say_the_same_of_a_bundle_with_what_was_handed_over(
    tmp_path: Path, case: CaseFolder, custodian: Custodian
) -> None:
    # One of them is called like an archive of our own, and is not held against our rules.
    files = {**FILES, "saved.wacz": b"no zip"}
    take(case, custodian, hand_over(tmp_path / "phone", files), circumstances=CIRCUMSTANCES)
    commit_small_item(case, custodian)
    with running() as second:
        way = WholeWay(
            case=case,
            custodian=custodian,
            roots=roots_of(custodian.signer),
            stamping=Stamping(),
            second=second,
        )
        way.bundle(tmp_path / "bundle")
        item = tmp_path / "bundle" / "data" / "items" / "EV-0001"

        assert way.verify(tmp_path / "bundle").facts["supplied"] == {
            "complete": 1,
            "incomplete": 0,
            "failed": 0,
            "abandoned": 0,
        }
        for name, old, new in (
            ("original/0001.jpg", b"picture", b"Picture"),
            ("supply.json", b"V-01", b"V-02"),
            ("item.json", b'"supplied"', b'"captured"'),
            ("supplied.wacz", b"archive/data.warc.gz", b"archive/Data.warc.gz"),
        ):
            stored = (item / name).read_bytes()
            assert old in stored
            (item / name).write_bytes(stored.replace(old, new, 1))
            assert way.verify(tmp_path / "bundle").verdict == "altered", name
            (item / name).write_bytes(stored)
        assert way.verify(tmp_path / "bundle").verdict == "verified"


PROGRAM = """
import sys
from pathlib import Path
from evidence_kit.case.folder import CaseFolder
from evidence_kit.intake import taking
from tests.support.people import custodian_from
from tests.support.supplies import take
case, custodian, stop = CaseFolder.open(Path(sys.argv[1])), custodian_from(Path(sys.argv[2])), int(sys.argv[4])
copied = taking.copy_exactly
def until(source, target, *, on_bytes):
    if target.name.startswith(f"{stop:04}"):
        target.write_bytes(b"half")
        print("now", flush=True)
        sys.stdin.read()
    return copied(source, target, on_bytes=on_bytes)
taking.copy_exactly = until
take(case, custodian, Path(sys.argv[3]))
"""


@pytest.fixture
def kill_at(
    tmp_path: Path, case: CaseFolder, custodian: Custodian, pytestconfig: pytest.Config
) -> Callable[[Path, int], None]:
    """Return what begins to take a folder and is killed while the file of a number is being copied."""
    key = keep_key(custodian, tmp_path / "key.p12")

    def kill(folder: Path, number: int) -> None:
        command = [sys.executable, "-c", PROGRAM, str(case.path), str(key), str(folder), str(number)]
        with subprocess.Popen(
            command, cwd=pytestconfig.rootpath, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "now\n"
            process.send_signal(signal.SIGKILL)

    return kill


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: kills with SIGKILL")
def test_the_same_command_goes_on_where_a_killed_one_stopped(
    tmp_path: Path, case: CaseFolder, custodian: Custodian, kill_at: Callable[[Path, int], None]
) -> None:
    folder = hand_over(tmp_path / "phone")
    kill_at(folder, 2)
    copied = case.staging / "EV-0001" / "original" / "0001.jpg"
    before = copied.stat().st_mtime_ns
    assert _failed(case.path, custodian) == []

    item = take(case, custodian, folder)

    assert item.id == "EV-0001"
    assert item.status is Status.COMPLETE
    assert (case.path / "items" / "EV-0001" / "original" / "0001.jpg").stat().st_mtime_ns == before
    assert [event.type for event in case.log().full_events()][1:] == ["import.started", "imported"]
    assert list(case.staging.glob("EV-*")) == []
    assert _verified(case.path, custodian).verdict == "verified"


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: kills with SIGKILL")
def test_what_is_never_gone_on_with_becomes_an_item_of_what_was_copied(
    tmp_path: Path, case: CaseFolder, custodian: Custodian, kill_at: Callable[[Path, int], None]
) -> None:
    kill_at(hand_over(tmp_path / "phone"), 2)

    (item,) = complete_interrupted(case, custodian, Stamping(), on_damage=_refuse)

    assert item.status is Status.INCOMPLETE
    assert [path.name for path in (case.path / "items" / item.id / "original").iterdir()] == ["0001.jpg"]
    assert read_item(case, item.id)["problems"] == [
        {"code": "import.interrupted", "detail": "what was not copied by then is not in it"}
    ]
    assert _failed(case.path, custodian) == []


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: kills with SIGKILL")
def test_who_has_no_key_cannot_change_how_it_came_while_it_is_interrupted(
    tmp_path: Path, case: CaseFolder, custodian: Custodian, kill_at: Callable[[Path, int], None]
) -> None:
    kill_at(hand_over(tmp_path / "phone"), 2)
    journal = case.staging / "EV-0001.recording" / "import.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"provided_by":""', b'"provided_by":"S-01"', 1))

    with pytest.raises(FormatError, match="not what the custody log recorded"):
        list(complete_interrupted(case, custodian, Stamping(), on_damage=_refuse))


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: kills with SIGKILL")
def test_a_journal_leads_to_no_file_outside_of_the_item(
    tmp_path: Path, case: CaseFolder, custodian: Custodian, kill_at: Callable[[Path, int], None]
) -> None:
    kill_at(hand_over(tmp_path / "phone"), 2)
    journal = case.staging / "EV-0001.recording" / "import.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"original/0001.jpg"', b'"../../../phone/a.txt"', 1))

    with pytest.raises(FormatError, match="does not describe a file"):
        list(complete_interrupted(case, custodian, Stamping(), on_damage=_refuse))


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: kills with SIGKILL")
def test_a_source_that_changed_meanwhile_is_copied_again(
    tmp_path: Path, case: CaseFolder, custodian: Custodian, kill_at: Callable[[Path, int], None]
) -> None:
    folder = hand_over(tmp_path / "phone")
    kill_at(folder, 2)
    (folder / "DCIM" / "IMG_1.jpg").write_bytes(b"another one")

    item = take(case, custodian, folder)

    assert item.status is Status.COMPLETE
    assert (case.path / "items" / "EV-0001" / "original" / "0001.jpg").read_bytes() == b"another one"
    assert _failed(case.path, custodian) == []


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: kills with SIGKILL")
def test_of_a_taking_that_copied_nothing_only_the_start_remains(
    tmp_path: Path, case: CaseFolder, custodian: Custodian, kill_at: Callable[[Path, int], None]
) -> None:
    kill_at(hand_over(tmp_path / "phone"), 1)

    assert list(complete_interrupted(case, custodian, Stamping(), on_damage=_refuse)) == []

    assert [(tried.source, tried.outcome) for tried in attempts(case.log().full_events())] == [
        ("supplied", "abandoned")
    ]
    assert _failed(case.path, custodian) == []


def _refuse(_item: str, error: FormatError) -> None:
    raise error


def test_what_cannot_even_be_copied_is_refused_before_the_log_says_anything(
    tmp_path: Path, case: CaseFolder, custodian: Custodian
) -> None:
    folder = tmp_path / "phone"
    folder.mkdir()
    with (folder / "film.mp4").open("wb") as stream:
        stream.truncate(2**43)

    with pytest.raises(CaseError, match="bytes free"):
        take(case, custodian, folder)

    assert [event.type for event in case.log().full_events()] == ["case.opened"]


def test_a_disk_that_is_full_tells_what_to_do(
    tmp_path: Path, case: CaseFolder, custodian: Custodian, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(taking, "copy_exactly", full)
    folder = hand_over(tmp_path / "phone")
    with pytest.raises(CaseError, match="No space left") as raised:
        take(case, custodian, folder)
    monkeypatch.undo()

    assert "run the same command again" in raised.value.hint
    assert take(case, custodian, folder).id == "EV-0001"
