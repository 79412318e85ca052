"""The whole way: what stock tools say of a bundle, and what the verifier says when one byte is changed."""

import gzip
import hashlib
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evidence_kit.archive.warcinfo import read_warcinfo
from evidence_kit.archive.zips import CanonicalZip
from evidence_kit.bundle.make import MadeBundle
from evidence_kit.case.bracket import Opening
from evidence_kit.case.folder import CaseFolder
from evidence_kit.custody.events import EventType
from evidence_kit.custody.receipts import Receipt
from evidence_kit.errors import IntegrityError, UsageError
from evidence_kit.models import Digest, Outcome, Trust, Verdict, VerificationReport
from evidence_kit.pdf.check import check_pdf
from evidence_kit.trust.cms import sign_detached
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.trust.timestamps import stamp
from evidence_kit.verify import verify_path
from evidence_kit.verify.catalogue import TITLES
from evidence_kit.verify.outside import Outside
from evidence_kit.verify.replayed import REPLAY_CHECK
from tests.support.people import SetClock, practice_custodian
from tests.support.tsa import OpensslTsa
from tests.support.whole_way import WholeWay, go

pytestmark = [pytest.mark.browser, pytest.mark.network]


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory, tsa: OpensslTsa) -> WholeWay:
    """A case with one captured post, stamped."""
    return go(
        tmp_path_factory.mktemp("way") / "хэрэг",
        practice_custodian(SetClock(datetime.now(UTC))),
        "/posts/1001",
        tsa=tsa,
    )


@pytest.fixture(scope="module")
def made(way: WholeWay) -> MadeBundle:
    """The bundle of that case, as a folder."""
    return way.bundle(way.case.path.parent / "bundle")


@pytest.fixture(scope="module")
def zipped(way: WholeWay) -> MadeBundle:
    """The bundle of that case, as a zip."""
    return way.bundle(way.case.path.parent / "bundle.zip", as_zip=True)


def test_the_first_pictures_and_their_time_stamp_are_checked_in_case_and_bundle(
    way: WholeWay, made: MadeBundle
) -> None:
    for path in (way.case.path, made.path):
        passed = {check.id for check in way.verify(path).checks if check.outcome is Outcome.PASSED}
        assert {"item.freeze", "item.freeze-token"} <= passed


def test_the_archive_was_assembled_between_the_first_stamp_and_the_one_over_the_item(
    way: WholeWay, made: MadeBundle, tsa: OpensslTsa
) -> None:
    item = way.case.path / "items" / "EV-0001"
    fields = read_warcinfo(item / "capture.wacz")
    start = next(event for event in way.case.log().full_events() if event.type == EventType.CAPTURE_STARTED)

    for path in (way.case.path, made.path):
        report = way.verify(path)
        (check,) = [check for check in report.checks if check.id == "item.bracket"]
        assert (check.outcome, check.detail[:26]) == (Outcome.PASSED, "archive assembled between ")
        assert isinstance(report.facts["assembled"], dict)
    nonce = fields["not-before-nonce"]
    assert start.detail["not_before"] == {"nonce": nonce, "token": fields["not-before-token"]}
    _run("openssl", "ts", "-verify", "-digest", nonce, "-in", "start.tsr", "-CAfile", tsa.root_pem, folder=item)


def test_another_stamp_in_place_of_the_first_breaks_the_bracket(way: WholeWay, tmp_path: Path, tsa: OpensslTsa) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(way.case.path, copy)
    start = next(event for event in way.case.log().full_events() if event.type == EventType.CAPTURE_STARTED)
    opening = Opening.from_json(start.detail["not_before"])
    assert opening is not None
    (copy / "items" / "EV-0001" / "start.tsr").write_bytes(stamp(tsa.url, opening.nonce))

    failed = _failed(way.verify(copy))

    assert failed["item.bracket"] == "items/EV-0001/start.tsr"


def test_a_receipt_holds_for_a_bundle_unless_it_was_made_before(way: WholeWay, made: MadeBundle) -> None:
    log = way.case.log()
    at = way.custodian.clock()

    def outcome(head: Digest, issued: datetime | None) -> Outcome:
        given = Outside(receipts=(Receipt(head=head, issued=issued),))
        report = verify_path(made.path, roots=way.roots, clock=way.custodian.clock, outside=given, check_pdf=check_pdf)
        (check,) = [check for check in report.checks if check.id == "custody.receipt"]
        return check.outcome

    assert outcome(log.links[2], at) is Outcome.PASSED
    assert outcome(sha256_bytes(b"cut away"), at - timedelta(hours=1)) is Outcome.FAILED
    assert outcome(sha256_bytes(b"cut away"), None) is Outcome.FAILED
    assert outcome(sha256_bytes(b"later"), at + timedelta(hours=1)) is Outcome.NOT_CHECKED


