"""The bracket of an item: that its archive names the stamp taken before its capture, and between which times it is."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from evidence_kit.archive.warcinfo import read_warcinfo
from evidence_kit.canonical import Json
from evidence_kit.case.bracket import NONCE_FIELD, START_TOKEN, TOKEN_FIELD, Opening
from evidence_kit.case.encrypted import AGE
from evidence_kit.case.items import parse_item, was_sealed
from evidence_kit.case.layout import CAPTURE_ARCHIVE, SUPPLIED_ARCHIVE
from evidence_kit.custody.events import HALVES, EventType
from evidence_kit.errors import EvidenceError, FormatError
from evidence_kit.models import Trust, utc_text
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.timestamps import Token, read_reply
from evidence_kit.verify.contents import ItemContents, item_contents
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import CaseFiles

if TYPE_CHECKING:
    from evidence_kit.verify.history import History


def check_bracket(
    exam: Examination, files: CaseFiles, history: "History", item: str, certificates: Sequence[Certificate]
) -> None:
    """Check the bracket of *item*, if its start event tells of one or a stamp lies in it."""
    folder = f"items/{item}/"
    name = folder + START_TOKEN
    start = next((e for e in history.told.halves if e.item == item and e.type in HALVES), None)
    supplied = start is not None and start.type == EventType.IMPORT_STARTED
    wacz = folder + (SUPPLIED_ARCHIVE if supplied else CAPTURE_ARCHIVE)
    told = start.detail.get("not_before") if start else None
    archived = files.has(wacz) or files.has(f"{wacz}{AGE}")
    if (told is None and not files.has(name)) or (not files.has(name) and not archived):
        return  # no authority was asked, or the capture failed and left no archive
    try:
        opening = Opening.from_json(told)
        if opening is None:
            message = "the event that began the item names no such time stamp"
            raise FormatError(message)
        token = read_reply(files.read(name), opening.nonce, certificates)
    except EvidenceError as error:
        exam.failed("item.bracket", files.shown(name), str(error))
        return
    record = _record(files, folder)
    found = item_contents(files, folder, record, exam.identities)
    # The archive of an item that was sealed, as it was captured or later, is encrypted.
    encased = item in history.told.sealings or (start is not None and was_sealed(start) and not archived)
    archive = None if encased else wacz
    problems = [(files.shown(name), why) for why in _contradictions(found, record, archive, opening)]
    locked = found.locked.get(wacz.removeprefix(folder))
    if locked:
        exam.not_checked("item.bracket", files.shown(wacz), locked)
    if problems:
        exam.concluded("item.bracket", files.shown(name), problems)
    else:
        trust = exam.believe(token.certificate, certificates, token.time).trust
        _conclude(exam, files.shown(name), item, token, history, believed=trust is not Trust.CLAIMED)


def _record(files: CaseFiles, folder: str) -> dict[str, Json]:
    try:
        return parse_item(files.read(f"{folder}item.json"))
    except FormatError:
        return {}  # told by the check of the record


def _contradictions(found: ItemContents, record: dict[str, Json], wacz: str | None, opening: Opening) -> Iterator[str]:
    if found.files.digest(found.folder + START_TOKEN) != opening.token:
        yield "it is another time stamp than the event that began the item names"
    if record.get("not_before") != opening.to_json():
        yield "item.json does not name it"
    if wacz is None or wacz.removeprefix(found.folder) in found.locked:
        return
    try:
        with found.files.open(wacz) as stream:
            fields = read_warcinfo(stream)
    except (FormatError, OSError) as error:
        yield str(error)
        return
    if (fields.get(NONCE_FIELD), fields.get(TOKEN_FIELD)) != (opening.nonce.hex, str(opening.token)):
        yield "the web archive's first record does not name it"


def _conclude(  # noqa: PLR0913  # what is concluded of which item, from what
    exam: Examination, subject: str, item: str, token: Token, history: "History", *, believed: bool
) -> None:
    opened, closed, trusted = token.time, *_closed(history, item)
    if closed is None:
        exam.passed("item.bracket", subject, f"opened at {utc_text(opened)}; no time stamp covers the item yet")
        return
    if closed < opened:
        times = f"{utc_text(opened)} and {utc_text(closed)}"
        exam.not_checked("item.bracket", subject, f"the clocks of the authorities do not agree: {times}")
        return
    trusted = trusted and believed
    doubt = "" if trusted else " (by an authority that is not established)"
    times = f"between {utc_text(opened)} and {utc_text(closed)}"
    exam.passed("item.bracket", subject, f"archive assembled {times}{doubt}")
    known = exam.facts.setdefault("assembled", {})
    if isinstance(known, dict):
        between: dict[str, Json] = {"from": utc_text(opened), "to": utc_text(closed), "trusted": trusted}
        known[item] = between


def _closed(history: "History", item: str) -> tuple[datetime | None, bool]:
    """Return the earliest time that covers the commit of *item*, of trusted stamps if there is one, and whether."""
    event = history.committed.get(item)
    if event is None:
        return None, False
    covering = [token.time for token in history.tokens if token.seq >= event.seq]
    believed = history.trusted_time(event.seq)
    return believed or min(covering, default=None), believed is not None
