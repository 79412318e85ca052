"""Find the exchange that brought the page, and say what it tells of the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from evidence_kit.canonical import Json
from evidence_kit.capture import inventory
from evidence_kit.capture.entries import Entry
from evidence_kit.capture.heard import Heard
from evidence_kit.capture.ledger import counts
from evidence_kit.capture.outcome import page_error
from evidence_kit.capture.recorder import Refusal
from evidence_kit.capture.traffic import Hop
from evidence_kit.display import shorten
from evidence_kit.models import Problem

_EMPTY = frozenset({204, 205, 304})
_HTML = frozenset({"text/html", "application/xhtml+xml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The navigation that ended in the page as it was pictured: its redirects and its document, in order."""

    chain: tuple[Entry, ...]

    @classmethod
    def of(cls, entries: Sequence[Entry], heard: Heard) -> "Document":
        """Return the navigation of the page that was pictured, or else the first one."""
        frame = heard.visit.frame
        ours = [entry for entry in entries if entry.hop and entry.hop.kind == "Document" and entry.hop.frame == frame]
        ids = [entry.hop.request_id for entry in ours if entry.hop]
        if not ids:
            return cls(chain=())
        wanted = heard.snapshots.loader if heard.snapshots.loader in ids else ids[0]
        return cls(chain=tuple(entry for entry, name in zip(ours, ids, strict=True) if name == wanted))

    @property
    def entry(self) -> Entry | None:
        """The last exchange of the chain."""
        return self.chain[-1] if self.chain else None

    @property
    def hop(self) -> Hop | None:
        """What the browser told of it."""
        return self.entry.hop if self.entry else None

    @property
    def url(self) -> str:
        """The address the chain ended at; empty when there is none."""
        return self.hop.url if self.hop else ""

    @property
    def status(self) -> int | None:
        """The HTTP status of the document."""
        return self.hop.status if self.hop and self.hop.response else None

    @property
    def media_type(self) -> str:
        """The Content-Type as the server sent it, or as the browser guessed it when it sent none."""
        if self.hop is None or self.hop.response is None:
            return ""
        values = [value for name, value in self.hop.seen_headers.items() if name.lower() == "content-type"]
        return str(values[0] if values else self.hop.response.get("mimeType", ""))

    @property
    def date(self) -> str | None:
        """The Date header as the server sent it: what it claims (RFC 9110, 6.6.1)."""
        headers = self.hop.seen_headers if self.hop and self.hop.response else {}
        return next((inventory.clean(str(value)) for name, value in headers.items() if name.lower() == "date"), None)


def document_problems(url: str, document: Document, heard: Heard, refusal: Refusal) -> list[Problem]:
    """Return what is wrong with the page itself, rather than with what it loaded.

    *refusal* knows more than the browser of why an address could not be reached.
    """
    where = shorten(document.url or url, 200)
    if heard.crashed:
        return [Problem(code="page.crashed", detail=f"{where}: the page's process or the browser crashed")]
    if missing := _no_page(url, document, heard, refusal):
        return [missing]
    found = []
    if heard.visit.timed_out:
        found.append(Problem(code="page.timeout", detail=f"{where}: the page was not loaded within its time"))
    if document.media_type.split(";")[0].strip().lower() not in _HTML:
        kind = shorten(document.media_type) or "of no stated type"
        found.append(
            Problem(code="document.not-html", detail=f"{where}: the document is {kind} and has no HTML source")
        )
    return found


def _no_page(url: str, document: Document, heard: Heard, refusal: Refusal) -> Problem | None:
    """Return why there is nothing to see; None when there is a page."""
    address, visit = document.url or url, heard.visit
    where = shorten(address, 200)
    if not visit.frame:
        return Problem(code="page.unresponsive", detail="the browser opened no page")
    if document.url in heard.downloads:
        detail = f"{where}: {shorten(document.media_type)} is not shown by the browser, it was recorded only"
        return Problem(code="document.download", detail=detail)
    if document.status in _EMPTY:
        return Problem(code="document.empty", detail=f"{where}: the server answered {document.status}, without a page")
    if visit.navigation_error:
        return page_error(refusal(address, visit.navigation_error), address)
    return None


def page_facts(document: Document, heard: Heard, entries: Sequence[Entry]) -> dict[str, Json]:
    """Return what people ask first of a captured page; text from it may hold anything."""
    size, entry = heard.snapshots.screenshot, document.entry
    return {
        "title": inventory.clean(heard.snapshots.title),
        "lang": inventory.clean(heard.snapshots.lang),
        "http_status": document.status,
        "content_type": inventory.clean(document.media_type),
        "server": {"ip": entry.ip, "protocols": list(entry.protocols), "date": document.date} if entry else None,
        "redirects": inventory.redirects([entry.hop for entry in document.chain if entry.hop]),
        "screenshot": {"width": size[0], "height": size[1]} if size else None,
        "counts": counts(entries),
        "body_bytes": sum(entry.body_bytes for entry in entries),
        "wire_bytes": sum(entry.wire_bytes or 0 for entry in entries),
    }
