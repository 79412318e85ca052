"""The person before the window: what they ask for, and what they are told, in no language yet."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from evidence_kit.browser.profiles import Profile


class Wish(StrEnum):
    """What can be asked for while a window is open."""

    SHOT = "shot"
    """Take the page in front now."""
    NOTE = "note"
    """Keep a text for the next shot."""
    FINISH = "finish"
    """Close the window and seal what was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One wish; *text* is that of a note."""

    wish: Wish
    text: str = ""


class News(StrEnum):
    """What is told while a window is open; the values that come with each stand behind it."""

    OPEN = "open"
    NOTED = "noted"
    SHOOTING = "shooting"
    """``number``, ``url``"""
    SHOT = "shot"
    """``number``, ``url``"""
    SHOT_LACKS = "shot-lacks"
    """``number``, ``url``, ``detail``"""
    NO_PAGE = "no-page"
    FULL = "full"
    """Nothing more is recorded, as the limit of bytes was reached."""
    DOWNLOAD = "download"
    """``url`` of a file that was recorded instead of saved."""
    CRASHED = "crashed"
    """``url`` of a page that crashed."""
    TOO_LONG = "too-long"
    CLOSED = "closed"
    """The last window was closed."""


class Desk(Protocol):
    """Where the person sits."""

    def orders(self) -> AsyncIterator[Order]:
        """Yield what is asked for; the end of it is like `Wish.FINISH`."""

    def tell(self, news: News, **values: str | int) -> None:
        """Tell *news* at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interactive:
    """A capture in a window that a person uses."""

    desk: Desk
    profile: Profile | None = None
    """A profile that is kept; None for a clean one."""
