"""``bundle --subject/--withhold`` and ``verify --with-withheld``."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.running import RunCommand

SECRET = "https://secret-site.mn/2"


@pytest.fixture
def two(officer: RunCommand, case: Path, with_item: Callable[..., str]) -> RunCommand:
    """Return the command line, with a case of an item of V-01 and one of V-02."""
    for subject, url in (("V-01", "https://example.mn/1"), ("V-02", SECRET)):
        assert officer("subject", "add", with_item(url), subject, "--case", case).code == 0
    return officer


def test_the_whole_way_of_a_bundle_for_one_person(two: RunCommand, case: Path, tmp_path: Path) -> None:
    bundle, file = tmp_path / "багц", tmp_path / "withheld.jsonl"
    made = two(
        "bundle", "--output", bundle, "--subject", "V-01", "--ground", "Privacy", "--withheld-to", file,
        "--case", case, "--json",
    )  # fmt: skip
    assert made.code == 0
    assert made.json["withheld"]["events"] == 3
    assert made.json["withheld"]["items"] == 1
    assert made.json["withheld_file"] == str(file)
    assert made.json["left_out"] == []

    plain = two("verify", bundle)
    assert plain.code == 0
    assert "Items not in the bundle:" in plain.out
    assert "Withheld on the ground:" in plain.out
    assert "Хуваалцаагүй үлдээсэн" in two("--lang", "mn", "verify", bundle).out
    assert two("verify", bundle, "--strict").code == 4
    assert "They are of the items:" in two("verify", bundle, "--with-withheld", file).out
    opened = two("verify", bundle, "--with-withheld", file, "--json")
    assert opened.code == 0
    assert opened.json["verdict"] == "verified"
    assert [c["outcome"] for c in opened.json["checks"] if c["id"] == "custody.disclosed"] == ["passed"]

    file.write_bytes(file.read_bytes().replace(b"secret-site", b"public-site"))
    altered = two("verify", bundle, "--with-withheld", file, "--json")
    assert altered.code == 3
    assert {c["id"] for c in altered.json["checks"] if c["outcome"] == "failed"} == {"custody.disclosed"}
    assert two("verify", bundle, "--with-withheld", tmp_path / "none").code == 2
    assert two("verify", case, "--with-withheld", file).code == 2


def test_items_that_are_left_out_and_still_named_are_told(two: RunCommand, case: Path, tmp_path: Path) -> None:
    answer = two("bundle", "--output", tmp_path / "b", "--items", "EV-0001", "--case", case)

    assert answer.code == 0
    assert "--withhold others hides them): EV-0002" in answer.out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--withhold", "EV-0002"), "no ground is given"),
        (("--subject", "V-01"), "no ground is given"),
        (("--withhold", ","), "--withhold names no item"),
        (("--ground", "x"), "nothing is withheld"),
        (("--withheld-to", "file"), "nothing is withheld that could be written"),
        (("--subject", "Болд", "--ground", "x"), "not a pseudonym"),
        (("--subject", "V-09", "--ground", "x"), "nothing would be left"),
        (("--withhold", "EV-0002", "--ground", f"because of {SECRET}"), "--ground stands in the bundle"),
    ],
)
def test_a_bundle_that_cannot_be_made_so_is_wrong_usage(
    two: RunCommand, case: Path, tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    before = (case / "custody.jsonl").read_bytes()

    answer = two("bundle", "--output", tmp_path / "b", *options, "--case", case)

    assert answer.code == 2
    assert told in answer.err
    assert (case / "custody.jsonl").read_bytes() == before
    assert not (tmp_path / "b").exists()
