"""The self-test: it passes on an installation that works, and a wrong answer fails it."""

from datetime import UTC, datetime

import pytest

from evidence_kit.bundle import self_test as tests_of
from evidence_kit.bundle.self_test import self_test

NOW = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)


def results() -> dict[str, bool]:
    return {each.code: each.passed for each in self_test(NOW)}


def test_an_installation_that_works_passes_every_test() -> None:
    assert results() == dict.fromkeys(["sha256", "canonical-json", "signature", "custody-chain", "web-archive"], True)


@pytest.mark.parametrize(
    ("name", "wrong", "failing"),
    [
        ("_VECTORS", {b"abc": "00" * 32}, "sha256"),
        ("_LOOSE", b'{"a":1,"a":2}', "canonical-json"),
        ("_CANONICAL", b"{}", "canonical-json"),
    ],
)
def test_an_answer_that_is_not_the_known_one_fails(
    name: str, wrong: object, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tests_of, name, wrong)

    assert [code for code, passed in results().items() if not passed] == [failing]
