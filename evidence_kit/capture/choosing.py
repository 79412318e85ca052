"""Choose the recorder: on the wire if that can be, else by the browser, with the reason."""

from contextlib import ExitStack
from pathlib import Path

from evidence_kit.capture.browser_recorder import BrowserRecorder
from evidence_kit.capture.recorder import Recorder
from evidence_kit.capture.result import CaptureOptions
from evidence_kit.capture.wire_recorder import WireRecorder
from evidence_kit.errors import CaptureError
from evidence_kit.models import RecorderKind


def begin_recorder(recording: Path, options: CaptureOptions, running: ExitStack) -> tuple[Recorder, str]:
    """Return the recorder that *options* ask for, begun in *running*; it works in the folder *recording*.

    The text says why it is not the one that `RecorderKind.AUTO` prefers; else it is empty. Raises `CaptureError` when
    the one that was asked for by its name cannot begin, or the witness that was asked for is not there.
    """
    if options.recorder is RecorderKind.BROWSER:
        return running.enter_context(BrowserRecorder()), ""
    wire = WireRecorder(
        recording,
        connect_to=options.connect_to,
        limit=options.max_bytes,
        budgets=options.budgets,
        witness=options.witness,
        witness_optional=options.witness_optional,
    )
    try:
        return running.enter_context(wire), ""
    except CaptureError as error:
        if options.recorder is RecorderKind.WIRE or options.witness is not None:
            raise
        return running.enter_context(BrowserRecorder()), f"recorded by the browser, not on the wire: {error}"
