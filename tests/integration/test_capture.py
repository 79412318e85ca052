"""A page of the practice network through a real browser: what is in the folder, and in the archive."""

import json
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from evidence_kit.archive.resource_names import resource_uri
from evidence_kit.capture import CaptureOptions, PageCapture
from evidence_kit.capture.files import FREEZE_TOKEN, RESOURCES, SHOTS, START, STATEMENTS, WACZ
from evidence_kit.models import Status
from evidence_kit.practice.server import PracticeServer
from tests.support.capture_site import Archive, RawSite, read_archive, read_ledger, reply
from tests.support.captures import capture, codes

pytestmark = pytest.mark.browser

Oracle = Callable[[str], Path]


@pytest.fixture(scope="module")
def network() -> Iterator[PracticeServer]:
    with PracticeServer() as server:
        yield server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("Хураасан зүйл")


@pytest.fixture(scope="module")
def post(network: PracticeServer, folder: Path) -> PageCapture:
    return capture(f"{network.url}/go/1001", folder, CaptureOptions(timeout=40))


@pytest.fixture(scope="module")
def archive(post: PageCapture, folder: Path) -> Archive:
    assert post.wacz.size > 0
    return read_archive(folder / "capture.wacz")


def test_a_post_is_recorded_without_known_gaps(post: PageCapture, network: PracticeServer) -> None:
    assert post.problems == ()
    assert post.status is Status.COMPLETE
    assert post.final_url == f"{network.url}/posts/1001"


NOT_ASKED_FOR = frozenset({FREEZE_TOKEN, START, SHOTS, *STATEMENTS})
"""Files of captures with time stamps, by hand, and through a witness."""


def test_the_folder_holds_every_kind_of_file_but_what_was_not_asked_for(post: PageCapture, folder: Path) -> None:
    wanted = {file.path for file in (WACZ, *RESOURCES) if file not in NOT_ASKED_FOR}

    assert {file.path for file in post.files} == wanted
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == wanted


def test_mongolian_text_is_byte_for_byte_in_the_archive(archive: Archive) -> None:
    source = archive.one("/posts/1001").body

    assert "Зохиомлын Тулга".encode() in source
    assert "50 000 ₮".encode() in source or "50 000 ₮".encode() in source


def test_comments_that_load_while_scrolling_are_recorded(archive: Archive) -> None:
    parts = [exchange for exchange in archive.exchanges if "/comments?after=" in exchange.url]

    assert len(parts) >= 3
    assert all(part.response.startswith(b"HTTP/1.1 200 ") for part in parts)


def test_the_rendered_dom_holds_the_comments_that_the_source_does_not(archive: Archive, folder: Path) -> None:
    dom = (folder / "dom.html").read_bytes()

    assert dom.startswith(b"<!DOCTYPE html>")
    assert "Хүнийг хүндэлье.".encode() in dom
    assert "Хүнийг хүндэлье.".encode() not in archive.one("/posts/1001").body


def test_the_screenshot_is_the_whole_page(post: PageCapture, folder: Path) -> None:
    with Image.open(folder / "screenshot.png") as picture:
        assert picture.format == "PNG"
        assert picture.width == 1280
        assert picture.height > 3000
        assert post.page["screenshot"] == {"width": picture.width, "height": picture.height}


def test_redirects_are_recorded_hop_by_hop(post: PageCapture, archive: Archive) -> None:
    assert [entry["status"] for entry in post.page["redirects"]] == [302, 301]  # type: ignore[union-attr,index,call-overload]
    assert b"Location: /moved/1001" in archive.one("/go/1001").head
    assert archive.one("/go/1001").body


def test_snapshots_and_inventory_are_resource_records(post: PageCapture, archive: Archive, folder: Path) -> None:
    for file in RESOURCES:
        if file not in NOT_ASKED_FOR:
            uri = resource_uri(file.role, listed=post.url, final=post.final_url)
            assert archive.resources[uri] == (folder / file.path).read_bytes()


def test_the_inventory_lists_every_request_in_the_archive(archive: Archive, folder: Path) -> None:
    requests = read_ledger(folder)
    sent = [request["url"] for request in requests if request["outcome"] != "served-from-cache"]

    assert sorted(sent) == sorted(exchange.url for exchange in archive.exchanges)
    assert {request["outcome"] for request in requests} <= {"recorded", "served-from-cache"}


def test_the_environment_says_what_the_capture_was_made_with(post: PageCapture) -> None:
    assert "Chrom" in str(post.environment["browser"])
    assert post.environment["timezone"] == "Asia/Ulaanbaatar"
    assert post.environment["viewport"] == [1280, 900]


