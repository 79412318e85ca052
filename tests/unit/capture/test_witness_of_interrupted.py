"""The witness of a capture that is interrupted is remembered with everything else that was asked for."""

import json
from datetime import UTC, datetime
from pathlib import Path

from evidence_kit.capture.completing import Beginning
from evidence_kit.capture.result import CaptureOptions
from evidence_kit.capture.witnessing import Witnessing
from evidence_kit.models import RecorderKind
from evidence_kit.wire.witness.channel import Session, WitnessPlace

PLACE = WitnessPlace(host="::1", port=8443, key="key.pem", trusted="PEM", pins=("00",))


def test_what_a_capture_began_with_is_read_back() -> None:
    for witness in (PLACE, None):
        beginning = Beginning(
            url="https://social.example/",
            recorder=RecorderKind.WIRE,
            started=datetime.now(UTC),
            options=CaptureOptions(recorder=RecorderKind.WIRE, witness=witness, witness_optional=True),
            warcinfo={"software": "tests"},
        )

        assert Beginning.from_json(json.loads(json.dumps(beginning.to_json()))) == beginning


def test_what_began_before_there_were_labels_and_training_authorities_is_read_back() -> None:
    beginning = Beginning(
        url="https://social.example/",
        recorder=RecorderKind.WIRE,
        started=datetime.now(UTC),
        options=CaptureOptions(recorder=RecorderKind.WIRE),
        warcinfo={},
    )
    noted = json.loads(json.dumps(beginning.to_json()))
    del noted["options"]["training_ca"], noted["options"]["label"]

    assert Beginning.from_json(noted) == beginning


def test_a_session_is_read_back_from_the_folder_of_the_recording(tmp_path: Path) -> None:
    session = Session(place=PLACE, number="0" * 32)

    assert Session.from_json(json.loads(json.dumps(session.to_json()))) == session
    assert Witnessing(tmp_path, None, optional=False).begin() is None
    assert PLACE.address == "[::1]:8443"
