"""The command line: arguments in, reports out. The only room that knows typer, streams and exit codes.

Modules are named after the commands they hold. `app.main` is the one place that turns errors into lines and exit codes:
0 done or verified, 1 could not do it, 2 wrong usage, 3 evidence does not match its record, 4 done but incomplete,
130 interrupted.

Every command imports its workflow inside its function: the libraries of PDF, cryptography and the browser take seconds
to load, and ``--help`` must not wait for them. It is the only room that may do so.
"""

from evidence_kit.cli.app import main

__all__ = ["main"]
