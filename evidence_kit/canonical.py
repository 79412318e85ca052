"""The exact bytes that are hashed and signed: canonical JSON (RFC 8785) of a small part of JSON.

Allowed are objects with ASCII keys, arrays, strings without lone surrogates, integers within +-(2**53 - 1), true,
false and null. Numbers with a fraction are refused, so the hard part of RFC 8785 (3.2.2.3) never arises, and with
ASCII keys sorting by code point is sorting by UTF-16 code unit (3.2.3).
"""

import json
from typing import NoReturn, TypeAlias

from evidence_kit.errors import FormatError

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool | None"

_LARGEST = 2**53 - 1
_DEEPEST = 50
_KEY = "JSON holds a key that is not ASCII text"


def dumps(value: Json) -> bytes:
    """Return the canonical UTF-8 bytes of *value*, without a line end.

    Raises `FormatError` for anything outside the allowed part of JSON.
    """
    _check(value, depth=0)
    return _encode(value)


def _encode(value: Json) -> bytes:
    try:
        return _ENCODER.encode(value).encode("utf-8")
    except UnicodeEncodeError as error:
        message = "a string holds half a surrogate pair"
        raise FormatError(message) from error


def loads(data: bytes) -> Json:
    """Return the value whose canonical form is exactly *data*.

    Raises `FormatError` when *data* is not JSON, or is JSON written in any other way (spaces, order, escapes, doubles).
    """
    value = parse(data)
    if _encode(value) != data:
        message = "JSON is not in canonical form (RFC 8785)"
        raise FormatError(message)
    return value


def parse(data: bytes) -> Json:
    """Return the value of any UTF-8 JSON text of the allowed part, refusing a key that stands twice.

    Raises `FormatError`.
    """
    try:
        value: Json = _DECODER.decode(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        message = f"JSON is not UTF-8 at byte {error.start}"
        raise FormatError(message) from error
    except (ValueError, RecursionError) as error:
        message = f"not JSON: {error}"
        raise FormatError(message) from error
    if b"\\u" in data or data.count(b"{") + data.count(b"[") > _DEEPEST:
        # Everything else was checked on the way; looking again at each of a log's lines would take as long as reading.
        # Half a surrogate pair can only stand there as an escape.
        _check(value, depth=0)
    return value


def pretty(value: Json) -> bytes:
    """Return *value* as indented UTF-8 JSON with a final line end, for files that people open.

    Raises `FormatError`.
    """
    _check(value, depth=0)
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "strict")


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "JSON names a key twice in one object"
        raise FormatError(message)
    if not "".join(found).isascii():
        raise FormatError(_KEY)
    return found


def _whole_number(text: str) -> int:
    value = int(text)
    _check(value, depth=0)
    return value


def _refuse_number(text: str) -> NoReturn:
    message = f"JSON holds a number that is not a whole number: {text[:40]}"
    raise FormatError(message)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_whole_number, parse_float=_refuse_number, parse_constant=_refuse_number
)
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _check(value: object, *, depth: int) -> None:
    if depth > _DEEPEST:
        message = f"JSON is nested deeper than {_DEEPEST}"
        raise FormatError(message)
    match value:
        case bool() | None:
            return
        case str():
            _check_text(value)
        case int():
            _check_number(value)
        case list():
            for member in value:
                _check(member, depth=depth + 1)
        case dict():
            for key, member in value.items():
                if not isinstance(key, str) or not key.isascii():
                    raise FormatError(_KEY)
                _check(member, depth=depth + 1)
        case _:
            message = f"JSON cannot hold a {type(value).__name__}"
            raise FormatError(message)


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        message = "JSON holds half a surrogate pair"
        raise FormatError(message) from error


def _check_number(number: int) -> None:
    if abs(number) > _LARGEST:
        message = f"JSON holds a whole number beyond 2**53 - 1: {str(number)[:40]}"
        raise FormatError(message)
