"""Signatures are checked in batches that fit into memory, however long a hostile log makes them."""

from collections.abc import Iterator
from datetime import UTC, datetime

from evidence_kit.custody.signatures import SignedLine, check_signatures
from evidence_kit.trust.digests import sha256_bytes

_LONG = 1024 * 1024


def test_no_more_is_taken_at_a_time_than_fits_into_memory() -> None:
    taken = 0

    def lines() -> Iterator[SignedLine]:
        nonlocal taken
        for number in range(1, 51):
            taken += 1
            yield SignedLine(
                seq=number,
                named=sha256_bytes(b"nobody"),
                certificate=None,
                time=datetime(2026, 1, 1, tzinfo=UTC),
                line=sha256_bytes(b"line"),
                signature=bytes(_LONG),
            )

    found = check_signatures(lines(), count=50)

    first, finding = next(found)
    assert (first.seq, finding.holds) == (1, False)
    # Two batches are taken, to see whether it is worth several processes.
    assert taken <= 4
    assert [signed.seq for signed, _ in found] == list(range(2, 51))
