"""The QR codes of pages."""

import pytest

from evidence_kit.bundle.codes import page_code, page_squares, squares
from evidence_kit.trust.digests import sha256_bytes

ROOT = sha256_bytes(b"a bundle")


@pytest.mark.parametrize("volume", [1, 7, 12, 26, 104])
def test_codes_put_together_are_those_made_one_by_one(volume: int) -> None:
    code_of = page_squares(ROOT, volume)

    for page in (1, 9, 10, 11, 45, 99, 100, 128, 300, 999, 1000, 4567, 10_001):
        whole = squares(page_code(ROOT, volume, page))
        assert code_of(page) == ["".join("01"[dark] for dark in row) for row in whole]
