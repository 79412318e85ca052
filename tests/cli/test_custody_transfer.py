"""``custody transfer`` and ``accept``: two officers, each with a settings folder and a key of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_kit.case.folder import CaseFolder
from tests.cli.running import Result, RunCommand

TO = (
    "--to",
    "Зохиомол Болор",
    "--to-role",
    "прокурор",
    "--to-agency",
    "Сургалтын прокурор",
    "--purpose",
    "Яллах дүгнэлт",
)


@pytest.fixture
def item(with_item: Callable[[], str]) -> str:
    """Return an item of the case."""
    return with_item()


@pytest.fixture
def certificate(colleague: RunCommand, tmp_path: Path) -> Path:
    """Return the colleague's certificate, taken from a case of their own."""
    own = tmp_path / "other case"
    assert colleague("case", "new", own, "--number", "2", "--title", "T").code == 0
    log = CaseFolder.open(own).log()
    file = tmp_path / "болор.pem"
    file.write_bytes(log.certificates[log.full_events()[0].certificate.hex].pem())
    return file


def checks(answer: Result) -> dict[str, str]:
    return {check["id"]: check["outcome"] for check in answer.json["checks"]}


def spoil(case: Path, item: str) -> None:
    path = case / "items" / item / "capture.wacz"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def test_an_open_hand_over_is_shown_wherever_the_case_is_shown(officer: RunCommand, case: Path, item: str) -> None:
    given = officer("custody", "transfer", item, *TO, "--place", "Улаанбаатар", "--case", case, "--json")

    verified = officer("verify", case, "--json")
    assert given.code == 0
    assert next(iter(given.json.items())) == ("schema", "evidence-kit/custody-transfer/1")
    (event,) = given.json["events"]
    assert (event["type"], event["item"], event["place"]) == ("released", item, "Улаанбаатар")
    for command in (("case", "show"), ("list",), ("show", item), ("custody", "log")):
        assert "Hand-over not complete: EV-0001, event 4" in officer(*command, "--case", case).out, command
    assert officer("case", "show", "--case", case, "--json").json["case"]["open_transfers"][0]["item"] == item
    assert officer("list", "--case", case, "--json").json["items"][0]["transfer"]["state"] == "open"
    assert officer("show", item, "--case", case, "--json").json["items"][0]["transfer"]["released"] == event["seq"]
    assert officer("custody", "log", "--case", case, "--json").json["transfers"][0]["state"] == "open"
    assert (verified.code, checks(verified)["custody.transfers"]) == (0, "not-checked")
    assert officer("verify", case, "--strict").code == 4


def test_a_hand_over_is_complete_when_the_receiver_has_signed(
    officer: RunCommand, colleague: RunCommand, case: Path, item: str, certificate: Path
) -> None:
    officer("custody", "transfer", item, *TO, "--to-certificate", certificate, "--case", case)

    taken = colleague("custody", "accept", "--condition", "бүтэн", "--case", case, "--json")

    (event,) = taken.json["events"]
    log = officer("custody", "log", "--case", case, "--json").json
    assert taken.code == 0
    assert (event["type"], event["outcome"], event["actor"]["name"]) == ("received", "accepted", "Зохиомол Болор")
    assert event["digests"] == log["events"][-2]["digests"]
    assert event["detail"]["released"]["seq"] == log["events"][-2]["seq"]
    assert [given["state"] for given in log["transfers"]] == ["accepted"]
    assert checks(officer("verify", case, "--json"))["custody.transfers"] == "passed"
    assert checks(officer("verify", case, "--json"))["custody.keys"] == "passed"
    assert "Зохиомол Болор" in officer("show", item, "--case", case).out
    assert "Hand-over not complete" not in officer("list", "--case", case).out


def test_a_receiver_whom_only_a_name_describes_brings_the_key_along(
    officer: RunCommand, colleague: RunCommand, case: Path, item: str
) -> None:
    officer("custody", "transfer", item, *TO, "--case", case)

    taken = colleague("custody", "accept", "--case", case)

    keys = officer("custody", "key", "list", "--case", case, "--json").json["keys"]
    assert taken.code == 0
    assert [key["subject"] for key in keys] == ["Зохиомол Дорж (PRACTICE)", "Зохиомол Болор (PRACTICE)"]
    assert officer("custody", "log", "--case", case).code == 0


def test_the_giver_cannot_accept_with_the_same_key(officer: RunCommand, case: Path, item: str) -> None:
    officer("custody", "transfer", item, *TO, "--case", case)
    before = (case / "custody.jsonl").read_bytes()

    answer = officer("custody", "accept", "--case", case)

    assert answer.code == 1
    assert "giver and receiver must be two" in answer.err
    assert (case / "custody.jsonl").read_bytes() == before


