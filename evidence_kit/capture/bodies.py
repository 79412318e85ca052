"""What the recorder ``browser`` hears: everything on the DevTools protocol, and the bodies too, changing nothing.

How a body is taken, in this order (each measured on Chromium 156):

1. streams, large ones and those that last are streamed to us while the page reads them
   (``Network.streamResourceContent``), in constant memory;
2. others are asked for when they have ended (``Network.getResponseBody`` with durable messages: byte for byte, also
   when the connection broke, when the page made a blob of them or never read them);
3. documents that become downloads are read while they are held at the response (`Observer`); PDF documents too, because
   the viewer's own page stands in their place afterwards; with a browser that has no durable messages, so are all
   bodies of moderate size, and of what is left only such is kept as is surely byte for byte.
"""

import asyncio
import base64

from evidence_kit.browser.cdp import Event, ProtocolError
from evidence_kit.capture.heads import declared_length
from evidence_kit.capture.observer import ENDLESS, Observer, body_of, endless, media_type, response_fields, without_body
from evidence_kit.capture.sessions import MEBIBYTE
from evidence_kit.capture.spool import Spool
from evidence_kit.capture.traffic import Hop, Traffic

_LARGE = 4 * MEBIBYTE
_LASTING_SECONDS = 1.5
_SWEEP_SECONDS = 0.5
_HELD_SECONDS = 60.0
_MOST_POSTED = 64 * MEBIBYTE
"""Bytes of request bodies that are asked for: they are held in memory."""
_BY_SCRIPT = frozenset({"Fetch", "XHR", "Other"})
"""What scripts may give up on at any moment; when no length is promised it is streamed from the beginning."""


class BodyObserver(Observer):
    """Takes every body from the browser, for the whole time of a capture."""

    takes_bodies = True

    def __init__(self, traffic: Traffic, spool: Spool) -> None:
        """Fold into *traffic*, put bodies into *spool*."""
        super().__init__(traffic, spool)
        self.reactions |= {
            "Network.requestWillBeSent": self._posted,
            "Network.responseReceived": self._answered,
            "Network.dataReceived": self._streamed,
        }
        self._posted_bytes = 0
        self._since: dict[int, float] = {}
        self._streams: dict[int, _Stream] = {}

    async def watch(self) -> None:
        """Stream whatever lasts long or grows large, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            for hop in self.traffic.pending():
                since = self._since.get(hop.number)
                lasting = since is not None and loop.time() - since > _LASTING_SECONDS
                if hop.response is not None and (lasting or hop.length > _LARGE):
                    self.spawn(self._stream(hop))
            await asyncio.sleep(_SWEEP_SECONDS)

    async def finish(self, seconds: float) -> None:
        """Take what has arrived of unfinished bodies, and wait at most *seconds* for bodies being taken."""
        for hop in self.traffic.pending():
            if hop.response is not None:
                self.spawn(self._stream(hop))
        await super().finish(seconds)

    async def _posted(self, event: Event) -> None:
        """Ask for a request's body that was not told with it, or not in full (parts that are files)."""
        if not event.params["request"].get("hasPostData"):
            return
        hop = self.traffic.latest(event.params["requestId"])
        entries = event.params["request"].get("postDataEntries", [])
        if hop is None or hop.fetched_body is not None or (entries and all("bytes" in entry for entry in entries)):
            return
        if self._posted_bytes > _MOST_POSTED:
            return
        request = {"requestId": hop.request_id}
        answer = await self.connection.send("Network.getRequestPostData", request, session=event.session)
        hop.fetched_body = body_of(answer, key="postData")
        self._posted_bytes += len(hop.fetched_body)

    def _answered(self, event: Event) -> None:
        hop = self.traffic.latest(event.params["requestId"])
        if hop is None or hop.over:
            return
        self._since.setdefault(hop.number, asyncio.get_running_loop().time())
        length = declared_length(event.params["response"]["headers"])
        lasting = hop.kind in {"Document", "Media"} or (hop.kind in _BY_SCRIPT and length is None)
        if endless(hop) or lasting or (length or 0) > _LARGE:
            self.spawn(self._stream(hop))

    def _streamed(self, event: Event) -> None:
        if "data" not in event.params:
            return
        hop = self.traffic.latest(event.params["requestId"])
        stream = self._streams.get(hop.number) if hop else None
        if hop is None or stream is None or hop.stream_session != event.session:
            return
        piece = base64.b64decode(event.params["data"])
        if stream.begun:
            hop.taken += self.spool.append(hop.number, piece)
        else:
            stream.early.append(piece)

    async def _stream(self, hop: Hop) -> None:
        """Have the rest of a body streamed to us, after what the browser already holds of it."""
        if hop.number in self._streams or hop.taken or not hop.sessions:
            return
        stream = self._streams[hop.number] = _Stream()
        hop.stream_session = hop.sessions[-1]
        try:
            answer = await self.connection.send(
                "Network.streamResourceContent", {"requestId": hop.request_id}, session=hop.stream_session
            )
            pieces = [base64.b64decode(answer["bufferedData"]), *stream.early]
            # The browser may have let go of the beginning: the rest alone would be a false body.
            stream.begun = sum(map(len, pieces)) == hop.lengths.get(hop.stream_session, 0)
            for piece in pieces if stream.begun else ():
                hop.taken += self.spool.append(hop.number, piece)
        except ProtocolError:
            # It has just ended: `collect` asks for the whole of it.
            hop.stream_session = ""
        finally:
            stream.settled.set()

    async def collect(self, hop: Hop) -> None:
        """Take the body of an exchange that has ended, unless it is here already."""
        if hop.whole or hop.redirect or without_body(hop):
            return
        if stream := self._streams.get(hop.number):
            await stream.settled.wait()
            hop.whole = stream.begun and hop.taken == hop.length
            # When loading failed, the page may have seen less than the browser received.
            if hop.whole and not hop.failure:
                return
        await self.ask(hop)

    async def held(self, event: Event, hop: Hop) -> None:
        """Read what can be read only while it is held."""
        headers = response_fields(event.params)
        document = event.params["resourceType"] == "Document"
        if self._read_while_held(headers, document=document):
            answer = await self.connection.send(
                "Fetch.getResponseBody",
                {"requestId": event.params["requestId"]},
                session=event.session,
                timeout=_HELD_SECONDS,
            )
            self.keep(hop, body_of(answer))
        elif not document and not self.sessions.durable:
            await self._stream(hop)

    def _read_while_held(self, headers: dict[str, str], *, document: bool) -> bool:
        if document and media_type(headers) == "application/pdf":
            return True
        if self.sessions.durable:
            return False
        length = headers.get("content-length", "")
        moderate = length.isascii() and length.isdecimal() and int(length) <= _LARGE
        return media_type(headers) not in ENDLESS and moderate

    def take(self, hop: Hop, data: bytes) -> None:
        """Keep a piece of a download."""
        hop.taken += self.spool.append(hop.number, data)


class _Stream:
    """A body that is being streamed."""

    def __init__(self) -> None:
        self.begun = False
        self.early: list[bytes] = []
        """Pieces heard before the answer that holds what comes before them."""
        self.settled = asyncio.Event()
