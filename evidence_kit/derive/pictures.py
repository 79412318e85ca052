"""Compare the pictures of a supplied item with the screenshots of a captured one, and their text with the page's.

Everything is looked for in the captured item and not the other way round: a phone's screenshot shows a small part of a
page. Text is read only where tesseract is installed.
"""

import re
from collections.abc import Iterator, Sequence

from evidence_kit.canonical import Json
from evidence_kit.derive.findings import Compared, Comparison, Kind, NotCompared, Outcome, Place
from evidence_kit.derive.items import ComparedItem
from evidence_kit.derive.page_texts import PageText
from evidence_kit.models import OnStep
from evidence_kit.pictures.appearances import Finding, Part
from evidence_kit.pictures.matching import Matcher
from evidence_kit.pictures.reading import Line
from evidence_kit.pictures.supplied import DECODED_TYPES

MOST_PICTURES = 20
MOST_SCREENSHOTS = 5
SIMILAR, LIKE = 850, 600
"""Similarity in thousandths from which a line agrees, and from which it differs and is not absent."""
_SHORTEST = 6
"""Letters and digits that a line has at least: fewer stand everywhere."""
_TIME = re.compile(
    r"(?<![\w.])(?:\d{1,2}:\d{2}(?::\d{2})?|\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4})(?![\w:])"
)
_NAME = re.compile(r"\b[^\W\d_a-zа-яөүё][^\W\d_]+(?:[ -][^\W\d_a-zа-яөүё][^\W\d_]+){1,3}\b")
"""Two to four words in a row that begin with a capital letter."""
_WHY = {
    "time": "it took longer than it may",
    "memory": "it wanted more memory than it may have",
    "crash": "the program that looked at it ended",
    "size": "it has more pixels than are looked at",
    "unreadable": "it cannot be read",
}


def compare_pictures(supplied: ComparedItem, captured: ComparedItem, matcher: Matcher, on_step: OnStep) -> Compared:
    """Return which parts of the supplied pictures appear in the screenshots; raises `FormatError`, `OSError`."""
    pictures, others = pictures_of(supplied), captured.files("screenshot")
    found: list[Comparison] = []
    left: list[NotCompared] = [*_too_many(pictures, MOST_PICTURES), *_too_many(others, MOST_SCREENSHOTS, captured=True)]
    if pictures and not others:
        left.append(NotCompared(code="no-screenshot", detail="the captured item has no screenshot of the page"))
    unlisted = 0
    for number, picture in enumerate(pictures[:MOST_PICTURES], start=1):
        on_step(f"comparing pictures {number}/{min(len(pictures), MOST_PICTURES)}")
        for other in others[:MOST_SCREENSHOTS]:
            seen = matcher.appearance(supplied.folder / picture, captured.folder / other)
            if isinstance(seen, str):
                left.append(NotCompared(code=f"picture.{seen}", detail=_WHY[seen], supplied=picture, captured=other))
                continue
            found += [_of_part(part, picture, other) for part in seen.parts]
            unlisted += seen.more
            if seen.tiles["open"]:
                detail = f"{seen.tiles['open']} of {seen.count} tiles show nothing, or agree where those around do not"
                left.append(NotCompared(code="picture.plain", detail=detail, supplied=picture, captured=other))
    return Compared(found=tuple(found), not_compared=tuple(left), unlisted=unlisted)


