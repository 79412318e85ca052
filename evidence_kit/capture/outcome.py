"""Decide how a capture ended: complete, incomplete or failed, and every reason for it.

Complete means recorded without known gaps: the source of an HTML page as received, its rendered DOM and, if pictures
were to be taken, its full-page screenshot are there, and no response that the page asked for is missing without a
stated reason. A response that reports an error (404) is a response; a connection that could not be made has its reason
and is listed only.
"""

from collections import Counter
from collections.abc import Sequence

from evidence_kit.capture.entries import Entry, Fate, Witness
from evidence_kit.capture.shots import Shot
from evidence_kit.capture.snapshots import Snapshots
from evidence_kit.display import shorten
from evidence_kit.models import Problem, Status

_LISTED_ONLY = frozenset(
    {
        "resource.failed",
        "response.given-up",
        "response.without-end",
        "recorder.fallback",
        "certificate.invalid",
        "freeze.failed",
        "freeze.moved",
        "freeze.other-page",
        "freeze.unstamped",
        "text.failed",
        "window.failed",
        "mhtml.failed",
        "dom-snapshot.failed",
        "accessibility.failed",
    }
)
_MOST_ALIKE = 100
"""Problems of one kind that are listed; the ledger has all."""
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


def exchange_problems(entries: Sequence[Entry]) -> list[Problem]:
    """Return what is missing or failed among the requests in their order, of each kind the first hundred."""
    found = [problem for entry in entries if (problem := _problem(entry))]
    times: Counter[str] = Counter()
    listed = []
    for problem in found:
        times[problem.code] += 1
        if times[problem.code] <= _MOST_ALIKE:
            listed.append(problem)
    for code, count in times.items():
        if count > _MOST_ALIKE:
            listed.append(Problem(code=code, detail=f"and {count - _MOST_ALIKE} more, all in the ledger"))
    return listed


def decide(
    problems: Sequence[Problem], *, document: Entry | None, snapshots: Snapshots, pictures: bool, crashed: bool
) -> Status:
    """Return the status of a capture with these *problems*; *document* is the exchange that brought the page.

    *pictures* tells whether any were to be taken.
    """
    if crashed or document is None or document.status is None:
        return Status.FAILED
    if document.hop is None or document.hop.redirect:
        return Status.FAILED
    gaps = [problem for problem in problems if problem.code not in _LISTED_ONLY]
    pictured = snapshots.screenshot is not None or not pictures
    whole = document.judgement.fate is Fate.RECORDED and snapshots.dom and pictured
    return Status.COMPLETE if whole and not gaps else Status.INCOMPLETE


def decide_by_hand(problems: Sequence[Problem], *, document: Entry | None, shots: Sequence[Shot]) -> Status:
    """Return the status of a capture by hand: *document* brought its first page, *shots* are what was taken.

    It has failed when there is neither; what is complete has both, every shot whole.
    """
    received = document is not None and document.status is not None
    if not received and not any(shot.taken for shot in shots):
        return Status.FAILED
    gaps = [problem for problem in problems if problem.code not in _LISTED_ONLY]
    recorded = document is not None and document.judgement.fate is Fate.RECORDED
    whole = recorded and bool(shots) and all(shot.whole for shot in shots)
    return Status.COMPLETE if whole and not gaps else Status.INCOMPLETE


def shot_problems(shots: Sequence[Shot]) -> list[Problem]:
    """Return what is missing of *shots*."""
    if not shots:
        return [Problem(code="shots.none", detail="nothing was taken before the window was closed")]
    return [problem for shot in shots for problem in shot.problems]


def _problem(entry: Entry) -> Problem | None:
    judgement = entry.judgement
    detail = f"{entry.method} {shorten(entry.url, 200)}: {judgement.reason}"
    told = Witness.BROWSER in entry.seen_by
    if not told and (entry.background or judgement.fate is Fate.FAILED):
        # What the browser does on its own account, or tries again, is in the ledger and no gap of the page.
        return None
    match judgement.fate:
        case Fate.RECORDED | Fate.CACHED | Fate.WORKER:
            return None
        case Fate.FAILED:
            return Problem(code="resource.failed", detail=detail)
        case Fate.TRUNCATED:
            return Problem(code=_truncated(entry), detail=detail)
        case Fate.NOT_RECORDED:
            code = "websocket.not-recorded" if entry.websocket else "response.not-recorded"
            return Problem(code=code, detail=detail)


def _truncated(entry: Entry) -> str:
    if entry.judgement.truncated == "time" and entry.judgement.by_page:
        return "response.without-end"
    return "response.given-up" if entry.judgement.by_page else "response.truncated"
