"""The files of a capture: the one table for everything that writes or seeks them."""

from collections.abc import Iterable
from uuid import uuid4

from evidence_kit.archive.wacz import Page
from evidence_kit.canonical import Json
from evidence_kit.capture.result import CapturedFile
from evidence_kit.case.bracket import START_TOKEN
from evidence_kit.case.layout import CAPTURE_ARCHIVE, SESSION_DATA
from evidence_kit.models import utc_text

_JSON_LINES = "application/jsonl"
_HTML, _TEXT, _JSON, _PNG = "text/html; charset=utf-8", "text/plain; charset=utf-8", "application/json", "image/png"

WACZ = CapturedFile(path=CAPTURE_ARCHIVE, role="wacz", media_type="application/wacz")
SCREENSHOT = CapturedFile(path="screenshot.png", role="screenshot", media_type=_PNG)
DOM = CapturedFile(path="dom.html", role="dom", media_type=_HTML)
TEXT = CapturedFile(path="text.txt", role="text", media_type=_TEXT)
MHTML = CapturedFile(path="page.mhtml", role="mhtml", media_type="multipart/related")
DOM_SNAPSHOT = CapturedFile(path="dom-snapshot.json", role="dom-snapshot", media_type=_JSON)
ACCESSIBILITY = CapturedFile(path="accessibility.txt", role="accessibility", media_type=_TEXT)
FIRST_SCREENSHOT = CapturedFile(path="first/screenshot.png", role="first-screenshot", media_type=_PNG)
FIRST_DOM = CapturedFile(path="first/dom.html", role="first-dom", media_type=_HTML)
FIRST_TEXT = CapturedFile(path="first/text.txt", role="first-text", media_type=_TEXT)
FIRST_FULL = CapturedFile(path="first/full.png", role="first-full", media_type=_PNG)
FREEZE = CapturedFile(path="first/freeze.json", role="freeze", media_type=_JSON)
FREEZE_TOKEN = CapturedFile(path="first/freeze.json.tsr", role="freeze-token", media_type="application/timestamp-reply")
ENVIRONMENT = CapturedFile(path="environment.json", role="environment", media_type=_JSON)
INVENTORY = CapturedFile(path="page.json", role="inventory", media_type=_JSON)
SESSION = CapturedFile(path=SESSION_DATA, role="session-data", media_type="application/octet-stream")
WINDOW = CapturedFile(path="window.png", role="window", media_type=_PNG)
SHOTS = CapturedFile(path="shots.json", role="shots", media_type=_JSON)
START = CapturedFile(path=START_TOKEN, role="start-token", media_type="application/timestamp-reply")
LEDGER = CapturedFile(path="ledger.jsonl", role="ledger", media_type=_JSON_LINES)
CONNECTIONS = CapturedFile(path="connections.jsonl", role="connections", media_type=_JSON_LINES)
STATEMENTS = (
    CapturedFile(path="witness.jsonl", role="witness", media_type=_JSON_LINES),
    CapturedFile(path="witness.sig", role="witness-signatures", media_type=_TEXT),
    CapturedFile(path="witness.pem", role="witness-certificates", media_type="application/x-pem-file"),
    CapturedFile(path="witness.tsr", role="witness-token", media_type="application/timestamp-reply"),
)
"""What a witness signed (`evidence_kit.wire.witness.statements`)."""

SNAPSHOTS = (
    WINDOW,
    SCREENSHOT,
    DOM,
    TEXT,
    MHTML,
    DOM_SNAPSHOT,
    ACCESSIBILITY,
    FIRST_SCREENSHOT,
    FIRST_DOM,
    FIRST_TEXT,
    FIRST_FULL,
    FREEZE,
    FREEZE_TOKEN,
    START,
)
"""What is taken of the page while it is there, and the time stamp from before."""

SHOT = (WINDOW, SCREENSHOT, DOM, TEXT, MHTML, DOM_SNAPSHOT, ACCESSIBILITY)
"""What is taken of a page at each shot by hand, in the folder of the shot."""

RESOURCES = (*SNAPSHOTS, SHOTS, ENVIRONMENT, INVENTORY, LEDGER, CONNECTIONS, *STATEMENTS)
"""What becomes a ``resource`` record, each if it is there, in this order; all files but the archive itself."""


def page_id() -> str:
    """Return a new id of a page, the same in the page list and in `page_info`."""
    return str(uuid4())


def page_info(page: Page, requests: Iterable[Json]) -> tuple[str, dict[str, Json]]:
    """Return URI and content of the record that tells replay programs what *page* loaded.

    *requests* are lines of the ledger with ``url``, ``status``, ``mime`` and ``type``; of several for one address
    the last that was answered counts. The form is that of browsertrix-crawler.
    """
    urls: dict[str, Json] = {}
    for line in requests:
        match line:
            case {"url": str(url), "status": int(status), "mime": str(mime), "type": str(kind)}:
                urls[url] = {"status": status, "mime": mime, "type": kind.lower()}
            case _:
                pass
    return f"urn:pageinfo:{page.url}", {"pageid": page.id, "url": page.url, "ts": utc_text(page.ts), "urls": urls}
