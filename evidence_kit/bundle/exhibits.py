"""An item becomes an exhibit of the report: read back from its own files, nothing remembered from the capture."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from evidence_kit import canonical
from evidence_kit.bundle.comparison_parts import Comparison
from evidence_kit.bundle.comparison_reading import compared_parts, read_comparison
from evidence_kit.bundle.exhibit_parts import Action, ContextShot, Fact, ItemFile, Wording
from evidence_kit.bundle.exhibit_plan import PlannedExhibit
from evidence_kit.bundle.exhibit_reading import (
    attempted,
    environment_facts,
    pictures_of,
    plain_text,
    read_object,
    redirects_of,
    requests_of,
    server_date,
    server_of,
)
from evidence_kit.bundle.page_text import page_links, page_text, shown_text
from evidence_kit.bundle.report import SLICE_HEIGHT, SLICE_WIDTH
from evidence_kit.bundle.report_model import Cut, Exhibit
from evidence_kit.bundle.sealed_parts import SealedContent
from evidence_kit.bundle.sealed_reading import read_sealed
from evidence_kit.bundle.supplied_parts import Supplied
from evidence_kit.bundle.supplied_reading import pictures_in, read_supplied
from evidence_kit.bundle.transcript_parts import Conversations
from evidence_kit.bundle.transcript_plan import PlannedTranscript
from evidence_kit.bundle.transcripts import read_conversations
from evidence_kit.canonical import Json
from evidence_kit.case.bracket import opened_at
from evidence_kit.case.encrypted import contents_of
from evidence_kit.case.items import DERIVED, SUPPLIED, parse_item
from evidence_kit.case.manifest import NAME
from evidence_kit.case.opened import plain_record
from evidence_kit.case.sealed import is_sealed
from evidence_kit.case.supply import ORIGINAL
from evidence_kit.errors import CaseError, FormatError
from evidence_kit.models import Digest, Problem, Status, parse_utc
from evidence_kit.pictures.apart import Drawing
from evidence_kit.pictures.viewing_copy import Cutting, Region, ViewingCopy
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.digests import sha256_file

_INSIDE = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*")
"""Paths that stay in the folder of the item: nothing else of this machine is drawn into a report."""

MOST_LINKS = 40
"""Links of a page that the report lists; the page source has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemContext:
    """What the log, not the item, knows of an item."""

    number: int
    time_stamp: datetime | None
    time_stamp_pending: bool
    certificates: tuple[Certificate, ...]
    """Those of the case."""
    note: str
    captured_by: str
    place: str
    practice: bool
    subjects: tuple[str, ...]
    planned: PlannedExhibit | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedShot:
    """A picture of an item of which a viewing copy is to be made."""

    path: str
    """Relative to the item's folder."""
    role: str
    taken: datetime | None
    cutting: Cutting

    def made(self, copy: ViewingCopy) -> ContextShot:
        """Return it with its viewing copy."""
        return ContextShot(path=self.path, role=self.role, taken=self.taken, copy=copy)


def read_exhibit(
    folder: Path,
    context: ItemContext,
    pictures: Iterable[ContextShot],
    no_copy: Mapping[str, str] = MappingProxyType({}),
) -> Exhibit:
    """Read the item in *folder* into an exhibit with its *pictures*; *no_copy* says by path why others have no copy.

    Raises `CaseError`, also for what making the *pictures* raises.
    """
    with _of_item(folder):
        record = parse_item((folder / "item.json").read_bytes())
        files = tuple(_files(record))
        page = _page(folder, files)
        environment = read_object(_of_role(folder, files, "environment"))
        dom = _of_role(folder, files, "dom")
        links = page_links(dom, _text(record, "final_url")) if dom else []
        shots = list(pictures)
        main = next((shot for shot in shots if shot.role == "screenshot"), None)
        status, title = page.get("http_status"), page.get("title")
        sealed, supplied, cuts = _told(folder, record, context, no_copy)
        comparison, cuts_of_it = _comparison(folder, record)
        return Exhibit(
            number=context.number,
            item=_text(record, "id"),
            status=Status(_text(record, "status")),
            url=_text(record, "url"),
            final_url=_text(record, "final_url"),
            started=parse_utc(record["started"]),
            finished=parse_utc(record["finished"]),
            recorder=_text(record, "recorder"),
            manifest_sha256=sha256_file(folder / NAME),
            files=listed_files(folder),
            label=_label(record),
            note=context.note,
            captured_by=context.captured_by,
            place=context.place,
            subjects=context.subjects,
            assembled_from=_opened(folder, record, context),
            server_date=server_date(page),
            time_stamp=context.time_stamp,
            time_stamp_pending=context.time_stamp_pending,
            problems=tuple(_problems(record)),
            environment=tuple(_facts(dict(environment_facts(environment)) or record.get("environment"))),
            actions=tuple(_actions(record.get("actions"))),
            flags=tuple(_flags(record)),
            practice=context.practice,
            visible_text=_visible_text(folder, files),
            screenshot=main.copy if main else None,
            context_shots=tuple(shot for shot in shots if shot is not main),
            attempted=attempted(record, environment, files),
            requests=requests_of(_of_role(folder, files, "ledger")),
            links=tuple(links[:MOST_LINKS]),
            unlisted_links=max(0, len(links) - MOST_LINKS),
            by_hand=_by_hand(environment),
            planned=_wording(context.planned),
            http_status=status if isinstance(status, int) else None,
            title=title if isinstance(title, str) else "",
            redirects=tuple(redirects_of(page)),
            server=server_of(page),
            conversations=read_conversations(folder, files, context.planned.transcripts if context.planned else ()),
            supplied=supplied,
            sealed=sealed,
            comparison=comparison,
            cuts=(*cuts, *cuts_of_it),
        )


