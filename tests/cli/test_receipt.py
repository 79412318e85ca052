"""``custody receipt`` and ``verify --receipt``: a head given to somebody outside shows that the tail was cut."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_kit.archive.tree import FolderTree
from evidence_kit.bundle.mongolian_dates import local_stamp
from evidence_kit.custody.custodian import Custodian
from evidence_kit.models import parse_utc
from tests.cli.running import Result, RunCommand
from tests.support.people import keep_key


def cut(case: Path, events: int) -> None:
    """Remove the last *events* of the log, as somebody would who holds the files: nothing inside shows it."""
    for name in ("custody.jsonl", "custody.sig"):
        lines = (case / name).read_bytes().splitlines(keepends=True)
        (case / name).write_bytes(b"".join(lines[:-events]))


def log_of(case: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (case / "custody.jsonl").read_bytes().splitlines()]


def outcomes(answer: Result, check: str) -> list[str]:
    return [found["outcome"] for found in answer.json["checks"] if found["id"] == check]


@pytest.fixture
def item(with_item: Callable[[], str]) -> str:
    return with_item()


def test_a_receipt_names_the_head_before_its_own_event(officer: RunCommand, case: Path, item: str) -> None:
    before = officer("custody", "log", "--case", case, "--json").json["head"]

    document = officer("custody", "receipt", item, "--case", case, "--json").json
    log = officer("custody", "log", "--case", case, "--json").json

    assert next(iter(document.items())) == ("schema", "evidence-kit/custody-receipt/1")
    assert document["practice"] is True
    assert document["receipt"]["head"] == before
    assert document["event"] == 4
    event = log["events"][-1]
    assert (event["type"], event["item"], event["detail"]) == ("receipt", item, {"head": before, "seq": 3})
    assert officer("verify", case).code == 0


def test_its_times_stand_in_ulaanbaatar_too(officer: RunCommand, case: Path, item: str) -> None:
    """Beside the time of issue in Ulaanbaatar, one in UTC alone reads as eight hours earlier."""
    (committed,) = (each for each in log_of(case) if each["type"] == "captured")
    time = str(committed["time"])

    shown = officer("custody", "receipt", item, "--case", case).out

    assert f"{local_stamp(parse_utc(time))} (UTC+8) · {time}" in shown


@pytest.mark.parametrize("how", ["text", "file", "typed", "code"])
def test_the_last_events_cannot_be_removed_unseen(
    officer: RunCommand, case: Path, with_item: Callable[[], str], how: str
) -> None:
    item, _ = with_item(), with_item()
    issued = officer("custody", "receipt", item, "--case", case, "--json").json
    file = case.with_name("receipt.txt")
    file.write_text(issued["text"], encoding="utf-8")
    rows = [line for line in issued["text"].splitlines() if line[:1] in "HD" and line[1:2].isdigit()]
    given = {
        "text": issued["text"],
        "file": file,
        "typed": " ".join(line[2:] for line in rows[:4]).lower(),
        "code": issued["receipt"]["code"],
    }[how]

    whole = officer("verify", case, "--receipt", given, "--json")
    cut(case, 3)
    shutil.rmtree(case / "items" / "EV-0002")
    shutil.rmtree(case / "seals" / "EV-0002")
    unseen = officer("verify", case)
    seen = officer("verify", case, "--receipt", given, "--json")

    assert whole.code == 0
    assert outcomes(whole, "custody.receipt") == ["passed"]
    assert whole.json["facts"]["outside_anchors"][0]["event"] == 5
    assert unseen.code == 0
    assert "no outside anchor" in unseen.out
    assert seen.code == 3
    assert outcomes(seen, "custody.receipt") == ["failed"]


def test_the_pdf_is_one_page_whose_code_can_be_scanned(
    officer: RunCommand, case: Path, item: str, tmp_path: Path, oracle: Callable[[str], Path]
) -> None:
    page = tmp_path / "баримт 1.pdf"

    answer = officer("custody", "receipt", item, "--output", page, "--case", case)

    assert answer.code == 0
    subprocess.run([oracle("pdftoppm"), "-r", "150", "-png", page, tmp_path / "page"], check=True)
    (picture,) = tmp_path.glob("page-*.png")
    scanned = subprocess.run([oracle("zbarimg"), "-q", "--raw", picture], check=True, capture_output=True, text=True)
    assert officer("verify", case, "--receipt", scanned.stdout).code == 0
    assert officer("verify", case, "--receipt", page).code == 0
    shown = subprocess.run([oracle("pdftotext"), "-layout", page, "-"], check=True, capture_output=True, text=True)
    assert "Сургалтын хэрэг" not in shown.stdout
    assert "Хүлээн авсан" in shown.stdout
    cut(case, 2)
    assert officer("verify", case, "--receipt", page).code == 3


def test_a_mistyped_group_is_named_and_nothing_is_verified(officer: RunCommand, case: Path, item: str) -> None:
    text = officer("custody", "receipt", item, "--case", case, "--json").json["text"]
    row = next(line for line in text.splitlines() if line.startswith("H2"))
    group = row.split()[2]
    wrong = ("0" if group[0] != "0" else "1") + group[1:]

    answer = officer("verify", case, "--receipt", text.replace(row, row.replace(group, wrong)))

    assert answer.code == 2
    assert "group 2 of row H2" in answer.err
    assert answer.out == ""


def test_a_receipt_that_cannot_be_made_leaves_no_event(
    officer: RunCommand, case: Path, item: str, tmp_path: Path
) -> None:
    taken = tmp_path / "taken.pdf"
    taken.write_bytes(b"")
    before = (case / "custody.jsonl").read_bytes()

    assert officer("custody", "receipt", item, "--output", taken, "--case", case).code == 1
    assert officer("custody", "receipt", "EV-0009", "--case", case).code == 1
    assert officer("custody", "receipt", item, "--output", case / "r.pdf", "--case", case).code == 2

    assert (case / "custody.jsonl").read_bytes() == before
    assert not [name for name in FolderTree(tmp_path).names() if ".new-" in name]


def test_a_receipt_for_a_folder_that_is_missing_says_which(
    officer: RunCommand, case: Path, item: str, tmp_path: Path
) -> None:
    before = (case / "custody.jsonl").read_bytes()

    answer = officer("custody", "receipt", item, "--output", tmp_path / "missing" / "r.pdf", "--case", case)

    assert answer.code == 2
    assert f"there is no folder {tmp_path / 'missing'}" in answer.err
    assert ".new-" not in answer.err
    assert (case / "custody.jsonl").read_bytes() == before


_KILLED = """
import os, signal, sys
from pathlib import Path
import evidence_kit.bundle.issuing as issuing
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.stamping import Stamping
from tests.support.people import custodian_from
issuing.move_new = lambda *paths: os.kill(os.getpid(), signal.SIGKILL)
issuing.issue_receipt(CaseFolder.open(Path(sys.argv[1])), sys.argv[2], custodian=custodian_from(Path(sys.argv[3])),
                      stamping=Stamping(), output=Path(sys.argv[4]))
