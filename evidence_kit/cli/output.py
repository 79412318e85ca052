"""The three streams: results on stdout, progress and messages on stderr, answers from stdin.

A result is text, or with ``--json`` exactly one JSON document. Nothing is coloured, so that meaning never hangs on
colour, and ``NO_COLOR`` and pipes need no care. Text from outside reaches the streams only through `visible`.
"""

import io
import json
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from evidence_kit.display import visible
from evidence_kit.errors import EvidenceError, TokenError
from evidence_kit.texts import Texts

PROGRAM = "evidence-kit"


def prepare_streams() -> None:
    """Make the streams take every character: UTF-8 on Windows and in pipes, escapes where a terminal has no letter."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            utf8 = sys.platform == "win32" or not stream.isatty()
            stream.reconfigure(encoding="utf-8" if utf8 else stream.encoding, errors="backslashreplace")


def is_dialogue() -> bool:
    """Whether a person sits at both ends: stdin and stdout are terminals."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def say(line: str = "") -> None:
    """Print one or more lines of the result."""
    _write(sys.stdout, line)


def note(line: str) -> None:
    """Print a message that is not part of the result."""
    sys.stdout.flush()
    _write(sys.stderr, line)


def emit(document: Mapping[str, object]) -> None:
    """Print the one JSON document of a command.

    Characters that could mislead on a terminal stand as JSON escapes (RFC 8259, 7), which mean the same to a program.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False)
    _write(sys.stdout, "".join(c if c == "\n" or visible(c) == c else json.dumps(c)[1:-1] for c in text))


def show_error(error: EvidenceError, texts: Texts) -> None:
    """Print *error*: the fact, in the reader's language where it is known, and in English; and the advice.

    Where it is not known, what kind of error it is.
    """
    prefix = f"{PROGRAM}: {texts.say('error.error')}"
    english = visible(str(error))
    if fact := texts.fact(str(error)):
        note(f"{prefix}: {fact}")
        note(f"{PROGRAM}: {texts.say('error.english')}: {english}")
    else:
        note(f"{prefix}: {english}")
        # An adapter's own error has no words of its own, and is of a kind that has.
        named = (texts.sentences.get(f"error.{kind.__name__}") for kind in type(error).__mro__)
        if meaning := next((words for words in named if words is not None), ""):
            note(f"{prefix}: {meaning}")
    hint = advice(error, texts)
    if hint:
        note(f"{PROGRAM}: {texts.say('error.hint')}: {hint}")


def advice(error: EvidenceError, texts: Texts) -> str:
    """Return what to do about *error*, in the reader's language where it is known; empty for nothing in particular."""
    return texts.say(f"token.{error.problem}") if isinstance(error, TokenError) else texts.advice(error.hint)


class Progress:
    """Hears the steps of long work and shows each as a line on stderr, if that is a terminal."""

    def __init__(self, texts: Texts) -> None:
        """Remember whether anybody watches."""
        self._texts = texts
        self._shown = sys.stderr.isatty()

    def __call__(self, step: str) -> None:
        """Show *step*, in the reader's language where it is known."""
        if self._shown:
            note(f"  … {_step_in_words(step, self._texts)}")


def _step_in_words(step: str, texts: Texts) -> str:
    """Return *step* in the reader's language; a value stands at its end."""
    head, _, value = step.rpartition(" ")
    general = texts.word("steps", f"{head} *")
    return texts.word("steps", step) if general.endswith(" *") else f"{general}: {visible(value)}"


def quoted(path: Path) -> str:
    """Return *path* as it can be typed after a command, here and on Windows."""
    return f'"{path}"' if " " in str(path) else str(path)


def width_of(text: str) -> int:
    """Return the cells that *text* takes on a terminal (UAX 11; marks take none)."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in {"W", "F"} else 1 for c in text
    )


def rows(pairs: Sequence[tuple[str, str]], *, indent: str = "  ") -> str:
    """Return lines of a name, a colon and a value each, the values below one another."""
    width = max((width_of(name) for name, _ in pairs), default=0)
    return "\n".join(f"{indent}{name}:{' ' * (width - width_of(name))} {value}".rstrip() for name, value in pairs)


def table(header: Sequence[str], lines: Sequence[Sequence[str]], *, indent: str = "  ") -> str:
    """Return a table with columns as wide as their widest cell; the last one is never padded."""
    whole = [header, *lines]
    widths = [max(width_of(line[column]) for line in whole) for column in range(len(header))]
    return "\n".join(
        indent
        + "  ".join(cell + " " * (width - width_of(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in whole
    )


def _write(stream: TextIO, text: str) -> None:
    stream.write(f"{text}\n")
    stream.flush()