def _failed(report: VerificationReport) -> dict[str, str]:
    return {check.id: check.subject for check in report.checks if check.outcome is Outcome.FAILED}


def _run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def test_the_bundle_verifies_with_a_practice_signer_and_a_trusted_time(way: WholeWay, made: MadeBundle) -> None:
    report = way.verify(made.path)

    assert _failed(report) == {}
    assert report.verdict is Verdict.VERIFIED
    assert [signer.trust for signer in report.signers] == [Trust.PRACTICE]
    assert made.signature_level == "B-T"
    assert {check.outcome for check in report.checks} == {Outcome.PASSED}


def test_every_check_that_applies_to_a_stamped_bundle_was_made(
    way: WholeWay, made: MadeBundle, zipped: MadeBundle
) -> None:
    """A check that silently does not run is worse than one that fails."""
    only_elsewhere = {"case.leftovers", "subject.kind", "subject.readable", REPLAY_CHECK}
    only_elsewhere |= {id_ for id_ in TITLES if id_.startswith(("tls.", "anchor.", "vault.", "witness."))}
    only_elsewhere |= {id_ for id_ in TITLES if id_.endswith(".revocation")}
    only_elsewhere |= {"custody.receipt", "custody.anchor", "bundle.previous"}
    only_elsewhere |= {"item.sealed", "item.encrypted", "item.plaintext", "item.derived-from"}

    folder = {check.id for check in way.verify(made.path).checks}
    packed = {check.id for check in way.verify(zipped.path).checks}

    assert folder == TITLES.keys() - only_elsewhere - {"zip.canonical"}
    assert packed == TITLES.keys() - only_elsewhere


def test_case_item_report_and_zip_verify_too(way: WholeWay, made: MadeBundle, zipped: MadeBundle) -> None:
    item = way.case.path / "items" / "EV-0001"
    reports = {path: way.verify(path) for path in (way.case.path, item, made.path / "data" / "report.pdf", zipped.path)}

    assert {path.name: str(report.verdict) for path, report in reports.items()} == {
        "хэрэг": "verified",
        "EV-0001": "verified",
        "report.pdf": "verified",
        "bundle.zip": "verified",
    }
    assert reports[made.path / "data" / "report.pdf"].root == str(made.root)
    assert reports[zipped.path].root == str(zipped.root)


def test_stock_tools_accept_the_bundle(tmp_path: Path, made: MadeBundle, oracle: Callable[[str], Path]) -> None:
    """Every command that README.txt prints, and more, without our program."""
    folder = tmp_path / "bundle"
    shutil.copytree(made.path, folder)
    text = (folder / "README.txt").read_text(encoding="utf-8")
    for command in dict.fromkeys(line.strip() for line in text.splitlines() if line.startswith("  ")):
        if command.startswith(("sha256sum", "openssl", "pdfsig")):
            _run("bash", "-euc", command, folder=folder)
    event = next(line.strip() for line in text.splitlines() if line.strip().startswith("sed "))
    assert "CAdES Verification successful" in _run("bash", "-euc", event, folder=folder)
    _run("sha256sum", "--check", "--strict", "data/evidence-sha256.txt", folder=folder)
    assert hashlib.sha256((folder / "data/evidence-sha256.txt").read_bytes()).hexdigest() == made.root.hex
    assert "Signature is Valid" in _run(oracle("pdfsig"), "data/report.pdf", folder=folder)
    assert "Total document signed" in _run(oracle("pdfsig"), "data/report.pdf", folder=folder)
    _run(oracle("qpdf"), "--check", "data/report.pdf", folder=folder)
    _run(oracle("bagit.py"), "--validate", ".", folder=made.path)


