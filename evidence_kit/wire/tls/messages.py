"""Handshake messages (RFC 8446 section 4, RFC 5246 section 7.4): their frame, and the fields that are needed."""

from dataclasses import dataclass
from enum import IntEnum

from evidence_kit.errors import FormatError
from evidence_kit.wire.tls.fields import Fields
from evidence_kit.wire.tls.suites import Version

HEADER = 4
LONGEST = 1 << 20
"""Bytes of one message. The largest seen are chains with post-quantum signatures, some 40 KB."""

RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The server random that says HelloRetryRequest (RFC 8446 section 4.1.3)."""

DOWNGRADED = b"DOWNGRD\x01"
"""The end of the random of a server that knows TLS 1.3 and was asked for less (section 4.1.3)."""

_RANDOM = 32
_TLS_1_3 = 0x0304
_TLS_1_2 = 0x0303
_HOST_NAME = 0


class Type(IntEnum):
    """What a handshake message is."""

    CLIENT_HELLO = 1
    SERVER_HELLO = 2
    NEW_SESSION_TICKET = 4
    END_OF_EARLY_DATA = 5
    ENCRYPTED_EXTENSIONS = 8
    CERTIFICATE = 11
    SERVER_KEY_EXCHANGE = 12
    CERTIFICATE_REQUEST = 13
    SERVER_HELLO_DONE = 14
    CERTIFICATE_VERIFY = 15
    CLIENT_KEY_EXCHANGE = 16
    FINISHED = 20
    CERTIFICATE_STATUS = 22
    KEY_UPDATE = 24
    COMPRESSED_CERTIFICATE = 25


class Extension(IntEnum):
    """The extensions that are read."""

    SERVER_NAME = 0
    GROUPS = 10
    SIGNATURES = 13
    ALPN = 16
    MAC_OUTSIDE = 22
    COMPRESSION = 27
    TICKET = 35
    PRE_SHARED_KEY = 41
    EARLY_DATA = 42
    VERSIONS = 43
    KEY_SHARE = 51


@dataclass(frozen=True, slots=True)
class Message:
    """One handshake message."""

    type: int
    raw: bytes
    """With its header, as the transcript takes it."""

    @property
    def body(self) -> bytes:
        """The message without its header."""
        return self.raw[HEADER:]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientHello:
    """What the browser offered."""

    random: bytes
    session_id: bytes
    suites: tuple[int, ...]
    extensions: dict[int, bytes]

    @classmethod
    def read(cls, message: Message) -> "ClientHello":
        """Read section 4.1.2; raises `FormatError`."""
        fields = Fields(message.body, "the ClientHello")
        fields.take(2)
        random, session_id = fields.take(_RANDOM), fields.vector(1)
        suites = fields.numbers(2)
        if 0 not in fields.vector(1):
            raise FormatError("the ClientHello does not offer to go without compression")
        extensions = read_extensions(fields.vector(2), "the ClientHello") if fields.more else {}
        fields.end()
        return cls(random=random, session_id=session_id, suites=suites, extensions=extensions)

    def offers(self, extension: Extension, number: int, *, size: int = 2) -> bool:
        """Return whether *number* stands in the list of an extension whose length takes *size* bytes."""
        found = self.extensions.get(extension)
        return found is not None and number in Fields(found, f"extension {extension}").numbers(size)

    @property
    def server_name(self) -> str | None:
        """The name that was asked for (RFC 6066 section 3); what is no ASCII appears escaped."""
        found = self.extensions.get(Extension.SERVER_NAME)
        if found is None:
            return None
        names = Fields(Fields(found, "the server name").vector(2), "the server name")
        while names.more:
            kind, name = names.number(1), names.vector(2)
            if kind == _HOST_NAME:
                return readable(name)
        return None

    @property
    def protocols(self) -> tuple[bytes, ...]:
        """The application protocols offered (RFC 7301)."""
        return _protocols(self.extensions.get(Extension.ALPN))

    @property
    def offers_tls13(self) -> bool:
        """Whether TLS 1.3 was offered."""
        return self.offers(Extension.VERSIONS, _TLS_1_3, size=1)

    @property
    def tickets(self) -> tuple[bytes, ...]:
        """The TLS 1.3 sessions offered for resumption (section 4.2.11), in order."""
        found = self.extensions.get(Extension.PRE_SHARED_KEY)
        if found is None:
            return ()
        identities, tickets = Fields(Fields(found, "the sessions offered").vector(2), "the sessions offered"), []
        while identities.more:
            tickets.append(identities.vector(2))
            identities.take(4)
        return tuple(tickets)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHello:
    """What the server chose."""

    version: int
    random: bytes
    session_id: bytes
    suite: int
    extensions: dict[int, bytes]

    @classmethod
    def read(cls, message: Message) -> "ServerHello":
        """Read section 4.1.3; raises `FormatError`."""
        fields = Fields(message.body, "the ServerHello")
        version, random, session_id = fields.number(2), fields.take(_RANDOM), fields.vector(1)
        suite, compression = fields.number(2), fields.number(1)
        extensions = read_extensions(fields.vector(2), "the ServerHello") if fields.more else {}
        fields.end()
        if compression:
            raise FormatError(f"the ServerHello asks for the compression {compression}")
        chosen = extensions.get(Extension.VERSIONS)
        if chosen is not None:
            # The old field keeps saying 1.2; anything else is an alteration.
            version = int.from_bytes(chosen, "big") if version == _TLS_1_2 else 0
        return cls(version=version, random=random, session_id=session_id, suite=suite, extensions=extensions)

    @property
    def known_version(self) -> Version:
        """The version chosen; raises `FormatError` when it is neither 1.2 nor 1.3."""
        match self.version:
            case 0x0304:
                return Version.TLS_1_3
            case 0x0303:
                return Version.TLS_1_2
        raise FormatError(f"the server chose the TLS version 0x{self.version:04x}")

    @property
    def asks_again(self) -> bool:
        """Whether this is a HelloRetryRequest."""
        return self.random == RETRY_RANDOM

    @property
    def group(self) -> int | None:
        """The group of the server's key share."""
        found = self.extensions.get(Extension.KEY_SHARE)
        return None if found is None else Fields(found, "the key share").number(2)

    @property
    def session(self) -> int | None:
        """Which of the sessions offered the server resumed."""
        found = self.extensions.get(Extension.PRE_SHARED_KEY)
        return None if found is None else Fields(found, "the session chosen").number(2)


