"""An item that the case had is sealed: nothing of it stays in plain, it stays the same item, and verifiers see how."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evidence_kit import canonical
from evidence_kit.bundle.make import BundleOptions, make_bundle
from evidence_kit.bundle.report_model import Language
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.hand_over import accept, release
from evidence_kit.case.items import attempts
from evidence_kit.case.key_book import register_key
from evidence_kit.case.manifest import NAME as MANIFEST
from evidence_kit.case.sealed import particulars_path, read_particulars
from evidence_kit.case.sealing import seal_item
from evidence_kit.case.stamping import Stamping
from evidence_kit.case.unsealing import approve, awaiting, open_request, request, unseal
from evidence_kit.custody.custodian import Custodian, Grounds
from evidence_kit.custody.events import EventType
from evidence_kit.custody.transfers import Party
from evidence_kit.errors import CaseError, IntegrityError, UsageError
from evidence_kit.models import VerificationReport
from evidence_kit.trust.age import Identity, encrypt, open_age
from evidence_kit.trust.digests import sha256_bytes, sha256_file
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify import verify_path
from tests.support import second
from tests.support.cases import commit_small_item, open_case
from tests.support.forging import read_log, rebuild_item, rehash, write_log
from tests.support.people import keep_key, practice_custodian, roots_of
from tests.support.sealing import MARK, NAME, holding, open_sealing_case
from tests.support.supplies import hand_over, take

REASON = "it shows a child"
FILES = {f"DCIM/{NAME}": MARK * 1000, "note.txt": MARK}
SECRETS = (MARK, NAME.encode(), b"note.txt")


@pytest.fixture
def custodian() -> Custodian:
    return purposeful()


def purposeful() -> Custodian:
    """Return an officer whose events have a purpose."""
    return replace(practice_custodian(), grounds=Grounds(purpose="p"))


@pytest.fixture
def identities() -> list[Identity]:
    return [Identity.new(), Identity.new()]


@pytest.fixture
def case(tmp_path: Path, custodian: Custodian, identities: list[Identity]) -> CaseFolder:
    """Return a case with a captured item and a supplied one."""
    case = open_sealing_case(tmp_path / "case", custodian, identities)
    commit_small_item(case, custodian, body=MARK, screenshot=MARK)
    take(case, custodian, hand_over(tmp_path / "phone", FILES))
    shutil.rmtree(tmp_path / "phone")
    return case


@pytest.fixture
def sealed(case: CaseFolder, custodian: Custodian) -> CaseFolder:
    for item in ("EV-0001", "EV-0002"):
        seal_item(case, item, custodian, reason=REASON)
    return case


def verified(case: CaseFolder, custodian: Custodian, *identities: Identity) -> VerificationReport:
    return verify_path(case.path, roots=roots_of(custodian.signer), clock=custodian.clock, identities=identities)


def failed(report: VerificationReport) -> set[str]:
    return {check.id for check in report.checks if str(check.outcome) == "failed"}


def outcomes(report: VerificationReport, id_: str) -> list[str]:
    return [str(check.outcome) for check in report.checks if check.id == id_]


def test_nothing_of_it_stays_in_plain(case: CaseFolder, custodian: Custodian) -> None:
    assert holding(case.path, *SECRETS) != []

    done = [seal_item(case, item, custodian, reason=REASON) for item in ("EV-0001", "EV-0002")]

    assert holding(case.path, *SECRETS) == []
    assert all(each.files > 3 for each in done)


def test_it_stays_the_same_item_with_its_history(sealed: CaseFolder, custodian: Custodian) -> None:
    report = verified(sealed, custodian)

    assert report.verdict == "verified"
    assert outcomes(report, "item.sealed") == ["passed", "passed"]
    assert outcomes(report, "item.plaintext") == ["not-checked", "not-checked"]
    assert outcomes(report, "item.seal") == ["passed"] * 4
    log = sealed.log()
    sealings = [event for event in log.full_events() if event.type == EventType.ITEM_SEALED]
    ends = {event.item: event for event in log.full_events() if event.type in {"captured", "imported"}}
    assert [event.purpose for event in sealings] == [REASON, REASON]
    assert [event.detail["replaces"] for event in sealings] == [str(ends[event.item].manifest) for event in sealings]
    now = {item: sha256_file(sealed.path / "items" / item / MANIFEST) for item in ("EV-0001", "EV-0002")}
    assert {attempt.item: attempt.manifest for attempt in attempts(log.full_events())} == now


def test_with_a_key_everything_is_held_against_the_manifest_that_it_had(
    sealed: CaseFolder, custodian: Custodian, identities: list[Identity]
) -> None:
    for identity in identities:
        report = verified(sealed, custodian, identity)
        assert outcomes(report, "item.plaintext") == ["passed", "passed"]


def test_two_officers_unseal_it_byte_for_byte(
    case: CaseFolder, custodian: Custodian, identities: list[Identity], tmp_path: Path
) -> None:
    before = {path.name: path.read_bytes() for path in (case.path / "items/EV-0002").rglob("*") if path.is_file()}
    seal_item(case, "EV-0002", custodian, reason=REASON)
    other = practice_custodian(officer=replace(custodian.officer, name="Second", id="2"))
    register_key(case, other.signer.certificate, custodian, after=case.log().head)

    request(case, "EV-0002", custodian, reason="r", second="Second")
    approve(case, awaiting(case, "EV-0002", other), other)
    found = open_request(case, "EV-0002", custodian, second="Second")
    assert found is not None
    _, opened = unseal(case, found, custodian, identities=identities[:1], output=tmp_path / "opened")

    assert {each.particulars.name.rpartition("/")[2]: each.path.read_bytes() for each in opened} == before


def test_the_record_in_plain_says_what_the_log_says_and_no_more(sealed: CaseFolder) -> None:
    record = json.loads((sealed.path / "items/EV-0002/item.json").read_bytes())

    assert {file["role"] for file in record["files"]} == {"sealed-register", "sealed", "sealed-particulars"}
    assert [flag["code"] for flag in record["flags"]] == ["sealed", "sensitive"]
    assert not {"environment", "actions", "page", "wacz"} & record.keys()
    assert sorted(path.name for path in (sealed.path / "items/EV-0002").iterdir()) == [
        *("item.json", MANIFEST, "sealed", "sealed.json"),
    ]


def test_it_can_be_handed_over_since_and_not_while_it_is_on_its_way(case: CaseFolder, custodian: Custodian) -> None:
    other = purposeful()
    (given,) = release(case, ["EV-0001"], Party(name="B"), custodian, certificate=other.signer.certificate)
    with pytest.raises(CaseError, match="on its way"):
        seal_item(case, "EV-0001", custodian, reason=REASON)
    accept(case, case.log().transfers.open(), other)
    with pytest.raises(CaseError, match="held by another officer"):
        seal_item(case, "EV-0001", custodian, reason=REASON)

    done = seal_item(case, "EV-0001", other, reason=REASON)
    release(case, ["EV-0001"], Party(name="A"), other)
    (answer,) = accept(case, case.log().transfers.open(), custodian)

    assert [event.seq for event in done.elsewhere] == [given.seq]
    assert answer.accepted
    assert failed(verified(case, custodian)) == set()


def test_it_is_sealed_once_and_only_where_there_is_somebody_to_seal_to(
    sealed: CaseFolder, custodian: Custodian, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="sealed already"):
        seal_item(sealed, "EV-0001", custodian, reason=REASON)
    bare = open_case(tmp_path / "bare", custodian)
    commit_small_item(bare, custodian)
    with pytest.raises(UsageError, match="nobody to whom"):
        seal_item(bare, "EV-0001", custodian, reason=REASON)


def test_an_altered_item_is_not_sealed(case: CaseFolder, custodian: Custodian) -> None:
    (case.path / "items/EV-0001/screenshot.png").write_bytes(b"another")

    with pytest.raises(IntegrityError, match=r"screenshot\.png"):
        seal_item(case, "EV-0001", custodian, reason=REASON)

    assert case.log().full_events()[-1].type == "imported"
    assert [path.name for path in case.staging.iterdir() if path.is_dir()] == []


PROGRAM = """
import sys
from pathlib import Path
from evidence_kit.case import {module}
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.sealing import seal_item
from tests.support.people import custodian_from
case, custodian = CaseFolder.open(Path(sys.argv[1])), custodian_from(Path(sys.argv[2]))
real, calls = {module}.{name}, []
def until(*given, **more):
    calls.append(given)
    if len(calls) == {call}:
        print("now", flush=True)
        sys.stdin.read()
    return real(*given, **more)
{module}.{name} = until
seal_item(case, "EV-0002", custodian, reason="r")
"""
BEFORE = [("sealing", "encrypt", 2), ("sealing", "build_manifest", 1), ("folder", "plan_commit", 1)]
AFTER = [
    *(("staging", "move_new", call) for call in (2, 3)),
    *(("folder", "_append_once", call) for call in (1, 2)),
    *(("folder", "withdraw", 1), ("staging", "_remove_replaced", 3)),
]
"""Calls of the product's own functions at which it is killed: before the commit was decided, and after."""


