"""A log of any length is gone through line by line: what stays of an event is a few numbers."""

import tracemalloc
from io import BytesIO
from pathlib import Path

import pytest

from evidence_kit.custody import chain, log, signatures
from evidence_kit.custody.chain import check_log
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, Event, EventType, WithheldEvent
from evidence_kit.custody.log import FIRST_LINK, Lines, Links, link_after, links_of
from evidence_kit.errors import FormatError
from tests.support.logs import CASE, Log, log_of
from tests.support.people import practice_custodian

CUSTODIAN = practice_custodian()
KNOWN = {CUSTODIAN.signer.certificate.fingerprint: CUSTODIAN.signer.certificate}
NOTED = Draft(type=EventType.NOTED, note="тэмдэглэл " * 100)
SHORT = log_of(CUSTODIAN, NOTED, NOTED, NOTED)


def _long(custodian: Custodian, count: int) -> tuple[bytes, bytes]:
    lines, sealed, head = [], [], FIRST_LINK
    for seq in range(1, count + 1):
        draft = NOTED if seq > 1 else Draft(type=EventType.CASE_OPENED, detail={"format": 1})
        entry = custodian.sign_event(draft, seq=seq, previous=head, case=CASE)
        head = link_after(head, entry)
        lines.append(entry.line)
        sealed.append(entry.signature_line)
    return b"".join(lines), b"".join(sealed)


def test_checking_a_long_log_takes_a_fraction_of_its_size_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signatures, "_BATCH", 50)
    assert SHORT.check().problems == []  # what is read once stays
    paths = tmp_path / "custody.jsonl", tmp_path / "custody.sig"
    for path, data in zip(paths, _long(CUSTODIAN, 600), strict=True):
        path.write_bytes(data)
    heard = 0

    def hear(_: Event | WithheldEvent) -> None:
        nonlocal heard
        heard += 1

    tracemalloc.start()
    try:
        findings = check_log(Lines.at(paths[0]), Lines.at(paths[1]), KNOWN, on_event=hear)
        assert findings.problems == []
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (findings.size, heard) == (600, 600)
    assert findings.events == []
    assert most < sum(path.stat().st_size for path in paths) / 3


def test_a_log_that_changes_while_it_is_read_is_refused() -> None:
    whole, sealed = SHORT.stored
    other = log_of(CUSTODIAN, NOTED, NOTED, NOTED).stored[0]
    versions = [whole, other]
    findings = check_log(Lines(open=lambda: BytesIO(versions.pop(0))), sealed, KNOWN)

    with pytest.raises(FormatError, match="changed while it was being read"):
        _ = findings.problems


@pytest.mark.parametrize("cut", [0, 1, 3])
def test_a_log_that_becomes_shorter_while_it_is_read_is_refused(cut: int) -> None:
    whole, sealed = SHORT.stored
    versions = [whole, b"".join(BytesIO(whole).readlines()[:cut])]
    findings = check_log(Lines(open=lambda: BytesIO(versions.pop(0))), sealed, KNOWN)

    with pytest.raises(FormatError):
        _ = findings.problems


def test_of_a_ruined_log_the_first_problems_are_kept_and_the_others_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "_MOST", 3)

    findings = check_log(b"{}\n" * 10, SHORT.stored[1], KNOWN)

    assert [check.subject for check in findings.problems if check.id == "custody.lines"][:3] == [
        "event 1",
        "event 2",
        "event 3",
    ]
    assert findings.unlisted["custody.lines"] == 10 + 1 - 3  # and that the signatures are fewer


def test_a_line_without_end_is_not_held_and_does_not_end_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "LONGEST_LINE", 8)

    assert list(Lines.of(b"short\n" + b"x" * 100 + b"\nnext\n" + b"1234567\n" + b"12345678\n" + b"end")) == [
        b"short\n",
        b"xxxxxxxx",
        b"next\n",
        b"1234567\n",
        b"12345678",
        b"end",
    ]


def test_an_event_that_no_line_holds_is_not_written() -> None:
    with pytest.raises(FormatError, match="4194304 is the most"):
        log_of(CUSTODIAN, Draft(type=EventType.NOTED, note="x" * 4 * 1024 * 1024))


@pytest.mark.parametrize(
    ("instead", "expected"),
    [({}, b"a\nb\n"), ({2: b"c\n"}, b"a\nc\n"), ({3: b"c\n"}, b"a\nb\nc\n"), ({1: b"", 5: b"e\n"}, b"b\ne\n")],
)
def test_lines_can_stand_in_the_place_of_others_or_behind_the_last(instead: dict[int, bytes], expected: bytes) -> None:
    lines = Lines(open=lambda: BytesIO(b"a\nb\n"), instead=instead)

    assert b"".join(lines) == expected
    assert b"".join(lines) == expected


def test_links_are_found_by_number_as_in_a_list() -> None:
    links = links_of(*SHORT.stored)

    assert len(links) == 5
    assert links[0] == FIRST_LINK
    assert [*links][-1] == links[-1] == links[4] == SHORT.check().head
    assert links[1:] == [*links][1:]
    assert links == links_of(*SHORT.stored)
    assert links != Links()
    with pytest.raises(IndexError):
        _ = links[5]


def test_files_of_different_length_have_no_links() -> None:
    lines, sealed = SHORT.stored

    for stored in ((lines, sealed[:-1]), (lines + b"x", sealed), (lines, sealed + sealed)):
        with pytest.raises(FormatError, match="equally many whole lines"):
            links_of(*stored)


def test_whoever_does_not_listen_gets_the_events() -> None:
    assert [event.seq for event in Log(stored=SHORT.stored, custodian=CUSTODIAN).check().events] == [1, 2, 3, 4]
