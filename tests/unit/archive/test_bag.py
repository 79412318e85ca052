"""Bags: written, checked, and every change found."""

from pathlib import Path

import pytest

from evidence_kit.archive.bag import BagFinding, BagReport, check_bag, parse_info, write_bag
from evidence_kit.archive.tree import FolderTree, ZipTree
from evidence_kit.archive.zips import CanonicalZip
from evidence_kit.errors import FormatError
from evidence_kit.models import Outcome
from evidence_kit.trust.digests import sha256_bytes


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """Return a bag with a Cyrillic name, an empty file and a tag file of its own."""
    root = tmp_path / "уут bag"
    (root / "data" / "items").mkdir(parents=True)
    (root / "data" / "report.pdf").write_bytes(b"%PDF\n" * 1000)
    (root / "data" / "items" / "мэдээ.txt").write_bytes(b"")
    (root / "README.txt").write_bytes(b"how to check\n")
    write_bag(root, info={"Bagging-Date": "2026-11-22", "Source-Organization": "Алба\nПayload: x"})
    return root


def checked(root: Path) -> BagReport:
    """Return the report on a folder."""
    return check_bag(FolderTree(root))


def failures(root: Path) -> list[tuple[str, str]]:
    """Return check and subject of every failed check."""
    return [(f.check, f.subject) for f in checked(root).findings if f.outcome is not Outcome.PASSED]


def test_a_bag_has_the_files_of_the_standard(bag: Path) -> None:
    assert (bag / "bagit.txt").read_bytes() == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    assert (bag / "bag-info.txt").read_text(encoding="utf-8") == (
        "Bagging-Date: 2026-11-22\nSource-Organization: Алба\\u{000A}Пayload: x\nPayload-Oxum: 5000.2\n"
    )
    listed = [line.split("  ")[1] for line in (bag / "manifest-sha256.txt").read_text(encoding="utf-8").splitlines()]
    assert listed == ["data/items/мэдээ.txt", "data/report.pdf"]
    tags = [line.split("  ")[1] for line in (bag / "tagmanifest-sha256.txt").read_text(encoding="utf-8").splitlines()]
    assert tags == ["README.txt", "bag-info.txt", "bagit.txt", "manifest-sha256.txt"]


def test_what_was_written_passes_every_check(bag: Path) -> None:
    report = checked(bag)

    assert not report.failed
    assert {finding.outcome for finding in report.findings} == {Outcome.PASSED}
    assert [finding.subject for finding in report.findings if finding.check == "bag.payload"] == [
        "data/items/мэдээ.txt",
        "data/report.pdf",
    ]
    assert report.digests["data/report.pdf"] == sha256_bytes(b"%PDF\n" * 1000)
    assert dict(report.info)["Payload-Oxum"] == "5000.2"


def test_a_zip_of_the_bag_passes_the_same_checks(bag: Path, tmp_path: Path) -> None:
    tree = FolderTree(bag)
    with CanonicalZip(tmp_path / "bag.zip") as archive:
        for name in tree.names():
            archive.add(f"bag/{name}", bag / name)

    zipped = ZipTree(tmp_path / "bag.zip")

    assert check_bag(zipped) == checked(bag)
    zipped.close()


