"""Examine one supplied file: the order in which its facts are read, from what is safest to what is least.

What was found before a step that ends badly stays found; see `evidence_kit.intake.facts.apart`.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from evidence_kit.canonical import Json
from evidence_kit.errors import FormatError, LimitError
from evidence_kit.intake.facts import icc, iptc
from evidence_kit.intake.facts.anatomy import Anatomy, Block
from evidence_kit.intake.facts.ends import note_end, note_second_formats
from evidence_kit.intake.facts.exif import Exif, read_exif
from evidence_kit.intake.facts.file_facts import FileFacts
from evidence_kit.intake.facts.manifests import MEDIA_TYPES, note_manifest
from evidence_kit.intake.facts.media_types import (
    AVI,
    AVIF,
    GIF,
    HEIC,
    HEIF,
    JPEG,
    M4A,
    MP4,
    PNG,
    QUICKTIME,
    SVG,
    THREE_GP,
    TIFF,
    WAVE,
    WEBP,
    Kind,
    MediaType,
    disagrees,
    ending_of,
    media_type_of,
)
from evidence_kit.intake.facts.notes import Notes
from evidence_kit.intake.facts.of_jpeg import anatomy_of_jpeg
from evidence_kit.intake.facts.of_media import anatomy_of_media
from evidence_kit.intake.facts.of_others import anatomy_of_film, anatomy_of_gif, anatomy_of_tiff, anatomy_of_webp
from evidence_kit.intake.facts.of_png import anatomy_of_png
from evidence_kit.intake.facts.parts import read_at, size_of
from evidence_kit.intake.facts.positions import note_position
from evidence_kit.intake.facts.probing import note_probe
from evidence_kit.intake.facts.screens import note_screen
from evidence_kit.intake.facts.thumbnails import note_thumbnail
from evidence_kit.intake.facts.times import note_times
from evidence_kit.intake.facts.xmp import read_xmp
from evidence_kit.pictures.perceptual import perceptual_hashes
from evidence_kit.pictures.supplied import LARGEST_DECODED, LARGEST_JPEG, brightness_of, header_of
from evidence_kit.plain import open_plain

_READERS: dict[MediaType, Callable[[BinaryIO, Notes], Anatomy]] = {
    JPEG: anatomy_of_jpeg,
    PNG: anatomy_of_png,
    GIF: anatomy_of_gif,
    WEBP: anatomy_of_webp,
    WAVE: anatomy_of_film,
    AVI: anatomy_of_film,
    **dict.fromkeys((HEIC, HEIF, AVIF, MP4, QUICKTIME, THREE_GP, M4A), anatomy_of_media),
}
_LARGEST_TIFF = 32 * 1024**2
_HASHED = {JPEG, PNG, GIF, WEBP, TIFF, AVIF}
_ELSEWHERE = "the file names a C2PA manifest that lies elsewhere; it was not fetched"
_UNUSUAL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def examine(path: Path, *, file: str, name: str) -> FileFacts:
    """Return the facts about the file at *path*, which stands in the item as *file* and was called *name*."""
    *_, last = stages(path, file=file, name=name)
    return last


def stages(path: Path, *, file: str, name: str, ffprobe: str | None = None) -> Iterator[FileFacts]:
    """Yield the facts of `examine` as far as they are known, again and again, the last time all of them.

    Of video and audio the program *ffprobe* is asked too, if it is given.
    """
    notes = Notes(file)
    try:
        with open_plain(path) as stream:
            yield from _Examination(stream, notes, name).stages(path, ffprobe)
    except OSError as error:
        notes.add("examination.ended", f"the file cannot be read: {error.strerror or type(error).__name__}")
        yield FileFacts(
            file=file, kind=Kind.UNKNOWN, media_type="application/octet-stream", findings=tuple(notes.findings)
        )


class _Examination:
    """One file while it is examined."""

    def __init__(self, stream: BinaryIO, notes: Notes, name: str) -> None:
        self.stream = stream
        self.notes = notes
        self.name = name
        self.type: MediaType = media_type_of(stream)
        self.anatomy = Anatomy()
        self.exif: list[Exif] = []
        self.perceptual: dict[str, str] = {}

    def stages(self, path: Path, ffprobe: str | None) -> Iterator[FileFacts]:
        self._name()
        yield self._facts()
        if self.type is TIFF:
            self._tiff()
        else:
            self.anatomy = self._anatomy()
        self._measures()
        yield self._facts()
        for block in self.anatomy.blocks:
            self._block(block)
        for exif in self.exif:
            note_position(exif, self.notes)
        note_second_formats(self.stream, self.type, self.notes)
        if self.type.kind is Kind.PICTURE:
            note_end(self.stream, self.anatomy.end, self.notes)
        yield self._facts()
        if self.anatomy.manifest and self.type.name in MEDIA_TYPES:
            note_manifest(self.stream, self.type.name, self.anatomy.manifest, self.notes)
            yield self._facts()
        elif self.anatomy.manifest is None:
            self._manifest_elsewhere()
        note_times(self.name, self.notes)
        if self.type.kind is Kind.PICTURE:
            note_screen(self.anatomy.size, self.notes)
        yield self._facts()
        if self.type in _HASHED and not self._too_large():
            self._look()
        if ffprobe and self.type.kind in {Kind.VIDEO, Kind.AUDIO}:
            yield self._facts()
            note_probe(ffprobe, path, self.notes)
        yield self._facts()

    def _measures(self) -> None:
        """Note what the structure says of the picture as a whole."""
        if self._too_large():
            width, height = self.anatomy.size or (0, 0)
            value: Json = {"width": width, "height": height}
            self.notes.add("picture.too_large", value, detail="its header claims so many pixels that it is not decoded")
        if self.anatomy.frames > 1:
            self.notes.add("picture.animated", self.anatomy.frames, detail="frames; what is hashed is the first")

    def _too_large(self) -> bool:
        width, height = self.anatomy.size or (0, 0)
        most = LARGEST_JPEG if self.type is JPEG else LARGEST_DECODED
        return self.type.kind is Kind.PICTURE and width * height > most

    def _manifest_elsewhere(self) -> None:
        for finding in self.notes.findings:
            if finding.source.pointer.endswith("/dcterms:provenance"):
                self.notes.findings_at("c2pa.remote", finding.value, finding.source, detail=_ELSEWHERE)
                return

    def _facts(self) -> FileFacts:
        width, height = self.anatomy.size or (None, None)
        return FileFacts(
            file=self.notes.file,
            kind=self.type.kind,
            media_type=self.type.name,
            width=width,
            height=height,
            findings=tuple(self.notes.findings),
            perceptual=self.perceptual,
        )

    def _name(self) -> None:
        if disagrees(self.name, self.type):
            value: Json = {"name": ending_of(self.name), "content": self.type.name}
            self.notes.add("name.disagrees", value, offset=0, length=min(16, size_of(self.stream)))
        if _UNUSUAL.search(self.name):
            self.notes.add(
                "name.unusual", self.name, detail="the name holds characters that are not shown or turn its direction"
            )

    def _anatomy(self) -> Anatomy:
        if self.type in _READERS:
            return _READERS[self.type](self.stream, self.notes)
        return self._by_header() if self.type.kind is Kind.PICTURE and self.type is not SVG else Anatomy()

    def _by_header(self) -> Anatomy:
        try:
            return Anatomy(size=header_of(self.stream).size)
        except LimitError as error:
            self.notes.add("picture.too_large", None, detail=str(error))
        except FormatError as error:
            self.notes.add("structure.damaged", str(error))
        return Anatomy()

    def _tiff(self) -> None:
        size = size_of(self.stream)
        if size > _LARGEST_TIFF:
            self.notes.add("examination.cut", size, detail=f"its tags are read up to {_LARGEST_TIFF} bytes only")
        exif = read_exif(read_at(self.stream, 0, _LARGEST_TIFF), base=0, notes=self.notes)
        self.exif.append(exif)
        self.anatomy = anatomy_of_tiff(self.stream, exif)
        if self.anatomy.size is None:
            self.anatomy.size = self._by_header().size

    def _block(self, block: Block) -> None:
        match block.kind:
            case "exif":
                self.exif.append(read_exif(block.data, base=block.base, notes=self.notes, pointer=block.pointer))
            case "xmp":
                read_xmp(block.data, base=block.base, notes=self.notes, pointer=block.pointer)
            case "iptc":
                iptc.read_iptc(block.data, base=block.base, notes=self.notes)
            case "photoshop":
                self._photoshop(block)
            case _:
                self._profile(block)

    def _photoshop(self, block: Block) -> None:
        try:
            for part in iptc.resources(block.data):
                if part.kind == iptc.IIM:
                    base = None if block.base is None else block.base + part.start
                    iptc.read_iptc(block.data[part.start : part.end], base=base, notes=self.notes)
        except FormatError as error:
            self.notes.add("iptc.damaged", str(error), pointer=block.pointer, offset=block.base, length=len(block.data))

    def _profile(self, block: Block) -> None:
        try:
            value = icc.description(block.data)
        except FormatError as error:
            self.notes.add("icc.damaged", str(error), pointer=block.pointer, offset=block.base)
            return
        length = None if block.base is None else len(block.data)
        self.notes.add("icc.description", value, pointer=block.pointer, offset=block.base, length=length)

    def _look(self) -> None:
        try:
            hashes = perceptual_hashes(brightness_of(self.stream))
        except LimitError as error:
            self.notes.add("picture.too_large", None, detail=str(error))
            return
        except FormatError as error:
            self.notes.add("picture.unreadable", str(error))
            return
        for exif in self.exif:
            if exif.thumbnail:
                note_thumbnail(exif, hashes, self.anatomy.size, self.notes)
        self.perceptual = {"pdq": hashes.pdq, "pdq_quality": str(hashes.pdq_quality), "phash": hashes.phash}
