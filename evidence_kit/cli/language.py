"""Which language a person reads: ``--lang``, else ``EVIDENCE_KIT_LANG``, else the settings, else the system's own.

``--lang`` may stand anywhere on the line, before or after the command, so it is taken out of the line before anything
else reads it.
"""

import locale
from collections.abc import Mapping, Sequence

from evidence_kit.display import visible
from evidence_kit.errors import UsageError
from evidence_kit.texts import Language

VARIABLE = "EVIDENCE_KIT_LANG"
_OPTION = "--lang"


def take_language(arguments: Sequence[str]) -> tuple[list[str], str | None]:
    """Return *arguments* without ``--lang VALUE`` and the value given last; raises `UsageError` when it is missing."""
    rest: list[str] = []
    given: str | None = None
    waiting = list(arguments)
    while waiting:
        argument = waiting.pop(0)
        if argument == "--":
            return [*rest, argument, *waiting], given
        if argument == _OPTION:
            if not waiting:
                raise UsageError(f"{_OPTION} needs a language", hint="say --lang mn or --lang en")
            given = waiting.pop(0)
        elif argument.startswith(f"{_OPTION}="):
            given = argument.removeprefix(f"{_OPTION}=")
        else:
            rest.append(argument)
    return rest, given


def chosen_language(given: str | None, environ: Mapping[str, str]) -> Language | None:
    """Return the language that the line or the environment names, None for neither; raises `UsageError`."""
    for source, value in ((_OPTION, given), (VARIABLE, environ.get(VARIABLE) or None)):
        if value is None:
            continue
        if value not in set(Language):
            message = f"{source} names a language that the kit does not speak: {visible(value)}"
            raise UsageError(message, hint="say mn or en")
        return Language(value)
    return None


def system_language(environ: Mapping[str, str]) -> Language:
    """Return Mongolian on a Mongolian system, else English: POSIX variables first, then what Windows or macOS says."""
    posix = next(filter(None, (environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    try:
        name = posix or locale.getlocale(locale.LC_CTYPE)[0] or ""
    except ValueError:
        # A locale that Python does not know; it raises instead of returning None.
        name = ""
    return Language.MONGOLIAN if name.lower().startswith(("mn", "mongolian")) else Language.ENGLISH
