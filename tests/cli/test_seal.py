"""``seal``: an item of the case is sealed afterwards, and said to be so wherever it is shown."""

from pathlib import Path

import pytest

from evidence_kit.case.folder import CaseFolder
from evidence_kit.trust.age import Identity
from tests.cli.running import RunCommand
from tests.support.sealing import MARK, NAME, PROVIDER, holding


@pytest.fixture
def supplied(officer: RunCommand, tmp_path: Path) -> Path:
    """Return a case with an item that is not sealed, and with somebody to seal to."""
    folder, source = tmp_path / "case", tmp_path / "phone" / NAME
    source.parent.mkdir()
    source.write_bytes(MARK * 100)
    to = [part for _ in range(2) for part in ("--seal-to", str(Identity.new().recipient))]
    assert officer("case", "new", folder, "--number", "1", "--title", "T", *to).code == 0
    assert officer("import", source, "--provided-by", PROVIDER, "--case", folder).code == 0
    return folder


def test_it_is_sealed_told_and_shown_without_its_content(officer: RunCommand, supplied: Path) -> None:
    assert (
        officer("custody", "add", "copied", "EV-0001", "--purpose", "p", "--place", "x", "--case", supplied).code == 0
    )

    told = officer("seal", "EV-0001", "--reason", "It shows a child", "--case", supplied)

    assert told.code == 0
    assert "not guaranteed" in told.out
    assert "(Copied)" in told.out
    assert holding(supplied, MARK, NAME.encode(), PROVIDER.encode()) == []
    for command in (("list",), ("show", "EV-0001"), ("show", "EV-0001", "--json")):
        shown = officer(*command, "--case", supplied)
        assert shown.code == 0, shown.err
        assert NAME not in shown.out
    assert officer("verify", supplied).code == 0


def test_the_answer_names_where_else_it_may_lie(officer: RunCommand, supplied: Path) -> None:
    officer("custody", "add", "copied", "EV-0001", "--purpose", "p", "--place", "x", "--case", supplied)

    answer = officer("seal", "EV-0001", "--reason", "r", "--json", "--case", supplied).json

    assert (answer["schema"], answer["item"]) == ("evidence-kit/seal/1", "EV-0001")
    assert answer["elsewhere"] == [{"seq": answer["events"][0]["seq"] - 1, "type": "copied"}]
    assert [event["type"] for event in answer["events"]] == ["item.sealed"]


def test_without_a_reason_nothing_is_sealed(officer: RunCommand, supplied: Path) -> None:
    answer = officer("seal", "EV-0001", "--case", supplied)

    assert answer.code == 2
    assert CaseFolder.open(supplied).log().full_events()[-1].type == "imported"
