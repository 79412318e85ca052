"""Which messages of a supplied conversation are printed: ``[[exhibit.transcript]]`` in the plan of the exhibits.

``conversation`` is its number in the item's ``conversations.json``, ``messages`` a list of numbers and ranges as text
(``"201"``, ``"120-180"``), ``context`` how many messages before and after each range are printed too.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from evidence_kit.display import shorten
from evidence_kit.errors import UsageError

MOST_RANGES = 100
MOST_CONTEXT = 100
MOST_TRANSCRIPTS = 20
"""Of one exhibit."""

_KEYS = frozenset({"conversation", "messages", "context"})
_LARGEST_NUMBER = 10_000_000
_RANGE = re.compile(r"\s*([1-9][0-9]{0,6})\s*(?:[-\u2013]\s*([1-9][0-9]{0,6})\s*)?")
_HINT = 'write numbers and ranges from 1 on, in order, each in quotation marks: messages = ["120-180", "201"]'

Wrong = Callable[[str, str, str], UsageError]
"""Makes the error that a key is wrong: of the key, what is wrong, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Messages *first* to *last*, both of them included, counted from 1."""

    first: int
    last: int

    def __str__(self) -> str:
        """Return it as it stands in a plan."""
        return f"{self.first}-{self.last}" if self.last > self.first else str(self.first)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTranscript:
    """One ``[[exhibit.transcript]]``."""

    conversation: int
    """Its number in the item, from 1."""
    messages: tuple[Range, ...]
    """At least one, ascending, without overlap."""
    context: int = 0
    """How many messages before and after each range are printed too, and marked so."""
    line: int = field(default=1, compare=False)
    """Where it begins in the file."""

    def to_toml(self) -> str:
        """Return it as a block of TOML, after an empty line."""
        ranges = ", ".join(f'"{each}"' for each in self.messages)
        lines = ("", "[[exhibit.transcript]]", f"conversation = {self.conversation}", f"messages = [{ranges}]")
        return "\n".join((*lines, f"context = {self.context}")) + "\n"


def read_transcript_plan(table: Mapping[str, object], wrong: Wrong, *, line: int) -> PlannedTranscript:
    """Return what *table*, which begins in *line*, plans; raises the `UsageError` that *wrong* makes."""
    for key in table.keys() - _KEYS:
        raise wrong(key, f"{shorten(key)!r} is not known", f"known are: {', '.join(sorted(_KEYS))}")
    conversation = _whole(table.get("conversation"), 1, _LARGEST_NUMBER)
    if conversation is None:
        raise wrong("conversation", "no conversation is named", "name one by its number: conversation = 1")
    context = _whole(table.get("context", 0), 0, MOST_CONTEXT)
    if context is None:
        hint = f"write a number from 0 to {MOST_CONTEXT}: context = 5"
        raise wrong("context", "context is not a number of messages", hint)
    ranges = _ranges(table.get("messages"))
    if not ranges:
        raise wrong("messages", "messages is not a list of numbers and ranges", _HINT)
    return PlannedTranscript(conversation=conversation, messages=ranges, context=context, line=line)


def _ranges(value: object) -> tuple[Range, ...]:
    """Return the ranges that *value* lists; none if that is no list of them in order."""
    if not isinstance(value, list) or len(value) > MOST_RANGES:
        return ()
    found = [_RANGE.fullmatch(each) if isinstance(each, str) else None for each in value]
    ranges = tuple(Range(first=int(each[1]), last=int(each[2] or each[1])) for each in found if each)
    return ranges if len(ranges) == len(value) and _ascending(ranges) else ()


def _ascending(ranges: Iterable[Range]) -> bool:
    before = 0
    for each in ranges:
        if not before < each.first <= each.last:
            return False
        before = each.last
    return True


def _whole(value: object, least: int, most: int) -> int | None:
    return value if type(value) is int and least <= value <= most else None
