"""What the report says: frozen values with everything the pages need, and nothing about how pages look.

Text from outside is kept here as it is; `report_json` makes it harmless. Times are aware UTC datetimes, digests are
SHA-256, sizes are bytes or pixels. Codes (problems, roles, events, flags…) are English identifiers: the texts in
``templates/report`` hold a sentence for each known one, and an unknown one is printed as it stands.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from evidence_kit.bundle.comparison_parts import Comparison
from evidence_kit.bundle.exhibit_parts import (
    Action,
    Attempted,
    ContextShot,
    Fact,
    ItemFile,
    PageLink,
    Redirect,
    Requests,
    Wording,
)
from evidence_kit.bundle.printed_commands import CheckCommand
from evidence_kit.bundle.register_parts import (
    EncryptedItem,
    LeftOut,
    SealedItem,
    SelfTest,
    SignatureLine,
    WithheldEvent,
)
from evidence_kit.bundle.sealed_parts import SealedContent
from evidence_kit.bundle.supplied_parts import Supplied
from evidence_kit.bundle.transcript_parts import Conversations
from evidence_kit.models import Digest, Officer, Problem, Status, Trust
from evidence_kit.pictures.viewing_copy import ViewingCopy


class Language(StrEnum):
    """The language or languages a report speaks; in `BOTH` Mongolian comes first."""

    ENGLISH = "en"
    MONGOLIAN = "mn"
    BOTH = "both"


class SignatureLevel(StrEnum):
    """PAdES baseline level (ETSI EN 319 142-1) the report's signature is going to have."""

    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"


class TimeStampState(StrEnum):
    """What is known of the time stamp on the report's signature when the pages are made."""

    NONE = "none"
    """No authority is configured."""
    APPLIED = "applied"
    """The signature carries one."""
    PENDING = "pending"
    """An authority is configured and could not be reached."""


