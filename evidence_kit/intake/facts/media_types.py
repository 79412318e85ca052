"""What a file is, told from its first bytes and never from its name; and whether the name says something else."""

import re
import zipfile
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from evidence_kit.intake.facts.parts import read_at, size_of

_HEAD = 64 * 1024
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""What no text has, in whatever encoding of one byte or UTF-8."""
_PDF_REACH = 1024
"""Bytes in which readers of PDF look for its header (Adobe, "PDF Reference 1.7", H.3.4.1)."""


class Kind(StrEnum):
    """The broad kinds of files."""

    PICTURE = "picture"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    ARCHIVE = "archive"
    TEXT = "text"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MediaType:
    """A format: its kind, its media type (IANA's name where it has one) and the endings that names of it have."""

    kind: Kind
    name: str
    endings: frozenset[str]


def _of(kind: Kind, name: str, endings: str) -> MediaType:
    return MediaType(kind, name, frozenset(endings.split()))


JPEG = _of(Kind.PICTURE, "image/jpeg", "jpg jpeg jpe jfif mpo")
PNG = _of(Kind.PICTURE, "image/png", "png apng")
GIF = _of(Kind.PICTURE, "image/gif", "gif")
WEBP = _of(Kind.PICTURE, "image/webp", "webp")
TIFF = _of(Kind.PICTURE, "image/tiff", "tif tiff dng nef cr2 arw pef")
HEIF = _of(Kind.PICTURE, "image/heif", "heif heic hif heics heifs")
HEIC = _of(Kind.PICTURE, "image/heic", "heic heif hif heics")
AVIF = _of(Kind.PICTURE, "image/avif", "avif avifs")
MP4 = _of(Kind.VIDEO, "video/mp4", "mp4 m4v mpg4")
QUICKTIME = _of(Kind.VIDEO, "video/quicktime", "mov qt")
THREE_GP = _of(Kind.VIDEO, "video/3gpp", "3gp 3gpp 3g2")
M4A = _of(Kind.AUDIO, "audio/mp4", "m4a m4b m4p mp4 aac")
WAVE = _of(Kind.AUDIO, "audio/wav", "wav wave")
AVI = _of(Kind.VIDEO, "video/x-msvideo", "avi")
RIFF = _of(Kind.UNKNOWN, "application/x-riff", "")
PDF = _of(Kind.DOCUMENT, "application/pdf", "pdf ai")
ZIP = _of(Kind.ARCHIVE, "application/zip", "zip kmz apk jar usdz")
WACZ = _of(Kind.ARCHIVE, "application/wacz", "wacz zip")
SVG = _of(Kind.PICTURE, "image/svg+xml", "svg")
HTML = _of(Kind.DOCUMENT, "text/html", "html htm xhtml")
XML = _of(Kind.TEXT, "application/xml", "xml xmp plist kml gpx rdf")
JSON = _of(Kind.TEXT, "application/json", "json geojson har")
MAIL = _of(Kind.DOCUMENT, "message/rfc822", "eml mht mhtml txt")
MBOX = _of(Kind.DOCUMENT, "application/mbox", "mbox mbx")
VCARD = _of(Kind.TEXT, "text/vcard", "vcf")
WARC = _of(Kind.ARCHIVE, "application/warc", "warc")
PLAIN = _of(Kind.TEXT, "text/plain", "txt csv tsv md log json js css ini srt yaml yml toml cfg pem xml html htm eml")
EMPTY = _of(Kind.UNKNOWN, "application/x-empty", "")
UNKNOWN = _of(Kind.UNKNOWN, "application/octet-stream", "")

_STARTS: tuple[tuple[int, bytes, MediaType], ...] = (
    (0, b"\xff\xd8\xff", JPEG),
    (0, b"\x89PNG\r\n\x1a\n", PNG),
    (0, b"GIF87a", GIF),
    (0, b"GIF89a", GIF),
    (0, b"II*\0", TIFF),
    (0, b"MM\0*", TIFF),
    (0, b"II+\0", TIFF),
    (0, b"MM\0+", TIFF),
    (0, b"%PDF-", PDF),
    (0, b"PK\x03\x04", ZIP),
    (0, b"PK\x05\x06", ZIP),
    (0, b"\x1f\x8b\x08", _of(Kind.ARCHIVE, "application/gzip", "gz tgz warc.gz")),
    (0, b"BZh", _of(Kind.ARCHIVE, "application/x-bzip2", "bz2")),
    (0, b"\xfd7zXZ\0", _of(Kind.ARCHIVE, "application/x-xz", "xz")),
    (0, b"7z\xbc\xaf\x27\x1c", _of(Kind.ARCHIVE, "application/x-7z-compressed", "7z")),
    (0, b"Rar!\x1a\x07", _of(Kind.ARCHIVE, "application/vnd.rar", "rar")),
    (0, b"(\xb5/\xfd", _of(Kind.ARCHIVE, "application/zstd", "zst")),
    (257, b"ustar", _of(Kind.ARCHIVE, "application/x-tar", "tar")),
    (0, b"WARC/", WARC),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", _of(Kind.PICTURE, "image/jp2", "jp2 jpx jpf j2k")),
    (0, b"\xff\x4f\xff\x51", _of(Kind.PICTURE, "image/x-j2k", "j2k j2c jpc")),
    (0, b"\xff\x0a", _of(Kind.PICTURE, "image/jxl", "jxl")),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", _of(Kind.PICTURE, "image/jxl", "jxl")),
    (0, b"8BPS", _of(Kind.PICTURE, "image/vnd.adobe.photoshop", "psd psb")),
    (0, b"DDS ", _of(Kind.PICTURE, "image/vnd.ms-dds", "dds")),
    (0, b"BLP1", _of(Kind.PICTURE, "image/x-blp", "blp")),
    (0, b"BLP2", _of(Kind.PICTURE, "image/x-blp", "blp")),
    (0, b"\x01\xda", _of(Kind.PICTURE, "image/x-sgi", "sgi rgb rgba bw")),
    (4, b"\x11\xaf", _of(Kind.PICTURE, "image/x-fli", "fli")),
    (4, b"\x12\xaf", _of(Kind.PICTURE, "image/x-flc", "flc fli")),
    (0, b"\x00\x00\x01\x00", _of(Kind.PICTURE, "image/vnd.microsoft.icon", "ico")),
    (0, b"BM", _of(Kind.PICTURE, "image/bmp", "bmp dib")),
    (0, b"\x1aE\xdf\xa3", _of(Kind.VIDEO, "video/x-matroska", "mkv webm mka")),
    (0, b"FLV\x01", _of(Kind.VIDEO, "video/x-flv", "flv")),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _of(Kind.VIDEO, "video/x-ms-asf", "wmv wma asf")),
    (0, b"\x00\x00\x01\xba", _of(Kind.VIDEO, "video/mpeg", "mpg mpeg vob")),
    (0, b"OggS", _of(Kind.AUDIO, "application/ogg", "ogg oga ogv opus spx")),
    (0, b"fLaC", _of(Kind.AUDIO, "audio/flac", "flac")),
    (0, b"ID3", _of(Kind.AUDIO, "audio/mpeg", "mp3")),
    (0, b"#!AMR", _of(Kind.AUDIO, "audio/amr", "amr 3ga")),
    (0, b"caff", _of(Kind.AUDIO, "audio/x-caf", "caf")),
    (0, b"\xff\xf1", _of(Kind.AUDIO, "audio/aac", "aac")),
    (0, b"\xff\xf9", _of(Kind.AUDIO, "audio/aac", "aac")),
    (0, b"\xff\xfb", _of(Kind.AUDIO, "audio/mpeg", "mp3 mp2")),
    (0, b"\xff\xf3", _of(Kind.AUDIO, "audio/mpeg", "mp3 mp2")),
    (0, b"\xff\xf2", _of(Kind.AUDIO, "audio/mpeg", "mp3 mp2")),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _of(Kind.DOCUMENT, "application/x-ole-storage", "doc xls ppt msg")),
    (0, b"{\\rtf", _of(Kind.DOCUMENT, "application/rtf", "rtf")),
    (0, b"SQLite format 3\0", _of(Kind.DOCUMENT, "application/vnd.sqlite3", "db sqlite sqlite3")),
)
_BRANDS: tuple[tuple[re.Pattern[bytes], MediaType], ...] = (
    (re.compile(rb"hei[cxms]|hev[cx]"), HEIC),
    (re.compile(rb"avi[fs]"), AVIF),
    (re.compile(rb"mi[fa]1|msf1"), HEIF),
    (re.compile(rb"qt  "), QUICKTIME),
    (re.compile(rb"3g[psger]."), THREE_GP),
    (re.compile(rb"M4[ABP] "), M4A),
)
_OFFICE = {
    "word/": _of(Kind.DOCUMENT, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    "xl/": _of(Kind.DOCUMENT, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    "ppt/": _of(Kind.DOCUMENT, "application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
    "META-INF/container.xml": _of(Kind.DOCUMENT, "application/epub+zip", "epub"),
    "content.xml": _of(Kind.DOCUMENT, "application/vnd.oasis.opendocument", "odt ods odp odg"),
    "datapackage.json": WACZ,
}
_ZIP_TAIL = 65_557
"""The end record with the longest comment (APPNOTE 6.3, 4.3.16)."""
_ZIP_NAMES = 8 * 1024**2
"""Bytes of the list of what is in a ZIP file, up to which it is read."""
_HEADERS = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]{1,60}:[ \t][^\n]*\r?\n(?:[ \t]+[^\n]*\r?\n)*){2,}")
_MAIL_HEADER = re.compile(rb"^(?:From|Date|Message-ID|Received|MIME-Version):", re.IGNORECASE | re.MULTILINE)


def media_type_of(stream: BinaryIO) -> MediaType:
    """Return what *stream* is; `UNKNOWN` when nothing that is known here begins so."""
    head = read_at(stream, 0, _HEAD)
    if not head:
        return EMPTY
    if head[4:8] == b"ftyp":
        return _by_brand(head[8:12], head[16:64])
    if head[4:8] in {b"moov", b"mdat", b"wide", b"free", b"skip"}:
        return QUICKTIME
    if head[:4] == b"RIFF":
        return {b"WEBP": WEBP, b"WAVE": WAVE, b"AVI ": AVI}.get(head[8:12], RIFF)
    for offset, magic, found in _STARTS:
        if head[offset : offset + len(magic)] == magic and (magic != b"BM" or head[6:10] == bytes(4)):
            return _in_zip(stream) if found is ZIP else found
    return PDF if b"%PDF-" in head[:_PDF_REACH] else _text(head) or UNKNOWN


def _by_brand(brand: bytes, others: bytes) -> MediaType:
    for pattern, found in _BRANDS:
        if pattern.fullmatch(brand):
            # A general brand leaves it to the compatible ones.
            named = [kind for kind, name in ((HEIC, b"heic"), (AVIF, b"avif")) if found is HEIF and name in others]
            return named[0] if named else found
    return MP4


def _in_zip(stream: BinaryIO) -> MediaType:
    """Return what the names in a ZIP file say that it is, `ZIP` when they cannot be read or are very many."""
    tail = read_at(stream, max(0, size_of(stream) - _ZIP_TAIL), _ZIP_TAIL)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or int.from_bytes(tail[end + 12 : end + 16], "little") > _ZIP_NAMES:
        return ZIP
    try:
        with zipfile.ZipFile(stream) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, OverflowError):
        return ZIP
    for start, found in _OFFICE.items():
        if any(name.startswith(start) for name in names):
            return found
    return ZIP


