"""`ReportData` as the JSON document that the template reads: harmless text, moments and numbers in both languages.

Every string has passed `evidence_kit.display.visible`, so control and bidirectional characters are written as escapes.
A moment is ``{"utc", "local", "en", "mn"}``, a number ``{"en", "mn"}``, a digest 64 hexadecimal digits.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from pathlib import Path

from evidence_kit.bundle.bounds import LISTED, bounded
from evidence_kit.bundle.fonts import FontChoice, showable
from evidence_kit.bundle.mongolian_dates import (
    english_moment,
    english_number,
    local_stamp,
    mongolian_moment,
    mongolian_number,
)
from evidence_kit.bundle.report_model import AttemptOutcome, Exhibit, Language, ReportData, Volume
from evidence_kit.canonical import Json
from evidence_kit.display import shorten, visible
from evidence_kit.errors import ReportError
from evidence_kit.models import Digest, Problem, utc_text

LONGEST_TEXT = 20_000
"""Characters that are printed of the text of a page; the whole lies in the item's files."""

LONGEST_PROSE = 5_000
"""Characters that are printed of what people wrote: a note, a reason…"""

LONGEST_NAME = 2_000
"""Characters that are printed of any other text: a title, a link…"""

LONGEST_ENTRY = 800
"""Characters that are printed of a text in a list of an exhibit."""

LONGEST_TOLD = 300
"""Characters that are printed of the name of a file that was handed over, and of a fact read from it."""

LONGEST_LINES = 400
"""Lines of one text that are printed."""

_CUT = " […]"
_SHORT = 400
"""Letters that any text may have when it is written in escapes."""
_LONGEST = {"visible_text": LONGEST_TEXT}
_LONGEST |= dict.fromkeys(("called", "told", "pointer"), LONGEST_TOLD)
_LONGEST |= dict.fromkeys(("note", "purpose", "legal_basis", "why", "withheld_ground", "text"), LONGEST_PROSE)
_LAST_ESCAPE = re.compile(r"\\u\{?[0-9A-F]{0,6}\Z")

_LONGEST_HEADER = 48
_ROW = (
    *("number", "item", "title", "url", "status", "captured_by", "place", "manifest_sha256", "planned", "handed_over"),
    *("made_of", "http_status"),
)
LANGUAGES: dict[Language, list[Json]] = {
    Language.ENGLISH: ["en"],
    Language.MONGOLIAN: ["mn"],
    Language.BOTH: ["mn", "en"],
}
"""The languages that a report speaks, as the templates know them; the first is the main one."""


def report_json(data: ReportData, *, language: Language, volume: int = 1) -> dict[str, Json]:
    """Return the document for the template of *volume*.

    Raises `ReportError` for a value the template could not know how to show.
    """
    printed = bounded(data)
    mine = told_in(printed, volume)
    document = _plain(mine)
    if not isinstance(document, dict):
        raise ReportError("report data is not an object")
    listed = (printed if volume == 1 else mine).exhibits
    document["listed"] = _rows(listed, {number: each for each in data.volumes for number in each.exhibits}, volume)
    document["listed_count"] = _number(len(listed))
    document["captured"] = [
        _moment(moment)
        for moment in (
            min((exhibit.started for exhibit in listed), default=None),
            max((exhibit.finished for exhibit in listed), default=None),
        )
        if moment
    ]
    whole = _plain(printed) if volume == 1 and mine is not printed else document
    document["gaps"] = _plain((*data.known_gaps(), *_cuts_told(printed, whole)))
    document["left_out_count"] = _number(len(data.left_out))
    document["volume"] = str(volume)
    document["log_volume"] = str(_log_volume(data))
    document["languages"] = LANGUAGES[language]
    document["header"] = shorten(data.case.number, _LONGEST_HEADER)
    document["counts"] = {str(outcome): _number(data.count(outcome)) for outcome in AttemptOutcome}
    for kind in ("supplied", "sealed", "derived"):
        document[f"{kind}_counts"] = {str(outcome): _number(data.count(outcome, kind)) for outcome in AttemptOutcome}
    _tell_classes(document, data)
    _number_pictures(document)
    root = data.holdings.root.hex
    document["root"] = [root[start : start + 4] for start in range(0, 64, 4)]
    document["page"] = [data.page.hex[start : start + 4] for start in range(0, 64, 4)]
    return document


def _tell_classes(document: dict[str, Json], data: ReportData) -> None:
    """Say of which classes of evidence the report speaks: its sentences about captures are not for what was supplied.

    Of an empty case it speaks as of captures.
    """
    classes = {*(each.kind for each in data.attempts), *(each.kind for each in data.exhibits)} or {"captured"}
    document["speaks_of"] = {kind: kind in classes for kind in ("captured", "supplied", "sealed", "derived")}


def told_in(data: ReportData, volume: int) -> ReportData:
    """Return what *volume* tells: the first of the whole case, the others of their exhibits or of the custody log.

    Of a log that stands elsewhere the first has what is withheld: that has a register of its own.
    """
    if not data.volumes:
        return data
    numbers = data.volumes[volume - 1].exhibits
    mine = replace(data, exhibits=tuple(exhibit for exhibit in data.exhibits if exhibit.number in numbers))
    log = data.custody if volume == _log_volume(data) else ()
    if volume > 1:
        return replace(mine, attempts=(), custody=log, commands=())
    return replace(mine, custody=log or tuple(entry for entry in data.custody if entry.withheld))


def _log_volume(data: ReportData) -> int:
    """Return the number of the volume that holds the custody log."""
    return next((volume.number for volume in data.volumes if volume.log), 1)


