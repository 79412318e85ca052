"""Check a custody log: every line, every link, every signature; name the smallest event that is wrong.

Rules, in this order (docs/evidence-format.md, "Checking the log"):
(1) both files end with a line feed and have equally many lines;
(2) line n is canonical JSON with every field, and its `seq` is n (a number that stands twice is a fork);
(3) `previous` is the link of the line before;
(4) the signature is by the certificate that the actor names, over exactly that line;
(5) all events name one case;
(6) the case is opened by event 1, every item is begun once and ended at most once after it, and subjects are attached
to items that were begun;
(7) an event of a known type carries what it must (requirements.py), and a correction names an earlier event;
(8) it was signed with a key that was registered and not revoked (register.py);
(9) hand-overs have two sides that fit each other (transfers.py).
A withheld line takes part in the chain by its digests and is counted; its signature cannot be checked.

The log is gone through line by line, and once more for the signatures. Of every event a few numbers are remembered;
whoever wants more of it hears of it on the way.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest

from evidence_kit.custody.briefs import Briefs
from evidence_kit.custody.events import ENDS, HALVES, Event, EventType, WithheldEvent, read_line
from evidence_kit.custody.log import WITHHELD, Lines, Links, decode_signature, next_link
from evidence_kit.custody.register import KeyRegister, read_acknowledged
from evidence_kit.custody.requirements import wanting
from evidence_kit.custody.signatures import SignedLine, check_signatures
from evidence_kit.custody.transfers import HandOverState, Transfers
from evidence_kit.custody.unsealing import Unsealings
from evidence_kit.errors import FormatError
from evidence_kit.models import Check, Digest, Outcome
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.digests import sha256_bytes

_TITLES = {
    "custody.lines": "Every custody event is one well-formed, numbered line",
    "custody.fork": "No two custody events have the same number",
    "custody.chain": "Every custody event is bound to the one before it",
    "custody.signatures": "Every custody event was signed by the officer it names",
    "custody.order": "The case was opened first, and every item begun once and ended at most once",
    "custody.details": "Every custody event says what one of its type must say",
    "custody.keys": "Every custody event was signed with a key that was registered in the log and not revoked",
    "custody.transfers": "Every hand-over was signed by giver and receiver, over the same item",
    "custody.unsealed": "Whatever was unsealed, two officers had agreed to, each with a key of their own",
}
_NEVER_WITHHELD = frozenset({EventType.KEY_REGISTERED, EventType.KEY_REVOKED})
"""Without them nobody can tell who may sign."""
_OF_SUBJECTS = frozenset({EventType.SUBJECT_ATTACHED, EventType.SUBJECT_DETACHED})
_MOST = 1000
"""Problems of one id that are kept: a ruined log of a million events is told in its first ones."""

OnEvent = Callable[[Event | WithheldEvent], object]
"""Hears of every event that can be read, in the order of the log."""


@dataclass(slots=True, kw_only=True)
class LogFindings:
    """What a log says and what is wrong with it.

    Signatures take nearly all of the time, and whoever only shows what the log says does not need them: they are
    checked when `problems` or `signers` is asked for.
    """

    log: Lines
    signatures: Lines
    certificates: Mapping[str, Certificate]
    """By fingerprint: those that may have signed."""
    processes: int = 1
    """In how many signatures may be checked."""
    events: list[Event | WithheldEvent] = field(default_factory=list)
    """All of them, unless somebody else heard of them."""
    briefs: Briefs = field(default_factory=Briefs)
    """What is remembered of each disclosed event."""
    withheld: list[int] = field(default_factory=list)
    """The numbers of the others."""
    links: Links = field(default_factory=Links)
    """links[n] is the link after event n; links[0] is the first link."""
    case: str = ""
    """The case that the first disclosed event names."""
    wrong: list[Check] = field(default_factory=list)
    """What was found so far, of each id no more than `_MOST`; whole only as `problems`."""
    count: Counter[str] = field(default_factory=Counter)
    """How many there are of each id."""
    unsettled: list[Check] = field(default_factory=list)
    """What is not wrong and not finished either: hand-overs that nobody has answered."""
    proven: dict[str, Certificate] = field(default_factory=dict)
    unchecked: bool = True
    """Whether the signatures still have to be checked."""
    unsealings: Unsealings = field(default_factory=Unsealings)
    transfers: Transfers = field(init=False)
    """Hand-overs and holders, and with them the register of keys."""

    def __post_init__(self) -> None:
        """Begin with an empty register of keys."""
        self.transfers = Transfers(keys=KeyRegister(certificates=self.certificates))

    @property
    def keys(self) -> KeyRegister:
        """Who may sign in this log."""
        return self.transfers.keys

    @property
    def problems(self) -> list[Check]:
        """What is wrong, of each id the first ones; raises `FormatError` for a log that changes while it is read."""
        self._check_signatures()
        return self.wrong

    @property
    def signers(self) -> Mapping[str, Certificate]:
        """Fingerprint to certificate of everyone whose signature holds; raises as `problems` does."""
        self._check_signatures()
        return self.proven

    def _check_signatures(self) -> None:
        if not self.unchecked:
            return
        self.unchecked = False
        for signed, found in check_signatures(self._signed(), count=len(self.briefs), processes=self.processes):
            if found.problem:
                _problem(self, "custody.signatures", f"event {signed.seq}", found.problem)
            if found.holds and signed.certificate is not None:
                self.proven[signed.certificate.fingerprint] = signed.certificate

    def _signed(self) -> Iterator[SignedLine]:
        """Yield what the signatures are to be checked against, from the files as they were when they were read."""
        both = enumerate(zip(self.log, self.signatures, strict=False), start=1)
        for brief in self.briefs:
            line, signature_line = next((stored for number, stored in both if number == brief.line), (b"", b""))
            digest, signature = sha256_bytes(line), decode_signature(signature_line)
            if next_link(self.links[brief.line - 1], digest, sha256_bytes(signature)) != self.links[brief.line]:
                raise FormatError("the custody log was changed while it was being read")
            yield SignedLine(
                seq=brief.line,
                named=brief.certificate,
                certificate=self.certificates.get(brief.certificate.hex),
                time=brief.time,
                line=digest,
                signature=signature,
            )

    @property
    def head(self) -> Digest:
        """The last link."""
        return self.links[-1]

    @property
    def size(self) -> int:
        """How many events can be read."""
        return len(self.briefs) + len(self.withheld)

    @property
    def unlisted(self) -> Mapping[str, int]:
        """How many problems there are of each id beyond those that are kept."""
        return {id_: count - _MOST for id_, count in self.count.items() if count > _MOST}

    def full_events(self) -> list[Event]:
        """The events that are disclosed."""
        return [event for event in self.events if isinstance(event, Event)]

    def checks(self) -> list[Check]:
        """Every problem that is kept, everything unsettled, and for each rule without either a passed check."""
        told = {check.id for check in (*self.problems, *self.unsettled)}
        count = f"{self.size} events" + (f", {len(self.withheld)} of them withheld" if self.withheld else "")
        passed = [
            Check(id=id_, title=title, subject="custody.jsonl", outcome=Outcome.PASSED, detail=count)
            for id_, title in _TITLES.items()
            if id_ not in told
        ]
        return [*passed, *self.problems, *self.unsettled]


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What was seen of a log so far, as far as its order goes."""

    withholding: bool
    """Whether events may be withheld."""
    numbers: set[int] = field(default_factory=set)
    started: dict[str, str] = field(default_factory=dict)
    """Items, and the type of event that ends each."""
    manifests: dict[str, Digest | None] = field(default_factory=dict)
    """Of the items that were ended: as they ended."""
    sealed: set[str] = field(default_factory=set)


