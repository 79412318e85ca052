"""Listens for one phone, and ends by itself.

Exact paths below the one-time word serve one page and four questions; everything else, another host's name in the
request too (DNS rebinding), is not found. What changes something must come from our own page: it carries a content type
that other pages may not send without asking (Fetch Standard, 2.2.2), and they are never answered yes.
"""

import asyncio
import contextlib
import hmac
import json
import re
import secrets
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from evidence_kit.canonical import Json
from evidence_kit.case.supply import Sender
from evidence_kit.intake.arrivals import Arrivals, Ended
from evidence_kit.intake.receiving import messages
from evidence_kit.intake.receiving.messages import NOT_FOUND, Answer, MessageError, Request, document
from evidence_kit.intake.receiving.session import RefusedError, Session, parse_secret
from evidence_kit.models import Clock, OnStep

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Those that nobody mistakes for one another, should the link have to be typed."""
_LENGTH = 16
_USUAL_PORT = 80
_MOST_CONNECTIONS = 32
_MOST_OF_ONE = 8
_SEND_SECONDS = 30
_TICK = 0.5
"""Seconds; on Windows a loop that waits for packets alone would not hear of Ctrl-C."""
_QUESTIONS = frozenset({"join", "offer", "done"})
_PIECE = re.compile(r"piece/([0-9]{1,4})/([0-9]{1,15})")
_POLICY = re.compile(rb'http-equiv="Content-Security-Policy" content="([^"]+)"')


def one_time_word() -> str:
    """Return a word of 16 letters and digits, about 79 bits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a phone is served."""

    bound: socket.socket
    """Where to listen."""
    word: str
    page: bytes
    """The page, with its policy in it."""
    clock: Clock
    idle_seconds: float
    """Without anything from the phone, after which it ends."""
    max_bytes: int
    practice: bool

    @property
    def host(self) -> str:
        """Address and port, as they stand in requests (RFC 9110, 7.2): the usual port is left out."""
        address, port = self.bound.getsockname()
        return str(address) if port == _USUAL_PORT else f"{address}:{port}"

    @property
    def url(self) -> str:
        """The link for the phone."""
        return f"http://{self.host}/{self.word}/"


def receive(arrivals: Arrivals, terms: Terms, *, on_open: Callable[[], None], on_step: OnStep) -> Ended:
    """Serve until the phone says that it was all, nothing came for too long, or Ctrl-C; raises `OSError`.

    *on_open* is told when somebody can come.
    """
    serving = _Serving(terms=terms, arrivals=arrivals, on_step=on_step)
    asyncio.run(serving.run(on_open))
    return Ended(interrupted=not serving.session.done, left_out=serving.session.left_out())


@dataclass(slots=True, kw_only=True)
class _Serving:
    """One time of listening."""

    terms: Terms
    arrivals: Arrivals
    on_step: OnStep
    session: Session = field(init=False)
    _heard: float = 0
    """When the phone was heard last, by the loop's clock."""
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    _failed: OSError | None = None
    _one_by_one: asyncio.Lock = field(default_factory=asyncio.Lock)
    _connections: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        terms = self.terms
        self.session = Session(
            arrivals=self.arrivals, clock=terms.clock, max_bytes=terms.max_bytes, practice=terms.practice
        )

    async def run(self, on_open: Callable[[], None]) -> None:
        """Listen; Ctrl-C, which asyncio makes a cancellation, is one way to end it."""
        loop = asyncio.get_running_loop()
        self._heard = loop.time()
        server = await asyncio.start_server(self._connected, sock=self.terms.bound, limit=messages.LARGEST_HEAD)
        on_open()
        with contextlib.suppress(asyncio.CancelledError):
            while not self._ended.is_set() and loop.time() - self._heard < self.terms.idle_seconds:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), _TICK)
        server.close()
        # Whoever is keeping a file now has it noted before anything is concluded from what is here.
        async with self._one_by_one:
            self._ended.set()
        if self._failed:
            raise self._failed

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Of one that has gone already nobody knows where it was.
        address = str((writer.get_extra_info("peername") or ("",))[0])
        self._connections[address] += 1
        try:
            if self._connections.total() <= _MOST_CONNECTIONS and self._connections[address] <= _MOST_OF_ONE:
                await self._serve(address, reader, writer)
        except (MessageError, OSError):
            # Whoever sends no request, goes away or is too slow is not answered.
            pass
        finally:
            self._connections[address] -= 1
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _serve(self, address: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await messages.read_head(reader)
        answer = await self._answer(request, address, reader)
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                writer.write(answer.to_bytes())
                writer.write_eof()
                await writer.drain()
        finally:
            if self.session.done:
                self._ended.set()

    async def _answer(self, request: Request, address: str, reader: asyncio.StreamReader) -> Answer:
        name = self._name(request)
        if name is None:
            return NOT_FOUND
        if request.method == "GET":
            return self._page()
        secret = parse_secret(request.field("cookie"))
        if name != "join" and not self.session.knows(secret):
            return NOT_FOUND
        sent = _PIECE.fullmatch(name)
        body = await messages.read_body(request, reader, messages.PIECE if sent else messages.LARGEST_DOCUMENT)
        sender = Sender(address=address, user_agent=request.field("user-agent"))
        async with self._one_by_one:
            return await self._do(name, sent, body, secret, sender)

    def _name(self, request: Request) -> str | None:
        """Return what is asked for below the one-time word, if it is asked for as our own page does; else None."""
        _, word, *rest = request.path.split("/", 2)
        known = hmac.compare_digest(word.encode(), self.terms.word.encode())
        if not known or not rest or request.field("host") != self.terms.host:
            return None
        name = rest[0]
        if request.method == "GET":
            return None if name else name
        said = request.field("content-type").partition(";")[0].strip()
        wanted = "application/json" if name in _QUESTIONS else "application/octet-stream"
        ours = request.field("origin") in {"", f"http://{self.terms.host}"} and said == wanted
        return name if ours and (name in _QUESTIONS or _PIECE.fullmatch(name)) else None

    async def _do(self, name: str, sent: re.Match[str] | None, body: bytes, secret: str, sender: Sender) -> Answer:
        """Do what was asked; a disk that cannot be written ends everything."""
        if self._ended.is_set() or self.session.done:
            return NOT_FOUND
        try:
            if name == "join":
                return self._join(secret, sender)
            self._heard = asyncio.get_running_loop().time()
            return document(await self._of_phone(name, sent, body))
        except RefusedError as refused:
            if refused.problem == "not-taken":
                self.on_step("refusing a file that is on a list of known files")
            status = HTTPStatus.FORBIDDEN if refused.problem == "taken" else HTTPStatus.CONFLICT
            return document({"problem": refused.problem}, status)
        except OSError as error:
            self._failed = error
            self._ended.set()
            return document({"problem": "failed"}, HTTPStatus.INTERNAL_SERVER_ERROR)

    async def _of_phone(self, name: str, sent: re.Match[str] | None, body: bytes) -> dict[str, Json]:
        before = len(self.arrivals.originals)
        if sent:
            told = await self.session.piece(int(sent[1]), int(sent[2]), body)
        elif name == "offer":
            told = await self.session.offer(_parsed(body))
        else:
            told = self.session.finish()
        if len(self.arrivals.originals) > before:
            self.on_step(f"files arrived {len(self.arrivals.originals)}")
        return told

    def _join(self, secret: str, sender: Sender) -> Answer:
        first = not self.session.secret
        told = self.session.join(secret, sender)
        self._heard = asyncio.get_running_loop().time()
        if first:
            self.on_step(f"a phone has come {sender.address}")
        cookie = f"session={self.session.secret}; Path=/{self.terms.word}/; HttpOnly; SameSite=Strict"
        return document(told, fields={"Set-Cookie": cookie})

    def _page(self) -> Answer:
        """Return the page with the policy that stands in it as a field, too, where it can say who may frame it."""
        found = _POLICY.search(self.terms.page)
        policy = found[1].decode("ascii") if found else "default-src 'none'"
        fields = {"Content-Security-Policy": f"{policy}; frame-ancestors 'none'"}
        return Answer(type="text/html; charset=utf-8", body=self.terms.page, fields=fields)


def _parsed(body: bytes) -> Json:
    try:
        value: Json = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError("malformed") from error
    return value
