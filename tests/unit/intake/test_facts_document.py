"""``facts.json`` stays as large as it is read again, and what does not fit is told file by file."""

import pytest

from evidence_kit.canonical import Json, parse, pretty
from evidence_kit.intake.facts import FactsDocument, FileFacts, document
from evidence_kit.intake.findings import Finding, Source


def _facts(number: int, findings: int, value: str = "v") -> FileFacts:
    file = f"original/{number:04}.jpg"
    found = [Finding(code="exif.tag", value=value, source=Source(file=file, offset=at)) for at in range(findings)]
    return FileFacts(file=file, kind="picture", media_type="image/jpeg", findings=tuple(found))


@pytest.mark.parametrize("files", [[], [_facts(1, 0)], [_facts(1, 2, "өгөгдөл"), _facts(2, 0), _facts(3, 5)]])
def test_what_fits_stands_there_as_it_is(files: list[FileFacts]) -> None:
    written = FactsDocument(len(files))
    for facts in files:
        written.add(facts)

    whole: Json = {"schema": "evidence-kit/facts/1", "files": [facts.to_json() for facts in files]}
    assert written.to_bytes() == pretty(whole)


def test_one_file_does_not_take_the_room_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "_ROOM", 60_000)
    written = FactsDocument(10)

    for facts in [_facts(1, 3000, "x" * 2000), *(_facts(number, 5) for number in range(2, 11))]:
        written.add(facts)

    data = written.to_bytes()
    assert len(data) < 60_100
    told = parse(data)
    assert isinstance(told, dict)
    assert isinstance(told["files"], list)
    read = [FileFacts.from_json(value) for value in told["files"]]
    assert [finding.code for finding in read[0].findings][-2:] == ["exif.tag", "examination.cut"]
    assert read[0].findings[-1].value == 3000
    assert read[1:] == [_facts(number, 5) for number in range(2, 11)]
