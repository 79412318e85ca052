"""What one line of an account says twice has to agree (``docs/evidence-format.md``): found without any key.

Whoever takes a proof out of a line has to take out what speaks of it too; what he cannot then say is that the
connection was opened and verified.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from evidence_kit.models import Outcome
from evidence_kit.wire.tls.connection import Content
from evidence_kit.wire.tls.findings import Subject
from evidence_kit.wire.tls.kept import LARGEST
from evidence_kit.wire.tls.suites import Version

_LONGEST_RECORD = 5 + 2**14 + 256
"""Bytes with the header (RFC 8446 section 5.2)."""


def contradictions(value: Mapping[str, Any]) -> Iterator[str]:
    """Yield in English what in a connection's line (`evidence_kit.wire.account_form.read_line`) cannot be true."""
    protocol, tls, sides = value["protocol"], value["tls"], (value["client"], value["server"])
    if (protocol == "none") is any(side["bytes"] for side in sides):
        yield f"the protocol is {protocol!r}, and {sides[0]['bytes']} and {sides[1]['bytes']} bytes passed"
    if any(side["bytes"] and side["sha256"] is None for side in sides):
        yield "bytes passed, and their digest is missing"
    if protocol == "tls" and tls is None and not value["problem"]:
        yield "it is TLS, and neither what was found of it nor a problem is there"
    if protocol != "tls" and tls is not None:
        yield f"the protocol is {protocol!r}, and there is TLS"
    if tls is None and value["handshake"] is not None:
        yield "a handshake is kept, and there is no TLS"
    if tls is not None:
        yield from _within_tls(value, tls)


def _within_tls(value: Mapping[str, Any], tls: Mapping[str, Any]) -> Iterator[str]:
    if [finding["id"] for finding in tls["findings"]] != [*Subject]:
        yield f"the findings are not one each of {', '.join(Subject)}, in this order"
        return
    said = {finding["id"]: finding["outcome"] for finding in tls["findings"]}
    opened = tls["content"] == Content.OPENED
    if opened and None in (tls["client_random"], tls["version"], tls["suite"]):
        yield "its content was opened, and client random, version or suite are missing"
    if tls["suite"] and ("_WITH_" in tls["suite"]) is not (tls["version"] == Version.TLS_1_2):
        # Only the names of TLS 1.2 have the key exchange before a WITH (RFC 8446 appendix B.4).
        yield f"{tls['suite']} is no suite of {tls['version']}"
    if said[Subject.KEYS] == Outcome.PASSED and not opened:
        yield f"the key log had what opens it, and its content is {tls['content']!r}"
    if said[Subject.KEYS] == Outcome.FAILED and tls["content"] == Content.NONE:
        yield "content was there that the key log does not open, and its content is 'none'"
    if tls["content"] == Content.LOCKED and not value["problem"]:
        yield "its content was not opened, and no problem is told"
    if value["handshake"] is None:
        # Early data is opened before the server's flight has come to its end.
        shaken = said[Subject.HANDSHAKE] == Outcome.PASSED or (opened and tls["early_data"] is None)
        if _is_to_be_kept(value, tls, shaken=shaken):
            yield "no handshake is kept, and of such a connection it has to be"
    else:
        yield from _beyond(value, tls, whole=said[Subject.HANDSHAKE] == Outcome.PASSED)


def _is_to_be_kept(value: Mapping[str, Any], tls: Mapping[str, Any], *, shaken: bool) -> bool:
    """Return whether a handshake must be there; of one side that is larger than what is kept nobody can tell."""
    if not shaken or max(value[side]["bytes"] for side in ("client", "server")) > LARGEST:
        return False
    if tls["version"] == Version.TLS_1_2:
        return tls["signature_scheme"] is not None and not tls["resumed"]
    return tls["version"] is not None


def _beyond(value: Mapping[str, Any], tls: Mapping[str, Any], *, whole: bool) -> Iterator[str]:
    """Compare the bytes kept with those that passed."""
    more = {side: value[side]["bytes"] - _size(value["handshake"][side]) for side in ("client", "server")}
    for side, count in more.items():
        if count < 0:
            yield f"more is kept of the {side} than it sent"
    if (
        tls["content"] != Content.NONE
        or tls["version"] != Version.TLS_1_3
        or not whole
        or tls["early_data"] is not None
    ):
        return
    # After its Finished a client sends nothing but content; less than a record may have been cut off.
    torn = next(each["outcome"] for each in tls["findings"] if each["id"] == Subject.RECORDS) != Outcome.PASSED
    if more["client"] > (_LONGEST_RECORD if torn else 0):
        yield f"the client sent {more['client']} bytes after its handshake, and its content is 'none'"


def _size(text: str) -> int:
    """Return how many bytes padded base64 holds."""
    return len(text) // 4 * 3 - text[-2:].count("=")
