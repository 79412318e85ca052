r"""What a witness signs, and whether an account of connections agrees with it (``docs/evidence-format.md``, "Witness").

``witness.jsonl`` holds the witness's own lines about one session, in canonical JSON, and ``witness.sig`` in each line
the base64 of the detached CAdES signature over that line, its line feed included. In the witness's log they are linked:
link_n = SHA-256("evidence-kit/witness/1\\n" || link_{n-1} || SHA-256(line_n) || SHA-256(sig_n)), link_0 is 32 zero
bytes; each line holds the link before it. Other sessions' lines may stand between those of one.
"""

import binascii
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

from evidence_kit.canonical import loads
from evidence_kit.errors import EvidenceError, FormatError
from evidence_kit.models import Digest, Outcome, parse_utc
from evidence_kit.trust.certificates import Certificate, load_certificates
from evidence_kit.trust.cms import verify_detached
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.wire.forms import Reader, flag, hexadecimal, one_of, record, text, whole

SCHEMA = "evidence-kit/witness/1"
FIRST_LINK = Digest(bytes(32))
OPENED, CONNECTION, CLOSED = "session.opened", "connection", "session.closed"
LINES, SIGNATURES, CERTIFICATES, TOKEN = "witness.jsonl", "witness.sig", "witness.pem", "witness.tsr"
"""The files of an item."""

_DOMAIN = b"evidence-kit/witness/1\n"

