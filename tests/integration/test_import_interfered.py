"""What is laid into a case without a key while an import is interrupted: it is neither signed nor in the way."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.case.bracket import START_TOKEN
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import read_item
from evidence_kit.case.revocations import Inquiries, Keeper
from evidence_kit.case.stamping import Stamping
from evidence_kit.case.supply import Circumstances, Supply, read_supply
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import EventType
from evidence_kit.errors import FormatError
from evidence_kit.intake.taking import Wishes, complete_interrupted, take_supplied
from evidence_kit.models import Status
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.verify import verify_path
from tests.support.cases import open_case
from tests.support.people import practice_custodian, roots_of
from tests.support.supplies import FILES, hand_over, sources_of, take

FORGED = b"forged picture"


class _PulledError(Exception):
    """The plug was pulled."""


@pytest.fixture
def custodian() -> Custodian:
    return practice_custodian()


@pytest.fixture
def case(tmp_path: Path, custodian: Custodian) -> CaseFolder:
    return open_case(tmp_path / "case", custodian)


@pytest.fixture
def phone(tmp_path: Path, case: CaseFolder, custodian: Custodian) -> Path:
    """Return a folder whose taking ended when two of its three files had been copied."""
    return _interrupted(case, custodian, hand_over(tmp_path / "phone"), Stamping())


def _interrupted(case: CaseFolder, custodian: Custodian, folder: Path, stamping: Stamping) -> Path:
    def pull(step: str) -> None:
        if step == "copying files 3/3":
            raise _PulledError

    wishes = Wishes(circumstances=Circumstances())
    with pytest.raises(_PulledError):
        take_supplied(
            case, sources_of(case, folder), custodian=custodian, stamping=stamping, wishes=wishes, on_step=pull
        )
    return folder


class _PulledInquiries(Inquiries):
    """Pulls the plug when the authority of the time stamp over the new item is asked about."""

    def keep(self, case: Keeper, *_others: object, **_roots: object) -> None:
        assert isinstance(case, CaseFolder)
        if case.log().full_events()[-1].type == EventType.IMPORTED:
            raise _PulledError


def _interrupted_at_the_end(case: CaseFolder, custodian: Custodian, folder: Path) -> None:
    """Take *folder*, and be interrupted when the item is in the log and nobody knows it."""
    pulled = Stamping(inquiries=_PulledInquiries(certificates=(), clock=custodian.clock))
    with pytest.raises(_PulledError):
        take(case, custodian, folder, stamping=pulled)


def _journal(case: CaseFolder, **changes: Json) -> None:
    """Change what is noted of the first file."""
    path = case.staging / "EV-0001.recording" / "import.jsonl"
    lines = path.read_bytes().split(b"\n")
    noted = canonical.loads(lines[1])
    assert isinstance(noted, dict)
    lines[1] = canonical.dumps({**noted, **changes})
    path.write_bytes(b"\n".join(lines))


def _supply(case: CaseFolder) -> Supply:
    return read_supply((case.path / "items" / "EV-0001" / "supply.json").read_bytes())


def _refuse(_item: str, error: FormatError) -> None:
    raise error


def _swap(case: CaseFolder) -> None:
    (case.staging / "EV-0001" / "original" / "0001.jpg").write_bytes(FORGED)
    _journal(case, sha256=sha256_bytes(FORGED).hex)


def test_what_was_interrupted_after_its_item_was_there_is_not_taken_twice(
    tmp_path: Path, case: CaseFolder, custodian: Custodian
) -> None:
    folder = hand_over(tmp_path / "phone")
    _interrupted_at_the_end(case, custodian, folder)

    sources = sources_of(case, folder)
    completed = list(complete_interrupted(case, custodian, Stamping(), except_for=[sources], on_damage=_refuse))
    item = take(case, custodian, folder)

    assert completed == []
    assert (item.id, item.status) == ("EV-0001", Status.COMPLETE)
    assert item.answer["supplied"] == {"files": 3, "bytes": sum(map(len, FILES.values()))}
    assert [event.type for event in case.log().full_events()][1:] == ["import.started", "imported"]
    assert list(case.staging.glob("EV-*")) == []


def test_a_folder_that_changed_after_its_item_was_there_becomes_another_item(
    tmp_path: Path, case: CaseFolder, custodian: Custodian
) -> None:
    folder = hand_over(tmp_path / "phone")
    _interrupted_at_the_end(case, custodian, folder)
    (folder / "чат.txt").write_bytes(b"another")

    assert take(case, custodian, folder).id == "EV-0002"


def test_what_is_left_of_an_item_that_was_there_is_removed_by_the_next_command(
    tmp_path: Path, case: CaseFolder, custodian: Custodian
) -> None:
    _interrupted_at_the_end(case, custodian, hand_over(tmp_path / "phone"))
    other = hand_over(tmp_path / "other")

    list(complete_interrupted(case, custodian, Stamping(), except_for=[sources_of(case, other)], on_damage=_refuse))

    assert list(case.staging.glob("EV-*")) == []
    assert take(case, custodian, other).id == "EV-0002"


def test_a_copy_that_was_exchanged_together_with_its_note_is_made_again(
    case: CaseFolder, custodian: Custodian, phone: Path
) -> None:
    _swap(case)

    take(case, custodian, phone)

    assert (case.path / "items/EV-0001/original/0001.jpg").read_bytes() == FILES["DCIM/IMG_1.jpg"]
    assert all(file.sha256 == file.source_sha256 for file in _supply(case).files)


@pytest.mark.usefixtures("phone")
def test_a_copy_that_is_not_its_source_is_left_out_and_named(case: CaseFolder, custodian: Custodian) -> None:
    _swap(case)

    (item,) = complete_interrupted(case, custodian, Stamping(), on_damage=_refuse)

    assert item.status is Status.INCOMPLETE
    assert [file.name for file in _supply(case).files] == ["phone/DCIM/IMG_2.JPG"]
    assert [(left.name, left.problem.code) for left in _supply(case).left_out] == [
        ("phone/DCIM/IMG_1.jpg", "file.changed")
    ]


def test_what_was_noted_of_a_copy_is_told_anew_from_its_source(
    case: CaseFolder, custodian: Custodian, phone: Path
) -> None:
    _journal(case, bytes=7, name="phone/DCIM/another.jpg", name_bytes="ff", modified="2001-01-01T00:00:00.000Z")

    take(case, custodian, phone)

    first = _supply(case).files[0]
    assert (first.size, first.name, first.name_bytes) == (len(FILES["DCIM/IMG_1.jpg"]), "phone/DCIM/IMG_1.jpg", "")
    assert first.modified is not None
    assert first.modified.year > 2001
    assert read_item(case, "EV-0001")["supplied"] == {"files": 3, "bytes": sum(map(len, FILES.values()))}


def _folder_in_item(item: Path) -> None:
    (item / "more").mkdir()
    (item / "more" / "0009.jpg").write_bytes(FORGED)


def _folder_among_originals(item: Path) -> None:
    (item / "original" / "more").mkdir()


def _folder_for_a_copy(item: Path) -> None:
    (item / "original" / "0001.jpg").unlink()
    (item / "original" / "0001.jpg").mkdir()


def _folder_for_a_file(item: Path) -> None:
    (item / "supply.json").mkdir()


def _folder_for_the_archive(item: Path) -> None:
    (item.with_name(f"{item.name}.recording") / "data.warc.gz").mkdir()


def _file_for_the_originals(item: Path) -> None:
    shutil.rmtree(item / "original")
    (item / "original").write_bytes(b"")


def _stamp_of_nobody(item: Path) -> None:
    (item / START_TOKEN).write_bytes(b"none")


@pytest.mark.parametrize(
    "lay",
    [
        _folder_in_item,
        _folder_among_originals,
        _folder_for_a_copy,
        _folder_for_a_file,
        _folder_for_the_archive,
        _file_for_the_originals,
        _stamp_of_nobody,
    ],
)
@pytest.mark.parametrize("same", [True, False], ids=["same-command", "another"])
def test_what_was_laid_into_the_staging_is_neither_sealed_nor_in_the_way(
    case: CaseFolder, custodian: Custodian, phone: Path, lay: Callable[[Path], None], *, same: bool
) -> None:
    lay(case.staging / "EV-0001")

    if same:
        assert take(case, custodian, phone).status is Status.COMPLETE
    else:
        list(complete_interrupted(case, custodian, Stamping(), on_damage=_refuse))

    assert verify_path(case.path, roots=roots_of(custodian.signer), clock=custodian.clock).verdict == "verified"
    assert not (case.path / "items" / "EV-0001" / "more").exists()


def _note(case: CaseFolder, value: dict[str, Json]) -> None:
    with (case.staging / "EV-0001.recording" / "import.jsonl").open("ab") as stream:
        stream.write(canonical.dumps(value) + b"\n")


@pytest.mark.parametrize("same", [True, False], ids=["same-command", "another"])
def test_nobody_sent_what_was_not_waited_for(
    case: CaseFolder, custodian: Custodian, phone: Path, *, same: bool
) -> None:
    _note(case, {"sender": {"address": "192.0.2.7", "user_agent": "phone of another"}})

    if same:
        assert take(case, custodian, phone).id == "EV-0002"
    with pytest.raises(FormatError, match="names a device that sent the files"):
        list(complete_interrupted(case, custodian, Stamping(), on_damage=_refuse))

    assert not (case.path / "items" / "EV-0001").exists()


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: links need a privilege on Windows")
@pytest.mark.usefixtures("phone")
def test_of_copies_that_were_led_elsewhere_nothing_is_read(
    tmp_path: Path, case: CaseFolder, custodian: Custodian
) -> None:
    originals = case.staging / "EV-0001" / "original"
    shutil.move(originals, tmp_path / "elsewhere")
    originals.symlink_to(tmp_path / "elsewhere")

    (item,) = complete_interrupted(case, custodian, Stamping(), on_damage=_refuse)

    assert item.status is Status.FAILED
    assert [left.problem.code for left in _supply(case).left_out] == ["file.changed", "file.changed"]
