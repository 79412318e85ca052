"""What is to be taken is found in a fixed order, and what is not taken is told."""

import os
import sys
from pathlib import Path

import pytest

from evidence_kit.errors import UsageError
from evidence_kit.intake import sources
from evidence_kit.intake.sources import find_sources
from tests.support.supplies import hand_over


def test_a_folder_gives_its_files_with_their_places_below_it(tmp_path: Path) -> None:
    folder = hand_over(tmp_path / "phone", {"b/2.jpg": b"22", "b/1.jpg": b"1", "a.txt": b"333"})

    found = find_sources([folder], case=tmp_path / "case")

    assert [(file.name, file.size) for file in found.files] == [
        ("phone/a.txt", 3),
        ("phone/b/1.jpg", 1),
        ("phone/b/2.jpg", 2),
    ]
    assert found.left_out == ()


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: links and pipes of POSIX")
def test_links_and_pipes_are_told_and_not_taken(tmp_path: Path) -> None:
    folder = hand_over(tmp_path / "phone", {"a.txt": b"1"})
    (folder / "out").symlink_to("/etc/hostname")
    (folder / "away").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")

    found = find_sources([folder], case=tmp_path / "case")

    assert [file.name for file in found.files] == ["phone/a.txt"]
    assert [(left.name, left.problem.code) for left in found.left_out] == [
        ("phone/away", "file.link"),
        ("phone/out", "file.link"),
        ("phone/pipe", "file.special"),
    ]


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: links of POSIX")
def test_a_link_that_was_named_itself_is_followed(tmp_path: Path) -> None:
    hand_over(tmp_path / "phone", {"a.txt": b"1"})
    (tmp_path / "named.txt").symlink_to(tmp_path / "phone" / "a.txt")

    found = find_sources([tmp_path / "named.txt"], case=tmp_path / "case")

    assert [(file.name, file.path.name) for file in found.files] == [("named.txt", "a.txt")]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="NOT TESTED: names that are no text")
def test_a_name_that_is_no_text_is_found(tmp_path: Path) -> None:
    folder = hand_over(tmp_path / "phone", {"a": b"1"})
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\n.jpg")).write_bytes(b"2")

    assert [file.size for file in find_sources([folder], case=tmp_path / "case").files] == [1, 1]


def test_the_case_itself_is_not_taken_into_itself(tmp_path: Path) -> None:
    case = hand_over(tmp_path / "all" / "case", {"case.json": b"{}"})

    for path, told in (
        (case, "in the case itself"),
        (case / "case.json", "in the case itself"),
        (case.parent, "holds"),
    ):
        with pytest.raises(UsageError, match=told):
            find_sources([path], case=case)


def test_what_is_not_there_is_a_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        find_sources([tmp_path / "nothing"], case=tmp_path / "case")


def test_an_empty_folder_is_a_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(UsageError, match="nothing to take"):
        find_sources([tmp_path / "empty"], case=tmp_path / "case")


def test_too_many_files_for_one_item_are_refused_before_anything_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MOST_FILES", 2)
    folder = hand_over(tmp_path / "phone")

    with pytest.raises(UsageError, match="more than 2 files"):
        find_sources([folder], case=tmp_path / "case")


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: links and pipes of POSIX")
def test_what_is_left_out_counts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = hand_over(tmp_path / "phone", {"a/1.txt": b"1"})
    for number in range(3):
        (folder / "a" / f"link-{number}").symlink_to("1.txt")
    find_sources([folder], case=tmp_path / "case")
    monkeypatch.setattr(sources, "MOST_FILES", 3)

    with pytest.raises(UsageError, match="more than 3 files") as refused:
        find_sources([folder], case=tmp_path / "case")

    assert "one by one" in refused.value.hint


def test_names_that_are_too_long_together_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = hand_over(tmp_path / "phone")
    monkeypatch.setattr(sources, "_MOST_NAMES", 40)

    with pytest.raises(UsageError, match="too long to be kept together"):
        find_sources([folder], case=tmp_path / "case")
