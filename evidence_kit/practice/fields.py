"""Read YAML whose every value is text, and say exactly where something is wrong.

All scalars stay strings: YAML's own guessing would turn the word ``no`` into a boolean and ``0000-1234`` or a time into
something else (YAML 1.2.2 §10.3). Unknown and repeated keys are errors, so that a misspelt one is not silently ignored.
"""

from collections.abc import Hashable, Iterator
from datetime import datetime
from typing import NoReturn

import yaml

from evidence_kit.display import shorten
from evidence_kit.errors import FormatError

_MAX_DIGITS = 12


class _TextLoader(yaml.SafeLoader):
    """A safe loader that guesses no types and refuses repeated keys."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, object]]] = {}  # noqa: RUF012

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:  # noqa: FBT001, FBT002
        mapping: dict[Hashable, object] = super().construct_mapping(node, deep=deep)
        if len(mapping) != len(node.value):
            message = "a key stands there twice"
            raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)
        return mapping


class Field:
    """One value of a YAML document and its place, such as ``posts/1001.yaml: comments[3].author``."""

    def __init__(self, value: object, place: str) -> None:
        """Keep the value and where it stands."""
        self._value = value
        self.place = place

    @classmethod
    def read(cls, data: bytes, place: str) -> "Field":
        """Read the one document in *data*; raises `FormatError`."""
        try:
            loader = _TextLoader(data)
            try:
                return cls(loader.get_single_data(), f"{place}:")
            finally:
                loader.dispose()
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
            message = f"{place}: not readable as YAML: {shorten(str(error), 200)}"
            raise FormatError(message) from error

    def refuse(self, reason: str) -> NoReturn:
        """Raise `FormatError` naming this place."""
        message = f"{self.place} {reason}"
        raise FormatError(message)

    def keys(self, needed: str, allowed: str = "") -> None:
        """Check that this is a mapping with all *needed* and otherwise only *allowed* keys (lists with spaces)."""
        if not isinstance(self._value, dict):
            self.refuse("must be a mapping")
        missing = [key for key in needed.split() if key not in self._value]
        unknown = [str(key) for key in self._value if key not in needed.split() + allowed.split()]
        if missing:
            self.refuse(f"lacks {', '.join(missing)}")
        if unknown:
            self.refuse(f"has unknown keys: {shorten(', '.join(unknown))}")

    def __contains__(self, key: str) -> bool:
        """Tell whether this mapping has *key*."""
        return isinstance(self._value, dict) and key in self._value

    def __getitem__(self, key: str) -> "Field":
        """Return the field under *key*, which must be there."""
        if not isinstance(self._value, dict) or key not in self._value:
            self.refuse(f"lacks {key}")
        return Field(self._value[key], f"{self.place} {key}" if self.place.endswith(":") else f"{self.place}.{key}")

    def __iter__(self) -> Iterator["Field"]:
        """Go through a list."""
        if not isinstance(self._value, list):
            self.refuse("must be a list")
        for index, value in enumerate(self._value):
            yield Field(value, f"{self.place}[{index}]")

    def each(self, key: str) -> Iterator["Field"]:
        """Go through the list under *key*, which may be missing."""
        if key in self:
            yield from self[key]

    def items(self) -> Iterator[tuple[str, "Field"]]:
        """Go through a mapping."""
        if not isinstance(self._value, dict):
            self.refuse("must be a mapping")
        for key in self._value:
            yield str(key), self[key]

    def text(self) -> str:
        """Return the text, which must not be empty."""
        if not isinstance(self._value, str) or not self._value.strip():
            self.refuse("must be text")
        # YAML's "\\uD800" makes half a surrogate pair, which no UTF-8 page can hold.
        if any("\ud800" <= character <= "\udfff" for character in self._value):
            self.refuse("holds half a surrogate pair")
        return self._value

    def count(self) -> int:
        """Return the whole number, at least 0."""
        text = self.text()
        if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
            self.refuse(f"must be a whole number, not {shorten(text)}")
        return int(text)

    def flag(self) -> bool:
        """Return whether this is ``yes``; anything but ``yes`` and ``no`` is refused."""
        text = self.text()
        if text not in {"yes", "no"}:
            self.refuse(f"must be yes or no, not {shorten(text)}")
        return text == "yes"

    def moment(self) -> datetime:
        """Return the time, which must carry its offset from UTC."""
        text = self.text()
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.refuse(f"must be a time like 2026-10-05T18:14:00+08:00, not {shorten(text)}")
        return moment
