"""Lists of hash values of known files: read, looked up in before anything is taken in, and what a hit means."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evidence_kit.cli.output import note
from evidence_kit.cli.run import Run
from evidence_kit.display import shorten, visible
from evidence_kit.errors import FormatError, KnownFileError, UsageError

if TYPE_CHECKING:
    from evidence_kit.intake.hash_lists import HashList
    from evidence_kit.intake.sources import Sources
    from evidence_kit.settings import Settings


def read_lists(paths: Iterable[Path]) -> "tuple[HashList, ...]":
    """Read each list once; raises `UsageError` naming the list and the line that is wrong."""
    from evidence_kit.intake.hash_lists import read_hash_list

    found = []
    for path in dict.fromkeys(path.absolute() for path in paths):
        try:
            found.append(read_hash_list(path))
        except FormatError as error:
            raise UsageError(f"the hash list {path} is refused: {error}", hint=error.hint) from error
        except OSError as error:
            message = f"the hash list {path} cannot be read: {error.strerror or error}"
            raise UsageError(message, hint="put it in its place, or: evidence-kit setup --no-hash-list") from error
    return tuple(found)


def looked_up(
    run: Run,
    settings: "Settings",
    sources: "Sequence[Sources]",
    given: Sequence[Path] | None,
    *,
    pdq: bool,
    seal: bool,
) -> "list[Sources]":
    """Look up the files of *sources* in the lists of the settings and those *given*; return what is to be recorded.

    With *pdq* pictures are compared too, once no file was found by its bytes. Raises `KnownFileError` at a hit, before
    anything is taken in, unless *seal*; `UsageError` for a list that is refused.
    """
    from evidence_kit.intake.hash_lists import look_alike, look_up
    from evidence_kit.settings import NOTE_INSTEAD

    if pdq and seal:
        raise UsageError("what is being sealed is not decoded", hint="leave out --hash-list-pdq")
    lists = read_lists((*settings.hash_lists, *(given or ())))
    if pdq and not any(each.pictures for each in lists):
        raise UsageError("no hash list has PDQ values", hint="name one with lines of pdq: and 64 hexadecimal digits")
    found = list(sources)
    for search in (look_up, look_alike) if pdq else (look_up,) if lists else ():
        searched = [search(each, lists, on_step=run.progress()) for each in found]
        found = [each for each, _ in searched]
        before = 0
        hits = []
        for each, numbers in searched:
            hits += [(before + number, each.files[number - 1].name) for number in numbers]
            before += len(each.files)
        _tell(run, hits, before)
        if hits and not seal:
            hint = "nothing was copied; do not open it; take it in with: evidence-kit import FILE --seal"
            message = f"{len(hits)} of {before} files are on a list of known files"
            raise KnownFileError(message, hint=hint if settings.may_seal else NOTE_INSTEAD)
    return found


def _tell(run: Run, hits: Sequence[tuple[int, str]], count: int) -> None:
    """Say which files are known: by number, and by name only to who sits at the terminal."""
    for number, name in hits:
        shown = f" ({visible(shorten(name))})" if sys.stderr.isatty() else ""
        note(f"{run.texts.say('import.listed', number=number, count=count)}{shown}")
