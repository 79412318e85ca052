"""Read large JSON (RFC 8259) value by value in flat memory, knowing at which byte each value stands.

The caller goes into the objects and arrays it chooses (`members`, `elements`) and takes all else whole (`value`). What
it does not take is passed over. An element that cannot be read raises `UnreadableError`, and reading goes on after it,
as long as brackets and quotes tell where that is.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import BinaryIO, NoReturn, TypeAlias, TypeVar

from evidence_kit.errors import FormatError

RawJson: TypeAlias = "dict[str, RawJson] | list[RawJson] | str | int | float | bool | None"

_Part = TypeVar("_Part", str, int)

LARGEST_VALUE = 16 * 1024 * 1024
"""Characters of a value that is taken whole; messages have thousands at most."""
_MOST_UNREADABLE = 1000
MOST_STRANGE = 10_000
"""Values of one file that can be read and are not what should stand there, before it is left."""
_PIECE = 1024 * 1024
_NEAR_THE_END = 16
"""Characters before the end of what was read in which a mistake may only be a value not read whole: ``fals``."""
_SPACE = re.compile(r"[ \t\n\r\ufeff]*")
_MARK = re.compile(r'["{}\[\],]')
_STRING_END = re.compile(r'(?:[^"\\]++|\\.)*+"', re.DOTALL)
_MOST_SKIPPED = 20_000_000
"""Marks in all values that are passed over."""


class UnreadableError(FormatError):
    """One value is malformed, nested too deeply or too large; the cursor stands after it."""


class JsonCursor:
    """A place in a JSON text that only moves forward."""

    def __init__(self, stream: BinaryIO) -> None:
        """Start before the first value of *stream*."""
        self._stream = stream
        # A byte that is not UTF-8 stands as one half surrogate, so that counting bytes stays exact.
        self._utf8 = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._at = 0
        self._byte = 0
        self._ended = False
        self._unreadable = 0
        self._strange = 0
        self._marks = 0
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object, strict=False)
        self.doubled = 0
        """Keys that stood twice in their object so far; the last one counts."""
        self.span = (0, 0)
        """Offset and length in bytes of the value taken last."""
        self.escaped = True
        """Whether the value taken last is ASCII only."""

    def kind(self) -> str:
        """Return the first character of the next value, "" at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._advance(match.end() if match else self._at)
            if self._at < len(self._text) or not self._fill():
                return self._text[self._at : self._at + 1]

    def members(self) -> Iterator[str]:
        """Go into an object and yield each key; raises `FormatError` where it is no object or ends too early."""
        for _ in self._inside("{", "}"):
            key = self.value()
            if not isinstance(key, str):
                raise FormatError(f"a key at byte {self.span[0]} is no string")
            self._take(":")
            yield from self._offered(key)

    def elements(self) -> Iterator[int]:
        """Go into an array and yield the index of each element; raises `FormatError` likewise."""
        for index in self._inside("[", "]"):
            yield from self._offered(index)

    def value(self) -> RawJson:
        """Take the next value whole.

        Raises `UnreadableError` for one that cannot be read, `FormatError` where the file ends or no value begins.
        """
        if not self.kind():
            raise FormatError(f"the file ends at byte {self._byte}, where a value should stand")
        offset = self._byte
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except RecursionError:
                self._pass_over("nested too deeply")
            except json.JSONDecodeError as error:
                if self._may_be_cut(error) and self._fill():
                    continue
                self._pass_over(error.msg)
            except ValueError:
                self._pass_over("a number with too many digits")
            # A number that ends with the piece may go on in the next one.
            if end < len(self._text) or not self._fill():
                break
        if end - self._at > LARGEST_VALUE:
            self._pass_over("too large")
        found: RawJson = value
        self.escaped = self._text[self._at : end].isascii()
        self._advance(end)
        self.span = (offset, self._byte - offset)
        return found

    def strange(self) -> None:
        """Count a value that is not what should stand there; raises `FormatError` when there are too many."""
        self._strange += 1
        if self._strange > MOST_STRANGE:
            raise FormatError(f"more than {MOST_STRANGE} values are not what should stand there, at byte {self._byte}")

    def skip(self) -> None:
        """Pass over the next value, however large, looking at brackets and strings only; raises `FormatError`."""
        if self.kind() == '"':
            self._skip_string()
            return
        depth = 0
        while True:
            for match in _MARK.finditer(self._text, self._at):
                mark = match[0]
                if mark == '"':
                    # It may be cut here, or hold escapes without end: it is looked at by itself.
                    self._advance(match.start())
                    self._skip_string()
                    break
                if not depth and mark in ",]}":
                    self._advance(match.start())
                    return
                depth += (mark in "{[") - (mark in "}]")
                self._marks += 1
                if self._marks > _MOST_SKIPPED:
                    raise FormatError(f"values that cannot be followed, at byte {self._byte}")
                if not depth and mark != ",":
                    self._advance(match.end())
                    return
            else:
                self._advance(len(self._text))
                self._need()

    def _skip_string(self) -> None:
        self._advance(self._at + 1)
        while True:
            match = _STRING_END.match(self._text, self._at)
            if match:
                self._advance(match.end())
                return
            # Not through an escape that is cut.
            kept = len(self._text) - (len(self._text) - len(self._text.rstrip("\\"))) % 2
            self._advance(max(self._at, kept))
            self._need()

    def _inside(self, opening: str, closing: str) -> Iterator[int]:
        """Yield the index of each part between two brackets, which has to be taken before the next one."""
        self._take(opening)
        if self.kind() == closing:
            self._take(closing)
            return
        index = 0
        while True:
            yield index
            index += 1
            if self.kind() == closing:
                self._take(closing)
                return
            self._take(",")

    def _offered(self, part: _Part) -> Iterator[_Part]:
        """Yield *part* and pass over its value if the caller leaves it."""
        self.kind()
        before = self._byte
        yield part
        if self._byte == before:
            self.skip()

    def _take(self, wanted: str) -> None:
        found = self.kind()
        if found != wanted:
            what = f"{wanted} is missing" if found else f"the file ends, {wanted} is missing"
            raise FormatError(f"{what} at byte {self._byte}")
        self._advance(self._at + 1)

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        """Say whether more of the file could make the value readable."""
        if len(self._text) - self._at > LARGEST_VALUE:
            return False
        # A string that is cut is reported at its beginning.
        return "Unterminated" in error.msg or error.pos > len(self._text) - _NEAR_THE_END

    def _pass_over(self, why: str) -> NoReturn:
        """Leave the next value out; raises `UnreadableError`, or `FormatError` when there is no going on."""
        offset = self._byte
        self._unreadable += 1
        if self._unreadable > _MOST_UNREADABLE:
            raise FormatError(f"more than {_MOST_UNREADABLE} values cannot be read, at byte {offset}")
        self.skip()
        self.span = (offset, self._byte - offset)
        raise UnreadableError(f"the value at byte {offset} cannot be read: {why}")

    def _need(self) -> None:
        if not self._fill():
            raise FormatError(f"the file ends inside a value at byte {self._byte}")

    def _advance(self, end: int) -> None:
        self._byte += len(self._text[self._at : end].encode("utf-8", "surrogateescape"))
        self._at = end

    def _fill(self) -> bool:
        """Read on; False at the end of the file."""
        if self._ended:
            return False
        rest = self._text[self._at :]
        # As much again as is held: a large value is looked at a few times only.
        piece = self._stream.read(max(_PIECE, len(rest)))
        self._ended = not piece
        self._text = rest + self._utf8.decode(piece, final=self._ended)
        self._at = 0
        return not self._ended or len(self._text) > len(rest)

    def _object(self, pairs: list[tuple[str, RawJson]]) -> dict[str, RawJson]:
        found = dict(pairs)
        self.doubled += len(pairs) - len(found)
        return found
