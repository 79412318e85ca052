"""What a derived item says it was made of is held against what the log recorded, by both verifiers."""

from dataclasses import replace
from pathlib import Path

import pytest

from evidence_kit import canonical
from evidence_kit.bundle.report_model import Language
from evidence_kit.canonical import Json
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import DERIVED, ItemFile, ItemRecord, attempts
from evidence_kit.case.manifest import NAME, build_manifest
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.models import Outcome, Status
from evidence_kit.trust.digests import sha256_bytes
from tests.support.cases import commit_small_item, open_case
from tests.support.people import practice_custodian, roots_of
from tests.support.second import running
from tests.support.whole_way import WholeWay


@pytest.mark.parametrize("wrong", ["none", "another manifest", "itself", "not there", "no list"])
def test_made_of_something_else_than_the_log_recorded_fails(wrong: str, tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    commit_small_item(case, custodian)
    kinds: dict[str, list[Json]] = {
        "none": [],
        "another manifest": [parent("EV-0001")],
        "itself": [parent("EV-0002")],
        "not there": [parent("EV-0009")],
        "no list": ["EV-0001"],
    }
    derive(case, custodian, kinds[wrong], kinds[wrong])

    assert failing(case, custodian, tmp_path / "bundle") == {"item.derived-from"}


def test_a_record_that_names_others_than_its_event_fails(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    item = commit_small_item(case, custodian)
    manifest = next(each.manifest for each in attempts(case.log().full_events()) if each.item == item)
    assert manifest is not None
    true: list[Json] = [parent(item, manifest.hex)]
    derive(case, custodian, true, [*true, parent("EV-0009")])

    assert failing(case, custodian, tmp_path / "bundle") == {"custody.items"}


def parent(item: str, manifest: str = "0" * 64) -> dict[str, Json]:
    """Return how a derived item names *item*."""
    return {"item": item, "manifest_sha256": manifest}


def derive(case: CaseFolder, custodian: Custodian, made_of: list[Json], told: list[Json]) -> None:
    """Commit a derived item whose event tells of *made_of*, and its own record of *told*."""
    begun: dict[str, Json] = {"derived_from": [*made_of], "method": "corroborate"}
    item = case.commit(Draft(type=EventType.DERIVATION_STARTED, detail=begun), custodian, new_item=True).item or ""
    folder = case.staging / item
    folder.mkdir()
    nothing: dict[str, Json] = {"supplied": parent("EV-0001"), "captured": parent("EV-0001"), "comparisons": []}
    (folder / "corroboration.json").write_bytes(canonical.pretty({**nothing, "not_compared": []}))
    now = custodian.clock()
    record = ItemRecord(
        id=item,
        case=case.info.number,
        source=DERIVED,
        status=Status.COMPLETE,
        url="",
        final_url="",
        started=now,
        finished=now,
        recorder="",
        problems=(),
        files=(ItemFile(path="corroboration.json", role="corroboration", media_type="application/json"),),
        detail=begun,
    )
    # The event is made of the record; so the record is written before, and the event told otherwise.
    seal_with = replace(record, detail={**begun, "derived_from": [*told]})
    commit_otherwise(case, seal_with, begun, custodian)


def commit_otherwise(case: CaseFolder, record: ItemRecord, told: dict[str, Json], custodian: Custodian) -> None:
    """Commit *record* as `commit_item` does, with an event that tells *told*."""
    folder = case.staging / record.id
    (folder / "item.json").write_bytes(canonical.pretty(record.to_json(folder)))
    manifest = build_manifest(folder)
    (folder / NAME).write_bytes(manifest)
    seal = custodian.sign_file(manifest)
    digests = {
        f"items/{record.id}/{NAME}": sha256_bytes(manifest),
        f"seals/{record.id}/{NAME}.p7s": sha256_bytes(seal),
    }
    draft = Draft(
        type=EventType.DERIVATION_MADE, item=record.id, digests=digests, outcome=str(record.status), detail=told
    )
    case.commit(draft, custodian, staged=True, seals={f"{record.id}/{NAME}.p7s": seal})


def failing(case: CaseFolder, custodian: Custodian, bundle: Path) -> set[str]:
    """Return the checks that fail for a bundle of *case*, by both verifiers."""
    with running() as second:
        way = WholeWay(
            case=case, custodian=custodian, roots=roots_of(custodian.signer), stamping=Stamping(), second=second
        )
        way.bundle(bundle, language=Language.ENGLISH)
        return {check.id for check in way.verify(bundle).checks if check.outcome is Outcome.FAILED}
