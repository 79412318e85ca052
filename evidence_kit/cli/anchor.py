"""``anchor``: one signed and stamped list of the heads of all cases, for a body outside to keep."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.case import pending
from evidence_kit.cli.options import JsonOption, PassphraseOption
from evidence_kit.cli.output import emit, rows, say
from evidence_kit.cli.run import Run
from evidence_kit.display import visible
from evidence_kit.models import utc_text

if TYPE_CHECKING:
    from evidence_kit.case.anchoring import MadeAnchor
    from evidence_kit.texts import Texts


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("anchor")(_anchor)


def _anchor(
    ctx: typer.Context,
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER", help="option.vault")],
    *,
    output: Annotated[Path | None, typer.Option("--output", metavar="DIR", help="option.anchor-output")] = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.case.anchoring import make_anchor

    run = Run.of(ctx)
    settings = run.settings()
    custodian = run.custodian(settings, passphrase_file)
    target = output or folders[0] / "anchors"
    made = make_anchor(folders, target, custodian=custodian, stamping=run.stamping(settings))
    if json:
        problems: list[Json] = [{"code": "anchor.mismatch", "detail": detail} for detail in made.problems]
        emit({**_document(made), "signer_trust": run.signer_trust(), "problems": [*problems, *pending(made.unstamped)]})
    else:
        run.say_practice(practice=made.list.practice)
        _tell(run.texts, made)
    raise typer.Exit(3 if made.problems else 4 if made.unstamped else 0)


def _document(made: "MadeAnchor") -> dict[str, Json]:
    return {
        "schema": "evidence-kit/anchor/1",
        "practice": made.list.practice,
        "path": str(made.path),
        "made": utc_text(made.list.made),
        "vaults": [vault.to_json() for vault in made.list.vaults],
        "tokens": [
            {"path": str(path), "time": utc_text(token.time), "authority": token.certificate.subject}
            for path, token in made.tokens
        ],
    }


def _tell(texts: "Texts", made: "MadeAnchor") -> None:
    pairs = [(texts.say("anchor.list"), visible(str(made.path))), (texts.say("anchor.made"), utc_text(made.list.made))]
    pairs += [
        (visible(case.number), f"{case.head} ({case.events})") for vault in made.list.vaults for case in vault.cases
    ]
    pairs += [
        (texts.say("stamp.column-time"), f"{utc_text(token.time)} {visible(token.certificate.subject)}")
        for _, token in made.tokens
    ]
    say(rows(pairs))
    for problem in made.problems:
        say(texts.say("anchor.problem", problem=problem))
    for detail in made.unstamped:
        say(texts.say("stamp.pending", problem=detail))
    say(texts.say("anchor.hand-out"))
