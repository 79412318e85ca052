"""Canonical JSON: one value, one spelling."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.errors import FormatError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
KEYS = st.text(st.characters(max_codepoint=126, min_codepoint=32), max_size=8)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_is_read_back_and_is_the_only_spelling(value: Json) -> None:
    written = canonical.dumps(value)

    assert canonical.loads(written) == value
    assert canonical.dumps(canonical.loads(written)) == written


def test_keys_are_sorted_and_mongolian_letters_stand_as_they_are() -> None:
    assert canonical.dumps({"b": "Өү₮", "a": [1, True, None]}) == '{"a":[1,true,null],"b":"Өү₮"}'.encode()


def test_control_characters_are_escaped_as_rfc_8785_wants() -> None:
    assert canonical.dumps('\b\t\n\f\r\x1f\x7f"\\/') == b'"\\b\\t\\n\\f\\r\\u001f\x7f\\"\\\\/"'


@pytest.mark.parametrize(
    "data", [b'{"a": 1}', b'{"b":1,"a":2}', b'"\\u0041"', b'{"a":1,"a":1}', b"1.0", b"1e2", b"NaN", b" 1", b"-0"]
)
def test_any_other_spelling_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        canonical.loads(data)


@pytest.mark.parametrize("value", [2**53, -(2**53), "\ud800", {"ключ": 1}])
def test_values_outside_the_allowed_part_are_refused(value: Json) -> None:
    with pytest.raises(FormatError):
        canonical.dumps(value)


@pytest.mark.parametrize("data", [b'"\\ud800"', b'{"a":["\\udc00x"]}', b'"\\ud800\\ud800"'])
def test_half_a_surrogate_pair_is_refused_wherever_it_stands(data: bytes) -> None:
    with pytest.raises(FormatError, match="surrogate"):
        canonical.parse(data)


def test_deep_nesting_is_refused_and_not_a_crash() -> None:
    for data in (b"[" * 1_000_000, b"[" * 52 + b"]" * 52, b'{"a":' * 2000 + b"1" + b"}" * 2000):
        with pytest.raises(FormatError):
            canonical.parse(data)


@given(st.binary(max_size=60))
def test_rubbish_is_refused_clearly_or_read(data: bytes) -> None:
    try:
        value = canonical.parse(data)
    except FormatError:
        return
    assert json.loads(data) == value
