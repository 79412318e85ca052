"""``facts.json`` of an item, no larger than is read again, whatever was found in however many files.

Every file has the same share of the room, and what few need is there for those that come first. A file whose findings
do not fit keeps the first of them, and says so (``examination.cut``).
"""

from dataclasses import replace

from evidence_kit.canonical import Json, pretty
from evidence_kit.intake.facts.file_facts import FileFacts
from evidence_kit.intake.findings import Finding, Source

_ROOM = 60 * 1024 * 1024
"""Bytes of all members; below what readers take (`evidence_kit.case.supply.LARGEST`)."""
_CUT = "the item has room for no more; examined in an item of fewer files it has them all"


class FactsDocument:
    """The file while it grows."""

    def __init__(self, count: int) -> None:
        """Begin the facts about *count* files."""
        self._members: list[bytes] = []
        self._share = _ROOM // 2 // max(count, 1)
        self._common = _ROOM // 2

    def add(self, facts: FileFacts) -> None:
        """Add what is known of the next file."""
        room = self._share + self._common
        data = _indented(facts.to_json())
        if len(data) > room:
            data = _indented(_fitting(facts, room).to_json())
        self._common -= max(0, len(data) - self._share)
        self._members.append(data)

    def to_bytes(self) -> bytes:
        """Return the file, in the form of `pretty`."""
        head = b'{\n  "schema": "evidence-kit/facts/1",\n  "files": ['
        return head + b",".join(self._members) + (b"\n  ]\n}\n" if self._members else b"]\n}\n")


def _fitting(facts: FileFacts, room: int) -> FileFacts:
    cut = Finding(code="examination.cut", value=len(facts.findings), detail=_CUT, source=Source(file=facts.file))
    room -= len(_indented(replace(facts, findings=(cut,)).to_json()))
    kept: list[Finding] = []
    for finding in facts.findings:
        room -= len(_indented({"": finding.to_json()}))
        if room < 0:
            break
        kept.append(finding)
    return replace(facts, findings=(*kept, cut))


def _indented(value: Json) -> bytes:
    """Return *value* as a member of a list that stands in an object, after its line end."""
    return (b"\n" + pretty(value).rstrip(b"\n")).replace(b"\n", b"\n    ")
