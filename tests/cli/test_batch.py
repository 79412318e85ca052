"""``capture --batch`` with real browsers on a small site of its own."""

import csv
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import pytest

from tests.cli.running import RunCommand
from tests.support.cases import URL

pytestmark = [pytest.mark.network, pytest.mark.browser]
SECONDS = 60


class Site:
    """Pages at `address`: ``/page/…``, ``/gone`` with 404, and ``/held`` whose answer waits for `release`."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.release = threading.Event()
        self.requests: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requests.append(f"{self.headers['Host']}{self.path}")
                if self.path == "/held":
                    site.asked.set()
                    site.release.wait(SECONDS)
                body = b"<!doctype html><html lang=mn><title>x</title><p>page"
                self.send_response(404 if self.path in {"/gone", "/favicon.ico"} else 200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_arguments: object) -> None:
                """Say nothing of browsers that were killed while they waited."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.release.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def led_here(self, *hosts: str) -> list[str]:
        """Return the options that lead *hosts* to this site."""
        return [part for host in hosts for part in ("--connect-to", f"{host}={self.address}")]


@pytest.fixture
def site() -> Iterator[Site]:
    """Return a site that is there during the test."""
    with Site() as site:
        yield site


def _listed(folder: Path, *links: str) -> Path:
    path = folder / "жагсаалт 1.txt"
    path.write_text("\n".join(links) + "\n", encoding="utf-8")
    return path


