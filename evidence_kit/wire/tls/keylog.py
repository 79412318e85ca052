"""The NSS key log (draft-ietf-tls-keylogfile, in use as SSLKEYLOGFILE): the secrets of connections by client random.

A line is a label, 32 bytes of client random and the secret, in hexadecimal, parted by one space and ended by LF (CR LF
as text files of Windows have it). A browser that is killed may leave a last line without its end: it is not used. Other
flaws are refused, for a secret that was read wrongly would make honest records look forged.
"""

import re
from collections.abc import Container, Iterator
from enum import StrEnum

from evidence_kit.errors import FormatError


class Label(StrEnum):
    """The secrets that open records."""

    MASTER = "CLIENT_RANDOM"
    """The master secret of TLS 1.2 (48 bytes); the label says by what it is found."""
    EARLY = "CLIENT_EARLY_TRAFFIC_SECRET"
    CLIENT_HANDSHAKE = "CLIENT_HANDSHAKE_TRAFFIC_SECRET"
    SERVER_HANDSHAKE = "SERVER_HANDSHAKE_TRAFFIC_SECRET"
    CLIENT_TRAFFIC = "CLIENT_TRAFFIC_SECRET_0"
    SERVER_TRAFFIC = "SERVER_TRAFFIC_SECRET_0"


HANDSHAKE_LABELS = frozenset((Label.CLIENT_HANDSHAKE, Label.SERVER_HANDSHAKE))
"""What proves a TLS 1.3 server and opens no content."""

_LINE = re.compile(rb"([A-Z][A-Z0-9_]*) ([0-9a-fA-F]{64}) ((?:[0-9a-fA-F]{2})+)\r?")
_OLD_LINE = re.compile(rb"RSA [0-9a-fA-F]{16} [0-9a-fA-F]{96}\r?")
"""Premaster secrets, found by the beginning of their encrypted form: OpenSSL writes them besides the master secret."""
_SIZES: dict[str, tuple[int, ...]] = {str(label): (32, 48) for label in Label} | {str(Label.MASTER): (48,)}
_LONGEST_LINE = 1024


class KeyLog:
    """The secrets of many connections; read whole, some 500 bytes a connection."""

    def __init__(self, data: bytes) -> None:
        """Read *data*; raises `FormatError` naming the line."""
        self._secrets: dict[bytes, dict[str, bytes]] = {}
        lines = data.split(b"\n")
        self.torn = bool(lines.pop())
        """Whether the last line has no end, and was left out."""
        for number, line in enumerate(lines, start=1):
            if line.rstrip(b"\r") and not line.startswith(b"#") and not _OLD_LINE.fullmatch(line):
                self._read(number, line)

    def _read(self, number: int, line: bytes) -> None:
        match = _LINE.fullmatch(line) if len(line) <= _LONGEST_LINE else None
        if not match:
            raise FormatError(f"line {number} of the key log is not a label, a client random and a secret")
        label, random, secret = match[1].decode("ascii"), *(bytes.fromhex(match[i].decode("ascii")) for i in (2, 3))
        if label not in _SIZES:
            # Exporters and the like. OpenSSL repeats some with other values, after a KeyUpdate for one.
            return
        if len(secret) not in _SIZES[label]:
            raise FormatError(f"line {number} of the key log has {len(secret)} bytes of {label}")
        if self._secrets.setdefault(random, {}).setdefault(label, secret) != secret:
            raise FormatError(f"line {number} of the key log gives a second, other {label} for one connection")

    def secret(self, label: Label, client_random: bytes) -> bytes | None:
        """Return the secret of the connection, or None."""
        return self._secrets.get(client_random, {}).get(label)

    def __contains__(self, client_random: bytes) -> bool:
        """Return whether there is any secret of the connection."""
        return client_random in self._secrets

    def lines(self, client_random: bytes, labels: Container[str]) -> bytes:
        """Return a key log of one connection's secrets under *labels* alone, `HANDSHAKE_LABELS` for one."""
        return b"".join(self._lines(client_random, labels))

    def _lines(self, client_random: bytes, labels: Container[str]) -> Iterator[bytes]:
        for label, secret in self._secrets.get(client_random, {}).items():
            if label in labels:
                yield f"{label} {client_random.hex()} {secret.hex()}\n".encode("ascii")
