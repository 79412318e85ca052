"""A bundle that is encrypted opens for its recipients alone: to this kit, which writes nothing of it, and to age."""

import subprocess
import zipfile
from pathlib import Path

import pytest

from evidence_kit.bundle.make import BundleOptions, MadeBundle, make_bundle
from evidence_kit.bundle.report_model import Language
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.custodian import Custodian
from evidence_kit.errors import UsageError
from evidence_kit.models import Verdict, VerificationReport
from evidence_kit.trust.age import Identity
from evidence_kit.trust.digests import sha256_file
from evidence_kit.verify import verify_path
from tests.support.cases import URL, commit_small_item, open_case
from tests.support.people import practice_custodian, roots_of
from tests.support.sealing import holding


@pytest.fixture(scope="module")
def custodian() -> Custodian:
    return practice_custodian()


@pytest.fixture(scope="module")
def identities() -> list[Identity]:
    return [Identity.new(), Identity.new()]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory, custodian: Custodian) -> CaseFolder:
    case = open_case(tmp_path_factory.mktemp("encrypted") / "case", custodian)
    commit_small_item(case, custodian)
    return case


@pytest.fixture(scope="module")
def made(
    case: CaseFolder, custodian: Custodian, identities: list[Identity], tmp_path_factory: pytest.TempPathFactory
) -> MadeBundle:
    return bundle(case, tmp_path_factory.mktemp("made") / "court.zip.age", custodian, identities)


def bundle(case: CaseFolder, output: Path, custodian: Custodian, identities: list[Identity]) -> MadeBundle:
    recipients = tuple(identity.recipient for identity in identities)
    return make_bundle(
        case,
        output,
        custodian=custodian,
        options=BundleOptions(language=Language.ENGLISH, encrypt_to=recipients),
        stamping=Stamping(),
        trusted=roots_of(custodian.signer),
    )


def verified(path: Path, custodian: Custodian, *identities: Identity) -> VerificationReport:
    return verify_path(path, roots=roots_of(custodian.signer), clock=custodian.clock, identities=identities)


def test_each_recipient_verifies_it_and_nobody_else_can(
    made: MadeBundle, custodian: Custodian, identities: list[Identity]
) -> None:
    for identity in identities:
        report = verified(made.path, custodian, identity)
        assert (report.kind, report.verdict, report.root) == ("bundle", Verdict.VERIFIED, str(made.root))
    for keys in ([], [Identity.new()]):
        report = verified(made.path, custodian, *keys)
        assert (report.kind, report.verdict) == ("unknown", Verdict.CANNOT_VERIFY)


def test_nothing_of_it_lies_beside_it_in_plain(made: MadeBundle) -> None:
    assert [path.name for path in made.path.parent.iterdir()] == ["court.zip.age"]
    assert holding(made.path.parent, URL.encode()) == []


def test_the_age_program_opens_it_to_the_zip_that_the_log_names(
    made: MadeBundle, case: CaseFolder, identities: list[Identity], tmp_path: Path
) -> None:
    key, opened = tmp_path / "key.txt", tmp_path / "court.zip"
    key.write_text(identities[1].secret_text(), encoding="ascii")
    subprocess.run(["age", "-d", "-i", key, "-o", opened, made.path], check=True)

    event = case.log().full_events()[-1]

    assert event.digests["zip"] == sha256_file(opened) == made.file_digest
    assert event.digests["age"] == sha256_file(made.path)
    assert event.detail["recipients"] == [str(identity.recipient) for identity in identities]
    assert made.answer["encrypted"] == {
        "sha256": sha256_file(made.path).hex,
        "recipients": event.detail["recipients"],
    }
    with zipfile.ZipFile(opened) as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == {"court"}


@pytest.mark.parametrize("place", [0.0, 0.01, 0.3, 0.7, 0.999999])
def test_a_flipped_bit_is_never_verified(
    made: MadeBundle, custodian: Custodian, identities: list[Identity], tmp_path: Path, place: float
) -> None:
    data = bytearray(made.path.read_bytes())
    data[int(place * len(data))] ^= 1
    (tmp_path / "court.zip.age").write_bytes(data)

    report = verified(tmp_path / "court.zip.age", custodian, identities[0])

    assert report.verdict in {Verdict.ALTERED, Verdict.CANNOT_VERIFY}
    assert any(check.outcome == "failed" for check in report.checks)


@pytest.mark.parametrize("name", ["court", "court.zip", "court.age"])
def test_it_is_called_what_it_is(
    case: CaseFolder, custodian: Custodian, identities: list[Identity], tmp_path: Path, name: str
) -> None:
    before = len(case.log().full_events())

    with pytest.raises(UsageError, match="encrypted zip"):
        bundle(case, tmp_path / name, custodian, identities)

    assert len(case.log().full_events()) == before
