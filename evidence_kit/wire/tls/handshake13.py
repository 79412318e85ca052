"""The handshake of TLS 1.3 (RFC 8446 section 4), followed under the logged secrets of both sides."""

from functools import partial

from evidence_kit.errors import FormatError
from evidence_kit.wire.tls.chain import chain_13
from evidence_kit.wire.tls.channel import Channel
from evidence_kit.wire.tls.ciphers import Traffic13
from evidence_kit.wire.tls.content import Leg
from evidence_kit.wire.tls.fields import Fields
from evidence_kit.wire.tls.keylog import Label
from evidence_kit.wire.tls.messages import (
    ClientHello,
    Extension,
    Message,
    ServerHello,
    Type,
    chosen_protocol,
    read_extensions,
)
from evidence_kit.wire.tls.schedule import Transcript, finished_13
from evidence_kit.wire.tls.signatures import Signed
from evidence_kit.wire.tls.talk import Talk, expect, need

_SIGNED = b" " * 64 + b"TLS 1.3, server CertificateVerify\0"

_EARLY = frozenset((Type.END_OF_EARLY_DATA,))
_FROM_CLIENT = frozenset((Type.KEY_UPDATE,))
_FROM_SERVER = frozenset((Type.KEY_UPDATE, Type.NEW_SESSION_TICKET))


