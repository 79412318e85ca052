"""What an item's files tell of its capture: every request counted by its fate, and nothing called done that was not."""

import json
from pathlib import Path

import pytest

from evidence_kit.bundle.exhibit_parts import AttemptState, ItemFile
from evidence_kit.bundle.exhibit_reading import MOST_MISSING, attempted, environment_facts, pictures_of, requests_of
from evidence_kit.bundle.page_text import page_links
from evidence_kit.canonical import Json
from evidence_kit.errors import FormatError
from evidence_kit.models import utc_text
from tests.support.report_cases import MOMENT, digest_of

CAPTURED: dict[str, Json] = {"source": "captured", "http_status": 200, "recorder": "wire"}


def ledger(folder: Path, *requests: dict[str, Json]) -> Path:
    lines = [{"schema": "evidence-kit/ledger/1"}, *requests]
    path = folder / "ledger.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def file(path: str, role: str) -> ItemFile:
    return ItemFile(path=path, role=role, sha256=digest_of(path), size=1)


def states(settings: Json, *roles: str, **record: Json) -> dict[str, str]:
    files = [file(role, role) for role in roles]
    found = attempted({**CAPTURED, **record}, {"settings": settings}, files)
    return {each.code: str(each.state) for each in found}


def test_a_picture_that_was_cut_is_not_called_done() -> None:
    """The screenshot is there, and a problem says that it does not show the whole page."""
    problems: Json = [{"code": "screenshot.truncated", "detail": ""}, {"code": "freeze.failed", "detail": ""}]

    cut = states({}, "screenshot", "first-screenshot", problems=problems)
    missing = states({}, problems=problems)

    assert (cut["screenshot"], cut["first-screenshot"]) == ("partly", "partly")
    assert (missing["screenshot"], missing["first-screenshot"]) == ("not-obtained", "not-obtained")


def test_requests_are_counted_by_what_became_of_them(tmp_path: Path) -> None:
    path = ledger(
        tmp_path,
        {"outcome": "recorded", "background": False},
        {"outcome": "recorded", "background": True},
        {"outcome": "failed", "reason": "net::ERR_BLOCKED_BY_CSP", "url": "https://a.mn/1"},
        {"outcome": "failed", "reason": "net::ERR_FAILED", "url": "https://a.mn/2"},
        {"outcome": "served-from-cache"},
    )

    found = requests_of(path)

    assert found is not None
    counts = {each.code: each.count for each in found.counts}
    assert counts == {
        "requests": 5,
        "recorded": 2,
        "served-from-service-worker": 0,
        "served-from-cache": 1,
        "truncated": 0,
        "failed": 2,
        "blocked": 1,
        "not-recorded": 0,
        "background": 1,
    }
    assert [each.url for each in found.missing] == ["https://a.mn/1", "https://a.mn/2"]


def test_no_more_missing_requests_are_listed_than_a_page_bears_and_the_others_are_counted(tmp_path: Path) -> None:
    lost: dict[str, Json] = {"outcome": "not-recorded"}

    found = requests_of(ledger(tmp_path, *[lost] * (MOST_MISSING + 7)))

    assert found is not None
    assert (len(found.missing), found.unlisted) == (MOST_MISSING, 7)


def test_a_ledger_that_is_none_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text("{}\n[]\n", encoding="utf-8")

    with pytest.raises(FormatError, match="not a JSON object"):
        requests_of(path)


def test_what_was_not_asked_for_is_not_called_done() -> None:
    actions: Json = [{"action": "scrolled"}]

    found = states({"scroll": True, "expand": False}, "dom", "screenshot", actions=actions)

    assert found["dom"] == found["screenshot"] == found["scroll"] == found["wire"] == AttemptState.DONE
    assert found["expand"] == found["login"] == AttemptState.NOT_ATTEMPTED
    assert found["text"] == AttemptState.NOT_OBTAINED
    assert found["all-comments"] == AttemptState.NOT_ESTABLISHED


def test_what_was_asked_for_and_did_not_happen_is_not_called_done() -> None:
    found = states({"scroll": True, "expand": True}, http_status=None)

    assert found["source"] == found["scroll"] == found["expand"] == AttemptState.NOT_OBTAINED


def test_whether_somebody_logged_in_by_hand_is_not_established() -> None:
    found = states({"interactive": True, "scroll": True, "expand": False})

    assert found["login"] == AttemptState.NOT_ESTABLISHED
    assert found["first-screenshot"] == found["scroll"] == AttemptState.NOT_ATTEMPTED


def test_a_clock_that_was_not_measured_is_called_so() -> None:
    why = "no time server is named in the settings"
    clock: Json = {"state": "unverified", "offset_ms": None, "source": "system", "why": why, "servers": []}

    facts = dict(environment_facts({"time": {"clock": clock}, "network": {"egress_address": "not asked"}}))

    assert facts == {"clock_state": "unverified", "clock_why": why, "egress_address": "not asked"}


def test_the_size_of_the_window_is_a_measure_and_no_list() -> None:
    facts = dict(environment_facts({"settings": {"viewport": [1280, 900], "max_bytes": 536870912}}))

    assert facts == {"viewport": "1280 × 900", "max_bytes": 536870912}


def test_the_main_screenshot_comes_first_and_each_picture_has_the_time_that_is_known(tmp_path: Path) -> None:
    (tmp_path / "freeze.json").write_text(json.dumps({"time": utc_text(MOMENT)}), encoding="utf-8")
    files = [
        file("window.png", "window"),
        file("first/screenshot.png", "first-screenshot"),
        file("screenshot.png", "screenshot"),
        file("freeze.json", "freeze"),
    ]

    found = [(each.path, taken) for each, taken in pictures_of(tmp_path, files)]

    assert found == [("screenshot.png", None), ("window.png", None), ("first/screenshot.png", MOMENT)]


def test_links_are_listed_once_and_lead_somewhere(tmp_path: Path) -> None:
    dom = tmp_path / "dom.html"
    dom.write_text(
        '<a href="/b">One</a> <a href="#top">Top</a> <a href="https://a.mn/b">again</a> <a href="https://[">x</a>'
        ' <a href="javascript:void 0">Run</a> <a href="mailto:x@a.mn">  Мэйл <b>бичих</b></a> <a>none</a> text',
        encoding="utf-8",
    )

    found = [(link.text, link.url) for link in page_links(dom, "https://a.mn/a")]

    assert found == [("One", "https://a.mn/b"), ("Мэйл бичих", "mailto:x@a.mn")]
