"""Conversations of a supplied item as the report tells them, frozen: what the file says, not that anybody wrote it.

Codes are English identifiers; the texts in ``templates/report`` hold a sentence for each known one (sections
``platforms``, ``chat_findings``, ``message_kinds``, ``time_zones``). Names, titles and texts are outside text.
"""

from dataclasses import dataclass

from evidence_kit.models import Digest

_LINE = 60
"""Characters of a line, which may also be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFinding:
    """Something worth saying of a conversation or of a file, such as an encoding that was repaired."""

    code: str
    value: str
    """Mostly how often it was met."""
    detail: str
    """English."""
    file: str
    """Where first."""
    pointer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationHead:
    """One conversation, without its messages."""

    number: int
    platform: str
    format: str
    title: str
    people: tuple[str, ...]
    """The first participants: names as told, each with its id if it has one."""
    unlisted_people: int
    files: tuple[str, ...]
    """The first of those that it was read from, relative to the item's folder."""
    unlisted_files: int
    messages: int
    first: str
    """The earliest time: UTC if it ends with ``Z``, else what some clock showed; empty if none is told."""
    last: str
    attachments: int
    """That the messages tell of."""
    held: int
    """How many of those lie in the item."""
    findings: tuple[ChatFinding, ...]
    file: str
    """That holds its messages, a line each, relative to the item's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file or link that belongs to a message; only its name is printed, never a picture."""

    name: str
    file: str
    """In the item; empty when the export does not hold it."""
    pointer: str
    sha256: Digest | None
    size: int | None
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacted:
    """A sign that people put to a message."""

    text: str
    by: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedMessage:
    """One message on the page."""

    number: int
    chosen: bool
    """False for what surrounds the chosen ones."""
    left_out: int
    """How many messages are not printed between this one and the one printed before it."""
    sender: str
    """Empty for what the program itself wrote."""
    told: str
    """Its time as the export tells it."""
    utc: str
    """Empty where the export tells no instant; then `clock` may be known."""
    local: str
    """The same in Ulaanbaatar."""
    clock: str
    """What some clock showed."""
    zone: str
    """``utc``, ``told`` or ``not-told``."""
    kind: str
    subject: str
    """Of an e-mail."""
    text: str
    characters: int
    """Of the whole text."""
    forwarded: str
    """Whose message it was before, as told."""
    edited: str
    """How the export tells that it was changed."""
    answers: int | None
    """Number of the message that it answers."""
    attachments: tuple[Attached, ...]
    reactions: tuple[Reacted, ...]
    unlisted: int
    """Attachments and reactions beyond those."""
    repaired: bool
    """Whether a broken encoding was undone in it."""
    file: str
    """Where it stands in the original, relative to the item's folder."""
    pointer: str
    offset: int | None
    """In bytes."""

    @property
    def size(self) -> int:
        """About how much of a page it takes, in characters."""
        told = (self.text, self.subject, self.sender, self.told, self.forwarded, self.edited, self.pointer)
        attached = (text for each in self.attachments for text in (each.name, each.pointer, each.media_type))
        reacted = (text for each in self.reactions for text in (each.text, each.by))
        return sum(map(len, (*told, *attached, *reacted))) + _LINE * self.text.count("\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """The chosen messages of one conversation, and those around them."""

    head: ConversationHead
    chosen: str
    """The ranges as planned: ``120-180, 201``."""
    context: int
    chosen_count: int
    context_count: int
    left_out: int
    """How many messages follow the last printed one."""
    messages: tuple[PrintedMessage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversations:
    """All conversations of an item."""

    listed: tuple[ConversationHead, ...]
    unlisted: int
    """How many more the item has."""
    findings: tuple[ChatFinding, ...]
    """About files that no conversation holds."""
    transcripts: tuple[Transcript, ...] = ()
