"""A custody log that was touched names the event that is wrong."""

import base64
import hashlib
from collections.abc import Callable

import pytest

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.custody.chain import LogFindings, check_log
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType, read_line
from evidence_kit.custody.log import FIRST_LINK, decode_signature, head_of, next_link, split_lines
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest, Outcome
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.digests import sha256_bytes
from tests.support.people import practice_custodian

CUSTODIAN = practice_custodian()


_EVENT: dict[str, Json] = {
    **dict.fromkeys(("authority", "case", "note", "outcome", "place", "purpose", "type"), ""),
    "actor": CUSTODIAN.actor(),
    "clock": {"source": "system", "offset_ms": None, "state": "unverified"},
    "detail": {},
    "digests": {},
    "item": None,
    "previous": str(FIRST_LINK),
    "salt": "00" * 32,
    "seq": 1,
    "time": "2026-11-22T01:02:03.004Z",
}


def _log(count: int = 4, custodian: Custodian = CUSTODIAN) -> tuple[list[bytes], list[bytes]]:
    lines: list[bytes] = []
    signatures: list[bytes] = []
    head = FIRST_LINK
    for seq in range(1, count + 1):
        kind = EventType.NOTED if seq > 1 else EventType.CASE_OPENED
        draft = Draft(type=kind, note="Тэмдэглэл ₮", detail={"format": 1, "url": "https://example.mn/өү"})
        entry = custodian.sign_event(draft, seq=seq, previous=head, case="2026-1")
        lines.append(entry.line)
        signatures.append(entry.signature_line)
        _, head = head_of(b"".join(lines), b"".join(signatures))
    return lines, signatures


def _check(lines: list[bytes], signatures: list[bytes], custodian: Custodian = CUSTODIAN) -> LogFindings:
    return check_log(b"".join(lines), b"".join(signatures), _known(custodian))


def _known(custodian: Custodian) -> dict[str, Certificate]:
    return {custodian.signer.certificate.fingerprint: custodian.signer.certificate}


def _failed(findings: LogFindings) -> set[tuple[str, str]]:
    return {(check.id, check.subject) for check in findings.checks() if check.outcome is Outcome.FAILED}


def test_an_untouched_log_passes_and_its_head_is_the_last_link() -> None:
    lines, signatures = _log()

    findings = _check(lines, signatures)

    assert _failed(findings) == set()
    assert findings.head == head_of(b"".join(lines), b"".join(signatures))[1]
    assert [event.seq for event in findings.full_events()] == [1, 2, 3, 4]


def test_the_link_is_the_digest_that_the_specification_says() -> None:
    lines, signatures = _log(1)
    signature = base64.b64decode(signatures[0])
    by_hand = hashlib.sha256(
        b"evidence-kit/custody/1\n" + bytes(32) + hashlib.sha256(lines[0]).digest() + hashlib.sha256(signature).digest()
    ).digest()

    assert _check(lines, signatures).head == Digest(by_hand)
    assert next_link(FIRST_LINK, sha256_bytes(lines[0]), sha256_bytes(signature)) == Digest(by_hand)


def _change_note(lines: list[bytes], _signatures: list[bytes]) -> None:
    lines[1] = lines[1].replace("Тэмдэглэл".encode(), "Тэмдэглэх".encode())


def _swap(lines: list[bytes], signatures: list[bytes]) -> None:
    lines[1], lines[2] = lines[2], lines[1]
    signatures[1], signatures[2] = signatures[2], signatures[1]


def _drop(lines: list[bytes], signatures: list[bytes]) -> None:
    del lines[1], signatures[1]


def _repeat(lines: list[bytes], signatures: list[bytes]) -> None:
    lines.insert(2, lines[1])
    signatures.insert(2, signatures[1])


def _loose_base64(_lines: list[bytes], signatures: list[bytes]) -> None:
    signatures[1] = b" " + signatures[1]


def _other_signature(_lines: list[bytes], signatures: list[bytes]) -> None:
    signatures[1] = signatures[2]


def _spaces(lines: list[bytes], _signatures: list[bytes]) -> None:
    lines[1] = lines[1].replace(b'"seq":2', b'"seq": 2')


def _torn(lines: list[bytes], signatures: list[bytes]) -> None:
    lines[3], signatures[3] = lines[3][:50], b""


@pytest.mark.parametrize(
    ("touch", "expected"),
    [
        (_change_note, ("custody.signatures", "event 2")),
        (_swap, ("custody.lines", "event 2")),
        (_drop, ("custody.chain", "event 3")),
        (_repeat, ("custody.fork", "event 2")),
        (_loose_base64, ("custody.lines", "event 2")),
        (_other_signature, ("custody.signatures", "event 2")),
        (_spaces, ("custody.lines", "event 2")),
        (_torn, ("custody.lines", "event 4")),
    ],
)
def test_a_touched_log_names_the_event(
    touch: Callable[[list[bytes], list[bytes]], None], expected: tuple[str, str]
) -> None:
    lines, signatures = _log()
    touch(lines, signatures)

    failed = _failed(_check(lines, signatures))

    assert expected in failed


def test_a_log_written_anew_with_another_key_does_not_pass_for_the_officers() -> None:
    forger = practice_custodian()
    lines, signatures = _log(custodian=forger)

    assert {id_ for id_, _ in _failed(_check(lines, signatures))} == {"custody.signatures"}


