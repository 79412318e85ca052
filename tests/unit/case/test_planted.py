"""Somebody without a key lays links and pipes among the unfinished work: nothing is written or read through them."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.case.anchors import survey
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.hand_over import rehash
from evidence_kit.case.log_end import NOTES
from evidence_kit.case.manifest import NAME, build_manifest
from evidence_kit.case.register import registered
from evidence_kit.case.stamping import Stamping, _mark, _remember, _silent, stamp_head
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.errors import EvidenceError
from evidence_kit.trust.certificates import load_certificates
from evidence_kit.trust.digests import sha256_bytes
from tests.support.cases import URL, open_case
from tests.support.people import practice_custodian
from tests.support.tsa import OpensslTsa

pytestmark = pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: makes links and pipes")

CUSTODIAN: Custodian = practice_custodian()
STARTED = Draft(type=EventType.CAPTURE_STARTED, detail={"url": URL})
SILENT = "http://127.0.0.1:9/tsa"
STAMPING = Stamping(tsa=(SILENT,), clock=lambda: datetime(2026, 11, 22, tzinfo=UTC))


@pytest.fixture
def case(tmp_path: Path) -> CaseFolder:
    made = open_case(tmp_path / "vault" / "case", CUSTODIAN)
    made.commit(STARTED, CUSTODIAN, new_item=True)
    return made


@pytest.fixture(params=["custody.jsonl", "custody.sig", "case.json"])
def victim(case: CaseFolder, request: pytest.FixtureRequest) -> Path:
    return case.path / str(request.param)


def _lay(name: Path, target: Path) -> None:
    name.unlink(missing_ok=True)
    name.symlink_to(Path("..") / target.name)


def test_notes_are_not_written_through_a_link(case: CaseFolder, victim: Path) -> None:
    before = victim.read_bytes()
    _lay(case.staging / NOTES, victim)

    committed = case.commit(STARTED, CUSTODIAN, new_item=True)

    assert committed.item == "EV-0002"
    assert victim.read_bytes().startswith(before)
    assert case.log().problems == []
    assert not (case.staging / NOTES).is_symlink()


@pytest.mark.parametrize("listed", [True, False])
def test_a_link_in_an_item_is_no_evidence_though_what_it_leads_to_is_the_same(
    case: CaseFolder, *, listed: bool
) -> None:
    folder = case.path / "items" / "EV-0001"
    folder.mkdir(parents=True)
    (folder / "page.png").write_bytes(b"picture")
    (folder / NAME).write_bytes(build_manifest(folder))
    assert rehash(case, "EV-0001").wrong == ()
    name = "page.png" if listed else "other.png"
    (case.path / "elsewhere").write_bytes(b"picture")
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(case.path / "elsewhere")

    assert rehash(case, "EV-0001").wrong == (name,)
    with pytest.raises(OSError, match="it is a link"):
        build_manifest(folder)


def test_a_silent_authority_is_not_remembered_through_a_link(case: CaseFolder, victim: Path) -> None:
    before = victim.read_bytes()
    _lay(_mark(case, SILENT), victim)

    _remember(case, STAMPING, SILENT)

    assert victim.read_bytes() == before
    assert [*_silent(case, STAMPING, [SILENT])] == [SILENT]


def test_a_pipe_in_the_place_of_a_mark_is_not_waited_for(case: CaseFolder) -> None:
    os.mkfifo(_mark(case, SILENT))

    assert _silent(case, STAMPING, [SILENT]) == {}
    _remember(case, STAMPING, SILENT)
    assert [*_silent(case, STAMPING, [SILENT])] == [SILENT]


def test_a_pipe_in_the_place_of_the_notes_is_not_waited_for(case: CaseFolder) -> None:
    (case.staging / NOTES).unlink()
    os.mkfifo(case.staging / NOTES)

    assert case.commit(STARTED, CUSTODIAN, new_item=True).item == "EV-0002"


@pytest.mark.parametrize("name", ["custody.jsonl", "custody.sig", "case.json"])
@pytest.mark.parametrize("lay", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["pipe", "device"])
def test_a_pipe_or_a_device_in_one_case_of_a_vault_is_told_and_not_waited_for(
    case: CaseFolder, name: str, lay: Callable[[Path], None]
) -> None:
    (case.path / name).unlink()
    lay(case.path / name)

    found = survey(case.path.parent)

    assert found.vault.unreadable == 1
    assert [problem.partition(":")[0] for problem in found.problems] == ["case"]
    with registered(case.path.parent, CUSTODIAN) as number:
        assert number.endswith("-0001")
    with pytest.raises(EvidenceError):
        CaseFolder.open(case.path).log_bytes()


@pytest.mark.parametrize("name", ["EV-0002", "EV-0002.recording"])
@pytest.mark.parametrize("there", [True, False])
def test_an_item_is_not_made_where_a_link_lies(case: CaseFolder, name: str, *, there: bool) -> None:
    (case.staging / name).symlink_to(case.path / "trust" if there else Path("nowhere"))

    assert case.commit(STARTED, CUSTODIAN, new_item=True).item == "EV-0003"


def test_rubbish_that_is_marked_as_a_late_stamp_is_named_by_no_event(case: CaseFolder) -> None:
    (case.path / "seals" / "heads" / "000002.tsr").write_bytes(b"rubbish")
    (case.staging / "late-000002.tsr").touch()

    case.commit(STARTED, CUSTODIAN, new_item=True)

    assert [event.digests for event in case.log().full_events()[1:]] == [{}, {}]
    assert not (case.staging / "late-000002.tsr").exists()


def test_a_stamp_over_another_head_is_named_by_no_event(case: CaseFolder) -> None:
    with OpensslTsa() as tsa:
        root = load_certificates(tsa.root_pem.read_bytes())
        assert stamp_head(case, Stamping(tsa=(tsa.url,), roots=root)) == []
    heads = case.path / "seals" / "heads"
    stamped = heads / "000002.tsr"
    (heads / "000001.tsr").write_bytes(stamped.read_bytes())
    (case.staging / "late-000001.tsr").touch()

    case.commit(STARTED, CUSTODIAN, new_item=True)

    named = case.log().full_events()[-1].digests
    assert named == {"seals/heads/000002.tsr": sha256_bytes(stamped.read_bytes())}


def test_a_stamp_over_an_earlier_head_is_named_still(case: CaseFolder) -> None:
    with OpensslTsa() as tsa:
        assert stamp_head(case, Stamping(tsa=(tsa.url,), roots=load_certificates(tsa.root_pem.read_bytes()))) == []
    mark = case.staging / "late-000002.tsr"
    assert mark.is_file()
    mark.unlink()
    case.commit(STARTED, CUSTODIAN, new_item=True)
    mark.touch()

    case.commit(STARTED, CUSTODIAN, new_item=True)

    assert [*case.log().full_events()[-1].digests] == ["seals/heads/000002.tsr"]