class AttemptOutcome(StrEnum):
    """How a started capture ended; *abandoned* is a start without an end."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseHead:
    """The case as the cover names it."""

    number: str
    title: str
    office: str
    legal_basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSignature:
    """How the report is signed and why the signer's name may be believed."""

    level: SignatureLevel
    signer: str
    certificate_sha256: Digest
    """Of the certificate's DER."""
    trust: Trust
    time_stamp: TimeStampState
    authorities: tuple[str, ...] = ()
    """Addresses or names of the time-stamping authorities asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What the bundle holds and what was left out of it."""

    root: Digest
    """SHA-256 of ``data/evidence-sha256.txt``."""
    files: int
    """Files listed in it."""
    size: int
    """Their bytes together."""
    withheld_items: int = 0
    """Items of the case whose files are not in it."""
    withheld_events: int = 0
    withheld_abandoned: int = 0
    """Captures among the withheld events that never became an item."""
    withheld_ground: str = ""
    """Why, and who decided so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A list that is too long to be printed whole."""

    name: str
    """Code of ``cuts`` in the texts, or shown as it stands."""
    printed: int
    whole: int
    """How many entries are printed, and how many there are."""
    place: str
    """What holds all of them, in the bundle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One item as numbered in the bundle."""

    number: int
    item: str
    status: Status
    url: str
    final_url: str
    started: datetime
    finished: datetime
    recorder: str
    manifest_sha256: Digest
    files: tuple[ItemFile, ...]
    http_status: int | None = None
    title: str = ""
    visible_text: str = ""
    """Text of the page; what is longer than `report_json.LONGEST_TEXT` is cut and marked."""
    identity: str = ""
    """The account the capture was made with; empty: none."""
    by_hand: bool = False
    """Whether somebody used the window: then an account may have been logged in, of which the tool knows nothing."""
    server: str = ""
    """Address and port that answered."""
    label: str = ""
    note: str = ""
    captured_by: str = ""
    """Who signed the event that committed the item, and where that was; both by the log."""
    place: str = ""
    subjects: tuple[str, ...] = ()
    """Pseudonyms of those whom the item concerns."""
    server_date: str = ""
    """The Date header of its document: what the server claims."""
    assembled_from: datetime | None = None
    """The time stamp from before the capture; with it `time_stamp` closes the bracket."""
    time_stamp: datetime | None = None
    """Of the earliest token covering the item."""
    time_stamp_pending: bool = False
    problems: tuple[Problem, ...] = ()
    environment: tuple[Fact, ...] = ()
    actions: tuple[Action, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    flags: tuple[Problem, ...] = ()
    """Special conditions: code of ``flags`` in the texts, and a detail (e.g. the address led to)."""
    practice: bool = False
    planned: Wording | None = None
    """None in a bundle that was made without a plan."""
    cuts: tuple[Cut, ...] = ()
    """Set by `bounds`."""
    screenshot: ViewingCopy | None = None
    """Slices made with `report.SLICE_WIDTH` and `report.SLICE_HEIGHT` fill a page each."""
    context_shots: tuple[ContextShot, ...] = ()
    """All other pictures of the item."""
    attempted: tuple[Attempted, ...] = ()
    requests: Requests | None = None
    links: tuple[PageLink, ...] = ()
    unlisted_links: int = 0
    """How many links of the page are not in `links`."""
    conversations: Conversations | None = None
    """Of a supplied item that holds any."""
    supplied: Supplied | None = None
    """None for what was captured or is sealed. With it, `files` are those that this tool wrote about it."""
    sealed: SealedContent | None = None
    """Of a sealed item, of which nothing else is shown."""
    comparison: Comparison | None = None
    """Of a derived item."""

    @property
    def handed_over(self) -> int | None:
        """How many files were handed over; None for what was captured."""
        if self.sealed and self.sealed.source == "supplied":
            return self.sealed.amount
        return self.supplied.amount if self.supplied else None

    @property
    def made_of(self) -> tuple[str, ...]:
        """The items of which a derived one was made."""
        return tuple(each.item for each in self.comparison.made_of) if self.comparison else ()

    @property
    def kind(self) -> str:
        """``captured``, ``supplied``, ``derived`` or ``sealed``."""
        return _kind(self.handed_over, sealed=self.sealed is not None, derived=self.comparison is not None)

    @property
    def viewing_copies(self) -> tuple[ViewingCopy, ...]:
        """Those of all its pictures, the main screenshot's first."""
        return (*((self.screenshot,) if self.screenshot else ()), *(shot.copy for shot in self.context_shots))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One capture, or one taking in of what was handed over, that was started in the case."""

    seq: int
    """Number of the event that tells of the start."""
    time: datetime
    url: str
    outcome: AttemptOutcome
    problems: tuple[Problem, ...] = ()
    """Why it is not without known gaps."""
    item: str = ""
    exhibit: int | None = None
    handed_over: int | None = None
    """How many files were handed over, or were to be; None for a capture."""
    sealed: bool = False
    made_of: tuple[str, ...] = ()
    http_status: int | None = None
    """Of the page's own document; None when no server answered."""

    @property
    def kind(self) -> str:
        """``captured``, ``supplied``, ``derived`` or ``sealed``."""
        return _kind(self.handed_over, sealed=self.sealed, derived=bool(self.made_of))


def _kind(handed_over: int | None, *, sealed: bool, derived: bool) -> str:
    if sealed or derived:
        return "sealed" if sealed else "derived"
    return "captured" if handed_over is None else "supplied"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyEntry:
    """One line of the custody log."""

    seq: int
    time: datetime | None
    """None for a withheld event, which tells only its day."""
    type: str
    line_sha256: Digest
    actor: str = ""
    role: str = ""
    item: str = ""
    purpose: str = ""
    authority: str = ""
    place: str = ""
    outcome: str = ""
    note: str = ""
    hand_over: str = ""
    """State of the hand-over that the event begins: code of ``hand_overs`` in the texts."""
    facts: tuple[Fact, ...] = ()
    """What else it says: codes of ``custody_facts`` in the texts, numbers of other events among them."""
    claimed_time_only: bool = False
    sealed: bool = False
    """Whether it is the end of a sealing."""
    withheld: WithheldEvent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """A program that took part, and its version."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """One of the files that a report is divided into."""

    number: int
    name: str
    exhibits: tuple[int, ...]
    """Numbers of the exhibits that it holds, ascending."""
    log: bool = False
    """Whether the custody log stands in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData:
    """Everything the report says."""

    case: CaseHead
    purpose: str
    prepared_by: Officer
    prepared_at: datetime
    practice: bool
    signature: ReportSignature
    holdings: Holdings
    attempts: tuple[Attempt, ...]
    exhibits: tuple[Exhibit, ...]
    custody: tuple[CustodyEntry, ...]
    commands: tuple[CheckCommand, ...]
    page: Digest
    """Of ``verify.html`` as it lies in the bundle."""
    software: tuple[Software, ...]
    volumes: tuple[Volume, ...] = ()
    """At least two, if it is divided."""
    signatures: tuple[SignatureLine, ...] = ()
    sealed: tuple[SealedItem, ...] = ()
    """Under a seal with a number."""
    encrypted: tuple[EncryptedItem, ...] = ()
    """Sealed by encryption."""
    left_out: tuple[LeftOut, ...] = ()
    """Items that are not in the bundle, and that its log names."""
    self_test: tuple[SelfTest, ...] = ()
    """Of the installation that makes the report."""
    participants: tuple[Officer, ...] = ()
    """Everybody who acted in the case, as far as the bundle's log shows."""
    devices: tuple[str, ...] = ()
    """Systems on which the exhibits were captured."""
    source_devices: tuple[str, ...] = ()
    """Devices from which exhibits were handed over, as the officer names them."""
    machine: str = ""
    """The system on which the bundle was made."""
    place: str = ""
    """Where, by the log."""
    receipts: int = 0
    """How many the custody log says were issued: what others hold against a log cut at its end."""
    cuts: tuple[Cut, ...] = ()
    """Set by `bounds`; those of an exhibit stand there."""
    gaps: tuple[Problem, ...] = ()
    """Further things page 1 must own up to; `known_gaps` adds what the other fields already tell."""

    def count(self, outcome: AttemptOutcome, kind: str = "captured") -> int:
        """Return how many attempts of the *kind* ended with *outcome*, as far as is told."""
        hidden = self.holdings.withheld_abandoned if outcome is AttemptOutcome.ABANDONED and kind == "captured" else 0
        return hidden + sum(each.outcome is outcome and each.kind == kind for each in self.attempts)

    def known_gaps(self) -> tuple[Problem, ...]:
        """Return everything incomplete for page 1: derived from the counts and states, then `gaps`.

        The codes are those of ``incomplete`` in the texts; the detail is a number, what an officer wrote, or empty.
        """
        told: dict[str, int | str] = {
            "capture-incomplete": self.count(AttemptOutcome.INCOMPLETE),
            "capture-failed": self.count(AttemptOutcome.FAILED),
            "capture-abandoned": self.count(AttemptOutcome.ABANDONED),
            **{
                f"{kind}-{each}": self.count(each, kind)
                for kind in ("supplied", "sealed", "derived")
                for each in [*AttemptOutcome][1:]
            },
            "items-left-out": len(self.left_out),
            "items-withheld": max(0, self.holdings.withheld_items - len(self.left_out)),
            "events-withheld": self.holdings.withheld_events,
            "abandoned-withheld": self.holdings.withheld_abandoned,
            "withheld-ground": self.holdings.withheld_ground,
            "item-time-stamp-pending": sum(exhibit.time_stamp_pending for exhibit in self.exhibits),
            "self-test-failed": sum(not test.passed for test in self.self_test),
            "hand-over-open": sum(entry.hand_over == "open" for entry in self.custody),
        }
        states = {
            "no-time-stamp": self.signature.time_stamp is TimeStampState.NONE,
            "time-stamp-pending": self.signature.time_stamp is TimeStampState.PENDING,
            "signer-claimed": self.signature.trust is Trust.CLAIMED,
            "signer-practice": self.signature.trust is Trust.PRACTICE,
        }
        derived = [Problem(code=code, detail=str(value)) for code, value in told.items() if value]
        derived += [Problem(code=code, detail="") for code, holds in states.items() if holds]
        return (*derived, *self.gaps)
