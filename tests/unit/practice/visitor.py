"""A visitor of the practice network, who keeps one connection."""

import http.client
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from evidence_kit.practice import PracticeServer

BANNER = "СУРГАЛТ — зохиомол сүлжээ, зохиомол хүмүүс · TRAINING — fictional network, fictional people"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Client:
    """One keep-alive connection."""

    def __init__(self, url: str) -> None:
        """Prepare to connect."""
        self.port = urlsplit(url).port or 0
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def __call__(self, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        self.connection.request(method, path, body=body, headers=headers)
        response = self.connection.getresponse()
        return Answer(status=response.status, headers=response.getheaders(), body=response.read())


def raw(server: PracticeServer, request: bytes) -> bytes:
    """Send bytes as they are and return everything until the server closes."""
    with socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0), timeout=20) as connection:
        connection.sendall(request)
        received = b""
        while data := connection.recv(65536):
            received += data
        return received
