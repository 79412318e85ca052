"""The facts of files that others made: none of them stops us, and what others measured in them is what we find.

Where our reading differs it does so on purpose:

- exifread was asked by its measurer without details, of the whole file. We ask it with details and of the block of
  metadata alone, so that there is more (makers' notes, comments), and less where it went on into the picture.
- exifread does not find EXIF in some WebP files, nor what ImageMagick writes into PNG as text; we read both.
- It guesses at an order of bytes that is none; we call that damaged.
- A directory may give a measure twice: Pillow takes the first, exifread the last.
- A manifest that lies elsewhere is not fetched: that it is named is told, instead of an error.
"""

import json
import socket
import threading
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from evidence_kit.intake.facts import FileFacts, examine_apart
from evidence_kit.intake.facts.manifests import note_manifest
from evidence_kit.intake.facts.notes import Notes
from evidence_kit.intake.facts.parts import Part

PICTURES = ("images", "screenshots", "c2pa")
OTHERS = ("pdf", "warc", "social")
STRIDE = 23
"""Every so manieth file that is no picture is tried in each run, all of them nightly."""
MEMORY_MB = 500
SECONDS = 60
"""More than a file may take elsewhere: here other tests run at the same moment."""

TAGS = {"exif.tag", "gps.exif", "serial.exif"}
TEXTS = {"Make", "Model", "Software", "DateTime", "DateTimeOriginal", "DateTimeDigitized", "Artist", "Copyright"}
OTHERWISE_READ = {
    "HTC Desire.webp",
    "exif-ifd-offset.jpg",
    "exif_imagemagick.png",
    "exif_imagemagick_orientation.png",
    "invalid-exif.jpg",
}
MEASURED_TWICE = {"crash-74d2a78403a5a59db1fb0a2b8735ac068a75f6e3.tif"}
MEDIA_TYPES = {
    "BLP": "image/x-blp",
    "DDS": "image/vnd.ms-dds",
    "GIF": "image/gif",
    "HEIF": "image/heic",
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "SGI": "image/x-sgi",
    "TIFF": "image/tiff",
    "WEBP": "image/webp",
}


def files(folder: Path, groups: Sequence[str]) -> list[Path]:
    """Return every file of *groups* below *folder*, always in the same order."""
    return [path for group in groups for path in sorted((folder / group).rglob("*")) if path.is_file()]


def examined(paths: Sequence[Path]) -> dict[Path, FileFacts]:
    """Return the facts of *paths*, each of which was examined to its end within the limits."""
    asked = [(path, f"original/{index:04}", path.name) for index, path in enumerate(paths, 1)]
    found = dict(zip(paths, examine_apart(asked, seconds=SECONDS, memory_mb=MEMORY_MB), strict=True))
    ended = {path: facts for path, facts in found.items() if "examination.ended" in codes(facts)}
    assert ended == {}
    for facts in found.values():
        assert FileFacts.from_json(facts.to_json()) == facts
        json.dumps(facts.to_json(), ensure_ascii=False).encode("utf-8")
    return found


def codes(facts: FileFacts) -> list[str]:
    return [finding.code for finding in facts.findings]


@pytest.fixture(scope="module")
def pictures(test_data: Path) -> dict[str, FileFacts]:
    """Return the facts of all pictures, by their paths below the test data."""
    found = examined(files(test_data, PICTURES))
    return {path.relative_to(test_data).as_posix(): facts for path, facts in found.items()}


@pytest.fixture(scope="module")
def expected(test_data: Path) -> dict[str, dict[str, Any]]:
    """Return what Pillow and exifread found in the pictures."""
    found: dict[str, dict[str, Any]] = json.loads((test_data / "expected-images.json").read_text(encoding="utf-8"))
    return found


def test_measures_and_formats_are_those_that_others_found(
    pictures: dict[str, FileFacts], expected: dict[str, dict[str, Any]]
) -> None:
    compared = 0
    for path, told in expected.items():
        if "size" in told:
            facts = pictures[path]
            compared += 1
            assert facts.media_type == MEDIA_TYPES.get(told["fmt"], facts.media_type), path
            if Path(path).name not in MEASURED_TWICE:
                assert [facts.width, facts.height] == told["size"], path

    assert compared > 80


def test_tags_are_those_that_exifread_finds(
    pictures: dict[str, FileFacts], expected: dict[str, dict[str, Any]]
) -> None:
    for path, told in expected.items():
        facts = pictures[path]
        tags = {finding.source.pointer: finding for finding in facts.findings if finding.code in TAGS}
        detailed = [pointer for pointer in tags if "MakerNote" in pointer or pointer.endswith("UserComment")]
        if Path(path).name not in OTHERWISE_READ:
            # A thumbnail is a tag for exifread, and for us a picture.
            assert told["exifread_n"] - 2 <= len(tags), path
            assert len(tags) - len(detailed) <= told["exifread_n"] + 1, path
        for pointer, name in {
            "exif/IFD0/Make": "Image Make",
            "exif/Exif/DateTimeOriginal": "EXIF DateTimeOriginal",
        }.items():
            if name in told and pointer in tags:
                assert tags[pointer].value == told[name], path


