"""One capture from the start of the browser to its end, and what is made of it afterwards.

While it runs everything stands in a folder of its own: what passed, and a journal of what the browser told. So when our
process is killed, `complete_capture` can still make of it what there is. Ctrl-C ends the browser and removes its
profile on the way out. A browser that dies midway leaves a failed capture that keeps what was recorded until then.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from evidence_kit.browser.find import Browser
from evidence_kit.browser.launch import LaunchOptions, Tap, launched
from evidence_kit.canonical import Json
from evidence_kit.capture import clock_offset, egress, environment, inventory
from evidence_kit.capture.choosing import begin_recorder
from evidence_kit.capture.clock_offset import MOST_SERVERS, Offset, measure, verdict
from evidence_kit.capture.completing import Beginning, read_interrupted
from evidence_kit.capture.desk import Interactive
from evidence_kit.capture.document import Document, document_problems, page_facts
from evidence_kit.capture.egress import ask_egress
from evidence_kit.capture.environment import Circumstances
from evidence_kit.capture.errands import Errand
from evidence_kit.capture.files import SESSION
from evidence_kit.capture.freeze import keep_token
from evidence_kit.capture.heard import Heard, Task
from evidence_kit.capture.interactive import BLANK
from evidence_kit.capture.journal import Journal
from evidence_kit.capture.listening import listen
from evidence_kit.capture.outcome import decide, decide_by_hand, exchange_problems, shot_problems
from evidence_kit.capture.recorder import Recorded, Recorder
from evidence_kit.capture.result import NOTHING, CaptureOptions, Outside, PageCapture
from evidence_kit.capture.shots import write_shots
from evidence_kit.capture.spool import Spool
from evidence_kit.capture.surroundings import certificate_problems
from evidence_kit.capture.traffic import Traffic
from evidence_kit.capture.writing import Writing, write_files
from evidence_kit.models import Clock, OnStep, Problem, Status, ignore, utc_text

RunCoroutine: TypeAlias = Callable[[Coroutine[Any, Any, None]], None]
"""Runs a coroutine in an event loop of its own, to its end or until the capture is interrupted."""


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
    environment: Circumstances


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errands:
    """What is asked beside a capture."""

    offsets: Errand[list[Offset]]
    egress: Errand[Json]


def capture_page(  # noqa: PLR0913  # what a capture needs from its caller, each by its name
    url: str,
    folder: Path,
    *,
    options: CaptureOptions,
    browser: Browser,
    warcinfo: Mapping[str, str],
    clock: Clock,
    outside: Outside = NOTHING,
    on_step: OnStep = ignore,
    run: RunCoroutine = asyncio.run,
    recording: Path | None = None,
) -> PageCapture:
    """Capture the page at *url* into *folder*, which is made if need be, with *browser*.

    *warcinfo* are the fields of the archive's first record, as they are; *outside* is what else is known and can be
    asked. What passes is kept in the folder *recording*, which the caller removes; without one nothing can be completed
    after an interruption. Whoever takes several pages in threads gives a *run* that can be interrupted; by itself a
    capture ends when Ctrl-C reaches the main thread. A page that cannot be opened gives a capture with status failed.
    Raises `CaptureError` when the browser does not start, `OSError` when *folder* is unwritable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as own:
        if recording is None:
            recording = Path(own.enter_context(tempfile.TemporaryDirectory(prefix="recording-")))
        task = Task(url=url, folder=folder, options=options, outside=outside, clock=clock, on_step=on_step)
        heard = Heard(traffic=Traffic(clock), spool=Spool(recording, limit=options.max_bytes))
        errands = _Errands(
            offsets=Errand(lambda: measure(options.time_servers, clock)),
            egress=Errand(lambda: ask_egress(options.egress_service)),
        )
        with contextlib.ExitStack() as running, Journal(recording / "journal.jsonl", clock) as journal:
            recorder, refusal = begin_recorder(recording, options, running)
            if refusal:
                heard.problems.append(Problem(code="recorder.fallback", detail=refusal))
            beginning = Beginning(url=url, recorder=recorder.kind, started=clock(), options=options, warcinfo=warcinfo)
            journal.note("begun", beginning.to_json())
            on_step("starting the browser")
            with launched(browser.path, _launch_options(options, recorder.tap, outside.interactive)) as chromium:
                observer = recorder.observer(heard.traffic, heard.spool)
                run(listen(chromium, task, heard, observer, journal, full=lambda: recorder.full(heard.spool)))
        if heard.token is not None:
            keep_token(heard.token, folder, heard.snapshots, clock)
        return _finish(task, heard, recorder, recording, beginning, errands)


def complete_capture(  # noqa: PLR0913  # what was recorded where, and what it takes to end it
    folder: Path, recording: Path, *, url: str, clock: Clock, outside: Outside = NOTHING, on_step: OnStep = ignore
) -> PageCapture | None:
    """Make of a capture of *url* that was interrupted what it would have left in *folder*; None if there is nothing.

    *recording* is what `capture_page` was given. The status is incomplete, whatever was there. Raises `FormatError`
    when the recording is damaged, `OSError`.
    """
    found = read_interrupted(folder, recording, url=url)
    if found is None:
        return None
    beginning = found.beginning
    task = Task(
        url=beginning.url, folder=folder, options=beginning.options, outside=outside, clock=clock, on_step=on_step
    )
    return _finish(task, found.heard, found.recorder, recording, beginning, None)


