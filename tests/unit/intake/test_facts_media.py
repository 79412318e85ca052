"""Facts of video, audio and HEIC come from their boxes, places apart; and of every code it is written what it is."""

import json
import os
import re
import stat
import struct
import sys
from pathlib import Path

import pytest

from evidence_kit.intake.facts.examining import examine, stages
from evidence_kit.intake.facts.file_facts import FileFacts, shown_on_demand

SECONDS_1904 = 3_851_287_872
"""2026-01-15 02:11:12 UTC, counted from 1904."""


def box(kind: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I", len(content) + 8) + kind + content


def listed(index: int, text: str) -> bytes:
    value = box(b"data", struct.pack(">II", 1, 0), text.encode())
    return box(struct.pack(">I", index), value)


def film(last: bytes = b"com.apple.quicktime.make") -> bytes:
    """Return a QuickTime film as an iPhone writes it, without pictures, its *last* metadata being ``Practice``."""
    names = [b"com.apple.quicktime.location.ISO6709", b"com.apple.quicktime.creationdate", last]
    keys = box(b"keys", struct.pack(">II", 0, len(names)), *(box(b"mdta", name) for name in names))
    values = ["+47.9186+106.9176+1300.000/", "2026-01-15T10:11:12+0800", "Practice"]
    meta = box(
        b"meta",
        box(b"hdlr", bytes(8) + b"mdta" + bytes(14)),
        keys,
        box(b"ilst", *(listed(index, value) for index, value in enumerate(values, 1))),
    )
    header = struct.pack(">IIIII", 0, SECONDS_1904, SECONDS_1904, 600, 3000)
    track = box(
        b"trak",
        box(b"tkhd", bytes(76) + struct.pack(">II", 1920 << 16, 1080 << 16)),
        box(b"mdia", box(b"minf", box(b"stbl", box(b"stsd", struct.pack(">II", 0, 1), box(b"hvc1"))))),
    )
    return box(b"ftyp", b"qt  \0\0\0\0qt  ") + box(b"moov", box(b"mvhd", header), track, meta) + box(b"mdat", b"x" * 9)


def heic(exif: bytes, xmp: bytes) -> bytes:
    """Return a HEIC picture of 40 by 30 pixels with metadata and without a picture."""
    items = [b"\2\0\0\0\0\1\0\0hvc1\0", b"\2\0\0\0\0\2\0\0Exif\0", b"\2\0\0\0\0\3\0\0mime\0application/rdf+xml\0"]
    head = box(b"ftyp", b"heic\0\0\0\0mif1heic")

    def meta(start: int) -> bytes:
        places = [(2, start, len(exif)), (3, start + len(exif), len(xmp))]
        located = b"".join(struct.pack(">HHHII", number, 0, 1, offset, size) for number, offset, size in places)
        return box(
            b"meta",
            bytes(4),
            box(b"pitm", bytes(4) + b"\0\1"),
            box(b"iinf", bytes(4) + b"\0\3", *(box(b"infe", item) for item in items)),
            box(b"iloc", bytes(4) + b"\x44\0" + b"\0\2" + located),
            box(
                b"iprp",
                box(
                    b"ipco",
                    box(b"ispe", bytes(4) + struct.pack(">II", 8, 8)),
                    box(b"ispe", bytes(4) + struct.pack(">II", 40, 30)),
                ),
                box(b"ipma", bytes(4) + struct.pack(">IHBB", 1, 1, 1, 2)),
            ),
        )

    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + box(b"mdat", exif, xmp)


def examined(folder: Path, data: bytes, name: str) -> FileFacts:
    path = folder / "0001"
    path.write_bytes(data)
    return examine(path, file="original/0001", name=name)


def test_a_film_tells_its_times_its_maker_and_its_place_apart(tmp_path: Path) -> None:
    data = film()

    facts = examined(tmp_path, data, "IMG_0001.MOV")

    found = {finding.code: finding for finding in facts.findings}
    assert (facts.kind, facts.media_type, facts.width, facts.height) == ("video", "video/quicktime", 1920, 1080)
    assert found["time.container_created"].value == "2026-01-15T02:11:12Z"
    assert found["container.codec"].value == "hvc1"
    assert found["container.metadata"].value == "Practice"
    assert found["container.duration"].value == {"units": 3000, "units_per_second": 600}
    assert "times.disagree" not in found
    place = found["gps.container"]
    assert shown_on_demand(place)
    assert place.source.offset is not None
    assert place.source.length is not None
    assert str(place.value).encode() in data[place.source.offset : place.source.offset + place.source.length]


def test_the_number_of_a_device_in_a_film_is_shown_on_demand_only(tmp_path: Path) -> None:
    facts = examined(tmp_path, film(b"com.practice.serialNumber"), "a.mov")

    (number,) = [finding for finding in facts.findings if finding.value == "Practice"]
    assert number.code == "serial.container"
    assert shown_on_demand(number)


def test_a_heic_picture_has_its_facts_without_being_decoded(tmp_path: Path) -> None:
    tiff = b"MM\0*\0\0\0\x08\0\1\x01\x0f\0\2\0\0\0\x09\0\0\0\x1a\0\0\0\0Practice\0"
    packet = (
        b"<a:RDF xmlns:a='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:b='http://ns.adobe.com/xap/1.0/' "
        b"xmlns:c='http://ns.adobe.com/exif/1.0/'><a:Description b:CreateDate='2026-01-15'>"
        b"<c:GPSLatitude>47,55.1N</c:GPSLatitude></a:Description></a:RDF>"
    )
    data = heic(b"\0\0\0\6Exif\0\0" + tiff, packet)

    facts = examined(tmp_path, data, "IMG_0001.HEIC")

    assert (facts.media_type, facts.width, facts.height, facts.perceptual) == ("image/heic", 40, 30, {})
    (make,) = (finding for finding in facts.findings if finding.code == "exif.tag")
    assert (make.value, make.source.pointer) == ("Practice", "exif/IFD0/Make")
    assert make.source.offset == data.index(b"Practice\0")
    assert {"time.xmp_created", "gps.xmp"} <= {finding.code for finding in facts.findings}


def test_a_sound_tells_the_program_that_wrote_it(tmp_path: Path) -> None:
    info = b"INFO" + b"ISFT\x06\0\0\0Lavf6\0"
    body = b"WAVE" + b"LIST" + struct.pack("<I", len(info)) + info + b"data\0\0\0\0"

    facts = examined(tmp_path, b"RIFF" + struct.pack("<I", len(body)) + body, "a.wav")

    assert facts.kind == "audio"
    assert [(finding.code, finding.value, finding.source.offset) for finding in facts.findings] == [
        ("container.metadata", "Lavf6", 24)
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="NOT TESTED: a program in Python is none for Windows")
def test_ffprobe_is_given_a_file_and_no_network(tmp_path: Path) -> None:
    program, said = tmp_path / "ffprobe", tmp_path / "said"
    answer = {
        "format": {"format_name": "mov", "duration": "5.0", "tags": {"location": "+47+106/", "encoder": "Lavf"}},
        "streams": [{"codec_name": "h264", "width": 1920, "disposition": {}}],
    }
    program.write_text(
        f"#!{sys.executable}\nimport sys\nopen({str(said)!r}, 'w').write('\\n'.join(sys.argv[1:]))\n"
        f"print({json.dumps(answer)!r})\n",
        encoding="utf-8",
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    path = tmp_path / "-a.mov"
    path.write_bytes(film())

    *_, facts = stages(path, file="a", name="a.mov", ffprobe=os.fspath(program))

    found = {finding.source.pointer: finding for finding in facts.findings}
    assert found["ffprobe"].value == {
        "format_name": "mov",
        "duration": "5.0",
        "streams": [{"codec_name": "h264", "width": 1920}],
    }
    assert found["ffprobe/format/location"].code == "gps.ffprobe"
    assert found["ffprobe/format/encoder"].code == "container.metadata"
    arguments = said.read_text(encoding="utf-8").split("\n")
    assert arguments[-1] == f"file:{path}"
    assert arguments[arguments.index("-protocol_whitelist") + 1] == "file,pipe"


def test_every_code_is_explained_and_every_explained_one_is_used(project: Path) -> None:
    explained = re.findall(r"^\| `([a-z0-9_.]+)` \|", (project / "docs" / "facts.md").read_text("utf-8"), re.MULTILINE)
    rooms = sorted({code.partition(".")[0] for code in explained})
    words = re.compile(rf'"((?:{"|".join(rooms)})\.[a-z_]+)"')
    folder = project / "evidence_kit" / "intake" / "facts"
    source = "".join(path.read_text("utf-8") for path in sorted(folder.glob("*.py")))
    used = set(words.findall(source)) | {f"time.container_{name}" for name in ("created", "modified")}
    table = (folder / "times.py").read_text("utf-8")
    used |= {f"time.{name}" for name in re.findall(r'": "([a-z_]+)",', table) if not name.startswith("exif/")}
    used |= {f"time.name_{name}" for name in re.findall(r'^    \("([a-z]+)", re', table, re.MULTILINE)}
    used |= {"time.gps", "time.iptc", "time.c2pa_signed"}

    assert explained == sorted(explained)
    assert set(explained) == used
