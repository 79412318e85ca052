"""Content codings come off, within bounds, and what is not of them is refused."""

import gzip
import zlib

import brotlicffi  # type: ignore[import-untyped]
import pytest
import zstandard

from evidence_kit.errors import FormatError, LimitError
from evidence_kit.wire.codings import decoded

TEXT = "Зохиомлын Тулга, үнэ 50 000 ₮. ".encode() * 100
BARE = zlib.compressobj(wbits=-zlib.MAX_WBITS)
SENT = {
    "gzip": gzip.compress(TEXT[:1000]) + gzip.compress(TEXT[1000:]),
    "x-gzip": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
    " Deflate": BARE.compress(TEXT) + BARE.flush(),
    "br": brotlicffi.compress(TEXT),
    "zstd": zstandard.compress(TEXT),
    "identity": TEXT,
    "": TEXT,
}


@pytest.mark.parametrize("coding", SENT)
def test_a_coding_comes_off(coding: str) -> None:
    assert decoded(SENT[coding], [coding], largest=len(TEXT)) == TEXT


def test_several_codings_come_off_the_last_one_first() -> None:
    assert decoded(gzip.compress(brotlicffi.compress(TEXT)), ["br", "gzip"], largest=len(TEXT)) == TEXT


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_body_that_was_cut_short_stays_so(coding: str) -> None:
    half = SENT[coding][: len(SENT[coding]) - 5]

    assert TEXT.startswith(decoded(half, [coding], largest=len(TEXT)))


@pytest.mark.parametrize(
    "bomb",
    [
        ("gzip", gzip.compress(bytes(10_000_000))),
        ("deflate", zlib.compress(bytes(10_000_000))),
        ("br", brotlicffi.compress(bytes(10_000_000))),
        ("zstd", zstandard.compress(bytes(10_000_000))),
    ],
    ids=lambda bomb: bomb[0],
)
def test_a_bomb_is_refused(bomb: tuple[str, bytes]) -> None:
    with pytest.raises(LimitError):
        decoded(bomb[1], [bomb[0]], largest=1_000_000)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "compress"])
def test_what_is_not_of_a_coding_is_refused(coding: str) -> None:
    with pytest.raises(FormatError):
        decoded(b"\xff\xfe no such thing" * 5, [coding], largest=1000)
