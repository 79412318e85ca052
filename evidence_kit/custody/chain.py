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
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from evidence_kit.custody.events import Event, EventType, WithheldEvent, read_line
from evidence_kit.custody.log import FIRST_LINK, WITHHELD, decode_signature, each_line, next_link
from evidence_kit.custody.register import KeyRegister, read_acknowledged
from evidence_kit.custody.requirements import wanting
from evidence_kit.custody.signatures import SignedLine, check_signatures
from evidence_kit.custody.transfers import HandOverState, Transfers
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
}
_NEVER_WITHHELD = frozenset({EventType.KEY_REGISTERED, EventType.KEY_REVOKED})
"""Without them nobody can tell who may sign."""
_OF_SUBJECTS = frozenset({EventType.SUBJECT_ATTACHED, EventType.SUBJECT_DETACHED})


@dataclass(slots=True, kw_only=True)
class LogFindings:
    """What a log says and what is wrong with it.

    Signatures take nearly all of the time, and whoever only shows what the log says does not need them: they are
    checked when `problems` or `signers` is asked for.
    """

    events: list[Event | WithheldEvent] = field(default_factory=list)
    links: list[Digest] = field(default_factory=list)
    """links[n] is the link after event n; links[0] is the first link."""
    case: str = ""
    """The case that the first disclosed event names."""
    certificates: Mapping[str, Certificate] = field(default_factory=dict)
    """By fingerprint: those that may have signed."""
    wrong: list[Check] = field(default_factory=list)
    """What was found so far; whole only as `problems`."""
    unsettled: list[Check] = field(default_factory=list)
    """What is not wrong and not finished either: hand-overs that nobody has answered."""
    proven: dict[str, Certificate] = field(default_factory=dict)
    unchecked: list[SignedLine] = field(default_factory=list)
    processes: int = 1
    """In how many signatures may be checked."""
    numbers: set[int] = field(default_factory=set)
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
        """Everything that is wrong."""
        self._check_signatures()
        return self.wrong

    @property
    def signers(self) -> Mapping[str, Certificate]:
        """Fingerprint to certificate of everyone whose signature holds."""
        self._check_signatures()
        return self.proven

    def _check_signatures(self) -> None:
        waiting, self.unchecked = self.unchecked, []
        for signed, found in check_signatures(waiting, processes=self.processes):
            if found.problem:
                _problem(self, "custody.signatures", f"event {signed.seq}", found.problem)
            if found.holds and signed.certificate is not None:
                self.proven[signed.certificate.fingerprint] = signed.certificate

    @property
    def head(self) -> Digest:
        """The last link."""
        return self.links[-1]

    def full_events(self) -> list[Event]:
        """The events that are disclosed."""
        return [event for event in self.events if isinstance(event, Event)]

    def checks(self) -> list[Check]:
        """Every problem, everything unsettled, and for each rule without either a passed check."""
        told = {check.id for check in (*self.problems, *self.unsettled)}
        count = f"{len(self.events)} events"
        withheld = len(self.events) - len(self.full_events())
        if withheld:
            count += f", {withheld} of them withheld"
        passed = [
            Check(id=id_, title=title, subject="custody.jsonl", outcome=Outcome.PASSED, detail=count)
            for id_, title in _TITLES.items()
            if id_ not in told
        ]
        return [*passed, *self.problems, *self.unsettled]


def check_log(
    log: bytes,
    signatures: bytes,
    certificates: Mapping[str, Certificate],
    *,
    withholding: bool = False,
    processes: int = 1,
) -> LogFindings:
    """Check ``custody.jsonl`` and ``custody.sig`` against *certificates* (by fingerprint); never raises.

    Only a bundle's copy may withhold events: *withholding*. Signatures may be checked by up to *processes* at a time.
    """
    findings = LogFindings(links=[FIRST_LINK], certificates=certificates, processes=processes)
    count, signature_count = (sum(1 for _ in each_line(data)) for data in (log, signatures))
    if count != signature_count:
        detail = f"{count} lines in custody.jsonl, {signature_count} in custody.sig"
        _problem(findings, "custody.lines", "custody.sig", detail)
    if not count:
        _problem(findings, "custody.lines", "custody.jsonl", "the log is empty")
    signature_lines = each_line(signatures)
    for number, line in enumerate(each_line(log), start=1):
        _check_entry(findings, number, line, next(signature_lines, b""))
    for event in findings.events:
        if isinstance(event, WithheldEvent) and (not withholding or event.seq == 1 or event.type in _NEVER_WITHHELD):
            _problem(findings, "custody.lines", f"event {event.seq}", "this event may not be withheld here")
    _check_order(findings)
    _check_custody(findings)
    return findings


