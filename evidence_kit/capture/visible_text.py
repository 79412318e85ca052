"""The text that a page shows, out of the browser's own snapshot of its layout (``DOMSnapshot.captureSnapshot``).

The page's scripts cannot answer in its place. What open and closed shadow trees, style sheets (``::before``) and fields
show is in it; what is not laid out or has ``visibility: hidden`` is not. Whether something else lies above it is not
asked. A block begins a line, cells of a table are parted by tabs. Frames follow the page, each after a line that names
it; a page can write such a line itself, the snapshot tells them apart.
"""

import re
from collections.abc import Iterator, Sequence

from evidence_kit.browser.cdp import Fields
from evidence_kit.display import shorten

STYLES = ("display", "visibility", "opacity", "white-space-collapse")
"""The computed styles that a snapshot has to hold."""

_INLINE = frozenset({"", "inline", "contents", "none", "ruby", "ruby-text", "ruby-base", "math"})
_WORD, _CELL, _LINE = 1, 2, 3
_BETWEEN = {0: "", _WORD: " ", _CELL: "\t", _LINE: "\n"}
_SPACE = re.compile(r"[ \t\n\r\f]+")


def visible_text(snapshots: Sequence[Fields]) -> str:
    """Return the text of all documents in *snapshots*, those of frames after the page's own, with a final line end."""
    parts: list[str] = []
    for snapshot in snapshots:
        for document in snapshot["documents"]:
            text = _document_text(document, snapshot["strings"])
            if parts:
                text = f"\n--- {shorten(_string(snapshot['strings'], document['documentURL']), 500)} ---\n{text}"
            parts.append(text)
    return "".join(parts)


def _document_text(document: Fields, strings: Sequence[str]) -> str:
    pieces: list[str] = []
    pending = 0
    for separator, text in _pieces(document, strings):
        pending = max(pending, separator)
        if text:
            pieces += [_BETWEEN[pending], text]
            pending = 0
    lines = (re.sub(r" *\t *", "\t", re.sub(r" {2,}", " ", line)).strip() for line in "".join(pieces).split("\n"))
    return "".join(f"{line}\n" for line in lines if line)


def _pieces(document: Fields, strings: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Walk the layout in the order of the document: how strongly what follows is parted from before, and texts."""
    nodes, layout = document["nodes"], document["layout"]
    ends = _ends(nodes["parentIndex"])
    fields = _field_values(nodes, strings)
    open_: list[tuple[int, int]] = []
    for node, text, style in zip(layout["nodeIndex"], layout["text"], layout["styles"], strict=True):
        while open_ and node > open_[-1][0]:
            yield open_.pop()[1], ""
        display, visibility, _, collapse = [_string(strings, index) for index in style] or [""] * len(STYLES)
        shown = visibility == "visible"
        if text >= 0:
            yield 0, _shown(_string(strings, text), collapse) if shown else ""
        elif (separator := _separator(display)) or node in fields:
            yield separator, fields.get(node, "") if shown else ""
            open_.append((ends[node], separator))


def _ends(parents: Sequence[int]) -> list[int]:
    """Return of each node the last node inside it; nodes are listed parents first, then what is in them."""
    ends = list(range(len(parents)))
    for node in range(len(parents) - 1, 0, -1):
        parent = parents[node]
        if parent >= 0:
            ends[parent] = max(ends[parent], ends[node])
    return ends


def _separator(display: str) -> int:
    if display in _INLINE:
        return 0
    if display == "table-cell":
        return _CELL
    return _WORD if display.startswith("inline-") else _LINE


def _shown(text: str, collapse: str) -> str:
    # A line break element is the text of one line feed.
    return text if collapse.startswith("preserve") or text == "\n" else _SPACE.sub(" ", text)


def _field_values(nodes: Fields, strings: Sequence[str]) -> dict[int, str]:
    """Return what stands in fields to be filled in, by node; dots are what a password field shows."""
    found = {}
    for kind in ("textValue", "inputValue"):
        values = nodes.get(kind, {"index": [], "value": []})
        for node, value in zip(values["index"], values["value"], strict=True):
            names = [_string(strings, index) for index in nodes["attributes"][node]]
            type_ = dict(zip(names[::2], names[1::2], strict=True)).get("type", "").lower()
            text = _string(strings, value)
            found[node] = "•" * len(text) if type_ == "password" else text
    return {node: text for node, text in found.items() if text}


def _string(strings: Sequence[str], index: int) -> str:
    return strings[index] if index >= 0 else ""
