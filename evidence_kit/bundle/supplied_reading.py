"""Read back what an item that was handed over tells of itself: ``supply.json`` and ``facts.json``.

What was found in hostile files has no bounds of its own: how much of it is printed is decided here, with a `Cut` for
what is not. Facts of places and of numbers of devices do not come in at all unless they were asked for.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from evidence_kit import canonical
from evidence_kit.bundle.bounds import cut_of, kept
from evidence_kit.bundle.exhibit_reading import plain_text
from evidence_kit.bundle.report_model import Cut, Exhibit
from evidence_kit.bundle.supplied_parts import Found, HandedOver, NotTaken, Supplied
from evidence_kit.canonical import Json
from evidence_kit.case.supply import LARGEST, NAME, ON_DEMAND, ORIGINAL, LeftOut, Original, read_supply
from evidence_kit.display import visible
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest
from evidence_kit.pictures.supplied import DECODED_TYPES
from evidence_kit.plain import read_plain

FACTS = "facts.json"
MOST_FILES = 1000
"""Files of an exhibit that are listed."""
MOST_FACTS = 30
"""Facts of one file that are printed."""
MOST_FACTS_OF_ALL = 600
"""Facts of all files of an exhibit that are printed."""
MOST_PICTURES = 60
"""Pictures of an exhibit that have a viewing copy."""
PICTURE = "picture"
_MOST_PLACES = 6
_FIRST = (
    "times.disagree",
    "screenshot.",
    "c2pa.",
    "name.disagrees",
    "name.unusual",
    "thumbnail.differs",
    "polyglot.",
    "data.",
    "examination.",
    "time.",
)
"""How the codes begin of what a reader is to see first, in this order."""
_LAST = ("exif.tag", "xmp.property", "iptc.dataset", "container.ffprobe")
"""What there is much of, and what mostly stands there in other words already."""


def read_supplied(
    folder: Path, *, sensitive: bool, places: bool, no_copy: Mapping[str, str]
) -> tuple[Supplied, tuple[Cut, ...]]:
    """Return what the item in *folder* tells, and what of it is not printed.

    *no_copy* says by path why pictures have no viewing copy, and "" of those that have one. Raises `FormatError`,
    `OSError`.
    """
    supply = read_supply(read_plain(folder / NAME, LARGEST))
    facts, readable = _facts(folder / FACTS)
    originals = kept(supply.files, MOST_FILES)
    files, room = [], MOST_FACTS_OF_ALL
    for original in originals:
        file = _handed_over(original, facts.get(original.path), places=places, room=room)
        room -= len(file.found)
        files.append(replace(file, no_copy=_why_no_copy(file, no_copy)))
    not_taken = tuple(map(_not_taken, supply.left_out))
    listed = kept(not_taken, MOST_FILES)
    place = f"data/items/{folder.name}/"
    printed = sum(len(file.found) for file in files)
    cuts = [
        *cut_of("handed_over", supply.files, originals, place + NAME),
        *cut_of("not_taken", not_taken, listed, place + NAME),
    ]
    unprinted = sum(file.unprinted for file in files)
    if unprinted or not readable:
        cuts.append(Cut(name="found", printed=printed, whole=printed + unprinted, place=place + FACTS))
    pictures = sum(_drawable(facts.get(file.path, {})) for file in supply.files)
    if pictures > MOST_PICTURES:
        cuts.append(Cut(name="viewing_copies", printed=MOST_PICTURES, whole=pictures, place=place + ORIGINAL + "/"))
    told = Supplied(
        circumstances=supply.circumstances,
        sensitive=sensitive,
        amount=len(supply.files),
        size=sum(file.size for file in supply.files),
        files=tuple(files),
        not_taken=listed,
        places=places,
    )
    return told, tuple(cuts)


def _not_taken(left_out: LeftOut) -> NotTaken:
    problem = left_out.problem
    return NotTaken(called=visible(left_out.name), code=problem.code, detail=problem.detail)


def _why_no_copy(file: HandedOver, drawn: Mapping[str, str]) -> str:
    if file.kind != PICTURE or file.path in drawn:
        return drawn.get(file.path, "")
    return "many" if file.media_type in DECODED_TYPES else "format"


def pictures_in(folder: Path, originals: Sequence[str]) -> tuple[str, ...]:
    """Return those of the *originals* in *folder* that are drawn as pictures; raises `FormatError`, `OSError`.

    What else the facts name is nothing of the item, and would be looked for elsewhere.
    """
    facts, _ = _facts(folder / FACTS)
    return kept(tuple(path for path in originals if _drawable(facts.get(path, {}))), MOST_PICTURES)


def _drawable(facts: dict[str, Json]) -> bool:
    return facts.get("kind") == PICTURE and str(facts.get("media_type")) in DECODED_TYPES


def with_same_bytes(exhibits: Sequence[Exhibit]) -> tuple[Exhibit, ...]:
    """Return *exhibits* in which each file that was handed over names the others with the same bytes."""
    places: dict[Digest, list[str]] = {}
    for exhibit in exhibits:
        for file in exhibit.supplied.files if exhibit.supplied else ():
            places.setdefault(file.sha256, []).append(f"{exhibit.item} {file.path}")

    def told(exhibit: Exhibit, file: HandedOver) -> HandedOver:
        mine = f"{exhibit.item} {file.path}"
        others = [place for place in places[file.sha256] if place != mine]
        return replace(file, same_bytes=tuple(others[:_MOST_PLACES])) if others else file

    return tuple(
        replace(exhibit, supplied=replace(given, files=tuple(told(exhibit, file) for file in given.files)))
        if (given := exhibit.supplied)
        else exhibit
        for exhibit in exhibits
    )


def _facts(path: Path) -> tuple[dict[str, dict[str, Json]], bool]:
    """Return the facts of each file by its path, and whether they could be read: there may be too many.

    Of a larger file than is read no fact is printed.
    """
    if not path.is_file() or path.stat().st_size > LARGEST:
        return {}, not path.exists()
    match canonical.parse(path.read_bytes()):
        case {"schema": "evidence-kit/facts/1", "files": list(files)}:
            return {str(each.get("file")): each for each in files if isinstance(each, dict)}, True
    message = f"{FACTS} does not say evidence-kit/facts/1"
    raise FormatError(message)


def _handed_over(original: Original, facts: dict[str, Json] | None, *, places: bool, room: int) -> HandedOver:
    file = HandedOver(
        path=original.path,
        # In one line: a name with line feeds could feign others.
        called=visible(original.name),
        size=original.size,
        sha256=original.sha256,
        modified=original.modified,
        created=original.created,
    )
    if facts is None:
        return file
    found = list(_found(facts.get("findings")))
    shown = [each for each in found if places or not each.code.startswith(ON_DEMAND)]
    hidden = [each for each in found if not places and each.code.startswith(ON_DEMAND)]
    shown.sort(key=_rank)
    printed = shown[: min(MOST_FACTS, room)]
    width, height = facts.get("width"), facts.get("height")
    return replace(
        file,
        kind=str(facts.get("kind", "")),
        media_type=str(facts.get("media_type", "")),
        width=width if isinstance(width, int) else None,
        height=height if isinstance(height, int) else None,
        found=tuple(printed),
        unprinted=len(shown) - len(printed),
        on_demand=len(hidden),
        on_demand_at=tuple(_pointers(hidden)),
    )


def _pointers(found: Iterable[Found]) -> list[str]:
    return list(dict.fromkeys(each.pointer or each.code for each in found))[:_MOST_PLACES]


def _rank(found: Found) -> int:
    """Return where a fact stands among the others; those of one rank stay in the order in which they were read."""
    first = next((rank for rank, start in enumerate(_FIRST) if found.code.startswith(start)), len(_FIRST))
    return first + 1 if found.code in _LAST else first


def _told(value: Json) -> str:
    """Return a value as people read it: without what it leaves open, and of several things each in a line."""
    match value:
        case [dict(), *_]:
            return "\n".join(_told(member) for member in value)
        case dict():
            return plain_text({key: member for key, member in value.items() if member not in (None, "", [])})
    return plain_text(value)


def _found(findings: Json) -> Iterator[Found]:
    for finding in findings if isinstance(findings, list) else ():
        match finding:
            case {"code": str(code), "value": value, "source": dict(source), **rest}:
                offset, length = source.get("offset"), source.get("length")
                yield Found(
                    code=code,
                    told=_told(value),
                    detail=str(rest.get("detail", "")),
                    pointer=str(source.get("pointer", "")),
                    offset=offset if isinstance(offset, int) else None,
                    length=length if isinstance(length, int) else None,
                )
            case _:
                message = f"{FACTS} does not describe a fact"
                raise FormatError(message)
