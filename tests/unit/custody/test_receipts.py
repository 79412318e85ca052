"""Receipts come back as they were given out, and a mistake in typing them is named."""

import secrets
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_kit.custody.receipts import Receipt, read_receipt
from evidence_kit.errors import UsageError
from evidence_kit.models import Digest

ISSUED = datetime(2026, 11, 22, 7, 51, 48, tzinfo=UTC)
DIGESTS = st.binary(min_size=32, max_size=32).map(Digest)


def text_of(receipt: Receipt) -> str:
    return "\n".join(f"{name}  {' '.join(groups)}" for name, groups in receipt.rows())


@given(head=DIGESTS, manifest=DIGESTS, seq=st.integers(1, 10**9))
def test_code_rows_and_bare_groups_say_the_same(head: Digest, manifest: Digest, seq: int) -> None:
    receipt = Receipt(head=head, manifest=manifest, seq=seq, item="EV-0001", issued=ISSUED)
    typed = Receipt(head=head, manifest=manifest)

    assert read_receipt(receipt.code()) == receipt
    assert read_receipt(f"Хүлээлгэн өгсөн баримт\n{text_of(receipt)}\nD9 and so on") == typed
    assert read_receipt("".join(group for _, groups in receipt.rows() for group in groups)) == typed


@given(head=DIGESTS, place=st.integers(0, 79), digit=st.sampled_from("0123456789abcdef"))
def test_one_wrong_digit_is_refused_and_its_group_named(head: Digest, place: int, digit: str) -> None:
    groups = [group for _, row in Receipt(head=head).rows() for group in row]
    whole = "".join(groups)
    typed = whole[:place] + digit + whole[place + 1 :]

    if typed.lower() == whole.lower():
        assert read_receipt(typed).head == head
        return
    with pytest.raises(UsageError, match=f"group {place // 5 % 4 + 1} of row H{place // 20 + 1} "):
        read_receipt(typed)


@given(head=DIGESTS, place=st.integers(0, 14))
def test_two_groups_changed_about_are_refused(head: Digest, place: int) -> None:
    groups = [group for _, row in Receipt(head=head).rows() for group in row]
    groups[place], groups[place + 1] = groups[place + 1], groups[place]

    with pytest.raises(UsageError, match="mistyped"):
        read_receipt(" ".join(groups))


def test_letter_case_spaces_line_breaks_and_look_alikes_do_not_matter() -> None:
    receipt = Receipt(head=Digest(bytes(range(32))))
    name, groups = receipt.rows()[0]
    spread = " \t".join("".join(groups).lower())
    rest = text_of(receipt).split("\n", 1)[1]

    typed = f"{name.lower()}: {spread}\r\n\r\n{rest}".replace("0", "O").replace("1", "l").replace("a", "А")

    assert read_receipt(typed.replace("Hl", "H1").replace("hl", "h1")).head == receipt.head


def test_the_digits_of_the_head_alone_suffice() -> None:
    head = Digest(secrets.token_bytes(32))

    assert read_receipt(text_of(Receipt(head=head))) == Receipt(head=head)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "0 characters"),
        ("no receipt", "not a receipt"),
        ("H1 0000G", "lacks rows: H2, H3, H4"),
        ("H1 0000G\nH1 0001G", "two different rows H1"),
        ("H1 0\nH2 0\nH3 0\nH4 0", "row H1 has 1 characters, not 20"),
        ("H1 0\nH2 0\nH3 0\nH4 0\nD1 0", "lacks rows: D2, D3, D4"),
    ],
)
def test_what_is_no_receipt_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        read_receipt(text)
