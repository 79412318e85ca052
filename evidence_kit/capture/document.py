"""Find the exchange that brought the page, and say what it tells of the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from evidence_kit.canonical import Json
from evidence_kit.capture import inventory
from evidence_kit.capture.exchanges import Fate, seen_headers
from evidence_kit.capture.inventory import Judged
from evidence_kit.capture.listening import Heard
from evidence_kit.capture.outcome import page_error
from evidence_kit.capture.traffic import Hop
from evidence_kit.display import shorten
from evidence_kit.models import Problem

_EMPTY = frozenset({204, 205, 304})
_HTML = frozenset({"text/html", "application/xhtml+xml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The navigation that ended in the page as it was pictured: its redirects and its document, in order."""

    chain: tuple[Judged, ...]

    @classmethod
    def of(cls, judged: Sequence[Judged], heard: Heard) -> "Document":
        """Return the navigation of the page that was pictured, or else the first one."""
        frame = heard.driver.frame if heard.driver else ""
        ours = [pair for pair in judged if pair[0].kind == "Document" and pair[0].frame == frame]
        if not ours:
            return cls(chain=())
        shown = heard.snapshots.loader
        wanted = shown if any(hop.request_id == shown for hop, _ in ours) else ours[0][0].request_id
        return cls(chain=tuple(pair for pair in ours if pair[0].request_id == wanted))

    @property
    def judged(self) -> Judged | None:
        """The last exchange of the chain with what became of it."""
        return self.chain[-1] if self.chain else None

    @property
    def hop(self) -> Hop | None:
        """The last exchange of the chain."""
        return self.chain[-1][0] if self.chain else None

    @property
    def url(self) -> str:
        """The address the chain ended at; empty when there is none."""
        return self.chain[-1][0].url if self.chain else ""

    @property
    def status(self) -> int | None:
        """The HTTP status of the document."""
        response = self.hop.response if self.hop else None
        return int(response["status"]) if response else None

    @property
    def media_type(self) -> str:
        """The Content-Type as the server sent it, or as the browser guessed it when it sent none."""
        if self.hop is None or self.hop.response is None:
            return ""
        values = [value for name, value in seen_headers(self.hop).items() if name.lower() == "content-type"]
        return str(values[0] if values else self.hop.response.get("mimeType", ""))


def document_problems(url: str, document: Document, heard: Heard) -> list[Problem]:
    """Return what is wrong with the page itself, rather than with what it loaded."""
    where = shorten(document.url or url, 200)
    if heard.crashed:
        return [Problem(code="page.crashed", detail=f"{where}: the page's process or the browser crashed")]
    driver = heard.driver
    if driver is None:
        return [Problem(code="page.unresponsive", detail="the browser opened no page")]
    if document.url in heard.downloads:
        detail = f"{where}: {shorten(document.media_type)} is not shown by the browser, it was recorded only"
        return [Problem(code="document.download", detail=detail)]
    if document.status in _EMPTY:
        return [
            Problem(code="document.empty", detail=f"{where}: the server answered {document.status}, without a page")
        ]
    if driver.navigation_error:
        return [page_error(driver.navigation_error, document.url or url)]
    found = []
    if driver.timed_out:
        found.append(Problem(code="page.timeout", detail=f"{where}: the page was not loaded within its time"))
    if document.media_type.split(";")[0].strip().lower() not in _HTML:
        detail = (
            f"{where}: the document is {shorten(document.media_type) or 'of no stated type'} and has no HTML source"
        )
        found.append(Problem(code="document.not-html", detail=detail))
    return found


def page_facts(document: Document, heard: Heard, judged: Sequence[Judged]) -> dict[str, Json]:
    """Return what people ask first of a captured page; text from it may hold anything."""
    size = heard.snapshots.screenshot
    sent = [hop for hop, judgement in judged if judgement.fate is not Fate.CACHED]
    return {
        "title": inventory.clean(heard.snapshots.title),
        "lang": inventory.clean(heard.snapshots.lang),
        "http_status": document.status,
        "content_type": inventory.clean(document.media_type),
        "redirects": inventory.redirects([hop for hop, _ in document.chain]),
        "screenshot": {"width": size[0], "height": size[1]} if size else None,
        "counts": inventory.counts(judged, sockets=len(heard.traffic.sockets)),
        "body_bytes": sum(hop.taken for hop in sent),
        "wire_bytes": sum(hop.wire_bytes for hop in sent),
    }
