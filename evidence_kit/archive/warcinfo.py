"""The first record of our own web archives: what the archive says of itself (WARC 1.1, 6.1)."""

import platform
import zlib
from pathlib import Path
from typing import BinaryIO

from evidence_kit import __version__
from evidence_kit.archive.wacz import ARCHIVE_NAME
from evidence_kit.archive.zip_reader import ZipReader
from evidence_kit.errors import FormatError
from evidence_kit.models import Officer

_LARGEST = 64 * 1024


def about_archive(officer: Officer, case: str, item: str) -> dict[str, str]:
    """Return the fields of the ``warcinfo`` record of a new archive: by whom, on which machine, for which item."""
    return {
        "software": f"evidence_kit/{__version__} Python/{platform.python_version()}",
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "operator": f"{officer.name} ({officer.id}, {officer.role}, {officer.agency})",
        "hostname": platform.node(),
        "isPartOf": f"case {case}, item {item}",
    }


def read_warcinfo(source: Path | BinaryIO) -> dict[str, str]:
    """Return the fields of the ``warcinfo`` record of the WACZ *source*; raises `FormatError`, `OSError`.

    Only its first gzip member is read, as far as 64 KiB. Whether the archive is whole is for the checks of it.
    """
    with ZipReader(source) as archive, archive.open(f"archive/{ARCHIVE_NAME}") as stream:
        packed = stream.read(_LARGEST)
    try:
        record = zlib.decompressobj(31).decompress(packed, _LARGEST)
    except zlib.error as error:
        message = "the web archive does not begin with a gzip member"
        raise FormatError(message) from error
    head, gap, body = record.partition(b"\r\n\r\n")
    if not gap or b"WARC-Type: warcinfo" not in head:
        message = "the web archive does not begin with a warcinfo record"
        raise FormatError(message)
    lines = (line.partition(": ") for line in body.decode("utf-8", "replace").split("\r\n"))
    return {name: value for name, colon, value in lines if colon}
