"""The accessibility tree as text: what a screen reader is told of a page, one node a line, indented by its depth.

``role "name" = "value"``; nodes that no reader is told of are left out, what is inside them is not. Names come from the
page, so everything that could deceive a reader is written as an escape. Source: ``Accessibility.getFullAXTree``.
"""

from collections.abc import Iterator, Sequence

from evidence_kit.browser.cdp import Fields
from evidence_kit.display import shorten, visible

_REPEATS = frozenset({"InlineTextBox"})
"""Lines of a text as it was broken: the text itself stands above them."""
_PLAIN = frozenset({"none", "generic"})
_DEEPEST = 60
"""Levels that are shown by indentation; a hostile page has any number."""


def tree_text(frames: Sequence[tuple[str, Sequence[Fields]]]) -> str:
    """Return the trees of *frames*, each with its address; the first is the page itself."""
    parts: list[str] = []
    for url, nodes in frames:
        head = [f"--- {shorten(url, 500)} ---"] if parts else []
        parts.append("".join(f"{line}\n" for line in [*head, *_lines(nodes)]))
    return "\n".join(parts)


def _lines(nodes: Sequence[Fields]) -> Iterator[str]:
    known = {node["nodeId"]: node for node in nodes}
    roots = [node for node in nodes if node.get("parentId") not in known]
    waiting = [(node, 0) for node in reversed(roots)]
    done: set[str] = set()
    while waiting:
        node, depth = waiting.pop()
        if node["nodeId"] in done or _said(node, "role") in _REPEATS:
            continue
        done.add(node["nodeId"])
        line = _line(node)
        if line:
            yield "  " * min(depth, _DEEPEST) + line
        children = [known[name] for name in node.get("childIds", ()) if name in known]
        waiting += [(child, depth + bool(line)) for child in reversed(children)]


def _line(node: Fields) -> str:
    role, name, value = (_said(node, key) for key in ("role", "name", "value"))
    if node.get("ignored") or (role in _PLAIN and not name):
        return ""
    line = visible(role)
    if name:
        line += f' "{visible(name)}"'
    return f'{line} = "{visible(value)}"' if value else line


def _said(node: Fields, key: str) -> str:
    value = node.get(key, {}).get("value", "")
    return str(value)
