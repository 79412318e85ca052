"""Whatever people write into events, the log holds it, and whatever is done to the log is seen."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_kit.canonical import Json
from evidence_kit.custody.chain import check_log
from evidence_kit.custody.events import Draft, Event, EventType, read_line
from evidence_kit.custody.log import FIRST_LINK, head_of, link_after, links_of
from evidence_kit.custody.requirements import BY_HAND, REQUIREMENTS, wanting
from evidence_kit.models import utc_text
from tests.support.people import practice_custodian

CUSTODIAN = practice_custodian()
KNOWN = {CUSTODIAN.signer.certificate.fingerprint: CUSTODIAN.signer.certificate}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SAID = TEXTS.filter(str.strip)
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # bounds
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="ascii"), max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """Return what somebody may note by hand, with more in it than the type asks for."""
    kind = draw(st.sampled_from([kind for kind in BY_HAND if kind != EventType.CORRECTED]))
    detail: dict[str, Json] = {name: draw(SAID) for name in REQUIREMENTS[kind].detail}
    detail |= {"seen": utc_text(draw(TIMES))} if "seen" in detail else {}
    detail |= {"more": draw(JSON)}
    return Draft(
        type=EventType(kind),
        item=draw(st.sampled_from(["EV-0001", "EV-123456"])),
        digests={draw(st.sampled_from(["x", "items/EV-0001/y"])): FIRST_LINK},
        purpose=draw(SAID),
        authority=draw(SAID),
        place=draw(SAID),
        note=draw(SAID),
        outcome=draw(TEXTS),
        detail=detail,
    )


def written(noted: list[Draft]) -> tuple[list[bytes], list[bytes]]:
    """Return the lines of a log that holds *noted* after its opening."""
    head, lines, signatures = FIRST_LINK, [], []
    for seq, draft in enumerate([Draft(type=EventType.CASE_OPENED, detail={"format": 1}), *noted], start=1):
        entry = CUSTODIAN.sign_event(draft, seq=seq, previous=head, case="2026-1")
        head = link_after(head, entry)
        lines.append(entry.line)
        signatures.append(entry.signature_line)
    return lines, signatures


@settings(deadline=None, max_examples=40)
@given(st.lists(drafts(), max_size=4))
def test_every_event_is_read_as_it_was_written_and_the_log_holds_together(noted: list[Draft]) -> None:
    lines, signatures = written(noted)

    findings = check_log(b"".join(lines), b"".join(signatures), KNOWN)

    assert findings.problems == []
    assert findings.links == links_of(b"".join(lines), b"".join(signatures))
    for draft, event in zip(noted, findings.full_events()[1:], strict=True):
        assert (event.type, event.item, event.digests) == (draft.type, draft.item, draft.digests)
        assert (event.purpose, event.authority, event.place) == (draft.purpose, draft.authority, draft.place)
        assert (event.note, event.outcome, event.detail) == (draft.note, draft.outcome, draft.detail)
        assert wanting(event) == []


@settings(deadline=None, max_examples=40)
@given(noted=st.lists(drafts(), min_size=2, max_size=4), data=st.data())
def test_no_line_can_be_changed_dropped_or_moved_unseen(noted: list[Draft], data: st.DataObject) -> None:
    lines, signatures = written(noted)
    head = head_of(b"".join(lines), b"".join(signatures))
    one = data.draw(st.integers(0, len(lines) - 1))
    other = data.draw(st.integers(0, len(lines) - 1).filter(lambda n: n != one))
    how = data.draw(st.sampled_from(["flip", "drop", "swap", "repeat"]))
    if how == "flip":
        at = data.draw(st.integers(0, len(lines[one]) - 1))
        lines[one] = (
            lines[one][:at] + bytes([lines[one][at] ^ (1 << data.draw(st.integers(0, 7)))]) + lines[one][at + 1 :]
        )
    elif how == "drop":
        del lines[one], signatures[one]
    elif how == "repeat":
        lines.insert(other, lines[one])
        signatures.insert(other, signatures[one])
    else:
        lines[one], lines[other] = lines[other], lines[one]
        signatures[one], signatures[other] = signatures[other], signatures[one]

    findings = check_log(b"".join(lines), b"".join(signatures), KNOWN)

    # Only the end can be cut off: what shows that is the head, which others hold.
    assert findings.problems or (how == "drop" and one == len(lines))
    assert (len(findings.events), findings.head) != head


@given(st.text(max_size=20), JSON)
def test_a_reader_wants_nothing_of_a_type_it_does_not_know(kind: str, said: Json) -> None:
    lines, _ = written([Draft(type=EventType.NOTED, note="x")])
    event = read_line(lines[1])
    assert isinstance(event, Event)
    other = kind if kind not in REQUIREMENTS else f"{kind}."
    changed = {name: getattr(event, name) for name in event.__slots__}

    assert wanting(Event(**{**changed, "type": other, "detail": {"x": said}})) == []


def test_every_type_that_is_written_is_in_the_list_of_requirements() -> None:
    assert set(REQUIREMENTS) == set(EventType)
