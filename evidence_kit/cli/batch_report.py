"""What `capture --batch` tells: one line per link, a file of results, a summary, or the one JSON document."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evidence_kit.canonical import Json
from evidence_kit.cli.case import describe_case, pending, tell_unstamped
from evidence_kit.cli.items import http_status_text
from evidence_kit.cli.link_lists import ListedLink
from evidence_kit.cli.output import emit, say, width_of
from evidence_kit.cli.result_file import ResultFile
from evidence_kit.cli.run import Run
from evidence_kit.display import visible
from evidence_kit.models import Status

if TYPE_CHECKING:
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.case.items import Attempt
    from evidence_kit.case.taking import TakenItem

_OWN_WORDS = ("batch.skipped", "batch.interrupted")


@dataclass(slots=True, kw_only=True)
class Report:
    """Tells what becomes of each link, and remembers what the end needs."""

    run: Run
    file: ResultFile | None
    json: bool
    practice: bool
    counts: Counter[str] = field(default_factory=Counter)
    taken: "dict[int, dict[str, Json]]" = field(default_factory=dict)
    """Number of a link among those that were waiting to its answer, which is kept for ``--json`` only."""
    skipped_links: list[str] = field(default_factory=list)
    unstamped: dict[str, None] = field(default_factory=dict)
    gaps: bool = False
    """Whether an incomplete record of an earlier run makes this one incomplete."""

    def begin(self) -> None:
        """Say what stands above everything."""
        if not self.json:
            self.run.say_practice(practice=self.practice)

    def skipped(self, link: ListedLink, attempt: "Attempt") -> None:
        """Tell of a *link* of which the case has a record."""
        self.counts["skipped"] += 1
        self.skipped_links.append(link.url)
        self.gaps = self.gaps or attempt.outcome != Status.COMPLETE
        row: dict[str, Json] = {"item": attempt.item, "url": link.url, "http_status": attempt.http_status}
        self._tell(link, {**row, "status": attempt.outcome}, self.run.texts.say("batch.skipped"))

    def took(self, number: int, link: ListedLink, item: "TakenItem") -> None:
        """Tell of an *item* that was just committed."""
        self.counts[item.status] += 1
        self.taken[number] = item.answer if self.json else {}
        self.unstamped.update(dict.fromkeys(item.unstamped))
        codes = [problem["code"] for problem in _problems(item.answer)]
        row = {**item.answer, "item": item.id, "problems": " ".join(dict.fromkeys(str(code) for code in codes))}
        self._tell(link, row, self.run.texts.say(f"status.{item.status}"))

    def interrupted(self, link: ListedLink) -> None:
        """Tell of a *link* whose capture was broken off."""
        self._tell(link, {"url": link.url, "status": "interrupted"}, self.run.texts.say("batch.interrupted"))

    def _tell(self, link: ListedLink, row: dict[str, Json], word: str) -> None:
        if self.file:
            trust: dict[str, Json] = {"practice": str(self.practice).lower(), "signer_trust": self.run.signer_trust()}
            self.file.add({**row, "line": link.line, **trust})
        if not self.json:
            http_status = http_status_text(row.get("http_status"))
            room = " " * (max(map(width_of, self._words)) - width_of(word))
            say(f"{row.get('item') or '–':<8}  {word}{room}  {http_status:>3}  {visible(link.url)}")

    @property
    def _words(self) -> list[str]:
        texts = self.run.texts
        return [*(texts.say(f"status.{status}") for status in Status), *map(texts.say, _OWN_WORDS)]

    def end(self, counts: dict[str, Json]) -> None:
        """Say how it ended, and how to go on."""
        texts = self.run.texts
        say(texts.say("batch.summary", **counts))
        tell_unstamped(texts, self.unstamped)
        if counts["interrupted"] or counts["not_begun"]:
            say(texts.say("batch.resume"))

    def emit(self, case: "CaseFolder", batch: dict[str, Json], *, completed: Sequence[dict[str, Json]]) -> None:
        """Print the one JSON document."""
        document: dict[str, Json] = {"schema": "evidence-kit/capture/1", "practice": self.practice}
        document["signer_trust"] = self.run.signer_trust()
        document["case"] = describe_case(case)
        document["items"] = [answer for _, answer in sorted(self.taken.items())]
        document["completed"] = [*completed]
        document["skipped"] = [*self.skipped_links]
        document["batch"] = batch
        document["problems"] = pending(self.unstamped)
        emit(document)

    def exit_code(self) -> int:
        """Return 1 when a capture failed, else 4 when one is incomplete or not stamped, else 0."""
        if self.counts[Status.FAILED]:
            return 1
        return 4 if self.counts[Status.INCOMPLETE] or self.gaps or self.unstamped else 0


def _problems(answer: dict[str, Json]) -> list[dict[str, Json]]:
    found = answer["problems"]
    return [problem for problem in found if isinstance(problem, dict)] if isinstance(found, list) else []
