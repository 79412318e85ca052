"""Load a page with and without recording, and read the memory of processes."""

import asyncio
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from evidence_kit.browser.cdp import Event, open_connection
from evidence_kit.browser.find import Browser, find_browser
from evidence_kit.browser.launch import LaunchOptions, launched
from evidence_kit.capture import CaptureOptions, capture_page
from evidence_kit.models import OnStep, RecorderKind, ignore
from tests.support.captures import WARCINFO, now

_PATIENCE = 60.0
_PAUSE = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A running server, and a place to work in."""

    folder: Path
    reports: Connection
    """Gives the milliseconds that pages report."""
    ports: tuple[int, int]
    """Of HTTP/1.1, and of HTTP/2 over TLS."""
    far_ports: tuple[int, int]
    """The same at the other end of a line (`tests.bench.line`)."""

    @property
    def browser(self) -> Browser:
        """The browser of this machine."""
        found = find_browser(os.environ)
        assert found is not None, "no browser on this machine"
        return found

    @property
    def browser_version(self) -> str:
        """The browser's name and version."""
        done = subprocess.run([self.browser.path, "--version"], capture_output=True, text=True, check=True)
        return done.stdout.strip().split(" snap")[0]

    def url(self, path: str, *, secure: bool = False, far: bool = False) -> str:
        """Return the address of *path*."""
        port = (self.far_ports if far else self.ports)[secure]
        return f"{'https' if secure else 'http'}://127.0.0.1:{port}{path}"

    def page(self, path: str, way: str, *, secure: bool, far: bool = False) -> float:
        """Return the milliseconds that the page at *path* took, loaded *way*.

        ``bare``; ``told``: the browser tells of its traffic and nobody listens; ``wire``, ``browser``.
        """
        while self.reports.poll():
            self.reports.recv()
        url = self.url(path, secure=secure, far=far)
        if way in {"bare", "told"}:
            return self._bare(url, told=way == "told")
        self.capture(url, RecorderKind(way), on_step=_pause)
        return self._reported()

    def capture(self, url: str, recorder: RecorderKind, *, timeout: float = 45.0, on_step: OnStep = ignore) -> None:
        """Capture the page at *url* with *recorder*."""
        options = CaptureOptions(recorder=recorder, timeout=timeout, insecure=True, scroll=False)
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            capture_page(
                url,
                Path(name) / "item",
                options=options,
                browser=self.browser,
                warcinfo=WARCINFO,
                clock=now,
                on_step=on_step,
            )

    def _bare(self, url: str, *, told: bool) -> float:
        known = CaptureOptions()
        options = LaunchOptions(viewport=known.viewport, locale=known.locale, timezone=known.timezone, insecure=True)
        with launched(self.browser.path, options) as chromium:
            return asyncio.run(self._load(chromium.address, url, told=told))

    async def _load(self, address: str, url: str, *, told: bool) -> float:
        def hear(_event: Event) -> None:
            """Forget what is told."""

        async with open_connection(address, hear) as connection:
            page = await connection.send("Target.createTarget", {"url": "about:blank"})
            attached = await connection.send("Target.attachToTarget", {"targetId": page["targetId"], "flatten": True})
            if told:
                await connection.send("Network.enable", session=attached["sessionId"])
            _pause("opening")
            await connection.send("Page.navigate", {"url": url}, session=attached["sessionId"])
            return await asyncio.to_thread(self._reported)

    def _reported(self) -> float:
        assert self.reports.poll(_PATIENCE), "the page did not say that it was done"
        milliseconds: float = self.reports.recv()
        return milliseconds


def _pause(step: str) -> None:
    """Let a browser that has just started come to rest before it goes to the page."""
    if step.startswith("opening"):
        time.sleep(_PAUSE)