def kill_at(case: CaseFolder, custodian: Custodian, where: tuple[str, str, int], folder: Path, root: Path) -> None:
    key = keep_key(custodian, folder / "key.p12")
    module, name, call = where
    program = PROGRAM.format(module=module, name=name, call=call)
    command = [sys.executable, "-c", program, str(case.path), str(key)]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "now\n"
        process.send_signal(signal.SIGKILL)


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: kills with SIGKILL")
@pytest.mark.parametrize("where", BEFORE)
def test_killed_before_it_was_decided_nothing_has_changed_and_it_can_be_sealed_again(
    case: CaseFolder, custodian: Custodian, tmp_path: Path, pytestconfig: pytest.Config, where: tuple[str, str, int]
) -> None:
    kill_at(case, custodian, where, tmp_path, pytestconfig.rootpath)

    assert verified(case, custodian).verdict == "verified"
    assert (case.path / "items/EV-0002/supply.json").is_file()
    seal_item(case, "EV-0002", custodian, reason=REASON)
    assert verified(case, custodian).verdict == "verified"
    assert holding(case.path, NAME.encode()) == []


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: kills with SIGKILL")
@pytest.mark.parametrize("where", AFTER)
def test_killed_after_it_was_decided_the_next_command_seals_it_and_removes_it_in_plain(
    case: CaseFolder, custodian: Custodian, tmp_path: Path, pytestconfig: pytest.Config, where: tuple[str, str, int]
) -> None:
    kill_at(case, custodian, where, tmp_path, pytestconfig.rootpath)

    assert verified(case, custodian).verdict == "verified"
    case.repair()
    assert holding(case.path, NAME.encode()) == []
    assert verified(case, custodian).verdict == "verified"
    assert case.log().full_events()[-1].type == EventType.ITEM_SEALED
    with pytest.raises(UsageError, match="sealed already"):
        seal_item(case, "EV-0002", custodian, reason=REASON)


