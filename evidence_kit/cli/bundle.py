"""``bundle``: the case, or some of its items, as a court bundle."""

import os
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.cli.bundle_plan import read_plan_file, write_plan
from evidence_kit.cli.case import tell_unstamped
from evidence_kit.cli.evidence_keys import identities
from evidence_kit.cli.options import (
    AuthorityOption,
    CaseOption,
    JsonOption,
    KeyOption,
    KeyPassphraseOption,
    PassphraseOption,
    PlaceOption,
)
from evidence_kit.cli.output import emit, quoted, rows, say
from evidence_kit.cli.recipients import read_recipients
from evidence_kit.cli.run import Run
from evidence_kit.cli.subjects import named_subjects
from evidence_kit.cli.withheld import withheld_rows
from evidence_kit.display import visible
from evidence_kit.errors import UsageError

if TYPE_CHECKING:
    from evidence_kit.bundle.make import MadeBundle
    from evidence_kit.bundle.selection import Choice
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.custody.custodian import Custodian
    from evidence_kit.settings import Settings
    from evidence_kit.trust.age import Identity, Recipient

_MOST_PROCESSES = 2
"""At a time: each may need some hundred megabytes."""

_PENDING = "time-stamp-pending"


class ReportLanguage(StrEnum):
    """The language or languages of the report."""

    ENGLISH = "en"
    MONGOLIAN = "mn"
    BOTH = "both"


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("bundle")(_bundle)


