"""The text of a recorded page: what was seen of it, or else what stands in its rendered DOM."""

from html.parser import HTMLParser
from pathlib import Path

_SILENT = frozenset(
    {"script", "style", "template", "noscript", "head", "svg", "iframe", "object", "select", "datalist"}
)
_INLINE = frozenset(
    {
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "cite",
        "code",
        "em",
        "i",
        "mark",
        "q",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "time",
        "u",
    }
)
_LARGEST = 20 * 1024 * 1024
_LONGEST = 200_000


def shown_text(text: Path) -> str:
    """Return the file *text* of what the page showed, at most 200,000 characters; raises `OSError`."""
    with text.open(encoding="utf-8", errors="replace") as stream:
        return stream.read(_LONGEST).strip()


def page_text(dom: Path) -> str:
    """Return the text of the HTML file at *dom*, a block a line, at most 200,000 characters; raises `OSError`."""
    with dom.open(encoding="utf-8", errors="replace") as stream:
        parser = _Reader()
        parser.feed(stream.read(_LARGEST))
        parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.pieces).split("\n"))
    return "\n".join(line for line in lines if line)[:_LONGEST]


class _Reader(HTMLParser):
    """Collects text outside silent elements."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _SILENT:
            self._silent.append(tag)
        if tag not in _INLINE:
            self.pieces.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag not in _INLINE:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            while self._silent.pop() != tag:
                pass
        if tag not in _INLINE:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.pieces.append(data.replace("\n", " "))
