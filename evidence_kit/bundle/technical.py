"""The technical report of an exhibit, for machines: everything the report's pages say of how it was made.

It is attached to the volume that holds the exhibit, as ``EV-0001.json``. The text of the page, and of messages, is not
in it.
"""

from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from pathlib import Path

from evidence_kit import canonical
from evidence_kit.bundle.report_model import Exhibit
from evidence_kit.bundle.transcript_parts import Conversations
from evidence_kit.canonical import Json
from evidence_kit.errors import ReportError
from evidence_kit.models import Digest, utc_text

_SCHEMA = "evidence-kit/technical-report/1"


def technical_report(exhibit: Exhibit) -> bytes:
    """Return the canonical JSON; raises `ReportError` for a value that has no form in it."""
    told = _plain(replace(exhibit, visible_text="", conversations=_without_texts(exhibit.conversations)))
    if not isinstance(told, dict):
        raise ReportError("an exhibit is not an object")
    return canonical.dumps({"schema": _SCHEMA, **told})


def _without_texts(conversations: Conversations | None) -> Conversations | None:
    """Return *conversations*, in their transcripts which messages were printed and where they stand."""
    if conversations is None:
        return None
    transcripts = tuple(
        replace(each, messages=tuple(replace(message, subject="", text="") for message in each.messages))
        for each in conversations.transcripts
    )
    return replace(conversations, transcripts=transcripts)


def _plain(value: object) -> Json:
    """Leave out what is empty, and paths of this computer."""
    match value:
        case bool() | int() | str():
            return value
        case datetime():
            return utc_text(value)
        case Digest():
            return value.hex
        case tuple():
            return [_plain(member) for member in value]
    if is_dataclass(value) and not isinstance(value, type):
        told = {each.name: getattr(value, each.name) for each in fields(value)}
        return {
            name: _plain(member)
            for name, member in told.items()
            if member not in (None, "", ()) and not isinstance(member, Path)
        }
    raise ReportError(f"a technical report cannot tell a {type(value).__name__}")