"""


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: kills with SIGKILL")
def test_what_a_killed_receipt_leaves_the_next_one_removes(  # noqa: PLR0913, PLR0917  # what a kill takes
    officer: RunCommand, case: Path, item: str, custodian: Callable[[], Custodian], tmp_path: Path, project: Path
) -> None:
    place = tmp_path / "out"
    place.mkdir()
    key = keep_key(custodian(), tmp_path / "key.p12")
    command = [sys.executable, "-c", _KILLED, str(case), item, str(key), str(place / "a.pdf")]
    assert subprocess.run(command, cwd=project, check=False).returncode == -signal.SIGKILL
    assert [path.name[:10] for path in place.iterdir()] == [".a.pdf.new"]

    assert officer("custody", "receipt", item, "--output", place / "b.pdf", "--case", case).code == 0

    assert [path.name for path in place.iterdir()] == ["b.pdf"]
    assert officer("verify", case).code == 0


def test_a_receipt_of_another_item_list_fails(officer: RunCommand, case: Path, item: str) -> None:
    code = officer("custody", "receipt", item, "--case", case, "--json").json["receipt"]["code"]
    head, _, _ = code.rpartition(":")

    answer = officer("verify", case, "--receipt", f"{head}:{'0' * 64}", "--json")

    assert outcomes(answer, "custody.receipt") == ["failed"]


def test_what_is_no_case_has_nothing_to_hold_a_receipt_against(officer: RunCommand, case: Path, item: str) -> None:
    code = officer("custody", "receipt", item, "--case", case, "--json").json["receipt"]["code"]

    answer = officer("verify", case / "items" / item / "capture.wacz", "--receipt", code, "--json")

    assert outcomes(answer, "custody.receipt") == ["not-checked"]
