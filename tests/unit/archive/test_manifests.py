"""Lists of digests in the form of sha256sum."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_kit.archive.manifests import manifest_bytes, parse_manifest
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest

ONE = "1" * 64


def test_a_list_has_the_form_of_sha256sum_and_is_sorted() -> None:
    digests = {"data/б": Digest(b"\x11" * 32), "data/a b": Digest(b"\xab" * 32)}

    data = manifest_bytes(digests)

    assert data.decode() == f"{'ab' * 32}  data/a b\n{'11' * 32}  data/б\n"
    assert parse_manifest(data) == digests


@given(st.sets(st.from_regex(r"\A[A-Za-z0-9._-]{1,8}(/[A-Za-zА-я0-9_-]{1,8}){0,3}\Z")))
def test_what_is_written_is_read_back(names: set[str]) -> None:
    names -= {".", ".."}
    digests = {
        name: Digest(hashlib.sha256(name.encode()).digest()) for name in names if not {".", ".."} & set(name.split("/"))
    }

    assert parse_manifest(manifest_bytes(digests)) == digests
    assert list(parse_manifest(manifest_bytes(digests))) == sorted(digests)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        (f"{ONE}  a", "does not end with a line end"),
        (f"{ONE}  a\n\n", "line 2 is not a digest and a path"),
        (f"{ONE} a\n", "line 1 is not"),
        (f"{ONE} *a\n", "line 1 is not"),
        (f"{'A' * 64}  a\n", "line 1 is not"),
        (f"{ONE[1:]}  a\n", "line 1 is not"),
        (f"{ONE}  a\r\n", "line 1: not a plain relative path"),
        (f"{ONE}  b\n{ONE}  a\n", "line 2 is not in order"),
        (f"{ONE}  a\n{ONE}  a\n", "line 2 is not in order"),
        *[
            (f"{ONE}  {name}\n", "line 1: not a plain relative path")
            for name in ("../a", "/a", "a/./b", "a//b", "a/", "~/a", "a\\b", "c:a", "a%0Ab", "a\x1bb")
        ],
    ],
)
def test_any_other_form_is_refused_and_the_line_named(text: str, detail: str) -> None:
    with pytest.raises(FormatError, match=detail):
        parse_manifest(text.encode())


def test_a_list_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(FormatError, match="not UTF-8 at byte 66"):
        parse_manifest(f"{ONE}  ".encode() + b"\xff\n")


@given(st.binary())
def test_no_bytes_raise_anything_but_format_errors(data: bytes) -> None:
    try:
        parsed = parse_manifest(data)
    except FormatError:
        return
    assert manifest_bytes(parsed) == data
