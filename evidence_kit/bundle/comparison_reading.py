"""Read back the list of a comparison, ``corroboration.json``, and which parts of pictures are shown beside it."""

from collections.abc import Iterator
from pathlib import Path

from evidence_kit import canonical
from evidence_kit.bundle.bounds import cut_of, kept
from evidence_kit.bundle.comparison_parts import ComparedPlace, ComparedRow, Comparison, MadeOf, NotDone
from evidence_kit.bundle.report_model import Cut
from evidence_kit.canonical import Json
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest
from evidence_kit.pictures.viewing_copy import Region

NAME = "corroboration.json"
MOST_ROWS = 400
MOST_PARTS = 4
"""Parts of pictures that are shown, on each side."""
_LARGEST = 64 * 1024 * 1024


def read_comparison(folder: Path, *, sensitive: bool) -> tuple[Comparison, tuple[Cut, ...]]:
    """Return what the derived item in *folder* tells, and what of it is not printed.

    Raises `FormatError`, `OSError`.
    """
    match _document(folder):
        case {"supplied": dict(one), "captured": dict(other), "comparisons": list(found), "not_compared": list(left)}:
            rows = tuple(_row(each) for each in found if isinstance(each, dict))
            printed = kept(rows, MOST_ROWS, in_plain_sight=lambda row: row.outcome != "agrees")
            not_done = tuple(_not_done(each) for each in left if isinstance(each, dict))
            told = Comparison(
                made_of=(_made_of(one), _made_of(other)),
                sensitive=sensitive,
                reader=_reader(folder),
                rows=printed,
                not_done=not_done,
            )
            return told, cut_of("compared", rows, printed, f"data/items/{folder.name}/{NAME}")
    raise FormatError(f"{NAME} does not say what was compared")


def compared_parts(folder: Path) -> dict[str, tuple[Region, ...]]:
    """Return the largest parts of pictures that agree or differ, by item and file: ``EV-0001/screenshot.png``.

    Raises `FormatError`, `OSError`.
    """
    found: dict[str, tuple[Region, ...]] = {}
    match _document(folder):
        case {"supplied": {"item": str(one)}, "captured": {"item": str(other)}, "comparisons": list(rows)}:
            told = [each for each in rows if isinstance(each, dict) and each.get("kind") == "picture"]
            for each in [each for each in told if isinstance(each.get("captured"), dict)][:MOST_PARTS]:
                for item, place in ((one, each.get("supplied")), (other, each.get("captured"))):
                    match place:
                        case {"file": str(file), "region": [int(left), int(top), int(right), int(bottom)]}:
                            key = f"{item}/{file}"
                            region = Region(left=left, top=top, right=right, bottom=bottom)
                            found[key] = (*found.get(key, ()), region)
    return found


def _document(folder: Path) -> Json:
    path = folder / NAME
    if path.stat().st_size > _LARGEST:
        raise FormatError(f"{NAME} has more than {_LARGEST} bytes")
    return canonical.parse(path.read_bytes())


def _reader(folder: Path) -> str:
    match _document(folder):
        case {"method": {"text": str(reader)}}:
            return reader
    return ""


def _made_of(value: dict[str, Json]) -> MadeOf:
    return MadeOf(item=str(value.get("item")), manifest_sha256=Digest.parse(f"sha256:{value.get('manifest_sha256')}"))


def _row(value: dict[str, Json]) -> ComparedRow:
    measured = value.get("value")
    supplied = _place(value.get("supplied"))
    if supplied is None:
        raise FormatError(f"{NAME} does not say what was compared")
    return ComparedRow(
        kind=str(value.get("kind")),
        outcome=str(value.get("outcome")),
        measure=str(value.get("measure")),
        measured=f"{measured / 1000:.2f}" if isinstance(measured, int) else "",
        supplied=supplied,
        captured=_place(value.get("captured")),
    )


def _place(value: Json) -> ComparedPlace | None:
    if not isinstance(value, dict):
        return None
    return ComparedPlace(file=str(value.get("file")), where=", ".join(_where(value)), told=str(value.get("text", "")))


def _where(value: dict[str, Json]) -> Iterator[str]:
    match value.get("region"):
        case [int(left), int(top), int(right), int(bottom)]:
            yield f"x {left}–{right}, y {top}–{bottom}"
    match value:
        case {"offset": int(offset), "length": int(length)}:
            yield f"+{offset} ({length} B)"
        case {"pointer": str(pointer)}:
            yield pointer


def _not_done(value: dict[str, Json]) -> NotDone:
    files = " ".join(str(value.get(side)) for side in ("supplied", "captured") if value.get(side))
    return NotDone(code=str(value.get("code")), detail=str(value.get("detail")), files=files)
