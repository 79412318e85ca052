"""``capture``: live pages into the case, one item each."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.addresses import read_connect_to, read_link
from evidence_kit.cli.case import describe_case, pending, tell_unstamped
from evidence_kit.cli.completing import complete_interrupted
from evidence_kit.cli.items import item_text
from evidence_kit.cli.labels import read_label
from evidence_kit.cli.link_lists import ListedLink, read_list
from evidence_kit.cli.options import (
    AuthorityOption,
    CaseOption,
    JsonOption,
    NoteOption,
    PassphraseOption,
    PlaceOption,
    PurposeOption,
    SensitiveOption,
    SubjectsOption,
)
from evidence_kit.cli.output import emit, note, say
from evidence_kit.cli.run import Run
from evidence_kit.cli.sealed_capture import begin_sealing, refuse_beside_seal
from evidence_kit.cli.subjects import named_subjects
from evidence_kit.cli.training import read_authorities
from evidence_kit.cli.witness import the_witness
from evidence_kit.display import visible
from evidence_kit.errors import CaptureError, UsageError
from evidence_kit.models import RecorderKind, Status
from evidence_kit.texts import Texts

if TYPE_CHECKING:
    from evidence_kit.browser.find import Browser
    from evidence_kit.capture.desk import Interactive
    from evidence_kit.capture.result import CaptureOptions
    from evidence_kit.capture.sealing import Sealing
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.case.stamping import Stamping
    from evidence_kit.case.taking import TakenItem
    from evidence_kit.custody.custodian import Custodian

_TIMEOUT = 60.0
_MAX_BYTES = 512 * 1024 * 1024
_MAX_JOBS = 4


@dataclass(slots=True, kw_only=True)
class Taken:
    """What a run of `capture` brought."""

    practice: bool
    items: "list[TakenItem]" = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def unstamped(self) -> list[str]:
        """Return why time stamps are missing, each reason once."""
        return list(dict.fromkeys(reason for item in self.items for reason in item.unstamped))

    def exit_code(self) -> int:
        """Return 1 when a capture failed, else 4 when one is incomplete or not stamped, else 0."""
        found = {item.status for item in self.items}
        if Status.FAILED in found:
            return 1
        return 4 if Status.INCOMPLETE in found or self.unstamped() else 0


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("capture")(_capture)


def _capture(
    ctx: typer.Context,
    urls: Annotated[list[str] | None, typer.Argument(metavar="URL", help="option.url")] = None,
    *,
    batch: Annotated[Path | None, typer.Option("--batch", metavar="FILE", help="option.batch")] = None,
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", min=1, max=_MAX_JOBS, help="option.jobs")] = 1,
    results: Annotated[Path | None, typer.Option("--results", metavar="FILE", help="option.results")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="option.resume")] = False,
    recorder: Annotated[RecorderKind, typer.Option("--recorder", help="option.recorder")] = RecorderKind.AUTO,
    interactive: Annotated[bool, typer.Option("--interactive", help="option.interactive")] = False,
    profile: Annotated[str | None, typer.Option("--profile", metavar="NAME", help="option.profile")] = None,
    scroll: Annotated[bool, typer.Option("--scroll/--no-scroll", help="option.scroll")] = True,
    expand: Annotated[bool, typer.Option("--expand/--no-expand", help="option.expand")] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, max=3600, help="option.timeout")
    ] = _TIMEOUT,
    max_bytes: Annotated[int, typer.Option("--max-bytes", metavar="N", min=1, help="option.max-bytes")] = _MAX_BYTES,
    insecure: Annotated[bool, typer.Option("--insecure", help="option.insecure")] = False,
    connect_to: Annotated[
        list[str] | None, typer.Option("--connect-to", metavar="HOST[:PORT]=ADDRESS:PORT", help="option.connect-to")
    ] = None,
    training_ca: Annotated[
        list[Path] | None, typer.Option("--training-ca", metavar="FILE", help="option.training-ca")
    ] = None,
    witness: Annotated[str | None, typer.Option("--witness", metavar="HOST:PORT", help="option.witness")] = None,
    witness_trust: Annotated[
        Path | None, typer.Option("--witness-trust", metavar="FILE", help="option.witness-trust")
    ] = None,
    witness_optional: Annotated[bool, typer.Option("--witness-optional", help="option.witness-optional")] = False,
    sensitive: SensitiveOption = False,
    seal: Annotated[bool, typer.Option("--seal", help="option.capture-seal")] = False,
    ask_egress: Annotated[str, typer.Option("--ask-egress", metavar="URL", help="option.ask-egress")] = "",
    note_text: NoteOption = "",
    purpose: PurposeOption = "",
    authority: AuthorityOption = "",
    place: PlaceOption = "",
    subject: SubjectsOption = None,
    label: Annotated[str, typer.Option("--label", metavar="TEXT", help="option.label")] = "",
    case: CaseOption = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.capture.result import CaptureOptions

    run = Run.of(ctx)
    links = [*_given(urls or ()), *(read_list(batch) if batch else ())]
    if seal:
        asked = {"--batch": batch, "--jobs": jobs > 1, "--results": results, "--resume": resume}
        refuse_beside_seal({**asked, "--interactive": interactive, "--witness": witness, "--label": label})
    if interactive:
        _refuse_lists(batch=batch, jobs=jobs, results=results, resume=resume)
    elif profile is not None:
        raise UsageError("a profile is for a window", hint="say --interactive as well, or leave out --profile")
    elif not links and not resume:
        raise UsageError("no link was given", hint="say: evidence-kit capture URL, or --batch FILE")
    settings = run.settings()
    options = CaptureOptions(
        recorder=recorder,
        time_servers=settings.time_servers,
        egress_service=ask_egress,
        interactive=interactive,
        scroll=scroll and not interactive,
        expand=expand and not interactive,
        timeout=timeout,
        max_bytes=max_bytes,
        insecure=insecure,
        sensitive=sensitive,
        connect_to=tuple(read_connect_to(text) for text in connect_to or ()),
        training_ca=read_authorities(training_ca),
        label=read_label(label, links=len(links), listed=bool(batch or resume)),
        witness=the_witness(run, witness, witness_trust, recorder),
        witness_optional=witness_optional,
    )
    subjects = named_subjects(subject)
    folder = run.case(case)
    sealing = begin_sealing(run, settings, folder, subjects) if seal else None
    custodian = run.custodian(settings, passphrase_file, purpose=purpose, authority=authority, place=place)
    stamping = run.stamping(settings)
    completed = complete_interrupted(run, folder, custodian, stamping, tell=not json)
    if batch or results or jobs > 1:
        from evidence_kit.cli.batch import Assignment, Wishes, capture_list

        assignment = Assignment(
            case=folder,
            custodian=custodian,
            browser=the_browser(run),
            options=options,
            stamping=stamping,
            note=note_text,
            subjects=subjects,
        )
        answers = tuple(item.answer for item in completed)
        wishes = Wishes(file=batch, jobs=jobs, resume=resume, results=results, json=json, completed=answers)
        raise typer.Exit(capture_list(run, links, assignment, wishes))
    addresses = _each_once(run.texts, links, tell=not seal)
    with contextlib.ExitStack() as until_the_end:
        by_hand = None
        if interactive:
            from evidence_kit.cli.interactive import at_the_window, one_address

            addresses = [one_address(addresses)]
            by_hand = until_the_end.enter_context(at_the_window(run, folder, profile))
        taken = take_pages(
            run,
            folder,
            addresses,
            custodian=custodian,
            stamping=stamping,
            options=options,
            note_text=note_text,
            subjects=subjects,
            resume=resume,
            interactive=by_hand,
            sealing=sealing,
            tell=not json,
        )
    if json:
        emit(_document(run, folder, taken, completed))
    raise typer.Exit(taken.exit_code() or (4 if completed else 0))


def _document(run: Run, case: "CaseFolder", taken: Taken, completed: "Sequence[TakenItem]") -> dict[str, Json]:
    return {
        "schema": "evidence-kit/capture/1",
        "practice": taken.practice,
        "signer_trust": run.signer_trust(),
        "case": describe_case(case),
        "items": [item.answer for item in taken.items],
        "completed": [item.answer for item in completed],
        "skipped": [*taken.skipped],
        "problems": pending(taken.unstamped()),
    }


def take_pages(
    run: Run,
    case: "CaseFolder",
    links: Sequence[str],
    *,
    custodian: "Custodian",
    stamping: "Stamping",
    options: "CaptureOptions",
    note_text: str = "",
    subjects: Sequence[str] = (),
    resume: bool = False,
    interactive: "Interactive | None" = None,
    sealing: "Sealing | None" = None,
    tell: bool,
) -> Taken:
    """Capture the page of each link, in this order, and say of each how it went if *tell*.

    Raises `CaptureError` without a browser, before anything was recorded, and what `take_page` raises.
    """
    from evidence_kit.capture.take import take_page

    taken = Taken(practice=custodian.signer.practice)
    if not links:
        return taken
    browser = the_browser(run)
    done = _recorded(case) if resume else set()
    if tell:
        run.say_practice(practice=taken.practice)
    for number, link in enumerate(links, start=1):
        if link in done:
            taken.skipped.append(link)
            note(run.texts.say("capture.skipped", url=link))
            continue
        run.progress()(f"{number}/{len(links)}" if sealing else f"{number}/{len(links)} {visible(link)}")
        item = take_page(
            case,
            link,
            custodian=custodian,
            browser=browser,
            options=options,
            stamping=stamping,
            note=note_text,
            subjects=subjects,
            on_step=run.progress(),
            interactive=interactive,
            sealing=sealing,
        )
        taken.items.append(item)
        if tell:
            say(item_text(run.texts, item.answer, brief=True))
            say(run.texts.say(f"capture.{'sealed-' if sealing else ''}{item.status}"))
    if tell:
        tell_unstamped(run.texts, taken.unstamped())
    return taken


def the_browser(run: Run) -> "Browser":
    """Return the browser to use; raises `CaptureError` when there is none."""
    from evidence_kit.browser.find import find_browser

    found = find_browser(run.environ)
    if found is None:
        hint = "install Chrome, Edge or Chromium, or run: python -m evidence_kit.browser.install"
        raise CaptureError("no Chromium, Chrome or Edge was found", hint=hint)
    return found


def _refuse_lists(*, batch: Path | None, jobs: int, results: Path | None, resume: bool) -> None:
    asked = {"--batch": batch, "--jobs": jobs > 1, "--results": results, "--resume": resume}
    for option in (option for option, wanted in asked.items() if wanted):
        message = f"{option} is for captures that go on by themselves, and a window is used by hand"
        raise UsageError(message, hint=f"leave out {option} or --interactive")


def _given(urls: Sequence[str]) -> list[ListedLink]:
    found = []
    for text in urls:
        link, completed = read_link(text)
        found.append(ListedLink(line=0, url=link, completed=completed))
    return found


def _each_once(texts: Texts, links: Sequence[ListedLink], *, tell: bool) -> list[str]:
    for link in links:
        if link.completed and tell:
            note(texts.say("capture.completed", url=link.url))
    return list(dict.fromkeys(link.url for link in links))


def _recorded(case: "CaseFolder") -> set[str]:
    from evidence_kit.case.items import recorded_links

    case.repair()
    return set(recorded_links(case))
