"""Reveals while something else happens: the end of the program, another request, a seal."""

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

import pytest

from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.noting import note_events
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.errors import UsageError
from evidence_kit.replay.viewer_reveals import Part
from tests.support.viewing import served

pytestmark = pytest.mark.network


def test_a_reveal_under_way_is_written_before_the_end_and_nothing_is_served_after_it(viewed: CaseFolder) -> None:
    begun, go_on, written = threading.Event(), threading.Event(), []

    def note(item: str, part: Part, purpose: str) -> int:
        begun.set()
        assert go_on.wait(20)
        written.append((item, part, purpose))
        return 7

    with served(viewed.path, "case", note=note) as view:
        asking = threading.Thread(target=lambda: suppressed(view.reveal, "EV-0001", "replay"))
        asking.start()
        assert begun.wait(20)
        threading.Timer(0.5, go_on.set).start()

    assert written == [("EV-0001", Part.REPLAY, "Сургалт")]
    asking.join(20)
    assert [each.name for each in threading.enumerate() if each.name.startswith("view ")] == []
    with pytest.raises(UsageError):
        view.server.page.reveals.reveal("EV-0001", Part.TEXT, "Сургалт")


def suppressed(call: Callable[..., object], *given: object) -> None:
    with contextlib.suppress(OSError, HTTPException):
        call(*given)


def test_hidden_twice_at_once_is_hidden(viewed: CaseFolder, custodian: Custodian) -> None:
    with served(viewed.path, "case", custodian=custodian) as view:
        for _ in range(5):
            grant = view.reveal("EV-0001", "replay").json["grant"]
            with ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(lambda word: view.post("hide", {"grant": word}).status, [grant] * 8))
            assert answers == [200] * 8


def test_what_is_put_under_seal_meanwhile_is_not_opened(viewed: CaseFolder, custodian: Custodian) -> None:
    with served(viewed.path, "case", custodian=custodian) as view:
        before = view.reveal("EV-0001", "text").status
        sealed = Draft(type=EventType.SEALED, purpose="Сургалт", detail={"seal_number": "77"})
        note_events(viewed, sealed, ["EV-0001"], custodian)
        after = [view.reveal("EV-0001", part).status for part in Part]
        blurred = view.get("blurred/EV-0001/0").status

    assert (before, after, blurred) == (200, [409] * 4, 404)
