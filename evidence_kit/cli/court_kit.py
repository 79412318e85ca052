"""``court-kit``: the page verify.html as a court's own, with the roots that it chose, and how to check it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.options import JsonOption
from evidence_kit.cli.output import emit, rows, say
from evidence_kit.cli.run import Run
from evidence_kit.cli.verify import read_roots
from evidence_kit.display import visible

if TYPE_CHECKING:
    from evidence_kit.bundle.court_kit import ChosenRoots, KitFile
    from evidence_kit.texts import Texts


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("court-kit")(_court_kit)


def _court_kit(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="option.kit-folder")],
    *,
    root: Annotated[list[Path], typer.Option("--root", metavar="FILE.pem", help="option.kit-root")],
    tsa_root: Annotated[
        list[Path] | None, typer.Option("--tsa-root", metavar="FILE.pem", help="option.kit-tsa-root")
    ] = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.bundle.court_kit import ChosenRoots, make_court_kit

    run = Run.of(ctx)
    roots = ChosenRoots(officers=read_roots(root), authorities=read_roots(tsa_root or ()))
    files = make_court_kit(folder, roots, made=run.clock())
    practice = any(found.practice for _, found in roots.named())
    if json:
        emit(_document(folder, roots, files, practice=practice))
    else:
        if practice:
            say(run.texts.say("practice.line"))
        say(_text(run.texts, folder, roots, files))


def _document(folder: Path, roots: "ChosenRoots", files: Sequence["KitFile"], *, practice: bool) -> dict[str, Json]:
    return {
        "schema": "evidence-kit/court-kit/1",
        "path": str(folder),
        "practice": practice,
        "files": [file.to_json() for file in files],
        "roots": [
            {"path": name, "name": found.subject, "certificate_sha256": found.fingerprint, "practice": found.practice}
            for name, found in roots.named()
        ],
    }


def _text(texts: "Texts", folder: Path, roots: "ChosenRoots", files: Sequence["KitFile"]) -> str:
    pairs = [(file.path, file.sha256.hex) for file in files]
    names = [(name, visible(found.subject)) for name, found in roots.named()]
    return "\n".join(
        [
            texts.say("court-kit.made", path=folder),
            rows(pairs),
            texts.say("court-kit.roots"),
            rows(names),
            texts.say("court-kit.next"),
        ]
    )