def event_without_item(before: CaseFolder, sealed: CaseFolder, _by: Custodian) -> None:
    shutil.rmtree(sealed.path / "items/EV-0001")
    shutil.copytree(before.path / "items/EV-0001", sealed.path / "items/EV-0001")


def item_without_event(before: CaseFolder, sealed: CaseFolder, _by: Custodian) -> None:
    for name in ("custody.jsonl", "custody.sig"):
        shutil.copyfile(before.path / name, sealed.path / name)


def other_content(_before: CaseFolder, sealed: CaseFolder, by: Custodian) -> None:
    """Swap it again, for something else, and sign that anew."""
    folder = sealed.path / "items/EV-0001"
    one, two = folder / "sealed/0001.age", folder / "sealed/0002.age"
    data = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(data)
    rebuild_item(folder)
    (sealed.path / "seals/EV-0001/sealed.p7s").write_bytes(by.sign_file((folder / MANIFEST).read_bytes()))


def another_seal(_before: CaseFolder, sealed: CaseFolder, by: Custodian) -> None:
    (sealed.path / "seals/EV-0001/sealed.p7s").write_bytes(by.sign_file(b"another"))


def no_seals(_before: CaseFolder, sealed: CaseFolder, _by: Custodian) -> None:
    for name in ("sealed.p7s", f"{MANIFEST}.p7s"):
        (sealed.path / "seals/EV-0001" / name).unlink()


def left_in_plain(before: CaseFolder, sealed: CaseFolder, _by: Custodian) -> None:
    shutil.copyfile(before.path / "items/EV-0001/screenshot.png", sealed.path / "items/EV-0001/screenshot.png")


def a_seal_too_many(_before: CaseFolder, sealed: CaseFolder, _by: Custodian) -> None:
    shutil.copyfile(sealed.path / "seals/EV-0001/sealed.p7s", sealed.path / "seals/EV-0002/sealed.p7s")


FORGERIES = [
    (event_without_item, {"custody.items", "item.seal"}),
    (item_without_event, {"custody.items", "item.seal"}),
    (other_content, {"custody.items"}),
    (another_seal, {"custody.items", "item.seal"}),
    (no_seals, {"item.seal"}),
    (left_in_plain, {"item.manifest"}),
    (a_seal_too_many, {"custody.items"}),
]


