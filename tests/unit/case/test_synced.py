"""Which folders a known program copies to other computers, and which only sound so."""

import os
import unicodedata
from pathlib import Path

import pytest

from evidence_kit.case.synced import Synced, synced_by

NAMED = {
    "OneDrive/хэрэг": "OneDrive",
    "OneDrive - Агентлаг/хэрэг": "OneDrive",
    "Dropbox (Personal)/a/b": "Dropbox",
    "dropbox": "Dropbox",
    "Google Drive": "Google Drive",
    "My Drive/x": "Google Drive",
    "Мой диск/x": "Google Drive",
    "Library/Mobile Documents/com~apple~Pages/x": "iCloud",
    "iCloudDrive/x": "iCloud",
    "Library/CloudStorage/OneDrive-Personal/x": "OneDrive",
    "Library/CloudStorage/GoogleDrive-a@example.org/My Drive": "Google Drive",
    "Library/CloudStorage/Box-Box/x": "Box",
    "Library/CloudStorage/Something-new/x": "CloudStorage",
    "Nextcloud/x": "Nextcloud/ownCloud",
    "Yandex.Disk/x": "Yandex.Disk",
    "YandexDisk/x": "Yandex.Disk",
    "Яндекс.Диск/x": "Yandex.Disk",
    "MEGAsync/x": "MEGA",
    "pCloudDrive/x": "pCloud",
    "Box Sync/x": "Box",
}
NOT_NAMED = ("Box", "MEGA", "Sync", "OneDriveTemp", "my OneDrive notes", "Dropbox.bak", "CloudStorage", "Миний баримт")
MARKED = {
    ".849C9593-D756-4E56-8D6E-42412F2A707B": "OneDrive",
    ".dropbox": "Dropbox",
    ".dropbox.cache/": "Dropbox",
    ".tmp.drivedownload/": "Google Drive",
    ".shortcut-targets-by-id/": "Google Drive",
    ".sync_8f2a1b.db": "Nextcloud/ownCloud",
    "._sync_8f2a1b.db": "Nextcloud/ownCloud",
    ".owncloudsync.log": "Nextcloud/ownCloud",
    ".sync/": "Yandex.Disk/Resilio Sync",
    ".megaignore": "MEGA",
    ".stfolder": "Syncthing",
    ".stfolder/": "Syncthing",
}


def put(folder: Path, mark: str) -> None:
    """Make the file *mark* in *folder*, or the folder if it ends in a slash."""
    folder.mkdir(parents=True, exist_ok=True)
    if mark.endswith("/"):
        (folder / mark).mkdir()
    else:
        (folder / mark).write_bytes(b"")


def service(folder: Path, **environ: Path) -> str | None:
    found = synced_by(folder, {name: str(value) for name, value in environ.items()})
    return found.service if found else None


@pytest.mark.parametrize("path", NAMED)
def test_the_name_of_a_folder_above_tells_the_service(tmp_path: Path, path: str) -> None:
    assert service(tmp_path / path) == NAMED[path]


def test_the_folder_that_tells_is_named(tmp_path: Path) -> None:
    expected = Synced(service="OneDrive", sign=tmp_path / "OneDrive - X")

    assert synced_by(tmp_path / "OneDrive - X" / "a" / "b", {}) == expected


def test_a_name_whose_letters_were_taken_apart_is_the_same_name(tmp_path: Path) -> None:
    assert service(tmp_path / unicodedata.normalize("NFD", "Мой диск")) == "Google Drive"


@pytest.mark.parametrize("name", NOT_NAMED)
def test_a_folder_that_only_sounds_so_is_ordinary(tmp_path: Path, name: str) -> None:
    assert service(tmp_path / name / "хэрэг") is None


@pytest.mark.parametrize("mark", MARKED)
def test_a_mark_in_any_folder_above_tells_the_service(tmp_path: Path, mark: str) -> None:
    put(tmp_path / "Box", mark)

    assert service(tmp_path / "Box" / "a" / "b") == MARKED[mark]
    assert service(tmp_path / "other") is None


def test_the_settings_of_dropbox_in_a_home_folder_say_nothing_of_it(tmp_path: Path) -> None:
    put(tmp_path, ".dropbox/")

    assert service(tmp_path / "хэрэг", HOME=tmp_path) is None


def test_a_folder_that_dropbox_was_told_to_use_is_known_by_its_own_account(tmp_path: Path) -> None:
    put(tmp_path, ".dropbox/")
    chosen = tmp_path / "work"
    told = f'{{"business": {{"path": "{chosen.as_posix()}", "host": 1}}, "odd": 3}}'
    (tmp_path / ".dropbox/info.json").write_text(told, encoding="utf-8")

    assert service(chosen / "хэрэг", HOME=tmp_path) == "Dropbox"
    assert service(chosen / "хэрэг") is None
    assert service(tmp_path / "worked", HOME=tmp_path) is None


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"personal": {"path": ""}}', b'{"personal": 1}', b"\xff"])
def test_an_account_of_dropbox_that_cannot_be_read_names_nothing(tmp_path: Path, data: bytes) -> None:
    put(tmp_path, ".dropbox/")
    (tmp_path / ".dropbox/info.json").write_bytes(data)

    assert service(tmp_path / "хэрэг", HOME=tmp_path) is None


@pytest.mark.parametrize("variable", ["OneDrive", "OneDriveCommercial", "ONEDRIVECONSUMER"])
def test_the_environment_names_the_folder_of_onedrive(tmp_path: Path, variable: str) -> None:
    assert service(tmp_path / "баримт" / "хэрэг", **{variable: tmp_path / "баримт"}) == "OneDrive"
    assert service(tmp_path / "өөр", **{variable: tmp_path / "баримт"}) is None


def test_a_folder_called_box_counts_only_where_the_program_is(tmp_path: Path) -> None:
    here = {"USERPROFILE": tmp_path, "LOCALAPPDATA": tmp_path / "Local"}
    assert service(tmp_path / "Box" / "хэрэг", **here) is None

    (tmp_path / "Local/Box/Box").mkdir(parents=True)

    assert service(tmp_path / "Box" / "хэрэг", **here) == "Box"


def test_a_desktop_that_is_shown_in_icloud_drive_is_copied_there(tmp_path: Path) -> None:
    (tmp_path / "Library/Mobile Documents/com~apple~CloudDocs/Desktop").mkdir(parents=True)

    assert service(tmp_path / "Desktop" / "хэрэг", HOME=tmp_path) == "iCloud"
    assert service(tmp_path / "Documents" / "хэрэг", HOME=tmp_path) is None


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: links need rights on Windows")
def test_links_are_followed_and_their_own_names_count_too(tmp_path: Path) -> None:
    (tmp_path / "Dropbox/хэрэг").mkdir(parents=True)
    (tmp_path / "plain").symlink_to(tmp_path / "Dropbox")
    (tmp_path / "disk").mkdir()
    (tmp_path / "OneDrive").symlink_to(tmp_path / "disk")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    assert service(tmp_path / "plain" / "хэрэг") == "Dropbox"
    assert service(tmp_path / "OneDrive" / "хэрэг") == "OneDrive"
    assert service(tmp_path / "Dropbox" / ".." / "хэрэг") is None
    assert service(tmp_path / "loop" / "хэрэг") is None
