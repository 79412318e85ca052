"""What people read on a terminal, in the language they chose: ``templates/cli/en.toml`` and ``mn.toml``.

Both files have the same keys. The words for problems, roles of files, events and outcomes are the report's own, so that
terminal and paper use one word for one thing. A sentence is written so that an inserted value stands alone, after a
colon or in a cell of a table: Mongolian nouns take endings, so nothing is ever glued to a value. Values may come from a
page, a file name or a certificate, so each is made `visible` before it is inserted.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from evidence_kit.display import visible
from evidence_kit.resources import template

_FROM_REPORT = (
    *("events", "outcomes", "problems", "roles", "status"),
    *("compared-kind", "compared-outcome", "measure", "not-compared"),
)

_DEEPEST = 5
"""So many errors may tell of one another; a name from outside could go on as if it told of thousands."""


class Language(StrEnum):
    """The languages that the kit speaks."""

    MONGOLIAN = "mn"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Every sentence of one language, by a dotted key such as ``setup.saved``."""

    language: Language
    sentences: Mapping[str, str]

    @classmethod
    def load(cls, language: Language) -> "Texts":
        """Read the sentences of *language*; a broken template is a broken installation and raises `ValueError`."""
        return cls(language=language, sentences=_sentences(language))

    def say(self, key: str, **values: object) -> str:
        """Return the sentence *key* with *values* in their places, made visible; an unknown key raises `KeyError`.

        A value called *problem* is English, of an error or a check, and said in this language where it is known.
        """
        sentence = self.sentences[key]
        if not values:
            return sentence
        shown = {
            name: self.detail(str(value)) if name == "problem" else visible(str(value))
            for name, value in values.items()
        }
        return sentence.format_map(shown)

    def word(self, group: str, code: str, otherwise: str = "") -> str:
        """Return the words of *group* for a stable English *code*; without any, *otherwise* or the code itself."""
        return self.sentences.get(f"{group}.{code}") or visible(otherwise or code)

    def advice(self, text: str) -> str:
        """Return the advice of an error, whose English is *text*, with its values in their places, made visible.

        What has no words of this language stays English.
        """
        return self._said("cli/advice", text, visible) or visible(text)

    def fact(self, text: str) -> str:
        """Return the fact of an error, whose English is *text*, as `advice` does; empty where there are no words.

        A value may be such a fact itself: one error often tells of another one.
        """
        return self._fact(text, _DEEPEST)

    def detail(self, text: str) -> str:
        """Return what a check says of what it found, whose English is *text*, as `advice` does."""
        return self._detail(text, _DEEPEST)

    def _fact(self, text: str, levels: int) -> str:
        if not levels:
            return ""
        said = self._said("cli/facts", text, lambda value: self._fact(value, levels - 1) or visible(value))
        return "" if said == visible(text) else said

    def _detail(self, text: str, levels: int) -> str:
        said = levels and self._said("verify/details", text, lambda value: self._detail(value, levels - 1))
        return said or self._fact(text, levels) or visible(text)

    def _said(self, kind: str, text: str, value: Callable[[str], str]) -> str:
        """Return the words of the file *kind* for *text*, its values put through *value*; empty if there are none."""
        if self.language is Language.ENGLISH:
            return ""
        for general, words in _phrases(self.language, kind):
            if (found := _values(general, text)) is not None:
                return words.format(*map(value, found))
        return ""


@cache
def _phrases(language: Language, kind: str) -> Sequence[tuple[str, str]]:
    """Return what the English sentences of the file *kind* are in *language*, those that say most themselves first."""
    table = _read(f"{kind}.{language}.toml")
    pairs = [(key, str(words)) for part in table.values() if isinstance(part, Mapping) for key, words in part.items()]
    return sorted(pairs, key=lambda pair: len(pair[0].replace("*", "")), reverse=True)


def _values(general: str, text: str) -> list[str] | None:
    """Return what stands in *text* for each asterisk of *general*, or None if it is another sentence."""
    first, *others = general.split("*")
    if not others:
        return [] if text == general else None
    if not text.startswith(first) or not text.endswith(others[-1]) or len(text) < len(first) + len(others[-1]):
        return None
    rest, found = text[len(first) : len(text) - len(others[-1])], []
    for literal in others[:-1]:
        at = rest.find(literal)
        if at < 0:
            return None
        found.append(rest[:at])
        rest = rest[at + len(literal) :]
    return [*found, rest]


@cache
def _sentences(language: Language) -> Mapping[str, str]:
    # Commands ask for them more than once, and reading them takes longer than what most commands do.
    report = _read(f"report/{language}.toml")
    shared = {group: report[group] for group in _FROM_REPORT}
    return _flat({**shared, **_read(f"cli/{language}.toml")})


def _read(name: str) -> dict[str, object]:
    return tomllib.loads(template(name).read_text(encoding="utf-8"))


def _flat(table: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = str(value)
    return found