def compare_text(
    supplied: ComparedItem, captured: ComparedItem, matcher: Matcher, program: str | None, on_step: OnStep
) -> Compared:
    """Return which lines, times and names in the supplied pictures stand in the text of the page.

    *program* is tesseract, None where it is not installed. Raises `FormatError`, `OSError`.
    """
    pictures, texts = pictures_of(supplied), captured.files("text")
    if not pictures:
        return Compared()
    if program is None:
        why = "tesseract, the program that reads text in pictures, is not installed"
        return Compared(not_compared=(NotCompared(code="text.no-reader", detail=why),))
    if not texts:
        why = "the captured item has no text of the page"
        return Compared(not_compared=(NotCompared(code="text.no-page-text", detail=why),))
    page = PageText(captured.read(texts[0]).decode("utf-8", "replace"))
    found: list[Comparison] = []
    left: list[NotCompared] = []
    for number, picture in enumerate(pictures[:MOST_PICTURES], start=1):
        on_step(f"reading text in pictures {number}/{min(len(pictures), MOST_PICTURES)}")
        lines = matcher.lines(supplied.folder / picture, program)
        if isinstance(lines, str):
            left.append(NotCompared(code=f"text.{lines}", detail=_WHY[lines], supplied=picture))
        elif not lines:
            left.append(NotCompared(code="text.none", detail="no text was read in it", supplied=picture))
        else:
            found += [each for line in lines for each in _of_line(line, picture, texts[0], page)]
    return Compared(found=tuple(found), not_compared=tuple(left))


def pictures_of(item: ComparedItem) -> list[str]:
    """Return the paths of those pictures of a supplied item that are decoded; raises `FormatError`, `OSError`."""
    files: Json = item.document("facts.json").get("files")
    listed = [each for each in files if isinstance(each, dict)] if isinstance(files, list) else []
    return [
        str(each["file"])
        for each in listed
        if each.get("kind") == "picture" and each.get("media_type") in DECODED_TYPES
    ]


def _too_many(paths: Sequence[str], most: int, *, captured: bool = False) -> Iterator[NotCompared]:
    if len(paths) > most:
        detail = f"only the first {most} of {len(paths)} were compared"
        after = paths[most]
        yield NotCompared(
            code="too-many", detail=detail, supplied="" if captured else after, captured=after if captured else ""
        )


def _of_part(part: Part, picture: str, other: str) -> Comparison:
    return Comparison(
        kind=Kind.PICTURE,
        outcome=Outcome(str(part.finding)),
        supplied=Place(file=picture, region=part.here),
        captured=Place(file=other, region=part.there) if part.finding is not Finding.ABSENT else None,
        measure="correlation",
        value=part.correlation,
    )


def _of_line(line: Line, picture: str, text: str, page: PageText) -> Iterator[Comparison]:
    place = Place(file=picture, region=line.region)
    for kind, pattern in ((Kind.TIME, _TIME), (Kind.NAME, _NAME)):
        for token in dict.fromkeys(pattern.findall(line.text)):
            yield of_token(kind, token, place, text, page)
    if sum(letter.isalnum() for letter in line.text) < _SHORTEST:
        return
    yield of_text(Kind.TEXT, line.text, place, text, page)


def of_text(kind: Kind, wanted: str, place: Place, file: str, page: PageText) -> Comparison:
    """Return what is most similar to *wanted*, which stands at *place*, in *page*, which is *file*."""
    hit = page.nearest(wanted)
    outcome = (
        Outcome.ABSENT
        if hit is None or hit.similarity < LIKE
        else Outcome.AGREES
        if hit.similarity >= SIMILAR
        else Outcome.DIFFERS
    )
    told = hit if outcome is not Outcome.ABSENT else None
    return Comparison(
        kind=kind,
        outcome=outcome,
        supplied=place,
        captured=Place(file=file, offset=told.offset, length=told.length) if told else None,
        measure="similarity",
        value=hit.similarity if hit else None,
        supplied_text=wanted,
        captured_text=told.text if told else "",
    )


def of_token(kind: Kind, token: str, place: Place, file: str, page: PageText) -> Comparison:
    """Return whether *token*, which stands at *place*, stands in *page* too, letter for letter."""
    hit = page.exact(token)
    return Comparison(
        kind=kind,
        outcome=Outcome.AGREES if hit else Outcome.ABSENT,
        supplied=place,
        captured=Place(file=file, offset=hit.offset, length=hit.length) if hit else None,
        measure="exact",
        value=1000 if hit else None,
        supplied_text=token,
        captured_text=hit.text if hit else "",
    )
