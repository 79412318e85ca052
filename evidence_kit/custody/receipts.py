"""Receipts: the head of the log and an item's digest, given to somebody outside, and read back however they come.

A receipt names the head after event *n*. Whoever holds it can show at any later time whether the log still contains
that head, and so every event up to *n*. It comes back as the text of its QR code (inside the PDF too), or as its rows,
copied or typed by hand.

A row is four groups, a group four hexadecimal digits and a check letter, one of ``GHJKMNPQRSTUVWXYZ`` (no digit looks
like one of them): (place + 2a + 3b + 4c + 5d) mod 17, with places 1 to 16 for the head, 17 to 32 for the item. 17 is a
prime and the weights differ, so one wrong digit, two digits changed about and a group in another's place always show.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from evidence_kit.display import shorten
from evidence_kit.errors import FormatError, UsageError
from evidence_kit.models import Digest

_LETTERS = "GHJKMNPQRSTUVWXYZ"
_GROUPS, _GROUPS_OF_ROW = 16, 4
_DIGITS = 4
_LENGTH = _DIGITS + 1
_HEAD, _ITEM = "H", "D"
_CODE = re.compile(
    r"EVIDENCE-KIT-RECEIPT:1:([0-9]{8}T[0-9]{6}Z):([0-9]{1,12}):([0-9A-F]{64}):(EV-[0-9]{4,12}):([0-9A-F]{64})(?![0-9A-F])"
)
_TIME = "%Y%m%dT%H%M%SZ"
_ROW = re.compile(rf"\s*([{_HEAD}{_ITEM}])\s?([1-4])(?=[\s.:)])[.:)]?(.*)")
# Letters that a Cyrillic keyboard has for what looks like a digit or a check letter, and what is misread of digits.
_LOOKS_LIKE = str.maketrans("АВЕКМНРСТХУОOIL|", "ABEKMHPCTXY00111")
_HINT = "type the rows H1 to H4 of the receipt, each of four groups, and D1 to D4 if you like; or give its PDF"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a receipt says; typed rows tell the digests alone."""

    head: Digest
    manifest: Digest | None = None
    """Of the item's list of files."""
    seq: int | None = None
    """The event after which this was the head."""
    item: str = ""
    issued: datetime | None = None

    def code(self) -> str:
        """Return the text of the QR code (its alphanumeric characters, ISO/IEC 18004, only)."""
        if self.manifest is None or self.issued is None:
            message = "a receipt that was typed in has no code"
            raise FormatError(message)
        issued = self.issued.astimezone(UTC).strftime(_TIME)
        return f"EVIDENCE-KIT-RECEIPT:1:{issued}:{self.seq}:{self.head.hex}:{self.item}:{self.manifest.hex}".upper()

    def rows(self) -> list[tuple[str, list[str]]]:
        """Return each row: its name and its groups."""
        found = _rows(_HEAD, self.head, 1)
        return found + (_rows(_ITEM, self.manifest, 1 + _GROUPS) if self.manifest else [])


def read_receipt(text: str) -> Receipt:
    """Read a receipt out of *text*: its code, its rows, or nothing but its groups; raises `UsageError`.

    Spaces, line breaks and letter case do not matter; a group that was mistyped is named.
    """
    found = _CODE.search(re.sub(r"\s+", "", text).upper())
    if found:
        head, manifest = (Digest(bytes.fromhex(found[place])) for place in (3, 5))
        try:
            issued = datetime.strptime(found[1], _TIME).replace(tzinfo=UTC)
        except ValueError as error:
            raise UsageError(f"the receipt names no time: {found[1]}", hint=_HINT) from error
        return Receipt(issued=issued, seq=int(found[2]), head=head, item=found[4], manifest=manifest)
    rows = dict(_found_rows(text))
    if not rows:
        rows = _cut(_plain(text))
    heads, items = ([rows.get(f"{kind}{n}", "") for n in range(1, 5)] for kind in (_HEAD, _ITEM))
    missing = [f"{_HEAD}{n}" for n, row in enumerate(heads, start=1) if not row]
    if any(items):
        missing += [f"{_ITEM}{n}" for n, row in enumerate(items, start=1) if not row]
    if missing:
        raise UsageError(f"the receipt lacks rows: {', '.join(missing)}", hint=_HINT)
    wrong = [*_wrong(_HEAD, heads, 1), *(_wrong(_ITEM, items, 1 + _GROUPS) if any(items) else ())]
    if wrong:
        raise UsageError(f"the receipt was mistyped: {'; '.join(wrong)}", hint=_HINT)
    return Receipt(head=_digest(heads), manifest=_digest(items) if any(items) else None)


def _rows(name: str, digest: Digest, first: int) -> list[tuple[str, list[str]]]:
    cut = [digest.hex[start : start + _DIGITS] for start in range(0, len(digest.hex), _DIGITS)]
    groups = [digits + _letter(first + place, digits) for place, digits in enumerate(cut)]
    starts = range(0, _GROUPS, _GROUPS_OF_ROW)
    return [(f"{name}{n}", groups[start : start + _GROUPS_OF_ROW]) for n, start in enumerate(starts, start=1)]


def _letter(place: int, digits: str) -> str:
    weighted = sum(weight * int(digit, 16) for weight, digit in enumerate(digits, start=2))
    return _LETTERS[(place + weighted) % len(_LETTERS)]


def _plain(text: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", text.upper().translate(_LOOKS_LIKE))


def _found_rows(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and content of every line that begins with the name of a row."""
    seen: dict[str, str] = {}
    for line in text.upper().splitlines():
        match = _ROW.match(line.translate(_LOOKS_LIKE))
        if match:
            name, content = f"{match[1]}{match[2]}", _plain(match[3])
            if seen.setdefault(name, content) != content:
                raise UsageError(f"the receipt has two different rows {name}", hint=_HINT)
            yield name, content


def _cut(groups: str) -> dict[str, str]:
    """Return the rows of a text that is groups only: those of the head, or of head and item."""
    length = _LENGTH * _GROUPS_OF_ROW
    names = [f"{kind}{n}" for kind in (_HEAD, _ITEM) for n in range(1, 5)]
    if len(groups) not in {length * 4, length * 8}:
        message = f"not a receipt: {shorten(groups)!r} has {len(groups)} characters, not {length * 4} or {length * 8}"
        raise UsageError(message, hint=_HINT)
    pieces = [groups[start : start + length] for start in range(0, len(groups), length)]
    return dict(zip(names, pieces, strict=False))


def _wrong(kind: str, rows: list[str], first: int) -> Iterator[str]:
    for number, row in enumerate(rows, start=1):
        if len(row) != _LENGTH * _GROUPS_OF_ROW:
            yield f"row {kind}{number} has {len(row)} characters, not {_LENGTH * _GROUPS_OF_ROW}"
            continue
        for place in range(_GROUPS_OF_ROW):
            group = row[place * _LENGTH : (place + 1) * _LENGTH]
            digits, letter = group[:_DIGITS], group[_DIGITS]
            at = first + (number - 1) * _GROUPS_OF_ROW + place
            if not re.fullmatch(r"[0-9A-F]{4}", digits) or _letter(at, digits) != letter:
                yield f"group {place + 1} of row {kind}{number} ({group})"


def _digest(rows: list[str]) -> Digest:
    text = "".join(rows)
    return Digest(bytes.fromhex("".join(text[at : at + _DIGITS] for at in range(0, len(text), _LENGTH))))
