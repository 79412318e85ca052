"""What the words on a control mean, in the languages of ``words.toml``.

Text is compared without regard to case, with signs and numbers left out, so that ``View 12 replies…`` says
``view replies``. A language without spaces between words has its entries found anywhere.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

_SOLID = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_SIGNS = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"\b\d\w*")
_DOT = "\u0307"
"""What is left of the Turkish capital I with a dot when it becomes small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One pattern for each meaning."""

    patterns: Mapping[str, re.Pattern[str]]

    @classmethod
    def load(cls) -> "Words":
        """Read ``words.toml``."""
        text = files(__package__).joinpath("words.toml").read_text("utf-8")
        return cls.of(tomllib.loads(text))

    @classmethod
    def of(cls, meanings: Mapping[str, Mapping[str, Sequence[str]]]) -> "Words":
        """Return the words of ``{meaning: {language: [entry]}}``."""
        return cls(
            patterns={
                meaning: re.compile("|".join(_pattern(entry) for entries in languages.values() for entry in entries))
                for meaning, languages in meanings.items()
            }
        )

    def say(self, meaning: str, text: str) -> bool:
        """Return whether *text* says something of *meaning*."""
        return self.patterns[meaning].search(folded(text)) is not None

    def are(self, meaning: str, text: str) -> bool:
        """Return whether *text* says nothing else than one entry of *meaning*."""
        return self.patterns[meaning].fullmatch(folded(text)) is not None


def folded(text: str) -> str:
    """Return *text* as it is compared: small letters, one space between words, no signs, no numbers."""
    small = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).replace(_DOT, "")
    return " ".join(_NUMBER.sub(" ", _SIGNS.sub(" ", small)).split())


def _pattern(entry: str) -> str:
    stem = re.escape(folded(entry))
    if _SOLID.search(entry):
        return stem
    return rf"\b{stem}\w*" if entry.endswith("*") else rf"\b{stem}\b"
