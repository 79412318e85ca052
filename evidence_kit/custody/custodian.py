"""The officer who acts, with the key that signs and the clock that is believed: makes signed lines."""

import secrets
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from evidence_kit.canonical import Json
from evidence_kit.custody.events import Draft, write_line
from evidence_kit.custody.log import Entry, encode_signature
from evidence_kit.custody.requirements import wanting
from evidence_kit.errors import FormatError
from evidence_kit.models import Clock, Digest, Officer
from evidence_kit.trust.cms import sign_detached
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.keys import Signer

_UNVERIFIED_CLOCK: dict[str, Json] = {"source": "system", "offset_ms": None, "state": "unverified"}
"""What is known of the clock: nothing compared it with another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Why, by what authority and where a command acts; empty where nothing was said."""

    purpose: str = ""
    authority: str = ""
    """Legal basis; the case's own stands where nothing else is said."""
    place: str = ""

    def under(self, draft: Draft, legal_basis: str) -> Draft:
        """Return *draft* with what it leaves open filled in."""
        return replace(
            draft,
            purpose=draft.purpose or self.purpose,
            authority=draft.authority or self.authority or legal_basis,
            place=draft.place or self.place,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Custodian:
    """Who signs custody events and item manifests."""

    officer: Officer
    signer: Signer
    clock: Clock
    zone: tzinfo
    """The local time zone of the machine, for the `local` field."""
    grounds: Grounds = field(default_factory=Grounds)

    def actor(self) -> dict[str, Json]:
        """Return the officer as events name them."""
        certificate = f"sha256:{self.signer.certificate.fingerprint}"
        return {**self.officer.to_json(), "certificate": certificate, "practice": self.signer.practice}

    def sign_event(self, draft: Draft, *, seq: int, previous: Digest, case: str) -> Entry:
        """Return *draft* as the signed event number *seq* after the link *previous*.

        Raises `FormatError` for a draft that lacks what its type must carry.
        """
        missing = wanting(draft)
        if missing:
            message = f"an event of the type {draft.type} lacks: {', '.join(missing)}"
            raise FormatError(message)
        now = self.clock()
        line = write_line(
            draft,
            seq=seq,
            previous=previous,
            case=case,
            salt=secrets.token_bytes(32),
            at=now,
            local=now.astimezone(self.zone),
            actor=self.actor(),
            clock=_UNVERIFIED_CLOCK,
        )
        signature = sign_detached(sha256_bytes(line), self.signer, at=now, with_chain=False)
        return Entry(line=line, signature_line=encode_signature(signature))

    def sign_file(self, data: bytes) -> bytes:
        """Return a detached CAdES signature over *data*, the certificate chain inside (DER)."""
        return sign_detached(sha256_bytes(data), self.signer, at=self.clock(), with_chain=True)
