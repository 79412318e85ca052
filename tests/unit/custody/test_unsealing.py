"""Unsealing takes two keys by the log itself, and each agreement is used once."""

from dataclasses import replace

import pytest

from evidence_kit.canonical import Json
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.log import FIRST_LINK
from evidence_kit.models import Digest, Outcome
from tests.unit.custody.test_register import BOLOR, DORJ, DORJ_AGAIN, ITEM, MANIFEST, THIEF, Log

DIGESTS = {MANIFEST: FIRST_LINK}
OTHER = Digest(b"\x01" * 32)


@pytest.fixture
def log() -> Log:
    """Return a log in which three keys may sign."""
    fresh = Log()
    fresh.add(DORJ, Draft(type=EventType.CASE_OPENED, detail={"format": 1}))
    fresh.register(DORJ, BOLOR)
    fresh.register(DORJ, THIEF)
    return fresh


def ask(log: Log, by: Custodian = DORJ, second: str | None = None) -> int:
    draft = Draft(
        type=EventType.UNSEAL_REQUESTED,
        item=ITEM,
        digests=DIGESTS,
        purpose="Шинжилгээ",
        detail={"second": BOLOR.officer.name if second is None else second},
    )
    return log.add(by, draft)


def named(log: Log, seq: int, link: Digest | None = None) -> dict[str, Json]:
    return {"requested": {"seq": seq, "link": str(link or log.links[seq])}}


def agree(log: Log, seq: int, by: Custodian = BOLOR, *, item: str = ITEM, link: Digest | None = None) -> int:
    detail = named(log, seq, link)
    digests = {f"items/{item}/manifest-sha256.txt": FIRST_LINK}
    return log.add(by, Draft(type=EventType.UNSEAL_APPROVED, item=item, digests=digests, detail=detail))


def open_(log: Log, seq: int, by: Custodian = DORJ) -> int:
    detail = {**named(log, seq), "files": 1}
    draft = Draft(type=EventType.UNSEAL_OPENED, item=ITEM, digests=DIGESTS, purpose="Шинжилгээ", detail=detail)
    return log.add(by, draft)


def wrong(log: Log) -> set[str]:
    return {subject for id_, subject in log.failed() if id_ == "custody.unsealed"}


def test_asked_agreed_and_opened_by_two_keys_is_right(log: Log) -> None:
    seq = ask(log)
    agree(log, seq)
    open_(log, seq)

    assert wrong(log) == set()


def test_opened_without_agreement_fails(log: Log) -> None:
    assert wrong(log) == set()
    opened = open_(log, ask(log))

    assert wrong(log) == {f"event {opened}"}


def test_an_agreement_is_used_once(log: Log) -> None:
    seq = ask(log)
    agree(log, seq)
    open_(log, seq)
    again = open_(log, seq)

    assert wrong(log) == {f"event {again}"}


def test_nobody_agrees_twice_or_to_their_own_request(log: Log) -> None:
    seq = ask(log, second=DORJ.officer.name)
    own = agree(log, seq, DORJ)
    other = ask(log)
    agree(log, other)
    twice = agree(log, other)

    assert wrong(log) == {f"event {own}", f"event {twice}"}


def test_a_key_that_follows_that_of_the_first_officer_is_no_second_one_whatever_name_goes_with_it(log: Log) -> None:
    log.register(DORJ_AGAIN, DORJ_AGAIN, replaces=DORJ)
    renamed = replace(DORJ_AGAIN, officer=replace(DORJ_AGAIN.officer, name=BOLOR.officer.name))

    assert wrong(log) == set()
    assert wrong_after(log, agree(log, ask(log), renamed))


def test_another_key_in_the_first_officers_name_is_no_second_one_though_it_follows_none(log: Log) -> None:
    log.register(BOLOR, DORJ_AGAIN)
    renamed = replace(DORJ_AGAIN, officer=replace(DORJ_AGAIN.officer, name=BOLOR.officer.name))

    assert wrong(log) == set()
    assert wrong_after(log, agree(log, ask(log), renamed))


def test_an_agreement_is_to_the_manifest_that_was_asked_for(log: Log) -> None:
    seq = ask(log)
    draft = Draft(type=EventType.UNSEAL_APPROVED, item=ITEM, digests={MANIFEST: OTHER}, detail=named(log, seq))

    assert wrong(log) == set()
    assert wrong_after(log, log.add(BOLOR, draft))


def test_only_the_officer_who_was_named_agrees(log: Log) -> None:
    seq = ask(log, second="Somebody else")

    assert wrong(log) == set()
    assert wrong_after(log, agree(log, seq))


def wrong_after(log: Log, seq: int) -> bool:
    return wrong(log) == {f"event {seq}"}


def test_an_agreement_names_the_request_by_its_link_and_item(log: Log) -> None:
    seq = ask(log)

    bad = {agree(log, seq, link=OTHER), agree(log, seq, item="EV-0002"), agree(log, seq + 100, link=OTHER)}

    assert wrong(log) == {f"event {number}" for number in bad}


def test_another_key_than_the_one_that_asked_does_not_open(log: Log) -> None:
    seq = ask(log)
    agree(log, seq)
    opened = open_(log, seq, THIEF)

    assert wrong(log) == {f"event {opened}"}


def test_of_a_withheld_request_nobody_can_tell(log: Log) -> None:
    seq = ask(log)
    agreed = agree(log, seq)
    log.withhold(seq)

    told = {check.subject: check.outcome for check in log.findings().checks() if check.id == "custody.unsealed"}

    assert wrong(log) == set()
    assert told[f"event {agreed}"] is Outcome.NOT_CHECKED
