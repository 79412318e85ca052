"""WACZ files: written to the letter, checked to the byte."""

import base64
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_kit.archive.cdxj import IndexLine
from evidence_kit.archive.wacz import Page, WaczSeal, write_wacz
from evidence_kit.archive.wacz_reader import WaczFindings, check_wacz
from evidence_kit.archive.zips import CanonicalZip, check_canonical
from evidence_kit.errors import FormatError
from evidence_kit.models import Outcome
from evidence_kit.trust.digests import sha256_bytes, sha256_file
from evidence_kit.trust.throwaway import check_anonymous

NOW = datetime(2026, 11, 22, 1, 2, 3, 4000, tzinfo=UTC)


class Sample(Protocol):
    """What the fixture of this folder gives."""

    warc: Path
    wacz: Path
    index: tuple[IndexLine, ...]
    seal: WaczSeal


def contents(path: Path) -> dict[str, bytes]:
    """Return the entries of a zip."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def failures(found: WaczFindings) -> set[tuple[str, str]]:
    """Return check and subject of what failed."""
    return {(finding.check, finding.subject) for finding in found.findings if finding.outcome is Outcome.FAILED}


def rebuilt(entries: dict[str, bytes], path: Path) -> Path:
    """Write *entries* as a canonical zip."""
    with CanonicalZip(path) as archive:
        for name, body in entries.items():
            archive.add(name, body)
    return path


def test_a_wacz_is_a_canonical_zip_with_the_seal_that_was_returned(sample: Sample) -> None:
    assert check_canonical(sample.wacz) == []
    assert sample.seal.sha256 == sha256_file(sample.wacz)
    assert sample.seal.size == sample.wacz.stat().st_size


def test_its_parts_have_the_names_and_fields_of_version_1_1_1(sample: Sample) -> None:
    parts = contents(sample.wacz)
    package = json.loads(parts["datapackage.json"])

    assert list(parts) == [
        *["archive/data.warc.gz", "indexes/index.cdx", "pages/pages.jsonl", "evidence/inventory.json"],
        *["datapackage.json", "datapackage-digest.json"],
    ]
    assert parts["archive/data.warc.gz"] == sample.warc.read_bytes()
    assert (package["profile"], package["wacz_version"]) == ("data-package", "1.1.1")
    assert package["created"] == package["mainPageDate"] == "2026-11-22T01:02:03.004Z"
    assert package["title"] == "Мэдээ"
    assert [resource["path"] for resource in package["resources"]] == list(parts)[:4]
    for resource in package["resources"]:
        assert resource["hash"] == str(sha256_bytes(parts[resource["path"]]))
        assert resource["bytes"] == len(parts[resource["path"]])
    header, page = (json.loads(line) for line in parts["pages/pages.jsonl"].decode().splitlines())
    assert header["format"] == "json-pages-1.0"
    assert page == {
        "id": "p1",
        "url": "https://www.example.mn/мэдээ",
        "ts": "2026-11-22T01:02:03.004Z",
        "title": "Мэдээ",
        "text": "Өдөр",
    }


def test_the_index_points_at_the_records_of_the_warc_inside(sample: Sample) -> None:
    parts = contents(sample.wacz)
    lines = parts["indexes/index.cdx"].decode("ascii").splitlines()

    assert lines == sorted(lines)
    assert len(lines) == 3
    for line in lines:
        fields = json.loads(line.split(" ", 2)[2])
        assert fields["filename"] == "data.warc.gz"
        assert parts["archive/data.warc.gz"][int(fields["offset"]) :].startswith(b"\x1f\x8b\x08")


def test_the_digest_of_the_list_is_signed_anonymously(sample: Sample) -> None:
    parts = contents(sample.wacz)
    proof = json.loads(parts["datapackage-digest.json"])
    signed = proof["signedData"]

    assert proof["hash"] == signed["hash"] == str(sha256_bytes(parts["datapackage.json"]))
    assert set(signed) == {"hash", "created", "software", "version", "signature", "publicKey"}
    spki = base64.b64decode(signed["publicKey"])
    assert sha256_bytes(spki) == sample.seal.spki_sha256
    assert check_anonymous(proof["hash"].encode("ascii"), spki, base64.b64decode(signed["signature"]))


def test_a_title_of_half_characters_and_a_name_taken_by_a_field_do_no_harm(sample: Sample, tmp_path: Path) -> None:
    page = Page(url="https://a.mn/\r\n", ts=NOW, title="\ud800\n</script>", id="p", extra={"id": "other", "n": 1})
    write_wacz(
        tmp_path / "a.wacz",
        warc=sample.warc,
        index=sample.index,
        pages=[page],
        title="\udfff",
        created=NOW,
        software="x",
    )

    found = check_wacz(tmp_path / "a.wacz", ours=True)

    assert not found.failed
    assert found.pages == (
        {"id": "p", "url": "https://a.mn/\r\n", "ts": "2026-11-22T01:02:03.004Z", "title": "?\n</script>", "n": 1},
    )
    assert found.package["mainPageUrl"] == "https://a.mn/%0D%0A"


def test_unsafe_and_repeated_names_are_refused(sample: Sample, tmp_path: Path) -> None:
    for number, name in enumerate(["../x", "archive/data.warc.gz", "DATAPACKAGE.json"]):
        with pytest.raises(FormatError):
            write_wacz(
                tmp_path / f"{number}.wacz",
                warc=sample.warc,
                index=[],
                pages=[],
                title="",
                created=NOW,
                software="x",
                extra=[(name, b"")],
            )


def test_our_own_wacz_passes_every_check(sample: Sample) -> None:
    found = check_wacz(sample.wacz, ours=True)

    assert {finding.outcome for finding in found.findings} == {Outcome.PASSED}
    assert [finding.check for finding in found.findings] == [
        *["wacz.zip", "wacz.datapackage", "wacz.resource", "warc.file"],
        *["wacz.resource"] * 3,
        *["wacz.digest", "wacz.transport", "wacz.pages", "wacz.index"],
    ]
    assert found.spki_sha256 == sample.seal.spki_sha256
    assert found.pages[0]["title"] == "Мэдээ"


@settings(max_examples=400, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
def test_every_flip_in_our_own_wacz_is_found(sample: Sample, place: float, mask: int) -> None:
    data = bytearray(sample.wacz.read_bytes())
    data[int(place * len(data))] ^= mask

    assert check_wacz(io.BytesIO(data), ours=True).failed


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_no_damage_raises(sample: Sample, data: st.DataObject) -> None:
    changed = bytearray(sample.wacz.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(changed)))
        changed[at : at + data.draw(st.integers(0, 50))] = data.draw(st.binary(max_size=20))

    check_wacz(io.BytesIO(changed))


def _text(name: str, old: bytes, new: bytes) -> Callable[[dict[str, bytes]], None]:
    def change(parts: dict[str, bytes]) -> None:
        assert old in parts[name]
        parts[name] = parts[name].replace(old, new)

    return change


CHANGES: dict[str, tuple[Callable[[dict[str, bytes]], object], set[tuple[str, str]]]] = {
    "missing resource": (
        lambda parts: parts.pop("evidence/inventory.json"),
        {("wacz.resource", "evidence/inventory.json")},
    ),
    "stray file": (lambda parts: parts.update({"extra/x": b""}), {("wacz.stray", "extra/x")}),
    "changed page list": (
        _text("pages/pages.jsonl", b"https", b"http!"),
        {("wacz.resource", "pages/pages.jsonl")},
    ),
    "no list": (
        lambda parts: parts.pop("datapackage.json"),
        {("wacz.datapackage", "datapackage.json"), ("wacz.digest", "datapackage-digest.json")},
    ),
    "list that names a key twice": (
        _text("datapackage.json", b'"software"', b'"profile"'),
        {("wacz.datapackage", "datapackage.json"), ("wacz.digest", "datapackage-digest.json")},
    ),
    "list without resources": (
        _text("datapackage.json", b'"resources"', b'"res"'),
        {("wacz.datapackage", "datapackage.json"), ("wacz.digest", "datapackage-digest.json")},
    ),
    "other time of creation": (
        _text("datapackage-digest.json", b"01:02:03", b"01:02:04"),
        {("wacz.transport", "datapackage-digest.json")},
    ),
    "other path": (
        _text("datapackage-digest.json", b'"datapackage.json"', b'"other.json"'),
        {("wacz.digest", "datapackage-digest.json")},
    ),
    "no signature in signedData": (
        _text("datapackage-digest.json", b'"signature"', b'"sig"'),
        {("wacz.transport", "datapackage-digest.json")},
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_fails_the_check_of_its_name(sample: Sample, tmp_path: Path, change: str) -> None:
    apply, expected = CHANGES[change]
    parts = contents(sample.wacz)
    apply(parts)

    found = failures(check_wacz(rebuilt(parts, tmp_path / "changed.wacz")))

    assert expected <= found
    assert found <= expected | {("wacz.stray", name) for name in parts} | {
        ("wacz.transport", "datapackage-digest.json")
    }


def test_a_changed_record_is_named_by_offset_and_id(sample: Sample, tmp_path: Path) -> None:
    parts = contents(sample.wacz)
    warc, line = bytearray(parts["archive/data.warc.gz"]), sample.index[0]
    warc[line.offset + line.length - 6] ^= 1
    parts["archive/data.warc.gz"] = bytes(warc)

    found = failures(check_wacz(rebuilt(parts, tmp_path / "changed.wacz")))

    assert ("wacz.resource", "archive/data.warc.gz") in found
    assert any(subject.startswith(f"archive/data.warc.gz#{line.offset}") for _, subject in found)


def test_a_wacz_without_signature_is_not_called_signed(sample: Sample, tmp_path: Path) -> None:
    parts = contents(sample.wacz)
    del parts["datapackage-digest.json"]

    found = check_wacz(rebuilt(parts, tmp_path / "unsigned.wacz"))

    assert not found.failed
    assert [f.check for f in found.findings if f.outcome is Outcome.NOT_CHECKED] == ["wacz.digest"]


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_wacz_is_a_finding(data: bytes) -> None:
    assert check_wacz(io.BytesIO(data)).failed


def test_files_of_others_give_findings_and_good_ones_pass(test_data: Path) -> None:
    found = {path.name: check_wacz(path) for path in (test_data / "warc").rglob("*.wacz")}

    assert {name for name, result in found.items() if result.failed} == {"invalid_example_1.wacz"}
    assert len(found["example.com.wacz"].pages) == 3
    signed = [f for f in found["valid_signed_example_1.wacz"].findings if f.check == "wacz.transport"]
    assert (signed[0].outcome, "btrix-sign-test" in signed[0].detail) == (Outcome.NOT_CHECKED, True)
