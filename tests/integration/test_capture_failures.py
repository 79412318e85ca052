"""Servers that cannot be reached or believed, and browsers that die: what was recorded is kept, the item says so."""

import os
import signal
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_kit.capture import CaptureOptions
from evidence_kit.models import RecorderKind, Status
from tests.support.capture_site import TEXT, RawSite, page, read_archive, read_ledger
from tests.support.captures import capture, codes

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("kind")]

WIRE = RecorderKind.WIRE


def test_a_name_that_does_not_resolve_is_a_failed_capture(tmp_path: Path, kind: RecorderKind) -> None:
    away = () if kind is WIRE else (("nowhere.invalid", "~NOTFOUND"),)

    result = capture("http://nowhere.invalid/Өдөр", tmp_path, CaptureOptions(timeout=16, connect_to=away))

    assert (result.status, codes(result)) == (Status.FAILED, ["page.name-not-resolved", "resource.failed"])
    (entry,) = read_ledger(tmp_path)
    assert entry["outcome"] == "failed"
    assert "ERR_NAME_NOT_RESOLVED" in entry["reason"]


def test_connect_to_goes_where_it_is_told(tmp_path: Path) -> None:
    with RawSite({"/": page()}) as site:
        options = CaptureOptions(timeout=16, connect_to=(("toirog.example", site.url.removeprefix("http://")),))
        result = capture("http://toirog.example/", tmp_path, options)

    assert result.status is Status.COMPLETE
    assert b"Host: toirog.example" in site.requests[0]


@pytest.mark.parametrize("insecure", [False, True])
def test_an_invalid_certificate_is_a_failed_capture_unless_it_is_accepted(
    tmp_path: Path, oracle: Callable[[str], Path], insecure: bool
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2"]
    subprocess.run([oracle("openssl"), *request, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with RawSite({"/": page()}, tls) as site:
        result = capture(f"{site.url}/", tmp_path / "out", CaptureOptions(timeout=16, insecure=insecure))

    everything = read_archive(tmp_path / "out" / "capture.wacz").exchanges
    exchanges = [exchange for exchange in everything if exchange.url == f"{site.url}/"]
    assert result.status is (Status.COMPLETE if insecure else Status.FAILED)
    expected = ["certificate.invalid"] if insecure else ["page.certificate", "resource.failed"]
    assert codes(result) == expected, result.problems
    assert result.environment["certificate_errors_ignored"] is insecure
    # Nothing was sent over a connection whose certificate was refused: there is no exchange on the wire.
    assert len(exchanges) == insecure
    assert any(exchange.response for exchange in exchanges) is insecure


@pytest.mark.skipif(sys.platform == "win32", reason="finds the browser's process with pgrep")
def test_a_browser_that_dies_leaves_what_was_recorded(tmp_path: Path) -> None:
    def kill(step: str) -> None:
        if step == "scrolling":
            for child in subprocess.check_output(["pgrep", "-P", str(os.getpid()), "chrom"]).split():
                os.kill(int(child), signal.SIGKILL)

    with RawSite({"/": page()}) as site:
        result = capture(f"{site.url}/", tmp_path, on_step=kill)

    assert (result.status, codes(result)[0]) == (Status.FAILED, "page.crashed")
    assert TEXT.encode() in read_archive(tmp_path / "capture.wacz").one(f"{site.url}/").body


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_ends_the_browser_and_removes_its_profile(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from tests.support.captures import capture\n"
        "capture(sys.argv[1], pathlib.Path(sys.argv[2]), on_step=lambda step: print(step, flush=True))"
    )
    # A short path: Chromium keeps a socket in the temporary folder, whose path has at most 107 bytes.
    profiles = Path(tempfile.mkdtemp(prefix="k-"))
    with RawSite({"/": page("<div style='height:90000px'></div>")}) as site:
        process = subprocess.Popen(
            [sys.executable, "-c", program, site.url, str(tmp_path / "out")],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "TMPDIR": str(profiles)},
            cwd=Path(__file__).parents[2],
        )
        assert process.stdout is not None
        while "scrolling" not in process.stdout.readline():
            assert process.poll() is None
        assert any(profiles.iterdir())
        process.send_signal(signal.SIGINT)
        process.stdout.close()
        assert process.wait(20) != 0

    assert list(profiles.iterdir()) == []
    profiles.rmdir()


@pytest.mark.skipif(sys.platform != "linux", reason="finds the browser's network process with pgrep")
def test_a_network_process_that_dies_makes_the_item_incomplete(tmp_path: Path) -> None:
    def kill(step: str) -> None:
        if step == "scrolling":
            ours = subprocess.check_output(["pgrep", "-P", str(os.getpid()), "chrom"]).split()
            for parent in ours:
                found = subprocess.check_output(["pgrep", "-P", parent.decode(), "-f", "NetworkService"]).split()
                for child in found:
                    os.kill(int(child), signal.SIGKILL)

    with RawSite({"/": page("<div style='height:9000px'></div>")}) as site:
        result = capture(f"{site.url}/", tmp_path, on_step=kill)

    assert "browser.process-ended" in codes(result)
    assert result.status is Status.INCOMPLETE