_COMMON: dict[str, Reader] = {
    "schema": one_of(SCHEMA),
    "seq": whole,
    "previous": Digest.parse,
    "time": parse_utc,
    "type": one_of(OPENED, CONNECTION, CLOSED),
    "session": hexadecimal(16),
    "certificate": hexadecimal(32),
}
_WITNESS = record({"name": text, "id": text, "role": text, "agency": text})
_DIRECTION = record({"bytes": whole, "sha256": Digest.parse})
_OWN: dict[str, dict[str, Reader]] = {
    OPENED: {"witness": _WITNESS},
    CLOSED: {"connections": whole},
    CONNECTION: {
        "connection": whole,
        "name": text,
        "port": whole,
        "address": text,
        "address_port": whole,
        "opened": parse_utc,
        "error": text,
        "lost": flag,
        "client": _DIRECTION,
        "server": _DIRECTION,
        "untaken": whole,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One line of a witness, and its signature (DER)."""

    line: bytes
    """With its line feed."""
    signature: bytes
    value: Mapping[str, Any]

    @property
    def link(self) -> Digest:
        """The head of the witness's log after this line, if the log before it was as the line says."""
        return next_link(Digest.parse(self.value["previous"]), self.line, self.signature)


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """One thing found; *detail* is English."""

    connection: int | None
    """None where it is about the statements themselves."""
    outcome: Outcome
    detail: str = ""


def next_link(previous: Digest, line: bytes, signature: bytes) -> Digest:
    """Return the link after *line*, its line feed included, and its DER *signature*."""
    parts = (previous.value, hashlib.sha256(line).digest(), hashlib.sha256(signature).digest())
    return Digest(hashlib.sha256(_DOMAIN + b"".join(parts)).digest())


def signature_line(signature: bytes) -> bytes:
    """Return the line of ``witness.sig`` for a DER *signature*."""
    return b64encode(signature) + b"\n"


def read_statements(lines: bytes, signatures: bytes) -> list[Statement]:
    """Return the statements in the two files, checked for their form alone; raises `FormatError`."""
    if not lines.endswith(b"\n") or not signatures.endswith(b"\n") or lines.count(b"\n") != signatures.count(b"\n"):
        raise FormatError(f"{LINES} and {SIGNATURES} do not hold equally many whole lines, one at least")
    pairs = zip(lines.split(b"\n")[:-1], signatures.split(b"\n")[:-1], strict=True)
    return [_read(number, line, encoded) for number, (line, encoded) in enumerate(pairs, start=1)]


def _read(number: int, line: bytes, encoded: bytes) -> Statement:
    try:
        value = cast("Mapping[str, Any]", loads(line))
        own = _OWN.get(str(value.get("type")), {}) if isinstance(value, dict) else {}
        record({**_COMMON, **own})(cast("Any", value))
        signature = _signature(encoded)
    except FormatError as error:
        raise FormatError(f"line {number}: {error}") from error
    return Statement(line=line + b"\n", signature=signature, value=value)


def _signature(encoded: bytes) -> bytes:
    try:
        signature = b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise FormatError("its signature is not base64") from error
    if b64encode(signature) != encoded:
        raise FormatError("its signature is not base64 in its one form")
    return signature


def read_certificates(data: bytes) -> tuple[Certificate, ...]:
    """Return the witness's certificate and those above it; raises `FormatError`, also for PEM of another form."""
    certificates = load_certificates(data)
    if b"".join(certificate.pem() for certificate in certificates) != data:
        raise FormatError(f"{CERTIFICATES} is not PEM in its one form")
    return certificates


def check_statements(statements: Sequence[Statement], certificates: Sequence[Certificate]) -> Iterator[str]:
    """Yield what is wrong with the statements of a session by themselves; the first certificate is the signer's."""
    for number, statement in enumerate(statements, start=1):
        try:
            verify_detached(statement.signature, sha256_bytes(statement.line), certificates[:1])
        except EvidenceError as error:
            yield f"line {number}: {error}"
    for number, (before, after) in enumerate(pairwise(statements), start=2):
        step = after.value["seq"] - before.value["seq"]
        if step < 1 or (step == 1 and Digest.parse(after.value["previous"]) != before.link):
            yield f"line {number} does not follow line {number - 1} in the witness's log"
        if any(after.value[key] != before.value[key] for key in ("session", "certificate")):
            yield f"line {number} is about another session"
    kinds = [statement.value["type"] for statement in statements]
    inner = kinds[1:-1] if kinds[-1] == CLOSED else kinds[1:]
    if kinds[0] != OPENED or any(kind != CONNECTION for kind in inner):
        yield "the lines are not one opening, connections, and one closing"
    elif kinds[-1] == CLOSED and statements[-1].value["connections"] != len(inner):
        yield f"the witness closed with {statements[-1].value['connections']} connections, and {len(inner)} are there"


def compare(statements: Sequence[Statement], account: Iterable[Mapping[str, Any]]) -> Iterator[Witnessed]:
    """Compare with the lines of *account* that are about connections (`evidence_kit.wire.account_form`).

    What passed as the witness says is passed; a connection of which the witness says nothing, or not enough, is not
    checked.
    """
    said: dict[int, Mapping[str, Any]] = {}
    for statement in statements:
        if statement.value["type"] == CONNECTION:
            number = statement.value["connection"]
            if said.setdefault(number, statement.value) is not statement.value:
                yield _found(number, Outcome.FAILED, "the witness speaks of it twice")
    for line in account:
        value = said.pop(line["id"], None)
        if value is not None:
            yield _agree(line, value)
        elif line["client"]["bytes"] or line["server"]["bytes"]:
            yield _found(line["id"], Outcome.NOT_CHECKED, "it did not go through the witness, or the witness is silent")
    for number in said:
        yield _found(number, Outcome.FAILED, "the witness made this connection, and the account does not have it")
    if not any(statement.value["type"] == CLOSED for statement in statements):
        yield _found(None, Outcome.NOT_CHECKED, "the session was not closed: connections at its end may be missing")


def _agree(line: Mapping[str, Any], value: Mapping[str, Any]) -> Witnessed:
    name, port = line["detour"].split(" ") if line["detour"].count(" ") == 1 else (line["name"], str(line["port"]))
    wrong = []
    if (name, port) != (value["name"], str(value["port"])):
        wrong.append(f"the witness was asked for {value['name']}:{value['port']}, the account has {name}:{port}")
    if line["connected"] and (line["address"], line["address_port"]) != (value["address"], value["address_port"]):
        wrong.append(f"the witness reached {value['address']}, the account has {line['address']}")
    if wrong:
        return _found(line["id"], Outcome.FAILED, "; ".join(wrong))
    for side in ("client", "server"):
        ours, theirs = line[side], value[side]
        if ours["bytes"] == theirs["bytes"] and (not ours["bytes"] or ours["sha256"] == theirs["sha256"]):
            continue
        detail = (
            f"what the {side} sent is {theirs['bytes']} bytes with the digest {theirs['sha256']} to the witness, "
            f"{ours['bytes']} with {ours['sha256']} here"
        )
        if value["lost"]:
            return _found(line["id"], Outcome.NOT_CHECKED, f"the channel to the witness broke off: {detail}")
        wrong.append(detail)
    if wrong:
        return _found(line["id"], Outcome.FAILED, "; ".join(wrong))
    return _found(line["id"], Outcome.PASSED, "")


def _found(connection: int | None, outcome: Outcome, detail: str) -> Witnessed:
    return Witnessed(connection=connection, outcome=outcome, detail=detail)
