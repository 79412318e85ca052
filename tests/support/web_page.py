"""The page verify.html in a real browser: built with a verifier that gives back the report it is shown."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from evidence_kit.browser.find import find_browser
from evidence_kit.canonical import Json

WEB = Path(__file__).parents[2] / "web"
ROOT = "sha256:" + "3f9a01c27b44e5d0" * 3 + "0011223344556677"
PRINT = "ab12cd34ef567890" * 4
HOSTILE = "<img src=x onerror=window.hit=1><script>window.hit=1</script>\u202e{subject}\u0000javascript:window.hit=1"


def build_harness(output: Path) -> None:
    """Build the page for tests."""
    subprocess.run(["node", "build.mjs", "--harness", str(output)], cwd=WEB, check=True, timeout=120)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the browser of this machine."""
    found = find_browser(os.environ)
    assert found is not None, "no browser: run scripts/bootstrap.sh test"
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found.path, args=arguments)
        yield running
        running.close()


@dataclass(kw_only=True)
class OpenPage:
    """The page, opened from the disk, and all that it asked for or complained of."""

    page: Page
    asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def note(self, url: str) -> None:
        """Note that it asked for *url*, unless it is a piece of the page itself, of which it makes its helpers."""
        if not url.startswith("blob:null/"):
            self.asked.append(url)

    def speak(self, language: str) -> None:
        """Change the language."""
        self.page.click(f"#speak-{language}")

    def check(self, report: Mapping[str, Json], *, name: str = "багц.json") -> None:
        """Let it show *report*, as if it had come of a check."""
        data = json.dumps(report, ensure_ascii=False).encode("utf-8")
        self.page.set_input_files("#pick-file", {"name": name, "mimeType": "", "buffer": data})
        self.wait()

    def drop(self, folder: Path) -> None:
        """Drop *folder* on the page, which sees more of it than of one that was chosen: the folders in it, too."""
        place: dict[str, Any] = {"x": 400, "y": 450}
        data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
        # What is dropped before the page has begun is lost.
        self.page.wait_for_selector("#pick-folder", state="attached")
        session = self.page.context.new_cdp_session(self.page)
        for kind in ("dragEnter", "dragOver", "drop"):
            session.send("Input.dispatchDragEvent", {**place, "type": kind, "data": data})

    def wait(self) -> None:
        """Wait until a check has ended."""
        self.page.wait_for_selector("#answer")

    def verdict(self) -> Json:
        """Return the verdict in the page's report."""
        found: Json = self.page.evaluate("window.evidenceKitReport.verdict")
        return found

    def text(self, selector: str = "#app") -> str:
        """Return what people read there."""
        return self.page.inner_text(selector)


def open_page(context: BrowserContext, file: Path, *, width: int = 1280) -> OpenPage:
    """Open *file* in a window of its own."""
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 900})
    opened = OpenPage(page=page)
    page.on("pageerror", lambda error: opened.errors.append(str(error)))
    page.on("console", lambda message: opened.errors.append(message.text))
    page.on("dialog", lambda dialog: opened.errors.append(f"dialog: {dialog.message}"))
    page.goto(file.as_uri())
    # What the page itself is made of was asked for before; from here on nothing may be.
    context.on("request", lambda request: opened.note(request.url))
    return opened


def opened(browser: Browser, file: Path) -> Iterator[OpenPage]:
    """Open *file*, and see in the end that it complained of nothing and asked for nothing."""
    context = browser.new_context()
    found = open_page(context, file)
    yield found
    assert found.errors == []
    assert [url for url in found.asked if url != file.as_uri()] == []
    context.close()


def check_of(id_: str, outcome: str = "passed", subject: str = "", detail: str = "") -> dict[str, Json]:
    """Return one member of ``checks``."""
    return {"id": id_, "title": f"title of {id_}", "subject": subject, "outcome": outcome, "detail": detail}


PASSED = [
    check_of(name)
    for name in (
        *("zip.canonical", "bag.payload", "bag.stray", "trust.files", "bag.signature", "evidence.list"),
        *("custody.chain", "custody.signatures", "item.manifest", "warc.records", "bundle.event", "report.signature"),
    )
]
FACTS: dict[str, Json] = {
    "sealed": "2026-11-21T06:05:09Z",
    "bundle_time_stamp": "2026-11-21T06:05:10Z",
    "custody": {
        "events": 41,
        "withheld": 0,
        "first": "2026-11-20T02:00:00Z",
        "last": "2026-11-21T06:05:00Z",
        "officers": ["Зохиомол Дорж"],
        "head": ROOT,
    },
    "items": ["EV-0001", "EV-0002"],
    "purpose": "Сургалт",
    "attempts": {"complete": 2, "incomplete": 1, "failed": 0, "abandoned": 1},
    "supplied": {"complete": 1, "incomplete": 0, "failed": 0, "abandoned": 0},
    "assembled": {"EV-0001": {"from": "2026-11-20T02:00:00Z", "to": "2026-11-20T02:03:00Z", "trusted": True}},
    "time_stamps": [{}, {}],
    "time_gaps": [],
    "outside_anchors": [],
    "transfers": [
        {
            "item": "EV-0001",
            "state": "accepted",
            "released": 30,
            "received": 31,
            "from": "Зохиомол Дорж",
            "to": {"name": "Зохиомол Болор", "id": "2", "role": "прокурор", "agency": "Сургалт", "certificate": None},
        }
    ],
    "withheld": {"events": 3, "items": 1, "abandoned": 0, "ground": "Хувийн нууц", "decided_by": "Зохиомол Дорж"},
}


def report_of(
    verdict: str,
    checks: Sequence[Json] = (),
    *,
    trust: str = "established",
    name: str = "Зохиомол Дорж",
    facts: Mapping[str, Json] = FACTS,
) -> dict[str, Json]:
    """Return the report on a bundle that a verifier could give."""
    return {
        "schema": "evidence-kit/verify/1",
        "verdict": verdict,
        "kind": "bundle",
        "subject": "2026-017 багц.zip",
        "root": ROOT,
        "signers": [{"name": name, "certificate_sha256": PRINT, "trust": trust}],
        "checks": [*PASSED, *checks],
        "facts": dict(facts),
    }


def hostile(value: Json) -> Json:
    """Return *value* with hostile text in place of every text, and of every name in facts."""
    match value:
        case dict():
            return {key: hostile(inside) for key, inside in value.items()} | {HOSTILE: HOSTILE, "__proto__": HOSTILE}
        case list():
            return [hostile(inside) for inside in value]
        case str():
            return HOSTILE
    return value
