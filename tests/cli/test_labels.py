"""``capture --label``: what an officer calls an item is in the item, on the report, and in a plan of exhibits."""

import json
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evidence_kit.bundle.exhibit_plan import fits_as_label, label_key, read_plan
from evidence_kit.errors import UsageError
from evidence_kit.practice.server import PracticeServer
from tests.cli.running import RunCommand

pytestmark = pytest.mark.network
LABEL = "Нийтлэл А"


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    with PracticeServer() as server:
        yield server.url


@pytest.mark.browser
def test_a_label_is_shown_wherever_the_item_is(officer: RunCommand, case: Path, network: str, tmp_path: Path) -> None:
    answer = officer("capture", f"{network}/news/501", "--label", f" {LABEL} ", "--case", case, "--json")
    officer("capture", f"{network}/news/501", "--label", LABEL.upper(), "--case", case)
    officer("capture", f"{network}/news/501", "--case", case)

    assert answer.json["items"][0]["label"] == LABEL
    assert [item.get("label") for item in officer("list", "--case", case, "--json").json["items"]] == [
        LABEL,
        LABEL.upper(),
        None,
    ]
    assert LABEL in officer("show", "EV-0001", "--case", case).out
    assert officer("bundle", "--plan", tmp_path / "plan.toml", "--case", case).code == 0
    plan = read_plan((tmp_path / "plan.toml").read_bytes(), name="plan.toml")
    # The second is called the same, but for its letters' case.
    assert plan.exhibits[0].label == LABEL
    assert len({exhibit.label.casefold() for exhibit in plan.exhibits}) == 3
    said = f"# its officer called it {LABEL.upper()}, as another one here is called\n"
    assert said in (tmp_path / "plan.toml").read_text(encoding="utf-8")
    assert officer("bundle", "--output", tmp_path / "bundle", "--case", case).code == 0
    report = tmp_path / "bundle" / "data" / "report.pdf"
    text = subprocess.run(["pdftotext", report, "-"], capture_output=True, text=True, check=True).stdout
    assert LABEL in text
    assert officer("verify", tmp_path / "bundle").code == 0


def _called(case: Path, item: str, label: object) -> None:
    """Have *item* be called so, as another program could."""
    path = case / "items" / item / "item.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "label": label}), encoding="utf-8")


@pytest.mark.parametrize("label", ["  ", " a", "two\nlines", "a\u202eb", "x" * 61])
def test_a_plan_can_be_read_again_whatever_an_item_is_called(
    officer: RunCommand, case: Path, with_item: Callable[..., str], tmp_path: Path, label: str
) -> None:
    _called(case, with_item(), label)

    assert officer("bundle", "--plan", tmp_path / "plan.toml", "--case", case).code == 0
    (exhibit,) = read_plan((tmp_path / "plan.toml").read_bytes(), name="plan.toml").exhibits
    assert exhibit.label == "Exhibit 1"


def test_labels_that_look_alike_are_not_both_in_a_plan(
    officer: RunCommand, case: Path, with_item: Callable[..., str], tmp_path: Path
) -> None:
    composed, apart = (unicodedata.normalize(form, "Зургийн й") for form in ("NFC", "NFD"))
    for label in (composed, apart):
        _called(case, with_item(), label)
    assert officer("bundle", "--plan", tmp_path / "plan.toml", "--case", case).code == 0
    written = (tmp_path / "plan.toml").read_text(encoding="utf-8")

    first, second = read_plan(written.encode(), name="plan.toml").exhibits
    assert (first.label, second.label) == (composed, "Exhibit 2")
    with pytest.raises(UsageError, match="stands in line"):
        read_plan(written.replace("Exhibit 2", apart).encode(), name="plan.toml")


def test_an_item_whose_label_is_no_text_is_named(
    officer: RunCommand, case: Path, with_item: Callable[..., str], tmp_path: Path
) -> None:
    item = with_item()
    _called(case, item, 5)

    answer = officer("bundle", "--plan", tmp_path / "plan.toml", "--case", case)

    assert answer.code == 1
    assert item in answer.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["https://a.example", "https://b.example", "--label", "one"], "several links"),
        (["https://a.example", "--label", "x" * 61], "60 characters"),
        (["https://a.example", "--label", "two\nlines"], "60 characters"),
        (["https://a.example", "--label", "a\u202eb"], "60 characters"),
        (["https://a.example", "--label", "one", "--seal"], "--label"),
    ],
)
def test_a_label_is_one_line_for_one_item_and_beside_nothing_sealed(
    officer: RunCommand, case: Path, arguments: list[str], words: str
) -> None:
    answer = officer("capture", *arguments, "--case", case)

    assert answer.code == 2
    assert words in answer.err
    assert officer("case", "show", "--case", case, "--json").json["case"]["events"] == 1


@pytest.mark.parametrize("unseen", ["A\ufe0f", "\u034fA", "A\u180b", "A\u3164"])
def test_a_label_with_something_unseen_looks_like_the_one_without(unseen: str) -> None:
    assert label_key(unseen) == label_key("A")


def test_labels_that_differ_in_spaces_alone_look_alike() -> None:
    assert label_key("Exhibit  \u00a0A") == label_key("Exhibit A") != label_key("ExhibitA")


@pytest.mark.parametrize("label", ["\u3164", "\u00a0", "\ufe0f\u034f"])
def test_a_label_of_which_nothing_is_seen_is_none(label: str) -> None:
    assert not fits_as_label(label)
