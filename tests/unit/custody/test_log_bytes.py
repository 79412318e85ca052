"""Whatever is done to the bytes of a log, something is found, and nothing is ever raised."""

from datetime import timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_kit.custody.chain import check_log
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.log import FIRST_LINK, Entry, decode_signature, encode_signature, link_after, links_of
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest
from evidence_kit.trust.certificates import Certificate
from tests.support.people import practice_custodian


@cache
def a_log() -> tuple[bytes, bytes, Certificate]:
    """Return a log of four events, its signatures, and the certificate that made them."""
    custodian, head = practice_custodian(), FIRST_LINK
    entries: list[Entry] = []
    drafts = [Draft(type=EventType.CASE_OPENED, detail={"format": 1})]
    drafts += [Draft(type=EventType.NOTED, note=f"Өдөр {n}") for n in range(3)]
    for number, draft in enumerate(drafts, start=1):
        entries.append(custodian.sign_event(draft, seq=number, previous=head, case="2026-001"))
        head = link_after(head, entries[-1])
    log, signatures = (b"".join(lines) for lines in zip(*((e.line, e.signature_line) for e in entries), strict=True))
    return log, signatures, custodian.signer.certificate


def problems(log: bytes, signatures: bytes) -> set[str]:
    certificate = a_log()[2]
    return {check.id for check in check_log(log, signatures, {certificate.fingerprint: certificate}).problems}


def test_the_log_as_it_was_written_holds() -> None:
    log, signatures, _ = a_log()

    assert problems(log, signatures) == set()


@settings(deadline=timedelta(seconds=10))
@given(st.data())
def test_any_bytes_cut_out_or_put_in_are_found(data: st.DataObject) -> None:
    files = list(a_log()[:2])
    which = data.draw(st.integers(0, 1), label="file")
    at = data.draw(st.integers(0, len(files[which])), label="at")
    cut = data.draw(st.integers(0, 30), label="cut")
    put = data.draw(st.binary(max_size=8) | st.sampled_from([b"\n", b"\r\n", b" ", b"-\n", b"\0"]), label="put")
    altered = files[which][:at] + put + files[which][at + cut :]
    if altered == files[which]:
        return
    files[which] = altered

    assert problems(*files) != set()


@settings(deadline=timedelta(seconds=10))
@given(st.permutations(range(4)), st.permutations(range(4)))
def test_lines_in_any_other_order_are_found(lines: list[int], signed: list[int]) -> None:
    log, signatures, _ = a_log()
    events, seals = log.splitlines(keepends=True), signatures.splitlines(keepends=True)

    found = problems(b"".join(events[n] for n in lines), b"".join(seals[n] for n in signed))

    assert (found == set()) == (lines == signed == [0, 1, 2, 3])


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_rubbish_is_told_and_never_raised(log: bytes, signatures: bytes) -> None:
    assert problems(log, signatures) != set()


@given(st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), min_size=1, max_size=5))
def test_the_head_depends_on_every_byte_of_every_line(pairs: list[tuple[bytes, bytes]]) -> None:
    lines = [(line.replace(b"\n", b"") + b"\n", encode_signature(signature)) for line, signature in pairs]
    log, signatures = (b"".join(parts) for parts in zip(*lines, strict=True))

    links = links_of(log, signatures)

    assert len(links) == len(pairs) + 1
    assert len(set(links)) == len(links)
    assert links_of(b"x" + log, signatures)[-1] != links[-1]


@given(st.binary(max_size=40))
def test_a_signature_line_has_one_spelling(line: bytes) -> None:
    try:
        signature = decode_signature(line)
    except FormatError:
        return
    assert encode_signature(signature) == line


@given(st.text(max_size=80) | st.binary(min_size=32, max_size=32).map(lambda value: str(Digest(value))))
def test_a_digest_has_one_spelling(text: str) -> None:
    try:
        digest = Digest.parse(text)
    except FormatError:
        return
    assert str(digest) == text


def test_a_signature_line_without_end_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(FormatError, match="more than 65536 bytes"):
        decode_signature(encode_signature(bytes(50_000)))
