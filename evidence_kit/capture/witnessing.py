"""A witness of a capture: asked at its beginning, heard at its end, and compared with what we recorded ourselves."""

import json
from collections.abc import Iterator
from pathlib import Path

from evidence_kit.canonical import Json
from evidence_kit.capture.recorder import Recorded
from evidence_kit.errors import CaptureError, EvidenceError
from evidence_kit.models import Outcome, Problem
from evidence_kit.wire.witness.channel import Session, WitnessPlace
from evidence_kit.wire.witness.sessions import close_session, open_session
from evidence_kit.wire.witness.statements import (
    CERTIFICATES,
    LINES,
    SIGNATURES,
    check_statements,
    compare,
    read_certificates,
    read_statements,
)

REFUTED = "witness.refuted"
"""The code of an item whose witness signed something that does not hold, or not what was recorded."""
_MOST = 20


class Witnessing:
    """The session of one recording; its number lies in the recording's folder, for a capture that is interrupted."""

    def __init__(self, folder: Path, place: WitnessPlace | None, *, optional: bool) -> None:
        """Use the witness at *place*, if any; one that is *optional* may be missing."""
        self._note = folder / "witness.json"
        self._place = place
        self._optional = optional
        self._missing = ""

    def begin(self) -> Session | None:
        """Open the session; raises `CaptureError` when the witness is not there and must be."""
        if self._place is None:
            return None
        try:
            session = open_session(self._place)
        except CaptureError as error:
            if not self._optional:
                raise
            self._missing = str(error)
            return None
        self._note.write_text(json.dumps(session.to_json()), encoding="utf-8")
        return session

    def hear(self, recorded: Recorded) -> None:
        """Put into *recorded* what the witness signed, and everything that is wrong with it."""
        if self._missing:
            recorded.problems.append(Problem(code="witness.unreachable", detail=self._missing))
        if not self._note.exists():
            return
        try:
            session = Session.from_json(json.loads(self._note.read_text(encoding="utf-8")))
            recorded.statements, problem = close_session(session)
        except (CaptureError, ValueError, KeyError) as error:
            # A note that is torn is one of a session that never began.
            recorded.problems.append(Problem(code="witness.silent", detail=f"the witness signed nothing: {error}"))
            return
        if problem:
            recorded.problems.append(Problem(code="witness.unstamped", detail=problem[:500]))
        recorded.problems += judge_statements(recorded.statements, recorded.connections[1:])


def judge_statements(files: dict[str, bytes], account: list[dict[str, Json]]) -> Iterator[Problem]:
    """Yield what is wrong with a witness's *files*, held against the lines of *account* about connections."""
    try:
        statements = read_statements(files.get(LINES, b""), files.get(SIGNATURES, b""))
        wrong = [*check_statements(statements, read_certificates(files.get(CERTIFICATES, b"")))]
        found = [*compare(statements, account)]
    except EvidenceError as error:
        yield Problem(code=REFUTED, detail=f"what the witness sent cannot be used: {error}")
        return
    for detail in wrong[:_MOST]:
        yield Problem(code=REFUTED, detail=f"what the witness signed does not hold: {detail}")
    gaps = [each for each in found if each.outcome is not Outcome.PASSED]
    for each in gaps[:_MOST]:
        where = f"connection {each.connection}: " if each.connection else ""
        code = REFUTED if each.outcome is Outcome.FAILED else "witness.missing"
        yield Problem(code=code, detail=f"{where}{each.detail}")
    if len(gaps) > _MOST:
        yield Problem(code="witness.missing", detail=f"and {len(gaps) - _MOST} connections more")
