"""The bracket of an item in time: a stamp taken before its capture began, and the first stamp over its commit.

Before a capture 32 random bytes are stamped. The stamp (``start.tsr``) becomes a record of the archive, and the bytes
and the stamp's digest stand in its ``warcinfo``; nobody could have made an archive that holds them before the authority
answered, and the stamp over the log's head after the commit shows when it was there. So the archive was assembled
between the two; what it holds may be older.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evidence_kit.canonical import Json
from evidence_kit.case.stamping import Stamping
from evidence_kit.errors import EvidenceError, FormatError, TimestampError
from evidence_kit.models import Digest
from evidence_kit.plain import read_plain
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.timestamps import read_reply, stamp_all

START_TOKEN = "start.tsr"  # noqa: S105  # the name of a file
NONCE_FIELD, TOKEN_FIELD = "not-before-nonce", "not-before-token"
_SECONDS = 10.0
"""How long a capture waits for the stamp that opens its bracket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What opens a bracket, as the start event and ``item.json`` name it."""

    nonce: Digest
    """32 random bytes: the imprint of the stamp."""
    token: Digest
    """Of the reply as kept."""

    def to_json(self) -> dict[str, Json]:
        """Return nonce and digest."""
        return {"nonce": self.nonce.hex, "token": str(self.token)}

    def warcinfo(self) -> dict[str, str]:
        """Return the fields of the archive's first record."""
        return {NONCE_FIELD: self.nonce.hex, TOKEN_FIELD: str(self.token)}

    @classmethod
    def from_json(cls, value: Json) -> "Opening | None":
        """Read what `to_json` wrote; None for null. Raises `FormatError`."""
        match value:
            case None:
                return None
            case {"nonce": str(nonce), "token": str(token), **rest} if not rest:
                return cls(nonce=Digest.parse(f"sha256:{nonce}"), token=Digest.parse(token))
        message = "it does not say what opens the bracket"
        raise FormatError(message)


def open_bracket(stamping: Stamping) -> tuple[Opening, bytes] | None:
    """Have 32 random bytes stamped; None when no authority is set up. Raises `TimestampError` when none answers.

    All are asked at once; of those that answer the first as set up counts.
    """
    if not stamping.tsa:
        return None
    nonce = Digest(secrets.token_bytes(32))
    replies = stamp_all(stamping.tsa, nonce, timeout=_SECONDS)
    for reply in replies:
        if isinstance(reply, bytes):
            return Opening(nonce=nonce, token=sha256_bytes(reply)), reply
    raise TimestampError("; ".join(str(reply) for reply in replies))


def opened_at(folder: Path, record: dict[str, Json], certificates: Sequence[Certificate]) -> datetime | None:
    """Return the time of the stamp that opened the bracket of the item in *folder*; None when there is none.

    *record* is its ``item.json``. What is wrong with it is for the verifier to say.
    """
    try:
        opening = Opening.from_json(record.get("not_before"))
        if opening is None:
            return None
        return read_reply(read_plain(folder / START_TOKEN), opening.nonce, certificates).time
    except (EvidenceError, OSError):
        return None
