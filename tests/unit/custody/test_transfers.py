"""A hand-over has two sides that fit each other, and is open until both have signed."""

from dataclasses import replace

import pytest

from evidence_kit.canonical import Json
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.log import FIRST_LINK
from evidence_kit.custody.transfers import HandOverState, Party
from evidence_kit.models import Digest, Outcome
from evidence_kit.trust.digests import sha256_bytes
from tests.unit.custody.test_register import BOLOR, DORJ, ITEM, MANIFEST, THIEF, Log

OTHER = Digest(b"\x01" * 32)
TO_BOLOR = Party(name="Зохиомол Болор", certificate=sha256_bytes(BOLOR.signer.certificate.der))


@pytest.fixture
def log() -> Log:
    """Return a log with one item that the officer captured, and two more keys."""
    fresh = Log()
    fresh.add(DORJ, Draft(type=EventType.CASE_OPENED, detail={"format": 1}))
    fresh.register(DORJ, BOLOR)
    fresh.register(DORJ, THIEF)
    fresh.add(DORJ, Draft(type=EventType.CAPTURE_STARTED, item=ITEM, detail={"url": ""}))
    said: dict[str, Json] = dict.fromkeys(("url", "final_url", "http_status", "recorder"))
    digests = {MANIFEST: FIRST_LINK, f"seals/{ITEM}/manifest-sha256.txt.p7s": FIRST_LINK}
    fresh.add(DORJ, Draft(type=EventType.CAPTURED, item=ITEM, digests=digests, outcome="complete", detail=said))
    return fresh


def answer(  # noqa: PLR0913  # each is one thing that may be wrong
    log: Log,
    by: Custodian,
    seq: int,
    *,
    outcome: str = "accepted",
    link: object = None,
    item: str = ITEM,
    found: Digest = FIRST_LINK,
) -> int:
    detail: dict[str, Json] = {"released": {"seq": seq, "link": str(link or log.links[seq])}, "condition": ""}
    digests = {f"items/{item}/manifest-sha256.txt": found}
    return log.add(by, Draft(type=EventType.RECEIVED, item=item, digests=digests, outcome=outcome, detail=detail))


def state(log: Log) -> list[HandOverState]:
    return [given.state for given in log.findings().transfers.hand_overs.values()]


def test_a_hand_over_is_open_until_the_receiver_signs_and_is_not_a_failure(log: Log) -> None:
    seq = log.release(DORJ, TO_BOLOR)

    told = {check.subject: check for check in log.findings().checks() if check.id == "custody.transfers"}

    assert log.failed() == set()
    assert state(log) == ["open"]
    assert told[f"event {seq}"].outcome is Outcome.NOT_CHECKED


def test_a_hand_over_that_both_signed_is_complete_and_the_receiver_holds_the_item(log: Log) -> None:
    answer(log, BOLOR, log.release(DORJ, TO_BOLOR))

    transfers = log.findings().transfers
    assert log.failed() == set()
    assert state(log) == ["accepted"]
    assert transfers.holds(ITEM, sha256_bytes(BOLOR.signer.certificate.der))
    assert not transfers.holds(ITEM, sha256_bytes(DORJ.signer.certificate.der))


def test_what_was_received_goes_back_the_same_way(log: Log) -> None:
    answer(log, BOLOR, log.release(DORJ, TO_BOLOR))
    answer(log, DORJ, log.release(BOLOR, Party(name="Зохиомол Дорж")))

    assert log.failed() == set()
    assert state(log) == ["accepted", "accepted"]


def test_a_refusal_leaves_the_item_with_the_giver(log: Log) -> None:
    answer(log, BOLOR, log.release(DORJ, TO_BOLOR), outcome="refused")
    log.release(DORJ, TO_BOLOR)

    assert log.failed() == set()
    assert state(log) == ["refused", "open"]


def test_the_giver_takes_back_what_nobody_signed_for(log: Log) -> None:
    answer(log, DORJ, log.release(DORJ, TO_BOLOR), outcome="refused")

    assert log.failed() == set()
    assert state(log) == ["withdrawn"]


def test_an_item_that_was_found_changed_is_a_failed_hand_over_and_stays_with_the_giver(log: Log) -> None:
    answer(log, BOLOR, log.release(DORJ, TO_BOLOR), outcome="failed", found=OTHER)

    assert log.failed() == set()
    assert state(log) == ["failed"]
    assert log.findings().transfers.holds(ITEM, sha256_bytes(DORJ.signer.certificate.der))


@pytest.mark.parametrize(
    "wrong",
    [
        {"by": DORJ},
        {"by": THIEF},
        {"link": FIRST_LINK},
        {"found": OTHER},
        {"item": "EV-0002"},
        {"outcome": "withdrawn"},
    ],
    ids=["by the giver", "by another key", "another link", "another manifest", "another item", "another word"],
)
def test_an_answer_that_does_not_fit_is_named(log: Log, wrong: dict[str, object]) -> None:
    changes = {"by": BOLOR, **wrong}
    by = changes.pop("by")
    assert isinstance(by, Custodian)
    seq = log.release(DORJ, TO_BOLOR)
    if "outcome" in changes:
        with pytest.raises(Exception, match="outcome"):
            answer(log, by, seq, **changes)  # type: ignore[arg-type]
        return
    answered = answer(log, by, seq, **changes)  # type: ignore[arg-type]

    assert ("custody.transfers", f"event {answered}") in log.failed()
    assert state(log) == ["open"]


def test_two_receivers_cannot_both_have_taken_it(log: Log) -> None:
    seq = log.release(DORJ, replace(TO_BOLOR, certificate=None))
    answer(log, BOLOR, seq)
    second = answer(log, THIEF, seq)

    assert log.failed() == {("custody.transfers", f"event {second}")}


def test_who_does_not_hold_an_item_cannot_hand_it_over(log: Log) -> None:
    seq = log.release(THIEF, TO_BOLOR)

    assert log.failed() == {("custody.transfers", f"event {seq}")}


def test_an_item_is_not_handed_over_twice_at_once(log: Log) -> None:
    log.release(DORJ, TO_BOLOR)
    second = log.release(DORJ, Party(name="Өөр"))

    assert ("custody.transfers", f"event {second}") in log.failed()


def test_an_answer_to_no_hand_over_is_named(log: Log) -> None:
    seq = answer(log, BOLOR, 2)

    assert ("custody.transfers", f"event {seq}") in log.failed()


@pytest.mark.parametrize("half", ["released", "received", "both", "captured"])
def test_a_hand_over_of_which_a_half_is_withheld_is_no_failure(log: Log, half: str) -> None:
    given = log.release(DORJ, TO_BOLOR)
    taken = answer(log, BOLOR, given)
    back = log.release(BOLOR, Party(name="Зохиомол Дорж"))
    answer(log, DORJ, back)
    withheld = {"released": [given], "received": [taken], "both": [given, taken], "captured": [5]}
    for seq in sorted(withheld[half], reverse=True):
        log.withhold(seq)

    assert log.failed() == set()
