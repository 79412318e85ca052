"""What the browser tells besides traffic: its frames, its console and its own errors, and the certificates it saw.

The console is heard without the Runtime domain, which pages can notice. What a page writes may hold anything and may
never end: lines are cut and counted.
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from evidence_kit.browser.cdp import BrowserGoneError, Connection, Event, Fields, ProtocolError
from evidence_kit.canonical import Json
from evidence_kit.capture.inventory import clean
from evidence_kit.capture.traffic import Hop
from evidence_kit.models import Problem
from evidence_kit.trust.digests import sha256_bytes

COMMANDS: tuple[tuple[str, Fields], ...] = (("Log.enable", {}), ("Console.enable", {}))
"""What turns it on in a target."""

_MOST = 500
_LONGEST = 1000
_ORIGINS = 64
_NETWORK = "network.mojom.NetworkService"


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """Filled while a capture runs."""

    frames: dict[str, dict[str, Json]] = field(default_factory=dict)
    console: list[dict[str, Json]] = field(default_factory=list)
    unheard: int = 0
    """Lines of the console that were too many."""
    networks: set[int] = field(default_factory=set)
    """Process numbers of what spoke to the network at the beginning and at the end."""
    certificates: dict[str, list[str]] = field(default_factory=dict)
    """By origin, the digests of the chain that the browser was shown, the server's own certificate first."""

    def hear(self, event: Event) -> None:
        """Take in one event."""
        match event.method:
            case "Page.frameNavigated":
                self._frame(event.params["frame"])
            case "Log.entryAdded":
                entry = event.params["entry"]
                self._line(entry.get("source", ""), entry.get("level", ""), entry.get("text", ""), entry.get("url", ""))
            case "Console.messageAdded":
                told = event.params["message"]
                self._line(
                    f"console-{told['source']}", told.get("level", ""), told.get("text", ""), told.get("url", "")
                )
            case _:
                pass

    def _frame(self, frame: Fields) -> None:
        if len(self.frames) < _MOST or frame["id"] in self.frames:
            self.frames[frame["id"]] = {"parent": frame.get("parentId", ""), "url": _cut(frame.get("url", ""))}

    def _line(self, source: str, level: str, text: str, url: str) -> None:
        if len(self.console) >= _MOST:
            self.unheard += 1
            return
        self.console.append({"source": source, "level": level, "text": _cut(text), "url": _cut(url)})

    async def ask_certificates(self, connection: Connection, session: str, hops: Sequence[Hop]) -> None:
        """Ask which certificates the browser was shown; what it no longer knows is left out."""
        origins = dict.fromkeys(_origin(hop.url) for hop in hops if hop.response and hop.url.startswith("https://"))
        for origin in list(origins)[:_ORIGINS]:
            try:
                answer = await connection.send("Network.getCertificate", {"origin": origin}, session=session)
            except BrowserGoneError:
                raise
            except ProtocolError:
                continue
            self.certificates[origin] = [sha256_bytes(base64.b64decode(der)).hex for der in answer["tableNames"]]

    async def note_network(self, connection: Connection) -> None:
        """Note which process speaks to the network; when it dies the browser starts another and tells nobody."""
        try:
            answer = await connection.send("SystemInfo.getProcessInfo")
        except BrowserGoneError:
            raise
        except ProtocolError:
            return
        found = {told["id"] for told in answer["processInfo"] if told["type"] == _NETWORK}
        self.networks |= found

    def network_problems(self) -> list[Problem]:
        """Return a problem if the process that speaks to the network did not live through the capture."""
        if len(self.networks) < 2:  # noqa: PLR2004  # one at the beginning, another at the end
            return []
        detail = "the browser's network process ended and was replaced: requests of that moment were given up"
        return [Problem(code="browser.process-ended", detail=detail)]

    def to_json(self) -> dict[str, Json]:
        """Return the members of ``page.json``."""
        return {
            "frames": [{"id": name, **about} for name, about in self.frames.items()],
            "console": [*self.console],
            "console_unheard": self.unheard,
            "certificates": {origin: [*chain] for origin, chain in self.certificates.items()},
        }


def certificate_problems(hops: Iterable[Hop]) -> list[Problem]:
    """Return a problem for each origin whose certificate the browser calls invalid, and which was loaded from."""
    refused = dict.fromkeys(
        _origin(hop.url)
        for hop in hops
        if hop.url.startswith("https://") and (hop.response or {}).get("securityState") == "insecure"
    )
    detail = "the browser calls its certificate invalid, and was told to go on"
    return [Problem(code="certificate.invalid", detail=f"{origin}: {detail}") for origin in refused]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _cut(text: str) -> str:
    return clean(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
