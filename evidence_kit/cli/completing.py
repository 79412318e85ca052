"""Before something new is begun in a case: say if it is copied elsewhere, finish what was interrupted."""

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from evidence_kit.cli.items import item_text
from evidence_kit.cli.output import note, say
from evidence_kit.cli.run import Run
from evidence_kit.cli.synced import tell_synced
from evidence_kit.errors import FormatError

if TYPE_CHECKING:
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.case.stamping import Stamping
    from evidence_kit.case.taking import TakenItem
    from evidence_kit.custody.custodian import Custodian
    from evidence_kit.intake.sources import Sources


def complete_interrupted(  # what is completed, by whom, and whether it is said
    run: Run,
    case: "CaseFolder",
    custodian: "Custodian",
    stamping: "Stamping",
    *,
    tell: bool,
    except_for: "Sequence[Sources]" = (),
) -> "list[TakenItem]":
    """Make items of captures and imports that were interrupted, and say so if *tell*.

    Imports that began with one of *except_for* are left: they are gone on with. Of a folder that a program copies
    elsewhere everybody is warned.
    """
    from evidence_kit.capture import take
    from evidence_kit.case.memory import clear_memory, memory
    from evidence_kit.intake import sealing, taking

    def left(item: str, error: FormatError) -> None:
        note(run.texts.say("capture.not-completed", item=item, problem=error))

    tell_synced(run, case)
    clear_memory(memory(run.environ))
    step = run.progress()
    completed = []
    for item in chain(
        take.complete_interrupted(case, custodian, stamping, on_step=step, on_damage=left),
        taking.complete_interrupted(case, custodian, stamping, except_for=except_for, on_step=step, on_damage=left),
        sealing.complete_interrupted(case, custodian, stamping, on_step=step, on_damage=left),
    ):
        completed.append(item)
        if tell:
            say(run.texts.say("capture.completed-later", item=item.id))
            say(item_text(run.texts, item.answer, brief=True))
    return completed
