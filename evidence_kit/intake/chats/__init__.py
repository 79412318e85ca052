"""Chat exports and account archives as conversations: who wrote what when, each message with its place in the original.

`read_exports` finds the conversations in files that were handed over, `write_conversations` writes them as files of an
item, `read_messages` reads a range of these again. What an export does not tell stays open; what is odd in it becomes a
finding, never a verdict and never a failure.
"""

from evidence_kit.intake.chats.exports import read_exports
from evidence_kit.intake.chats.models import Attachment, Conversation, Message, Participant, Reaction, SuppliedFile
from evidence_kit.intake.chats.written import Written, read_messages, write_conversations

__all__ = [
    "Attachment",
    "Conversation",
    "Message",
    "Participant",
    "Reaction",
    "SuppliedFile",
    "Written",
    "read_exports",
    "read_messages",
    "write_conversations",
]