def check_log(  # noqa: PLR0913  # a log, and how it is to be gone through
    log: bytes | Lines,
    signatures: bytes | Lines,
    certificates: Mapping[str, Certificate],
    *,
    withholding: bool = False,
    processes: int = 1,
    on_event: OnEvent | None = None,
) -> LogFindings:
    """Check ``custody.jsonl`` and ``custody.sig`` against *certificates* (by fingerprint); raises what reading raises.

    Only a bundle's copy may withhold events: *withholding*. Signatures may be checked by up to *processes* at a time.
    With *on_event* the events are not kept.
    """
    stored = Lines.of(log), Lines.of(signatures)
    findings = LogFindings(log=stored[0], signatures=stored[1], certificates=certificates, processes=processes)
    hear, seen = on_event or findings.events.append, _Seen(withholding=withholding)
    count, signature_count = 0, 0
    for number, (line, signature_line) in enumerate(zip_longest(*stored), start=1):
        signature_count += signature_line is not None
        if line is None:
            continue
        count += 1
        event = _check_entry(findings, number, line, signature_line or b"")
        if event is not None:
            _check_event(findings, number, event, seen)
            hear(event)
    if count != signature_count:
        detail = f"{count} lines in custody.jsonl, {signature_count} in custody.sig"
        _problem(findings, "custody.lines", "custody.sig", detail)
    if not count:
        _problem(findings, "custody.lines", "custody.jsonl", "the log is empty")
    _conclude(findings)
    return findings


