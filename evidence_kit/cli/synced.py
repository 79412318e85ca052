"""Folders that a program copies to other people's machines: refused for a new case, told of one that is there."""

from pathlib import Path
from typing import TYPE_CHECKING

from evidence_kit.cli.output import note
from evidence_kit.cli.run import Run
from evidence_kit.display import visible
from evidence_kit.errors import UsageError

if TYPE_CHECKING:
    from evidence_kit.case.folder import CaseFolder


def want_unsynced(run: Run, folder: Path, *, allowed: bool = False) -> str:
    """Return by which service *folder* is copied elsewhere, if that is *allowed*, else raise `UsageError` for it."""
    from evidence_kit.case.synced import synced_by

    found = synced_by(folder, run.environ)
    if found is None:
        return ""
    if not allowed:
        raise UsageError(
            f"{folder} lies where {found.service} copies everything to other people's computers: {found.sign}",
            hint="choose a folder on this machine's own disk that nothing copies away; if the office wants it there, "
            "say --allow-synced-folder, and the custody log names the service",
        )
    return found.service


def tell_synced(run: Run, case: "CaseFolder") -> None:
    """Say, beside the result, that what is about to be put into *case* will be copied elsewhere."""
    from evidence_kit.case.synced import synced_by

    found = synced_by(case.path, run.environ)
    if found is not None:
        note(run.texts.say("case.synced", service=found.service, path=visible(str(found.sign))))
