"""What lies where a picture or its reader ends: data after the end, and a second format in the same bytes.

Readers of other formats look in places of their own: ZIP at the end of the file (APPNOTE 6.3, 4.3.16), PDF in the first
1,024 bytes (Adobe, "PDF Reference 1.7", H.3.4.1), browsers for HTML in the first bytes (WHATWG, MIME Sniffing, 7.1).
"""

import io
import re
from typing import BinaryIO

from evidence_kit.canonical import Json
from evidence_kit.intake.facts.media_types import HTML, PDF, WACZ, WARC, Kind, MediaType, media_type_of
from evidence_kit.intake.facts.notes import Notes
from evidence_kit.intake.facts.parts import read_at, size_of

_ZIP_END = b"PK\x05\x06"
_ZIP_REACH = 65_557
"""The end record with the longest comment."""
_PDF_REACH = 1024
_HTML_REACH = 1445
_FIRST = 32
_SNIFFED = 64 * 1024
_HTML = re.compile(rb"<(?:!doctype html|html|script|iframe|body)[\s>]", re.IGNORECASE)
_ZIPPED = ("application/zip", "application/vnd.", "application/epub+zip", WACZ.name)
_NO_HTML = {HTML.name, WARC.name, "application/gzip", "message/rfc822", "application/mbox"}


def note_end(stream: BinaryIO, end: int | None, notes: Notes) -> None:
    """Note what follows *end*, where the file ends by its own format."""
    size = size_of(stream)
    if end is None or end >= size:
        return
    first = read_at(stream, end, _SNIFFED)
    if not first.strip(b"\0"):
        notes.add(
            "data.padding",
            size - end,
            offset=end,
            length=size - end,
            detail="zero bytes after the end, as far as was looked",
        )
        return
    looks_like = media_type_of(io.BytesIO(first))
    value: Json = {"first": first[:_FIRST].hex(), "media_type": looks_like.name}
    notes.add("data.after_end", value, offset=end, length=size - end, detail="data after the end of the picture")
    film = first.find(b"ftyp")
    if looks_like.kind is Kind.VIDEO or film > 4:  # noqa: PLR2004  # the length of its first box stands before
        # Samsung puts a line of its own before the film of a moving photo.
        start = end if looks_like.kind is Kind.VIDEO else end + film - 4
        notes.add("video.embedded", "video/mp4", offset=start, length=size - start, detail="a film after the picture")


def note_second_formats(stream: BinaryIO, found: MediaType, notes: Notes) -> None:
    """Note formats other than *found* whose readers would take the same bytes."""
    size = size_of(stream)
    head = read_at(stream, 0, _HTML_REACH)
    if not found.name.startswith(_ZIPPED):
        start = max(0, size - _ZIP_REACH)
        place = read_at(stream, start, _ZIP_REACH).rfind(_ZIP_END)
        if place >= 0:
            notes.add(
                "polyglot.zip", "application/zip", offset=start + place, length=22, detail="programs may open it as ZIP"
            )
    place = head[:_PDF_REACH].find(b"%PDF-")
    if found is not PDF and place >= 0:
        notes.add("polyglot.pdf", "application/pdf", offset=place, length=5, detail="programs may open it as PDF")
    html = _HTML.search(head)
    if html and found.name not in _NO_HTML and found.kind is not Kind.TEXT:
        notes.add(
            "polyglot.html",
            "text/html",
            offset=html.start(),
            length=len(html[0]),
            detail="programs may open it as HTML",
        )
