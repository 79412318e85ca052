"""``verify --deep`` where nothing can be rendered: it says why, and changes no verdict."""

import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_kit.cli.verify_deep import _drawn, _new_folder
from evidence_kit.errors import CaseError
from evidence_kit.models import Outcome, Replayed, ReplayFinding, Verdict, VerificationReport
from evidence_kit.pictures.comparing import Agreement
from evidence_kit.replay.deep_pictures import Drawing
from evidence_kit.replay.deep_result import ItemReplay, SealedPicture
from evidence_kit.verify.replayed import with_replay
from tests.cli.running import RunCommand


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name a browser that is not there."""
    monkeypatch.setenv("EVIDENCE_KIT_BROWSER", "no-such-browser")


def test_without_deep_there_is_no_such_check(officer: RunCommand, case: Path, with_item: Callable[[], str]) -> None:
    with_item()

    document = officer("verify", case, "--json").json

    assert "replay" not in document
    assert not [check for check in document["checks"] if check["id"] == "replay.screenshot"]


@pytest.mark.usefixtures("nowhere")
def test_what_cannot_be_rendered_is_not_checked_and_the_verdict_stays(
    officer: RunCommand, case: Path, with_item: Callable[[], str]
) -> None:
    with_item()

    answer = officer("verify", case, "--deep", "--json")
    strict = officer("verify", case, "--deep", "--strict")
    mongolian = officer("verify", case, "--deep", "--lang", "mn")

    assert (answer.code, answer.json["verdict"]) == (0, "verified")
    (item,) = answer.json["replay"]
    assert (item["item"], item["outcome"], item["agreement"]) == ("EV-0001", "not-compared", None)
    (check,) = [check for check in answer.json["checks"] if check["id"] == "replay.screenshot"]
    assert (check["outcome"], check["subject"]) == ("not-checked", "items/EV-0001/screenshot.png")
    assert check["detail"] == item["reason"] != ""
    assert strict.code == 4
    assert f"EV-0001: not compared: {item['reason']}" in strict.out
    assert "EV-0001: тулгаагүй" in mongolian.out


@pytest.mark.usefixtures("nowhere")
def test_what_holds_no_item_says_so(run: RunCommand, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("no evidence", encoding="utf-8")

    answer = run("verify", tmp_path / "note.txt", "--deep")

    assert answer.code == 1
    assert "Nothing was rendered again: there is no captured item here" in answer.out


@pytest.mark.usefixtures("nowhere")
def test_a_bundle_that_cannot_be_opened_is_altered_all_the_same(run: RunCommand, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bundle.zip", "w") as packed:
        packed.writestr("one/tagmanifest-sha256.txt.p7s", b"")
        packed.writestr("two/bagit.txt", b"")

    answer = run("verify", tmp_path / "bundle.zip", "--deep", "--json")

    assert (answer.code, answer.json["verdict"], answer.json["replay"]) == (3, "altered", [])


@pytest.mark.parametrize("option", [("--pictures", "new"), ("--reveal",), ("--timeout", "30")])
def test_options_of_deep_mean_nothing_without_it(run: RunCommand, tmp_path: Path, option: tuple[str, ...]) -> None:
    answer = run("verify", tmp_path, *option)

    assert answer.code == 2
    assert "belong to --deep" in answer.err


@pytest.mark.usefixtures("nowhere")
def test_pictures_go_into_a_new_folder_only(
    officer: RunCommand, case: Path, with_item: Callable[[], str], tmp_path: Path
) -> None:
    with_item()
    there, new = tmp_path / "there", tmp_path / "new"
    there.mkdir()

    refused = officer("verify", case, "--deep", "--pictures", there)
    revealed = officer("verify", case, "--deep", "--reveal")
    made = officer("verify", case, "--deep", "--pictures", new)

    assert (refused.code, list(there.iterdir())) == (2, [])
    assert revealed.code == 2
    assert (made.code, list(new.iterdir())) == (0, [])
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".pictures")]


@pytest.mark.usefixtures("nowhere")
def test_pictures_never_go_into_evidence_nor_where_they_cannot_be(
    officer: RunCommand, case: Path, with_item: Callable[[], str], tmp_path: Path
) -> None:
    with_item()
    alone = Path(shutil.copytree(case / "items" / "EV-0001", tmp_path / "alone"))
    places = {
        case / "new": case,
        case / "items" / "EV-0001" / "new": alone,
        alone / "new": alone,
        tmp_path / "no" / "such" / "new": case,
    }
    if sys.platform != "win32":
        (tmp_path / "led").symlink_to(case, target_is_directory=True)
        (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
        places |= {tmp_path / "led" / "new": alone, tmp_path / "nowhere": case}

    for place, verified in places.items():
        answer = officer("verify", verified, "--deep", "--pictures", place)
        assert (answer.code, answer.out) == (2, ""), place
        assert "hint" in answer.err
    assert officer("verify", case).code == 0


@pytest.mark.usefixtures("nowhere")
def test_in_a_case_nothing_is_revealed_without_a_purpose_in_the_log(
    officer: RunCommand, case: Path, with_item: Callable[[], str], tmp_path: Path
) -> None:
    with_item()
    new = ("--deep", "--reveal", "--pictures", tmp_path / "new")
    recorded = ("--record", "--purpose", "Сургалт")

    for verified in (case, case / "items" / "EV-0001", case / "items" / "EV-0001" / "capture.wacz"):
        for more in ((), recorded[:1], recorded[1:]):
            answer = officer("verify", verified, *new, *more)
            assert (answer.code, answer.out) == (2, ""), (verified, more)
    assert officer("verify", case, *new, *recorded).code == 0


def test_what_cannot_be_logged_is_not_drawn(tmp_path: Path) -> None:
    agreement = Agreement(size=(16, 16), differing=256, regions=(), more=0)
    found = ItemReplay(
        item="EV-0001",
        folder="",
        pictures=(SealedPicture(path="screenshot.png", role="screenshot", agreement=agreement),),
    )
    drawing = Drawing(
        folder=tmp_path, reveal=True, legend=lambda _item, _picture: (), recorded="", rendered="", font=tmp_path / "no"
    )

    def full(_item: str) -> None:
        raise CaseError("the disk is full")

    with pytest.raises(CaseError, match="the disk is full"):
        _drawn(found, tmp_path, drawing, full)


def test_pictures_replace_no_folder_that_came_meanwhile(tmp_path: Path) -> None:
    wanted = tmp_path / "drawn"

    def draw_while_somebody_makes_it() -> None:
        with _new_folder(wanted):
            wanted.mkdir()

    with pytest.raises(CaseError, match="already there"):
        draw_while_somebody_makes_it()

    assert [path.name for path in tmp_path.iterdir()] == ["drawn"]


def finding(outcome: Replayed) -> ReplayFinding:
    return ReplayFinding(subject="items/EV-0001/screenshot.png", outcome=outcome, detail="why")


@pytest.mark.parametrize(
    ("before", "outcome", "after"),
    [
        (Verdict.VERIFIED, Replayed.AGREES, Verdict.VERIFIED),
        (Verdict.VERIFIED, Replayed.NOT_COMPARED, Verdict.VERIFIED),
        (Verdict.VERIFIED, Replayed.NOT_COMPARABLE, Verdict.CANNOT_VERIFY),
        (Verdict.VERIFIED, Replayed.DIFFERS, Verdict.CANNOT_VERIFY),
        (Verdict.UNCHANGED, Replayed.DIFFERS, Verdict.CANNOT_VERIFY),
        (Verdict.ALTERED, Replayed.DIFFERS, Verdict.ALTERED),
    ],
)
def test_a_difference_is_never_called_altered(before: Verdict, outcome: Replayed, after: Verdict) -> None:
    report = VerificationReport(verdict=before, kind="item", subject="EV-0001", root=None)

    found = with_replay(report, [finding(Replayed.AGREES), finding(outcome)])

    assert found.verdict is after
    assert found.checks[1].outcome is (Outcome.PASSED if outcome is Replayed.AGREES else Outcome.NOT_CHECKED)


@pytest.mark.skipif(sys.platform == "win32", reason="NOT TESTED: there is no kill -9 there")
def test_of_a_check_that_was_killed_no_picture_is_left(tmp_path: Path) -> None:
    work = (
        "import sys, time; from pathlib import Path; from evidence_kit.cli.verify_deep import _new_folder, _scratch\n"
        "with _new_folder(Path(sys.argv[1])) as drawn, _scratch() as scratch:\n"
        "    for folder in (drawn, scratch): (folder / 'shown.png').write_bytes(b'x')\n"
        "    print('there', flush=True); time.sleep(60)"
    )
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    command = [sys.executable, "-c", work, str(tmp_path / "drawn")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        assert len(list(tmp_path.rglob("shown.png"))) == 2
        process.kill()
    deadline = time.monotonic() + 20
    while list(tmp_path.rglob("shown.png")) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert [path.name for path in tmp_path.iterdir()] == ["temporary"]
    assert list(temporary.iterdir()) == []
