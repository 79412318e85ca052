"""Which keys may sign in a log, by the log's own account (docs/evidence-format.md, "Keys of the log").

(1) The key of event 1 is registered.
(2) A registered key registers another one (``key.registered``).
(3) A key registers itself to accept an open hand-over whose giver named no certificate, one key for each.
(4) A key registers itself as the successor of a registered one, revoked or not, if both certificates bear the same
    subject: that is how an officer goes on who has lost the key. Whether an authority gave that name, and not a forger
    to himself, is a question of trust; the log alone cannot answer it.
(5) A registered key revokes another one (``key.revoked``), and acknowledges the log up to an event of its choice. To
    leave out the last events is to disown them: only a successor of the revoked key may do so, or a successor of the
    key that had registered it. A thief of the old key has no such certificate of the same name.

From its revocation on a key signs nothing. What it had signed before and was stamped before the loss stands by itself;
what was acknowledged is vouched for by the revoking key.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from evidence_kit.canonical import Json
from evidence_kit.custody.events import Draft, Event, EventType, WithheldEvent, read_line
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest, parse_utc
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.digests import sha256_bytes

_ABOUT_KEYS = re.compile(rb'"type":"(?:key\.|released"|received")')
"""As it stands in a line of the log; inside a text the quotation marks would be escaped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """One key that was revoked in the log."""

    seq: int
    by: Digest
    """The certificate of the key that revoked it."""
    lost: datetime
    """From when on nobody should believe the key by itself."""
    acknowledged: int
    """The last event that the revoking officer vouches for."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Act:
    """An event or a draft, as far as the register looks at it."""

    seq: int
    type: str
    by: Digest
    detail: Mapping[str, Json]


@dataclass(slots=True, kw_only=True)
class KeyRegister:
    """The keys of a log, followed event by event in the order of the log."""

    certificates: Mapping[str, Certificate]
    """By fingerprint: those that are at hand, to compare names."""
    since: dict[Digest, int] = field(default_factory=dict)
    """Every key that was ever registered, and the event from which on it counts."""
    revoked: dict[Digest, Revocation] = field(default_factory=dict)
    unproven: list[int] = field(default_factory=list)
    """Registrations that rest on a hand-over which is withheld."""
    _registrar: dict[Digest, Digest] = field(default_factory=dict)
    _predecessor: dict[Digest, Digest] = field(default_factory=dict)
    _offers: dict[int, bool] = field(default_factory=dict)
    """Hand-overs that name no certificate, by number: whether a key may still register through them."""
    _withheld: set[int] = field(default_factory=set)

    def follow(self, event: Event | WithheldEvent) -> str | None:
        """Take *event* into account; return why its key may not have signed it, or None."""
        if isinstance(event, WithheldEvent):
            if event.type == EventType.RELEASED:
                self._offers[event.seq] = True
                self._withheld.add(event.seq)
            return None
        act = _Act(seq=event.seq, type=event.type, by=event.certificate, detail=event.detail)
        problem = self._refusal(act)
        if problem is None:
            self._take(act)
        return problem

    def refusal(self, draft: Draft, signer: Certificate, *, seq: int) -> str | None:
        """Return why the key of *signer* may not sign *draft* as event *seq*, or None."""
        by = sha256_bytes(signer.der)
        return self._refusal(_Act(seq=seq, type=draft.type, by=by, detail=draft.detail))

    def may_sign(self, key: Digest) -> bool:
        """Whether *key* is registered and not revoked."""
        return key in self.since and key not in self.revoked

    def same_person(self, one: Digest, other: Digest) -> bool:
        """Whether the keys are one officer's: the same, or one follows the other."""
        return self._first_of(one) == self._first_of(other)

    def same_name(self, one: Digest, other: Digest) -> bool:
        """Whether both certificates name one person, whether or not one key follows the other (RFC 5280, 4.1.2.6)."""
        first, second = self.certificates.get(one.hex), self.certificates.get(other.hex)
        return first is not None and second is not None and first.x509.subject == second.x509.subject

    def _refusal(self, act: _Act) -> str | None:
        if not self.since:
            return None  # the first event that can be read; should it not be event 1, another check says so
        if act.by in self.revoked:
            return f"its key was revoked by event {self.revoked[act.by].seq}"
        try:
            if act.type == EventType.KEY_REGISTERED:
                return self._refuse_registration(act)
            if act.by not in self.since:
                return "its key is not registered in the log"
            return self._refuse_revocation(act) if act.type == EventType.KEY_REVOKED else None
        except FormatError as error:
            return str(error)

    def _refuse_registration(self, act: _Act) -> str | None:
        key = Digest.parse(act.detail.get("certificate"))
        replaced = _digest_or_none(act.detail.get("replaces"))
        if key in self.since:
            return f"the key it registers was registered by event {self.since[key]}"
        if replaced is not None and not (replaced in self.since and self.same_name(key, replaced)):
            return "it replaces a key that is not registered or bears another name"
        if act.by in self.since:
            return None
        if act.by != key:
            return "its key is not registered in the log"
        offer = act.detail.get("transfer")
        if replaced is None and not (isinstance(offer, int) and self._offers.get(offer)):
            return "its key registers itself, but follows no registered key and accepts no hand-over that is open to it"
        return None

    def _refuse_revocation(self, act: _Act) -> str | None:
        key = Digest.parse(act.detail.get("certificate"))
        if key not in self.since or key in self.revoked or key == act.by:
            return "it revokes a key that is not registered, or revoked already, or its own"
        last, _ = read_acknowledged(act.detail)
        parse_utc(act.detail.get("lost"))
        if not 1 <= last < act.seq:
            return f"it acknowledges event {last}, which does not stand before it"
        if last < act.seq - 1 and not self._may_disown(act.by, key):
            return "it disowns events, which only a successor of their key or of that key's registrar may do"
        return None

    def _may_disown(self, by: Digest, key: Digest) -> bool:
        registrar = self._registrar.get(key)
        return any(old is not None and by != old and old in self._line_of(by) for old in (key, registrar))

    def _take(self, act: _Act) -> None:
        if not self.since:
            self.since[act.by] = act.seq
        elif act.type == EventType.KEY_REGISTERED:
            key = Digest.parse(act.detail["certificate"])
            self.since[key] = act.seq
            self._registrar[key] = act.by
            replaced = _digest_or_none(act.detail.get("replaces"))
            if replaced is not None:
                self._predecessor[key] = replaced
            offer = act.detail.get("transfer")
            if isinstance(offer, int):
                self._offers[offer] = False
                self.unproven += [act.seq] if offer in self._withheld else []
        elif act.type == EventType.KEY_REVOKED:
            self.revoked[Digest.parse(act.detail["certificate"])] = Revocation(
                seq=act.seq,
                by=act.by,
                lost=parse_utc(act.detail["lost"]),
                acknowledged=read_acknowledged(act.detail)[0],
                reason=str(act.detail.get("reason")),
            )
        elif act.type == EventType.RELEASED:
            to = act.detail.get("to")
            self._offers[act.seq] = isinstance(to, dict) and to.get("certificate") is None
        elif act.type == EventType.RECEIVED:
            closed = act.detail.get("released")
            if isinstance(closed, dict) and isinstance(number := closed.get("seq"), int):
                self._offers[number] = False

    def _line_of(self, key: Digest) -> Sequence[Digest]:
        """Return *key* and those it follows, oldest last; a key follows one that was there before, so this ends."""
        line = [key]
        while line[-1] in self._predecessor:
            line.append(self._predecessor[line[-1]])
        return line

    def _first_of(self, key: Digest) -> Digest:
        return self._line_of(key)[-1]