def _check_event(findings: LogFindings, number: int, event: Event | WithheldEvent, seen: _Seen) -> None:
    """Hold the *event* of line *number* against those before it."""
    _check_number(findings, number, event, seen.numbers)
    if isinstance(event, WithheldEvent):
        findings.withheld.append(event.seq)
        if not seen.withholding or event.seq == 1 or event.type in _NEVER_WITHHELD:
            _problem(findings, "custody.lines", f"event {event.seq}", "this event may not be withheld here")
    else:
        findings.briefs.append(number, event)
        _check_order(findings, event, seen)
        _check_sealing(findings, event, seen)
        _check_details(findings, event)
    _check_custody(findings, event)


def _check_custody(findings: LogFindings, event: Event | WithheldEvent) -> None:
    """Follow keys and hand-overs through the log."""
    keys, subject = findings.keys, f"event {event.seq}"
    revoked = len(keys.revoked)
    refusal = keys.follow(event)
    if refusal is not None:
        _problem(findings, "custody.keys", subject, refusal)
    if isinstance(event, Event) and len(keys.revoked) > revoked:
        seq, link = read_acknowledged(event.detail)
        if seq < len(findings.links) and link != findings.links[seq]:
            detail = f"it acknowledges event {seq} with the link {link}, which is {findings.links[seq]}"
            _problem(findings, "custody.keys", subject, detail)
    for problem in findings.transfers.follow(event, findings.links):
        _problem(findings, "custody.transfers", subject, problem)
    for problem in findings.unsealings.follow(event, findings.head, keys):
        _problem(findings, "custody.unsealed", subject, problem)


def _conclude(findings: LogFindings) -> None:
    """Say what shows only at the end of the log."""
    keys, transfers = findings.keys, findings.transfers
    if keys.revoked:
        _check_disowned(findings)
    for seq in keys.unproven:
        _unsettled(findings, "custody.keys", f"event {seq}", "the hand-over by which its key was let in is withheld")
    for seq in transfers.unproven:
        _unsettled(findings, "custody.transfers", f"event {seq}", "the giver's half of this hand-over is withheld")
    for seq in findings.unsealings.unproven:
        _unsettled(findings, "custody.unsealed", f"event {seq}", "the request that it names is withheld")
    for given in transfers.hand_overs.values():
        subject = f"event {given.released.seq}"
        if given.state is HandOverState.OPEN:
            detail = f"open: nobody has signed for {given.item} yet, which was to go to {given.to.name!r}"
            _unsettled(findings, "custody.transfers", subject, detail)
        if given.state is HandOverState.FAILED and given.received:
            detail = f"event {given.received.seq} found {given.item} to be other than it was handed over"
            _unsettled(findings, "custody.transfers", subject, detail)


def _check_details(findings: LogFindings, event: Event) -> None:
    subject = f"event {event.seq}"
    missing = wanting(event)
    if missing:
        _problem(findings, "custody.details", subject, f"it lacks {', '.join(missing)}")
    corrected = event.detail.get("corrects")
    if event.type == EventType.CORRECTED and isinstance(corrected, int) and not 1 <= corrected < event.seq:
        _problem(findings, "custody.details", subject, f"it corrects event {corrected}, which does not stand before it")


def _check_disowned(findings: LogFindings) -> None:
    """Name the events that a revocation did not acknowledge."""
    for brief in findings.briefs:
        revocation = findings.keys.revoked.get(brief.certificate)
        if revocation and revocation.acknowledged < brief.seq < revocation.seq:
            detail = f"disowned by event {revocation.seq}, which revoked its key and acknowledges no more than event"
            _problem(findings, "custody.keys", f"event {brief.seq}", f"{detail} {revocation.acknowledged}")


