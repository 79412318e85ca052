"""Bodies as pages have them: pictures that do not compress any more, texts, and data of scripts."""

import json
import random
from collections.abc import Iterator

_LETTERS = "абвгдежзийклмноөпрстуүхabcdefghijkl"


def bodies(total: int) -> Iterator[bytes]:
    """Yield bodies of together about *total* bytes, the same ones each time."""
    chance = random.Random(1)
    words = ["".join(chance.choices(_LETTERS, k=chance.randint(2, 10))) for _ in range(4000)]
    while total > 0:
        kind = chance.random()
        if kind < 0.35:
            body = chance.randbytes(chance.randint(20_000, 200_000))
        elif kind < 0.75:
            body = " ".join(chance.choices(words, k=chance.randint(500, 12_000))).encode()
        else:
            body = _data(chance, words)
        total -= len(body)
        yield body


def _data(chance: random.Random, words: list[str]) -> bytes:
    posts = [
        {
            "id": chance.randint(0, 10**12),
            "text": " ".join(chance.choices(words, k=20)),
            "likes": chance.randint(0, 999),
        }
        for _ in range(chance.randint(20, 400))
    ]
    return json.dumps(posts, ensure_ascii=False).encode()
