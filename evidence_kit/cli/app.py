"""Build the commands in the reader's language, run one, and turn errors into exit codes.

The functions of the commands name their help by keys; here the tree of commands is walked once and the sentences of the
chosen language are put in, so that a command is written once and helps in both languages.
"""

import os
import re
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from functools import cache
from io import StringIO
from typing import Annotated, Any

import typer

from evidence_kit import __version__
from evidence_kit.cli import (
    anchor,
    bundle,
    capture,
    case,
    corroborate,
    countersign,
    court_kit,
    custody,
    demo,
    doctor,
    guide,
    intake,
    items,
    practice,
    receive,
    recipients,
    seal,
    setup,
    show,
    subjects,
    unseal,
    verify,
    view,
    witness,
)
from evidence_kit.cli.language import chosen_language, system_language, take_language
from evidence_kit.cli.output import PROGRAM, is_dialogue, note, prepare_streams, say, show_error
from evidence_kit.cli.run import Run
from evidence_kit.display import visible
from evidence_kit.errors import CaseError, EvidenceError
from evidence_kit.home import settings_home, stored_language
from evidence_kit.texts import Language, Texts

_HELP = "--help"
_ORDER = (
    *("setup", "doctor", "case", "capture", "import", "receive", "corroborate", "list", "show", "seal", "unseal"),
    *("subject", "recipient", "custody", "timestamp", "anchor", "bundle", "sign", "renew", "verify", "view"),
    *("court-kit", "witness", "practice", "demo"),
)
_FRAME = {
    "usage": re.compile(r"(?m)^Usage:"),
    "options": re.compile(r"(?m)^Options:"),
    "arguments": re.compile(r"(?m)^Arguments:"),
    "commands": re.compile(r"(?m)^Commands:"),
    "help": re.compile(r"Show this message and exit\."),
    "required": re.compile(r"\[required\]"),
    "variable": re.compile(r"\[env var: "),
}
"""Typer's own words in a help text; they are replaced, since its translations would have to be compiled files."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line on *argv* (the program's own arguments when None) and end with its exit code."""
    prepare_streams()
    texts = Texts.load(system_language(os.environ))
    try:
        arguments, given = take_language(sys.argv[1:] if argv is None else argv)
        chosen = chosen_language(given, os.environ)
        language = chosen or stored_language(settings_home(os.environ))
        if language in set(Language):
            texts = Texts.load(Language(language))
        _start(arguments, Run(texts=texts, environ=os.environ))
    except EvidenceError as error:
        show_error(error, texts)
        sys.exit(error.exit_code)
    except OSError as error:
        # A full disk, a folder that cannot be written or a name that is too long, wherever it was met.
        show_error(CaseError(f"{error.strerror or error}: {visible(str(error.filename or ''))}".rstrip(": ")), texts)
        sys.exit(1)


@cache
def commands(language: Language) -> Any:  # noqa: ANN401  # typer keeps the classes of commands private
    """Return the tree of commands with their help in *language*; nobody changes it."""
    root = typer.Typer(
        name=PROGRAM, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
    )
    root.callback()(_root)
    first, then, last = (
        (setup, doctor, case, capture, intake, receive, corroborate, items, show, seal, unseal),
        (subjects, recipients, custody, anchor),
        (bundle, countersign, verify, view, court_kit, witness, practice, demo),
    )
    for module in (*first, *then, *last):
        module.register(root)
    tree: Any = typer.main.get_command(root)
    # Typer puts groups last; people read the commands in the order in which they need them.
    tree.commands = {name: tree.commands[name] for name in _ORDER}
    _put_in_words(tree, Texts.load(language), [])
    return tree


def _show_version(value: bool) -> None:
    if value:
        say(f"{PROGRAM} {__version__}")
        raise typer.Exit


def _root(
    *,
    lang: Annotated[str | None, typer.Option("--lang", metavar="mn|en", help="option.lang")] = None,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="option.version")
    ] = False,
) -> None:
    """Hold the options that stand before a command; ``--lang`` was taken out of the line before."""


def _start(arguments: list[str], run: Run) -> None:
    if not arguments and is_dialogue():
        _converse(run)
        return
    tree = commands(run.texts.language)
    if not arguments:
        note(_help(tree, [_HELP], run))
        sys.exit(2)
    if _HELP in arguments and run.texts.language is not Language.ENGLISH:
        say(_help(tree, arguments, run))
        return
    try:
        tree(args=arguments, prog_name=PROGRAM, obj=run)
    except SystemExit as end:
        # What typer itself says of wrong usage is English; it ends while it handles its own error.
        told = getattr(end.__context__, "format_message", str)()
        if end.code == 2 and (meaning := run.texts.fact(told) or run.texts.say("error.UsageError")):  # noqa: PLR2004
            note(f"{PROGRAM}: {run.texts.say('error.error')}: {meaning}")
        raise
    finally:
        run.tell_inquiries()


def _converse(run: Run) -> None:
    try:
        guide.converse(run)
    except (KeyboardInterrupt, EOFError):
        note("")
        sys.exit(130)


def _help(tree: Any, arguments: list[str], run: Run) -> str:  # noqa: ANN401
    """Return the help asked for, with typer's own few words in the reader's language."""
    buffer = StringIO()
    with redirect_stdout(buffer), suppress(SystemExit):
        tree(args=arguments, prog_name=PROGRAM, obj=run)
    text = buffer.getvalue().rstrip("\n")
    for key, english in _FRAME.items():
        text = english.sub(run.texts.say(f"frame.{key}"), text)
    return text


def _put_in_words(command: Any, texts: Texts, path: list[str]) -> None:  # noqa: ANN401
    command.help = texts.say("help." + ("-".join(path) or "root")).strip()
    command.short_help = command.help.partition("\n")[0]
    for parameter in command.params:
        parameter.help = texts.say(parameter.help)
        if parameter.param_type_name == "argument":
            # Its name says what it is; `<list[str]>` says nothing to those who read this.
            parameter.display_type_rich = _no_type
    for name, child in getattr(command, "commands", {}).items():
        _put_in_words(child, texts, [*path, name])


def _no_type(ctx: typer.Context) -> str | None:  # noqa: ARG001  # asked with it, by name
    return None
