"""Where findings of one file are gathered while it is examined: bounded, and in a form that our JSON can hold."""

import re
from collections.abc import Iterable

from evidence_kit.canonical import Json
from evidence_kit.intake.facts.parts import Part
from evidence_kit.intake.findings import Finding, Source

MOST_FINDINGS = 3000
_MOST_TEXTS = 2_000_000
"""Characters of all values together, about."""
MOST_TEXT = 4000
"""Characters of one value; what is longer is cut, and the detail says so."""
_LARGEST = 2**53 - 1
_HALVES = re.compile("[\ud800-\udfff]")
_OF_DEVICE = re.compile("serial|ImageUniqueID|UniqueCameraID", re.IGNORECASE)


class Notes:
    """The findings of the file *file*, in the order in which they were made."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self._room = _MOST_TEXTS
        self._full = False

    def add(  # noqa: PLR0913  # the members of a finding and of its source
        self,
        code: str,
        value: Json,
        *,
        pointer: str = "",
        offset: int | None = None,
        length: int | None = None,
        detail: str = "",
    ) -> None:
        """Add a finding; when there is no room for more, one that says so."""
        self._room -= len(value) if isinstance(value, str) else 1
        if len(self.findings) >= MOST_FINDINGS or self._room < 0:
            if not self._full:
                self._full = True
                self._append("examination.cut", MOST_FINDINGS, "more findings than are kept", Source(file=self.file))
            return
        shown, said = held(value)
        source = Source(file=self.file, pointer=_text(pointer)[0], offset=offset, length=length)
        self._append(code, shown, " ".join(filter(None, (detail, said))), source)

    def findings_at(self, code: str, value: Json, source: Source, *, detail: str = "") -> None:
        """Add a finding with the *source* of another one."""
        self.add(code, value, pointer=source.pointer, offset=source.offset, length=source.length, detail=detail)

    def at(self, code: str, value: Json, part: Part, *, pointer: str = "", detail: str = "") -> None:
        """Add a finding whose source is the whole of *part*."""
        self.add(code, value, pointer=pointer, offset=part.offset, length=part.length, detail=detail)

    def _append(self, code: str, value: Json, detail: str, source: Source) -> None:
        self.findings.append(Finding(code=code, value=value, detail=_text(detail)[0], source=source))


def held(value: Json) -> tuple[Json, str]:
    """Return *value* so that our JSON can hold it, and what had to be changed for that."""
    match value:
        case str():
            return _text(value)
        case bool() | None:
            return value, ""
        case int():
            return (value, "") if abs(value) <= _LARGEST else (str(value), "")
        case list():
            members = [held(member) for member in value]
            return [member for member, _ in members], _joined(said for _, said in members)
        case dict():
            pairs = {name: held(member) for name, member in value.items()}
            return {name: pair[0] for name, pair in pairs.items()}, _joined(said for _, said in pairs.values())


def _joined(said: Iterable[str]) -> str:
    return " ".join(sorted({text for text in said if text}))


def _text(text: str) -> tuple[str, str]:
    said = ""
    if len(text) > MOST_TEXT:
        said = f"Cut: it has {len(text)} characters."
        text = text[:MOST_TEXT]
    if _HALVES.search(text):
        said = f"{said} Halves of surrogate pairs are replaced.".strip()
        text = _HALVES.sub("\ufffd", text)
    return text, said


def decoded(data: bytes) -> str:
    """Return *data* as text: UTF-8 if it is, else ISO 8859-1, without the zero bytes at its end."""
    data = data.rstrip(b"\0")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def is_of_device(name: str) -> bool:
    """Whether what is called *name* is a number of a camera, a lens or a picture: shown on demand only."""
    return bool(_OF_DEVICE.search(name))