def _text(head: bytes) -> MediaType | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return PLAIN
    if _BINARY.search(head):
        return None
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:4096]
    low = start.lower()
    if low.startswith((b"<!doctype html", b"<html")):
        return HTML
    if low.startswith((b"<?xml", b"<svg", b"<!--", b"<!doctype svg")):
        return SVG if b"<svg" in low else HTML if b"<html" in low else XML
    for opening, found in ((rb"From ", MBOX), (rb"BEGIN:VCARD", VCARD), (rb'[\[{]\s*["\[{\]}]', JSON)):
        if re.match(opening, start):
            return found
    headers = _HEADERS.match(start)
    return MAIL if headers and len(_MAIL_HEADER.findall(headers[0])) > 1 else PLAIN


_KNOWN_ENDINGS = frozenset(
    ending
    for found in (*(kind for _, _, kind in _STARTS), *_OFFICE.values(), JPEG, PNG, WEBP, HEIC, HEIF, AVIF, MP4)
    for ending in found.endings
) | frozenset(
    ending
    for found in (QUICKTIME, THREE_GP, M4A, WAVE, AVI, SVG, HTML, XML, JSON, MAIL, MBOX, VCARD, PLAIN)
    for ending in found.endings
)


def ending_of(name: str) -> str:
    """Return what follows the last full stop of *name*, in lower case; "" when there is none."""
    _, dot, ending = name.replace("\\", "/").rpartition("/")[2].rpartition(".")
    return ending.lower() if dot else ""


def disagrees(name: str, found: MediaType) -> bool:
    """Return whether *name* ends in something that is known, and that *found* does not end in."""
    ending = ending_of(name)
    return ending in _KNOWN_ENDINGS and ending not in found.endings
