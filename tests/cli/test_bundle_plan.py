"""``bundle --plan``: written once for people to edit, then the bundle is made by it and says so."""

import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from evidence_kit.case.folder import CaseFolder
from evidence_kit.custody.custodian import Custodian
from evidence_kit.trust.digests import sha256_file
from tests.cli.running import RunCommand
from tests.support.cases import commit_small_item


@pytest.fixture
def two(officer: RunCommand, case: Path, custodian: Callable[[], Custodian]) -> RunCommand:
    """Return the command line, with a case of two items, each with a screenshot of 1280 x 3000 pixels."""
    drawn = io.BytesIO()
    Image.linear_gradient("L").resize((1280, 3000)).convert("RGB").save(drawn, "PNG")
    for number in (1, 2):
        url = f"https://example.mn/{number}"
        commit_small_item(CaseFolder.open(case), custodian(), url=url, screenshot=drawn.getvalue())
    return officer


def pdf_text(bundle: Path, oracle: Callable[[str], Path]) -> str:
    report = bundle / "data" / "report.pdf"
    ran = subprocess.run([oracle("pdftotext"), report, "-"], check=True, capture_output=True, timeout=60)
    return " ".join(ran.stdout.decode("utf-8").split())


def test_the_whole_way_of_a_plan(two: RunCommand, case: Path, tmp_path: Path, oracle: Callable[[str], Path]) -> None:
    plan, bundle = tmp_path / "хавсралт.toml", tmp_path / "bundle"
    log = (case / "custody.jsonl").read_bytes()

    written = two("bundle", "--plan", plan, "--report-language", "en", "--case", case)

    assert (written.code, written.err) == (0, "")
    assert "no bundle yet" in written.out
    assert not bundle.exists()
    assert (case / "custody.jsonl").read_bytes() == log
    text = plan.read_text(encoding="utf-8")
    assert 'label = "Exhibit 2"' in text
    assert "# https://example.mn/2\n# screenshot: 1280 x 3000 pixels, pages: 3\n# pages = [1]\n" in text

    head, first, second = text.split("\n[[exhibit]]\n")
    first = first.replace('why = ""', 'why = "It shows the mountain"').replace("Exhibit 1", "Exhibit B")
    first += "pages = [2]\n"
    second = second.replace("Exhibit 2", "Exhibit A").replace("blurred = true", "blurred = false")
    second += "regions = [[100, 500, 740, 900]]\n"
    plan.write_text(f"{head}\n[[exhibit]]\n{second}\n[[exhibit]]\n{first}", encoding="utf-8")
    made = two("bundle", "--plan", plan, "--output", bundle, "--report-language", "en", "--case", case, "--json")

    assert (made.code, made.err) == (0, "")
    kept = bundle / "data" / "exhibits.toml"
    assert made.json["plan_sha256"] == sha256_file(kept).hex
    assert "#" not in kept.read_text(encoding="utf-8")
    events = [json.loads(line) for line in (bundle / "data" / "custody.jsonl").read_text("utf-8").splitlines()]
    started, *put_in = events[-3:]
    assert started["detail"]["pictures"] == "planned"
    assert started["digests"]["exhibits.toml"] == str(sha256_file(kept))
    assert [(e["item"], e["detail"]["pictures"]) for e in put_in] == [("EV-0002", "shown"), ("EV-0001", "blurred")]

    shown = pdf_text(bundle, oracle)
    assert shown.index("Exhibit A · EV-0002") < shown.index("Exhibit B · EV-0001")
    assert shown.count("It shows the mountain") == 2
    assert "Web page example.mn" in shown
    assert "x 100–740, y 500–900" in shown
    assert "x 0–1,280, y 1,440–2,904" in shown
    assert "The whole screenshot lies in the bundle, unchanged" in shown
    assert sha256_file(case / "items" / "EV-0002" / "screenshot.png") == sha256_file(
        bundle / "data" / "items" / "EV-0002" / "screenshot.png"
    )

    assert two("verify", bundle).code == 0
    kept.write_bytes(kept.read_bytes().replace(b"Exhibit A", b"Exhibit C"))
    altered = two("verify", bundle, "--json")
    assert altered.code == 3
    failed = {c["id"]: c["subject"] for c in altered.json["checks"] if c["outcome"] == "failed"}
    assert failed["bundle.event"] == failed["evidence.list"] == "data/exhibits.toml"


