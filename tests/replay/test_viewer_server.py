"""What the server of ``view`` gives out, to whom, and when: asked without a browser."""

import hashlib
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from evidence_kit.browser.launch import LaunchOptions, Sandbox, chromium_arguments
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.noting import note_events
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.errors import CaseError, UsageError
from evidence_kit.models import Verdict
from evidence_kit.replay.serving_answers import asked_range
from evidence_kit.replay.viewer_reveals import Part
from evidence_kit.verify import verify_path
from tests.support.people import roots_of
from tests.support.viewing import SECRET, Served, served

pytestmark = pytest.mark.network

NEUTRAL = ("", "view.js", "view.css", "words.json", "overview.json", "items/EV-0001", "blurred/EV-0001/0")


def readable(body: bytes, case: CaseFolder) -> bool:
    """Return whether anything of the item can be read in *body*."""
    folder = case.path / "items" / "EV-0001"
    files = [(folder / name).read_bytes() for name in ("capture.wacz", "screenshot.png", "text.txt", "ledger.jsonl")]
    return any(file[: len(file) // 2][-300:] in body for file in files) or any(
        each in body for each in (SECRET.encode(), b"site.example", b"/page")
    )


def test_nothing_readable_is_given_out_before_a_reveal(viewed: CaseFolder, custodian: Custodian) -> None:
    with served(viewed.path, "case", custodian=custodian) as view:
        answers = {path: view.get(path) for path in NEUTRAL}
        guesses = [
            view.get(path).status
            for path in (
                "shown/x/0",
                "shown//rows",
                "items/../../x",
                "items/EV-0002",
                "blurred/EV-0001/9",
                "capture.wacz",
            )
        ]

    assert {answer.status for answer in answers.values()} == {200}
    assert [path for path, answer in answers.items() if readable(answer.body, viewed)] == []
    assert set(guesses) == {404}
    assert answers["blurred/EV-0001/0"].headers["Content-Type"] == "image/png"
    assert answers["items/EV-0001"].json["requests"] == {"requests": 2, "recorded": 1, "failed": 1}
    assert answers["items/EV-0001"].json["parts"] == dict.fromkeys(map(str, Part), True)


def test_each_reveal_is_an_event_before_anything_is_shown(viewed: CaseFolder, custodian: Custodian) -> None:
    with served(viewed.path, "case", custodian=custodian) as view:
        opened = {str(part): view.reveal("EV-0001", part, f"Зорилго: {part}").json for part in Part}
        picture = view.get(f"shown/{opened['pictures']['grant']}/0").body
        text = view.get(f"shown/{opened['text']['grant']}/0").json["text"]
        rows = view.get(f"shown/{opened['ledger']['grant']}/rows?from=0&missing=1").json["rows"]

    events = [event for event in viewed.log().full_events() if event.type == EventType.VIEWED]
    assert [(event.purpose, event.item, event.detail) for event in events] == [
        (f"Зорилго: {part}", "EV-0001", {"revealed": str(part)}) for part in Part
    ]
    assert [answer["event"] for answer in opened.values()] == [event.seq for event in events]
    assert picture == (viewed.path / "items" / "EV-0001" / "screenshot.png").read_bytes()
    assert text == SECRET
    assert [row["url"] for row in rows] == ["http://site.example/page/lost"]
    assert all(file["matches"] for answer in opened.values() for file in answer["files"])
    report = verify_path(viewed.path, roots=roots_of(custodian.signer), clock=custodian.clock)
    assert report.verdict is Verdict.VERIFIED, [check for check in report.checks if check.outcome == "failed"]


@pytest.mark.parametrize("purpose", ["", " \t\n", "x" * 2001])
def test_without_a_purpose_nothing_is_revealed(viewed: CaseFolder, custodian: Custodian, purpose: str) -> None:
    before = viewed.log_bytes()
    with served(viewed.path, "case", custodian=custodian) as view:
        answer = view.reveal("EV-0001", "text", purpose)

    assert answer.status == 409
    assert "grant" not in answer.json
    assert viewed.log_bytes() == before


def test_what_cannot_be_logged_is_not_revealed(viewed: CaseFolder) -> None:
    def full(_item: str, _part: Part, _purpose: str) -> int:
        raise CaseError("the case A could not be written: No space left on device", hint="make room")

    with served(viewed.path, "case", note=full) as view:
        answer = view.reveal("EV-0001", "replay")

    assert (answer.status, answer.json) == (
        409,
        {
            "problem": "the case A could not be written: No space left on device",
            "said": {
                "en": "the case A could not be written: No space left on device",
                "mn": "Хэрэгт бичиж чадсангүй: A. Шалтгаан: дискэнд зай үлдээгүй",
            },
            "hint": {"en": "make room", "mn": "Зай гаргана уу."},
        },
    )
    assert not readable(answer.body, viewed)


def test_what_is_hidden_again_is_not_given_out(viewed: CaseFolder, custodian: Custodian) -> None:
    with served(viewed.path, "case", custodian=custodian) as view:
        text, replay = view.reveal("EV-0001", "text").json, view.reveal("EV-0001", "replay").json
        origin = view.origin_of(replay["grant"])
        shown = view.get(f"shown/{text['grant']}/0").status, view.replayed(origin, "capture.wacz").status
        for grant in (text, replay):
            assert view.post("hide", {"grant": grant["grant"]}).status == 200
        hidden = view.get(f"shown/{text['grant']}/0").status
        with pytest.raises(ConnectionRefusedError):
            view.replayed(origin, "capture.wacz")

    assert shown == (200, 200)
    assert hidden == 404


def test_who_does_not_know_the_word_or_names_another_host_gets_nothing(
    viewed: CaseFolder, custodian: Custodian
) -> None:
    with served(viewed.path, "case", custodian=custodian) as view:
        port, token = view.server.port, view.server.token
        replay = view.replay("EV-0001").rstrip("/")
        place, word = replay.removeprefix("http://127.0.0.1:").split("/")
        before = viewed.log_bytes()
        asked: dict[str, Callable[[], int]] = {
            "no word": lambda: view.ask("/").status,
            "wrong word": lambda: view.ask(f"/{'x' * len(token)}/overview.json").status,
            "cut word": lambda: view.ask(f"/{token[:-1]}/overview.json").status,
            "host": lambda: view.get("overview.json", host=f"localhost:{port}").status,
            "rebound name": lambda: view.get("overview.json", host=f"evil.example:{port}").status,
            "other port": lambda: view.get("overview.json", host="127.0.0.1:1").status,
            "replay without its word": lambda: view.replayed(f"http://127.0.0.1:{place}/", "capture.wacz").status,
            "replay through the page": lambda: view.ask(f"/{word}/capture.wacz").status,
            "replay of another port": lambda: view.ask(f"/{word}/capture.wacz", host=f"127.0.0.1:1{place}").status,
            "other site": lambda: view.get("overview.json", headers={"Sec-Fetch-Site": "cross-site"}).status,
            "method": lambda: view.get("overview.json", method="PUT").status,
            "traversal": lambda: view.ask(f"/{token}/../../etc/passwd").status,
        }
        got = {name: ask() for name, ask in asked.items()}

    assert not {name: status for name, status in got.items() if status < 400}
    assert viewed.log_bytes() == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Content-Type": "text/plain"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_only_the_page_itself_reveals(viewed: CaseFolder, custodian: Custodian, headers: dict[str, str]) -> None:
    before = viewed.log_bytes()
    with served(viewed.path, "case", custodian=custodian) as view:
        answer = view.post("reveal", {"item": "EV-0001", "part": "text", "purpose": "x"}, headers)

    assert answer.status in {403, 404}
    assert viewed.log_bytes() == before


def test_another_server_is_never_reached_through_this_one(viewed: CaseFolder, custodian: Custodian) -> None:
    with served(viewed.path, "case", custodian=custodian) as view:
        statuses = [
            view.ask("http://a.example/x", host="a.example").status,
            view.ask("b.example:443", method="CONNECT").status,
            view.ask("https://c.example/", host="c.example").status,
            view.ask("http://d.example/", method="PUT", body=b"x").status,
        ]
        refused = set(view.server.wall.hosts)

    assert set(statuses) == {403}
    assert refused == {"a.example", "b.example:443", "c.example", "d.example"}


def test_the_window_has_one_way_out_and_asks_for_no_name() -> None:
    options = LaunchOptions(
        viewport=(800, 600), locale="mn-MN", timezone="Asia/Ulaanbaatar", enclosure=4711, window=True
    )

    arguments = chromium_arguments(options, Sandbox(on=True))

    assert "--proxy-server=http://127.0.0.1:4711" in arguments
    assert "--proxy-bypass-list=<-loopback>" in arguments
    assert "--host-resolver-rules=MAP * ^NOTFOUND, EXCLUDE 127.0.0.1" in arguments
    assert "--force-webrtc-ip-handling-policy=disable_non_proxied_udp" in arguments
    assert "--no-sandbox" not in arguments


def test_only_the_loopback_interface_is_listened_on(viewed: CaseFolder, custodian: Custodian) -> None:
    with served(viewed.path, "case", custodian=custodian) as view:
        assert view.server.url.startswith(f"http://127.0.0.1:{view.server.port}/")
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", view.server.port), timeout=5)
        assert len(view.server.token) >= 43


def test_an_archive_is_served_in_ranges(viewed: CaseFolder, custodian: Custodian) -> None:
    data = (viewed.path / "items" / "EV-0001" / "capture.wacz").read_bytes()
    with served(viewed.path, "case", custodian=custodian) as view:
        origin = view.replay("EV-0001")

        def part(header: str) -> tuple[int, bytes, str | None]:
            answer = view.replayed(origin, "capture.wacz", headers={"Range": header})
            return answer.status, answer.body, answer.headers.get("Content-Range")

        size = len(data)
        assert part("bytes=0-9") == (206, data[:10], f"bytes 0-9/{size}")
        assert part("bytes=-7") == (206, data[-7:], f"bytes {size - 7}-{size - 1}/{size}")
        assert part("bytes=100-") == (206, data[100:], f"bytes 100-{size - 1}/{size}")
        assert part(f"bytes={size}-") == (416, b"", f"bytes */{size}")
        assert part("pages=1-2") == (200, data, None)
        assert view.replayed(origin, "capture.wacz", method="HEAD").headers["Content-Length"] == str(size)
        assert view.replayed(origin, "", method="POST", body=b"").status == 421


@pytest.mark.parametrize("header", ["", "bytes=-", "bytes=1-2,4-5", "bytes=a-b", "bytes 1-2"])
def test_what_is_no_single_range_asks_for_all(header: str) -> None:
    assert asked_range(header, 100) is None


def test_what_does_not_match_its_list_is_said(viewed: CaseFolder, custodian: Custodian) -> None:
    text = viewed.path / "items" / "EV-0001" / "text.txt"
    text.chmod(0o644)
    text.write_text("өөр", encoding="utf-8")
    with served(viewed.path, "case", custodian=custodian) as view:
        answer = view.reveal("EV-0001", "text").json
        shown = view.get(f"shown/{answer['grant']}/0").json

    assert answer["files"] == [{"path": "text.txt", "role": "text", "matches": False}]
    assert shown == {"text": "өөр", "cut": False}


def test_what_is_under_seal_is_not_opened(viewed: CaseFolder, custodian: Custodian) -> None:
    seal = Draft(type=EventType.SEALED, detail={"seal_number": "77"})
    note_events(viewed, seal, ["EV-0001"], custodian)
    with served(viewed.path, "case", custodian=custodian) as view:
        facts = view.get("items/EV-0001").json
        refused = view.reveal("EV-0001", "text")
        picture = view.get("blurred/EV-0001/0").status
    unseal = Draft(type=EventType.UNSEALED, purpose="Сургалт", detail={"seal_number": "77"})
    note_events(viewed, unseal, ["EV-0001"], custodian)
    with served(viewed.path, "case", custodian=custodian) as view:
        allowed = view.reveal("EV-0001", "text").status

    assert (facts["sealed"], facts["pictures"]) == (True, [])
    assert (refused.status, picture, allowed) == (409, 404, 200)
    assert "seal" in refused.json["problem"]


def test_outside_of_a_case_nothing_is_logged(viewed: CaseFolder, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    shutil.copytree(viewed.path / "items" / "EV-0001", alone)
    with served(alone, "item") as view:
        overview = view.get("overview.json").json
        revealed = view.reveal("EV-0001", "pictures").json

    assert (overview["logged"], [item["id"] for item in overview["items"]]) == (False, ["EV-0001"])
    assert revealed["event"] is None
    assert sorted(path.name for path in alone.iterdir()) == sorted(
        path.name for path in (viewed.path / "items" / "EV-0001").iterdir()
    )


@pytest.mark.parametrize("packing", ["folder", "stored", "deflated"])
def test_bundles_are_looked_at_as_folder_and_as_zip(viewed: CaseFolder, tmp_path: Path, packing: str) -> None:
    top = tmp_path / "bundle"
    shutil.copytree(viewed.path, top / "data")
    (top / "bagit.txt").write_text("BagIt-Version: 1.0\n", encoding="ascii")
    path = top if packing == "folder" else zipped(top, compress=packing == "deflated")
    data = (viewed.path / "items" / "EV-0001" / "capture.wacz").read_bytes()
    with served(path, "bundle") as view:
        assert [item["id"] for item in view.get("overview.json").json["items"]] == ["EV-0001"]
        assert view.get("blurred/EV-0001/0").status == 200
        revealed = view.reveal("EV-0001", "replay").json
        origin = view.origin_of(revealed["grant"])
        whole = view.replayed(origin, "capture.wacz").body
        part = view.replayed(origin, "capture.wacz", headers={"Range": "bytes=50-99"}).body

    assert [file["matches"] for file in revealed["files"]] == [True]
    assert [page["title"] for page in revealed["pages"]] == [SECRET]
    assert hashlib.sha256(whole).digest() == hashlib.sha256(data).digest()
    assert part == data[50:100]


def zipped(folder: Path, *, compress: bool) -> Path:
    """Return *folder* as a zip with one top folder."""
    path = folder.with_suffix(".zip")
    option = [] if compress else ["-0"]
    program = (
        "import sys, zipfile, pathlib\n"
        "top, out, method = pathlib.Path(sys.argv[1]), sys.argv[2], 0 if '-0' in sys.argv else 8\n"
        "with zipfile.ZipFile(out, 'w', method) as z:\n"
        "    [z.write(p, p.relative_to(top.parent)) for p in sorted(top.rglob('*')) if p.is_file()]\n"
    )
    subprocess.run([sys.executable, "-c", program, str(folder), str(path), *option], check=True)
    return path


def test_a_folder_without_items_is_refused(tmp_path: Path) -> None:
    (tmp_path / "items").mkdir()
    with pytest.raises(UsageError, match="no item"), served(tmp_path, "case"):
        pass


def test_threads_of_one_server_read_one_zip(viewed: CaseFolder, tmp_path: Path) -> None:
    top = tmp_path / "bundle"
    shutil.copytree(viewed.path, top / "data")
    data = (viewed.path / "items" / "EV-0001" / "capture.wacz").read_bytes()

    def part(view: Served, origin: str, first: int) -> bool:
        asked = view.replayed(origin, "capture.wacz", headers={"Range": f"bytes={first}-{first + 999}"})
        return asked.body == data[first : first + 1000]

    with served(zipped(top, compress=True), "bundle") as view, ThreadPoolExecutor(8) as threads:
        origin = view.replay("EV-0001")
        right = threads.map(lambda first: part(view, origin, first), range(0, len(data) - 1000, 100))

        assert all(right)


def test_a_ledger_as_no_capture_writes_it_is_shown_as_it_is(viewed: CaseFolder, custodian: Custodian) -> None:
    ledger = viewed.path / "items" / "EV-0001" / "ledger.jsonl"
    ledger.chmod(0o644)
    ledger.write_bytes(b'{}\n{"outcome":["failed"],"url":{}}\n{"outcome":"failed"}\n')
    with served(viewed.path, "case", custodian=custodian) as view:
        grant = view.reveal("EV-0001", "ledger").json["grant"]
        rows = {missing: view.get(f"shown/{grant}/rows?missing={missing}").json["rows"] for missing in (0, 1)}

    assert [row["outcome"] for row in rows[0]] == ["['failed']", "failed"]
    assert [row["outcome"] for row in rows[1]] == ["failed"]


def test_whoever_opens_connections_without_end_stops_nobody(viewed: CaseFolder, custodian: Custodian) -> None:
    with served(viewed.path, "case", custodian=custodian) as view, ExitStack() as opened:
        for _ in range(400):
            idle = opened.enter_context(socket.create_connection(("127.0.0.1", view.server.port), timeout=20))
            idle.sendall(b"GET /")
        # What came last is turned away, and not left waiting.
        ended = ended_by_server(idle)
        threads = threading.active_count()
        opened.close()
        wait_until(lambda: threading.active_count() < threads)
        after = view.reveal("EV-0001", "text").status

    assert ended
    assert threads < 300
    assert after == 200


def ended_by_server(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
