"""What an item's start says of its address and its sealing, held against what became of it.

A start that says so binds to whom it is sealed, and of a page to its address, before anything is read. An item that is
in plain all the same, or sealed to others, is another than was begun; so is one that only calls itself sealed.
"""

from collections.abc import Iterator

from evidence_kit.canonical import Json
from evidence_kit.case.items import parse_item, was_sealed
from evidence_kit.case.sealed import REGISTER, is_sealed, read_register
from evidence_kit.custody.events import Event, EventType
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest
from evidence_kit.verify.files import CaseFiles

_ADDRESS = "address_commitment"
_UNSAID: tuple[Json, ...] = (None, "", "about:blank")
"""Addresses of starts that name none: of what is sealed, and of a window in which somebody finds the way."""


def begun_otherwise(files: CaseFiles, item: str, start: Event, *, later: bool) -> Iterator[tuple[str, str]]:
    """Yield in what *item* is another than its *start* says; *later* it was sealed by an event of its own."""
    shown = files.shown(f"items/{item}/item.json")
    try:
        record = parse_item(files.read(f"items/{item}/item.json"))
    except FormatError:
        return  # told by the check of the record itself
    asked = start.detail.get("url")
    if start.type == EventType.CAPTURE_STARTED and asked not in _UNSAID and record.get("url") != asked:
        yield shown, f"its url is not the one that event {start.seq} recorded"
    if record.get(_ADDRESS) != start.detail.get(_ADDRESS):
        yield shown, f"its {_ADDRESS} is not the one that event {start.seq} recorded"
    if was_sealed(start) != (is_sealed(record) and not later):
        yield shown, f"whether it was sealed as it came is not what event {start.seq} recorded"
    if not was_sealed(start):
        return
    if start.type == EventType.CAPTURE_STARTED and not _is_commitment(start.detail.get(_ADDRESS)):
        yield f"event {start.seq}", "it begins a sealed capture and does not commit to its address"
    told = start.detail.get("recipients")
    register = f"items/{item}/{REGISTER}"
    if told is not None and _recipients(files, register) not in {None, _texts(told)}:
        yield files.shown(register), f"it is sealed to others than event {start.seq} recorded"


def _is_commitment(value: Json) -> bool:
    try:
        Digest.parse(value)
    except FormatError:
        return False
    return True


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _recipients(files: CaseFiles, register: str) -> tuple[str, ...] | None:
    try:
        return read_register(files.read(register)).recipients
    except FormatError:
        return None  # told by the check of what is sealed
