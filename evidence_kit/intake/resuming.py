"""What an interrupted taking left, where others may have written since: held against the log and the sources."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from evidence_kit.canonical import Json
from evidence_kit.case.bracket import START_TOKEN
from evidence_kit.case.duplicates import handed_over
from evidence_kit.case.encrypted import AGE
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import SUPPLIED, Attempt, attempts
from evidence_kit.case.sealed import SealedFile
from evidence_kit.case.supply import Original
from evidence_kit.case.workplace import Workplace, clear_ended, interrupted
from evidence_kit.custody.events import Event, EventType
from evidence_kit.errors import FormatError
from evidence_kit.intake.copying import times_of
from evidence_kit.intake.journal import Beginning, read_journal, read_sealed_journal, told_paths
from evidence_kit.intake.naming import ORIGINALS, clean_name, stored_path
from evidence_kit.intake.sources import SourceFile, Sources
from evidence_kit.plain import read_plain, remove_others
from evidence_kit.trust.digests import sha256_bytes, sha256_file

JOURNAL = "import.jsonl"
RECEIVED: dict[str, Json] = {"receive": True}
"""What a start event asks for that waits for a device to send its files."""


def unfinished(case: CaseFolder, *, sealed: bool = False) -> list[str]:
    """Return the items whose taking, or sealing, was begun, not ended, and is nobody's work now."""
    return [each.item for each in _interrupted(case, sealed=sealed) if each.finished_seq is None]


def ended(case: CaseFolder, *, sealed: bool = False) -> list[Attempt]:
    """Return those takings, or sealings, that had ended when they were interrupted, before anybody was told of it."""
    return [each for each in _interrupted(case, sealed=sealed) if each.finished_seq is not None]


def clear_told(case: CaseFolder, *, sealed: bool = False, except_for: Sequence[Sources] = ()) -> None:
    """Remove what is left of takings, or sealings, that had ended; not where one of *except_for* is taken again."""
    awaited = {told_paths(sources.given) for sources in except_for}
    told = (each.item for each in ended(case, sealed=sealed))
    clear_ended(case, [item for item in told if not awaited or paths_of(case, item) not in awaited])


def _interrupted(case: CaseFolder, *, sealed: bool) -> list[Attempt]:
    case.repair()
    events = case.log().full_events()
    kind = {event.item for event in events if event.type == EventType.IMPORT_STARTED and _seals(event) is sealed}
    mine = {each.item: each for each in attempts(events) if each.source == SUPPLIED and each.item in kind}
    return [mine[item] for item in interrupted(case) if item in mine]


def _seals(start: Event) -> bool:
    asked = start.detail.get("asked")
    return isinstance(asked, dict) and asked.get("sealed") is True


def read_back(case: CaseFolder, item: str) -> tuple[Beginning | None, tuple[Original, ...]]:
    """Return what the journal of *item* tells; raises `FormatError`, also for what the custody log tells otherwise."""
    recorded = _recorded(case, item)
    beginning, done = read_journal(_journal(case, item), recorded.get("beginning"))
    if beginning is not None and beginning.sender is not None and recorded.get("asked") != RECEIVED:
        message = "the journal names a device that sent the files, and the custody log that none was waited for"
        raise FormatError(message)
    _want_first_stamp(case, item, beginning)
    return beginning, done


def paths_of(case: CaseFolder, item: str) -> tuple[str, ...] | None:
    """Return the paths that the taking of *item* began with (`told_paths`); None where its journal cannot be read."""
    try:
        beginning, _ = read_journal(_journal(case, item), _recorded(case, item).get("beginning"))
    except FormatError:
        return None
    return beginning.given if beginning else None


def holds(case: CaseFolder, item: str, sources: Sources) -> bool:
    """Whether the committed *item* has the files of *sources* as they lie there now, and no others."""
    count = len(sources.files)
    kept = sorted((each.path.removesuffix(AGE), each.sha256) for each in handed_over(case, (item,)))
    if len(kept) != count:
        return False
    try:
        return kept == sorted(
            (stored_path(number, source.name, count=count), sha256_file(source.path).hex)
            for number, source in enumerate(sources.files, start=1)
        )
    except OSError:
        return False


def read_sealed_back(case: CaseFolder, item: str) -> tuple[Beginning | None, tuple[SealedFile, ...]]:
    """Return what the journal of *item*, which is being sealed, tells; raises as `read_back`."""
    beginning, done = read_sealed_journal(_journal(case, item), _recorded(case, item).get("beginning"))
    _want_first_stamp(case, item, beginning)
    return beginning, done


def _journal(case: CaseFolder, item: str) -> Path:
    return case.staging / f"{item}.recording" / JOURNAL


def _recorded(case: CaseFolder, item: str) -> Mapping[str, Json]:
    """Return what the custody log tells of how the taking of *item* began."""
    events = (event for event in case.log().full_events() if event.item == item)
    return next((event.detail for event in events if event.type == EventType.IMPORT_STARTED), {})


def _want_first_stamp(case: CaseFolder, item: str, beginning: Beginning | None) -> None:
    if beginning is not None and beginning.opening is not None:
        try:
            token = sha256_bytes(read_plain(case.staging / item / START_TOKEN))
        except OSError as error:
            raise FormatError(f"the first time stamp of the import cannot be read: {error.strerror}") from error
        if token != beginning.opening.token:
            raise FormatError("the first time stamp of the import is not what the custody log recorded")


def clear_others(place: Workplace) -> None:
    """Remove what no taking makes: links that lead elsewhere, and folders that would stand in its way or be sealed."""
    for folder in (place.folder, place.recording):
        remove_others(folder)
    originals = place.folder / ORIGINALS
    if originals.is_file():
        originals.unlink()
    inside = originals.iterdir() if originals.is_dir() else ()
    for path in (*place.folder.iterdir(), *inside, *place.recording.iterdir()):
        if path.is_dir() and path not in {originals, place.recording / JOURNAL}:
            shutil.rmtree(path)


def told_anew(original: Original, source: SourceFile) -> Original | None:
    """Return *original* as *source* tells of it now, None if it is no copy of that.

    What was noted of it lay where others may write.
    """
    try:
        about = source.path.stat()
        if original.sha256 != sha256_file(source.path):
            return None
    except OSError:
        return None
    name, name_bytes = clean_name(source.name)
    modified, created = times_of(about)
    return replace(original, name=name, name_bytes=name_bytes, modified=modified, created=created)
