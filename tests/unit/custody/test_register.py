"""Whose key may sign in a log: only one that the log itself let in, and that was not revoked."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.custody.chain import LogFindings, check_log
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.log import FIRST_LINK, WITHHELD, decode_signature, link_after
from evidence_kit.custody.register import register_of
from evidence_kit.custody.transfers import Party
from evidence_kit.models import Outcome, utc_text
from evidence_kit.trust.digests import sha256_bytes
from tests.support.people import OFFICER, SetClock, practice_custodian

CLOCK = SetClock()
DORJ = practice_custodian(CLOCK)
DORJ_AGAIN = practice_custodian(CLOCK)
"""The same officer with a new key: the certificates bear the same name."""
BOLOR = practice_custodian(CLOCK, replace(OFFICER, name="Зохиомол Болор"))
THIEF = practice_custodian(CLOCK, replace(OFFICER, name="Хулгайч"))
ITEM = "EV-0001"
MANIFEST = f"items/{ITEM}/manifest-sha256.txt"


def key_of(custodian: Custodian) -> str:
    return str(sha256_bytes(custodian.signer.certificate.der))


@dataclass
class Log:
    """A log that is written event by event, whoever signs."""

    lines: list[bytes] = field(default_factory=list)
    signatures: list[bytes] = field(default_factory=list)
    links: list[object] = field(default_factory=lambda: [FIRST_LINK])

    def add(self, by: Custodian, draft: Draft) -> int:
        head = self.findings().head if self.lines else FIRST_LINK
        entry = by.sign_event(draft, seq=len(self.lines) + 1, previous=head, case="2026-1")
        self.lines.append(entry.line)
        self.signatures.append(entry.signature_line)
        self.links.append(link_after(head, entry))
        return len(self.lines)

    def findings(self) -> LogFindings:
        people = (DORJ, DORJ_AGAIN, BOLOR, THIEF)
        known = {one.signer.certificate.fingerprint: one.signer.certificate for one in people}
        return check_log(b"".join(self.lines), b"".join(self.signatures), known, withholding=True)

    def withhold(self, seq: int) -> None:
        """Put in place of event *seq* the line that stands for it in a bundle."""
        line, signature = self.lines[seq - 1], self.signatures[seq - 1]
        event = self.findings().full_events()[seq - 1]
        stand_in: dict[str, Json] = {
            "seq": seq,
            "withheld": str(sha256_bytes(line)),
            "signature": str(sha256_bytes(decode_signature(signature))),
            "type": event.type,
            "day": event.time.strftime("%Y-%m-%d"),
            "ground": "another person",
            "decided_by": "officer 0001",
        }
        self.lines[seq - 1], self.signatures[seq - 1] = canonical.dumps(stand_in) + b"\n", WITHHELD

    def failed(self) -> set[tuple[str, str]]:
        return {(check.id, check.subject) for check in self.findings().checks() if check.outcome is Outcome.FAILED}

    def note(self, by: Custodian) -> int:
        return self.add(by, Draft(type=EventType.NOTED, note="Тэмдэглэл"))

    def register(
        self, by: Custodian, of: Custodian, *, replaces: Custodian | None = None, transfer: int | None = None
    ) -> int:
        detail: dict[str, Json] = {
            "certificate": key_of(of),
            "subject": of.signer.certificate.subject,
            "replaces": key_of(replaces) if replaces else None,
            "transfer": transfer,
        }
        return self.add(by, Draft(type=EventType.KEY_REGISTERED, detail=detail))

    def revoke(self, by: Custodian, of: Custodian, *, up_to: int | None = None) -> int:
        seq = len(self.lines) if up_to is None else up_to
        detail: dict[str, Json] = {
            "certificate": key_of(of),
            "reason": "lost",
            "lost": utc_text(CLOCK() - timedelta(days=1)),
            "acknowledged": {"seq": seq, "link": str(self.links[seq])},
        }
        return self.add(by, Draft(type=EventType.KEY_REVOKED, detail=detail))

    def release(self, by: Custodian, to: Party) -> int:
        detail: dict[str, Json] = {"to": to.to_json(), "condition": ""}
        return self.add(
            by,
            Draft(
                type=EventType.RELEASED,
                item=ITEM,
                digests={MANIFEST: FIRST_LINK},
                purpose="Сургалт",
                outcome="offered",
                detail=detail,
            ),
        )


@pytest.fixture
def log() -> Log:
    """Return a log that the officer opened."""
    fresh = Log()
    fresh.add(DORJ, Draft(type=EventType.CASE_OPENED, detail={"format": 1}))
    return fresh


def test_another_valid_key_that_nobody_let_in_is_refused(log: Log) -> None:
    seq = log.note(BOLOR)

    assert log.failed() == {("custody.keys", f"event {seq}")}


def test_a_registered_key_lets_another_one_in(log: Log) -> None:
    log.register(DORJ, BOLOR)
    log.note(BOLOR)

    assert log.failed() == set()
    assert log.findings().keys.may_sign(sha256_bytes(BOLOR.signer.certificate.der))


def test_a_key_does_not_let_itself_in(log: Log) -> None:
    registered = log.register(THIEF, THIEF)
    noted = log.note(THIEF)

    assert log.failed() == {("custody.keys", f"event {registered}"), ("custody.keys", f"event {noted}")}


def test_a_key_does_not_follow_one_that_bears_another_name(log: Log) -> None:
    seq = log.register(THIEF, THIEF, replaces=DORJ)

    assert log.failed() == {("custody.keys", f"event {seq}")}


def test_the_same_officer_goes_on_with_a_new_key_when_the_old_one_is_gone(log: Log) -> None:
    log.note(DORJ)
    log.register(DORJ_AGAIN, DORJ_AGAIN, replaces=DORJ)
    log.revoke(DORJ_AGAIN, DORJ)
    log.note(DORJ_AGAIN)

    assert log.failed() == set()


def test_a_revoked_key_signs_nothing_any_more(log: Log) -> None:
    log.register(DORJ_AGAIN, DORJ_AGAIN, replaces=DORJ)
    log.revoke(DORJ_AGAIN, DORJ)
    seq = log.note(DORJ)

    assert log.failed() == {("custody.keys", f"event {seq}")}


def test_what_a_thief_signed_with_the_stolen_key_is_disowned_by_name(log: Log) -> None:
    last_good = log.note(DORJ)
    stolen = log.note(DORJ)
    log.register(DORJ_AGAIN, DORJ_AGAIN, replaces=DORJ)
    log.revoke(DORJ_AGAIN, DORJ, up_to=last_good)

    assert log.failed() == {("custody.keys", f"event {stolen}")}


def test_a_thief_who_let_a_key_of_his_own_in_is_revoked_by_the_officers_next_key(log: Log) -> None:
    last_good = log.note(DORJ)
    log.register(DORJ, THIEF)
    log.revoke(THIEF, DORJ)
    theirs = log.note(THIEF)
    log.register(DORJ_AGAIN, DORJ_AGAIN, replaces=DORJ)
    log.revoke(DORJ_AGAIN, THIEF, up_to=last_good)

    failed = log.failed()

    assert ("custody.keys", f"event {theirs}") in failed
    assert log.findings().keys.may_sign(sha256_bytes(DORJ_AGAIN.signer.certificate.der))


def test_a_colleague_may_bar_a_key_but_not_disown_what_it_signed(log: Log) -> None:
    log.register(DORJ, BOLOR)
    before = log.note(DORJ)
    log.note(DORJ)
    seq = log.revoke(BOLOR, DORJ, up_to=before)

    assert log.failed() == {("custody.keys", f"event {seq}")}


def test_a_colleague_may_bar_a_key_from_now_on(log: Log) -> None:
    log.register(DORJ, BOLOR)
    log.revoke(BOLOR, DORJ)

    assert log.failed() == set()


def test_a_key_does_not_revoke_itself(log: Log) -> None:
    seq = log.revoke(DORJ, DORJ)

    assert log.failed() == {("custody.keys", f"event {seq}")}


def test_a_revocation_that_acknowledges_another_log_is_refused(log: Log) -> None:
    log.register(DORJ_AGAIN, DORJ_AGAIN, replaces=DORJ)
    log.links[-1] = FIRST_LINK
    seq = log.revoke(DORJ_AGAIN, DORJ)

    assert log.failed() == {("custody.keys", f"event {seq}")}


def test_an_open_hand_over_that_names_no_certificate_lets_one_key_in(log: Log) -> None:
    seq = log.release(DORJ, Party(name="Зохиомол Болор"))
    log.register(BOLOR, BOLOR, transfer=seq)
    second = log.register(THIEF, THIEF, transfer=seq)

    assert log.failed() == {("custody.keys", f"event {second}")}


def test_a_hand_over_that_names_a_certificate_lets_no_other_key_in(log: Log) -> None:
    named = Party(name="Зохиомол Болор", certificate=sha256_bytes(BOLOR.signer.certificate.der))
    seq = log.register(THIEF, THIEF, transfer=log.release(DORJ, named))

    assert log.failed() == {("custody.keys", f"event {seq}")}


def test_no_event_about_keys_can_be_withheld(log: Log) -> None:
    seq = log.register(DORJ, BOLOR)
    log.withhold(seq)

    assert ("custody.lines", f"event {seq}") in log.failed()


def test_a_key_that_was_let_in_by_a_hand_over_which_is_withheld_is_left_open(log: Log) -> None:
    seq = log.release(DORJ, Party(name="Зохиомол Болор"))
    registered = log.register(BOLOR, BOLOR, transfer=seq)
    log.note(BOLOR)
    log.withhold(seq)

    open_ones = {(c.id, c.subject) for c in log.findings().checks() if c.outcome is Outcome.NOT_CHECKED}
    assert log.failed() == set()
    assert ("custody.keys", f"event {registered}") in open_ones


def test_a_commit_reads_the_same_keys_from_the_log_as_a_whole_check(log: Log) -> None:
    log.register(DORJ, BOLOR)
    log.note(BOLOR)
    log.add(BOLOR, Draft(type=EventType.NOTED, note='"type":"key.registered"', detail={"x": {"type": "key.revoked"}}))
    log.register(DORJ_AGAIN, DORJ_AGAIN, replaces=DORJ)
    log.revoke(DORJ_AGAIN, DORJ)
    log.note(DORJ_AGAIN)

    whole = log.findings().keys
    quick = register_of(b"".join(log.lines), whole.certificates)

    assert log.failed() == set()
    assert (quick.since, quick.revoked) == (whole.since, whole.revoked)
