"""Divide a report into volumes, and set them.

A file of more than 200 MB is a burden to those who receive it, and the memory that the typesetter needs grows with the
pages, so exhibits that are too many go into further volumes. The first one tells of the whole case; each of the others
says what it holds and names all of them, and carries the same lists as attachments.
"""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from evidence_kit.bundle.guidance import volume_name
from evidence_kit.bundle.report import RenderedReport, render_report
from evidence_kit.bundle.report_model import Exhibit, Language, ReportData, Volume
from evidence_kit.bundle.technical import technical_report
from evidence_kit.models import OnStep, ignore

LARGEST = 180_000_000
"""Bytes of pictures in one volume: its texts, fonts and attachments have room up to the 200 MB."""

MOST_PAGES = 300
"""Pages of one volume, roughly reckoned: typst needs 70 MB and about half a megabyte for each, and two may run."""

_CHARACTERS = 3000
_ROWS = 12
_MESSAGES = 10
"""What a page of text, of a list, and of short messages hold, at least."""

_LINES = 17
"""What a page of a list of the whole case holds; for each typst needs three megabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much goes into one volume; one exhibit always does."""

    size: int = LARGEST
    pages: int = MOST_PAGES


def divide(exhibits: Sequence[Exhibit], *, rows: int, limits: Limits) -> tuple[Volume, ...]:
    """Return the volumes for *exhibits*, in their order; the first also tells of the case, in lists of *rows* lines.

    To these come two lists of the exhibits. Where all lists are long the first volume holds nothing else, and the
    longest of them, the custody log, is the second one.
    """
    size, pages = 0, (rows + 2 * len(exhibits)) // _LINES
    starts, log = [0], 1
    if exhibits and pages > limits.pages // 2:
        starts, pages, log = [0, 0, 0], 0, 2
    for index, exhibit in enumerate(exhibits):
        size += _size(exhibit)
        pages += _pages(exhibit)
        if index > starts[-1] and (size > limits.size or pages > limits.pages):
            starts.append(index)
            size, pages = _size(exhibit), _pages(exhibit)
    ranges = list(pairwise([*starts, len(exhibits)]))
    return tuple(
        Volume(
            number=number,
            name=volume_name(number, len(ranges)),
            exhibits=_numbers(exhibits[start:end]),
            log=number == log,
        )
        for number, (start, end) in enumerate(ranges, start=1)
    )


def render_volumes(  # noqa: PLR0913  # what `render_report` takes
    data: ReportData,
    folder: Path,
    *,
    language: Language,
    attachments: dict[str, Path | bytes],
    timestamp: datetime,
    processes: int = 1,
    on_step: OnStep = ignore,
) -> Iterator[RenderedReport]:
    """Write each volume of *data* into *folder*, up to *processes* at a time, and yield them in their order.

    To the *attachments*, which each carries, come the technical reports of its exhibits. Raises `ReportError`.
    """
    volumes = data.volumes or (Volume(number=1, name=volume_name(1, 1), exhibits=_numbers(data.exhibits), log=True),)

    def render(volume: Volume) -> RenderedReport:
        mine = [exhibit for exhibit in data.exhibits if exhibit.number in volume.exhibits]
        technical = {f"{exhibit.item}.json": technical_report(exhibit) for exhibit in mine}
        return render_report(
            data,
            folder / volume.name,
            language=language,
            attachments={**attachments, **technical},
            timestamp=timestamp,
            volume=volume.number,
        )

    # Threads will do: each waits for its own typesetter.
    with ThreadPoolExecutor(min(processes, len(volumes))) as pool:
        waiting = [pool.submit(render, volumes[0])]
        if not volumes[0].exhibits:
            # Lists so long need the memory of two volumes.
            wait(waiting)
        waiting += [pool.submit(render, volume) for volume in volumes[1:]]
        try:
            for number, future in enumerate(waiting, start=1):
                on_step(f"setting the report: {number} of {len(waiting)}")
                yield future.result()
        finally:
            for future in waiting:
                future.cancel()


def _numbers(exhibits: Sequence[Exhibit]) -> tuple[int, ...]:
    return tuple(exhibit.number for exhibit in exhibits)


def _size(exhibit: Exhibit) -> int:
    return sum(each.bytes for copy in exhibit.viewing_copies for each in copy.slices)


def _pages(exhibit: Exhibit) -> int:
    slices = sum(len(copy.slices) for copy in exhibit.viewing_copies)
    lists = (exhibit.actions, exhibit.files, exhibit.redirects, exhibit.environment, exhibit.links, exhibit.attempted)
    rows = sum(map(len, lists)) + (len(exhibit.requests.missing) if exhibit.requests else 0)
    transcripts = exhibit.conversations.transcripts if exhibit.conversations else ()
    messages = [message for each in transcripts for message in each.messages]
    characters = len(exhibit.visible_text) + sum(message.size for message in messages)
    return 1 + slices + math.ceil(rows / _ROWS) + len(messages) // _MESSAGES + characters // _CHARACTERS
