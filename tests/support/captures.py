"""Run captures in tests: the browser of this machine, a real clock, everything else as in a case."""

import os
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.browser.find import find_browser
from evidence_kit.capture import CaptureOptions, PageCapture, capture_page
from evidence_kit.capture.result import NOTHING, Outside
from evidence_kit.models import OnStep, RecorderKind, ignore

recorder: ContextVar[RecorderKind] = ContextVar("recorder", default=RecorderKind.WIRE)
"""The recorder of a test that names none."""

WARCINFO = {"software": "evidence_kit tests", "format": "WARC File Format 1.1"}


def now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


def capture(
    url: str,
    folder: Path,
    options: CaptureOptions | None = None,
    on_step: OnStep = ignore,
    outside: Outside = NOTHING,
) -> PageCapture:
    """Capture *url* into *folder*; the test is skipped, and says so, where there is no browser."""
    browser = find_browser(os.environ)
    if browser is None:
        pytest.skip("NOT TESTED: no browser on this machine")
    chosen = options or CaptureOptions(timeout=16)
    if chosen.recorder is RecorderKind.AUTO:
        chosen = replace(chosen, recorder=recorder.get())
    return capture_page(
        url,
        folder,
        options=chosen,
        browser=browser,
        warcinfo=WARCINFO,
        clock=now,
        outside=outside,
        on_step=on_step,
    )


def codes(result: PageCapture) -> list[str]:
    """Return the codes of a capture's problems."""
    return [problem.code for problem in result.problems]


def actions(result: PageCapture, name: str) -> list[dict[str, object]]:
    """Return the details of the actions called *name*."""
    return [dict(action.detail) for action in result.actions if action.name == name]