def test_every_single_byte_of_the_log_counts() -> None:
    lines, signatures = _log(2)
    log, seals = b"".join(lines), b"".join(signatures)

    for position in range(0, len(log), 7):
        altered = log[:position] + bytes([log[position] ^ 0x01]) + log[position + 1 :]
        assert check_log(altered, seals, _known(CUSTODIAN)).problems
    for position in range(len(seals)):
        altered = seals[:position] + bytes([seals[position] ^ 0x01]) + seals[position + 1 :]
        findings = check_log(log, altered, _known(CUSTODIAN))
        assert findings.problems, position


@pytest.mark.parametrize(
    "log", [b"", b"\n", b"{}\n", b"null\n", b"[]\n", b"\xff\xfe\n", b"{" * 100_000 + b"\n", b"1e999\n", b"\r\n" * 50]
)
def test_rubbish_is_a_failed_check_and_never_an_exception(log: bytes) -> None:
    assert check_log(log, log, {}).problems


@pytest.mark.parametrize(
    "spelling",
    [
        "2026-11-22T01:02:03Z",
        "2026-11-22T01:02:03-00:00",
        "2026-11-22T09:02:03+0800",
        "2026-11-22 09:02:03+08:00",
        "2026-11-22T08:62:03+08:00",
        "2026-11-22T09:02:03+07:60",
        "2026-W47-7T09:02:03+08:00",
        "2026-11-22T09:02+08:00:03",
        "2026-11-22T09:02:03.000+08:00",
    ],
)
def test_a_local_time_in_another_spelling_than_the_one_there_is_names_the_event(spelling: str) -> None:
    """Python reads many more; others who check a log need not."""
    line = canonical.dumps({**_EVENT, "local": "2026-11-22T09:02:03+08:00"}) + b"\n"
    read_line(line)

    with pytest.raises(FormatError, match="local is not the same moment"):
        read_line(canonical.dumps({**_EVENT, "local": spelling}) + b"\n")


def test_a_withheld_event_keeps_the_chain_whole_and_is_counted() -> None:
    lines, signatures = _log()
    head = _check(lines, signatures).head
    stand_in: dict[str, Json] = {
        "seq": 2,
        "withheld": str(sha256_bytes(lines[1])),
        "signature": str(sha256_bytes(decode_signature(signatures[1]))),
        "type": "noted",
        "day": "2026-11-22",
        "ground": "another person",
        "decided_by": "officer 0001",
    }
    lines[1] = canonical.dumps(stand_in) + b"\n"
    signatures[1] = b"-\n"

    findings = check_log(b"".join(lines), b"".join(signatures), _known(CUSTODIAN), withholding=True)

    assert _failed(_check(lines, signatures)) == {("custody.lines", "event 2")}
    assert _failed(findings) == set()
    assert findings.head == head
    assert "1 of them withheld" in findings.checks()[0].detail


def test_lines_are_split_at_line_feeds_only() -> None:
    assert split_lines(b"a\rb\x0bc\n\x85d\n") == [b"a\rb\x0bc\n", b"\x85d\n"]


def _sequence(*drafts: Draft) -> set[tuple[str, str]]:
    lines: list[bytes] = []
    signatures: list[bytes] = []
    for seq, draft in enumerate((Draft(type=EventType.CASE_OPENED, detail={"format": 1}), *drafts), start=1):
        _, head = head_of(b"".join(lines), b"".join(signatures))
        entry = CUSTODIAN.sign_event(draft, seq=seq, previous=head, case="2026-1")
        lines.append(entry.line)
        signatures.append(entry.signature_line)
    return _failed(_check(lines, signatures))


def _started(item: str) -> Draft:
    return Draft(type=EventType.CAPTURE_STARTED, item=item, detail={"url": "https://example.mn/"})


def _captured(item: str) -> Draft:
    names = (f"items/{item}/manifest-sha256.txt", f"seals/{item}/manifest-sha256.txt.p7s")
    said: dict[str, Json] = dict.fromkeys(("url", "final_url", "http_status", "recorder"))
    return Draft(
        type=EventType.CAPTURED,
        item=item,
        digests=dict.fromkeys(names, FIRST_LINK),
        outcome="complete",
        detail=said,
    )


@pytest.mark.parametrize(
    "drafts",
    [
        [_captured("EV-0001")],
        [_started("EV-0001"), _started("EV-0001")],
        [_started("EV-0001"), _captured("EV-0001"), _captured("EV-0001")],
        [_started("EV-0001"), _captured("EV-0002")],
        [Draft(type=EventType.CASE_OPENED, detail={"format": 1})],
    ],
)
def test_events_in_an_order_that_cannot_have_been_are_named(drafts: list[Draft]) -> None:
    assert {id_ for id_, _ in _sequence(*drafts)} == {"custody.order"}


def test_an_attempt_that_was_never_finished_is_in_order() -> None:
    assert _sequence(_started("EV-0001"), _started("EV-0002"), _captured("EV-0002")) == set()


def test_signatures_are_looked_at_only_when_somebody_asks_what_is_wrong() -> None:
    lines, signatures = _log()

    findings = check_log(b"".join(lines), b"".join(signatures), _known(CUSTODIAN))

    assert not findings.proven
    assert len(lines) == len(findings.full_events())
    assert findings.problems == []
    assert list(findings.signers) == [CUSTODIAN.signer.certificate.fingerprint]