def _rows(exhibits: Sequence[Exhibit], volumes: Mapping[int, Volume], volume: int) -> Json:
    """Return what the lists of the case show of each exhibit, and no more: there may be thousands.

    ``volume`` is the number of the volume that holds it, empty where that is this one.
    """
    rows: list[Json] = []
    for exhibit in exhibits:
        holder = volumes.get(exhibit.number)
        elsewhere = holder is not None and holder.number != volume
        row: dict[str, Json] = {name: _plain(getattr(exhibit, name)) for name in _ROW}
        row["sealed"] = exhibit.sealed is not None
        times = {name: _moment_narrow(getattr(exhibit, name)) for name in ("started", "finished")}
        rows.append({**row, **times, "volume": str(holder.number) if holder and elsewhere else ""})
    return rows


def picture_paths(data: ReportData) -> list[Path]:
    """Return the viewing copies in the order in which the document numbers them, from 0."""
    return [each.path for exhibit in data.exhibits for shot in exhibit.viewing_copies for each in shot.slices]


def _cuts_told(printed: ReportData, document: Json) -> Iterator[Problem]:
    """Yield what page 1 says of lists and texts that are not printed whole."""
    lists = len(printed.cuts) + sum(len(exhibit.cuts) for exhibit in printed.exhibits)
    texts = sum(text.endswith(_CUT) for text in strings(document))
    for code, count in (("lists-cut", lists), ("texts-cut", texts)):
        if count:
            yield Problem(code=code, detail=str(count))


def strings(value: Json) -> Iterator[str]:
    """Return every string within *value*, keys apart."""
    match value:
        case str():
            yield value
        case list():
            for member in value:
                yield from strings(member)
        case dict():
            for member in value.values():
                yield from strings(member)


def make_showable(
    document: dict[str, Json], choice: FontChoice, *, base_only: bool
) -> tuple[dict[str, Json], frozenset[str]]:
    """Return *document* with what no font shows written as escapes and owned up to on page 1, and what that was."""
    replaced: set[str] = set()

    def rewrite(value: Json) -> Json:
        match value:
            case str():
                text, lost = showable(value, choice, base_only=base_only)
                replaced.update(lost)
                longest = max(_SHORT, 2 * len(value))
                # Eight letters for each that no font shows: a text that was not long must not become so.
                return text if len(text) <= longest else _cut_at(text, longest)
            case list():
                return [rewrite(member) for member in value]
            case dict():
                return {key: rewrite(member) for key, member in value.items()}
            case _:
                return value

    result = {key: rewrite(member) for key, member in document.items()}
    gaps = result["gaps"]
    if replaced and isinstance(gaps, list):
        result["gaps"] = [*gaps, {"code": "missing-glyphs", "detail": str(len(replaced))}]
    return result, frozenset(replaced)


def _number_pictures(document: dict[str, Json]) -> None:
    """Name the slices in the order of `picture_paths`."""
    number = 0
    for exhibit in _objects(document["exhibits"]):
        shots = [exhibit.get("screenshot"), *(shot.get("copy") for shot in _objects(exhibit.get("context_shots")))]
        for shot in _objects(shots):
            for each in _objects(shot.get("slices")):
                each["path"] = picture_name(number)
                number += 1


def _objects(value: Json) -> list[dict[str, Json]]:
    return [member for member in value if isinstance(member, dict)] if isinstance(value, list) else []


def picture_name(number: int) -> str:
    """Return the name under which the template finds picture *number*."""
    return f"pictures/{number:06}.jpg"


def _plain(value: object, longest: int = LONGEST_NAME) -> Json:  # noqa: PLR0911  # one line for each kind of value
    """Return *value* as JSON: dataclasses become objects with their fields' names, texts are at most *longest*."""
    match value:
        case None | bool():
            return value
        case str():
            return _text(value, longest)
        case int():
            return _number(value)
        case datetime():
            return _moment(value)
        case Digest():
            return value.hex
        case Path():
            # Pictures are handed over under names of our own, never under paths of this computer.
            return None
        case tuple() | list():
            return [_plain(member, longest) for member in value]
        case dict():
            return {str(key): _plain(member, longest) for key, member in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        short = LONGEST_ENTRY if isinstance(value, LISTED) else LONGEST_NAME
        return {each.name: _plain(getattr(value, each.name), _LONGEST.get(each.name, short)) for each in fields(value)}
    raise ReportError(f"the report cannot show a {type(value).__name__}")


def _text(text: str, longest: int) -> str:
    """Return *text* made visible, cut where it is longer than *longest* or than `LONGEST_LINES`, and marked so."""
    whole = str(text).replace("\r\n", "\n")
    kept = "\n".join(whole[:longest].split("\n")[:LONGEST_LINES])
    shown = visible(kept, newlines=True)
    cut = len(kept) < len(whole) or len(shown) > longest
    # A flood of invisible characters is long only when it is written out.
    return _cut_at(shown, longest) if cut else shown


def _cut_at(shown: str, longest: int) -> str:
    """Return the beginning of *shown*, with no escape by half, and the mark that it is cut."""
    return _LAST_ESCAPE.sub("", shown[:longest]) + _CUT


def _number(number: int) -> Json:
    return {"value": number, "en": english_number(number), "mn": mongolian_number(number)}


def _moment_narrow(moment: datetime) -> Json:
    return {"utc": utc_text(moment), "local": local_stamp(moment)}


def _moment(moment: datetime) -> Json:
    return {
        "utc": utc_text(moment),
        "local": local_stamp(moment),
        "en": english_moment(moment),
        "mn": mongolian_moment(moment),
    }
