"""``bundle``: the case, or some of its items, as a court bundle."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.cli.case import tell_unstamped
from evidence_kit.cli.options import AuthorityOption, CaseOption, JsonOption, PassphraseOption, PlaceOption
from evidence_kit.cli.output import emit, quoted, rows, say
from evidence_kit.cli.run import Run
from evidence_kit.display import visible
from evidence_kit.errors import UsageError

if TYPE_CHECKING:
    from evidence_kit.bundle.make import MadeBundle
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.custody.custodian import Custodian
    from evidence_kit.settings import Settings

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
    output: Annotated[Path, typer.Option("--output", metavar="PATH", help="option.bundle-output")],
    items: Annotated[list[str] | None, typer.Option("--items", metavar="ITEM,…", help="option.items")] = None,
    as_zip: Annotated[bool, typer.Option("--zip", help="option.zip")] = False,
    language: Annotated[ReportLanguage | None, typer.Option("--report-language", help="option.report-language")] = None,
    purpose: Annotated[str, typer.Option("--purpose", metavar="TEXT", help="option.purpose")] = "",
    pictures: Annotated[bool, typer.Option("--show-pictures", help="option.show-pictures")] = False,
    session_data: Annotated[bool, typer.Option("--include-session-data", help="option.include-session-data")] = False,
    authority: AuthorityOption = "",
    place: PlaceOption = "",
    case: CaseOption = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    run = Run.of(ctx)
    folder = run.case(case)
    settings = run.settings()
    made = seal(
        run,
        folder,
        output.absolute(),
        settings=settings,
        custodian=run.custodian(settings, passphrase_file, purpose=purpose, authority=authority, place=place),
        items=_named(items),
        as_zip=as_zip or output.suffix.lower() == ".zip",
        language=language,
        purpose=purpose,
        show_pictures=pictures,
        session_data=session_data,
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
    items: tuple[str, ...] = (),
    as_zip: bool = False,
    language: ReportLanguage | None = None,
    purpose: str = "",
    show_pictures: bool = False,
    session_data: bool = False,
) -> "MadeBundle":
    """Make the bundle at *output*; raises what `make_bundle` raises."""
    from evidence_kit.bundle.make import BundleOptions, make_bundle
    from evidence_kit.bundle.report_model import Language

    options = BundleOptions(
        items=items,
        language=Language(language or case.info.language),
        purpose=purpose,
        zip=as_zip,
        show_pictures=show_pictures,
        session_data=session_data,
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
    pairs.append((texts.say("bundle.root"), str(made.root)))
    say(rows(pairs))
    for problem in made.problems:
        if problem.code != _PENDING:
            say(f"  - {texts.word('problems', problem.code)}: {visible(problem.detail)}")
    tell_unstamped(texts, (problem.detail for problem in made.problems if problem.code == _PENDING))
    say(texts.say("bundle.next", path=quoted(made.path)))


def _named(groups: list[str] | None) -> tuple[str, ...]:
    """Return the items asked for, none meaning all; raises `UsageError` for ``--items`` that names nothing."""
    names = tuple(name for group in groups or () for name in group.replace(",", " ").split())
    if groups and not names:
        raise UsageError("--items names no item", hint="leave it out to put in all items")
    return names
