"""What people read of an item that was handed over: who gave it, how it came, and what its files were called."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from evidence_kit.canonical import Json
from evidence_kit.cli.facts import unreadable
from evidence_kit.cli.output import say
from evidence_kit.cli.sealed import sealed_pairs
from evidence_kit.display import visible
from evidence_kit.errors import FormatError
from evidence_kit.texts import Texts

if TYPE_CHECKING:
    from pathlib import Path

    from evidence_kit.case.folder import CaseFolder

_OTHERS = ("supplied", "derived")
_TOLD = ("provided_by", "received", "device", "way", "statement", "consent")


def status_text(texts: Texts, source: str, status: str, *, sealed: bool = False) -> str:
    """Return what people read of the *status* of an item from *source*: only what was captured was recorded."""
    if sealed:
        return texts.say(f"sealed.{status}")
    return texts.say(f"{source if source in _OTHERS else 'status'}.{status}")


def supply_of(folder: "Path") -> dict[str, Json] | None:
    """Return what ``supply.json`` of the item in *folder* says; None where there is none. Raises `CaseError`."""
    from evidence_kit import canonical
    from evidence_kit.case.supply import LARGEST, NAME, read_supply
    from evidence_kit.plain import read_plain

    try:
        data = read_plain(folder / NAME, LARGEST)
        read_supply(data)
    except FileNotFoundError:
        return None
    except (OSError, FormatError) as error:
        raise unreadable(folder, NAME, str(error)) from error
    value = canonical.parse(data)
    return value if isinstance(value, dict) else None


def duplicates_of(case: "CaseFolder") -> dict[str, list[Json]]:
    """Return, by item, which files of *case* were handed over with the same bytes as others; raises `CaseError`."""
    from evidence_kit.case.duplicates import duplicates, handed_over
    from evidence_kit.case.items import attempts

    tried = attempts(case.log().full_events())
    return dict(duplicates(list(handed_over(case, (each.item for each in tried if each.finished_seq)))))


def supply_pairs(texts: Texts, item: dict[str, Json]) -> list[tuple[str, str]]:
    """Return the rows of an ``items[]`` member that was supplied, or derived of others."""
    pairs = sealed_pairs(texts, item)
    match item.get("supply"):
        case dict(supply):
            pairs += [(texts.say(f"supplied.{key}"), visible(str(supply[key]))) for key in _TOLD if supply.get(key)]
            match supply.get("sender"):
                case {"address": str(address), "user_agent": str(agent)}:
                    pairs.append((texts.say("supplied.sender"), f"{visible(address)}, {visible(agent)}"))
    match item.get("supplied"):
        case {"files": int(count), "bytes": int(size)} if "sealed" not in item:
            pairs.append((texts.say("supplied.amount"), texts.say("supplied.bytes", count=count, bytes=size)))
    match item.get("derived_from"):
        case list(parents):
            names = ", ".join(str(parent.get("item")) for parent in parents if isinstance(parent, dict))
            pairs.append((texts.say("items.made-of"), visible(names)))
    pairs += sensitive_pairs(texts, item)
    return pairs + [(texts.say(f"items.{key}"), visible(str(item[key]))) for key in ("started", "finished")]


def sensitive_pairs(texts: Texts, item: dict[str, Json]) -> list[tuple[str, str]]:
    """Return the row of an ``items[]`` member with its record that says that it is sensitive, if it is."""
    match item.get("record"):
        case {"flags": list(flags)} if "sealed" not in item and any(
            isinstance(flag, dict) and flag.get("code") == "sensitive" for flag in flags
        ):
            return [(texts.say("supplied.sensitive"), texts.say("supplied.yes"))]
    return []


def names_of(item: dict[str, Json]) -> dict[str, str]:
    """Return what each file was called, by its path in the case."""
    return {f"{item['path']}/{file['path']}": str(file["name"]) for file in _listed(item, "files") if "path" in file}


def left_out_lines(texts: Texts, item: dict[str, Json]) -> Iterator[str]:
    """Yield a line for each thing that was handed over and is not in the item."""
    for each in _listed(item, "left_out"):
        reason = f"{texts.word('problems', str(each.get('code')))}: {each.get('detail')}"
        yield f"  - {texts.say('supplied.left-out', name=str(each.get('name')), reason=reason)}"


def same_bytes_lines(texts: Texts, item: dict[str, Json]) -> Iterator[str]:
    """Yield a line for each file with the same bytes as another of the case."""
    found = item.get("duplicates")
    for each in found if isinstance(found, list) else ():
        match each:
            case {"path": str(path), "same_as": str(other)}:
                yield f"  - {texts.say('import.same-bytes', path=path, other=other)}"


def tell_duplicates(texts: Texts, duplicates: list[Json]) -> None:
    """Say which files have the same bytes as others of the case."""
    for line in same_bytes_lines(texts, {"duplicates": duplicates}):
        say(line)


def _listed(item: dict[str, Json], key: str) -> list[dict[str, Json]]:
    supply = item.get("supply")
    listed = supply.get(key) if isinstance(supply, dict) else None
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