def label_in(folder: Path) -> str:
    """Return what an officer called the item in *folder*, or nothing; raises `CaseError`."""
    with _of_item(folder):
        return _label(parse_item((folder / "item.json").read_bytes()))


def _label(record: dict[str, Json]) -> str:
    label = record.get("label", "")
    if not isinstance(label, str):
        raise FormatError("the label is not text")
    return label


def record_in(folder: Path) -> dict[str, Json]:
    """Return ``item.json`` of the item in *folder*; raises `CaseError`."""
    with _of_item(folder):
        return parse_item((folder / "item.json").read_bytes())


def listed_files(folder: Path) -> tuple[ItemFile, ...]:
    """Return the files of the item in *folder* that are listed as such, as they lie there; raises `CaseError`.

    What was handed over is told of apart, with the names that it had. What a bundle holds opened has the name, the
    digest and the size of its content.
    """
    record = record_in(folder)
    there = {name for name in contents_of(record) if (folder / name).is_file()}
    with _of_item(folder):
        files = tuple(_files(plain_record(record, there)))
    return tuple(file for file in files if record.get("source") != SUPPLIED or file.role != ORIGINAL)


def _told(
    folder: Path, record: dict[str, Json], context: ItemContext, no_copy: Mapping[str, str]
) -> tuple[SealedContent | None, Supplied | None, tuple[Cut, ...]]:
    """Return what a sealed item tells, or one that was handed over, and what of it is too much to be printed."""
    if is_sealed(record):
        sealed, cuts = read_sealed(folder, source=_text(record, "source"), later="sealed" in record)
        return sealed, None, cuts
    if record.get("source") != SUPPLIED:
        return None, None, ()
    places = context.planned is not None and context.planned.places
    return None, *read_supplied(folder, sensitive=is_sensitive(record), places=places, no_copy=no_copy)


def _comparison(folder: Path, record: dict[str, Json]) -> tuple[Comparison | None, tuple[Cut, ...]]:
    if record.get("source") != DERIVED or is_sealed(record):
        return None, ()
    return read_comparison(folder, sensitive=is_sensitive(record))


def is_sensitive(record: dict[str, Json]) -> bool:
    """Return whether the item of *record* is to be blurred wherever it is shown."""
    return any(flag.get("code") == "sensitive" for flag in _objects(record.get("flags")))


def _page(folder: Path, files: tuple[ItemFile, ...]) -> dict[str, Json]:
    """Return what ``page.json`` says of the page as a whole; empty when the item has none."""
    path = _of_role(folder, files, "inventory")
    match canonical.parse(path.read_bytes()) if path else None:
        case {"page": dict(page)}:
            return page
    return {}


def _opened(folder: Path, record: dict[str, Json], context: ItemContext) -> datetime | None:
    """Return when the bracket was opened, if a time stamp closes it."""
    opened = opened_at(folder, record, context.certificates)
    return opened if opened and context.time_stamp and opened <= context.time_stamp else None


def wanted_shots(folder: Path, target: Path, planned: PlannedExhibit | None, *, blur: bool) -> list[WantedShot]:
    """Return the pictures that were captured with the item in *folder*, to be cut into folders below *target*.

    The main screenshot is the first. What is sensitive is blurred unless *planned* says otherwise.

    Where only parts of the main screenshot are to be seen, there is no other picture: it would show the rest. Raises
    `CaseError`.
    """
    partial = planned is not None and planned.partial
    with _of_item(folder):
        record = parse_item((folder / "item.json").read_bytes())
        files = tuple(_files(record))
        return [
            WantedShot(
                path=file.path,
                role=file.role,
                taken=taken,
                cutting=Cutting(
                    picture=folder / file.path,
                    folder=target / f"{number:03}",
                    blur=planned.blurred if planned else blur or is_sensitive(record),
                    pages=planned.pages if planned else (),
                    regions=planned.regions if planned else (),
                ),
            )
            for number, (file, taken) in enumerate(pictures_of(folder, files))
            if not partial or (number == 0 and file.role == "screenshot")
        ]


