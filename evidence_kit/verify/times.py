"""What the custody log claims of time, held against the time stamps over it.

An event exists at the latest at its first covering stamp. If it claims to have happened more than ten minutes before,
or after it by as much, its time rests on the officer's word alone. That is no alteration: the check is left open.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from evidence_kit.canonical import Json
from evidence_kit.case.stamping import claimed_only, first_stamps
from evidence_kit.custody.briefs import Brief
from evidence_kit.custody.chain import LogFindings
from evidence_kit.models import utc_text
from evidence_kit.verify.examination import Examination


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gap:
    """Events one after the other whose time is claimed only, with the same first stamp."""

    first: Brief
    last: Brief
    stamp: datetime | None

    @property
    def subject(self) -> str:
        first, last = self.first.seq, self.last.seq
        return f"event {first}" if first == last else f"events {first} to {last}"

    @property
    def detail(self) -> str:
        times = utc_text(self.first.time)
        if self.first != self.last:
            times += f" to {utc_text(self.last.time)}"
        stamped = utc_text(self.stamp) if self.stamp else "none"
        return f"time claimed by the officer only: {times}; first trusted time stamp that covers it: {stamped}"


def check_times(exam: Examination, log: LogFindings, trusted: Sequence[tuple[int, datetime]], subject: str) -> None:
    """Compare each event of *log* with its first covering stamp; *trusted* are event and time of those believed."""
    stamps = [(seq, time) for seq, time in trusted if seq <= log.size]
    if exam.sealed_at is not None:
        stamps.append((log.size, exam.sealed_at))
    gaps = list(_gaps(log, first_stamps(stamps, log.size)))
    for gap in gaps:
        exam.not_checked("time.gap", gap.subject, gap.detail)
    if not gaps:
        exam.passed("time.gap", subject, f"{log.size} events")
    told: list[Json] = [
        {
            "first": gap.first.seq,
            "last": gap.last.seq,
            "claimed": utc_text(gap.first.time),
            "stamped": utc_text(gap.stamp) if gap.stamp else None,
        }
        for gap in gaps
    ]
    exam.facts["time_gaps"] = told


def _gaps(log: LogFindings, stamps: Sequence[datetime | None]) -> Iterator[_Gap]:
    def kind(pair: tuple[Brief, datetime | None]) -> tuple[bool, datetime | None]:
        event, stamp = pair
        return claimed_only(event.time, stamp), stamp

    pairs = ((event, stamps[event.seq - 1]) for event in log.briefs if 1 <= event.seq <= len(stamps))
    for (open_, stamp), members in groupby(pairs, kind):
        if open_:
            first = last = next(members)
            for last in members:  # noqa: B007  # the last of them is what remains
                pass
            yield _Gap(first=first[0], last=last[0], stamp=stamp)
