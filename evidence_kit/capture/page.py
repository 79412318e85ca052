"""One capture from the start of the browser to its end, and what is made of it afterwards.

Ctrl-C ends the browser and removes its profile on the way out. A browser that dies midway leaves a failed capture that
keeps what was recorded until then.
"""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evidence_kit.browser.find import Browser
from evidence_kit.browser.launch import LaunchOptions, launched
from evidence_kit.canonical import Json
from evidence_kit.capture import inventory
from evidence_kit.capture.document import Document, document_problems, page_facts
from evidence_kit.capture.exchanges import judge, socket_exchange, to_exchange
from evidence_kit.capture.inventory import Judged
from evidence_kit.capture.listening import Heard, Task, listen
from evidence_kit.capture.outcome import decide, exchange_problems
from evidence_kit.capture.result import CaptureOptions, PageCapture
from evidence_kit.capture.spool import Spool
from evidence_kit.capture.traffic import Traffic
from evidence_kit.capture.writing import Writing, write_files
from evidence_kit.models import Clock, OnStep, Problem, Status, ignore, utc_text

_RECORDER = "browser"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Conclusion:
    """What is said of a capture when it is over."""

    url: str
    final_url: str
    started: datetime
    finished: datetime
    status: Status
    problems: tuple[Problem, ...]
    page: dict[str, Json]
    judged: Sequence[Judged]


def capture_page(  # noqa: PLR0913  # what a capture needs from its caller, each by its name
    url: str,
    folder: Path,
    *,
    options: CaptureOptions,
    browser: Browser,
    warcinfo: Mapping[str, str],
    clock: Clock,
    on_step: OnStep = ignore,
) -> PageCapture:
    """Capture the page at *url* into *folder*, which is made if need be, with *browser*.

    *warcinfo* are the fields of the archive's first record, as they are. A page that cannot be opened gives a capture
    with status failed. Raises `CaptureError` when the browser does not start, `OSError` when *folder* is unwritable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    task = Task(url=url, folder=folder, options=options, clock=clock, on_step=on_step)
    # Inside the folder, so that bodies never lie outside what the caller guards.
    with tempfile.TemporaryDirectory(prefix="spool-", dir=folder, ignore_cleanup_errors=True) as name:
        heard = Heard(traffic=Traffic(clock), spool=Spool(Path(name), limit=options.max_bytes))
        started = clock()
        on_step("starting the browser")
        with launched(browser.path, _launch_options(options)) as chromium:
            asyncio.run(listen(chromium, task, heard))
        on_step("writing the archive")
        heard.traffic.match_heads()
        judged = [(hop, judge(hop, spool_full=heard.spool.full)) for hop in heard.traffic.hops]
        conclusion = _conclude(task, heard, judged, started=started)
        return _write(task, heard, conclusion, warcinfo=warcinfo, warc=Path(name) / "data.warc.gz")


def _launch_options(options: CaptureOptions) -> LaunchOptions:
    return LaunchOptions(
        viewport=options.viewport,
        locale=options.locale,
        timezone=options.timezone,
        insecure=options.insecure,
        connect_to=options.connect_to,
    )


def _conclude(task: Task, heard: Heard, judged: Sequence[Judged], *, started: datetime) -> _Conclusion:
    sockets = list(heard.traffic.sockets.values())
    document = Document.of(judged, heard)
    problems = [
        *document_problems(task.url, document, heard),
        *heard.problems,
        *heard.snapshots.problems,
        *exchange_problems(judged, sockets),
    ]
    return _Conclusion(
        url=task.url,
        final_url=heard.snapshots.final_url or document.url or task.url,
        started=started,
        finished=task.clock(),
        status=decide(problems, document=document.judged, snapshots=heard.snapshots, crashed=heard.crashed),
        problems=tuple(problems),
        page=page_facts(document, heard, judged),
        judged=judged,
    )


def _write(
    task: Task,
    heard: Heard,
    conclusion: _Conclusion,
    *,
    warcinfo: Mapping[str, str],
    warc: Path,
) -> PageCapture:
    actions = tuple(heard.driver.actions) if heard.driver else ()
    sockets = list(heard.traffic.sockets.values())
    requests: list[Json] = [inventory.request_line(*pair) for pair in conclusion.judged]
    requests += [inventory.socket_line(socket) for socket in sockets]
    exchanges = [exchange for pair in conclusion.judged if (exchange := to_exchange(*pair, heard.spool))]
    exchanges += [exchange for socket in sockets if (exchange := socket_exchange(socket))]
    writing = Writing(
        folder=task.folder,
        url=conclusion.url,
        final_url=conclusion.final_url,
        title=inventory.clean(heard.snapshots.title),
        started=conclusion.started,
        finished=conclusion.finished,
        exchanges=exchanges,
        inventory={
            "schema": "evidence-kit/page/1",
            "url": conclusion.url,
            "final_url": conclusion.final_url,
            "started": utc_text(conclusion.started),
            "finished": utc_text(conclusion.finished),
            "status": str(conclusion.status),
            "recorder": _RECORDER,
            "page": conclusion.page,
            "problems": [problem.to_json() for problem in conclusion.problems],
            "environment": heard.environment,
            "actions": [action.to_json() for action in actions],
            "requests": requests,
        },
        warcinfo=warcinfo,
    )
    files, seal = write_files(writing, warc=warc)
    return PageCapture(
        url=conclusion.url,
        final_url=conclusion.final_url,
        started=conclusion.started,
        finished=conclusion.finished,
        status=conclusion.status,
        problems=conclusion.problems,
        recorder=_RECORDER,
        files=files,
        wacz=seal,
        environment=heard.environment,
        actions=actions,
        page=conclusion.page,
    )
