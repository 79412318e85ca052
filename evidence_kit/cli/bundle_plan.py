"""``bundle --plan``: the plan of the exhibits, written for a person to edit, and read again."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evidence_kit.canonical import Json
from evidence_kit.cli.output import emit, quoted, say
from evidence_kit.cli.run import Run
from evidence_kit.errors import UsageError
from evidence_kit.plain import real
from evidence_kit.texts import Language, Texts

if TYPE_CHECKING:
    from evidence_kit.bundle.exhibit_plan import ExhibitPlan
    from evidence_kit.bundle.selection import Choice
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.trust.age import Identity


def read_plan_file(path: Path, *, pictures: bool) -> "ExhibitPlan":
    """Read the plan at *path*; raises `UsageError`, also when *pictures* are asked for beside it."""
    from evidence_kit.bundle.exhibit_plan import LARGEST, read_plan

    if pictures:
        hint = "write blurred = false in the plan where a picture is to be shown, and leave out --show-pictures"
        raise UsageError("--show-pictures and the plan both say which pictures are shown", hint=hint)
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"the plan {path} cannot be read: {error.strerror}") from error
    return read_plan(data, name=path.name)


def write_plan(
    run: Run,
    case: "CaseFolder",
    path: Path,
    choice: "Choice",
    *,
    identities: "Sequence[Identity]",
    language: str,
    pictures: bool,
    json: bool,
) -> None:
    """Write a plan to *path*, which is not there, and say what to do with it; raises `UsageError`, `CaseError`."""
    from evidence_kit.bundle.plan_writing import fresh_plan
    from evidence_kit.case.durable import write_new
    from evidence_kit.case.opened import OpenItems

    if real(case.path) in real(path).parents:
        message = f"{path} lies in the case, which holds nothing that its custody log does not account for"
        raise UsageError(message, hint="choose a --plan outside of the case's folder")
    spoken = [each for each in Language if language in {each.value, "both"}]
    with OpenItems(case.path / "items", identities) as opened:
        report = [Texts.load(each) for each in spoken]
        data, plan = fresh_plan(case, choice, opened, blurred=not pictures, remarks=run.texts, report=report)
    write_new(path, data)
    if json:
        items: list[Json] = [{"item": each.item, "label": each.label, "title": each.title} for each in plan.exhibits]
        nothing: dict[str, Json] = {
            "bundle": None,
            "reports": [],
            "root": None,
            "signature_level": None,
            "sha256": None,
        }
        emit({"schema": "evidence-kit/bundle/1", **nothing, "plan": str(path), "exhibits": items})
    else:
        say(run.texts.say("plan.written", path=path))
        say(run.texts.say("plan.next", path=quoted(path)))