@pytest.mark.parametrize(
    "name",
    ["bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt", "README.txt", "data/report.pdf"],
)
def test_every_flipped_byte_is_found_and_its_file_named(bag: Path, name: str) -> None:
    path = bag / name
    data = bytearray(path.read_bytes())
    for at in range(0, len(data), 1 + len(data) // 100):
        data[at] ^= 0x01
        path.write_bytes(data)
        found = [finding for finding in checked(bag).findings if finding.outcome is Outcome.FAILED]
        assert any(name in (finding.subject, finding.subject.partition(" ")[0]) for finding in found) or name.endswith(
            "manifest-sha256.txt"
        )
        assert found
        data[at] ^= 0x01


def test_missing_files_are_found(bag: Path) -> None:
    (bag / "data" / "report.pdf").unlink()
    (bag / "README.txt").unlink()

    assert failures(bag) == [
        ("bag.payload", "data/report.pdf"),
        ("bag.tag-file", "README.txt"),
        ("bag.oxum", "bag-info.txt"),
    ]


@pytest.mark.parametrize("name", ["bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"])
def test_a_missing_bag_file_is_found(bag: Path, name: str) -> None:
    (bag / name).unlink()

    assert name in {subject for _, subject in failures(bag)}


@pytest.mark.parametrize("name", ["data/extra", "extra.txt", "tagmanifest-md5.txt"])
def test_a_stray_file_is_found(bag: Path, name: str) -> None:
    (bag / name).write_bytes(b"x")

    assert ("bag.stray", name) in failures(bag)


def test_named_files_may_stand_in_no_list(bag: Path) -> None:
    (bag / "tagmanifest-sha256.txt.p7s").write_bytes(b"x")

    assert failures(bag) == [("bag.stray", "tagmanifest-sha256.txt.p7s")]
    assert not check_bag(FolderTree(bag), unlisted=["tagmanifest-sha256.txt.p7s"]).failed


def test_a_list_of_files_elsewhere_is_refused(bag: Path) -> None:
    (bag / "fetch.txt").write_bytes(b"https://example.mn/ 1 data/x\n")

    assert ("bag.manifest", "fetch.txt") in failures(bag)


def test_a_payload_file_in_the_list_of_tag_files_is_found(bag: Path) -> None:
    manifest = bag / "tagmanifest-sha256.txt"
    digest = sha256_bytes(b"%PDF\n" * 1000).hex
    lines = [*manifest.read_text(encoding="utf-8").splitlines(), f"{digest}  data/report.pdf"]
    manifest.write_text(
        "".join(f"{line}\n" for line in sorted(lines, key=lambda line: line[66:])), encoding="utf-8", newline=""
    )

    assert ("bag.tag-file", "data/report.pdf") in failures(bag)


def test_an_existing_bag_is_never_written_over(bag: Path) -> None:
    with pytest.raises(FileExistsError):
        write_bag(bag, info={})


def test_a_folder_with_a_link_becomes_no_bag(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    try:
        (tmp_path / "data" / "link").symlink_to(tmp_path)
    except OSError:
        pytest.skip("this system lets this user make no links")

    with pytest.raises(FormatError, match="it is a link"):
        write_bag(tmp_path, info={})


@pytest.mark.parametrize("label", ["", "a b", "a:", "a\nb"])
def test_a_label_that_would_break_the_file_is_refused(tmp_path: Path, label: str) -> None:
    (tmp_path / "data").mkdir()

    with pytest.raises(FormatError, match="not a label"):
        write_bag(tmp_path, info={label: "x"})


def test_folded_values_are_unfolded() -> None:
    assert parse_info(b"A: b\n  c\nA: d\n") == (("A", "b c"), ("A", "d"))
    for data in (b"\xff\n", b"A: b", b"A: b\r\n", b" a\n", b"A b\n"):
        with pytest.raises(FormatError):
            parse_info(data)


def suite(test_data: Path) -> list[Path]:
    """Return the bags of the conformance suite."""
    root = test_data / "bagit" / "LibraryOfCongress+bagit-conformance-suite"
    return sorted(path.parent for path in root.glob("v*/*/*/bagit.txt"))


def test_no_bag_of_the_conformance_suite_raises_and_every_invalid_one_fails(test_data: Path) -> None:
    bags = suite(test_data)
    for path in bags:
        report = checked(path)
        if path.parent.name == "invalid":
            assert report.failed, path.name
        for name in path.glob("manifest-*.txt"):
            if name.name != "manifest-sha256.txt":
                expected = f"unsupported algorithm {name.stem.removeprefix('manifest-')}"
                assert (name.name, Outcome.NOT_CHECKED, expected) in {
                    (finding.subject, finding.outcome, finding.detail) for finding in report.findings
                }

    assert len(bags) > 30


def test_the_sha256_payload_lists_of_the_suite_s_valid_bags_hold(test_data: Path) -> None:
    for path in suite(test_data):
        if path.parent.name == "valid" and (path / "manifest-sha256.txt").exists():
            found: list[BagFinding] = [f for f in checked(path).findings if f.check == "bag.payload"]
            assert found
            assert all(finding.outcome is Outcome.PASSED for finding in found), path.name
