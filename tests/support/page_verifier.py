"""verify.html in a real browser, opened from the disk, as a program that answers questions (`tests.support.second`).

``python -m tests.support.page_verifier`` reads lines ``{path, established, practice, now}`` and answers each with one
of JSON: what the page gives as `window.evidenceKitReport`, with the requests it made beside (there must be none).
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser

from evidence_kit.bundle.court_kit import ChosenRoots, make_court_kit
from evidence_kit.trust.certificates import load_certificates
from tests.support.web_page import chromium, open_page

_SECONDS = 300


def main() -> None:
    """Answer until the questions end."""
    with TemporaryDirectory() as name, chromium() as browser:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(_answer(browser, Path(name), json.loads(line))) + "\n")
            sys.stdout.flush()


def _answer(browser: Browser, folder: Path, asked: dict[str, object]) -> object:
    path = Path(str(asked["path"]))
    context = browser.new_context()
    try:
        opened = open_page(context, _court_copy(folder, f"{asked['established']}{asked['practice']}"))
        if path.is_dir():
            opened.drop(path)
        else:
            opened.page.set_input_files("#pick-file", path)
        opened.page.wait_for_selector("#answer", timeout=_SECONDS * 1000)
        report: dict[str, object] = opened.page.evaluate("window.evidenceKitReport")
    finally:
        context.close()
    return {**report, "asked": opened.asked, "errors": opened.errors}


def _court_copy(folder: Path, pem: str) -> Path:
    """Return the page with the roots in *pem*, made once."""
    kit = folder / "kit"
    said = folder / "roots.pem"
    text = pem.replace("\\n", "\n")
    if not said.exists():
        said.write_text(text, encoding="ascii")
        make_court_kit(kit, ChosenRoots(officers=load_certificates(text.encode("ascii"))), made=datetime.now(UTC))
    assert said.read_text(encoding="ascii") == text, "one run is about one court"
    return kit / "verify.html"


if __name__ == "__main__":
    main()
