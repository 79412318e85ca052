"""The text of a recorded page: what was seen of it, or else what stands in its rendered DOM; and the page's links."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin

from evidence_kit.bundle.exhibit_parts import PageLink

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
_LONGEST_LINK = 200
_LEADING = frozenset({"http", "https", "mailto", "tel"})


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


def page_links(dom: Path, address: str) -> list[PageLink]:
    """Return the links in the HTML file at *dom* of the page at *address*, each address once; raises `OSError`.

    Links within the page and such as lead to no address (``javascript:``) are left out.
    """
    with dom.open(encoding="utf-8", errors="replace") as stream:
        parser = _Links()
        parser.feed(stream.read(_LARGEST))
        parser.close()
    here = urldefrag(address).url
    found: dict[str, str] = {}
    for target, pieces in parser.links:
        url = _joined(address, target)
        if url.partition(":")[0].lower() in _LEADING and urldefrag(url).url != here:
            text = " ".join("".join(pieces).split())[:_LONGEST_LINK]
            found[url] = found.get(url) or text
    return [PageLink(text=text, url=url) for url, text in found.items()]


def _joined(address: str, target: str) -> str:
    try:
        return urljoin(address, target.strip())
    except ValueError:
        return ""


class _Links(HTMLParser):
    """Collects what anchors lead to and the text within them; anchors do not nest."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[tuple[str, list[str]]] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href") if tag == "a" else None
        if target:
            self.links.append((target, []))
        self._open = bool(target) or (self._open and tag != "a")

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag != "a"

    def handle_data(self, data: str) -> None:
        if self._open:
            self.links[-1][1].append(data)


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