def _check_order(findings: LogFindings, event: Event, seen: _Seen) -> None:
    """Want the opening of the case first and once, and every item begun once and ended once, as it was begun."""
    subject, item = f"event {event.seq}", event.item or ""
    if (event.type == EventType.CASE_OPENED) != (event.seq == 1):
        _problem(findings, "custody.order", subject, "a case is opened by its first event, and by no other")
    if event.type == EventType.CASE_OPENED and event.detail.get("format") != 1:
        _problem(findings, "custody.order", subject, "the case is not of format 1")
    end = HALVES.get(event.type)
    if end is not None:
        if event.item is None or item in seen.started:
            _problem(findings, "custody.order", subject, f"the item {event.item} is not a new one")
        seen.started.setdefault(item, end)
    if event.type in ENDS:
        if seen.started.get(item) != event.type or item in seen.manifests:
            _problem(findings, "custody.order", subject, f"the item {event.item} was not begun so, or ended before")
        seen.manifests.setdefault(item, event.manifest)
    if event.type in _OF_SUBJECTS and item not in seen.started:
        _problem(findings, "custody.order", subject, f"the item {event.item} was not begun")


def _check_sealing(findings: LogFindings, event: Event, seen: _Seen) -> None:
    """Want an item to be sealed once at most, and from the manifest that it was committed with."""
    subject, item = f"event {event.seq}", event.item or ""
    if event.type != EventType.ITEM_SEALED:
        return
    if item not in seen.manifests or item in seen.sealed:
        detail = f"there was no item {event.item} to seal, or it was sealed before"
        _problem(findings, "custody.order", subject, detail)
    elif str(seen.manifests[item]) != event.detail.get("replaces"):
        _problem(findings, "custody.order", subject, f"it replaces another manifest than {event.item} had")
    seen.sealed.add(item)


def _check_entry(
    findings: LogFindings, number: int, line: bytes, signature_line: bytes
) -> Event | WithheldEvent | None:
    """Read line *number* and bind it into the chain; None, and a problem, if it cannot be read."""
    subject = f"event {number}"
    try:
        event = read_line(line)
        signature = b"" if isinstance(event, WithheldEvent) else decode_signature(signature_line)
    except FormatError as error:
        _problem(findings, "custody.lines", subject, str(error))
        # The chain goes on over the stored bytes, so that one bad line is not reported as many.
        findings.links.append(next_link(findings.head, sha256_bytes(line), _signature_digest(signature_line)))
        return None
    if isinstance(event, WithheldEvent):
        if signature_line != WITHHELD:
            _problem(findings, "custody.lines", subject, "a withheld event's signature line must be '-'")
        link = next_link(findings.head, event.line, event.signature)
    else:
        _check_binding(findings, subject, event)
        link = next_link(findings.head, sha256_bytes(line), sha256_bytes(signature))
    findings.links.append(link)
    return event


def _check_number(findings: LogFindings, number: int, event: Event | WithheldEvent, before: set[int]) -> None:
    if event.seq in before:
        _problem(findings, "custody.fork", f"event {event.seq}", f"stands again in line {number}")
    elif event.seq != number:
        _problem(findings, "custody.lines", f"event {number}", f"calls itself number {event.seq}")
    before.add(event.seq)


def _check_binding(findings: LogFindings, subject: str, event: Event) -> None:
    if event.previous != findings.head:
        _problem(
            findings, "custody.chain", subject, f"follows {event.previous}, but the line before gives {findings.head}"
        )
    findings.case = findings.case or event.case
    if event.case != findings.case:
        _problem(findings, "custody.lines", subject, f"belongs to another case: {event.case!r}, not {findings.case!r}")


def _signature_digest(signature_line: bytes) -> Digest:
    try:
        return sha256_bytes(decode_signature(signature_line))
    except FormatError:
        return sha256_bytes(signature_line)


def _unsettled(findings: LogFindings, id_: str, subject: str, detail: str) -> None:
    check = Check(id=id_, title=_TITLES[id_], subject=subject, outcome=Outcome.NOT_CHECKED, detail=detail)
    findings.unsettled.append(check)


def _problem(findings: LogFindings, id_: str, subject: str, detail: str) -> None:
    findings.count[id_] += 1
    if findings.count[id_] <= _MOST:
        findings.wrong.append(Check(id=id_, title=_TITLES[id_], subject=subject, outcome=Outcome.FAILED, detail=detail))
