"""``practice serve``: the practice network, on this computer only."""

import time
from typing import Annotated

import typer

from evidence_kit.cli.options import JsonOption
from evidence_kit.cli.output import emit, say
from evidence_kit.cli.run import Run

_TICK = 1.0
"""Seconds; on Windows only a sleep ends at Ctrl-C."""


def register(root: typer.Typer) -> None:
    """Add the group and its command."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.command("serve")(_serve)
    root.add_typer(group, name="practice")


def _serve(
    ctx: typer.Context,
    *,
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="option.port")] = 0,
    json: JsonOption = False,
) -> None:
    from evidence_kit.practice.server import PracticeServer

    run = Run.of(ctx)
    with PracticeServer(port=port, on_request=run.progress()) as server:
        if json:
            emit({"schema": "evidence-kit/practice-serve/1", "practice": True, "url": server.url})
        else:
            say(run.texts.say("practice.serving", url=f"{server.url}/"))
            say(run.texts.say("practice.stop"))
        while True:
            time.sleep(_TICK)