def test_stock_tools_accept_the_web_archive(tmp_path: Path, made: MadeBundle, oracle: Callable[[str], Path]) -> None:
    wacz = made.path / "data/items/EV-0001/capture.wacz"
    with zipfile.ZipFile(wacz) as archive:
        archive.extract("archive/data.warc.gz", tmp_path)
    warc = tmp_path / "archive" / "data.warc.gz"

    _run(oracle("wacz"), "validate", "-f", wacz, folder=tmp_path)
    _run(oracle("warcio"), "check", warc, folder=tmp_path)
    _run(oracle("fastwarc"), "check", "-p", warc, folder=tmp_path)


def _flip(path: Path, position: int) -> None:
    with path.open("r+b") as stream:
        stream.seek(position)
        byte = stream.read(1)[0]
        stream.seek(position)
        stream.write(bytes([byte ^ 0x20]))


@pytest.mark.parametrize("name", ["tagmanifest-sha256.txt.p7s", "tagmanifest-sha256.txt.tsr"])
def test_the_seals_themselves_have_no_free_byte(tmp_path: Path, way: WholeWay, made: MadeBundle, name: str) -> None:
    """The whole verifier on a sample; every byte is tried in the unit tests of the trust room."""
    folder = tmp_path / "bundle"
    shutil.copytree(made.path, folder)
    for position in range(0, (folder / name).stat().st_size, 97):
        _flip(folder / name, position)

        report = way.verify(folder)

        assert report.verdict is Verdict.ALTERED
        assert name in _failed(report).values()
        _flip(folder / name, position)


