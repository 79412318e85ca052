r"""Undo the broken encoding of Facebook's and Instagram's JSON, and make any text fit for our own JSON.

Their exports write each byte of a UTF-8 text as the escape of the Latin-1 character of the same number: ``ө`` (bytes D3
A9) stands there as ``\u00d3\u00a9``. A text was broken in this way if it was written in ASCII escapes, holds nothing
above U+00FF and something above U+007F, and its Latin-1 bytes are UTF-8 (RFC 3629). Old exports write an emoji as its
two surrogates, three bytes each (CESU-8, Unicode Technical Report 26); these are joined too.
"""

from evidence_kit.intake.chats.notes import Notes
from evidence_kit.intake.findings import Source


def mended(text: str) -> str | None:
    """Return what *text* was before it was broken, or None if this is not that mistake."""
    if text.isascii():
        return None
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _joined(data)


def looks_broken(text: str) -> bool:
    """Say whether *text* is Latin-1 beyond ASCII, and so may be the mistake, mended or not."""
    return not text.isascii() and max(text) <= "\xff"


def whole(text: str) -> str:
    """Return *text* with each half surrogate pair as U+FFFD: halves that stand side by side are joined before."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


class Mender:
    """Repairs the strings of one conversation and notes what it did."""

    def __init__(self, notes: Notes, *, broken: bool) -> None:
        """*broken* says whether this kind of export has the broken encoding."""
        self._notes = notes
        self._broken = broken
        self.escaped = True
        """Whether what is read now was written in ASCII only: set before each message."""
        self.source = Source(file="")
        """Where what is read now stands: set before each message."""
        self.repaired = False
        """Whether anything was repaired since this was last set to False."""

    def text(self, value: object) -> str:
        """Return *value* as text that JSON can hold, repaired if it has to be; "" if it is no text."""
        if not isinstance(value, str):
            return ""
        if value.isascii():
            return value
        if self._broken:
            value = self._undone(value)
        sound = whole(value)
        if sound != value:
            self._notes.add("chat.text.surrogate", "half a surrogate pair was replaced by U+FFFD", self.source)
        return sound

    def _undone(self, value: str) -> str:
        before = mended(value)
        if before is None:
            if looks_broken(value):
                self._notes.add("chat.encoding.doubtful", "Latin-1 text that is not broken UTF-8, kept", self.source)
            return value
        if not self.escaped:
            self._notes.add("chat.encoding.doubtful", "looks like broken UTF-8 but was not escaped; kept", self.source)
            return value
        self.repaired = True
        self._notes.add("chat.encoding.repaired", "UTF-8 bytes written as Latin-1 characters were joined", self.source)
        return before


def _joined(data: bytes) -> str | None:
    """Return the text of CESU-8 bytes, or None if they are none."""
    try:
        text = data.decode("utf-8", "surrogatepass")
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        return None
