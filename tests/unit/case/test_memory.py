"""A folder in memory is private and locked while it is used; what a killed process left is removed by the next."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from evidence_kit.case.memory import clear_memory, folder_in_memory, memory, swaps

_UNLINK = os.unlink


def test_it_is_private_and_gone_at_the_end_however_that_comes(tmp_path: Path) -> None:
    with folder_in_memory(tmp_path) as folder:
        (folder / "plain").write_bytes(b"content")
        mode = folder.stat().st_mode
    with pytest.raises(KeyError), folder_in_memory(tmp_path):
        raise KeyError

    assert mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []


def test_what_nobody_holds_any_more_is_removed_and_what_is_in_use_stays(tmp_path: Path) -> None:
    left = tmp_path / "evidence-kit-left"
    left.mkdir()
    (left / "in-use.lock").touch()
    (left / "plain").write_bytes(b"content")
    other = tmp_path / "evidence-kit-of-something-else"
    other.mkdir()

    with folder_in_memory(tmp_path) as folder:
        assert clear_memory(tmp_path) == 0  # the folder that was left went as this one was made
        assert sorted(tmp_path.iterdir()) == sorted([folder, other])


class KilledError(BaseException):
    """Ends what runs wherever it is."""


@pytest.mark.parametrize("after", range(5))
def test_what_is_left_by_who_is_killed_while_removing_it_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    removed: list[object] = []

    def unlink(name: str, *, dir_fd: int | None = None) -> None:
        if len(removed) == after:
            raise KilledError
        removed.append(name)
        _UNLINK(name, dir_fd=dir_fd)

    with suppress(KilledError), folder_in_memory(tmp_path) as folder:
        (folder / "in").mkdir()
        for name in ("a", "in/b", "z"):
            (folder / name).write_bytes(b"content")
        monkeypatch.setattr(os, "unlink", unlink)
    monkeypatch.undo()
    clear_memory(tmp_path)

    assert len(removed) == min(after, 4)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_folder_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "in-use.lock").touch()
    (tmp_path / "evidence-kit-link").symlink_to(target)

    assert clear_memory(tmp_path) == 0
    assert target.is_dir()


def test_a_disk_is_no_memory_unless_somebody_says_that_it_is(tmp_path: Path) -> None:
    assert memory({"EVIDENCE_KIT_MEMORY": str(tmp_path)}) == tmp_path
    assert memory({"EVIDENCE_KIT_MEMORY": str(tmp_path / "none")}) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Filename Type Size Used Priority\n", False),
        ("Filename Type Size Used Priority\n/dev/zram0 partition 1 0 100\n", False),
        ("Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n", True),
    ],
)
def test_swap_space_is_told_but_for_compressed_memory(
    text: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: text)

    assert swaps() is expected
