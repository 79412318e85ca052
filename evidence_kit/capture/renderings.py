"""What a browser has made of a page, asked of the browser and not of the page, whose scripts could answer otherwise.

Frames of other sites live in processes of their own; they are asked too, after the page itself. Every function raises
`ProtocolError` when the browser refuses, is late, or what it would answer is too large to be asked for.
"""

import json
from collections.abc import Sequence

from evidence_kit.browser.cdp import Fields, ProtocolError
from evidence_kit.capture.accessibility import tree_text
from evidence_kit.capture.inventory import clean
from evidence_kit.capture.page_session import PageSession
from evidence_kit.capture.visible_text import STYLES

MEBIBYTE = 1024 * 1024
_MOST_ELEMENTS = 200_000
_LONGEST = 64 * MEBIBYTE
"""Characters of a page's source."""
_HEAVIEST = 96 * MEBIBYTE
"""Bytes of everything that a page consists of; in a web archive of one file they grow by a third."""
_SECONDS = 20.0
_ABOUT = """(() => {
    const get = (name) => Reflect.get(Document.prototype, name, document);
    const root = get('documentElement');
    const elements = Document.prototype.getElementsByTagName.call(document, '*').length;
    return [get('title'), root?.getAttribute('lang') ?? '', elements, root?.outerHTML.length ?? 0];
})()"""
"""Through the prototypes: an element called ``title`` would answer for the document."""


async def about(driver: PageSession) -> tuple[str, str]:
    """Return title and language of the page, when it is not too large to be looked at."""
    title, lang, elements, characters = await driver.evaluate(_ABOUT)
    if elements > _MOST_ELEMENTS or characters > _LONGEST:
        message = f"the page has {elements} elements and {characters} characters, more than can be kept"
        raise ProtocolError(message)
    return clean(str(title)), clean(str(lang))


async def rendered_dom(driver: PageSession) -> bytes:
    """Return the page's document as HTML, shadow trees as templates in it; UTF-8."""
    root = await driver.send("DOM.getDocument", {"depth": 0}, timeout=_SECONDS)
    params = {"nodeId": root["root"]["nodeId"], "includeShadowDOM": True}
    answer = await driver.send("DOM.getOuterHTML", params, timeout=_SECONDS)
    return clean(answer["outerHTML"]).encode("utf-8")


async def layout_snapshots(driver: PageSession) -> list[Fields]:
    """Return the DOM snapshot of the page with its layout, and that of each frame of another site."""
    params = {"computedStyles": list(STYLES)}
    return [
        await driver.connection.send("DOMSnapshot.captureSnapshot", params, session=session, timeout=_SECONDS)
        for session in driver.sessions()
    ]


def snapshots_json(snapshots: Sequence[Fields]) -> bytes:
    """Return *snapshots* as they are written down, as the browser gave them; numbers in them have fractions."""
    document = {"schema": "evidence-kit/dom-snapshot/1", "styles": STYLES, "frames": snapshots}
    return clean(json.dumps(document, ensure_ascii=False, separators=(",", ":"))).encode("utf-8")


async def accessibility_text(driver: PageSession) -> bytes:
    """Return the accessibility trees of the page and of all frames in it, as text."""
    trees = []
    for session in driver.sessions():
        answer = await driver.connection.send("Page.getFrameTree", session=session)
        for frame in _frames(answer["frameTree"]):
            params = {"frameId": frame["id"]}
            tree = await driver.connection.send(
                "Accessibility.getFullAXTree", params, session=session, timeout=_SECONDS
            )
            trees.append((frame["url"], tree["nodes"]))
    return clean(tree_text(trees)).encode("utf-8")


async def mhtml(driver: PageSession) -> bytes:
    """Return the page and what it shows as one MHTML file (RFC 2557)."""
    tree = await driver.send("Page.getResourceTree")
    weight = sum(resource.get("contentSize", 0) for part in _parts(tree["frameTree"]) for resource in part["resources"])
    if weight > _HEAVIEST:
        message = f"the page consists of {weight} bytes, more than can be kept in one file"
        raise ProtocolError(message)
    answer = await driver.send("Page.captureSnapshot", {"format": "mhtml"}, timeout=_SECONDS)
    return clean(answer["data"]).encode("utf-8")


def _frames(tree: Fields) -> list[Fields]:
    return [part["frame"] for part in _parts(tree)]


def _parts(tree: Fields) -> list[Fields]:
    """Return the frame tree as a list, parents first."""
    found, waiting = [], [tree]
    while waiting:
        part = waiting.pop()
        found.append(part)
        waiting += reversed(part.get("childFrames", []))
    return found
