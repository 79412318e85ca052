"""Lists of hash values of files that are known, such as police keep of child abuse material.

A file is looked up before anything is opened, and nothing has to be looked at to know it. A list is text, one entry a
line: 64 hexadecimal digits in either case, or what sha256sum prints (`HEX  NAME`, `HEX *NAME`; the name is not kept);
``pdq:`` and 64 digits is the PDQ hash of a picture, by which it is found again after it was changed, and which costs
that the picture is decoded. ``#`` begins a comment. UTF-8 with or without a byte order mark, lines ended by LF or
CR LF. Whatever else there is refuses the whole list: an entry that was not understood would be a file not found.

Millions of entries lie as 32 bytes each in one of 65,536 heaps, by their first two bytes, and as nothing else.
"""

import codecs
import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from evidence_kit.errors import FormatError
from evidence_kit.intake.facts import examine_apart
from evidence_kit.intake.sources import Consultation, Sources
from evidence_kit.models import Digest, OnStep, ignore
from evidence_kit.plain import opener
from evidence_kit.trust.digests import sha256_stream

MOST_ENTRIES = 10_000_000
"""About 400 MB."""
_BLOCK = 1024 * 1024
_LONGEST_LINE = 64 * 1024
_PLAIN = re.compile(rb"(?:[0-9A-Fa-f]{64}\r?\n)*+")
_ENTRY = re.compile(rb"\s*(?:\\?([0-9A-Fa-f]{64})(?: [ *][^\r\n]+)?|(?i:pdq):([0-9A-Fa-f]{64}))\s*")
_NOTHING = re.compile(rb"\s*(?:#[^\r\n]*)?\s*")
_HINT = "one SHA-256 value a line, as 64 hexadecimal digits or as sha256sum prints them; text in UTF-8"
_BYTES = 32
_MOST_BITS = 31
"""Of 256: pictures whose PDQ differs in no more are held to look alike (pictures/perceptual.py)."""
_LEAST_QUALITY = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class HashList:
    """One list, read."""

    sha256: Digest
    entries: int
    """Lines with a SHA-256 value; one that stands twice counts twice."""
    _heaps: dict[bytes, bytearray]
    _pictures: tuple[int, ...]

    def __contains__(self, digest: Digest) -> bool:
        """Whether the file with this *digest* is on the list."""
        heap = self._heaps.get(digest.value[:2], b"")
        at = heap.find(digest.value)
        while at % _BYTES and at >= 0:  # the end of one entry and the beginning of the next are none
            at = heap.find(digest.value, at + 1)
        return at >= 0

    @property
    def pictures(self) -> int:
        """How many PDQ hashes it has."""
        return len(self._pictures)

    def resembles(self, pdq: str) -> bool:
        """Whether a picture with this PDQ hash looks like one of the list."""
        bits = int(pdq, 16)
        return any((bits ^ other).bit_count() <= _MOST_BITS for other in self._pictures)

    def consulted(self, hits: int | None, *, pdq: bool = False) -> Consultation:
        """Return what is to be recorded of looking files up in it."""
        return Consultation(sha256=self.sha256, entries=self.entries, pdq=self.pictures if pdq else None, hits=hits)


def read_hash_list(path: Path) -> HashList:
    """Read the list at *path*; raises `FormatError` with the number of the line that is wrong, `OSError`."""
    hasher, reading = hashlib.sha256(), _Reading()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK) + stream.readline(_LONGEST_LINE):
            hasher.update(block)
            reading.take(block if reading.lines else block.removeprefix(codecs.BOM_UTF8))
    if not reading.entries and not reading.pictures:
        raise FormatError("it has no entry", hint=_HINT)
    return HashList(
        sha256=Digest(hasher.digest()),
        entries=reading.entries,
        _heaps=reading.heaps,
        _pictures=tuple(reading.pictures),
    )


@dataclass(slots=True)
class _Reading:
    """What was read of a list so far."""

    lines: int = 0
    entries: int = 0
    heaps: defaultdict[bytes, bytearray] = field(default_factory=lambda: defaultdict(bytearray))
    pictures: list[int] = field(default_factory=list)

    def take(self, block: bytes) -> None:
        """Add a block of whole lines; raises `FormatError`."""
        if _PLAIN.fullmatch(block):  # most lists are nothing else, and this is several times quicker
            values = bytes.fromhex(block.decode("ascii"))
            self.lines += len(values) // _BYTES
        else:
            values = b"".join(map(self._value, block.splitlines(keepends=True)))
        heaps = self.heaps
        for at in range(0, len(values), _BYTES):
            heaps[values[at : at + 2]] += values[at : at + _BYTES]
        self.entries += len(values) // _BYTES
        if self.entries + len(self.pictures) > MOST_ENTRIES:
            raise FormatError(f"it has more than {MOST_ENTRIES} entries", hint="divide it")

    def _value(self, line: bytes) -> bytes:
        """Return the SHA-256 value on *line*, if there is one."""
        self.lines += 1
        match = _ENTRY.fullmatch(line)
        if match is None and not _NOTHING.fullmatch(line):
            raise FormatError(f"line {self.lines} is neither a SHA-256 value nor a comment", hint=_HINT)
        if match and match[2]:
            self.pictures.append(int(match[2], 16))
        return bytes.fromhex(match[1].decode("ascii")) if match and match[1] else b""


def look_up(
    sources: Sources, lists: Sequence[HashList], *, on_step: OnStep = ignore
) -> tuple[Sources, tuple[int, ...]]:
    """Hash each file of *sources*, and return them with what is to be recorded, and the numbers, from 1, of hits.

    A file that cannot be read is no hit; taking it in says what is wrong with it.
    """
    found: list[set[int]] = [set() for _ in lists]
    for number, file in enumerate(sources.files, start=1):
        on_step(f"looking files up {number}/{len(sources.files)}")
        digest = _digest_of(file.path)
        for numbers, each in zip(found, lists, strict=True):
            if digest is not None and digest in each:
                numbers.add(number)
    consulted = tuple(each.consulted(len(numbers)) for numbers, each in zip(found, lists, strict=True))
    return replace(sources, consulted=consulted), tuple(sorted(set().union(*found)))


def look_alike(
    sources: Sources, lists: Sequence[HashList], *, on_step: OnStep = ignore
) -> tuple[Sources, tuple[int, ...]]:
    """Decode the pictures of *sources*, in a process of their own, and return as `look_up` which look like listed."""
    found: list[set[int]] = [set() for _ in lists]
    examined = examine_apart([(file.path, f"{n}", file.name) for n, file in enumerate(sources.files, start=1)])
    for number, facts in enumerate(examined, start=1):
        on_step(f"comparing pictures with the lists {number}/{len(sources.files)}")
        seen = facts.perceptual
        if "pdq" in seen and int(seen["pdq_quality"]) >= _LEAST_QUALITY:
            for numbers, each in zip(found, lists, strict=True):
                numbers.update({number} if each.resembles(seen["pdq"]) else ())
    consulted = tuple(
        replace(before, pdq=each.pictures, hits=(before.hits or 0) + len(numbers))
        for before, each, numbers in zip(sources.consulted, lists, found, strict=True)
    )
    return replace(sources, consulted=consulted), tuple(sorted(set().union(*found)))


def _digest_of(path: Path) -> Digest | None:
    try:
        with open(path, "rb", buffering=0, opener=opener) as stream:  # only it takes an opener
            return sha256_stream(stream)
    except OSError:
        return None
