"""The custody log of a case or bundle: events, signatures, time stamps, and what they say about the items."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from types import MappingProxyType

from evidence_kit.canonical import Json
from evidence_kit.case.info import read_info
from evidence_kit.case.items import CAPTURED, DERIVED, SUPPLIED, attempts, parse_item
from evidence_kit.case.layout import HEAD_TOKEN, LATER_SEAL
from evidence_kit.case.manifest import NAME
from evidence_kit.case.sealed import REGISTER
from evidence_kit.custody.chain import LogFindings, check_log
from evidence_kit.custody.events import HALVES, Event, EventType, WithheldEvent
from evidence_kit.custody.log import Lines
from evidence_kit.errors import EvidenceError, FormatError
from evidence_kit.models import Trust, utc_text
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.timestamps import read_reply
from evidence_kit.verify.begun import begun_otherwise
from evidence_kit.verify.bracket import check_bracket
from evidence_kit.verify.derived import check_derived_from
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import CaseFiles
from evidence_kit.verify.outside import check_outside
from evidence_kit.verify.times import check_times
from evidence_kit.verify.told import Told

_NO_PAGE: dict[str, Json] = {"url": "", "final_url": "", "http_status": None, "recorder": ""}
_SAID_BY: Mapping[str, dict[str, Json]] = MappingProxyType(
    {
        EventType.CAPTURED: {"source": CAPTURED},
        EventType.IMPORTED: {"source": SUPPLIED, **_NO_PAGE},
        EventType.DERIVATION_MADE: {"source": DERIVED, **_NO_PAGE},
    }
)
"""What the type of an event alone says of its item."""
_COMPARED = (
    *("status", "case", "source", "url", "final_url", "http_status", "recorder", "supplied", "derived_from"),
    "address_commitment",
)
"""What an item's record and the event that committed it both say."""

