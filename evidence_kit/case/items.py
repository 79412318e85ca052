"""Items: ``item.json`` and what the log adds to it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.case.durable import sync_tree, write_new
from evidence_kit.case.encrypted import AGE, Content, exchange, is_kept_readable
from evidence_kit.case.folder import CaseFolder, Committed
from evidence_kit.case.manifest import NAME, build_manifest
from evidence_kit.case.staging import recording_of
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import ENDS, HALVES, Draft, Event, EventType
from evidence_kit.errors import CaseError, FormatError, IntegrityError
from evidence_kit.models import Digest, Problem, Status, utc_text
from evidence_kit.plain import read_plain
from evidence_kit.trust.age import Recipient
from evidence_kit.trust.digests import sha256_bytes, sha256_file

SCHEMA = "evidence-kit/item/1"
CAPTURED, SUPPLIED, DERIVED = "captured", "supplied", "derived"
"""Where an item comes from: this kit recorded it, somebody handed it over, or it was made of items that were there."""
SOURCES: Mapping[str, str] = MappingProxyType(
    {
        EventType.CAPTURE_STARTED: CAPTURED,
        EventType.IMPORT_STARTED: SUPPLIED,
        EventType.DERIVATION_STARTED: DERIVED,
    }
)
"""The same by the event that begins the item."""
INTERRUPTED = "capture.interrupted"
"""Code of the problem of an item made of what was left when a capture was killed."""
_MANIFESTED = frozenset({*ENDS, EventType.ITEM_SEALED})
_RECORDED = frozenset({Status.COMPLETE, Status.INCOMPLETE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFile:
    """One file of an item: path in the item's folder, role, media type."""

    path: str
    role: str
    media_type: str
    content: Content | None = None
    """What it holds, where it is an age file of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRecord:
    """What becomes ``item.json``: everything known before the manifest, nothing known only after it.

    Of what was not captured the addresses and the recorder are empty.
    """

    id: str
    case: str
    source: str
    status: Status
    url: str
    final_url: str
    started: datetime
    finished: datetime
    recorder: str
    problems: tuple[Problem, ...]
    files: tuple[ItemFile, ...]
    shots: int | None = None
    """How many were taken by hand; None for a capture that went on by itself."""
    http_status: int | None = None
    """Of the page's own document; None when no server answered."""
    detail: dict[str, Json] = field(default_factory=dict)
    """``environment``, ``actions``, ``page``, ``wacz``, ``supplied``… as the source gives them."""

    def to_json(self, folder: Path) -> dict[str, Json]:
        """Return the document, each file of *folder* with its digest and size."""
        return {
            "schema": SCHEMA,
            "id": self.id,
            "case": self.case,
            "source": self.source,
            "status": str(self.status),
            "url": self.url,
            "final_url": self.final_url,
            "http_status": self.http_status,
            "started": utc_text(self.started),
            "finished": utc_text(self.finished),
            "recorder": self.recorder,
            "problems": [problem.to_json() for problem in self.problems],
            "files": [file_json(folder, file) for file in self.files],
            **self.detail,
        }


def commit_item(
    case: CaseFolder,
    record: ItemRecord,
    custodian: Custodian,
    *,
    note: str = "",
    recipients: Sequence[Recipient] = (),
) -> Committed:
    """Make the staged folder of *record* an item: ``item.json``, manifest, seal, event. Raises `CaseError`.

    Its files are encrypted to *recipients*, if there are any.
    """
    folder = case.staging / record.id
    drop_empty_folders(folder)
    if recipients:
        record = _encrypted(folder, record, recipients)
    write_new(folder / "item.json", canonical.pretty(record.to_json(folder)))
    manifest = build_manifest(folder)
    write_new(folder / NAME, manifest)
    sync_tree(folder)
    seal = custodian.sign_file(manifest)
    begun = next(type_ for type_, source in SOURCES.items() if source == record.source)
    draft = Draft(
        type=EventType(HALVES[begun]),
        item=record.id,
        digests={
            f"items/{record.id}/{NAME}": sha256_bytes(manifest),
            f"seals/{record.id}/{NAME}.p7s": sha256_bytes(seal),
        },
        outcome=str(record.status),
        note=note,
        detail=_told(record),
    )
    return case.commit(draft, custodian, staged=True, seals={f"{record.id}/{NAME}.p7s": seal})


def _told(record: ItemRecord) -> dict[str, Json]:
    """Return what the event that commits the item says of it."""
    if record.source != CAPTURED:
        return {key: record.detail[key] for key in ("supplied", "derived_from", "method") if key in record.detail}
    return {
        "url": record.url,
        "final_url": record.final_url,
        "http_status": record.http_status,
        "recorder": record.recorder,
        **({} if record.shots is None else {"shots": record.shots}),
        **(
            {"address_commitment": record.detail["address_commitment"]} if "address_commitment" in record.detail else {}
        ),
    }


def _encrypted(folder: Path, record: ItemRecord, recipients: Sequence[Recipient]) -> ItemRecord:
    """Put age files in the place of the staged files with content, and return *record* with those."""
    wanted = [file.path for file in record.files if not is_kept_readable(file.role)]
    found = exchange(folder, recording_of(folder), wanted, recipients)
    files = (
        replace(file, path=f"{file.path}{AGE}", content=found[file.path]) if file.path in found else file
        for file in record.files
    )
    return replace(record, files=tuple(files))