def wanted_drawings(folder: Path, target: Path, planned: PlannedExhibit | None, *, blur: bool) -> list[Drawing]:
    """Return the pictures among what was handed over as the item in *folder*, as `wanted_shots` does; of many some.

    Raises `CaseError`.
    """
    with _of_item(folder):
        record = parse_item((folder / "item.json").read_bytes())
        return [
            Drawing(
                picture=picture,
                folder=target / f"{number:03}",
                blur=planned.blurred if planned else blur or is_sensitive(record),
                page_width_px=SLICE_WIDTH,
                slice_height_px=SLICE_HEIGHT,
                regions=regions,
            )
            for number, (picture, regions) in enumerate(_pictures(folder, record))
        ]


def _pictures(folder: Path, record: dict[str, Json]) -> list[tuple[Path, tuple[Region, ...]]]:
    """Return the pictures that the item in *folder* is drawn with, and which parts of them."""
    if record.get("source") == SUPPLIED:
        originals = [file.path for file in _files(record) if file.role == ORIGINAL]
        return [(folder / path, ()) for path in pictures_in(folder, originals)]
    if record.get("source") != DERIVED or is_sensitive(record):
        return []  # of what is sensitive a comparison shows no picture, whatever was chosen for it
    found = {folder.parent / name: regions for name, regions in compared_parts(folder).items()}
    return [(path, regions) for path, regions in found.items() if path.is_file()]


def name_of(folder: Path, drawing: Drawing) -> str:
    """Return what the picture of *drawing* is called in the exhibit of *folder*: of another item with its id."""
    own = drawing.picture.is_relative_to(folder)
    return drawing.picture.relative_to(folder if own else folder.parent).as_posix()


@contextmanager
def _of_item(folder: Path) -> Iterator[None]:
    """Raise what is wrong with the item in *folder* as `CaseError`."""
    try:
        yield
    except (OSError, FormatError, KeyError, ValueError) as error:
        message = f"the item {folder.name} cannot be read: {error}"
        raise CaseError(message, hint="run: evidence-kit verify CASE") from error


def conversations_of(
    folder: Path, record: dict[str, Json], planned: Sequence[PlannedTranscript] = ()
) -> Conversations | None:
    """Return what the item in *folder* tells of conversations, with the *planned* transcripts.

    Raises `UsageError` for messages that cannot be printed so, `CaseError`.
    """
    with _of_item(folder):
        return read_conversations(folder, tuple(_files(record)), planned)


def _by_hand(environment: dict[str, Json]) -> bool:
    match environment.get("settings"):
        case {"interactive": True}:
            return True
    return False


def _wording(planned: PlannedExhibit | None) -> Wording | None:
    if planned is None:
        return None
    return Wording(
        label=planned.label, title=planned.title, why=planned.why, blurred=planned.blurred, partial=planned.partial
    )


def screenshot_and_title(folder: Path, record: dict[str, Json]) -> tuple[Path | None, str]:
    """Return the screenshot of the item in *folder*, and the title of its page; raises `CaseError`."""
    with _of_item(folder):
        files = tuple(_files(record))
        title = _page(folder, files).get("title")
    return _of_role(folder, files, "screenshot"), title if isinstance(title, str) else ""


def _visible_text(folder: Path, files: tuple[ItemFile, ...]) -> str:
    shown = _of_role(folder, files, "text")
    if shown:
        return shown_text(shown)
    path = _of_role(folder, files, "dom")
    return page_text(path) if path else ""


def _of_role(folder: Path, files: tuple[ItemFile, ...], role: str) -> Path | None:
    return next((folder / file.path for file in files if file.role == role), None)


def _files(record: dict[str, Json]) -> Iterator[ItemFile]:
    for file in _objects(record.get("files")):
        match file:
            case {"path": str(path), "role": str(role), "sha256": str(digest), "bytes": int(size)} if _INSIDE.fullmatch(
                path
            ) and {".", ".."}.isdisjoint(path.split("/")):
                yield ItemFile(path=path, role=role, sha256=Digest.parse(f"sha256:{digest}"), size=size)
            case _:
                message = "a file is not described"
                raise FormatError(message)


def _problems(record: dict[str, Json]) -> Iterator[Problem]:
    for problem in _objects(record.get("problems")):
        yield Problem(code=_text(problem, "code"), detail=_text(problem, "detail"))


def _facts(environment: Json) -> Iterator[Fact]:
    for name, value in (environment if isinstance(environment, dict) else {}).items():
        yield Fact(name=name, value=plain_text(value))


def _actions(value: Json) -> Iterator[Action]:
    for action in _objects(value):
        rest = {key: member for key, member in action.items() if key not in {"time", "action"}}
        yield Action(time=parse_utc(action["time"]), name=_text(action, "action"), facts=tuple(_facts(rest)))


def _flags(record: dict[str, Json]) -> Iterator[Problem]:
    for flag in _objects(record.get("flags")):
        yield Problem(code=_text(flag, "code"), detail=_text(flag, "detail"))


def _objects(value: Json) -> list[dict[str, Json]]:
    return [member for member in value if isinstance(member, dict)] if isinstance(value, list) else []


def _text(value: dict[str, Json], key: str) -> str:
    found = value[key]
    if not isinstance(found, str):
        message = f"{key} is not text"
        raise FormatError(message)
    return found