def test_one_changed_byte_anywhere_in_the_zip_is_altered(tmp_path: Path, way: WholeWay, zipped: MadeBundle) -> None:
    """Every region of the zip: local headers, names, data, central directory, end record."""
    path = tmp_path / "bundle.zip"
    shutil.copyfile(zipped.path, path)
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        start = archive.start_dir
    size = path.stat().st_size
    headers = [entries[n].header_offset + d for n in (0, -1) for d in (0, 3, 6, 8, 10, 14, 18, 22, 26, 28, 31)]
    directory = [start + d for d in range(0, size - start, max(1, (size - start) // 8))]
    for position in [*headers, *directory, *range(size - 22, size, 5)]:
        _flip(path, position)

        report = way.verify(path)

        assert report.verdict is Verdict.ALTERED, position
        _flip(path, position)
    assert way.verify(path).verdict is Verdict.VERIFIED


@pytest.mark.parametrize("extra", [b"\0", b"PK\x05\x06" + bytes(18)])
def test_bytes_after_the_zip_are_altered(tmp_path: Path, way: WholeWay, zipped: MadeBundle, extra: bytes) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(zipped.path.read_bytes() + extra)

    assert way.verify(path).verdict is Verdict.ALTERED


@pytest.mark.parametrize(
    "name",
    [
        "letter.txt",
        "data/letter.txt",
        "data/items/EV-0001/x.png",
        "data/items/EV-0009/x.png",
        "data/trust/x.pem",
        "other.html",
        "data/seals/heads/999999.tsr",
    ],
)
def test_a_file_too_many_is_altered_and_named(tmp_path: Path, way: WholeWay, made: MadeBundle, name: str) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(made.path, folder)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"stray")

    report = way.verify(folder)

    assert report.verdict is Verdict.ALTERED
    assert any(name in check.subject for check in report.checks if check.outcome is Outcome.FAILED)


def test_a_bundle_is_only_unchanged_for_somebody_who_does_not_know_the_root(way: WholeWay, made: MadeBundle) -> None:
    report = way.verify(made.path, TrustedRoots())

    assert report.verdict is Verdict.UNCHANGED
    assert {signer.trust for signer in report.signers} == {Trust.CLAIMED}


def test_a_forgers_bundle_under_a_root_of_the_same_name_is_only_unchanged(tmp_path: Path, way: WholeWay) -> None:
    """The forger has the same program and gives the officer's and agency's names to a key of his own."""
    forger = practice_custodian(SetClock(datetime.now(UTC)), officer=way.custodian.officer)
    forged = go(tmp_path / "case", forger, "/news/501").bundle(tmp_path / "bundle")

    report = way.verify(forged.path)

    assert _failed(report) == {}
    assert report.verdict is Verdict.UNCHANGED
    assert [signer.trust for signer in report.signers] == [Trust.CLAIMED]


def test_a_bundle_is_not_made_over_something(way: WholeWay, made: MadeBundle) -> None:
    with pytest.raises(Exception, match="never overwritten"):
        way.bundle(made.path)


def test_the_bundle_says_what_the_log_says(way: WholeWay, made: MadeBundle) -> None:
    inside = (made.path / "data/custody.jsonl").read_text(encoding="utf-8").splitlines()
    types = [json.loads(line)["type"] for line in inside]
    whole = (way.case.path / "custody.jsonl").read_text(encoding="utf-8").splitlines()

    assert types[-2:] == ["bundle.started", "bundled"]
    assert whole[: len(inside)] == inside
    assert json.loads(whole[len(inside)])["type"] == "bundle.sealed"
    assert json.loads(whole[len(inside)])["digests"]["root"] == str(made.root)


def test_mongolian_text_survives_byte_exact_in_the_archive_and_legible_in_the_report(
    tmp_path: Path, made: MadeBundle, oracle: Callable[[str], Path]
) -> None:
    text = _run(oracle("pdftotext"), "data/report.pdf", "-", folder=made.path)
    words = set(re.findall(r"\w+", text))
    with zipfile.ZipFile(made.path / "data/items/EV-0001/capture.wacz") as archive:
        archive.extract("archive/data.warc.gz", tmp_path)
    warc = gzip.decompress((tmp_path / "archive" / "data.warc.gz").read_bytes()).decode("utf-8", "replace")

    assert "₮" in warc
    assert "₮" in text
    for letters in ("Ө", "ө", "ү", "Ү"):
        assert any(letters in word for word in words), letters


def test_a_seal_that_holds_fewer_or_more_certificates_is_altered(
    tmp_path: Path, way: WholeWay, made: MadeBundle
) -> None:
    """The signature holds all the same; no list names the two seals of the tag manifest, so their form must."""
    folder = tmp_path / "bundle"
    shutil.copytree(made.path, folder)
    tags = sha256_bytes((folder / "tagmanifest-sha256.txt").read_bytes())
    seal = folder / "tagmanifest-sha256.txt.p7s"
    seal.write_bytes(sign_detached(tags, way.custodian.signer, at=way.custodian.clock(), with_chain=False))

    assert _failed(way.verify(folder)) == {"bag.signature": "tagmanifest-sha256.txt.p7s"}


def test_a_zip_in_another_order_is_altered(tmp_path: Path, way: WholeWay, made: MadeBundle) -> None:
    path = tmp_path / "bundle.zip"
    names = sorted(file.relative_to(made.path).as_posix() for file in made.path.rglob("*") if file.is_file())
    with CanonicalZip(path) as archive:
        for name in reversed(names):
            archive.add(f"bundle/{name}", made.path / name)

    assert _failed(way.verify(path)) == {"zip.canonical": "bundle.zip"}


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_packed_by_another_program_is_altered_and_not_unknown(
    tmp_path: Path, way: WholeWay, made: MadeBundle, method: int
) -> None:
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for file in sorted(made.path.rglob("*")):
            archive.write(file, f"bundle/{file.relative_to(made.path).as_posix()}")

    assert way.verify(path).verdict is Verdict.ALTERED


def test_what_is_in_a_zip_packed_by_another_program_is_verified(
    tmp_path: Path, way: WholeWay, made: MadeBundle
) -> None:
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(made.path.rglob("*")):
            archive.write(file, f"bundle/{file.relative_to(made.path).as_posix()}")

    assert _failed(way.verify(path)) == {"zip.canonical": "bundle.zip"}


def test_an_empty_folder_too_many_is_altered(tmp_path: Path, way: WholeWay, made: MadeBundle) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(made.path, folder)
    (folder / "data" / "items" / "EV-0077").mkdir()

    assert _failed(way.verify(folder)) == {"case.strays": "data/items/EV-0077/"}


def test_a_text_about_bundles_is_no_bundle(project: Path, way: WholeWay) -> None:
    assert way.verify(project / "docs" / "evidence-format.md").verdict is Verdict.CANNOT_VERIFY


def test_a_bundle_is_not_made_inside_its_case(way: WholeWay) -> None:
    with pytest.raises(UsageError, match="lies in the case"):
        way.bundle(way.case.path / "bundle")


def test_no_bundle_is_made_of_a_log_that_does_not_hold_together(tmp_path: Path, way: WholeWay) -> None:
    folder = tmp_path / "case"
    shutil.copytree(way.case.path, folder)
    log = folder / "custody.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"outcome":"complete"', b'"outcome":"failed"'))

    with pytest.raises(IntegrityError, match="does not hold together"):
        replace(way, case=CaseFolder.open(folder)).bundle(tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()