def drop_empty_folders(folder: Path) -> None:
    """Remove what was made for files that then could not be had: no list could name it."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One item number ever given out: what was tried, and what came of it."""

    item: str
    started_seq: int
    started: datetime
    source: str
    """``captured``, ``supplied`` or ``derived``."""
    url: str
    """Empty for what was not captured."""
    outcome: str
    """``complete``, ``incomplete``, ``failed``, or ``abandoned`` when nothing followed the start."""
    finished_seq: int | None = None
    http_status: int | None = None
    manifest: Digest | None = None
    files: int = 0
    """How many were handed over, or were to be where nothing followed."""
    sealed: bool = False
    """Whether it was sealed as it came, or was to be, or was sealed later."""
    made_of: tuple[str, ...] = ()
    """The items of which a derived one was made, or was to be."""


def attempts(events: Sequence[Event]) -> list[Attempt]:
    """Return everything that was tried in a case, in the order of the log."""
    ends = {event.item: event for event in events if event.type in ENDS}
    manifests = manifests_of(events)
    later = {event.item for event in events if event.type == EventType.ITEM_SEALED}
    found = []
    for event in events:
        if event.type not in HALVES or event.item is None:
            continue
        end = ends.get(event.item)
        answered = end.detail.get("http_status") if end else None
        found.append(
            Attempt(
                item=event.item,
                started_seq=event.seq,
                started=event.time,
                source=SOURCES[event.type],
                url=str(event.detail.get("url", "")),
                files=_handed_over(event, end),
                sealed=was_sealed(event) or event.item in later,
                made_of=tuple(_made_of(event)),
                outcome=end.outcome if end else "abandoned",
                finished_seq=end.seq if end else None,
                http_status=answered if isinstance(answered, int) else None,
                manifest=manifests.get(event.item),
            )
        )
    return found


def manifests_of(events: Iterable[Event]) -> dict[str, Digest | None]:
    """Return the manifest that each item has after *events*: it changes once, if it is sealed."""
    return {event.item: event.manifest for event in events if event.type in _MANIFESTED and event.item}


def _handed_over(start: Event, end: Event | None) -> int:
    told = end.detail.get("supplied") if end else start.detail.get("asked")
    count = told.get("files") if isinstance(told, dict) else 0
    return count if isinstance(count, int) else 0


def was_sealed(start: Event) -> bool:
    """Whether *start*, the beginning of an item, says that it is sealed as it comes."""
    asked = start.detail.get("asked", start.detail)
    return isinstance(asked, dict) and asked.get("sealed") is True


def sealed_to(start: Event) -> Json:
    """Return to whom *start*, the beginning of a sealed item, says that it is sealed."""
    asked = start.detail.get("asked", start.detail)
    return asked.get("recipients") if isinstance(asked, dict) else None


def _made_of(start: Event) -> Iterator[str]:
    parents = start.detail.get("derived_from")
    for parent in parents if isinstance(parents, list) else ():
        if isinstance(parent, dict):
            yield str(parent.get("item"))


def recorded_links(case: CaseFolder) -> dict[str, Attempt]:
    """Return each link of which *case* has a record, complete or not, with the last attempt that made one.

    Attempts that failed, were abandoned or were interrupted are none. Raises `IntegrityError` for a log that does not
    hold together, `CaseError` for an item that cannot be read.
    """
    log = case.log()
    if log.problems:
        wrong = f"{log.problems[0].subject}, {log.problems[0].detail}"
        message = f"the custody log of {case.path} does not hold together: {wrong}"
        raise IntegrityError(message, hint="run: evidence-kit verify CASE")
    tried = attempts(log.full_events())
    made = [attempt for attempt in tried if attempt.source == CAPTURED and attempt.outcome in _RECORDED]
    return {attempt.url: attempt for attempt in made if not _interrupted(case, attempt)}


def _interrupted(case: CaseFolder, attempt: Attempt) -> bool:
    if attempt.outcome == Status.COMPLETE:
        return False
    problems = read_item(case, attempt.item)["problems"]
    return isinstance(problems, list) and any(
        isinstance(problem, dict) and problem.get("code") == INTERRUPTED for problem in problems
    )


def read_item(case: CaseFolder, item: str) -> dict[str, Json]:
    """Return ``item.json`` of the committed *item*; raises `CaseError`."""
    try:
        return parse_item(read_plain(case.path / "items" / item / "item.json"))
    except (OSError, FormatError) as error:
        message = f"item.json of {item} cannot be read: {error}"
        raise CaseError(message, hint="run: evidence-kit verify CASE") from error


def parse_item(data: bytes) -> dict[str, Json]:
    """Read ``item.json``; raises `FormatError`."""
    value = canonical.parse(data)
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        message = f"item.json does not say {SCHEMA}"
        raise FormatError(message)
    return value


def file_json(folder: Path, file: ItemFile) -> dict[str, Json]:
    """Return what ``item.json`` says of *file* in *folder*."""
    path = folder / file.path
    return {
        "path": file.path,
        "role": file.role,
        "media_type": file.media_type,
        "sha256": sha256_file(path).hex,
        "bytes": path.stat().st_size,
        **({"plain": file.content.to_json()} if file.content else {}),
    }
