"""``capture`` and ``bundle`` with a real browser on the practice network."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence_kit.practice.server import PracticeServer
from tests.cli.conftest import OFFICER
from tests.cli.running import RunCommand
from tests.support.tsa import OpensslTsa

MARK = "PRACTICE, not a digital signature in law"

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    """Return the address of a practice network."""
    with PracticeServer() as server:
        yield server.url


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no link was given"),
        (["foo"], "not a link"),
        (["https://example.mn", "--connect-to", "x"], "--connect-to"),
        (["https://example.mn", "--timeout", "0"], "--timeout"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_recorded(
    officer: RunCommand, case: Path, arguments: list[str], words: str
) -> None:
    answer = officer("capture", *arguments, "--case", case)

    assert answer.code == 2
    assert words in answer.err
    assert officer("case", "show", "--case", case, "--json").json["case"]["events"] == 1


def test_without_a_browser_nothing_is_recorded(
    officer: RunCommand, case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVIDENCE_KIT_BROWSER", "no-such-browser")

    answer = officer("capture", "https://example.mn", "--case", case)

    assert answer.code == 1
    assert officer("case", "show", "--case", case, "--json").json["case"]["events"] == 1


@pytest.mark.browser
def test_captures_become_items_and_a_failed_one_makes_the_answer_1(
    officer: RunCommand, case: Path, network: str, tmp_path: Path
) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text(f"# жагсаалт\n{network}/news/501\n{network}/outcomes/lost\n", encoding="utf-8")

    answer = officer("capture", "--batch", listed, "--note", "тайлбар", "--case", case, "--json")
    again = officer("capture", "--batch", listed, "--resume", "--case", case, "--json")

    document = answer.json
    assert answer.code == 1
    assert next(iter(document.items())) == ("schema", "evidence-kit/capture/1")
    assert [(item["id"], item["status"]) for item in document["items"]] == [
        ("EV-0001", "complete"),
        ("EV-0002", "failed"),
    ]
    assert document["practice"] is True
    assert document["items"][0]["timestamp"] == "none"
    events = officer("custody", "log", "--case", case, "--json").json["events"]
    assert {event["note"] for event in events[1:3]} == {"тайлбар"}
    assert again.json["skipped"] == [f"{network}/news/501"]
    assert [item["id"] for item in again.json["items"]] == ["EV-0003"]
    assert officer("verify", case).code == 0


@pytest.mark.browser
def test_an_incomplete_capture_makes_the_answer_4_and_says_what_is_missing(
    officer: RunCommand, case: Path, network: str
) -> None:
    answer = officer("capture", f"{network}/outcomes/truncated", "--no-scroll", "--case", case)

    assert answer.code == 4
    assert MARK in answer.out
    assert "Status:" in answer.out
    assert "Result: incomplete" in answer.out


@pytest.mark.browser
def test_expand_opens_what_is_folded_and_the_item_says_so(officer: RunCommand, case: Path, network: str) -> None:
    answer = officer("capture", f"{network}/", "--expand", "--no-scroll", "--case", case, "--json")

    item = case / "items" / answer.json["items"][0]["id"] / "item.json"
    found = [action["action"] for action in json.loads(item.read_text("utf-8"))["actions"]]
    assert "clicked" in found
    assert "expanded" in found
    assert "scrolled" not in found


@pytest.mark.browser
def test_what_is_sensitive_says_so_and_its_pictures_stay_blurred_when_others_are_shown(
    officer: RunCommand, case: Path, network: str, tmp_path: Path
) -> None:
    assert officer("capture", f"{network}/posts/1001", "--sensitive", "--no-scroll", "--case", case).code == 0

    shown = officer("show", "EV-0001", "--case", case)
    made = officer("bundle", "--show-pictures", "--output", tmp_path / "b", "--report-language", "en", "--case", case)

    run = ["pdftotext", str(tmp_path / "b/data/report.pdf"), "-"]
    text = " ".join(subprocess.run(run, capture_output=True, check=True).stdout.decode().split())
    flags = json.loads((case / "items/EV-0001/item.json").read_bytes())["flags"]
    assert flags == [{"code": "sensitive", "detail": ""}]
    assert "Sensitive" in shown.out
    assert made.code == 0
    assert "Sensitive: blurred wherever it is shown" in text
    assert "Blurred" in text
    assert "Not blurred" not in text


@pytest.mark.browser
def test_a_training_connection_records_the_name_that_was_asked_for(
    officer: RunCommand, case: Path, network: str
) -> None:
    address = network.removeprefix("http://")

    answer = officer(
        "capture",
        "http://toirog.example/news/501",
        "--connect-to",
        f"toirog.example={address}",
        "--case",
        case,
        "--json",
    )

    assert answer.json["items"][0]["final_url"] == "http://toirog.example/news/501"


@pytest.mark.browser
def test_a_bundle_of_a_capture_is_made_verified_and_never_overwritten(
    officer: RunCommand, case: Path, network: str, tmp_path: Path
) -> None:
    officer("capture", f"{network}/news/501", "--case", case)
    folder, packed = tmp_path / "багц 1", tmp_path / "багц 1.zip"

    made = officer(
        "bundle", "--output", folder, "--report-language", "both", "--purpose", "Шүүхэд", "--case", case, "--json"
    )
    zipped = officer("bundle", "--output", packed, "--items", "EV-0001", "--case", case)
    again = officer("bundle", "--output", folder, "--case", case)

    document = made.json
    assert made.code == 0
    assert next(iter(document.items())) == ("schema", "evidence-kit/bundle/1")
    assert {"bundle", "reports", "root", "signature_level", "sha256", "practice"} <= document.keys()
    assert document["signature_level"] == "B-B"
    assert zipped.code == 0
    assert MARK in zipped.out
    assert f'evidence-kit verify "{packed}"' in zipped.out
    assert officer("verify", folder, "--json").json["root"] == document["root"]
    assert officer("verify", packed).code == 0
    assert again.code == 1
    assert officer("bundle", "--output", tmp_path / "x", "--items", "EV-0009", "--case", case).code == 2
    assert not (tmp_path / "x").exists()


@pytest.mark.browser
def test_an_authority_that_is_silent_leaves_the_bundle_at_level_b_b_and_the_answer_is_4(
    run: RunCommand, tsa: OpensslTsa, network: str, tmp_path: Path
) -> None:
    case = tmp_path / "case"
    run("setup", "--practice", *OFFICER, "--tsa", tsa.url, "--trust", tsa.root_pem)
    run("case", "new", case, "--number", "1", "--title", "T")
    captured = run("capture", f"{network}/news/501", "--case", case, "--json")
    stamped = run("bundle", "--output", tmp_path / "stamped", "--case", case, "--json")
    tsa.answer = "refused"
    pending = run("bundle", "--output", tmp_path / "pending", "--case", case)
    tsa.answer = "granted"

    assert captured.code == 0
    assert captured.json["items"][0]["timestamp"].endswith("Z")
    assert (stamped.code, stamped.json["signature_level"]) == (0, "B-T")
    assert pending.code == 4
    assert "B-B" in pending.out
    assert "evidence-kit timestamp --pending" in pending.out


@pytest.mark.parametrize("text", ["tomorrow", "-1", "+1", "1_000", "١", " 5", "253402300800", "9" * 5000])
def test_the_time_of_reports_must_be_a_number(
    officer: RunCommand, case: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    before = (case / "custody.jsonl").read_bytes()

    answer = officer("bundle", "--output", case.parent / "b", "--case", case)

    assert answer.code == 2
    assert "from 0 to 253370764799" in answer.err
    assert (case / "custody.jsonl").read_bytes() == before
    assert "SOURCE_DATE_EPOCH" in answer.err
