"""Every single bit of a signature and of a time stamp matters: a sample in each run, all of them nightly."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from evidence_kit.errors import EvidenceError
from evidence_kit.trust.cms import sign_detached, verify_detached
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.timestamps import certificates_inside, read_reply, stamp
from tests.support.people import practice_custodian
from tests.support.tsa import OpensslTsa

DIGEST = sha256_bytes("мөр\n".encode())
STRIDE = 13


def unseen(whole: bytes, check: Callable[[bytes], object], stride: int) -> list[int]:
    """Return which of every *stride*-th bit of *whole* can be flipped without *check* noticing."""
    check(whole)
    found = []
    for bit in range(0, 8 * len(whole), stride):
        altered = bytearray(whole)
        altered[bit // 8] ^= 1 << bit % 8
        with suppress(EvidenceError):
            check(bytes(altered))
            found.append(bit)
    return found


def unseen_in_a_signature(stride: int) -> list[int]:
    custodian = practice_custodian()
    known = (custodian.signer.certificate, *custodian.signer.chain)
    whole = sign_detached(DIGEST, custodian.signer, at=custodian.clock(), with_chain=True)
    return unseen(whole, lambda data: verify_detached(data, DIGEST, known), stride)


def unseen_in_a_stamp(tsa: OpensslTsa, stride: int) -> list[int]:
    whole = stamp(tsa.url, DIGEST)
    known = certificates_inside(whole)
    return unseen(whole, lambda data: read_reply(data, DIGEST, known), stride)


def test_flipped_bits_of_a_signature_are_found() -> None:
    assert unseen_in_a_signature(STRIDE) == []


@pytest.mark.network
def test_flipped_bits_of_a_time_stamp_are_found(tsa: OpensslTsa) -> None:
    assert unseen_in_a_stamp(tsa, STRIDE) == []


@pytest.mark.slow
def test_every_flipped_bit_of_a_signature_is_found() -> None:
    assert unseen_in_a_signature(1) == []


@pytest.mark.slow
@pytest.mark.network
def test_every_flipped_bit_of_a_time_stamp_is_found(tsa: OpensslTsa) -> None:
    assert unseen_in_a_stamp(tsa, 1) == []