def _launch_options(options: CaptureOptions, tap: Tap | None, by_hand: Interactive | None) -> LaunchOptions:
    return LaunchOptions(
        viewport=options.viewport,
        locale=options.locale,
        timezone=options.timezone,
        insecure=options.insecure,
        connect_to=options.connect_to,
        authorities=options.training_ca,
        tap=tap,
        window=by_hand is not None,
        profile=by_hand.profile.folder if by_hand and by_hand.profile else None,
    )


def _finish(  # noqa: PLR0913, PLR0917  # what was heard, by whom, where and when
    task: Task,
    heard: Heard,
    recorder: Recorder,
    recording: Path,
    beginning: Beginning,
    errands: _Errands | None,
) -> PageCapture:
    task.on_step("reading what was recorded")
    heard.traffic.match_heads()
    recorded = recorder.read(heard.traffic, heard.spool)
    circumstances = Circumstances(
        browser=heard.browser,
        options=task.options,
        recorder=str(recorder.kind),
        started=beginning.started,
        zone=task.outside.zone,
        clock=verdict((errands.offsets.wait(clock_offset.SECONDS * MOST_SERVERS) if errands else None) or ()),
        egress=(errands.egress.wait(egress.SECONDS) if errands else None) or "not asked",
        names=[*recorded.lookups, *environment.addresses_seen(recorded.entries, str(recorder.kind))],
        folder=task.folder,
    )
    if task.options.interactive:
        write_shots(task.folder, heard.shots)
    conclusion = _conclude(task, heard, recorded, circumstances)
    task.on_step("writing the archive")
    writing = Writing(
        folder=task.folder,
        url=conclusion.url,
        final_url=conclusion.final_url,
        title=inventory.clean(heard.snapshots.title),
        started=conclusion.started,
        finished=conclusion.finished,
        entries=recorded.entries,
        inventory=_inventory(heard, conclusion),
        environment=environment.document(circumstances),
        taken=heard.snapshots.taken,
        shots=heard.shots,
        raw=recorded.raw,
        connections=recorded.connections,
        statements=recorded.statements,
        warcinfo=beginning.warcinfo,
    )
    files, seal = write_files(writing, warc=recording / "data.warc.gz")
    if recorder.seal(task.outside.recipients, task.folder / SESSION.path):
        files = (*files, SESSION)
    return PageCapture(
        url=conclusion.url,
        final_url=conclusion.final_url,
        started=conclusion.started,
        finished=conclusion.finished,
        status=conclusion.status,
        problems=conclusion.problems,
        options=task.options,
        recorder=str(recorder.kind),
        files=files,
        wacz=seal,
        environment=environment.summary(circumstances),
        actions=tuple(heard.visit.actions),
        shots=len(heard.shots),
        page=conclusion.page,
    )


def _conclude(task: Task, heard: Heard, recorded: Recorded, circumstances: Circumstances) -> _Conclusion:
    document = Document.of(recorded.entries, heard)
    url = document.url or task.url if task.url == BLANK else task.url
    problems = [
        *document_problems(url, document, heard, recorded.refusal),
        *heard.problems,
        *heard.snapshots.problems,
        *(shot_problems(heard.shots) if task.options.interactive else ()),
        *heard.surroundings.network_problems(),
        *certificate_problems(heard.traffic.hops),
        *recorded.problems,
        *exchange_problems(recorded.entries),
    ]
    return _Conclusion(
        url=url,
        final_url=heard.snapshots.final_url or document.url or task.url,
        started=circumstances.started,
        finished=heard.ended or task.clock(),
        status=_status(task, problems, document, heard),
        problems=tuple(problems),
        page=page_facts(document, heard, recorded.entries),
        environment=circumstances,
    )


def _status(task: Task, problems: Sequence[Problem], document: Document, heard: Heard) -> Status:
    if heard.interrupted:
        return Status.INCOMPLETE
    if task.options.interactive:
        return decide_by_hand(problems, document=document.entry, shots=heard.shots)
    return decide(
        problems,
        document=document.entry,
        snapshots=heard.snapshots,
        pictures=task.options.pictures,
        crashed=heard.crashed,
    )


def _inventory(heard: Heard, conclusion: _Conclusion) -> dict[str, Json]:
    return {
        "schema": "evidence-kit/page/1",
        "url": conclusion.url,
        "final_url": conclusion.final_url,
        "started": utc_text(conclusion.started),
        "finished": utc_text(conclusion.finished),
        "status": str(conclusion.status),
        "recorder": conclusion.environment.recorder,
        "page": conclusion.page,
        "problems": [problem.to_json() for problem in conclusion.problems],
        "environment": environment.summary(conclusion.environment),
        **heard.surroundings.to_json(),
        "actions": [action.to_json() for action in heard.visit.actions],
    }
