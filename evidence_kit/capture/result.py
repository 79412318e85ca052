"""What a capture is asked for, and what it gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from evidence_kit.archive.wacz import WaczSeal
from evidence_kit.canonical import Json
from evidence_kit.capture.desk import Interactive
from evidence_kit.models import Problem, RecorderKind, Status, utc_text
from evidence_kit.trust.age import Recipient
from evidence_kit.wire.witness.channel import WitnessPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """How much is done to a page, and how much of what it does is remembered, at most."""

    steps: int = 400
    """Steps of one way down a page or a box in it."""
    height: int = 400_000
    """CSS pixels of one way down."""
    clicks: int = 300
    """Controls clicked in order to open something."""
    slides: int = 20
    """Slides of one row."""
    media: int = 6
    """Films and sounds played."""
    media_seconds: float = 3.0
    """Seconds that each is played."""
    popups: int = 8
    """Windows of the page that are allowed to load; further ones are closed at once."""
    requests: int = 10_000
    """Requests and WebSockets; one more ends the recording."""
    targets: int = 1_000
    """Windows, frames of other sites and workers; one more ends the recording."""
    told: int = 96 * 1024 * 1024
    """Bytes of what the browser tells of the page's traffic; more end the recording. On the wire: bytes of heads."""


DEFAULT_BUDGETS = Budgets()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureOptions:
    """How a page is captured."""

    recorder: RecorderKind = RecorderKind.AUTO

    interactive: bool = False
    """A person uses the window; nothing is done to the page, and shots are taken when they are asked for."""
    scroll: bool = True
    """Scroll down step by step until the page stops growing, so that it loads what it loads while being read."""
    expand: bool = False
    """Click on what opens more of the page, decline or close what lies over it, turn slides, play films muted."""
    pictures: bool = True
    """Take pictures of the page, and copies that hold its pictures; of what is to be sealed none are taken."""
    sensitive: bool = False
    """Its pictures stay blurred wherever they are shown, whatever is chosen for others."""
    budgets: Budgets = DEFAULT_BUDGETS
    timeout: float = 60.0
    """Seconds for the page: loading ends after 45 % of them, the first snapshots after 50, scrolling after 65, settling
    after 70, and the last snapshots after all of them; what a step leaves falls to those after it."""
    max_bytes: int = 512 * 1024 * 1024
    """Bytes kept of what passes (wire), or of response bodies (browser); what comes after is marked as truncated."""
    insecure: bool = False
    """Go on although a server's certificate is invalid."""
    connect_to: tuple[tuple[str, str], ...] = ()
    """``(HOST[:PORT], ADDRESS:PORT)``: go there instead of asking DNS. Training and tests only."""
    training_ca: tuple[str, ...] = ()
    """Certificate authorities, in PEM, that the browser believes beside the usual ones. Training and tests only."""
    label: str = ""
    """What an officer calls the item, in neutral words."""
    witness: WitnessPlace | None = None
    """Another body's relay, through which every connection is made; on the wire only."""
    witness_optional: bool = False
    """Go on without the witness when it is not there; the item is then incomplete."""
    locale: str = "mn-MN"
    timezone: str = "Asia/Ulaanbaatar"
    viewport: tuple[int, int] = (1280, 900)
    """Width and height in CSS pixels, one device pixel each."""
    time_servers: tuple[str, ...] = ()
    """``HOST`` or ``HOST:PORT`` of servers to compare the clock with (SNTP); none are asked unless named."""
    egress_service: str = ""
    """Address of a service that tells under which address this machine is seen; none is asked unless named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What a capture gets from its caller beside what was asked for."""

    stamp: Callable[[bytes], bytes] | None = None
    """Returns the reply (RFC 3161) of a time-stamping authority over the bytes; raises `TimestampError`."""
    zone: tzinfo = UTC
    """The time zone of the machine."""
    recipients: tuple[Recipient, ...] = ()
    """To whom the recorded traffic itself is encrypted; without any it is destroyed when it was read."""
    interactive: Interactive | None = None
    """Who uses the window, with `CaptureOptions.interactive`."""


NOTHING = Outside()


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedFile:
    """One file of a capture."""

    path: str
    """Relative to the capture's folder, with forward slashes."""
    role: str
    """What the file is: ``wacz``, ``screenshot``, ``dom``… (files.py has them all)."""
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that was done to the page."""

    time: datetime
    name: str
    """``navigated``, ``scrolled``, ``dialog-answered``…"""
    detail: Mapping[str, Json] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """Return time, action and detail."""
        return {"time": utc_text(self.time), "action": self.name, **self.detail}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCapture:
    """A page as it was captured, and what is known of how."""

    url: str
    final_url: str
    started: datetime
    finished: datetime
    status: Status
    problems: tuple[Problem, ...]
    options: CaptureOptions
    recorder: str
    files: tuple[CapturedFile, ...]
    wacz: WaczSeal
    environment: dict[str, Json]
    """The short form of ``environment.json``."""
    actions: tuple[Action, ...]
    shots: int
    """How many were taken by hand."""
    page: dict[str, Json]
    """Title, language, redirects, status of the document and counts: the head of ``page.json``."""
