"""The form of ``connections.jsonl`` (``docs/evidence-format.md``), read as a stranger's file: exact keys and kinds."""

import re
from collections.abc import Callable, Mapping
from typing import cast

from evidence_kit.canonical import Json, loads
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest, Outcome, parse_utc
from evidence_kit.wire.streams import Ending, Side
from evidence_kit.wire.tls.connection import Content

SCHEMA = "evidence-kit/connections/1"

PROTOCOLS = ("tls", "http", "none", "other")

_Reader = Callable[[Json], object]
"""Reads a value; raises `FormatError` for one of another form."""

_RANDOM = re.compile(r"[0-9a-f]{64}")


def read_opening(line: bytes) -> dict[str, Json]:
    """Return the object of the first line of an account, without its line feed; raises `FormatError`."""
    value = loads(line)
    _object(_OPENING)(value)
    return cast("dict[str, Json]", value)


def read_line(line: bytes) -> dict[str, Json]:
    """Return the object of a connection's line, without its line feed; raises `FormatError`."""
    value = loads(line)
    _object(_CONNECTION)(value)
    return cast("dict[str, Json]", value)


def _text(value: Json) -> None:
    if not isinstance(value, str):
        raise FormatError("is no text")


def _whole(value: Json) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise FormatError("is no whole number")


def _flag(value: Json) -> None:
    if not isinstance(value, bool):
        raise FormatError("is neither true nor false")


def _random(value: Json) -> None:
    if not isinstance(value, str) or not _RANDOM.fullmatch(value):
        raise FormatError("is not 32 bytes in hexadecimal")


def _or_null(reader: _Reader) -> _Reader:
    return lambda value: None if value is None else reader(value)


def _one_of(*choices: str) -> _Reader:
    def read(value: Json) -> None:
        if value not in choices:
            raise FormatError(f"is none of {', '.join(choices)}")

    return read


def _list(reader: _Reader) -> _Reader:
    def read(value: Json) -> None:
        if not isinstance(value, list):
            raise FormatError("is no list")
        for place, member in enumerate(value):
            _within(f"[{place}]", reader, member)

    return read


def _object(form: Mapping[str, _Reader], *, optional: frozenset[str] = frozenset()) -> _Reader:
    def read(value: Json) -> None:
        if not isinstance(value, dict):
            raise FormatError("is no object")
        for key in sorted((value.keys() ^ form.keys()) - optional):
            raise FormatError(f"{'has the unknown' if key in value else 'lacks the'} key {key!r}")
        for key, member in value.items():
            _within(key, form[key], member)

    return read


def _within(name: str, reader: _Reader, value: Json) -> None:
    try:
        reader(value)
    except FormatError as error:
        raise FormatError(f"{name} {error}") from error


_OPENING: dict[str, _Reader] = {
    "schema": _one_of(SCHEMA),
    "journal": Digest.parse,
    "key_log": _or_null(Digest.parse),
    "problems": _list(_text),
    "connections": _whole,
}

_LOOKUP: dict[str, _Reader] = {
    "question": _text,
    "answers": _list(_text),
    "asked": parse_utc,
    "answered": parse_utc,
    "error": _text,
}

_ATTEMPT: dict[str, _Reader] = {
    "address": _text,
    "port": _whole,
    "started": parse_utc,
    "ended": parse_utc,
    "error": _text,
}

_DIRECTION: dict[str, _Reader] = {
    "bytes": _whole,
    "sha256": _or_null(Digest.parse),
    "ending": _one_of(*Ending),
    "ended": _or_null(parse_utc),
    "ended_by": _or_null(_one_of(*Side)),
}

_TLS: dict[str, _Reader] = {
    "client_random": _or_null(_random),
    "version": _or_null(_text),
    "suite": _or_null(_text),
    "alpn": _or_null(_text),
    "server_name": _or_null(_text),
    "resumed": _or_null(_flag),
    "resumes": _or_null(_random),
    "key_group": _or_null(_text),
    "signature_scheme": _or_null(_text),
    "certificates": _list(_object({"sha256": Digest.parse, "der": _text}, optional=frozenset({"der"}))),
    "certificate_problems": _list(_text),
    "leads_to": _text,
    "early_data": _or_null(_flag),
    "content": _one_of(*Content),
    "alerts": _list(_object({"side": _one_of(*Side), "number": _whole, "protected": _flag})),
    "findings": _list(_object({"id": _text, "outcome": _one_of(*Outcome), "detail": _text})),
}

_HANDSHAKE: dict[str, _Reader] = {
    "client": _text,
    "client_sha256": Digest.parse,
    "server": _text,
    "server_sha256": Digest.parse,
    "secrets": _text,
}

_CONNECTION: dict[str, _Reader] = {
    "id": _whole,
    "name": _text,
    "port": _whole,
    "detour": _text,
    "opened": parse_utc,
    "connected": _or_null(parse_utc),
    "ended": _or_null(parse_utc),
    "lookups": _list(_object(_LOOKUP)),
    "attempts": _list(_object(_ATTEMPT)),
    "address": _text,
    "address_port": _whole,
    "local_address": _text,
    "local_port": _whole,
    "client_port": _whole,
    "error": _text,
    "protocol": _one_of(*PROTOCOLS),
    "problem": _text,
    "client": _object(_DIRECTION),
    "server": _object(_DIRECTION),
    "marks": _or_null(Digest.parse),
    "tls": _or_null(_object(_TLS)),
    "handshake": _or_null(_object(_HANDSHAKE)),
}
