"""A recorded page makes the browser say nothing to the local network: no name is looked up there, not even by WebRTC.

Names of peers that end in ``.local`` are asked for by multicast (RFC 6762), which can be heard on this machine; other
names are looked up by the same part of the browser.
"""

import contextlib
import socket
import struct
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evidence_kit.browser.launch import LaunchOptions, Sandbox, Tap, chromium_arguments
from evidence_kit.custody.custodian import Custodian
from tests.replay.test_deep import WIRE, captured, replayed
from tests.support.capture_site import RawSite, reply
from tests.support.cases import open_case
from tests.support.resealing import rewrite
from tests.support.viewing import commit_viewed, in_window, served
from tests.support.web_page import chromium

GROUP, PORT = "224.0.0.251", 5353
PAGE = """<!DOCTYPE html><p>text<script>(async () => {
  const [one, other] = [new RTCPeerConnection(), new RTCPeerConnection()];
  one.createDataChannel('x');
  await one.setLocalDescription(await one.createOffer());
  await other.setRemoteDescription(one.localDescription);
  await other.setLocalDescription(await other.createAnswer());
  await one.setRemoteDescription(other.localDescription);
  const candidate = 'candidate:1 1 udp 2122260223 NAME 55555 typ host';
  await one.addIceCandidate({candidate, sdpMid: '0', sdpMLineIndex: 0}).catch(() => 0);
  setTimeout(() => { document.documentElement.dataset.tried = 1; }, 1000);
})()</script>"""
OPTIONS = LaunchOptions(viewport=(800, 600), locale="mn-MN", timezone="Asia/Ulaanbaatar")


@contextlib.contextmanager
def heard() -> Iterator[list[bytes]]:
    """Give what is asked for by multicast on this machine."""
    said: list[bytes] = []
    over = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "SO_REUSEPORT"):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            listener.bind(("", PORT))
            group = struct.pack("4sI", socket.inet_aton(GROUP), socket.INADDR_ANY)
            listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        except OSError:
            pytest.skip("NOT TESTED: this machine has no multicast")
        listener.settimeout(0.2)

        def listen() -> None:
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    said.append(listener.recv(2048))

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield said
        finally:
            over.set()
            thread.join()


@pytest.mark.browser
@pytest.mark.network
def test_a_recorded_page_has_no_name_looked_up(tmp_path: Path, custodian: Custodian) -> None:
    name = f"{uuid.uuid4()}.local"
    page = PAGE.replace("NAME", name)
    with heard() as unheld, chromium() as browser:
        shown = browser.new_page()
        shown.set_content(page)
        shown.wait_for_selector("html[data-tried]")
    if not any(name[:36].encode() in said for said in unheld):
        pytest.skip("NOT TESTED: multicast is not heard on this machine")
    case = open_case(tmp_path / "case", custodian)
    commit_viewed(case, custodian, html=page)
    with RawSite({"/": reply("<!DOCTYPE html><p>text")}) as site:
        url = f"{site.url}/"
        item = captured(tmp_path / "captured", url, replace(WIRE, timeout=20, scroll=False))
    rewrite(item, responses={url: reply(page)})

    with heard() as viewed, served(case.path, "case", custodian=custodian) as view, in_window(view.server) as person:
        person.open(view.server.url)
        person.reveal("replay")
        person.replayed("html[data-tried]")
    with heard() as checked:
        found = replayed(item, tmp_path / "again", seconds=8)

    assert found.pictures
    assert [said for said in (*viewed, *checked) if name[:36].encode() in said or b"NOTFOUND" in said] == []


@pytest.mark.parametrize("options", [replace(OPTIONS, tap=Tap(port=4711, silent=True)), replace(OPTIONS, enclosure=1)])
def test_a_browser_without_a_way_out_looks_up_no_name_and_joins_no_group(options: LaunchOptions) -> None:
    arguments = chromium_arguments(options, Sandbox(on=True))

    assert "--host-resolver-rules=MAP * ^NOTFOUND, EXCLUDE 127.0.0.1" in arguments
    assert any("WebRtcHideLocalIpsWithMdns" in each for each in arguments if each.startswith("--disable-features="))


def test_a_browser_that_captures_hides_the_addresses_of_this_machine_and_looks_up_no_name_beside_the_relay() -> None:
    arguments = chromium_arguments(replace(OPTIONS, tap=Tap(port=4711)), Sandbox(on=True))

    assert "--host-resolver-rules=MAP * ^NOTFOUND, EXCLUDE 127.0.0.1" in arguments
    assert not any("WebRtcHideLocalIpsWithMdns" in each for each in arguments)


@pytest.mark.browser
@pytest.mark.network
def test_a_page_that_is_captured_has_no_name_looked_up_beside_the_relay(tmp_path: Path) -> None:
    name = f"{uuid.uuid4()}.local"
    with RawSite({"/": reply(PAGE.replace("NAME", name))}) as site, heard() as said:
        item = captured(tmp_path / "captured", f"{site.url}/", replace(WIRE, timeout=20, scroll=False))

    assert (item / "capture.wacz").exists()
    assert [each for each in said if name[:36].encode() in each] == []
