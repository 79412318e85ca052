"""A case with recipients keeps no content in plain, and whoever has a key reads and checks all of it."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import import_module
from io import BytesIO
from pathlib import Path

import pytest

from evidence_kit.bundle.make import BundleOptions, make_bundle
from evidence_kit.bundle.report_model import Language
from evidence_kit.canonical import Json
from evidence_kit.case import encrypted
from evidence_kit.case.duplicates import duplicates, handed_over
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import read_item
from evidence_kit.case.stamping import Stamping
from evidence_kit.case.taking import conclude_item
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.recipients import Named, Use, adding
from evidence_kit.errors import CaseError
from evidence_kit.intake.taking import complete_interrupted
from evidence_kit.models import Outcome, Verdict, VerificationReport
from evidence_kit.replay.viewer_subject import open_subject
from evidence_kit.trust.age import Identity, open_age
from evidence_kit.verify import verify_path
from tests.support.cases import open_case, stage_small_item
from tests.support.forging import rehash
from tests.support.people import practice_custodian, roots_of
from tests.support.pictures import vast_png
from tests.support.second import SecondVerifier, differences, running
from tests.support.supplies import hand_over, take

OFFICER, PROSECUTOR, STRANGER = Identity.new(), Identity.new(), Identity.new()
SECRET = b"a secret that must not lie in plain"
FILES = {"one.txt": SECRET, "two.bin": SECRET * 5000, "empty": b""}
PICTURE = vast_png(40, 30)
OF_CONTENT = {"wacz.structure", "wacz.index", "warc.records", "item.recorded", "wacz.transport", "item.plaintext"}


@pytest.fixture(scope="module")
def custodian() -> Custodian:
    return practice_custodian()


@pytest.fixture
def case(tmp_path: Path, custodian: Custodian) -> CaseFolder:
    return encrypted_case(tmp_path / "case", custodian)


def encrypted_case(path: Path, custodian: Custodian) -> CaseFolder:
    case = open_case(path, custodian)
    for identity in (OFFICER, PROSECUTOR):
        case.commit(adding(Named(recipient=identity.recipient, use=Use.CONTENT)), custodian)
    return case


def verified(path: Path, custodian: Custodian, *identities: Identity) -> VerificationReport:
    return verify_path(path, roots=roots_of(custodian.signer), clock=custodian.clock, identities=identities)


def ids(report: VerificationReport, outcome: Outcome) -> set[str]:
    return {check.id for check in report.checks if check.outcome is outcome}


def in_plain(folder: Path) -> list[str]:
    """Return what below *folder* holds the secret, or the name of a file that was handed over."""
    return [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and (SECRET in path.read_bytes() or b"one.txt" in path.read_bytes())
    ]


def test_what_is_handed_over_lies_nowhere_in_plain(case: CaseFolder, custodian: Custodian, tmp_path: Path) -> None:
    given = hand_over(tmp_path / "phone", FILES)

    item = take(case, custodian, given).id

    names = {path.name for path in (case.path / "items" / item).rglob("*") if path.is_file()}
    assert in_plain(case.path) == []
    assert names >= {"0001.age", "supply.json.age", "facts.json.age", "supplied.wacz.age", "item.json"}
    assert not [path for path in case.staging.iterdir() if path.name.startswith("EV-")]


def test_without_a_key_all_but_the_content_is_checked(case: CaseFolder, custodian: Custodian, tmp_path: Path) -> None:
    take(case, custodian, hand_over(tmp_path / "phone", FILES))

    report = verified(case.path, custodian)

    assert report.verdict is Verdict.VERIFIED
    assert ids(report, Outcome.NOT_CHECKED) >= OF_CONTENT
    assert "item.encrypted" in ids(report, Outcome.PASSED)
    assert "item.manifest" in ids(report, Outcome.PASSED)


@pytest.mark.parametrize("identity", [OFFICER, PROSECUTOR])
def test_with_any_recipients_key_everything_is_checked(
    case: CaseFolder, custodian: Custodian, tmp_path: Path, identity: Identity
) -> None:
    take(case, custodian, hand_over(tmp_path / "phone", FILES))

    report = verified(case.path, custodian, STRANGER, identity)

    assert report.verdict is Verdict.VERIFIED
    assert ids(report, Outcome.PASSED) >= OF_CONTENT
    assert not ids(report, Outcome.NOT_CHECKED) & OF_CONTENT


def test_a_strangers_key_checks_no_content(case: CaseFolder, custodian: Custodian, tmp_path: Path) -> None:
    take(case, custodian, hand_over(tmp_path / "phone", FILES))

    report = verified(case.path, custodian, STRANGER)

    (check,) = (check for check in report.checks if check.id == "item.plaintext")
    assert check.outcome is Outcome.NOT_CHECKED
    assert check.detail == "6 files: encrypted, and not to a key that was given"


def test_the_record_says_what_each_age_file_holds(case: CaseFolder, custodian: Custodian, tmp_path: Path) -> None:
    item = take(case, custodian, hand_over(tmp_path / "phone", FILES)).id

    found = encrypted.contents_of(read_item(case, item))

    assert found["original/0003"].size == len(FILES["two.bin"])
    assert found["original/0001"].size == 0


def test_the_same_bytes_are_recognised_though_each_is_encrypted_with_a_key_of_its_own(
    case: CaseFolder, custodian: Custodian, tmp_path: Path
) -> None:
    given = hand_over(tmp_path / "phone", {"one.txt": SECRET})
    items = [take(case, custodian, given).id, take(case, custodian, given).id]

    found = duplicates(list(handed_over(case, items)))

    assert [each["same_as"] for each in found[items[0]] if isinstance(each, dict)] == [
        f"items/{items[1]}/original/0001.txt.age"
    ]


@pytest.mark.parametrize(
    "place",
    [
        "evidence_kit.case.encrypted.encrypt_file",
        "evidence_kit.case.encrypted.move_new",
        "evidence_kit.case.items.build_manifest",
        "evidence_kit.case.folder.plan_commit",
        "evidence_kit.case.folder.withdraw",
        "evidence_kit.intake.taking.clear_ended",
    ],
)
@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["before", "after"])
def test_a_taking_that_stopped_while_it_encrypted_ends_encrypted(  # noqa: PLR0913  # what stopped where
    case: CaseFolder, custodian: Custodian, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, *, whole: bool
) -> None:
    module, _, name = place.rpartition(".")
    work = getattr(import_module(module), name)

    def stopping(*arguments: object, **named: object) -> object:
        # The event that begins the item is committed without a folder of one.
        concerned = named.get("item", getattr(arguments[0], "item", "EV-0001"))
        done = work(*arguments, **named) if whole or not concerned else None
        if concerned:
            raise CaseError("the power went")
        return done

    given = hand_over(tmp_path / "phone", FILES)
    with monkeypatch.context() as patched:
        patched.setattr(place, stopping)
        with pytest.raises(CaseError, match="power"):
            take(case, custodian, given)
    shutil.rmtree(given)
    list(complete_interrupted(case, custodian, Stamping(), on_damage=lambda *_: None))

    assert len(encrypted.contents_of(read_item(case, "EV-0001"))) == 6
    assert in_plain(case.path) == []
    assert not list(case.staging.glob("EV-*"))
    assert verified(case.path, custodian, OFFICER).verdict is Verdict.VERIFIED


@pytest.mark.parametrize("change", ["cut", "flip", "header"])
def test_an_age_file_that_was_changed_is_found_without_a_key_and_with_one(
    case: CaseFolder, custodian: Custodian, tmp_path: Path, change: str
) -> None:
    item = take(case, custodian, hand_over(tmp_path / "phone", FILES)).id
    path = case.path / "items" / item / "original" / "0003.age"
    data = bytearray(path.read_bytes())
    match change:
        case "cut":
            del data[-20:]
        case "flip":
            data[-20] ^= 1
        case _:
            data[3] ^= 1
    path.write_bytes(data)

    blind, seeing = verified(case.path, custodian), verified(case.path, custodian, OFFICER)

    assert blind.verdict is seeing.verdict is Verdict.ALTERED
    assert ids(blind, Outcome.FAILED) == {"item.manifest"} | ({"item.encrypted"} if change != "flip" else set())
    assert ids(seeing, Outcome.FAILED) >= {"item.manifest"}


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory, custodian: Custodian) -> CaseFolder:
    """A case with an encrypted item that was captured, and one that was handed over; nobody changes it."""
    folder = tmp_path_factory.mktemp("captured")
    case = encrypted_case(folder / "case", custodian)
    record = stage_small_item(case, custodian, body=SECRET, screenshot=PICTURE)
    conclude_item(case, record, custodian, Stamping(), tokens=())
    take(case, custodian, hand_over(folder / "phone", {**FILES, "picture.png": PICTURE}))
    return case


@pytest.fixture(scope="module")
def kept(captured: CaseFolder, custodian: Custodian) -> Path:
    return bundled(captured, custodian, captured.path.parent / "kept", OFFICER)


@pytest.fixture(scope="module")
def delivered(captured: CaseFolder, custodian: Custodian) -> Path:
    return bundled(captured, custodian, captured.path.parent / "delivered", OFFICER, opened=True)


@pytest.fixture(scope="module")
def second() -> Iterator[SecondVerifier]:
    with running() as verifier:
        yield verifier


def bundled(case: CaseFolder, custodian: Custodian, output: Path, *identities: Identity, opened: bool = False) -> Path:
    options = BundleOptions(
        language=Language.ENGLISH, identities=identities, opened=opened, zip=output.suffix == ".zip"
    )
    trusted = roots_of(custodian.signer)
    make_bundle(case, output, custodian=custodian, options=options, stamping=Stamping(), trusted=trusted)
    return output


def page_1(oracle: Callable[[str], Path], bundle: Path) -> str:
    report = bundle / "data" / "report.pdf"
    done = subprocess.run([oracle("pdftotext"), "-l", "1", report, "-"], capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


def memory() -> set[str]:
    """Return what lies in memory of what was opened."""
    return {path.name for path in Path("/dev/shm").glob("evidence-kit-*")}  # noqa: S108  # looked at only


def test_no_bundle_is_begun_without_a_key(captured: CaseFolder, custodian: Custodian, tmp_path: Path) -> None:
    before = captured.log_bytes()

    with pytest.raises(CaseError, match="EV-0001 is encrypted") as caught:
        bundled(captured, custodian, tmp_path / "bundle")

    assert "--key" in caught.value.hint
    assert captured.log_bytes() == before


def test_a_bundle_holds_what_is_encrypted_byte_for_byte_and_both_verifiers_say_so(
    captured: CaseFolder, kept: Path, custodian: Custodian, second: SecondVerifier, oracle: Callable[[str], Path]
) -> None:
    files = {path.relative_to(captured.path) for path in (captured.path / "items").rglob("*") if path.is_file()}
    assert all((kept / "data" / name).read_bytes() == (captured.path / name).read_bytes() for name in files)
    assert memory() == set()
    assert "Items whose content is encrypted in this bundle; the report was made with a key" in page_1(oracle, kept)
    report = verified(kept, custodian)
    assert report.verdict is Verdict.VERIFIED
    assert ids(report, Outcome.NOT_CHECKED) >= OF_CONTENT
    assert ids(verified(kept, custodian, PROSECUTOR), Outcome.PASSED) >= OF_CONTENT
    theirs = second.verify(kept, roots_of(custodian.signer), custodian.clock())
    assert differences(report, theirs) == []
    assert words(theirs) == words(report.to_json())


def test_a_bundle_delivered_opened_is_checked_like_any_other(
    delivered: Path, custodian: Custodian, second: SecondVerifier, oracle: Callable[[str], Path]
) -> None:
    assert not list(delivered.rglob("*.age"))
    assert (delivered / "data" / "items" / "EV-0001" / "screenshot.png").read_bytes() == PICTURE
    assert "was put into this bundle opened" in page_1(oracle, delivered)
    report = verified(delivered, custodian)
    assert report.verdict is Verdict.VERIFIED
    assert ids(report, Outcome.PASSED) >= OF_CONTENT
    told = [check for check in report.checks if check.id == "item.manifest" and check.outcome is Outcome.NOT_CHECKED]
    assert [check.detail for check in told] == [
        "2 files are delivered opened, which item.plaintext checks",
        "7 files are delivered opened, which item.plaintext checks",
    ]
    theirs = second.verify(delivered, roots_of(custodian.signer), custodian.clock())
    assert differences(report, theirs) == []
    assert words(theirs) == words(report.to_json())


def test_content_that_was_changed_after_it_was_opened_is_found_by_both(
    delivered: Path, custodian: Custodian, second: SecondVerifier, tmp_path: Path
) -> None:
    bundle = shutil.copytree(delivered, tmp_path / "bundle")
    path = bundle / "data" / "items" / "EV-0001" / "capture.wacz"
    path.write_bytes(path.read_bytes() + b"x")
    rehash(bundle, custodian)

    report = verified(bundle, custodian)

    assert report.verdict is Verdict.ALTERED
    assert "item.plaintext" in ids(report, Outcome.FAILED)
    theirs = second.verify(bundle, roots_of(custodian.signer), custodian.clock())
    assert differences(report, theirs) == []


def test_a_bundle_that_says_otherwise_how_it_holds_what_is_encrypted_is_altered(
    kept: Path, custodian: Custodian, second: SecondVerifier, tmp_path: Path
) -> None:
    bundle = shutil.copytree(kept, tmp_path / "bundle")
    path = bundle / "data" / "items" / "EV-0001" / "screenshot.png.age"
    with open_age(path.open("rb"), [OFFICER]) or closing(BytesIO()) as reader:
        path.with_suffix("").write_bytes(reader.read())
    path.unlink()
    rehash(bundle, custodian)

    report = verified(bundle, custodian)

    assert "bundle.event" in ids(report, Outcome.FAILED)
    theirs = second.verify(bundle, roots_of(custodian.signer), custodian.clock())
    assert differences(report, theirs) == []


def test_in_a_case_nothing_may_lie_opened_in_the_place_of_an_age_file(
    captured: CaseFolder, custodian: Custodian, tmp_path: Path
) -> None:
    copy = shutil.copytree(captured.path, tmp_path / "case")
    folder = copy / "items" / "EV-0001"
    (folder / "screenshot.png.age").unlink()
    (folder / "screenshot.png").write_bytes(PICTURE)

    report = verified(copy, custodian, OFFICER)

    assert "item.manifest" in ids(report, Outcome.FAILED)


def test_what_is_shown_is_shown_of_a_bundle_delivered_opened_as_of_a_case_with_a_key(
    captured: CaseFolder, kept: Path, delivered: Path
) -> None:
    found = []
    for path, kind, keys in ((captured.path, "case", [OFFICER]), (delivered, "bundle", []), (kept, "bundle", [])):
        with closing(open_subject(path, kind, identities=keys)) as subject:
            item = subject.items["EV-0001"]
            matching = [subject.matches(item, file) for file in (*item.pictures, *filter(None, [item.archive]))]
            found.append((item.encrypted, matching))

    assert found == [(False, [True, True]), (False, [True, True]), (True, [])]


def words(report: dict[str, Json]) -> set[tuple[str, ...]]:
    """Return what a report says of the checks of items."""
    checks = report["checks"]
    assert isinstance(checks, list)
    return {
        (str(check["id"]), str(check["subject"]), str(check["outcome"]), str(check["detail"]))
        for check in checks
        if isinstance(check, dict) and str(check["id"]).startswith("item.")
    }
