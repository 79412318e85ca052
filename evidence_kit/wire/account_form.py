"""The form of ``connections.jsonl`` (``docs/evidence-format.md``), read as a stranger's file: exact keys and kinds."""

from typing import cast

from evidence_kit.canonical import Json, loads
from evidence_kit.models import Digest, Outcome, parse_utc
from evidence_kit.wire.forms import Reader, flag, hexadecimal, items, one_of, or_null, record, text, whole
from evidence_kit.wire.streams import Ending, Side
from evidence_kit.wire.tls.connection import Content

SCHEMA = "evidence-kit/connections/1"

PROTOCOLS = ("tls", "http", "none", "other")

_RANDOM = hexadecimal(32)


def read_opening(line: bytes) -> dict[str, Json]:
    """Return the object of the first line of an account, without its line feed; raises `FormatError`."""
    value = loads(line)
    record(_OPENING)(value)
    return cast("dict[str, Json]", value)


def read_line(line: bytes) -> dict[str, Json]:
    """Return the object of a connection's line, without its line feed; raises `FormatError`."""
    value = loads(line)
    record(_CONNECTION)(value)
    return cast("dict[str, Json]", value)


_OPENING: dict[str, Reader] = {
    "schema": one_of(SCHEMA),
    "journal": Digest.parse,
    "key_log": or_null(Digest.parse),
    "problems": items(text),
    "connections": whole,
}

_LOOKUP: dict[str, Reader] = {
    "question": text,
    "answers": items(text),
    "asked": parse_utc,
    "answered": parse_utc,
    "error": text,
}

_ATTEMPT: dict[str, Reader] = {
    "address": text,
    "port": whole,
    "started": parse_utc,
    "ended": parse_utc,
    "error": text,
}

_DIRECTION: dict[str, Reader] = {
    "bytes": whole,
    "sha256": or_null(Digest.parse),
    "ending": one_of(*Ending),
    "ended": or_null(parse_utc),
    "ended_by": or_null(one_of(*Side)),
}

_TLS: dict[str, Reader] = {
    "client_random": or_null(_RANDOM),
    "version": or_null(text),
    "suite": or_null(text),
    "alpn": or_null(text),
    "server_name": or_null(text),
    "resumed": or_null(flag),
    "resumes": or_null(_RANDOM),
    "key_group": or_null(text),
    "signature_scheme": or_null(text),
    "certificates": items(record({"sha256": Digest.parse, "der": text}, optional=frozenset({"der"}))),
    "certificate_problems": items(text),
    "leads_to": text,
    "early_data": or_null(flag),
    "content": one_of(*Content),
    "alerts": items(record({"side": one_of(*Side), "number": whole, "protected": flag})),
    "findings": items(record({"id": text, "outcome": one_of(*Outcome), "detail": text})),
}

_HANDSHAKE: dict[str, Reader] = {
    "client": text,
    "client_sha256": Digest.parse,
    "server": text,
    "server_sha256": Digest.parse,
    "secrets": text,
}

_CONNECTION: dict[str, Reader] = {
    "id": whole,
    "name": text,
    "port": whole,
    "detour": text,
    "opened": parse_utc,
    "connected": or_null(parse_utc),
    "ended": or_null(parse_utc),
    "lookups": items(record(_LOOKUP)),
    "attempts": items(record(_ATTEMPT)),
    "address": text,
    "address_port": whole,
    "local_address": text,
    "local_port": whole,
    "client_port": whole,
    "error": text,
    "protocol": one_of(*PROTOCOLS),
    "problem": text,
    "client": record(_DIRECTION),
    "server": record(_DIRECTION),
    "marks": or_null(Digest.parse),
    "tls": or_null(record(_TLS)),
    "handshake": or_null(record(_HANDSHAKE)),
}
