"""What is known of one supplied file: its kind, its measures, and every finding with its source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from evidence_kit.canonical import Json
from evidence_kit.case.supply import ON_DEMAND
from evidence_kit.errors import FormatError
from evidence_kit.intake.findings import Finding, Source


def shown_on_demand(finding: Finding) -> bool:
    """Return whether *finding* is to be shown only to who asks for it."""
    return finding.code.startswith(ON_DEMAND)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """Facts about one file, in the order in which they were read."""

    file: str
    """Path in the item, such as ``original/0001.jpg``."""
    kind: str
    """One of `evidence_kit.intake.facts.media_types.Kind`."""
    media_type: str
    """Told from the bytes."""
    width: int | None = None
    """In pixels as stored, before any turning that its facts ask for; None for what has no such measure."""
    height: int | None = None
    findings: tuple[Finding, ...] = ()
    perceptual: dict[str, str] = field(default_factory=dict)
    """``pdq`` (256 bits), ``pdq_quality`` (0 to 100) and ``phash`` (64 bits), as text; empty if there are none."""

    def to_json(self) -> dict[str, Json]:
        """Return the object that stands in the item."""
        return {
            "file": self.file,
            "kind": self.kind,
            "media_type": self.media_type,
            "width": self.width,
            "height": self.height,
            "findings": [finding.to_json() for finding in self.findings],
            "perceptual": dict(self.perceptual),
        }

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Return the facts that `to_json` gave as *value*; raises `FormatError` for anything else."""
        members = _object(value, {"file", "kind", "media_type", "width", "height", "findings", "perceptual"}, set())
        findings = members["findings"]
        if not isinstance(findings, list):
            raise FormatError("facts: findings are no list")
        perceptual = _object(members["perceptual"], set(), {"pdq", "pdq_quality", "phash"})
        return cls(
            file=_text(members["file"]),
            kind=_text(members["kind"]),
            media_type=_text(members["media_type"]),
            width=_count(members["width"]),
            height=_count(members["height"]),
            findings=tuple(_finding(finding) for finding in findings),
            perceptual={name: _text(value) for name, value in perceptual.items()},
        )


def _finding(value: Json) -> Finding:
    members = _object(value, {"code", "value", "source"}, {"detail"})
    source = _object(members["source"], {"file"}, {"pointer", "offset", "length"})
    return Finding(
        code=_text(members["code"]),
        value=members["value"],
        detail=_text(members.get("detail", "")),
        source=Source(
            file=_text(source["file"]),
            pointer=_text(source.get("pointer", "")),
            offset=_count(source.get("offset")),
            length=_count(source.get("length")),
        ),
    )


def _object(value: Json, needed: set[str], allowed: set[str]) -> Mapping[str, Json]:
    if not isinstance(value, dict) or not needed <= value.keys() <= needed | allowed:
        raise FormatError("facts: an object has other members than it should")
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise FormatError("facts: something is no text that should be")
    return value


def _count(value: Json) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise FormatError("facts: something is no count that should be")
    return value
