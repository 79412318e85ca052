"""What is a bundle of ours, what never was one, and that nobody gains by taking our marks away."""

import shutil
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from evidence_kit.models import Verdict
from evidence_kit.pdf.apart import check_pdf_apart
from evidence_kit.settings import load_settings
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify import verify_path
from tests.cli.running import RunCommand


def write_bag(folder: Path) -> Path:
    """Write a bag as other people's programs write it (RFC 8493)."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "letter.txt").write_bytes(b"hello\n")
    (folder / "bagit.txt").write_bytes(b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    (folder / "bag-info.txt").write_bytes(b"Source-Organization: Library\nPayload-Oxum: 6.1\n")
    _write_list(folder, "manifest-sha256.txt", ["data/letter.txt"])
    _write_list(folder, "tagmanifest-sha256.txt", ["bag-info.txt", "bagit.txt", "manifest-sha256.txt"])
    return folder


def _write_list(folder: Path, name: str, files: list[str]) -> None:
    lines = [f"{sha256((folder / file).read_bytes()).hexdigest()}  {file}\n" for file in files]
    (folder / name).write_bytes("".join(lines).encode())


def pack(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder.parent).as_posix())
    return path


@pytest.fixture
def bundle(officer: RunCommand, case: Path, with_item: Callable[[], str]) -> Path:
    with_item()
    folder = case.parent / "bundle"
    assert officer("bundle", "--output", folder, "--case", case).code == 0
    return folder


def test_somebody_elses_bag_cannot_be_verified(run: RunCommand, tmp_path: Path) -> None:
    folder = write_bag(tmp_path / "bag")

    for path in (folder, pack(folder)):
        answer = run("verify", path, "--json")

        assert answer.code == 1, answer.out
        assert answer.json["verdict"] == "cannot-verify"
        assert {check["id"]: check["outcome"] for check in answer.json["checks"]} == {
            "bag.payload": "passed",
            "bag.tag-file": "passed",
            "subject.kind": "failed",
        }
    assert "no bundle of ours" in run("verify", folder).out
    assert "no bundle of ours" in run("verify", folder.with_suffix(".zip")).out


def test_the_payload_of_a_bundle_alone_cannot_be_verified_and_the_whole_is_asked_for(
    officer: RunCommand, bundle: Path, tmp_path: Path
) -> None:
    alone = tmp_path / "copy" / "evidence"
    shutil.copytree(bundle / "data", alone)

    for path in (bundle / "data", alone):
        answer = officer("verify", path)

        assert answer.code == 1
        assert "give the whole bundle" in answer.out


@pytest.mark.parametrize(
    "names",
    [
        ["tagmanifest-sha256.txt.p7s"],
        ["tagmanifest-sha256.txt.p7s", "tagmanifest-sha256.txt"],
        ["tagmanifest-sha256.txt.p7s", "bag-info.txt", "bagit.txt"],
        ["data/custody.jsonl", "data/custody.sig", "data/case.json", "data/evidence-sha256.txt"],
    ],
)
def test_a_bundle_without_some_of_our_marks_is_altered(officer: RunCommand, bundle: Path, names: list[str]) -> None:
    for name in names:
        (bundle / name).unlink()

    assert officer("verify", bundle).code == 3
    assert officer("verify", pack(bundle)).code == 3


def test_a_bundle_without_any_of_our_marks_is_never_more_than_unknown(officer: RunCommand, bundle: Path) -> None:
    ours = ["custody.jsonl", "custody.sig", "case.json", "evidence-sha256.txt"]
    for name in ["tagmanifest-sha256.txt.p7s", *(f"data/{name}" for name in ours)]:
        (bundle / name).unlink()
    (bundle / "bag-info.txt").write_bytes(b"Payload-Oxum: 1.1\n")

    assert officer("verify", bundle).code == 1


@pytest.mark.parametrize("name", ["bagit.txt", "tagmanifest-sha256.txt"])
def test_a_case_does_not_become_unknown_by_a_file_of_a_bag(officer: RunCommand, case: Path, name: str) -> None:
    (case / name).write_bytes(b"BagIt-Version: 1.0\n")

    assert officer("verify", case).code == 3


def test_a_bundle_whose_report_is_too_much_to_examine_is_not_verified_and_when_altered_still_altered(
    bundle: Path, home: Path
) -> None:
    def verdict() -> Verdict:
        return verify_path(
            bundle,
            roots=TrustedRoots(practice=load_settings(home).practice_roots()),
            clock=lambda: datetime.now(UTC),
            check_pdf=lambda stream: check_pdf_apart(stream, seconds=0.001),
        ).verdict

    assert verdict() is Verdict.CANNOT_VERIFY
    (bundle / "README.txt").write_bytes(b"x")
    assert verdict() is Verdict.ALTERED
