"""One shot of a page that a person has in front of them: what its window shows, and all that is taken at a page's end.

Nothing is scrolled or waited for: the page is taken as it is at that moment. Its files lie in ``shots/01/`` and so on;
``shots.json`` (schema ``evidence-kit/shots/1``) says of each shot when, where and what.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from evidence_kit.browser.cdp import BrowserGoneError, ProtocolError
from evidence_kit.canonical import Json, pretty
from evidence_kit.capture import snapshots
from evidence_kit.capture.files import SHOT, SHOTS
from evidence_kit.capture.inventory import clean, cleaned
from evidence_kit.capture.result import CapturedFile
from evidence_kit.capture.snapshots import Snapshots, Taking
from evidence_kit.capture.windows import Window
from evidence_kit.models import Problem, parse_utc, utc_text

_LAST_SECONDS = 1.0
"""For asking where the page is when everything else has used up all the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One shot, however it went."""

    number: int
    window: int
    began: datetime
    finished: datetime
    url: str
    title: str
    lang: str
    note: str
    """What the person wrote about it."""
    screenshot: tuple[int, int] | None
    taken: Mapping[str, datetime]
    """When each file was taken, by its role."""
    problems: tuple[Problem, ...]

    @property
    def whole(self) -> bool:
        """Whether rendered DOM and picture of the whole page were taken, without which no shot is."""
        return "dom" in self.taken and self.screenshot is not None

    def files(self) -> tuple[CapturedFile, ...]:
        """Return its files, their paths relative to the item."""
        return tuple(
            CapturedFile(path=f"shots/{self.number:02d}/{file.path}", role=file.role, media_type=file.media_type)
            for file in SHOT
            if file.role in self.taken
        )

    def to_json(self) -> dict[str, Json]:
        """Return the member of ``shots.json``."""
        return {
            "number": self.number,
            "window": self.window,
            "began": utc_text(self.began),
            "finished": utc_text(self.finished),
            "url": self.url,
            "title": self.title,
            "lang": self.lang,
            "note": self.note,
            "screenshot": list(self.screenshot) if self.screenshot else None,
            "taken": {role: utc_text(moment) for role, moment in self.taken.items()},
            "problems": [problem.to_json() for problem in self.problems],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Shot":
        """Read what `to_json` wrote."""
        return cls(
            **{name: value[name] for name in ("number", "window", "url", "title", "lang", "note")},
            began=parse_utc(value["began"]),
            finished=parse_utc(value["finished"]),
            screenshot=tuple(value["screenshot"]) if value["screenshot"] else None,
            taken={role: parse_utc(moment) for role, moment in value["taken"].items()},
            problems=tuple(Problem(**problem) for problem in value["problems"]),
        )


async def take_shot(window: Window, number: int, *, note: str, folder: Path, seconds: float) -> Shot:
    """Take the page of *window* into the item's *folder*, within *seconds*; what fails is a problem of the shot."""
    page, into = window.page, Snapshots()
    began = page.now()
    deadline = asyncio.get_running_loop().time() + seconds
    target = folder / "shots" / f"{number:02d}"
    taking = Taking(driver=page, folder=target, deadline=deadline, into=into)
    try:
        async with asyncio.timeout_at(deadline + _LAST_SECONDS):
            await snapshots.take(taking)
    except (ProtocolError, BrowserGoneError, TimeoutError) as error:
        detail = str(error) or f"the page was not taken within {seconds:g} s"
        into.problems.append(Problem(code="page.unresponsive", detail=detail))
    named = [Problem(code=each.code, detail=f"shot {number}: {each.detail}") for each in into.problems]
    return Shot(
        number=number,
        window=window.number,
        began=began,
        finished=page.now(),
        url=into.final_url or clean(window.url),
        title=into.title,
        lang=into.lang,
        note=clean(note),
        screenshot=into.screenshot,
        taken=dict(into.taken),
        problems=tuple(named),
    )


def write_shots(folder: Path, shots: Sequence[Shot]) -> None:
    """Write ``shots.json`` into the item's *folder*."""
    document: dict[str, Json] = {"schema": "evidence-kit/shots/1", "shots": [shot.to_json() for shot in shots]}
    (folder / SHOTS.path).write_bytes(pretty(cleaned(document)))
