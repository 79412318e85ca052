"""The replay check: an honest capture agrees with its archive, and what was painted over is pointed at."""

import json
import shutil
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from zlib import crc32

import pytest
from PIL import Image, ImageDraw

from evidence_kit import canonical
from evidence_kit.browser.find import Browser
from evidence_kit.capture.result import CaptureOptions
from evidence_kit.capture.take import take_page
from evidence_kit.case.stamping import Stamping
from evidence_kit.models import RecorderKind, Replayed, ignore
from evidence_kit.pictures.viewing_copy import Region
from evidence_kit.practice import PracticeServer
from evidence_kit.replay.deep import Replaying, items_at, replay_item
from evidence_kit.replay.deep_result import ItemReplay
from tests.cli.running import RunCommand
from tests.support.captures import now
from tests.support.cases import open_case
from tests.support.deep_pages import sites
from tests.support.forging import rebuild_item
from tests.support.people import practice_custodian
from tests.support.replay_site import picture, site
from tests.support.resealing import repaint, rewrite
from tests.support.whole_way import the_browser
from tests.unit.wire.tls.peers import make_identity

pytestmark = [pytest.mark.browser, pytest.mark.network]
WIRE = CaptureOptions(timeout=40, recorder=RecorderKind.WIRE)
BY_BROWSER = replace(WIRE, recorder=RecorderKind.BROWSER)


def captured(folder: Path, url: str, options: CaptureOptions = WIRE) -> Path:
    """Capture *url* into a case in *folder*, and return the item's folder."""
    custodian = practice_custodian()
    case = open_case(folder / "case", custodian)
    take_page(case, url, custodian=custodian, browser=the_browser(), options=options, stamping=Stamping())
    return case.path / "items" / "EV-0001"


def replayed(item: Path, scratch: Path, browser: Browser | None = None, *, seconds: float = 60) -> ItemReplay:
    """Render the *item* again."""
    scratch.mkdir()
    chosen = Replaying(browser=browser or the_browser(), timeout=seconds, clock=now, on_step=ignore)
    with items_at(item, "item") as places:
        return replay_item(places[0], scratch, chosen)


@contextmanager
def trap(url: str) -> Iterator[list[bytes]]:
    """Listen where the server of *url* was, and give what comes."""
    came: list[bytes] = []
    with socket.create_server(("127.0.0.1", urlsplit(url).port or 80)) as listener:
        listener.settimeout(0.2)
        over = threading.Event()

        def listen() -> None:
            while not over.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(1)
                    came.append(connection.recv(100))

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield came
        finally:
            over.set()
            thread.join()


EDGES = ("left", "top", "right", "bottom")


