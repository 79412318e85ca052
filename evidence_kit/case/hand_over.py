"""Hand items over and take them over: each item is hashed again by the giver and again by the receiver.

What the events say and what makes them valid stands in custody/transfers.py. One event for each item and side.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evidence_kit.canonical import Json
from evidence_kit.case.folder import CaseFolder, Committed
from evidence_kit.case.items import attempts, manifests_of
from evidence_kit.case.key_book import register_key
from evidence_kit.case.manifest import NAME, read_manifest
from evidence_kit.custody.chain import LogFindings
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.transfers import HandOver, HandOverState, Party
from evidence_kit.errors import CaseError, FormatError, IntegrityError, UsageError
from evidence_kit.models import Digest
from evidence_kit.plain import open_plain, read_plain
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.digests import sha256_bytes, sha256_stream

_CHECK = "run: evidence-kit verify CASE --record"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehash:
    """An item as it is on the disk now."""

    item: str
    manifest: Digest | None
    """None when it cannot be read."""
    wrong: tuple[str, ...]
    """Files that are not what the manifest lists, or that it does not list."""

    @property
    def digests(self) -> dict[str, Digest]:
        """The ``digests`` of an event about the item at this moment."""
        return {f"items/{self.item}/{NAME}": self.manifest} if self.manifest else {}


def rehash(case: CaseFolder, item: str) -> Rehash:
    """Hash every file of *item* again and compare it with the item's manifest."""
    folder = case.path / "items" / item
    try:
        data = read_plain(folder / NAME)
        listed = read_manifest(data)
    except (OSError, FormatError):
        return Rehash(item=item, manifest=None, wrong=(NAME,))
    files = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    present = {path.relative_to(folder).as_posix(): path for path in files}
    present.pop(NAME)
    wrong = {name for name, path in present.items() if name not in listed or listed[name] != _digest(path)}
    wrong |= listed.keys() - present
    return Rehash(item=item, manifest=sha256_bytes(data), wrong=tuple(sorted(wrong)))


