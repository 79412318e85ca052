"""``capture --seal``: what is asked before a page is sealed as it is captured."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from evidence_kit.cli.output import note
from evidence_kit.cli.run import Run
from evidence_kit.errors import CaseError, UsageError

if TYPE_CHECKING:
    from evidence_kit.capture.sealing import Sealing
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.settings import Settings


def refuse_beside_seal(asked: Mapping[str, object]) -> None:
    """Refuse, with `UsageError`, what would show the page, write its address in plain, or tell others of it."""
    for option in (option for option, wanted in asked.items() if wanted):
        message = f"{option} would show the page, write its address in plain, or tell others of it"
        raise UsageError(message, hint=f"leave out {option} or --seal")


def begin_sealing(run: Run, settings: "Settings", case: "CaseFolder", subjects: Sequence[str]) -> "Sealing":
    """Return to whom and where a page is sealed.

    Raises `EntitlementError` for an office that may not, `UsageError` without recipients, `CaseError` without memory.
    """
    from evidence_kit.capture.sealing import Sealing
    from evidence_kit.case.memory import VARIABLE, memory, swaps
    from evidence_kit.case.sealing import want_recipients

    settings.want_right_to_seal()
    recipients = want_recipients(case, subjects)
    place = memory(run.environ)
    if place is None:
        raise CaseError(
            "there is no place in memory for what is captured, and on a disk it would lie in plain",
            hint=f"make a memory disk and name it in {VARIABLE}",
        )
    if swaps():
        note(run.texts.say("capture.swap"))
    return Sealing(recipients=recipients, memory=place)