def read_extensions(data: bytes, name: str) -> dict[int, bytes]:
    """Read extensions by number (section 4.2); raises `FormatError`, also for one that comes twice."""
    fields, found = Fields(data, f"the list of extensions of {name}"), dict[int, bytes]()
    while fields.more:
        number, value = fields.number(2), fields.vector(2)
        if number in found:
            raise FormatError(f"{name} has the extension {number} twice")
        found[number] = value
    return found


def chosen_protocol(extensions: dict[int, bytes], hello: ClientHello) -> str | None:
    """Return the application protocol that the server chose; raises `FormatError` when it was not offered."""
    found = _protocols(extensions.get(Extension.ALPN))
    if not found:
        return None
    if len(found) != 1 or found[0] not in hello.protocols:
        raise FormatError(f"the server chose the application protocol {found!r}, which was not offered")
    return readable(found[0])


def ticket_13(message: Message) -> bytes:
    """Return the ticket of a TLS 1.3 NewSessionTicket (section 4.6.1)."""
    fields = Fields(message.body, "the NewSessionTicket")
    fields.take(8)
    fields.vector(1)
    ticket = fields.vector(2)
    fields.vector(2)
    fields.end()
    return ticket


def ticket_12(message: Message) -> bytes:
    """Return the ticket of a TLS 1.2 NewSessionTicket (RFC 5077 section 3.3); empty when there is none to give."""
    fields = Fields(message.body, "the NewSessionTicket")
    fields.take(4)
    ticket = fields.vector(2)
    fields.end()
    return ticket


def readable(data: bytes) -> str:
    """Return bytes from outside as text that prints: what is no printable ASCII is escaped in hexadecimal."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in data)  # noqa: PLR2004


def _protocols(extension: bytes | None) -> tuple[bytes, ...]:
    if extension is None:
        return ()
    names, found = Fields(Fields(extension, "the protocols").vector(2), "the protocols"), []
    while names.more:
        found.append(names.vector(1))
    return tuple(found)
