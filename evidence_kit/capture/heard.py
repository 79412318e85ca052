"""What a capture is to do, and what it has come to know."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from evidence_kit.browser.cdp import Connection
from evidence_kit.canonical import Json
from evidence_kit.capture.driver import Visit
from evidence_kit.capture.errands import Errand
from evidence_kit.capture.journal import Journal
from evidence_kit.capture.observer import Observer
from evidence_kit.capture.result import CaptureOptions, Outside
from evidence_kit.capture.sessions import Sessions
from evidence_kit.capture.shots import Shot
from evidence_kit.capture.snapshots import Snapshots
from evidence_kit.capture.spool import Spool
from evidence_kit.capture.surroundings import Surroundings
from evidence_kit.capture.traffic import Traffic
from evidence_kit.models import Clock, OnStep, Problem

_FINISH_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be captured, where to, and how."""

    url: str
    folder: Path
    options: CaptureOptions
    outside: Outside
    clock: Clock
    on_step: OnStep


@dataclass(slots=True, kw_only=True)
class Heard:
    """What a capture has come to know; filled while it runs, so that an end midway loses nothing."""

    traffic: Traffic
    spool: Spool
    visit: Visit = field(default_factory=Visit)
    snapshots: Snapshots = field(default_factory=Snapshots)
    surroundings: Surroundings = field(default_factory=Surroundings)
    problems: list[Problem] = field(default_factory=list)
    token: Errand[bytes] | None = None
    """Where the time stamp over the freeze will come from."""
    browser: dict[str, Json] = field(default_factory=dict)
    crashed: bool = False
    interrupted: bool = False
    """Whether our own process was ended midway."""
    ended: datetime | None = None
    """When that was; None for a capture that ends when it is written."""
    downloads: list[str] = field(default_factory=list)
    shots: list[Shot] = field(default_factory=list)
    """What was taken by hand, in order."""
    frames: set[str] = field(default_factory=set)
    """Ids of the main frames of all windows that were used by hand."""

    def take_shot(self, shot: Shot) -> None:
        """Add *shot*; title, language and last address of the capture are those of the last one."""
        self.shots.append(shot)
        self.snapshots.final_url, self.snapshots.title, self.snapshots.lang = shot.url, shot.title, shot.lang
        self.snapshots.screenshot, self.snapshots.loader = shot.screenshot, ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Underway:
    """Everything that takes part in a capture while the browser runs."""

    connection: Connection
    sessions: Sessions
    observer: Observer
    journal: Journal
    task: Task
    heard: Heard
    full: Callable[[], bool]
    """Whether so much was recorded that no more is."""

    async def finish(self, session: str) -> None:
        """Wait for what is still being taken, and ask over *session* for what the browser knows of servers."""
        await self.observer.finish(_FINISH_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FINISH_SECONDS):
                await self.heard.surroundings.ask_certificates(self.connection, session, self.heard.traffic.hops)
