"""Small readers of JSON from strangers: each refuses a value of another form, and says where it stands."""

import re
from collections.abc import Callable, Mapping

from evidence_kit.canonical import Json
from evidence_kit.errors import FormatError

Reader = Callable[[Json], object]
"""Reads a value; raises `FormatError` for one of another form."""


def text(value: Json) -> None:
    """Read a text."""
    if not isinstance(value, str):
        raise FormatError("is no text")


def whole(value: Json) -> None:
    """Read a whole number that is not negative."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise FormatError("is no whole number")


def flag(value: Json) -> None:
    """Read true or false."""
    if not isinstance(value, bool):
        raise FormatError("is neither true nor false")


def hexadecimal(size: int) -> Reader:
    """Read *size* bytes in lower-case hexadecimal."""
    form = re.compile(rf"[0-9a-f]{{{2 * size}}}")

    def read(value: Json) -> None:
        if not isinstance(value, str) or not form.fullmatch(value):
            raise FormatError(f"is not {size} bytes in hexadecimal")

    return read


def or_null(reader: Reader) -> Reader:
    """Read null or what *reader* reads."""
    return lambda value: None if value is None else reader(value)


def one_of(*choices: str) -> Reader:
    """Read one of the texts."""

    def read(value: Json) -> None:
        if value not in choices:
            raise FormatError(f"is none of {', '.join(choices)}")

    return read


def items(reader: Reader) -> Reader:
    """Read a list of what *reader* reads."""

    def read(value: Json) -> None:
        if not isinstance(value, list):
            raise FormatError("is no list")
        for place, member in enumerate(value):
            _within(f"[{place}]", reader, member)

    return read


def record(form: Mapping[str, Reader], *, optional: frozenset[str] = frozenset()) -> Reader:
    """Read an object with exactly these keys; those that are *optional* may be missing."""

    def read(value: Json) -> None:
        if not isinstance(value, dict):
            raise FormatError("is no object")
        for key in sorted((value.keys() ^ form.keys()) - optional):
            raise FormatError(f"{'has the unknown' if key in value else 'lacks the'} key {key!r}")
        for key, member in value.items():
            _within(key, form[key], member)

    return read


def _within(name: str, reader: Reader, value: Json) -> None:
    try:
        reader(value)
    except FormatError as error:
        raise FormatError(f"{name} {error}") from error