def _digest(path: Path) -> Digest | None:
    """Return a file's digest, or nothing if it is a link or cannot be read: such a thing is no evidence."""
    try:
        with open_plain(path) as stream:
            return sha256_stream(stream)
    except OSError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the receiver of one item recorded."""

    committed: Committed
    found: Rehash
    accepted: bool
    """False: it is not what was handed over."""


def manifest_now(case: CaseFolder, item: str) -> dict[str, Digest]:
    """Return the ``digests`` of an event about *item*: its manifest as it is now; raises `CaseError`."""
    path = case.path / "items" / item / NAME
    try:
        return {f"items/{item}/{NAME}": sha256_bytes(read_plain(path))}
    except OSError as error:
        message = f"the file list of {item} cannot be read: {error.strerror}"
        raise CaseError(message, hint=_CHECK) from error


def sound_log(case: CaseFolder) -> LogFindings:
    """Return the log of *case*; raises `IntegrityError` when it does not hold together."""
    log = case.log()
    if log.problems:
        message = f"the custody log of {case.path} does not hold together: {log.problems[0].detail}"
        raise IntegrityError(message, hint="run: evidence-kit verify CASE")
    return log


def committed_items(log: LogFindings) -> list[str]:
    """Return the items that the case holds, in the order of their numbers."""
    return sorted(attempt.item for attempt in attempts(log.full_events()) if attempt.finished_seq)


def release(  # noqa: PLR0913  # what, to whom, in which state
    case: CaseFolder,
    items: Sequence[str],
    to: Party,
    custodian: Custodian,
    *,
    certificate: Certificate | None = None,
    condition: str = "",
    note: str = "",
) -> list[Committed]:
    """Hand *items* over to *to*, whose key is let into the log with *certificate*.

    Raises `CaseError` for an item that the officer does not hold or that is on its way already, `UsageError` for one
    that there is not, `IntegrityError` for one that is altered: nothing is recorded then.
    """
    log = sound_log(case)
    giver = sha256_bytes(custodian.signer.certificate.der)
    for item in items:
        _may_be_released(log, item, giver)
    found, recorded = [rehash(case, item) for item in items], manifests_of(log.full_events())
    for state in found:
        if state.wrong or state.manifest != recorded.get(state.item):
            message = f"{state.item} is not as it was recorded: {', '.join(state.wrong) or NAME}"
            raise IntegrityError(message, hint=_CHECK)
    head, committed = log.head, []
    if certificate is not None and not log.keys.may_sign(sha256_bytes(certificate.der)):
        head = register_key(case, certificate, custodian, after=head).head
    for state in found:
        detail: dict[str, Json] = {"to": to.to_json(), "condition": condition}
        draft = Draft(
            type=EventType.RELEASED,
            item=state.item,
            digests=state.digests,
            outcome="offered",
            note=note,
            detail=detail,
        )
        committed.append(case.commit(draft, custodian, after=head))
        head = committed[-1].head
    return committed


def _may_be_released(log: LogFindings, item: str, giver: Digest) -> None:
    if item not in committed_items(log):
        raise UsageError(f"the case has no item {item!r}", hint="evidence-kit list shows the items")
    if not log.transfers.holds(item, giver):
        message = f"{item} is held by another officer, who alone can hand it over"
        raise CaseError(message, hint="evidence-kit show ITEM says who holds it")
    if given := log.transfers.open_of(item):
        message = f"{item} is on its way to {given.to.name!r} already, by event {given.released.seq}"
        raise CaseError(
            message, hint=f"take it back first: evidence-kit custody accept {given.released.seq} --refuse --note WHY"
        )


def offered_to(log: LogFindings, custodian: Custodian, numbers: Sequence[int]) -> list[HandOver]:
    """Return the open hand-overs that *custodian* may answer, those of the events *numbers* if any are named.

    Else it is those that others gave, and only if there is none, the officer's own, which they may take back.
    Raises `UsageError` for a number that is no open hand-over, `CaseError` for one that names another key.
    """
    own = sha256_bytes(custodian.signer.certificate.der)
    open_ones = {given.released.seq: given for given in log.transfers.open()}
    for number in numbers:
        if number not in open_ones:
            raise UsageError(
                f"event {number} is not an open hand-over", hint="evidence-kit custody log shows what is open"
            )
    mine = [given for given in open_ones.values() if _concerns(log, given, own)]
    refused = set(numbers) - {given.released.seq for given in mine}
    if refused:
        message = f"the hand-over of event {min(refused)} is for the holder of another key"
        raise CaseError(message, hint="the giver named the certificate that must sign")
    if numbers:
        return [given for given in mine if given.released.seq in numbers]
    return [given for given in mine if not log.keys.same_person(given.released.certificate, own)] or mine


def _concerns(log: LogFindings, given: HandOver, own: Digest) -> bool:
    return log.transfers.may_answer(given, own) or log.keys.same_person(given.released.certificate, own)


def accept(
    case: CaseFolder,
    hand_overs: Sequence[HandOver],
    custodian: Custodian,
    *,
    condition: str = "",
    note: str = "",
) -> list[Answer]:
    """Take over *hand_overs*, each item hashed again; one that is not what was handed over is recorded as failed.

    The purpose is the giver's unless the officer's grounds name another. Raises `CaseError` when the officer is the
    giver, or the log has grown meanwhile.
    """
    log = sound_log(case)
    own = sha256_bytes(custodian.signer.certificate.der)
    for given in hand_overs:
        if log.keys.same_person(given.released.certificate, own):
            message = f"{given.item} was handed over with this very key: giver and receiver must be two"
            raise CaseError(message, hint="the receiver runs this with their own key, in their own EVIDENCE_KIT_HOME")
    found = [rehash(case, given.item) for given in hand_overs]
    head, done = _let_in(case, hand_overs, custodian, log), []
    for given, state in zip(hand_overs, found, strict=True):
        same = not state.wrong and state.digests.items() <= given.released.digests.items()
        outcome = HandOverState.ACCEPTED if same else HandOverState.FAILED
        draft = _answer(given, outcome, state, condition=condition, note=note)
        committed = case.commit(_for(given, draft, custodian), custodian, after=head)
        head = committed.head
        done.append(Answer(committed=committed, found=state, accepted=same))
    return done


def refuse(case: CaseFolder, hand_overs: Sequence[HandOver], custodian: Custodian, *, note: str) -> list[Committed]:
    """Refuse *hand_overs*, or as their giver withdraw them; raises `CaseError`."""
    head, done = _let_in(case, hand_overs, custodian, sound_log(case)), []
    for given in hand_overs:
        nothing = Rehash(item=given.item, manifest=None, wrong=())
        draft = _answer(given, HandOverState.REFUSED, nothing, note=note)
        done.append(case.commit(_for(given, draft, custodian), custodian, after=head))
        head = done[-1].head
    return done


def _let_in(case: CaseFolder, hand_overs: Sequence[HandOver], custodian: Custodian, log: LogFindings) -> Digest:
    """Register the receiver's key if the log does not know it; return the head after that."""
    own = custodian.signer.certificate
    if not hand_overs or log.keys.may_sign(sha256_bytes(own.der)):
        return log.head
    return register_key(case, own, custodian, transfer=hand_overs[0].released.seq, after=log.head).head


def _answer(given: HandOver, outcome: HandOverState, state: Rehash, *, condition: str = "", note: str = "") -> Draft:
    detail: dict[str, Json] = {
        "released": {"seq": given.released.seq, "link": str(given.link)},
        "condition": condition,
        "wrong": [*state.wrong],
    }
    return Draft(
        type=EventType.RECEIVED,
        item=given.item,
        digests=state.digests,
        outcome=str(outcome),
        note=note,
        detail=detail,
    )


def _for(given: HandOver, draft: Draft, custodian: Custodian) -> Draft:
    return replace(draft, purpose=custodian.grounds.purpose or given.released.purpose)
