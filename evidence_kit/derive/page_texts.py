"""Look for lines of text in the recorded text of a page, letter for letter first, then for the most similar piece.

Letter case and white space do not count. Offsets are bytes of the file as it lies in the item.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from difflib import SequenceMatcher

_GRAM = 4
_CANDIDATES = 3
_MOST_PLACES = 200
"""Places of a group of letters beyond which it says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Where something stands in the page's text."""

    offset: int
    length: int
    """In bytes."""
    text: str
    similarity: int
    """In thousandths; 1000 is letter for letter, but for case and white space."""


def plain(text: str) -> str:
    """Return *text* as it is compared."""
    return _plain(text)[0]


class PageText:
    """The text of a page, to be looked into."""

    def __init__(self, text: str) -> None:
        """Take the whole text."""
        self._text = text
        self._plain, self._places = _plain(text)
        self._grams: dict[str, list[int]] = defaultdict(list)
        for place in range(len(self._plain) - _GRAM + 1):
            self._grams[self._plain[place : place + _GRAM]].append(place)

    def exact(self, wanted: str) -> Hit | None:
        """Return where *wanted* stands as whole words."""
        sought = plain(wanted).strip()
        start = self._plain.find(sought) if sought else -1
        while start >= 0:
            end = start + len(sought)
            if not self._letter(start - 1) and not self._letter(end):
                return self._hit(start, end, 1000)
            start = self._plain.find(sought, start + 1)
        return None

    def nearest(self, wanted: str) -> Hit | None:
        """Return the piece that is most similar to *wanted*; None where not even a few letters are."""
        sought = plain(wanted).strip()
        start = self._plain.find(sought) if sought else -1
        if start >= 0:
            return self._hit(start, start + len(sought), 1000)
        votes: Counter[int] = Counter()
        for place in range(len(sought) - _GRAM + 1):
            at = self._grams.get(sought[place : place + _GRAM], ())
            if len(at) <= _MOST_PLACES:
                votes.update((each - place) // _GRAM for each in at)
        best: Hit | None = None
        for vote, _ in votes.most_common(_CANDIDATES):
            start = max(vote * _GRAM, 0)
            found = self._trimmed(sought, start, min(start + len(sought) + 2 * _GRAM, len(self._plain)))
            if best is None or found.similarity > best.similarity:
                best = found
        return best

    def _trimmed(self, sought: str, start: int, end: int) -> Hit:
        """Return what lies there, without what stands before and after all that is alike."""
        blocks = [
            block
            for block in SequenceMatcher(None, sought, self._plain[start:end], autojunk=False).get_matching_blocks()
            if block.size > 1
        ]
        if blocks:
            first, last = blocks[0], blocks[-1]
            lead, rest = first.a, len(sought) - last.a - last.size
            start, end = max(start + first.b - lead, 0), min(start + last.b + last.size + rest, len(self._plain))
        ratio = SequenceMatcher(None, sought, self._plain[start:end], autojunk=False).ratio()
        return self._hit(start, end, min(round(1000 * ratio), 999))

    def _hit(self, start: int, end: int, similarity: int) -> Hit:
        first, after = self._places[start], self._places[end - 1] + 1
        text = self._text[first:after]
        return Hit(offset=len(self._text[:first].encode()), length=len(text.encode()), text=text, similarity=similarity)

    def _letter(self, place: int) -> bool:
        return 0 <= place < len(self._plain) and self._plain[place].isalnum()


def _plain(text: str) -> tuple[str, list[int]]:
    """Return *text* in small letters with single spaces, and where each of them stood."""
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        small = letter.lower()
        if letter.isspace():
            if letters and letters[-1] == " ":
                continue
            small = " "
        letters.append(small if len(small) == 1 else letter)
        places.append(place)
    return "".join(letters), places