def overlaps(region: Region, box: tuple[int, int, int, int]) -> bool:
    return region.left < box[2] and box[0] < region.right and region.top < box[3] and box[1] < region.bottom


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the folder of an item, a post of the practice network, and the address of the server that is gone."""
    folder = tmp_path_factory.mktemp("post")
    with PracticeServer() as server:
        return captured(folder, f"{server.url}/posts/1001"), server.url


def test_an_honest_capture_agrees_and_nothing_is_asked_for_outside(post: tuple[Path, str], tmp_path: Path) -> None:
    item, url = post

    with trap(url) as came:
        found = replayed(item, tmp_path / "again")

    assert found.reason == ""
    assert {picture.path: picture.agreement.regions for picture in found.pictures} == {
        "screenshot.png": (),
        "window.png": (),
        "first/screenshot.png": (),
        "first/full.png": (),
    }
    assert found.outcome is Replayed.AGREES
    assert not found.rendered.account.missing
    assert found.to_json()["agreement"] == 1.0
    assert came == []


def test_a_word_and_a_face_that_were_painted_are_pointed_at(
    post: tuple[Path, str], tmp_path: Path, run: RunCommand
) -> None:
    item = Path(shutil.copytree(post[0], tmp_path / "EV-0001"))
    word, face = (300, 1000, 344, 1014), (290, 640, 330, 680)

    def paint(image: Image.Image) -> None:
        ImageDraw.Draw(image).text((word[0], word[1] - 1), "0000 99", fill="black")
        image.paste(image.crop((850, 300, 890, 340)).transpose(Image.Transpose.FLIP_LEFT_RIGHT), face[:2])

    repaint(item, paint)
    assert run("verify", item).code == 4
    answer = run("verify", item, "--deep", "--json", "--pictures", tmp_path / "drawn", "--reveal")

    document = answer.json
    (found,) = document["replay"]
    assert (answer.code, document["verdict"], found["outcome"]) == (1, "cannot-verify", "differs")
    assert not [check for check in document["checks"] if check["outcome"] == "failed"]
    regions = [Region(**{edge: region[edge] for edge in EDGES}) for region in found["regions"]]
    assert {region["picture"] for region in found["regions"]} == {"screenshot.png"}
    assert len(regions) == 2
    for box in (word, face):
        assert any(overlaps(region, box) for region in regions)
    assert 0.99 < found["agreement"] < 1
    (check,) = [check for check in document["checks"] if check["id"] == "replay.screenshot"]
    assert (check["outcome"], check["subject"]) == ("not-checked", "screenshot.png")
    assert found["drawn"] == ["EV-0001-screenshot.png", "EV-0001-screenshot-regions.png"]
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == sorted(found["drawn"])


def test_another_page_of_the_archive_is_not_taken_for_that_of_the_item(post: tuple[Path, str], tmp_path: Path) -> None:
    item = Path(shutil.copytree(post[0], tmp_path / "EV-0001"))
    inventory = json.loads((item / "page.json").read_bytes())
    other = canonical.pretty({**inventory, "url": f"{post[1]}/other"})
    (item / "page.json").write_bytes(other)
    rewrite(item, resources={"inventory": other})

    found = replayed(item, tmp_path / "again")

    assert found.outcome is Replayed.NOT_COMPARABLE
    assert "another page" in found.reason


def test_pictures_that_are_shown_otherwise_than_compared_are_not_called_alike(
    post: tuple[Path, str], tmp_path: Path
) -> None:
    item = Path(shutil.copytree(post[0], tmp_path / "EV-0001"))
    honest = (item / "screenshot.png").read_bytes()
    gamma = b"gAMA" + struct.pack(">I", 1_000)
    odd = honest[:33] + struct.pack(">I", 4) + gamma + struct.pack(">I", crc32(gamma)) + honest[33:]
    (item / "screenshot.png").write_bytes(odd)
    rewrite(item, resources={"screenshot": odd})
    shown = replayed(item, tmp_path / "again")

    record = json.loads((item / "item.json").read_bytes())
    (item / "screenshot.png").write_bytes(honest)
    (item / "painted.png").write_bytes(honest)
    for file in record["files"]:
        if file["path"] == "screenshot.png":
            file["path"] = "painted.png"
    (item / "item.json").write_text(json.dumps(record), encoding="utf-8")
    rebuild_item(item)
    elsewhere = replayed(item, tmp_path / "once-more")

    assert (shown.outcome, elsewhere.outcome) == (Replayed.NOT_COMPARABLE, Replayed.NOT_COMPARABLE)
    assert "gAMA" in shown.reason
    assert "painted.png" in elsewhere.reason


def test_what_a_script_built_of_posts_and_codings_agrees(tmp_path: Path) -> None:
    with site() as server:
        item = captured(tmp_path, f"{server.url}/go")
        url = server.url

    with trap(url) as came:
        found = replayed(item, tmp_path / "again")

    assert (found.reason, found.outcome) == ("", Replayed.AGREES)
    assert came == []


@pytest.mark.slow
@pytest.mark.parametrize("page", ["/", "/posts/1002", "/posts/1003", "/posts/1004", "/news/501", "/people/tulga"])
@pytest.mark.parametrize("options", [WIRE, BY_BROWSER], ids=["wire", "browser"])
def test_every_page_of_the_practice_network_agrees(page: str, options: CaptureOptions, tmp_path: Path) -> None:
    with PracticeServer() as server:
        item = captured(tmp_path, f"{server.url}{page}", options)

    found = replayed(item, tmp_path / "again")

    assert (found.reason, found.outcome, found.to_json()["regions"]) == ("", Replayed.AGREES, [])


@pytest.mark.slow
def test_a_stylesheet_that_the_archive_lacks_is_told_of(tmp_path: Path) -> None:
    with site() as server:
        item = captured(tmp_path, f"{server.url}/posts/1", replace(WIRE, scroll=False))
    rewrite(item, without=lambda url: url.endswith("/look.css"))

    found = replayed(item, tmp_path / "again")

    assert found.outcome is Replayed.DIFFERS
    assert [url.rpartition("/")[2] for url in found.rendered.account.missing] == ["look.css"]
    assert "no answer to 1 requests" in next(found.findings()).detail


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("options", [WIRE, BY_BROWSER], ids=["wire", "browser"])
def test_workers_frames_folds_and_the_clock_agree(scheme: str, options: CaptureOptions, tmp_path: Path) -> None:
    identity = make_identity(tmp_path, "p256")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(identity.certificate, identity.key)
    page, other = sites(picture("#c33", "#393"), tls if scheme == "https" else None)
    with page, other:
        item = captured(tmp_path, f"{page.url}/", replace(options, expand=True, insecure=True))
    text = (item / "text.txt").read_text(encoding="utf-8")

    with trap(page.url) as came:
        found = replayed(item, tmp_path / "again")

    for shown in ("хойш 00 секунд", "true true", "first second", "Ажилчны", "Туслахын", "Хүрээний", "Нуугдсан"):
        assert shown in text
    assert found.reason == ""
    assert [picture.agreement.regions for picture in found.pictures if picture.path == "screenshot.png"] == [()]
    assert found.rendered.sockets == 1
    assert came == []
