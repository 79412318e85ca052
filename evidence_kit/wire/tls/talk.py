"""A connection while it is being read: both channels, what is known so far, and what both handshakes do alike."""

from dataclasses import dataclass, field

from evidence_kit.errors import FormatError
from evidence_kit.models import Outcome
from evidence_kit.wire.tls.channel import Channel
from evidence_kit.wire.tls.content import Leg
from evidence_kit.wire.tls.findings import Notes, Subject
from evidence_kit.wire.tls.keylog import KeyLog
from evidence_kit.wire.tls.messages import ClientHello, Extension, Message, ServerHello
from evidence_kit.wire.tls.records import UnfinishedError
from evidence_kit.wire.tls.sessions import Origin, Sessions
from evidence_kit.wire.tls.signatures import Signed, is_signed, scheme_of
from evidence_kit.wire.tls.suites import Suite, Version, group_name, suite_of


@dataclass(slots=True)
class Talk:
    """What the reading of one connection fills in."""

    client: Channel
    server: Channel
    keys: KeyLog
    sessions: Sessions
    notes: Notes = field(default_factory=Notes)
    hello: ClientHello | None = None
    server_name: str | None = None
    version: Version | None = None
    suite: Suite | None = None
    alpn: str | None = None
    resumed: bool | None = None
    key_group: str | None = None
    scheme: str | None = None
    certificates: tuple[bytes, ...] = ()
    early_data: bool | None = None
    master: bytes | None = None
    origin: Origin | None = None
    lacking: list[str] = field(default_factory=list)
    """The labels of secrets that are not in the key log."""
    client_legs: list[Leg] = field(default_factory=list)
    server_legs: list[Leg] = field(default_factory=list)
    client_handshake: int = 0
    server_handshake: int = 0

    def choose(self, hello: ClientHello, answer: ServerHello) -> Suite:
        """Note version and suite; raises `FormatError` when they are unknown or were not offered."""
        version = answer.known_version
        suite = suite_of(answer.suite, version)
        if answer.suite not in hello.suites:
            raise FormatError(f"the server chose {suite.name}, which was not offered")
        self.version, self.suite = version, suite
        return suite

    def choose_group(self, hello: ClientHello, number: int) -> None:
        """Note the key exchange group; raises `FormatError` when it was not offered."""
        self.key_group = group_name(number)
        if not hello.offers(Extension.GROUPS, number):
            raise FormatError(f"the server chose the group {self.key_group}, which was not offered")

    def judge_signature(self, hello: ClientHello, version: Version, signed: Signed) -> None:
        """Verify what the server's key signed and note what was found; raises nothing."""
        proof = Subject.SERVER_PROOF
        try:
            self.scheme = scheme_of(signed.scheme, version).name
            if not hello.offers(Extension.SIGNATURES, signed.scheme):
                self.notes.failed(Subject.HANDSHAKE, f"the server signed with {self.scheme}, which was not offered")
            if is_signed(signed, version, certificate=self.certificates[0]):
                self.notes.passed(proof, f"the certificate's key signed this handshake ({self.scheme})")
            else:
                self.notes.failed(proof, f"the server's signature does not match ({self.scheme})")
        except FormatError as error:
            self.notes.failed(proof, str(error))

    def judge_resumption(self, tickets: tuple[bytes, ...]) -> None:
        """Note to which full handshake one of *tickets* leads; under TLS 1.2 the master secrets are compared."""
        self.resumed = True
        self.origin = next(filter(None, map(self.sessions.find, tickets)), None)
        origin, proof = self.origin, Subject.SERVER_PROOF
        if origin is None:
            self.notes.unchecked(proof, "the connection resumes a session that began before this recording")
            return
        self.certificates, self.scheme = origin.certificates, origin.scheme
        name = origin.client_random.hex()[:16]
        if origin.master and self.master and origin.master != self.master:
            self.notes.failed(proof, f"the connection claims the session of {name}, and has another master secret")
        elif origin.proof is Outcome.PASSED:
            self.notes.passed(
                proof, f"the connection resumes the session of {name}, where the certificate's key signed"
            )
        elif origin.proof is Outcome.FAILED:
            self.notes.failed(proof, f"the connection resumes the session of {name}, where the server's proof failed")
        else:
            self.notes.unchecked(proof, f"the connection resumes the session of {name}, where nothing was proved")

    def judge_finished(self, channel: Channel, message: Message, expected: bytes) -> None:
        """Note whether the Finished message says what it must."""
        if message.body == expected:
            self.notes.passed(Subject.FINISHED, f"the {channel.side}'s MAC over the handshake is right")
        else:
            self.notes.failed(Subject.FINISHED, f"the {channel.side}'s MAC over the handshake is wrong")

    def remember(self, tickets: tuple[bytes, ...]) -> None:
        """Let later connections resume the session of this one."""
        if self.suite is None or self.hello is None or not tickets:
            return
        origin = self.origin or Origin(
            client_random=self.hello.random,
            certificates=self.certificates,
            scheme=self.scheme,
            suite=self.suite,
            proof=self._whole_proof(),
            master=self.master,
        )
        for ticket in filter(None, tickets):
            self.sessions.remember(ticket, origin)

    def _whole_proof(self) -> Outcome:
        subjects = (Subject.SERVER_PROOF, Subject.HANDSHAKE, Subject.FINISHED)
        if any(self.notes.outcome(subject) is Outcome.FAILED for subject in subjects):
            return Outcome.FAILED
        return self.notes.outcome(Subject.SERVER_PROOF)


def expect(message: Message | None, *types: int) -> Message:
    """Return *message* when it is of one of the types that belong here; raises `FormatError`."""
    if message is None or message.type not in types:
        found = "a ChangeCipherSpec" if message is None else f"a handshake message {message.type}"
        raise FormatError(f"{found} came where {' or '.join(map(str, map(int, types)))} belongs")
    return message


def need(message: Message | None, what: str) -> Message:
    """Return *message*; raises `UnfinishedError` when there is none."""
    if message is None:
        raise UnfinishedError(f"{what} is missing")
    return message
