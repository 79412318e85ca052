"""What an exhibit tells of what is sealed in it, frozen: that it is there, and nothing by which it could be looked for.

No name, picture, time of a file or bare digest is in it, so none can be printed.
"""

from dataclasses import dataclass

from evidence_kit.models import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedLine:
    """One sealed file, as the register of the item has it."""

    path: str
    """Relative to the item's folder."""
    size: int
    """Bytes of the content."""
    commitment: Digest
    """Binds to the content, and tells nothing of it to whom its salt is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedContent:
    """Everything that an exhibit tells of what is sealed in it."""

    source: str
    """``captured``, ``supplied`` or ``derived``: how the item came to be."""
    later: bool
    """Whether the case had it in plain before it was sealed."""
    keys: int
    """How many can open it."""
    amount: int
    """How many files; `files` may hold fewer."""
    size: int
    """Their bytes together."""
    files: tuple[SealedLine, ...]
    included: bool
    """Whether the encrypted files are in the bundle."""
