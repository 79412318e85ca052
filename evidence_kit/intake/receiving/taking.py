"""Begin an item, let a device send its files, and make the item of what came."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace

from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.stamping import Stamping
from evidence_kit.case.taking import TakenItem
from evidence_kit.case.workplace import clear
from evidence_kit.custody.custodian import Custodian
from evidence_kit.errors import CaseError
from evidence_kit.intake.arrivals import Arrivals, Ended
from evidence_kit.intake.hash_lists import HashList
from evidence_kit.intake.resuming import RECEIVED
from evidence_kit.intake.taking import Wishes, begun
from evidence_kit.models import OnStep, ignore


def receive_supplied(  # noqa: PLR0913  # a case, what is taken, and who takes it how
    case: CaseFolder,
    arrive: Callable[[Arrivals], Ended],
    *,
    custodian: Custodian,
    stamping: Stamping,
    wishes: Wishes,
    lists: Sequence[HashList] = (),
    subjects: Sequence[str] = (),
    on_step: OnStep = ignore,
) -> TakenItem | None:
    """Begin an item in *case*, let its files *arrive*, and return it; None when nothing came: its start is abandoned.

    What is on one of *lists* is refused before a byte of it is sent.
    Raises `CaseError`, and what *arrive* raises; the next command then completes what had come.
    """
    wishes = replace(wishes, consulted=tuple(each.consulted(None) for each in lists))
    try:
        with begun(case, RECEIVED, (), custodian, stamping, wishes, subjects, on_step) as (work, journal):
            arrivals = Arrivals(item=work.place.item, place=work.place, journal=journal, lists=tuple(lists))
            ended = arrive(arrivals)
            taken = None
            if arrivals.originals or ended.left_out:
                known = replace(work, beginning=replace(work.beginning, sender=arrivals.sender))
                taken = known.conclude(tuple(arrivals.originals), ended.left_out, interrupted=ended.interrupted)
            else:
                shutil.rmtree(work.place.folder)
    except OSError as error:
        message = f"it could not be taken in whole: {error.strerror or error}"
        hint = "see to it, e.g. make room on the disk of the case; the next command there completes what had come"
        raise CaseError(message, hint=hint) from error
    clear(work.place)
    return taken
