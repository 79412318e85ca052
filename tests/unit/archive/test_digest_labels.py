"""Digest labels of many tools, and bodies in chunks."""

import base64
import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_kit.archive.digest_labels import Dechunker, DigestCheck, DigestOutcome, LabelledDigest

DATA = b"\xd3\xa8\xd0\xb4\xd3\xa9\xd1\x80"

FORMS: dict[str, Callable[[bytes], str]] = {
    "base32": lambda value: base64.b32encode(value).decode(),
    "base32 without padding": lambda value: base64.b32encode(value).decode().rstrip("="),
    "lower-case base32": lambda value: base64.b32encode(value).decode().lower(),
    "hexadecimal": bytes.hex,
    "upper-case hexadecimal": lambda value: value.hex().upper(),
    "base64": lambda value: base64.b64encode(value).decode(),
    "url-safe base64": lambda value: base64.urlsafe_b64encode(value).decode(),
}


def outcome(text: str | None, data: bytes) -> DigestOutcome:
    """Return what comparing *data* with a label gives."""
    check = DigestCheck(text)
    check.update(data)
    return check.outcome()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("label", "name"),
    [("sha256", "sha256"), ("sha-256", "sha256"), ("SHA1", "sha1"), ("md5", "md5"), ("sha512", "sha512")],
)
def test_every_label_and_form_is_understood(label: str, name: str, form: str) -> None:
    text = f"{label}:{FORMS[form](hashlib.new(name, DATA, usedforsecurity=False).digest())}"

    assert outcome(text, DATA) is DigestOutcome.OK
    assert outcome(text, DATA + b"\0") is DigestOutcome.MISMATCH


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, DigestOutcome.ABSENT),
        ("", DigestOutcome.MALFORMED),
        ("monkey", DigestOutcome.MALFORMED),
        ("sha256:", DigestOutcome.MALFORMED),
        ("sha256:not a digest", DigestOutcome.MALFORMED),
        ("sha256:" + "0" * 63, DigestOutcome.MALFORMED),
        ("blake3:" + "0" * 64, DigestOutcome.UNKNOWN_ALGORITHM),
        ("shake128:00", DigestOutcome.UNKNOWN_ALGORITHM),
    ],
)
def test_a_label_that_cannot_be_compared_says_why(text: str | None, expected: DigestOutcome) -> None:
    assert outcome(text, DATA) is expected


@given(st.text())
def test_no_label_raises(text: str) -> None:
    LabelledDigest.parse(text)
    outcome(f"sha1:{text}", DATA)


@given(st.lists(st.binary(min_size=1, max_size=50)), st.integers(1, 20))
def test_chunks_are_taken_apart_however_they_arrive(chunks: list[bytes], step: int) -> None:
    coded = b"".join(b"%X;a=b\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\nTrailer: x\r\n\r\n"
    dechunker = Dechunker()

    body = b"".join(dechunker.feed(coded[at : at + step]) for at in range(0, len(coded), step))

    assert dechunker.valid
    assert body == b"".join(chunks)


@pytest.mark.parametrize(
    "coded", [b"<html>\r\n", b"5\r\nhello!\r\n", b"-1\r\n", b"\r\n", b"f" * 17 + b"\r\n", b"x" * 20000]
)
def test_what_is_not_chunked_is_noticed(coded: bytes) -> None:
    dechunker = Dechunker()
    dechunker.feed(coded)

    assert not dechunker.valid