def tells_of_keys(line: bytes) -> bool:
    """Whether a *line* of a log is one that the register needs beside the first."""
    return _ABOUT_KEYS.search(line) is not None


def register_of(log: bytes, certificates: Mapping[str, Certificate]) -> KeyRegister:
    """Return the keys of a *log* that was checked before, reading no more lines than they need; raises `FormatError`.

    The first event, and those whose type tells of keys or hand-overs, are enough: what the others say of keys follows.
    So *log* may as well be those lines alone.
    """
    register = KeyRegister(certificates=certificates)
    begin = 0
    while begin < len(log):
        end = log.find(b"\n", begin) + 1 or len(log)
        register.follow(read_line(log[begin:end]))
        found = _ABOUT_KEYS.search(log, end)
        begin = log.rfind(b"\n", 0, found.start()) + 1 if found else len(log)
    return register


def read_acknowledged(detail: Mapping[str, Json]) -> tuple[int, Digest]:
    """Return the event, and the link after it, that a revocation acknowledges; raises `FormatError`."""
    match detail.get("acknowledged"):
        case {"seq": int(seq), "link": str(link)}:
            return seq, Digest.parse(link)
    message = "it does not say up to which event the log is acknowledged"
    raise FormatError(message)


def _digest_or_none(value: Json) -> Digest | None:
    return None if value is None else Digest.parse(value)
