"""Folders and zips as one kind of tree."""

import io
import os
import sys
import tracemalloc
from pathlib import Path

import pytest

from evidence_kit.archive.tree import FolderTree, Tree, ZipTree
from evidence_kit.archive.zips import CanonicalZip
from evidence_kit.errors import FormatError


def folder(root: Path) -> Tree:
    """Return a folder with three files."""
    (root / "data" / "Бат Дорж").mkdir(parents=True)
    (root / "data" / "Бат Дорж" / "a").write_bytes(b"one")
    (root / "data" / "b").write_bytes(b"two!")
    (root / "bagit.txt").write_bytes(b"")
    return FolderTree(root)


def zipped(path: Path) -> Tree:
    """Return the same three files in a zip."""
    with CanonicalZip(path) as archive:
        archive.add("top/data/b", b"two!")
        archive.add("top/data/Бат Дорж/a", b"one")
        archive.add("top/bagit.txt", b"")
    return ZipTree(path)


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_both_give_the_same_files(tmp_path: Path, kind: str) -> None:
    tree = folder(tmp_path / "bag") if kind == "folder" else zipped(tmp_path / "bag.zip")

    assert tree.names() == ["bagit.txt", "data/b", "data/Бат Дорж/a"]
    assert [tree.size(name) for name in tree.names()] == [0, 4, 3]
    assert tree.read("data/b", 4) == b"two!"
    with tree.open("data/Бат Дорж/a") as stream:
        assert stream.read() == b"one"
    assert tree.problems == ()
    with pytest.raises(FormatError, match="larger than 3"):
        tree.read("data/b", 3)
    for name in ("data", "missing", "../bag/data/b", ""):
        with pytest.raises(FormatError, match="there is no"):
            tree.size(name)
        with pytest.raises(FormatError, match="there is no"):
            tree.open(name)
    if isinstance(tree, ZipTree):
        tree.close()


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_reading_a_small_file_takes_little_memory(tmp_path: Path, kind: str) -> None:
    tree = folder(tmp_path / "bag") if kind == "folder" else zipped(tmp_path / "bag.zip")

    tracemalloc.start()
    assert tree.read("data/b", 1 << 28) == b"two!"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 1 << 20
    if isinstance(tree, ZipTree):
        tree.close()


def test_a_file_that_grew_meanwhile_is_read_to_its_end(tmp_path: Path) -> None:
    tree = folder(tmp_path / "bag")
    (tmp_path / "bag/data/b").write_bytes(b"two and more")

    assert tree.read("data/b", 100) == b"two and more"


def test_links_are_reported_and_never_followed(tmp_path: Path) -> None:
    tree_root = tmp_path / "bag"
    folder(tree_root)
    try:
        (tree_root / "data" / "link").symlink_to(tmp_path)
        (tree_root / "file").symlink_to(tree_root / "bagit.txt")
    except OSError:
        pytest.skip("this system lets this user make no links")

    tree = FolderTree(tree_root)

    assert tree.problems == (("data/link", "it is a link"), ("file", "it is a link"))
    assert "file" not in tree.names()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_devices_are_reported_and_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    tree = FolderTree(tmp_path)

    assert tree.names() == []
    assert tree.problems == (("pipe", "it is neither a file nor a folder"),)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps such names")
def test_names_that_another_system_could_not_keep_apart_are_reported(tmp_path: Path) -> None:
    for name in (b"a", b"A", "й".encode(), "и\u0306".encode(), b"\xff", b"a\\b"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"")

    problems = dict(FolderTree(tmp_path).problems)

    assert problems["a"] == "some systems cannot tell it from A"
    assert "й" in problems
    assert problems["\udcff"] == problems["a\\b"] == "its name cannot be written in a manifest"


def test_a_zip_must_have_one_top_folder(tmp_path: Path) -> None:
    for number, names in enumerate([["a/b", "c/d"], ["a"], ["a/b", "c"], []]):
        with CanonicalZip(tmp_path / f"{number}.zip") as archive:
            for name in names:
                archive.add(name, b"")
        with pytest.raises(FormatError, match="instead of one folder"):
            ZipTree(tmp_path / f"{number}.zip")


def test_what_is_no_tree_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="not a folder"):
        FolderTree(tmp_path / "missing")
    with pytest.raises(FormatError, match="not a zip"):
        ZipTree(io.BytesIO(b"hello"))


@pytest.mark.skipif(sys.platform == "win32", reason="NOT TESTED: no paths of more than 260 characters")
def test_folders_inside_each_other_without_end_are_a_problem_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "/".join("a" * 600)).mkdir(parents=True)

    (problem,) = FolderTree(tmp_path).problems

    assert "deeper than" in problem[1]
