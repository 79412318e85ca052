"""The handshake of TLS 1.2, full and abbreviated (RFC 5246 section 7.3; tickets RFC 5077; ECDHE RFC 8422).

Renegotiation is not followed. Whether the master secret is an extended one (RFC 7627) does not matter: it is logged.
"""

from functools import partial

from evidence_kit.errors import FormatError
from evidence_kit.wire.tls.chain import chain_12
from evidence_kit.wire.tls.channel import Channel
from evidence_kit.wire.tls.ciphers import Protection, protection_12
from evidence_kit.wire.tls.content import Leg
from evidence_kit.wire.tls.fields import Fields
from evidence_kit.wire.tls.findings import Subject
from evidence_kit.wire.tls.keylog import Label
from evidence_kit.wire.tls.messages import (
    DOWNGRADED,
    ClientHello,
    Extension,
    Message,
    ServerHello,
    Type,
    chosen_protocol,
    ticket_12,
)
from evidence_kit.wire.tls.schedule import Transcript, WriteKeys, finished_12, key_block
from evidence_kit.wire.tls.signatures import Signed
from evidence_kit.wire.tls.suites import Exchange, Suite
from evidence_kit.wire.tls.talk import Talk, expect

_NAMED_CURVE = 3


class Handshake12:
    """Follows one handshake from the ServerHello on."""

    def __init__(self, talk: Talk, first: Message, hello: ClientHello) -> None:
        self._talk = talk
        self._first = first
        self._hello = hello
        self._tickets: list[bytes] = []

    def follow(self, message: Message, answer: ServerHello) -> None:
        """Read up to both Finished messages, and put the keys of the content in force.

        Without a master secret the server's signature is verified all the same. Raises `RecordError`,
        `UnfinishedError`, and `FormatError` for what is wrong in a message.
        """
        talk = self._talk
        self._answer = answer
        self._suite = talk.choose(self._hello, answer)
        self._transcript = Transcript(self._suite.hash)
        self._transcript.add(self._first.raw)
        self._transcript.add(message.raw)
        talk.alpn = chosen_protocol(answer.extensions, self._hello)
        if self._hello.offers_tls13 and answer.random.endswith(DOWNGRADED):
            talk.notes.failed(Subject.HANDSHAKE, "the server says that TLS 1.3 was hidden from it on the way")
        talk.master = talk.keys.secret(Label.MASTER, self._hello.random)
        if talk.master is None:
            talk.lacking.append(Label.MASTER)
        following = talk.server.message_or_change()
        talk.resumed = following is None or following.type == Type.NEW_SESSION_TICKET
        if talk.resumed:
            self._resume(following)
        else:
            self._establish(expect(following, Type.CERTIFICATE))
        talk.remember((*self._tickets, *([answer.session_id] if not talk.resumed else [])))

    def _resume(self, following: Message | None) -> None:
        talk, hello = self._talk, self._hello
        talk.judge_resumption((hello.extensions.get(Extension.TICKET, b""), hello.session_id))
        if self._change(talk.server, following):
            self._change(talk.client, talk.client.message_or_change())

    def _establish(self, message: Message) -> None:
        talk = self._talk
        talk.certificates = chain_12(message)
        self._transcript.add(message.raw)
        asked = self._follow_server()
        self._follow_client(asked=asked)
        if self._change(talk.client, talk.client.message_or_change()):
            self._change(talk.server, talk.server.message_or_change())

    def _follow_server(self) -> bool:
        """Read from the certificates to ServerHelloDone; return whether the client is asked for its own."""
        server, asked = self._talk.server, False
        message = self._taken(server.message())
        if message.type == Type.CERTIFICATE_STATUS:
            message = self._taken(server.message())
        if self._suite.exchange is not Exchange.RSA:
            self._read_key_exchange(expect(message, Type.SERVER_KEY_EXCHANGE))
            message = self._taken(server.message())
        else:
            self._talk.notes.unchecked(
                Subject.SERVER_PROOF, "this key exchange (RSA) leaves no signature that could be verified later"
            )
        if message.type == Type.CERTIFICATE_REQUEST:
            asked, message = True, self._taken(server.message())
        if expect(message, Type.SERVER_HELLO_DONE).body:
            raise FormatError("the ServerHelloDone is not empty")
        return asked

    def _follow_client(self, *, asked: bool) -> None:
        client, certified = self._talk.client, False
        if asked:
            message = self._taken(expect(client.message(), Type.CERTIFICATE))
            certified = any(message.body)
        self._taken(expect(client.message(), Type.CLIENT_KEY_EXCHANGE))
        if certified:
            self._taken(expect(client.message(), Type.CERTIFICATE_VERIFY))

    def _taken(self, message: Message) -> Message:
        self._transcript.add(message.raw)
        return message

    def _read_key_exchange(self, message: Message) -> None:
        fields = Fields(message.body, "the ServerKeyExchange")
        if fields.number(1) != _NAMED_CURVE:
            raise FormatError("the ServerKeyExchange names no curve")
        group = fields.number(2)
        fields.vector(1)
        parameters = message.body[: fields.at]
        scheme, signature = fields.number(2), fields.vector(2)
        fields.end()
        data = self._hello.random + self._answer.random + parameters
        signed = Signed(scheme=scheme, signature=signature, data=data)
        self._talk.judge_signature(self._hello, self._suite.version, signed)
        self._talk.choose_group(self._hello, group)

    def _change(self, channel: Channel, message: Message | None) -> bool:
        """Read one side's ChangeCipherSpec and Finished; return False when there are no keys for it."""
        talk = self._talk
        if message is not None and channel is talk.server:
            self._tickets.append(ticket_12(self._taken(expect(message, Type.NEW_SESSION_TICKET))))
            message = channel.message_or_change()
        if message is not None:
            raise FormatError(f"a handshake message {message.type} came where a ChangeCipherSpec belongs")
        if talk.master is None:
            return False
        client, server = key_block(self._suite, talk.master, self._hello.random, self._answer.random)
        keys = client if channel is talk.client else server
        outside = Extension.MAC_OUTSIDE in self._answer.extensions
        channel.protect(_protection(self._suite, keys, sequence=0, mac_outside=outside))
        finished = expect(channel.message(), Type.FINISHED)
        label = f"{channel.side} finished".encode("ascii")
        talk.judge_finished(channel, finished, finished_12(self._suite, talk.master, label, self._transcript.digest()))
        self._taken(finished)
        protection = partial(_protection, self._suite, keys, sequence=1, mac_outside=outside)
        self._open_content(channel, Leg(channel.end, protection, frozenset()))
        return True

    def _open_content(self, channel: Channel, leg: Leg) -> None:
        channel.protect(leg.protection())
        if channel is self._talk.client:
            self._talk.client_legs.append(leg)
            self._talk.client_handshake = channel.end
        else:
            self._talk.server_legs.append(leg)
            self._talk.server_handshake = channel.end


def _protection(suite: Suite, keys: WriteKeys, *, sequence: int, mac_outside: bool) -> Protection:
    protection = protection_12(suite, keys, mac_outside=mac_outside)
    # The Finished message is record 0 under these keys.
    protection.sequence = sequence
    return protection
