"""Which recorder is taken, and what is said when it is not the best one."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from evidence_kit.capture.choosing import begin_recorder
from evidence_kit.capture.result import CaptureOptions
from evidence_kit.errors import CaptureError
from evidence_kit.models import RecorderKind


def test_the_wire_is_preferred(tmp_path: Path) -> None:
    with ExitStack() as running:
        recorder, reason = begin_recorder(tmp_path, CaptureOptions(), running)

        assert (recorder.kind, reason) == (RecorderKind.WIRE, "")
        assert recorder.tap is not None


def test_without_a_relay_the_browser_records_and_the_reason_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No Python starts with this any more, and so no relay does.
    monkeypatch.setenv("PYTHONHOME", str(tmp_path / "nothing"))
    with ExitStack() as running:
        recorder, reason = begin_recorder(tmp_path, CaptureOptions(), running)

    assert recorder.kind is RecorderKind.BROWSER
    assert "the relay did not start" in reason


def test_a_wire_that_was_asked_for_is_not_replaced_silently(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", str(tmp_path / "nothing"))

    with ExitStack() as running, pytest.raises(CaptureError, match="the relay did not start"):
        begin_recorder(tmp_path, CaptureOptions(recorder=RecorderKind.WIRE), running)