def test_the_actions_say_what_was_done_to_the_page(post: PageCapture) -> None:
    names = [action.name for action in post.actions]

    assert names[0] == "navigated"
    assert "scrolled" in names
    assert "fonts-ready" in names


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("nothing", (Status.COMPLETE, [])),
        ("posts/1009", (Status.COMPLETE, [])),
        ("outcomes/error", (Status.COMPLETE, [])),
        pytest.param("outcomes/gzip", (Status.COMPLETE, []), marks=pytest.mark.slow),
        pytest.param("outcomes/chunked", (Status.COMPLETE, []), marks=pytest.mark.slow),
        ("outcomes/frame", (Status.COMPLETE, [])),
        ("outcomes/broken-parts", (Status.COMPLETE, ["resource.failed"])),
        ("outcomes/empty", (Status.INCOMPLETE, ["document.empty"])),
        ("outcomes/truncated", (Status.INCOMPLETE, ["response.truncated"])),
        pytest.param("pictures/poster.jpg", (Status.INCOMPLETE, ["document.not-html"]), marks=pytest.mark.slow),
        ("outcomes/reset", (Status.FAILED, ["page.connection-reset", "resource.failed"])),
        ("outcomes/lost", (Status.FAILED, ["page.connection-refused", "resource.failed"])),
        ("outcomes/loop", (Status.FAILED, ["page.too-many-redirects"])),
    ],
)
def test_every_outcome_is_named_and_leaves_a_valid_archive(
    network: PracticeServer, tmp_path: Path, oracle: Oracle, path: str, outcome: tuple[Status, list[str]]
) -> None:
    _taken(f"{network.url}/{path}", tmp_path, oracle, outcome)


def _taken(
    url: str, folder: Path, oracle: Oracle, outcome: tuple[Status, list[str]], *, timeout: float = 10
) -> PageCapture:
    """Capture *url*, which ends with *outcome* and leaves a valid archive."""
    result = capture(url, folder, CaptureOptions(timeout=timeout))

    status, expected = outcome
    assert codes(result) == expected
    assert result.status is status
    assert (folder / "screenshot.png").exists() == (result.page["screenshot"] is not None)
    assert status is not Status.FAILED or not (folder / "screenshot.png").exists()
    _accepted(oracle("wacz"), "validate", "-f", folder / "capture.wacz")
    with zipfile.ZipFile(folder / "capture.wacz") as archive:
        archive.extract("archive/data.warc.gz", folder)
    _accepted(oracle("warcio"), "check", folder / "archive" / "data.warc.gz")
    return result


def test_a_page_that_does_not_answer_in_time_has_failed(
    network: PracticeServer, tmp_path: Path, oracle: Oracle
) -> None:
    outcome = (Status.FAILED, ["page.timeout", "response.not-recorded"])
    _taken(f"{network.url}/outcomes/slow?seconds=20", tmp_path, oracle, outcome, timeout=5)


def test_a_pdf_is_recorded_as_sent(network: PracticeServer, tmp_path: Path, oracle: Oracle) -> None:
    outcome = (Status.INCOMPLETE, ["document.not-html"])
    _taken(f"{network.url}/files/letter.pdf", tmp_path, oracle, outcome)

    response = read_archive(tmp_path / "capture.wacz").one("letter.pdf")
    assert response.body.startswith(b"%PDF-")
    assert f"Content-Length: {len(response.body)}".encode() in response.head
    # What the browser's viewer shows is not on the page: a picture of it would be empty.
    assert not (tmp_path / "screenshot.png").exists()


def test_two_cookies_and_a_header_in_utf8_are_kept_as_sent(network: PracticeServer, tmp_path: Path) -> None:
    paths = ("/outcomes/cookies", "/outcomes/header")
    with RawSite({"/": reply("".join(f"<iframe src={network.url}{path}></iframe>" for path in paths))}) as site:
        capture(f"{site.url}/", tmp_path)

    cookies, header = (read_archive(tmp_path / "capture.wacz").one(path).head for path in paths)
    assert cookies.lower().count(b"\nset-cookie:") == 2
    assert any(not line.isascii() and line.decode("utf-8") for line in header.split(b"\r\n"))


def test_the_date_that_the_server_claims_is_listed_as_it_was_sent(tmp_path: Path) -> None:
    date = "Thu, 01 Jan 1970 00:00:00 GMT"
    with RawSite({"/": reply("<p>Сайн уу", head=f"Date: {date}\r\n".encode())}) as site:
        captured = capture(f"{site.url}/", tmp_path)

    inventory = json.loads((tmp_path / "page.json").read_text(encoding="utf-8"))
    assert inventory["page"]["server"]["date"] == date
    assert captured.page["server"] == inventory["page"]["server"]


def test_an_endless_page_is_kept_as_far_as_it_came(network: PracticeServer, tmp_path: Path, oracle: Oracle) -> None:
    outcome = (Status.INCOMPLETE, ["page.timeout", "response.truncated"])
    _taken(f"{network.url}/outcomes/endless", tmp_path, oracle, outcome)

    response = read_archive(tmp_path / "capture.wacz").one("/outcomes/endless")
    assert response.fields["WARC-Truncated"] == "time"
    assert response.body.lower().startswith(b"<!doctype html>")


def _accepted(*command: Path | str) -> bytes:
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
