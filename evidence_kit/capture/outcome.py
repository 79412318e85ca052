"""Decide how a capture ended: complete, incomplete or failed, and every reason for it.

Complete means recorded without known gaps: the source of an HTML page as received, its rendered DOM and its full-page
screenshot were taken, and no response that the page asked for is missing without a stated reason. A response that
reports an error (404) is a response; a connection that could not be made has its reason and is listed only.
"""

from collections.abc import Sequence

from evidence_kit.capture.exchanges import Fate, Judgement
from evidence_kit.capture.inventory import SOCKET_REASON, Judged
from evidence_kit.capture.snapshots import Snapshots
from evidence_kit.capture.traffic import Hop, Socket
from evidence_kit.display import shorten
from evidence_kit.models import Problem, Status

_LISTED_ONLY = frozenset({"resource.failed", "response.given-up"})
_PAGE_ERRORS = {
    "net::ERR_NAME_NOT_RESOLVED": "page.name-not-resolved",
    "net::ERR_NAME_RESOLUTION_FAILED": "page.name-not-resolved",
    "net::ERR_CONNECTION_REFUSED": "page.connection-refused",
    "net::ERR_CONNECTION_RESET": "page.connection-reset",
    "net::ERR_CONNECTION_CLOSED": "page.connection-closed",
    "net::ERR_EMPTY_RESPONSE": "page.empty-response",
    "net::ERR_CONNECTION_TIMED_OUT": "page.timeout",
    "net::ERR_TIMED_OUT": "page.timeout",
    "net::ERR_ADDRESS_UNREACHABLE": "page.unreachable",
    "net::ERR_INTERNET_DISCONNECTED": "page.unreachable",
    "net::ERR_TOO_MANY_REDIRECTS": "page.too-many-redirects",
    "net::ERR_INVALID_RESPONSE": "page.invalid-response",
    "net::ERR_INVALID_HTTP_RESPONSE": "page.invalid-response",
    "net::ERR_ABORTED": "page.aborted",
    "timeout": "page.timeout",
}


def page_error(error: str, url: str) -> Problem:
    """Return the problem of a page that could not be opened; *error* is ``net::ERR_…`` or ``timeout``."""
    first = error.split(" ", maxsplit=1)[0]
    code = _PAGE_ERRORS.get(first, "page.certificate" if first.startswith("net::ERR_CERT") else "page.failed")
    said = "nothing was answered in time" if error == "timeout" else error
    return Problem(code=code, detail=f"{shorten(url, 200)}: {said}")


def exchange_problems(judged: Sequence[Judged], sockets: Sequence[Socket]) -> list[Problem]:
    """Return what is missing or failed among the exchanges, in the order they began."""
    found = [problem for hop, judgement in judged if (problem := _problem(hop, judgement))]
    detail = [f"{shorten(socket.url, 200)}: {SOCKET_REASON}" for socket in sockets]
    return found + [Problem(code="websocket.not-recorded", detail=text) for text in detail]


def decide(problems: Sequence[Problem], *, document: Judged | None, snapshots: Snapshots, crashed: bool) -> Status:
    """Return the status of a capture with these *problems*; *document* is the exchange that brought the page."""
    if crashed or document is None or document[0].response is None:
        return Status.FAILED
    if document[0].redirect:
        return Status.FAILED
    gaps = [problem for problem in problems if problem.code not in _LISTED_ONLY]
    whole = document[1].fate is Fate.RECORDED and snapshots.dom and snapshots.screenshot is not None
    return Status.COMPLETE if whole and not gaps else Status.INCOMPLETE


def _problem(hop: Hop, judgement: Judgement) -> Problem | None:
    detail = f"{hop.request['method']} {shorten(hop.url, 200)}: {judgement.reason}"
    match judgement.fate:
        case Fate.RECORDED | Fate.CACHED:
            return None
        case Fate.FAILED:
            return Problem(code="resource.failed", detail=detail)
        case Fate.TRUNCATED:
            return Problem(code="response.given-up" if judgement.by_page else "response.truncated", detail=detail)
        case Fate.NOT_RECORDED:
            return Problem(code="response.not-recorded", detail=detail)