def test_a_plan_is_written_in_the_languages_chosen_and_never_overwritten(
    two: RunCommand, case: Path, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.toml"

    answer = two(
        "--lang", "mn", "bundle", "--plan", plan, "--items", "EV-0002", "--show-pictures",
        "--report-language", "both", "--case", case, "--json",
    )  # fmt: skip

    assert answer.code == 0
    (exhibit,) = answer.json["exhibits"]
    assert exhibit["label"] == "Хавсралт № 1 · Exhibit 1"
    assert answer.json["bundle"] is None
    text = plan.read_text(encoding="utf-8")
    assert "төвийг сахисан гарчиг" in text
    assert "blurred = false" in text
    again = two("bundle", "--plan", plan, "--case", case)
    assert again.code == 2
    assert "is already there" in again.err
    assert "--output PATH" in again.err
    assert plan.read_text(encoding="utf-8") == text
    assert two("bundle", "--plan", case / "plan.toml", "--case", case).code == 2
    assert two("bundle", "--case", case).code == 2


def test_a_plan_that_is_not_there_makes_no_bundle_and_is_not_written_instead(
    two: RunCommand, case: Path, tmp_path: Path
) -> None:
    answer = two("bundle", "--plan", tmp_path / "plna.toml", "--output", tmp_path / "bundle", "--case", case)

    assert answer.code == 2
    assert "plna.toml to make a bundle by" in answer.err
    assert "leave out --output" in answer.err
    assert not (tmp_path / "plna.toml").exists()
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize(
    ("change", "options", "told"),
    [
        (('"EV-0001"', '"EV-0009"'), (), "line 16: the case has no item 'EV-0009'"),
        (('"EV-0001"', '"EV-0002"'), (), "line 27: 'EV-0002' stands in line 16 already"),
        (("# pages = [1]", "pages = [4]"), (), "line 16: the viewing copy has no page 4: its last is 3"),
        (("# regions = [[0, 0, 1280, 1464]]", "regions = [[0, 0, 1281, 1464]]"), (), "1281, 1464] lies outside of"),
        (("", ""), ("--withhold", "EV-0002", "--ground", "x"), "line 27: EV-0002 is an exhibit and is to be withheld"),
        (("", ""), ("--items", "EV-0001"), "--items and the plan both say"),
        (("", ""), ("--show-pictures",), "--show-pictures and the plan both say"),
        (('why = ""', 'why = "\x01"'), (), "line 19, column 8"),
    ],
)
def test_a_plan_that_cannot_be_kept_names_its_line_and_nothing_is_begun(
    two: RunCommand, case: Path, change: tuple[str, str], options: tuple[str, ...], told: str
) -> None:
    plan = case.parent / "plan.toml"
    assert two("bundle", "--plan", plan, "--case", case).code == 0
    text = plan.read_text(encoding="utf-8")
    assert change[0] in text
    plan.write_text(text.replace(*change, 1), encoding="utf-8")
    before = (case / "custody.jsonl").read_bytes()

    answer = two("bundle", "--plan", plan, "--output", case.parent / "b", *options, "--case", case)

    assert answer.code == 2
    assert told in answer.err
    assert (case / "custody.jsonl").read_bytes() == before
    assert not (case.parent / "b").exists()


@pytest.mark.parametrize("parts", ["pages = [1]", "regions = [[0, 0, 10, 10]]"])
def test_of_what_was_handed_over_no_parts_are_chosen(
    officer: RunCommand, case: Path, tmp_path: Path, parts: str
) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7\n")
    assert officer("import", tmp_path / "a.pdf", "--case", case).code == 0
    plan = tmp_path / "plan.toml"
    assert officer("bundle", "--plan", plan, "--case", case).code == 0
    plan.write_text(plan.read_text(encoding="utf-8") + parts + "\n", encoding="utf-8")

    answer = officer("bundle", "--plan", plan, "--output", tmp_path / "bundle", "--case", case)

    assert answer.code == 2
    assert "EV-0001 was handed over: pages and regions are those of the screenshot of a captured page" in answer.err
    assert "hint: leave them out" in answer.err
    assert not (tmp_path / "bundle").exists()


def test_a_plan_tells_nothing_of_what_is_withheld(two: RunCommand, case: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    chosen = ("--items", "EV-0001", "--case", case)
    assert two("bundle", "--plan", plan, *chosen).code == 0
    assert "EV-0002" not in plan.read_text(encoding="utf-8")
    plan.write_text(plan.read_text(encoding="utf-8").replace('why = ""', 'why = "see EV-0002"'), encoding="utf-8")

    answer = two(
        "bundle", "--plan", plan, "--output", tmp_path / "b", "--withhold", "others", "--ground", "x", "--case", case
    )

    assert answer.code == 2
    assert "plan.toml, line 16, stands in the bundle and names what is to be withheld: ev-0002" in answer.err