def test_every_finding_stands_where_its_source_says(pictures: dict[str, FileFacts], test_data: Path) -> None:
    compared = 0
    for path, facts in pictures.items():
        data = (test_data / path).read_bytes()
        for finding in facts.findings:
            offset, length = finding.source.offset, finding.source.length
            if offset is None or finding.code == "picture.missing":
                continue
            # A damaged tag may say that its value lies anywhere.
            assert offset + (length or 0) <= len(data) or finding.code in TAGS, (path, finding)
            if finding.source.pointer.rpartition("/")[2] in TEXTS and finding.code == "exif.tag" and finding.value:
                assert data[offset:].startswith(str(finding.value).encode()), (path, finding)
                compared += 1
            elif finding.code == "xmp.property":
                assert data[offset : offset + 1] == b"<", (path, finding)
                compared += 1

    assert compared > 500


def test_tags_that_exifread_does_not_find_are_found(pictures: dict[str, FileFacts]) -> None:
    by_name = {Path(path).name: facts for path, facts in pictures.items()}

    for name in ("HTC Desire.webp", "HTC Desire.jpg"):
        assert len([code for code in codes(by_name[name]) if code in TAGS]) == 26
    assert codes(by_name["exif_imagemagick.png"]).count("exif.tag") == 1
    assert "exif.damaged" in codes(by_name["invalid-exif.jpg"])
    assert {"screenshot.said", "screenshot.size"} <= set(codes(by_name["IMG_0003.PNG"]))


def test_manifests_are_in_the_state_that_others_found_and_none_is_trusted(
    pictures: dict[str, FileFacts], test_data: Path
) -> None:
    told: dict[str, Any] = json.loads((test_data / "expected-c2pa.json").read_text(encoding="utf-8"))

    for path, state in told.items():
        manifests = [finding for finding in pictures[path].findings if finding.code.startswith("c2pa.")]
        if "state" not in state:
            remote = ["c2pa.remote"] if "Remote" in state["error"] else []
            assert [finding.code for finding in manifests] == remote, path
            continue
        (manifest,) = manifests
        assert isinstance(manifest.value, dict)
        assert manifest.value["state"] == state["state"], path
        assert manifest.value["codes"] == sorted(state["codes"]), path
        assert manifest.value["manifests"] == state["n_manifests"]
        assert (manifest.value["generator"], manifest.value["issuer"]) == (state["gen"], state["issuer"])
        assert manifest.value.get("signed") == state["time"]
        assert "signingCredential.untrusted" in manifest.value["codes"]
        assert "trusted" not in manifest.detail
        assert manifest.source.offset is not None


def test_a_manifest_that_lies_elsewhere_is_not_fetched(test_data: Path) -> None:
    (cloud,) = test_data.glob("c2pa/**/cloud.jpg")
    data = cloud.read_bytes()
    start = data.index(b"https://cai-manifests")
    address = data[start : data.index(b'"', start)]
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = f"http://127.0.0.1:{server.getsockname()[1]}/".encode()
        named = data.replace(address, ours + b"x" * (len(address) - len(ours)))
        threading.Thread(target=_listen, args=(server, asked), daemon=True).start()
        notes = Notes("a")

        note_manifest(BytesIO(named), "image/jpeg", Part(kind="APP11", offset=0, length=2), notes)

    assert ours in named
    assert [finding.code for finding in notes.findings] == ["c2pa.unreadable"]
    assert asked == []


def _listen(server: socket.socket, asked: list[bytes]) -> None:
    try:
        connection, _ = server.accept()
    except OSError:
        return
    with connection:
        asked.append(connection.recv(100))


def test_a_sample_of_other_files_is_examined(test_data: Path) -> None:
    found = examined(files(test_data, OTHERS)[::STRIDE])

    kinds = {path.suffix: facts.kind for path, facts in found.items()}
    assert kinds[".pdf"] == "document"
    assert len(found) > 30


@pytest.mark.slow
def test_every_other_file_is_examined(test_data: Path) -> None:
    found = examined(files(test_data, OTHERS))

    assert len(found) > 800
    assert {facts.media_type for path, facts in found.items() if path.suffix == ".wacz"} == {"application/wacz"}
    assert sum(facts.media_type == "application/pdf" for facts in found.values()) > 700
