"""The command line: arguments in, reports out. The only room that knows typer, streams and exit codes.

Modules are named after the commands they hold. `app.main` is the one place that turns errors into lines and exit codes:
0 done or verified, 1 could not do it, 2 wrong usage, 3 evidence does not match its record, 4 done but incomplete,
130 interrupted.

Every command imports its workflow inside its function: the libraries of PDF, cryptography and the browser take seconds
to load, and ``--help`` must not wait for them. It is the only room that may do so.
"""

import signal
from collections.abc import Sequence

__all__ = ["main"]

_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line on *argv* (the program's own arguments when None) and end with its exit code."""
    try:
        # Here and not above: Ctrl-C may come while the commands are loaded, and this is the first line to hear it.
        from evidence_kit.cli import app

        app.main(argv)
    except KeyboardInterrupt:
        code: object = _INTERRUPTED
    except SystemExit as end:
        code = end.code
    else:
        return
    if code == _INTERRUPTED and argv is None:
        # The process is ours and ends now: pressed again, the keys must not break into its last steps.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise SystemExit(code)
