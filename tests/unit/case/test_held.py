"""A folder is held by whoever works in it, and told from one that was left."""

from pathlib import Path

import pytest

from evidence_kit.case.held import held, is_abandoned
from evidence_kit.errors import CaseError


def test_a_lock_that_is_held_is_refused_to_others_and_is_not_abandoned(tmp_path: Path) -> None:
    lock = tmp_path / "in-use.lock"

    with held(lock):
        assert not is_abandoned(lock)
        with pytest.raises(CaseError, match="another program is at work"), held(lock):
            pass

    assert is_abandoned(lock)


def test_without_a_lock_nothing_is_said_to_be_abandoned(tmp_path: Path) -> None:
    assert not is_abandoned(tmp_path / "in-use.lock")