def test_an_item_that_is_not_what_was_handed_over_is_named_and_recorded_as_failed(
    officer: RunCommand, colleague: RunCommand, case: Path, item: str
) -> None:
    officer("custody", "transfer", item, *TO, "--case", case)
    spoil(case, item)

    taken = colleague("custody", "accept", "--case", case, "--json")

    assert taken.code == 3
    assert f"{item}; files: capture.wacz" in taken.err
    assert (taken.json["events"][0]["outcome"], taken.json["events"][0]["detail"]["wrong"]) == (
        "failed",
        ["capture.wacz"],
    )
    assert officer("custody", "log", "--case", case, "--json").json["transfers"][0]["state"] == "failed"


def test_an_altered_item_is_not_handed_over(officer: RunCommand, case: Path, item: str) -> None:
    spoil(case, item)
    before = (case / "custody.jsonl").read_bytes()

    answer = officer("custody", "transfer", item, *TO, "--case", case)

    assert answer.code == 3
    assert f"{item} is not as it was recorded: capture.wacz" in answer.err
    assert (case / "custody.jsonl").read_bytes() == before


def test_a_refusal_says_why_and_leaves_the_item_with_the_giver(
    officer: RunCommand, colleague: RunCommand, case: Path, item: str
) -> None:
    officer("custody", "transfer", item, *TO, "--case", case)

    silent = colleague("custody", "accept", "--refuse", "--case", case)
    refused = colleague("custody", "accept", "--refuse", "--note", "Лац эвдэрсэн", "--case", case, "--json")
    again = officer("custody", "transfer", item, *TO, "--case", case)

    assert silent.code == 2
    assert (refused.json["events"][0]["outcome"], refused.json["events"][0]["note"]) == ("refused", "Лац эвдэрсэн")
    assert again.code == 0


def test_the_giver_takes_back_what_nobody_signed_for(officer: RunCommand, case: Path, item: str) -> None:
    officer("custody", "transfer", item, *TO, "--case", case)

    taken_back = officer("custody", "accept", "--refuse", "--note", "Буруу хүн", "--case", case)

    assert taken_back.code == 0
    assert officer("custody", "log", "--case", case, "--json").json["transfers"][0]["state"] == "withdrawn"


def test_what_was_received_is_given_back_to_its_giver(
    officer: RunCommand, colleague: RunCommand, case: Path, item: str
) -> None:
    given = officer("custody", "transfer", item, *TO, "--case", case, "--json").json["events"][0]["seq"]
    colleague("custody", "accept", "--case", case)

    not_mine = officer("custody", "transfer", item, *TO, "--case", case)
    back = colleague("custody", "transfer", "--return", given, "--purpose", "Шалгаж дууссан", "--case", case, "--json")
    home = officer("custody", "accept", "--case", case)

    assert (not_mine.code, "held by another officer" in not_mine.err) == (1, True)
    assert back.json["events"][0]["detail"]["to"]["name"] == "Зохиомол Дорж"
    assert home.code == 0
    states = [given["state"] for given in officer("custody", "log", "--case", case, "--json").json["transfers"]]
    assert states == ["accepted", "accepted"]


def test_a_hand_over_for_one_key_is_refused_to_any_other(
    officer: RunCommand, case: Path, item: str, certificate: Path
) -> None:
    seq = officer("custody", "transfer", item, *TO, "--to-certificate", certificate, "--case", case, "--json")
    number = seq.json["events"][0]["seq"]
    officer("setup", "--practice", "--name", "Өөр хүн", "--id", "3", "--role", "мөрдөгч", "--agency", "Өөр")

    answer = officer("custody", "accept", number, "--case", case)

    assert answer.code == 1
    assert "for the holder of another key" in answer.err


def test_an_officer_whose_key_is_not_in_the_log_records_nothing(colleague: RunCommand, case: Path, item: str) -> None:
    before = (case / "custody.jsonl").read_bytes()

    answer = colleague("custody", "add", "viewed", item, "--purpose", "Хянах", "--case", case)

    assert answer.code == 1
    assert "custody key add" in answer.err
    assert (case / "custody.jsonl").read_bytes() == before


def test_a_bundle_says_which_hand_over_is_open(officer: RunCommand, case: Path, item: str, tmp_path: Path) -> None:
    officer("custody", "transfer", item, *TO, "--case", case)

    officer("bundle", "--output", tmp_path / "bundle", "--report-language", "en", "--case", case)

    verified = officer("verify", tmp_path / "bundle", "--json")
    assert checks(verified)["custody.transfers"] == "not-checked"
    assert verified.json["verdict"] == "verified"
    assert verified.json["facts"]["transfers"][0]["state"] == "open"
