"""``receive``: a real browser as a phone against the real command, and what is left when the command is ended."""

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from evidence_kit.bundle.codes import squares
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.supply import Sender, read_supply
from evidence_kit.cli.qr_code import qr_lines
from tests.cli.running import RunCommand
from tests.support.phones import Phone, commanded
from tests.support.web_page import WEB, chromium

AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
USER_AGENT = "Mozilla/5.0 (Linux; Android 9; SM-A105F) AppleWebKit/537.36 Chrome/79.0.3945.93 Mobile Safari/537.36"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    """Return what is on the phone, one large."""
    found = {"film.mp4": bytes(range(256)) * 120_000, "Зураг 1.jpg": b"\xff\xd8 no picture", "empty.txt": b""}
    (tmp_path / "phone").mkdir()
    for name, data in found.items():
        (tmp_path / "phone" / name).write_bytes(data)
    return found


def violations(page: Page) -> list[str]:
    """Return what axe-core finds against WCAG 2.2 AA."""
    if not AXE.is_file():
        pytest.skip("NOT TESTED: no axe-core; scripts/bootstrap.sh test installs it")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = page.evaluate("tags => axe.run({runOnly: {type: 'tag', values: tags}})", tags)
    return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found["violations"]]


@dataclass(kw_only=True)
class Seen:
    """What a person with a phone saw."""

    words: str
    receipt: str
    wrong: list[str]
    """What the browser, axe-core and a ruler complain of."""


def send_all(browser: Browser, link: str, language: str, files: list[Path], *, old: bool) -> Seen:
    """Do on a phone what its page asks for; an *old* one has no WebAssembly, a bad connection and little memory."""
    wrong: list[str] = []
    page = browser.new_page(
        viewport={"width": 360, "height": 740}, user_agent=USER_AGENT, is_mobile=True, has_touch=True
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))
    if old:
        page.add_init_script("delete window.WebAssembly")
        page.route("**/piece/0/2097152", lambda route: route.abort(), times=2)
    else:
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.set_default_timeout(30_000)

    def look() -> None:
        wrong.extend(violations(page))
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            wrong.append("something stands beside the screen")

    page.goto(link)
    page.click(f"#speak-{language}")
    look()
    page.click("#begin")
    page.set_input_files("#pick", files)
    page.wait_for_selector("#done")
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    look()
    if old:
        page.reload()
        page.click(f"#speak-{language}")
        page.click("#begin")
    page.click("#done")
    words = page.inner_text("#words")
    with page.expect_download() as download:
        page.click("#save")
    look()
    receipt = Path(download.value.path()).read_text(encoding="utf-8")
    page.close()
    return Seen(words=words, receipt=receipt, wrong=wrong)


@pytest.mark.browser
@pytest.mark.parametrize(("language", "old"), [("mn", False), pytest.param("en", True, marks=pytest.mark.slow)])
def test_a_phone_sends_its_files_and_both_screens_show_the_same_words(  # noqa: PLR0913, PLR0917  # two sides
    case: Path,
    home: Path,
    run: RunCommand,
    tmp_path: Path,
    files: dict[str, bytes],
    browser: Browser,
    language: str,
    old: bool,
) -> None:
    with commanded(case, home, "--provided-by", "V-01", "--device", "Samsung A10") as (process, link):
        seen = send_all(browser, link, language, [tmp_path / "phone" / name for name in files], old=old)
        out, err = process.communicate(timeout=60)

    assert process.returncode == 0, out + err
    assert seen.wrong == []
    assert len(seen.words.split()) == 4
    assert f"\n    {seen.words}\n" in err
    assert seen.words in seen.receipt
    folder = CaseFolder.open(case).path / "items" / "EV-0001"
    supply = read_supply((folder / "supply.json").read_bytes())
    assert {file.name: (folder / file.path).read_bytes() for file in supply.files} == files
    assert all(file.modified is not None and file.sha256 == file.source_sha256 for file in supply.files)
    assert all(file.sha256.hex in seen.receipt and file.name in seen.receipt for file in supply.files)
    assert supply.sender == Sender(address="127.0.0.1", user_agent=USER_AGENT)
    assert supply.circumstances.way == "received over the local network by browser"
    assert run("verify", case).code == 0


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: ends it with a signal")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_what_had_arrived_whole_when_it_was_ended_is_kept(case: Path, home: Path, run: RunCommand, how: int) -> None:
    with commanded(case, home, "--json") as (process, link):
        phone = Phone(url=link)
        phone.join()
        phone.send("whole.jpg", b"whole")
        phone.offer("half.jpg", b"half of it")
        phone.piece(1, 0, b"half")
        process.send_signal(how)
        process.communicate(timeout=60)
    if how == signal.SIGKILL:
        completing = run("import", Path(__file__), "--case", case, "--json")
        (item,) = completing.json["completed"]
        assert item["problems"] == [
            {"code": "import.interrupted", "detail": "what was not copied by then is not in it"}
        ]
    else:
        assert process.returncode == 4

    folder = case / "items" / "EV-0001"
    supply = read_supply((folder / "supply.json").read_bytes())
    assert [(file.name, (folder / file.path).read_bytes()) for file in supply.files] == [("whole.jpg", b"whole")]
    assert supply.sender is not None
    assert re.search(r"Sent from: +127\.0\.0\.1, ", run("show", "EV-0001", "--case", case).out)
    assert list((case / ".staging").glob("EV-*")) == []
    assert run("verify", case).code == 0


@pytest.mark.oracle
@pytest.mark.parametrize("coloured", [True, False])
def test_the_code_on_the_terminal_can_be_scanned(tmp_path: Path, oracle: Callable[[str], Path], coloured: bool) -> None:
    link = "http://192.168.100.200:65535/abcdefghjkmnpqrs/"
    lines = qr_lines(squares(link), coloured=coloured)
    assert len({len(line) for line in lines}) == 1

    drawn = [line.removeprefix("\x1b[30;107m").removesuffix("\x1b[0m") for line in lines]
    image = Image.new("1", (len(drawn[0]), 2 * len(drawn)))
    for row, line in enumerate(drawn):
        for column, letter in enumerate(line):
            inked = {"█": (1, 1), "▀": (1, 0), "▄": (0, 1), " ": (0, 0)}[letter]
            for half, ink in enumerate(inked):
                image.putpixel((column, 2 * row + half), ink ^ coloured)
    picture = tmp_path / "code.png"
    image.resize((image.width * 6, image.height * 6)).save(picture)
    scanned = subprocess.run([oracle("zbarimg"), "-q", "--raw", picture], check=True, capture_output=True, text=True)
    assert scanned.stdout.strip() == link
