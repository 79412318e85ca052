"""Find elements in HTML that other programs wrote, with the bytes at which they stand.

This is no browser: it looks at tags, attributes and text only, in one pass whose cost grows with the size of the page
alone, whatever stands in it. Nothing is run or fetched. Comments, scripts and styles are passed over (HTML Standard,
13.2.5).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape

from evidence_kit.errors import FormatError
from evidence_kit.intake.chats.repair import whole

_TAG = re.compile(
    rb"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})((?:[^<>\"']|\"[^\"]{0,65536}\"|'[^']{0,65536}'){0,4096}+)>", re.DOTALL
)
_ATTRIBUTE = re.compile(rb"([a-zA-Z][a-zA-Z0-9:-]{0,60}+)\s*+=\s*+(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
_RAW = frozenset({b"script", b"style", b"textarea", b"title"})
_DEEPEST = 100
_MOST_INSIDE = 20_000
"""Tags and texts of one element that are kept; a message has dozens."""
MOST_PIECES = 3_000_000
"""Tags and texts of one page; 10,000 messages have 600,000."""


@dataclass(slots=True)
class Element:
    """An element with what lies in it."""

    tag: str
    attributes: dict[str, str]
    start: int
    end: int = 0
    """The byte behind its end tag."""
    children: "list[Element | str]" = field(default_factory=list)
    cut: bool = False
    """Whether more lies in it than what is kept."""

    def has(self, *classes: str) -> bool:
        """Say whether it has one of *classes*."""
        own = self.attributes.get("class")
        return own is not None and not set(classes).isdisjoint(own.split())

    def all(self, *classes: str, outside: str = "") -> "Iterator[Element]":
        """Yield each element inside with one of *classes*, in order; none that lies in one of class *outside*."""
        for child in self.children:
            if isinstance(child, Element) and not (outside and child.has(outside)):
                if child.has(*classes):
                    yield child
                yield from child.all(*classes, outside=outside)

    def first(self, *classes: str, outside: str = "") -> "Element | None":
        """Return the first of them."""
        return next(self.all(*classes, outside=outside), None)

    def tags(self, tag: str) -> "Iterator[Element]":
        """Yield each element inside of this tag."""
        for child in self.children:
            if isinstance(child, Element):
                if child.tag == tag:
                    yield child
                yield from child.tags(tag)

    def text(self, *, without: str = "") -> str:
        """Return its text as a browser lays it out: spaces as one, ``br`` and blocks as new lines.

        What lies in elements of the tag *without* is left out.
        """
        lines = "".join(self._pieces(without)).split("\n")
        return "\n".join(line.strip(" ") for line in lines).strip("\n")

    def _pieces(self, without: str) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield _SPACES.sub(" ", child)
            elif child.tag == "br":
                yield "\n"
            elif child.tag != without or not without:
                yield from child._pieces(without)  # noqa: SLF001  # its own kind


def elements(data: bytes, wanted: Callable[[Element], bool], *, empty: bool = False) -> Iterator[Element]:
    """Yield each element that is *wanted*, told by its tag and attributes; one inside another ends the outer one.

    With *empty* only where they stand is told, not what lies in them.
    Raises `FormatError` for a page of more than `MOST_PIECES` tags and texts.
    """
    stack = _Stack(empty=empty)
    for pieces, (start, end, match) in enumerate(_tags(data)):
        if pieces == MOST_PIECES:
            raise FormatError(f"a page of more than {MOST_PIECES} tags and texts")
        if match is None:
            if stack.open and not empty:
                stack.add(whole(unescape(data[start:end].decode("utf-8", "replace"))))
            continue
        tag = match[2].lower().decode()
        if match[1]:
            yield from stack.close(tag, end)
            continue
        element = Element(tag, _attributes(match[3]), start)
        if wanted(element):
            yield from stack.finish(start)
            stack = _Stack([element], empty=empty)
        else:
            stack.add(element)
    yield from stack.finish(len(data))


class _Stack:
    """A wanted element and those open inside it, the innermost last."""

    def __init__(self, opened: Sequence[Element] = (), *, empty: bool) -> None:
        self.open = list(opened)
        self._empty = empty
        self._inside = 0

    def add(self, child: "Element | str") -> None:
        """Put a text or an element into the innermost element, if there is one."""
        if not self.open:
            return
        self._inside += 1
        if self._inside > _MOST_INSIDE:
            self.open[0].cut = True
        elif not self._empty:
            self.open[-1].children.append(child)
        if isinstance(child, Element) and child.tag not in _VOID and len(self.open) < _DEEPEST:
            self.open.append(child)

    def close(self, tag: str, end: int) -> Iterator[Element]:
        """Close the innermost element of *tag*, and yield it if it is the wanted one."""
        for depth in range(len(self.open) - 1, -1, -1):
            if self.open[depth].tag == tag:
                self.open[depth].end = end
                if not depth:
                    yield self.open[0]
                del self.open[depth:]
                return

    def finish(self, end: int) -> Iterator[Element]:
        """Yield the wanted element, which nothing closes before *end*."""
        if self.open:
            self.open[0].end = end
            yield self.open[0]


def _tags(data: bytes) -> Iterator[tuple[int, int, re.Match[bytes] | None]]:
    """Yield start, end and match of each tag, and start, end and None of each text between tags."""
    at = 0
    while at < len(data):
        start = data.find(b"<", at)
        if start < 0:
            start = len(data)
        if start > at:
            yield at, start, None
        if data.startswith(b"<!--", start):
            end = data.find(b"-->", start)
            at = end + 3 if end >= 0 else len(data)
            continue
        match = _TAG.match(data, start)
        if not match:
            if start < len(data) and data[start + 1 : start + 2] not in {b"!", b"?", b"/"}:
                yield start, start + 1, None
            at = start + 1
            continue
        yield start, match.end(), match
        at = match.end()
        if not match[1] and match[2].lower() in _RAW:
            end = data.find(b"</" + match[2], at)
            at = end if end >= 0 else len(data)


def _attributes(text: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    if b"=" not in text:
        return found
    for match in _ATTRIBUTE.finditer(text):
        value = match[2] or match[3] or match[4] or b""
        found.setdefault(match[1].decode().lower(), whole(unescape(value.decode("utf-8", "replace"))))
    return found
