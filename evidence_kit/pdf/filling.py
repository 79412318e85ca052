"""Real pictures into the places of tiny ones, in a PDF as qpdf has just written it: objects, and a table of them.

The file is copied once, from disk to disk. An object that is a placeholder becomes one that holds the picture, and the
table of where objects begin (ISO 32000-2, 7.5.4) is written anew. Nothing else is parsed, decoded or summed: bundles
have gigabytes of pictures.
"""

import os
import re
import shutil
import struct
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from itertools import pairwise
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import BinaryIO

from evidence_kit.errors import ReportError

_PIECE = 1024 * 1024
_ANY = rb"(?: [^\n]*)?"
_PLACEHOLDER = re.compile(
    rb"(\d+ 0 obj\n<<%b /Filter /DCTDecode%b /Height )8(%b /Subtype /Image%b /Width )8(%b /Length )(\d+) >>\nstream\n"
    % ((_ANY,) * 5)
)
"""An image of 8 x 8 pixels; qpdf writes a dictionary in one line, its keys in order, the length of a stream last."""

_END = b"\nendstream\nendobj\n"
_TABLE = re.compile(
    rb"xref\n0 (\d+)\n0000000000 65535 f \n((?:\d{10} 00000 n \n)+)(trailer .*\nstartxref\n)", re.DOTALL
)
_START = re.compile(rb"startxref\n(\d+)\n%%EOF\n\Z")
_TAIL = 64
_ENTRY = 20
_FRAMES = (b"\xc0", b"\xc1", b"\xc2")
"""Baseline, extended and progressive Huffman coding: what /DCTDecode readers know."""


def fill_places(source: Path, target: Path, pictures: Mapping[bytes, Path | bytes]) -> None:
    """Write *target* as *source*, with each JPEG of 8 x 8 pixels replaced by the picture for its SHA-256 (32 bytes).

    Raises `ReportError` when a placeholder is not in *source*, one of *source* is not in *pictures*, or a picture is
    not a JPEG of three colours; `ValueError` for a file that qpdf would not write so.
    """
    found = set()
    with source.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as laid_out, target.open("wb") as out:
        table, begins, trailer = _table(laid_out)
        order = sorted(range(len(begins)), key=begins.__getitem__)
        places = [*(begins[index] for index in order), table]
        out.write(laid_out[: places[0]])
        for index, (begin, end) in zip(order, pairwise(places), strict=True):
            begins[index] = out.tell()
            placeholder = _PLACEHOLDER.match(laid_out, begin, end)
            if not placeholder:
                out.write(laid_out[begin:end])
                continue
            key = sha256(laid_out[placeholder.end() : placeholder.end() + int(placeholder[4])]).digest()
            if key not in pictures:
                message = f"the laid-out report holds a placeholder that no picture is for (object {index + 1})"
                raise ReportError(message)
            found.add(key)
            _write_picture(out, placeholder, pictures[key])
        if len(found) != len(pictures):
            message = f"{len(pictures) - len(found)} of {len(pictures)} placeholders are not in the laid-out report"
            raise ReportError(message)
        table = out.tell()
        out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(begins) + 1))
        out.writelines(b"%010d 00000 n \n" % begin for begin in begins)
        out.write(b"%b%d\n%%%%EOF\n" % (trailer, table))


def _table(laid_out: mmap) -> tuple[int, list[int], bytes]:
    """Return where the table is, where the objects from 1 on begin, and the trailer; raises `ValueError`."""
    start = _START.search(laid_out, max(0, len(laid_out) - _TAIL))
    table = _TABLE.match(laid_out, int(start[1])) if start else None
    if not start or not table or int(table[1]) != len(table[2]) // _ENTRY + 1:
        message = "no table of objects where one should be"
        raise ValueError(message)
    entries = table[2]
    begins = [int(entries[at : at + 10]) for at in range(0, len(entries), _ENTRY)]
    return int(start[1]), begins, table[3]


def _write_picture(out: BinaryIO, placeholder: re.Match[bytes], picture: Path | bytes) -> None:
    with picture.open("rb") if isinstance(picture, Path) else BytesIO(picture) as jpeg:
        width, height = _jpeg_size(jpeg)
        size = jpeg.seek(0, os.SEEK_END)
        jpeg.seek(0)
        before, between, after, _ = placeholder.groups()
        out.write(b"%b%d%b%d%b%d >>\nstream\n" % (before, height, between, width, after, size))
        shutil.copyfileobj(jpeg, out, _PIECE)
        out.write(_END)


def _jpeg_size(jpeg: BinaryIO) -> tuple[int, int]:
    """Return width and height from the frame header (ITU-T T.81, B.2.2); raises `ReportError` if not 8-bit RGB."""
    name = getattr(jpeg, "name", "picture")
    if jpeg.read(2) != b"\xff\xd8":
        message = f"not a JPEG: {Path(str(name)).name!r}"
        raise ReportError(message)
    while (marker := jpeg.read(2))[:1] == b"\xff":
        size = int.from_bytes(jpeg.read(2), "big")
        if marker[1:] in _FRAMES:
            bits, height, width, colours = struct.unpack(">BHHB", jpeg.read(6).ljust(6, b"\0"))
            if (bits, colours) == (8, 3):
                return width, height
            break
        jpeg.seek(max(0, size - 2), os.SEEK_CUR)
    message = f"not a JPEG of three colours with 8 bits: {Path(str(name)).name!r}"
    raise ReportError(message)
