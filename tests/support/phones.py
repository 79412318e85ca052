"""Phones that send files in tests: one that speaks the protocol by hand, and the command that it sends them to."""

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.stamping import Stamping
from evidence_kit.case.supply import Circumstances
from evidence_kit.case.taking import TakenItem
from evidence_kit.custody.custodian import Custodian
from evidence_kit.errors import CaseError
from evidence_kit.intake.hash_lists import HashList
from evidence_kit.intake.receiving.addresses import listening
from evidence_kit.intake.receiving.server import Terms, one_time_word, receive
from evidence_kit.intake.receiving.taking import receive_supplied
from evidence_kit.intake.taking import Wishes
from evidence_kit.models import ignore

PAGE = b'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">page'
_ROOT = Path(__file__).parents[2]
_LINK = re.compile(r"http://127\.0\.0\.1:\d+/[a-z0-9]{16}/")


@dataclass(kw_only=True)
class Reply:
    """What the computer answered."""

    status: int
    fields: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401  # tests look into documents of every kind
        """The document in it."""
        return json.loads(self.body)


@dataclass(kw_only=True)
class Phone:
    """A browser that does what a test tells it, and may lie."""

    url: str
    cookie: str = ""

    def ask(
        self, path: str, body: bytes | None = None, *, method: str = "", fields: Mapping[str, str] | None = None
    ) -> Reply:
        """Send one request, as the page would, but for what *fields* say."""
        place = urlsplit(self.url)
        with closing(HTTPConnection(place.netloc, timeout=20)) as connection:
            raw = path.startswith("piece/")
            kind = "application/octet-stream" if raw else "application/json"
            sent: dict[str, str | bytes] = {"Content-Type": kind, "User-Agent": "Утас".encode()}
            target = path if path.startswith("/") else place.path + path
            said = {**sent, **({"Cookie": self.cookie} if self.cookie else {}), **(fields or {})}
            connection.request(method or ("GET" if body is None else "POST"), target, body, said)
            answer = connection.getresponse()
            return Reply(status=answer.status, fields=dict(answer.getheaders()), body=answer.read())

    def post(self, path: str, value: object) -> Reply:
        """Send a document."""
        return self.ask(path, json.dumps(value).encode())

    def join(self) -> Reply:
        """Begin, and keep the secret."""
        reply = self.post("join", {})
        self.cookie = reply.fields.get("Set-Cookie", "").partition(";")[0]
        return reply

    def offer(self, name: str, data: bytes, *, sha256: str = "", modified: int | None = None) -> Reply:
        """Offer a file."""
        digest = sha256 or hashlib.sha256(data).hexdigest()
        return self.post("offer", {"name": name, "size": len(data), "sha256": digest, "modified": modified})

    def piece(self, number: int, at: int, data: bytes) -> Reply:
        """Send a piece of a file."""
        return self.ask(f"piece/{number}/{at}", data)

    def send(self, name: str, data: bytes, **more: Any) -> Reply:  # noqa: ANN401  # as `offer` takes them
        """Offer a small file, and send what the computer has not got."""
        reply = self.offer(name, data, **more)
        if reply.status != 200 or reply.json["whole"]:
            return reply
        return self.piece(reply.json["id"], reply.json["at"], data[reply.json["at"] :])


@dataclass(kw_only=True)
class Waiting:
    """A case that waits for a phone, in a thread of its own."""

    url: str
    thread: threading.Thread
    taken: list[TakenItem | None] = field(default_factory=list)
    failed: list[CaseError] = field(default_factory=list)

    def item(self) -> TakenItem | None:
        """Return what came of it, when it has ended."""
        self.thread.join(30)
        assert not self.thread.is_alive()
        return self.taken[0]


@contextmanager
def waiting(
    case: CaseFolder,
    custodian: Custodian,
    *,
    idle: float = 20,
    max_bytes: int = 10**9,
    lists: Sequence[HashList] = (),
) -> Iterator[Waiting]:
    """Wait for a phone; a test that leaves without an end waits until it is idle for *idle* seconds."""
    with listening("127.0.0.1", 0) as bound:
        terms = Terms(
            bound=bound,
            word=one_time_word(),
            page=PAGE,
            clock=custodian.clock,
            idle_seconds=idle,
            max_bytes=max_bytes,
            practice=True,
        )
        opened = threading.Event()

        def take() -> None:
            try:
                item = receive_supplied(
                    case,
                    lambda arrivals: receive(arrivals, terms, on_open=opened.set, on_step=ignore),
                    custodian=custodian,
                    stamping=Stamping(),
                    wishes=Wishes(circumstances=Circumstances(provided_by="V-01")),
                    lists=lists,
                )
            except CaseError as error:
                found.failed.append(error)
            else:
                found.taken.append(item)

        found = Waiting(url=terms.url, thread=threading.Thread(target=take))
        found.thread.start()
        assert opened.wait(20)
        try:
            yield found
        finally:
            found.thread.join(60)


@contextmanager
def commanded(case: Path, home: Path, *arguments: str) -> "Iterator[tuple[subprocess.Popen[str], str]]":
    """Run ``evidence-kit receive`` on the loopback interface; give the process, and the link that it printed."""
    environ = {**os.environ, "EVIDENCE_KIT_HOME": str(home), "EVIDENCE_KIT_LANG": "en"}
    command = [sys.executable, str(_ROOT / "cli.py"), "receive", "--case", str(case), "--host", "127.0.0.1", *arguments]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if found := _LINK.search(line):
                    yield process, found[0]
                    break
            else:
                raise AssertionError("the command ended before it printed a link")
        finally:
            if process.poll() is None:
                process.kill()
