"""What is told of supplied files: their kind by their bytes, their facts with their places, and never an exception."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from evidence_kit.canonical import parse, pretty
from evidence_kit.errors import FormatError
from evidence_kit.intake.facts import FileFacts, examine, examine_apart, shown_on_demand
from evidence_kit.intake.findings import Finding


def photo(*, orientation: int = 1, size: tuple[int, int] = (96, 64)) -> bytes:
    """Return a JPEG with a few facts of a camera, and a place."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Practice", "Model One", orientation
    exif.get_ifd(0x8769)[0x9003] = "2026:01:15 10:11:12"
    exif.get_ifd(0x8825).update({1: "N", 2: (47.0, 55.0, 7.0), 3: "E", 4: (106.0, 55.0, 2.0)})
    written = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(written, "JPEG", exif=exif)
    return written.getvalue()


def examined(folder: Path, data: bytes, name: str = "a.jpg") -> FileFacts:
    path = folder / "0001"
    path.write_bytes(data)
    return examine(path, file="original/0001", name=name)


def found(facts: FileFacts, code: str) -> list[Finding]:
    return [finding for finding in facts.findings if finding.code == code]


def test_a_tag_stands_where_its_source_says(tmp_path: Path) -> None:
    data = photo()

    facts = examined(tmp_path, data)

    model = next(tag for tag in found(facts, "exif.tag") if tag.source.pointer == "exif/IFD0/Model")
    assert model.value == "Model One"
    assert model.source.offset is not None
    assert data[model.source.offset :].startswith(b"Model One")


def test_places_are_shown_on_demand_only(tmp_path: Path) -> None:
    facts = examined(tmp_path, photo())

    places = [finding for finding in facts.findings if shown_on_demand(finding)]

    assert {finding.source.pointer for finding in places} >= {"exif/GPS/GPSLatitude", "exif/GPS/GPSLongitude"}
    assert all("/GPS/" not in finding.source.pointer for finding in facts.findings if finding not in places)


def test_facts_come_back_from_their_json(tmp_path: Path) -> None:
    facts = examined(tmp_path, photo() + b"more")

    assert FileFacts.from_json(parse(pretty(facts.to_json()))) == facts
    with pytest.raises(FormatError):
        FileFacts.from_json({"file": "a"})


def test_a_name_that_says_another_format_is_told(tmp_path: Path) -> None:
    assert found(examined(tmp_path, photo(), "a.jpeg"), "name.disagrees") == []

    (finding,) = found(examined(tmp_path, photo(), "a.pdf"), "name.disagrees")

    assert finding.value == {"name": "pdf", "content": "image/jpeg"}


@pytest.mark.parametrize("name", ["a\nb.jpg", "a\u202egpj.exe", "\u2066x.jpg", "\udcff.jpg"])
def test_a_name_that_hides_something_is_told(tmp_path: Path, name: str) -> None:
    facts = examined(tmp_path, photo(), name)

    assert len(found(facts, "name.unusual")) == 1
    json.dumps(facts.to_json(), ensure_ascii=False).encode("utf-8")


def test_files_examined_apart_have_the_same_facts(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(photo())
    (tmp_path / "b.txt").write_text("Сайн байна уу", encoding="utf-8")
    asked = [(tmp_path / name, f"original/{name}", name) for name in ("a.jpg", "b.txt", "none.jpg")]

    told = list(examine_apart(asked))

    assert told == [examine(path, file=file, name=name) for path, file, name in asked]
    assert [facts.kind for facts in told] == ["picture", "text", "unknown"]
