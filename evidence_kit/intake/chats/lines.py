"""Reading a line of a messages file back: exactly what `Message.to_json` makes, nothing else."""

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.errors import FormatError
from evidence_kit.intake.chats.models import Attachment, Message, Reaction
from evidence_kit.intake.findings import Source


def parse_message(line: bytes) -> Message:
    """Return the message of one line; raises `FormatError` unless it is the line that the message makes."""
    value = canonical.loads(line)
    try:
        message = _message(_object(value))
    except (KeyError, TypeError) as error:
        raise FormatError("a line of a messages file is no message") from error
    if message.to_json() != value:
        raise FormatError("a line of a messages file holds something that is no part of a message")
    return message


def _message(value: dict[str, Json]) -> Message:
    return Message(
        number=_whole(value["number"]),
        sender=_maybe_whole(value["sender"]),
        time=_maybe_text(value["time"]),
        time_as_told=_text(value["time_as_told"]),
        zone=_text(value["zone"]),
        local=_text(value.get("local", "")),
        kind=_text(value["kind"]),
        text=_text(value["text"]),
        attachments=tuple(_attachment(_object(one)) for one in _list(value.get("attachments", []))),
        edited=_maybe_text(value.get("edited")),
        reactions=tuple(_reaction(_object(one)) for one in _list(value.get("reactions", []))),
        reply_to=_maybe_whole(value.get("reply_to")),
        subject=_text(value.get("subject", "")),
        forwarded=_text(value.get("forwarded", "")),
        repaired=value.get("repaired") is True,
        source=_source(_object(value["source"])),
    )


def _attachment(value: dict[str, Json]) -> Attachment:
    return Attachment(
        name=_text(value["name"]),
        file=_text(value.get("file", "")),
        pointer=_text(value.get("pointer", "")),
        sha256=_text(value.get("sha256", "")),
        bytes=_maybe_whole(value.get("bytes")),
        media_type=_text(value.get("media_type", "")),
    )


def _reaction(value: dict[str, Json]) -> Reaction:
    return Reaction(text=_text(value["text"]), by=_maybe_whole(value["by"]), count=_whole(value["count"]))


def _source(value: dict[str, Json]) -> Source:
    return Source(
        file=_text(value["file"]),
        pointer=_text(value.get("pointer", "")),
        offset=_maybe_whole(value.get("offset")),
        length=_maybe_whole(value.get("length")),
    )


def _object(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _maybe_text(value: Json) -> str | None:
    return None if value is None else _text(value)


def _whole(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def _maybe_whole(value: Json) -> int | None:
    return None if value is None else _whole(value)
