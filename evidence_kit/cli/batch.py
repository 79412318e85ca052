"""``capture --batch``: a list of links into the case, one line of the result per link.

The log of the case is the batch's memory: with ``--resume`` a link of which the case has a record is left out, so that
after a crash the same command goes on where it was, and nothing is taken twice. Ctrl-C ends the running captures, whose
starts stay in the log; what was sealed before is whole.
"""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from evidence_kit.canonical import Json
from evidence_kit.cli.batch_report import Report
from evidence_kit.cli.link_lists import ListedLink
from evidence_kit.cli.output import note
from evidence_kit.cli.progress_bar import ProgressBar
from evidence_kit.cli.result_file import ResultFile
from evidence_kit.cli.run import Run
from evidence_kit.models import Status
from evidence_kit.texts import Texts

if TYPE_CHECKING:
    from evidence_kit.browser.find import Browser
    from evidence_kit.capture.batch import Ending, Interrupter
    from evidence_kit.capture.result import CaptureOptions
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.case.items import Attempt
    from evidence_kit.case.stamping import Stamping
    from evidence_kit.case.taking import TakenItem
    from evidence_kit.custody.custodian import Custodian


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What all captures of a batch have in common."""

    case: "CaseFolder"
    custodian: "Custodian"
    browser: "Browser"
    options: "CaptureOptions"
    stamping: "Stamping"
    note: str = ""
    subjects: Sequence[str] = ()

    def take(self, link: ListedLink, interrupter: "Interrupter") -> "TakenItem":
        """Capture the page of *link*; raises what `take_page` raises."""
        from evidence_kit.capture.take import take_page

        return take_page(
            self.case,
            link.url,
            custodian=self.custodian,
            browser=self.browser,
            options=self.options,
            stamping=self.stamping,
            note="; ".join(part for part in (link.note, self.note) if part),
            subjects=self.subjects,
            run=interrupter.run,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What was asked for beside the links."""

    file: Path | None
    jobs: int
    resume: bool
    results: Path | None
    json: bool
    completed: tuple[dict[str, Json], ...] = ()
    """Items that this run has made of interrupted captures before."""


def capture_list(run: Run, links: Sequence[ListedLink], assignment: Assignment, wishes: Wishes) -> int:
    """Capture *links* and return the exit code; raises `UsageError`, and what ends a batch early (`take_all`)."""
    from evidence_kit.case.items import recorded_links

    chosen, again = _each_once(links)
    _tell_list(run.texts, links, again)
    recorded: dict[str, Attempt] = {}
    if wishes.resume:
        # A commit that a crash left decided is not in the log yet.
        assignment.case.repair()
        recorded = recorded_links(assignment.case)
    opened = ResultFile(wishes.results) if wishes.results else nullcontext()
    with opened as file:
        report = Report(run=run, file=file, json=wishes.json, practice=assignment.custodian.signer.practice)
        report.begin()
        for link in chosen:
            if link.url in recorded:
                report.skipped(link, recorded[link.url])
        waiting = [link for link in chosen if link.url not in recorded]
        ending = _take(waiting, assignment, wishes.jobs, report)
    not_begun = len(waiting) - len(report.taken) - len(ending.interrupted)
    counts: dict[str, Json] = {
        "links": len(chosen),
        **{key: report.counts[key] for key in (*Status, "skipped")},
        "interrupted": len(ending.interrupted),
        "not_begun": not_begun,
    }
    if not wishes.json:
        report.end(counts)
    if ending.error:
        raise ending.error
    if wishes.json:
        duplicates: list[Json] = [{"line": link.line, "url": link.url} for link in again]
        batch: dict[str, Json] = {"file": str(wishes.file) if wishes.file else None, "jobs": wishes.jobs, **counts}
        report.emit(assignment.case, {**batch, "duplicates": duplicates}, completed=wishes.completed)
    if ending.interrupted or not_begun:
        return 130
    return report.exit_code() or (4 if wishes.completed else 0)


def _take(links: Sequence[ListedLink], assignment: Assignment, jobs: int, report: Report) -> "Ending":
    from evidence_kit.capture.batch import Interrupter, take_all

    interrupter = Interrupter()
    bar = ProgressBar(len(links))
    texts = report.run.texts
    told: list[str] = []

    def on_taken(number: int, item: "TakenItem") -> None:
        bar.clear()
        report.took(number, links[number], item)

    def on_tick() -> None:
        if interrupter.asked and not told:
            told.append(texts.say("batch.stopping"))
            bar.clear()
            note(told[0])
        done = len(report.taken)
        counts = {str(status): report.counts[status] for status in Status}
        bar.draw(done, texts.say("batch.bar", done=done, total=len(links), left=bar.left(done), **counts))

    with _ended_by_ctrl_c(interrupter):
        ending = take_all(
            [link.url for link in links],
            lambda number: assignment.take(links[number], interrupter),
            jobs=jobs,
            interrupter=interrupter,
            on_taken=on_taken,
            on_tick=on_tick,
        )
    bar.clear()
    for number in ending.interrupted:
        report.interrupted(links[number])
    return ending


@contextmanager
def _ended_by_ctrl_c(interrupter: "Interrupter") -> Iterator[None]:
    """Let the first Ctrl-C end the batch in good order, and a second one at once."""

    def end(_number: int, _frame: FrameType | None) -> None:
        if interrupter.asked:
            raise KeyboardInterrupt
        interrupter.asked = True

    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:  # as a background job inherits it
        yield
        return
    signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _each_once(links: Sequence[ListedLink]) -> tuple[list[ListedLink], list[ListedLink]]:
    """Return the links, each once, and those that stood there again."""
    first = {link.url: link for link in reversed(links)}
    return [link for link in links if first[link.url] is link], [link for link in links if first[link.url] is not link]


def _tell_list(texts: Texts, links: Sequence[ListedLink], again: Sequence[ListedLink]) -> None:
    completed = sum(link.completed for link in links)
    if completed:
        note(texts.say("batch.completed", count=completed))
    for link in again:
        note(texts.say("batch.duplicate", line=link.line, url=link.url))