class Handshake13:
    """Follows one handshake from the ServerHello on."""

    def __init__(self, talk: Talk, first: Message, hello: ClientHello) -> None:
        self._talk = talk
        self._first = first
        self._hello = hello
        self._offers_early = Extension.EARLY_DATA in hello.extensions
        self._asked = False

    def follow(self, message: Message, answer: ServerHello) -> None:
        """Read up to both Finished messages, and put the keys of the content in force.

        Raises `RecordError`, `UnfinishedError`, and `FormatError` for what is wrong in a message.
        """
        talk = self._talk
        self._suite = talk.choose(self._hello, answer)
        self._transcript = Transcript(self._suite.hash)
        self._transcript.add(self._first.raw)
        talk.client.dummies = talk.server.dummies = True
        if answer.asks_again:
            message, answer = self._ask_again(message, answer)
        self._transcript.add(message.raw)
        self._check(answer)
        client, server = (self._secret(label) for label in (Label.CLIENT_HANDSHAKE, Label.SERVER_HANDSHAKE))
        # A browser that gives up early may have logged the server's secret alone: that still proves the server.
        if server:
            self._follow_server(answer, server)
        if server and client:
            self._follow_client(client)

    def _secret(self, label: Label) -> bytes | None:
        found = self._talk.keys.secret(label, self._hello.random)
        if found is None:
            self._talk.lacking.append(label)
        return found

    def _ask_again(self, message: Message, answer: ServerHello) -> tuple[Message, ServerHello]:
        """Read what follows a HelloRetryRequest (section 4.1.4)."""
        talk = self._talk
        self._transcript.fold()
        self._transcript.add(message.raw)
        self._expect_refused_early()
        again = expect(talk.client.message(), Type.CLIENT_HELLO)
        self._transcript.add(again.raw)
        self._hello, earlier = ClientHello.read(again), self._hello
        if self._hello.random != earlier.random or Extension.EARLY_DATA in self._hello.extensions:
            raise FormatError("the second ClientHello does not repeat the first")
        second = expect(talk.server.message(), Type.SERVER_HELLO)
        chosen = ServerHello.read(second)
        if (chosen.version, chosen.suite) != (answer.version, answer.suite) or chosen.asks_again:
            raise FormatError("the ServerHello does not keep to the HelloRetryRequest")
        return second, chosen

    def _check(self, answer: ServerHello) -> None:
        if not self._hello.offers_tls13:
            raise FormatError("the server chose TLS 1.3, which was not offered")
        if answer.session_id != self._hello.session_id:
            raise FormatError("the ServerHello does not repeat the session id")
        if answer.group is not None:
            self._talk.choose_group(self._hello, answer.group)

    def _follow_server(self, answer: ServerHello, secret: bytes) -> None:
        talk, channel = self._talk, self._talk.server
        channel.protect(Traffic13(self._suite, secret))
        message = expect(channel.message(), Type.ENCRYPTED_EXTENSIONS)
        self._transcript.add(message.raw)
        self._read_extensions(message)
        if answer.session is None:
            talk.resumed = False
            self._follow_certificate()
        else:
            tickets = self._hello.tickets
            if answer.session >= len(tickets):
                raise FormatError(f"the server resumed session {answer.session} of {len(tickets)}")
            talk.judge_resumption((tickets[answer.session],))
        self._finish(channel, secret)
        talk.server_handshake = channel.end
        traffic = self._secret(Label.SERVER_TRAFFIC)
        if traffic:
            self._open_content(channel, talk.server_legs, traffic, _FROM_SERVER)

    def _read_extensions(self, message: Message) -> None:
        fields = Fields(message.body, "the EncryptedExtensions")
        extensions = read_extensions(fields.vector(2), "the EncryptedExtensions")
        fields.end()
        self._talk.alpn = chosen_protocol(extensions, self._hello)
        if self._offers_early:
            self._talk.early_data = Extension.EARLY_DATA in extensions

    def _follow_certificate(self) -> None:
        talk, channel, transcript = self._talk, self._talk.server, self._transcript
        message = channel.message()
        self._asked = message.type == Type.CERTIFICATE_REQUEST
        if self._asked:
            transcript.add(message.raw)
            message = channel.message()
        message = expect(message, Type.CERTIFICATE, Type.COMPRESSED_CERTIFICATE)
        talk.certificates = chain_13(message, self._hello)
        # A compressed message stays compressed in the transcript (RFC 8879 section 4).
        transcript.add(message.raw)
        message = expect(channel.message(), Type.CERTIFICATE_VERIFY)
        fields = Fields(message.body, "the CertificateVerify")
        scheme, signature = fields.number(2), fields.vector(2)
        fields.end()
        signed = Signed(scheme=scheme, signature=signature, data=_SIGNED + transcript.digest())
        talk.judge_signature(self._hello, self._suite.version, signed)
        transcript.add(message.raw)

    def _follow_client(self, secret: bytes) -> None:
        talk, channel = self._talk, self._talk.client
        if talk.early_data and not self._follow_early():
            return
        self._expect_refused_early()
        channel.protect(Traffic13(self._suite, secret))
        if self._asked:
            self._pass_client_certificate()
        self._finish(channel, secret)
        talk.client_handshake = channel.end
        traffic = self._secret(Label.CLIENT_TRAFFIC)
        if traffic:
            self._open_content(channel, talk.client_legs, traffic, _FROM_CLIENT)

    def _follow_early(self) -> bool:
        """Read early data that the server took; return False when the key log does not open it (section 4.2.10)."""
        talk, channel = self._talk, self._talk.client
        secret = self._secret(Label.EARLY)
        if secret is None:
            return False
        self._open_content(channel, talk.client_legs, secret, _EARLY)
        for _ in channel.content(_EARLY):
            pass
        self._transcript.add(need(channel.end_of_early, "the EndOfEarlyData").raw)
        return True

    def _expect_refused_early(self) -> None:
        """Let early data be passed over that the server did not take, verified when its secret is there."""
        if not self._offers_early or self._talk.early_data:
            return
        channel, tickets = self._talk.client, self._hello.tickets
        secret = self._talk.keys.secret(Label.EARLY, self._hello.random)
        origin = self._talk.sessions.find(tickets[0]) if tickets else None
        channel.refused_early = True
        if secret and origin and channel.early is None:
            channel.early = Traffic13(origin.suite, secret)

    def _pass_client_certificate(self) -> None:
        message = expect(self._talk.client.message(), Type.CERTIFICATE, Type.COMPRESSED_CERTIFICATE)
        self._transcript.add(message.raw)
        fields = Fields(message.body, "the client's Certificate message")
        fields.vector(1)
        if message.type == Type.COMPRESSED_CERTIFICATE or fields.vector(3):
            message = expect(self._talk.client.message(), Type.CERTIFICATE_VERIFY)
            self._transcript.add(message.raw)

    def _finish(self, channel: Channel, secret: bytes) -> None:
        message = expect(channel.message(), Type.FINISHED)
        expected = finished_13(self._suite, secret, self._transcript.digest())
        self._talk.judge_finished(channel, message, expected)
        self._transcript.add(message.raw)
        # Nothing may share a record with the last message under these keys.
        channel.protect(None)
        channel.dummies = False

    def _open_content(self, channel: Channel, legs: list[Leg], secret: bytes, allowed: frozenset[int]) -> None:
        leg = Leg(channel.end, partial(Traffic13, self._suite, secret), allowed, dummies=allowed is _EARLY)
        legs.append(leg)
        channel.protect(leg.protection())
