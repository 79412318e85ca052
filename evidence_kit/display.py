r"""Show text from outside (pages, files, names) so that it can deceive neither a reader nor a terminal.

Control characters (Unicode Cc, escape sequences among them), characters that reorder, hide or join text (Cf: U+202E,
U+2066, U+200B, U+FEFF…), line and paragraph separators, private use and unassigned ones are written ``\\u{202E}``.
Emoji sequences keep their zero width joiner, and Mongolian script its vowel separator and variation selectors.
See Unicode Technical Report 36, 2.10 and UAX 9.
"""

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = frozenset("\u200d\u200c")
_KEPT = frozenset("\u180e\u180b\u180c\u180d\u180f")


def visible(text: str, *, newlines: bool = False) -> str:
    """Return *text* with every character that could mislead written as an escape; *newlines* keeps line feeds."""
    if (text.replace("\n", "") if newlines else text).isprintable():  # nothing that is hidden, by Unicode's categories
        return text
    return "".join(
        character if _harmless(character, text[index - 1 : index], newlines=newlines) else _escape(character)
        for index, character in enumerate(text)
    )


def shorten(text: str, limit: int = 80) -> str:
    """Return `visible` *text* on one line of at most *limit* characters, with an ellipsis when cut."""
    shown = visible(" ".join(text.split()))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def csv_cell(text: str) -> str:
    """Return `visible` *text* that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    shown = visible(text)
    return "'" + shown if shown[:1] in {"=", "+", "-", "@"} else shown


def _harmless(character: str, before: str, *, newlines: bool) -> bool:
    if character in _JOINERS:
        # Between two symbols it builds one emoji; anywhere else it hides.
        return bool(before) and unicodedata.category(before) in {"So", "Sk", "Mn"}
    if character in _KEPT or (newlines and character == "\n"):
        return True
    return unicodedata.category(character) not in _HIDDEN


def _escape(character: str) -> str:
    return f"\\u{{{ord(character):04X}}}"
