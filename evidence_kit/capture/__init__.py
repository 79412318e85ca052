"""A live page becomes a folder of files: what the server sent, and what a reader would have seen.

Knows nothing of cases and custody. `capture_page` is the whole of it; everything else serves it:

- `page`: the order of a capture, from the start of the browser to its end.
- `sessions`, `traffic`, `recorder`, `spool`: the recorder ``browser``, which listens on the DevTools protocol.
- `driver`, `behaviours`, `snapshots`: loading, scrolling and opening, settling; rendered DOM and screenshot.
- `heads`, `exchanges`, `inventory`, `outcome`, `writing`: from what was heard to WARC, WACZ, ``page.json`` and status.
"""

from evidence_kit.capture.page import capture_page
from evidence_kit.capture.result import Action, CapturedFile, CaptureOptions, PageCapture

__all__ = ["Action", "CaptureOptions", "CapturedFile", "PageCapture", "capture_page"]
