"""Four words for what was sent: both screens show them, and the two people compare.

They show that what the phone counted is what lies here. They do not show that nobody changed the page itself on its way
to the phone: what comes over plain HTTP can be changed by whoever is between.
"""

import hashlib
import tomllib
from collections.abc import Iterable
from functools import cache

from evidence_kit.models import Digest
from evidence_kit.resources import template

_CONTEXT = b"evidence-kit/received/1\n"
_COUNT = 4


def words(digests: Iterable[Digest], language: str) -> str:
    """Return the words for files with *digests* in ``mn`` or ``en``.

    SHA-256 over a first line that says what it is for, and one line of each file's SHA-256 in hexadecimal digits,
    sorted; each of its first four bytes, modulo 64, is the place of a word in the list of ``templates/receive``.
    """
    lines = "".join(f"{digest.hex}\n" for digest in sorted(digests))
    value = hashlib.sha256(_CONTEXT + lines.encode("ascii")).digest()
    listed = _words(language)
    return " ".join(listed[byte % len(listed)] for byte in value[:_COUNT])


@cache
def _words(language: str) -> tuple[str, ...]:
    text = template(f"receive/{language}.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)["words"]["list"].split())