@pytest.mark.parametrize(("forge", "checks"), FORGERIES)
def test_what_was_swapped_otherwise_fails(
    case: CaseFolder,
    custodian: Custodian,
    tmp_path: Path,
    forge: Callable[[CaseFolder, CaseFolder, Custodian], None],
    checks: set[str],
) -> None:
    shutil.copytree(case.path, tmp_path / "before")
    seal_item(case, "EV-0001", custodian, reason=REASON)

    forge(CaseFolder.open(tmp_path / "before"), case, custodian)

    assert checks <= failed(verified(case, custodian))


@pytest.mark.parametrize("change", ["again", "of-none", "from-another"])
def test_an_event_that_seals_what_it_cannot_is_out_of_order(
    case: CaseFolder, custodian: Custodian, change: str
) -> None:
    seal_item(case, "EV-0001", custodian, reason=REASON)
    events = read_log(case.path)
    event = events[-1]
    if change == "again":
        events.append(replace(event))
    elif change == "of-none":
        event.value["item"] = "EV-0009"
    else:
        event.value["detail"] = {**event.value["detail"], "replaces": f"sha256:{'0' * 64}"}  # type: ignore[dict-item]
    write_log(case.path, events, custodian)

    assert "custody.order" in failed(verified(case, custodian))


def test_with_a_key_something_else_that_was_sealed_instead_is_told(
    case: CaseFolder, custodian: Custodian, identities: list[Identity]
) -> None:
    """Whoever seals could seal something else: the manifest that it had, of which the log has the digest, shows it."""
    seal_item(case, "EV-0001", custodian, reason=REASON)
    folder = case.path / "items/EV-0001"
    register = json.loads((folder / "sealed.json").read_bytes())
    to = [identity.recipient for identity in identities]
    for line in register["files"]:
        path = folder / particulars_path(line["path"])
        reader = open_age(path.open("rb"), identities)
        assert reader is not None
        with reader:
            told = read_particulars(reader.readall() or b"")
        if told.name == "screenshot.png":
            other = replace(told, sha256=sha256_bytes(MARK[::-1]))
            (folder / line["path"]).write_bytes(encrypt(MARK[::-1], to))
            path.write_bytes(encrypt(other.to_bytes(), to))
            line["commitment"] = str(other.register_line.commitment)
    (folder / "sealed.json").write_bytes(canonical.pretty(register))
    rebuild_item(folder)
    seal = case.path / "seals/EV-0001/sealed.p7s"
    seal.write_bytes(custodian.sign_file((folder / MANIFEST).read_bytes()))
    events = read_log(case.path)
    names = (f"items/EV-0001/{MANIFEST}", "items/EV-0001/sealed.json", "seals/EV-0001/sealed.p7s")
    events[-1].value["digests"] = {name: str(sha256_file(case.path / name)) for name in names}
    write_log(case.path, events, custodian)

    assert failed(verified(case, custodian)) == set()
    assert failed(verified(case, custodian, identities[0])) == {"item.plaintext"}


def test_both_verifiers_say_the_same_of_a_bundle_with_it_good_and_forged(
    case: CaseFolder, custodian: Custodian, tmp_path: Path
) -> None:
    shutil.copytree(case.path, tmp_path / "before")
    for item in ("EV-0001", "EV-0002"):
        seal_item(case, item, custodian, reason=REASON)
    bundle, options = tmp_path / "bundle", BundleOptions(language=Language.ENGLISH, sealed=True)
    make_bundle(case, bundle, custodian=custodian, options=options, stamping=Stamping(), trusted=TrustedRoots())
    assert holding(bundle, *SECRETS) == []
    before = CaseFolder.open(tmp_path / "before")

    with second.running() as other:
        for forge, checks in [(None, set()), *FORGERIES]:
            if forge is item_without_event:
                continue  # a bundle has a log of its own
            forged = tmp_path / "forged"
            shutil.copytree(bundle, forged)
            if forge is not None:
                forge(before, CaseFolder.open(forged / "data"), custodian)
                rehash(forged, custodian)
            ours = verify_path(forged, roots=roots_of(custodian.signer), clock=custodian.clock)
            theirs = other.verify(forged, roots_of(custodian.signer), custodian.clock())
            assert checks <= failed(ours), forge
            assert (ours.verdict == "verified") == (forge is None)
            assert second.differences(ours, theirs) == []
            shutil.rmtree(forged)