def _check_custody(findings: LogFindings) -> None:
    """Follow keys and hand-overs through the log, and ask each event for what it must carry."""
    keys, transfers = findings.keys, findings.transfers
    for event in findings.events:
        subject = f"event {event.seq}"
        if isinstance(event, Event):
            _check_details(findings, event)
        refusal = keys.follow(event)
        if refusal is not None:
            _problem(findings, "custody.keys", subject, refusal)
        for problem in transfers.follow(event, findings.links):
            _problem(findings, "custody.transfers", subject, problem)
    _check_revocations(findings)
    for seq in keys.unproven:
        _unsettled(findings, "custody.keys", f"event {seq}", "the hand-over by which its key was let in is withheld")
    for seq in transfers.unproven:
        _unsettled(findings, "custody.transfers", f"event {seq}", "the giver's half of this hand-over is withheld")
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


def _check_revocations(findings: LogFindings) -> None:
    """Want each acknowledged link to be the log's own; name the events that were disowned."""
    revoked = findings.keys.revoked
    for event in findings.full_events():
        revocation = revoked.get(event.certificate)
        if revocation and revocation.acknowledged < event.seq < revocation.seq:
            detail = f"disowned by event {revocation.seq}, which revoked its key and acknowledges no more than event"
            _problem(findings, "custody.keys", f"event {event.seq}", f"{detail} {revocation.acknowledged}")
        if event.type == EventType.KEY_REVOKED and any(r.seq == event.seq for r in revoked.values()):
            seq, link = read_acknowledged(event.detail)
            if seq < len(findings.links) and link != findings.links[seq]:
                detail = f"it acknowledges event {seq} with the link {link}, which is {findings.links[seq]}"
                _problem(findings, "custody.keys", f"event {event.seq}", detail)


def _check_order(findings: LogFindings) -> None:
    """Want the opening of the case first and once, and every item started once and captured once after it."""
    started: set[str] = set()
    captured: set[str] = set()
    for event in findings.full_events():
        subject = f"event {event.seq}"
        if (event.type == EventType.CASE_OPENED) != (event.seq == 1):
            _problem(findings, "custody.order", subject, "a case is opened by its first event, and by no other")
        if event.type == EventType.CASE_OPENED and event.detail.get("format") != 1:
            _problem(findings, "custody.order", subject, "the case is not of format 1")
        if event.type == EventType.CAPTURE_STARTED:
            if event.item is None or event.item in started:
                _problem(findings, "custody.order", subject, f"the item {event.item} is not a new one")
            started.add(event.item or "")
        if event.type == EventType.CAPTURED:
            if event.item not in started or event.item in captured:
                _problem(findings, "custody.order", subject, f"the item {event.item} was not begun, or ended before")
            captured.add(event.item or "")
        if event.type in _OF_SUBJECTS and event.item not in started:
            _problem(findings, "custody.order", subject, f"the item {event.item} was not begun")


def _check_entry(findings: LogFindings, number: int, line: bytes, signature_line: bytes) -> None:
    subject = f"event {number}"
    try:
        event = read_line(line)
        signature = None if isinstance(event, WithheldEvent) else decode_signature(signature_line)
    except FormatError as error:
        _problem(findings, "custody.lines", subject, str(error))
        # The chain goes on over the stored bytes, so that one bad line is not reported as many.
        findings.links.append(next_link(findings.head, sha256_bytes(line), _signature_digest(signature_line)))
        return
    _check_number(findings, number, event)
    if isinstance(event, WithheldEvent):
        if signature_line != WITHHELD:
            _problem(findings, "custody.lines", subject, "a withheld event's signature line must be '-'")
        link = next_link(findings.head, event.line, event.signature)
    else:
        _check_binding(findings, subject, event)
        signed = SignedLine(
            seq=number,
            named=event.certificate,
            certificate=findings.certificates.get(event.certificate.hex),
            time=event.time,
            line=sha256_bytes(line),
            signature=signature or b"",
        )
        findings.unchecked.append(signed)
        link = next_link(findings.head, signed.line, sha256_bytes(signed.signature))
    findings.events.append(event)
    findings.numbers.add(event.seq)
    findings.links.append(link)


def _check_number(findings: LogFindings, number: int, event: Event | WithheldEvent) -> None:
    if event.seq == number:
        return
    if event.seq in findings.numbers:
        _problem(findings, "custody.fork", f"event {event.seq}", f"stands again in line {number}")
    else:
        _problem(findings, "custody.lines", f"event {number}", f"calls itself number {event.seq}")


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
    findings.wrong.append(Check(id=id_, title=_TITLES[id_], subject=subject, outcome=Outcome.FAILED, detail=detail))
