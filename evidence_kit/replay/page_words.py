"""What people read on the page, in both languages: ``templates/view``, and the words of the report for codes."""

import tomllib
from functools import cache

from evidence_kit.canonical import Json
from evidence_kit.resources import template
from evidence_kit.texts import Language

_FROM_REPORT = ("flags", "problems", "recorders", "requests", "roles", "status")


@cache
def all_words() -> dict[str, Json]:
    """Return the sentences by language and dotted key; a broken template raises `ValueError`."""
    return {str(language): words(language) for language in Language}


def words(language: Language) -> dict[str, Json]:
    """Return the sentences of *language* by dotted key."""
    report = _read(f"report/{language}.toml")
    shared: dict[str, Json] = {name: report[name] for name in _FROM_REPORT}
    return _flat({**shared, **_read(f"view/{language}.toml")}, "")


def _read(name: str) -> dict[str, Json]:
    return tomllib.loads(template(name).read_text(encoding="utf-8"))


def _flat(table: dict[str, Json], prefix: str) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = str(value)
    return found
