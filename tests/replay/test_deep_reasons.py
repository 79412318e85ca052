"""What cannot be rendered again is left open, with the reason."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evidence_kit import canonical
from evidence_kit.browser.find import Browser
from evidence_kit.canonical import Json
from evidence_kit.errors import FormatError
from evidence_kit.models import Replayed, ignore
from evidence_kit.replay.deep import Replaying, _circumstances, items_at, replay_item, replay_wacz
from evidence_kit.replay.deep_result import ItemReplay
from tests.support.captures import now
from tests.support.cases import commit_small_item, open_case
from tests.support.forging import rebuild_item
from tests.support.people import practice_custodian
from tests.support.replay_site import picture

NOT_STARTED = Replaying(browser=Browser(path=Path("never started"), kind="chromium"), clock=now, on_step=ignore)


@pytest.fixture
def item(tmp_path: Path) -> Path:
    """Return the folder of a small item with a screenshot."""
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    commit_small_item(case, custodian, screenshot=picture("#fff", "#000"))
    return Path(shutil.copytree(case.path / "items" / "EV-0001", tmp_path / "EV-0001"))


def checked(item: Path, tmp_path: Path) -> ItemReplay:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with items_at(item, "item") as places:
        return replay_item(places[0], scratch, NOT_STARTED)


def change(item: Path, **members: Json) -> None:
    """Change the item's own record, and its list with it."""
    record = json.loads((item / "item.json").read_bytes())
    (item / "item.json").write_bytes(canonical.pretty({**record, **members}))
    rebuild_item(item)


def failed(item: Path) -> None:
    change(item, status="failed")


def supplied(item: Path) -> None:
    change(item, source="supplied")


def by_hand(item: Path) -> None:
    (item / "shots.json").write_bytes(b"{}")
    rebuild_item(item)


def without_archive(item: Path) -> None:
    (item / "capture.wacz").unlink()


def another_archive(item: Path) -> None:
    (item / "capture.wacz").write_bytes(b"PK")


def another_picture(item: Path) -> None:
    (item / "screenshot.png").write_bytes(picture("#000", "#fff"))


def no_list(item: Path) -> None:
    (item / "manifest-sha256.txt").write_bytes(b"no list")


def no_record(item: Path) -> None:
    (item / "item.json").write_bytes(b"[" * 100_000)


def odd_roles(item: Path) -> None:
    change(item, files=[{"path": "screenshot.png", "role": [], "media_type": "image/png"}])


def untouched(_item: Path) -> None:
    """Leave it: its archive has no record of a page."""


@pytest.mark.parametrize(
    ("act", "reason", "outcome"),
    [
        (failed, "the capture failed", Replayed.NOT_COMPARED),
        (supplied, "handed over and not captured", Replayed.NOT_COMPARED),
        (by_hand, "a person used the page", Replayed.NOT_COMPARED),
        (without_archive, "the web archive is not here", Replayed.NOT_COMPARED),
        (another_archive, "not the one in the item's list", Replayed.NOT_COMPARABLE),
        (another_picture, "screenshot.png is not the picture in the item's list", Replayed.NOT_COMPARABLE),
        (no_list, "", Replayed.NOT_COMPARABLE),
        (no_record, "no JSON", Replayed.NOT_COMPARABLE),
        (odd_roles, "a picture that no capture makes", Replayed.NOT_COMPARABLE),
        (untouched, "does not say how its page was captured", Replayed.NOT_COMPARABLE),
    ],
)
def test_the_reason_is_told(
    item: Path, tmp_path: Path, act: Callable[[Path], None], reason: str, outcome: Replayed
) -> None:
    act(item)

    found = checked(item, tmp_path)

    assert found.outcome is outcome
    assert found.reason
    assert reason in found.reason
    assert found.to_json()["agreement"] is None


@pytest.mark.parametrize("odd", [{"timeout_ms": 10**400}, {"viewport": [10**400, 1]}, {"timeout_ms": 0}])
def test_circumstances_that_no_capture_has_are_refused(odd: dict[str, object]) -> None:
    inventory = {"url": "https://example.mn/", "started": "2026-11-22T01:02:03.000Z"}
    settings = {
        "viewport": [1280, 900],
        "locale": "mn-MN",
        "timezone": "Asia/Ulaanbaatar",
        "scroll": True,
        "expand": False,
        "timeout_ms": 60_000,
        "interactive": False,
    }

    assert _circumstances(inventory, {"settings": settings}).timeout == 60
    with pytest.raises(FormatError, match="does not say"):
        _circumstances(inventory, {"settings": {**settings, **odd}})


def test_without_a_browser_that_is_the_reason(item: Path, tmp_path: Path) -> None:
    with items_at(item, "item") as places:
        found = replay_item(places[0], tmp_path, replace(NOT_STARTED, browser=None, why_none="there is no browser"))

    assert (found.outcome, found.reason) == (Replayed.NOT_COMPARED, "there is no browser")


def test_an_archive_alone_that_is_not_ours_has_a_reason(item: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    assert "does not say" in replay_wacz(item / "capture.wacz", scratch, NOT_STARTED).reason
    assert replay_wacz(item / "screenshot.png", scratch, NOT_STARTED).reason


def test_of_a_picture_that_was_cut_short_agreement_is_not_said_without_that() -> None:
    (finding,) = ItemReplay(item="EV-0001", folder="", cut=True).findings()

    assert finding.outcome is Replayed.AGREES
    assert "screenshot.png was cut short when it was taken" in finding.detail