def _program(arguments: list[object], **options: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "evidence_kit", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", **options)  # type: ignore[call-overload,no-any-return]  # options are passed through


def test_a_table_is_captured_two_at_once_with_a_row_for_each_link(
    officer: RunCommand, case: Path, site: Site, tmp_path: Path
) -> None:
    table, results = tmp_path / "list.csv", tmp_path / "үр дүн.csv"
    table.write_text(
        "label;url;note\n"
        "=1+1;http://a.example/page/1;нэг\n"
        "2;http://b.example/gone;\n"
        "3;http://a.example/page/1;again\n"
        "4;http://127.0.0.1:1/;nobody listens there\n",
        encoding="utf-8",
    )

    answer = officer(
        "capture", "--batch", table, "--jobs", "2", "--note", "бүгд", "--results", results, "--no-scroll",
        *site.led_here("a.example", "b.example"), "--case", case,
    )  # fmt: skip

    items = {item["url"]: item for item in officer("list", "--case", case, "--json").json["items"]}
    assert answer.code == 1
    assert "In the list again, taken once (line 4): http://a.example/page/1" in answer.err
    assert answer.out.splitlines()[-1].startswith("Links: 3. Without known gaps: 2, incomplete: 0, failed: 1")
    for line in answer.out.splitlines()[1:-1]:
        item = items[line.split()[-1]]
        assert line.startswith(item["id"])
        assert line.split()[-2] == ("–" if item["http_status"] is None else str(item["http_status"]))
    assert {url: item["http_status"] for url, item in items.items()} == {
        "http://a.example/page/1": 200,
        "http://b.example/gone": 404,
        "http://127.0.0.1:1/": None,
    }
    events = officer("custody", "log", "--case", case, "--json").json["events"]
    assert {event["note"] for event in events[1:]} == {"=1+1; нэг; бүгд", "2; бүгд", "4; nobody listens there; бүгд"}
    rows = list(csv.DictReader(results.read_text(encoding="utf-8-sig").splitlines()))
    assert {(row["line"], row["item"], row["status"], row["practice"], row["signer_trust"]) for row in rows} == {
        (line, items[url]["id"], items[url]["status"], "true", "practice")
        for line, url in (
            ("2", "http://a.example/page/1"),
            ("3", "http://b.example/gone"),
            ("5", "http://127.0.0.1:1/"),
        )
    }
    assert officer("verify", case).code == 0


def test_what_is_wrong_with_the_list_or_the_file_of_results_is_told_before_anything_is_recorded(
    officer: RunCommand, case: Path, tmp_path: Path
) -> None:
    there = tmp_path / "there.csv"
    there.write_text("precious", encoding="utf-8")
    wrong, good = _listed(tmp_path, "https://a.mn/", "foo"), tmp_path / "good.txt"
    good.write_text("https://a.mn/\n", encoding="utf-8")

    answers = [
        officer("capture", "--batch", wrong, "--case", case),
        officer("capture", "--batch", good, "--results", there, "--case", case),
        officer("capture", "--batch", good, "--jobs", "5", "--case", case),
    ]

    assert [answer.code for answer in answers] == [2, 2, 2]
    assert "line 2: not a link of a web page: foo" in answers[0].err
    assert "already there" in answers[1].err
    assert there.read_text(encoding="utf-8") == "precious"
    assert officer("case", "show", "--case", case, "--json").json["case"]["events"] == 1


def test_a_batch_of_which_everything_is_recorded_answers_as_its_records_are(
    officer: RunCommand, case: Path, with_item: Callable[[], str], tmp_path: Path
) -> None:
    with_item()
    listed, results = _listed(tmp_path, URL), tmp_path / "results.csv"

    answer = officer("capture", "--batch", listed, "--resume", "--results", results, "--case", case)

    assert answer.code == 4
    assert answer.out.splitlines()[1].split() == ["EV-0001", "In", "the", "case", "already", "–", URL]
    (row,) = csv.DictReader(results.read_text(encoding="utf-8-sig").splitlines())
    assert (row["item"], row["status"], row["url"]) == ("EV-0001", "incomplete", URL)


@pytest.mark.skipif(sys.platform == "win32", reason="NOT TESTED: needs POSIX signals")
def test_a_killed_batch_goes_on_where_it_was_and_takes_nothing_twice(
    officer: RunCommand, case: Path, site: Site, tmp_path: Path
) -> None:
    listed = _listed(tmp_path, *(f"http://{site.address}/{page}" for page in ("page/1", "held", "page/2")))
    command = ["capture", "--batch", listed, "--no-scroll", "--resume", "--case", case]
    with _program(command) as program:
        assert site.asked.wait(SECONDS)
        program.kill()
    site.release.set()

    answer = officer(*command, "--json")
    again = officer(*command)

    document = answer.json
    # What had been recorded of the interrupted capture is an incomplete item now, and its link is taken again.
    assert answer.code == 4
    assert [(item["id"], item["status"]) for item in document["completed"]] == [("EV-0002", "incomplete")]
    assert document["skipped"] == [f"http://{site.address}/page/1"]
    assert [(item["id"], item["url"]) for item in document["items"]] == [
        ("EV-0003", f"http://{site.address}/held"),
        ("EV-0004", f"http://{site.address}/page/2"),
    ]
    counts = {key: document["batch"][key] for key in ("links", "complete", "skipped", "interrupted", "not_begun")}
    assert counts == {"links": 3, "complete": 2, "skipped": 1, "interrupted": 0, "not_begun": 0}
    assert again.code == 0
    assert [line.split()[0] for line in again.out.splitlines()[1:4]] == ["EV-0001", "EV-0003", "EV-0004"]
    items = officer("list", "--case", case, "--json").json["items"]
    assert sorted(item["url"].rpartition("/")[2] for item in items if item["status"] == "complete") == [
        "1",
        "2",
        "held",
    ]
    assert officer("verify", case, "--json").json["verdict"] == "verified"


@pytest.mark.skipif(sys.platform == "win32", reason="NOT TESTED: needs POSIX signals and terminals")
def test_ctrl_c_ends_the_running_captures_and_says_how_to_go_on(
    officer: RunCommand, case: Path, site: Site, tmp_path: Path
) -> None:
    import pty  # noqa: PLC0415  # not on Windows

    listed = _listed(
        tmp_path,
        *(f"http://{host}/held" for host in ("a.example", "b.example")),
        *(f"http://{host}/page/1" for host in ("a.example", "b.example")),
    )
    command = ["capture", "--batch", listed, "--jobs", "2", "--no-scroll", "--case", case]
    terminal, end = pty.openpty()
    try:
        with _program([*command, *site.led_here("a.example", "b.example")], stderr=end) as program:
            assert site.asked.wait(SECONDS)
            program.send_signal(signal.SIGINT)
            assert program.stdout is not None
            out = program.stdout.read()
        shown = os.read(terminal, 100_000).decode()
    finally:
        os.close(end)
        os.close(terminal)

    assert program.returncode == 130
    assert out.count("Interrupted") == 2
    assert "interrupted: 2, not begun: 2" in out
    assert out.splitlines()[-1] == "To go on, run the same command again with: --resume"
    assert "[------------] 0/4" in shown
    assert "[--" not in out
    assert officer("list", "--case", case, "--json").json["items"] == []
    assert not [request for request in site.requests if "/page/" in request]
    assert officer("verify", case, "--json").json["verdict"] == "verified"