def _bundle(
    ctx: typer.Context,
    *,
    output: Annotated[Path | None, typer.Option("--output", metavar="PATH", help="option.bundle-output")] = None,
    plan: Annotated[Path | None, typer.Option("--plan", metavar="FILE", help="option.plan")] = None,
    items: Annotated[list[str] | None, typer.Option("--items", metavar="ITEM,…", help="option.items")] = None,
    subject: Annotated[
        list[str] | None, typer.Option("--subject", metavar="V-01,…", help="option.bundle-subject")
    ] = None,
    withhold: Annotated[
        list[str] | None, typer.Option("--withhold", metavar="ITEM,…|others", help="option.withhold")
    ] = None,
    ground: Annotated[str, typer.Option("--ground", metavar="TEXT", help="option.ground")] = "",
    withheld_to: Annotated[
        Path | None, typer.Option("--withheld-to", metavar="FILE", help="option.withheld-to")
    ] = None,
    as_zip: Annotated[bool, typer.Option("--zip", help="option.zip")] = False,
    language: Annotated[ReportLanguage | None, typer.Option("--report-language", help="option.report-language")] = None,
    purpose: Annotated[str, typer.Option("--purpose", metavar="TEXT", help="option.purpose")] = "",
    pictures: Annotated[bool, typer.Option("--show-pictures", help="option.show-pictures")] = False,
    session_data: Annotated[bool, typer.Option("--include-session-data", help="option.include-session-data")] = False,
    include_sealed: Annotated[bool, typer.Option("--include-sealed", help="option.include-sealed")] = False,
    opened: Annotated[bool, typer.Option("--open", help="option.bundle-open")] = False,
    encrypt_to: Annotated[
        list[str] | None, typer.Option("--encrypt-to", metavar="RECIPIENT", help="option.bundle-encrypt-to")
    ] = None,
    key: KeyOption = None,
    key_passphrase_file: KeyPassphraseOption = None,
    authority: AuthorityOption = "",
    place: PlaceOption = "",
    case: CaseOption = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.bundle.selection import Choice

    run = Run.of(ctx)
    choice = Choice(
        items=_named("--items", items), subjects=named_subjects(subject), withhold=_named("--withhold", withhold)
    )
    if withheld_to and not (choice.subjects or choice.withhold):
        raise UsageError("nothing is withheld that could be written", hint="leave out --withheld-to, or say --withhold")
    folder = run.case(case)
    if plan and not plan.exists():
        if output:
            message = f"there is no plan {plan} to make a bundle by"
            hint = f"correct the name; to write a plan, leave out --output: evidence-kit bundle --plan {quoted(plan)}"
            raise UsageError(message, hint=hint)
        spoken = language or folder.info.language
        keys = identities(run, key, key_passphrase_file)
        write_plan(run, folder, plan.absolute(), choice, identities=keys, language=spoken, pictures=pictures, json=json)
        return
    output = _wanted(output, plan)
    if plan:
        choice = replace(choice, plan=read_plan_file(plan, pictures=pictures))
    settings = run.settings()
    made = seal(
        run,
        folder,
        output.absolute(),
        settings=settings,
        custodian=run.custodian(settings, passphrase_file, purpose=purpose, authority=authority, place=place),
        choice=choice,
        ground=ground,
        withheld_to=withheld_to.absolute() if withheld_to else None,
        as_zip=as_zip or output.suffix.lower() == ".zip",
        language=language,
        purpose=purpose,
        show_pictures=pictures,
        session_data=session_data,
        keys=identities(run, key, key_passphrase_file),
        opened=opened,
        sealed=include_sealed,
        encrypt_to=tuple(dict.fromkeys(one for text in encrypt_to or () for one in read_recipients(text))),
    )
    if json:
        emit({"schema": "evidence-kit/bundle/1", **made.answer, "signer_trust": run.signer_trust()})
    else:
        tell_bundle(run, made)
    raise typer.Exit(4 if made.problems else 0)


def seal(
    run: Run,
    case: "CaseFolder",
    output: Path,
    *,
    settings: "Settings",
    custodian: "Custodian",
    choice: "Choice | None" = None,
    ground: str = "",
    withheld_to: Path | None = None,
    as_zip: bool = False,
    language: ReportLanguage | None = None,
    purpose: str = "",
    show_pictures: bool = False,
    session_data: bool = False,
    keys: "Sequence[Identity]" = (),
    opened: bool = False,
    sealed: bool = False,
    encrypt_to: "tuple[Recipient, ...]" = (),
) -> "MadeBundle":
    """Make the bundle at *output*; raises what `make_bundle` raises."""
    from evidence_kit.bundle.make import BundleOptions, make_bundle
    from evidence_kit.bundle.report_model import Language
    from evidence_kit.bundle.selection import Choice

    options = BundleOptions(
        choice=choice or Choice(),
        ground=ground,
        withheld_to=withheld_to,
        language=Language(language or case.info.language),
        purpose=purpose,
        zip=as_zip,
        show_pictures=show_pictures,
        session_data=session_data,
        identities=keys,
        opened=opened,
        sealed=sealed,
        encrypt_to=encrypt_to,
        processes=min(os.cpu_count() or 1, _MOST_PROCESSES),
        report_time=run.report_time(),
    )
    return make_bundle(
        case,
        output,
        custodian=custodian,
        options=options,
        stamping=run.stamping(settings),
        trusted=run.roots(settings),
        on_step=run.progress(),
    )


def tell_bundle(run: Run, made: "MadeBundle") -> None:
    """Say what was made, and what is missing."""
    texts = run.texts
    run.say_practice(practice=made.practice)
    say(texts.say("bundle.made", path=made.path))
    pairs = [(texts.say("bundle.report"), f"{name} ({size} B)") for name, _, size in made.reports]
    pairs.append((texts.say("bundle.level"), texts.word("bundle-level", made.signature_level)))
    if made.file_digest:
        pairs.append((texts.say("bundle.zip"), made.file_digest.hex))
    if made.packed.age:
        pairs.append((texts.say("bundle.age"), made.packed.age.hex))
        pairs += [(texts.say("bundle.encrypted-to"), str(recipient)) for recipient in made.packed.recipients]
    pairs.append((texts.say("bundle.root"), str(made.root)))
    pairs += withheld_rows(texts, made.withheld or {})
    say(rows(pairs))
    if made.withheld_file:
        say(texts.say("bundle.withheld-file", path=made.withheld_file))
    if made.plan:
        say(texts.say("bundle.by-plan", digest=made.plan.hex))
    if made.left_out:
        say(texts.say("bundle.left-out", items=", ".join(made.left_out)))
    for problem in made.problems:
        if problem.code != _PENDING:
            say(f"  - {texts.word('problems', problem.code)}: {visible(problem.detail)}")
    tell_unstamped(texts, (problem.detail for problem in made.problems if problem.code == _PENDING))
    say(texts.say("bundle.next-encrypted" if made.packed.age else "bundle.next", path=quoted(made.path)))


def _wanted(output: Path | None, plan: Path | None) -> Path:
    """Return where the bundle is to be; raises `UsageError` if nobody said it."""
    if output:
        return output
    if plan:
        hint = f"to make the bundle by it: --plan {quoted(plan)} --output PATH; to write another plan, name a new file"
        raise UsageError(f"the plan {plan} is already there and is never overwritten", hint=hint)
    raise UsageError("nobody said where the bundle is to be", hint="say --output PATH, or --plan FILE to plan it first")


def _named(option: str, groups: list[str] | None) -> tuple[str, ...]:
    """Return the items that *option* names; raises `UsageError` if it was given and names nothing."""
    names = tuple(dict.fromkeys(name for group in groups or () for name in group.replace(",", " ").split()))
    if groups and not names:
        raise UsageError(f"{option} names no item", hint=f"leave out {option}, or name items: {option} EV-0001,EV-0002")
    return names