_KINDS = MappingProxyType({CAPTURED: "attempts", SUPPLIED: "supplied", DERIVED: "derived"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StampedHead:
    """A token that holds over the head after event *seq*."""

    seq: int
    time: datetime
    authority: Certificate
    trusted: bool


@dataclass(frozen=True, kw_only=True)
class History:
    """The log as it was found."""

    log: LogFindings
    told: Told
    tokens: tuple[StampedHead, ...]

    def trusted_time(self, seq: int) -> datetime | None:
        """Return the earliest trusted time that covers event *seq*."""
        place = bisect_left(self._earliest, seq, key=lambda covered: covered[0])
        return self._earliest[place][1] if place < len(self._earliest) else None

    @cached_property
    def _earliest(self) -> list[tuple[int, datetime]]:
        """The events with a trusted token, ascending, each with the earliest time of it and all later ones."""
        found: list[tuple[int, datetime]] = []
        for token in sorted((token for token in self.tokens if token.trusted), key=lambda token: -token.seq):
            found.append((token.seq, min(token.time, found[-1][1]) if found else token.time))
        return found[::-1]

    def note_signer(self, exam: Examination, certificate: Certificate, seq: int, pool: Sequence[Certificate]) -> None:
        """Note who answers for what *certificate* signed in or with event *seq*.

        That is its own officer, unless the key was revoked and no trusted time shows that it signed before it was lost:
        then it is the officer who revoked it and acknowledged the event, as of that acknowledgement.
        """
        # One who vouches may be vouched for; a revocation stands after what it acknowledges, so this ends.
        while (voucher := self._voucher(certificate, seq)) is not None:
            certificate, seq = voucher
        exam.signed_by(certificate, pool, self.trusted_time(seq))

    def _voucher(self, certificate: Certificate, seq: int) -> tuple[Certificate, int] | None:
        """Return who answers in place of the key of *certificate* for what it signed in event *seq*, and from when."""
        stamped = self.trusted_time(seq)
        revocation = self.log.keys.revoked.get(sha256_bytes(certificate.der))
        if revocation is None or (stamped and stamped < revocation.lost) or seq > revocation.acknowledged:
            return None
        by = self.log.signers.get(revocation.by.hex)
        return (by, revocation.seq) if by is not None else None

    @cached_property
    def committed(self) -> dict[str, Event]:
        """The event that each item exists by."""
        return {event.item: event for event in self.told.committed() if event.item}


def read_log(exam: Examination, files: CaseFiles) -> tuple[Lines, Lines]:
    """Return the log and its signatures as stored; an empty one, and a failed check, for each that cannot be read."""
    return _stored(exam, files, "custody.jsonl"), _stored(exam, files, "custody.sig")


def _stored(exam: Examination, files: CaseFiles, name: str) -> Lines:
    try:
        files.digest(name)  # which reads it from beginning to end
    except FormatError as error:
        exam.failed("custody.lines", files.shown(name), str(error))
        return Lines.of(b"")
    return Lines(open=lambda: files.open(name))


def check_history(  # noqa: PLR0913  # a log, and what may be missing from it
    exam: Examination,
    files: CaseFiles,
    certificates: Sequence[Certificate],
    stored: tuple[Lines, Lines],
    *,
    bundle: bool = False,
    opened: Collection[int] = (),
) -> History:
    """Check the *stored* log and signatures, time stamps and the case's own record; note who signed.

    Only the log of a *bundle* may withhold events; *opened* are the numbers of those that were put back.
    """
    known = {certificate.fingerprint: certificate for certificate in certificates}
    told = Told()
    log = check_log(*stored, known, processes=exam.processes, withholding=bundle, on_event=told.hear)
    exam.add(log.checks(), log.unlisted)
    tokens = tuple(_tokens(exam, files, log, certificates))
    for subject, why in _lost_tokens(files, told, {*log.withheld, *opened}):
        exam.failed("custody.timestamp", subject, why)
    history = History(log=log, told=told, tokens=tokens)
    _check_case_record(exam, files, told.first)
    _note_signers(exam, history, certificates)
    _facts(exam, history)
    trusted = [(token.seq, token.time) for token in tokens if token.trusted]
    check_times(exam, log, trusted, files.shown("custody.jsonl"))
    check_outside(exam, log, told, bundle=files.prefix != "")
    return history


def _note_signers(exam: Examination, history: History, certificates: Sequence[Certificate]) -> None:
    """Note who signed the events, once for each trusted time of those by a key that was never revoked."""
    noted = set()
    for event in history.log.briefs:
        certificate = history.log.signers.get(event.certificate.hex)
        use = (event.certificate, history.trusted_time(event.seq))
        if certificate is not None and (use not in noted or event.certificate in history.log.keys.revoked):
            history.note_signer(exam, certificate, event.seq, certificates)
            noted.add(use)


def _tokens(
    exam: Examination, files: CaseFiles, log: LogFindings, certificates: Sequence[Certificate]
) -> Iterator[StampedHead]:
    authorities: dict[Certificate, Certificate] = {}
    for name in files.names():
        match = HEAD_TOKEN.fullmatch(name)
        if not match:
            continue
        seq = int(match[1])
        try:
            if seq >= len(log.links):
                message = f"stamps the head after event {seq}, but the log ends with event {len(log.links) - 1}"
                raise FormatError(message)
            token = read_reply(files.read(name), log.links[seq], certificates)
        except EvidenceError as error:
            exam.failed("custody.timestamp", files.shown(name), str(error))
            continue
        # Each token brings its authority's certificate along: one of them is enough to keep.
        authority = authorities.setdefault(token.certificate, token.certificate)
        trusted = stamp_trusted(exam, authority, certificates, token.time)
        exam.passed("custody.timestamp", files.shown(name), f"up to event {seq}, {utc_text(token.time)}")
        yield StampedHead(seq=seq, time=token.time, authority=authority, trusted=trusted)


def _lost_tokens(files: CaseFiles, told: Told, withheld: Collection[int]) -> Iterator[tuple[str, str]]:
    """Yield the tokens that later events name, and that are gone or others: nothing else would miss them.

    One that stands right after a *withheld* event may be missing: it would tell that event's time.
    """
    for (name, seq), digest in told.tokens.items():
        match = HEAD_TOKEN.fullmatch(name)
        if not match or (int(match[1]) in withheld and not files.has(name)):
            continue
        if not files.has(name):
            yield files.shown(name), f"it is missing; event {seq} names it"
        elif files.digest(name) != digest:
            yield files.shown(name), f"its digest is {files.digest(name)}, event {seq} names {digest}"


def stamp_trusted(exam: Examination, authority: Certificate, pool: Sequence[Certificate], at: datetime) -> bool:
    """Note whether a time-stamping authority leads to a trusted root and stands, once per authority."""
    judgement = exam.believe(authority, pool, at)
    stands = exam.stamp_stands(authority, pool, at)
    trusted = judgement.trust is not Trust.CLAIMED and stands
    told = any(c.id == "timestamp.trust" and c.subject == authority.subject for c in exam.checks)
    if judgement.trust is not Trust.CLAIMED and not told:
        exam.passed("timestamp.trust", authority.subject, str(judgement.trust))
    elif not told:
        exam.not_checked("timestamp.trust", authority.subject, judgement.detail)
    return trusted


def _check_case_record(exam: Examination, files: CaseFiles, first: Event | WithheldEvent | None) -> None:
    subject = files.shown("case.json")
    if not isinstance(first, Event) or first.type != EventType.CASE_OPENED:
        exam.failed("case.record", subject, "the log does not begin with the opening of a case")
        return
    try:
        found = files.digest("case.json")
        number = read_info(files.read("case.json")).number
    except FormatError as error:
        exam.failed("case.record", subject, str(error))
        return
    wanted = first.digests.get("case.json")
    problems = [] if found == wanted else [(subject, f"its digest is {found}, the log recorded {wanted}")]
    if number != first.case:
        problems.append((subject, f"it calls the case {number!r}, the log calls it {first.case!r}"))
    exam.concluded("case.record", subject, problems)


def check_items(exam: Examination, files: CaseFiles, history: History, present: Sequence[str]) -> None:
    """Check that each item in *present* was committed with exactly this manifest, and that none is missing."""
    recorded = history.committed
    starts = {event.item: event for event in reversed(history.told.halves) if event.type in HALVES}
    problems = []
    for item in present:
        name = f"items/{item}/{NAME}"
        event = recorded.get(item)
        try:
            found = files.digest(name)
        except FormatError as error:
            problems.append((files.shown(name), str(error)))
            continue
        if event is None:
            problems.append((files.shown(f"items/{item}"), "the custody log records no such item"))
            continue
        standing = history.told.sealings.get(item, event)
        if standing.manifest != found:
            detail = f"its digest is {found}, event {standing.seq} recorded {standing.manifest}"
            problems.append((files.shown(name), detail))
        problems += _contradictions(files, item, event, standing)
        if item in starts:
            problems += begun_otherwise(files, item, starts[item], later=item in history.told.sealings)
        check_derived_from(exam, files, history.committed, item)
        check_bracket(exam, files, history, item, [*history.log.certificates.values()])
    exam.concluded("custody.items", files.shown("items"), problems, f"{len(present)} items")


def _contradictions(files: CaseFiles, item: str, event: Event, standing: Event) -> Iterator[tuple[str, str]]:
    """Yield what the item's own record and its seals say otherwise than the *event* that committed them.

    *standing* is the event that sealed the item since, or the same one.
    """
    for told, seal in ((event, f"seals/{item}/{NAME}.p7s"), (standing, f"seals/{item}/{LATER_SEAL}")):
        if files.has(seal) and files.digest(seal) != told.digests.get(seal):
            yield files.shown(seal), f"its digest is {files.digest(seal)}, event {told.seq} recorded another"
    name = f"items/{item}/item.json"
    try:
        record = parse_item(files.read(name))
    except FormatError:
        return  # told by the check of the record itself
    said = {**event.detail, "status": event.outcome, "case": event.case, **_SAID_BY[event.type]}
    for key in _COMPARED:
        if record.get(key) != said.get(key):
            yield files.shown(name), f"its {key} is not the one that event {event.seq} recorded"
    if record.get("sealed") != (_sealing(standing) if standing is not event else None):
        yield files.shown(name), f"what it says of its sealing is not what event {standing.seq} recorded"
    register = f"items/{item}/{REGISTER}"
    if standing is not event and files.has(register) and files.digest(register) != standing.digests.get(register):
        yield files.shown(register), f"its digest is {files.digest(register)}, event {standing.seq} recorded another"


def _sealing(event: Event) -> dict[str, Json]:
    return {key: event.detail.get(key) for key in ("replaces", "files", "bytes")}


def check_registered(
    exam: Examination,
    history: History,
    sealers: Iterable[Certificate] = (),
    *,
    others: Collection[Certificate | None] = (),
) -> None:
    """Want everybody who signed anything but *others* to be registered in the log: another valid key is not enough.

    *sealers* signed the whole after the log had ended, so that their keys must not have been revoked in it.
    """
    if history.told.first is None:
        return  # told by the checks of the log
    keys = history.log.keys
    for certificate in (judgement.certificate for judgement in exam.signers.values()):
        told = certificate.fingerprint in history.log.signers  # by the event
        if not told and certificate not in others and sha256_bytes(certificate.der) not in keys.since:
            exam.failed("custody.keys", certificate.subject, "signed here, but its key is not registered in the log")
    for certificate in sealers:
        if sha256_bytes(certificate.der) in keys.revoked:
            exam.failed("custody.keys", certificate.subject, "sealed this with a key that was revoked in the log")


def _facts(exam: Examination, history: History) -> None:
    log, told = history.log, history.told
    tried = attempts([*told.halves, *told.sealings.values()])
    ends = Counter(("sealing" if each.sealed else _KINDS[each.source], each.outcome) for each in tried)
    for name in ("attempts", "supplied", "derived", "sealing"):
        exam.facts[name] = {
            outcome: ends[name, outcome] for outcome in ("complete", "incomplete", "failed", "abandoned")
        }
    tokens: list[Json] = [
        {
            "event": token.seq,
            "time": utc_text(token.time),
            "authority": token.authority.subject,
            "trusted": token.trusted,
        }
        for token in history.tokens
    ]
    exam.facts["custody"] = {
        "events": log.size,
        "withheld": len(log.withheld),
        "first": utc_text(told.began) if told.began else None,
        "last": utc_text(told.ended) if told.ended else None,
        "officers": [*sorted(told.officers)],
        "head": str(log.head),
    }
    exam.facts["transfers"] = [given.to_json() for given in log.transfers.hand_overs.values()]
    exam.facts["time_stamps"] = tokens
