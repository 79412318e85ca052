"""Begin an item, and make what was staged of it one: what recording a page and taking things in have in common."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence_kit.canonical import Json
from evidence_kit.case.bracket import Opening, open_bracket
from evidence_kit.case.describe import describe_item
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import ItemRecord, commit_item
from evidence_kit.case.sealed import REGISTER_ROLE
from evidence_kit.case.stamping import Stamping, head_tokens, record_authority, stamp_head
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft
from evidence_kit.custody.log import links_of
from evidence_kit.custody.recipients import Use
from evidence_kit.custody.subjects import attachment
from evidence_kit.errors import TimestampError
from evidence_kit.models import Problem, Status
from evidence_kit.plain import read_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenItem:
    """A committed item and what the command answers about it."""

    id: str
    status: Status
    answer: dict[str, Json]
    """One member of ``items[]``."""
    unstamped: tuple[str, ...]
    """Why time stamps are still pending; empty when none are asked for or all are there."""


def bracket(stamping: Stamping) -> tuple[tuple[Opening, bytes] | None, tuple[Problem, ...]]:
    """Return what opens the item's bracket, with the stamp; None, and why, when no authority answers or none is set."""
    try:
        return open_bracket(stamping), ()
    except TimestampError as error:
        return None, (Problem(code="bracket.unstamped", detail=str(error)),)


def begin_item(
    case: CaseFolder, start: Draft, custodian: Custodian, stamping: Stamping, *, subjects: Sequence[str]
) -> str:
    """Commit *start*, and whom the item concerns, before anything else is done; return the new item's id.

    Raises `CaseError`.
    """
    item = case.commit(start, custodian, new_item=True).item or ""
    for subject in subjects:
        case.commit(attachment(item, subject), custodian)
    stamp_head(case, stamping)
    return item


def conclude_item(  # noqa: PLR0913  # what is committed, by whom
    case: CaseFolder,
    record: ItemRecord,
    custodian: Custodian,
    stamping: Stamping,
    *,
    tokens: Iterable[Path],
    note: str = "",
    subjects: Sequence[str] = (),
) -> TakenItem:
    """Make the staged folder of *record* an item, and stamp the log over it; raises `CaseError`.

    Its files are encrypted if the case names recipients of content; of sealed ones nothing is left to encrypt.
    *tokens* are the files of the item that hold time stamps, if they are there: the case keeps their authorities.
    """
    for token in tokens:
        if token.exists():
            record_authority(case, stamping, read_plain(token))
    is_sealed = any(file.role == REGISTER_ROLE for file in record.files)
    recipients = () if is_sealed else case.recipients(Use.CONTENT, subjects)
    seq = commit_item(case, record, custodian, note=note, recipients=recipients).seq
    return stamped_item(case, record.id, record.status, stamping, seq=seq, subjects=subjects)


def stamped_item(  # noqa: PLR0913  # an item as the log has it
    case: CaseFolder, item: str, status: Status, stamping: Stamping, *, seq: int, subjects: Sequence[str]
) -> TakenItem:
    """Stamp the log over the *item* that event *seq* committed, and return it; raises `CaseError`."""
    unstamped = stamp_head(case, stamping)
    heads = head_tokens(case, links_of(*case.log_bytes()), since=seq)
    asked = bool(stamping.tsa)
    return TakenItem(
        id=item,
        status=status,
        answer=describe_item(case, item, seq=seq, tokens=heads, stamping_asked=asked, subjects=subjects),
        unstamped=tuple(unstamped),
    )
