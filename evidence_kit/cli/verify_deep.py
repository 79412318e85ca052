"""``verify --deep``: render every captured item again, offline, and say where picture and recorded bytes differ."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evidence_kit.cli.output import quoted
from evidence_kit.cli.run import Run
from evidence_kit.display import visible
from evidence_kit.errors import CaptureError, FormatError, UsageError
from evidence_kit.models import Replayed, ReplayFinding, VerificationReport
from evidence_kit.texts import Texts

if TYPE_CHECKING:
    from evidence_kit.custody.custodian import Custodian
    from evidence_kit.replay.deep import Replaying
    from evidence_kit.replay.deep_pictures import Drawing
    from evidence_kit.replay.deep_result import ItemReplay, SealedPicture
    from evidence_kit.settings import Settings
    from evidence_kit.trust.age import Identity

_MOST = 10
"""Regions of one picture, and requests without an answer, shown to people; ``--json`` has more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepOptions:
    """What was asked for beside ``--deep``."""

    pictures: Path | None
    """A folder to make for pictures of the differences."""
    reveal: bool
    seconds: float | None
    """The longest time for one page."""
    purpose: str = ""
    """What is revealed for; empty if no event can be written."""

    def refuse_alone(self) -> None:
        """Raise `UsageError` for options that mean nothing without ``--deep``."""
        if self.pictures or self.reveal or self.seconds is not None:
            raise UsageError(
                "--pictures, --reveal and --timeout belong to --deep", hint="add --deep, or leave them out"
            )

    def refuse_place(self, verified: Path) -> None:
        """Raise `UsageError` where the pictures cannot be put: what is at *verified* stays as it is."""
        from evidence_kit.case.building import refuse_inside

        if self.pictures is None:
            if self.reveal:
                raise UsageError("--reveal is about the pictures of the differences", hint="add --pictures DIR")
            return
        if self.pictures.exists() or self.pictures.is_symlink():
            raise UsageError(f"{self.pictures} is there already", hint="name a folder that does not exist yet")
        if not self.pictures.absolute().parent.is_dir():
            raise UsageError(f"there is no folder {self.pictures.parent}", hint="make it, or name another folder")
        refuse_inside(self.pictures)
        if self.reveal and not self.purpose and _case_of(verified):
            raise UsageError(
                "--reveal shows evidence of a case, which is an event of its log and has a purpose",
                hint="name the case, and add --record --purpose WHY",
            )
        if verified.resolve() in self.pictures.resolve().parents:
            raise UsageError(f"{self.pictures} lies inside what is verified", hint="choose a folder outside of it")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepCheck:
    """What came of it."""

    items: "tuple[ItemReplay, ...]"
    reason: str
    """Why there are none, in English."""
    pictures: Path | None

    def findings(self, report: VerificationReport) -> Iterator[ReplayFinding]:
        """Yield what enters *report*."""
        if not self.items:
            yield ReplayFinding(subject=report.subject, outcome=Replayed.NOT_COMPARED, detail=self.reason)
        for item in self.items:
            yield from item.findings()


def check_deep(  # noqa: PLR0917  # of what, and how
    run: Run,
    path: Path,
    report: VerificationReport,
    options: DeepOptions,
    open_custodian: "Callable[[Settings], Custodian]",
    keys: "Sequence[Identity]" = (),
) -> DeepCheck:
    """Render every captured item of what is at *path*, which *report* is about.

    In a case what is revealed is an event of the log before it is drawn, signed with the key of *open_custodian*.
    Raises what keeps that from being written, `CaseError` for a folder that came there meanwhile, and `OSError` for one
    that cannot be written.
    """
    note: Callable[[str], object] | None = None
    if options.reveal and _case_of(path):
        from evidence_kit.replay.viewer_reveals import Part, note_in

        reveals = note_in(run.case(path), open_custodian(run.settings()))

        def note(item: str) -> int:
            return reveals(item, Part.PICTURES, options.purpose)

    items: list[ItemReplay] = []
    reason = "there is no captured item here that could be rendered again"
    with _new_folder(options.pictures) as folder:
        drawing = _drawing(run.texts, folder, options) if folder else None
        try:
            items += _replays(path, report.kind, _replaying(run, options), drawing, note, keys)
        except FormatError as error:
            # It cannot be opened, which has failed a check of the report before.
            reason = str(error)
    return DeepCheck(items=tuple(items), reason=reason, pictures=options.pictures)


def _replaying(run: Run, options: DeepOptions) -> "Replaying":
    from evidence_kit.browser.find import find_browser
    from evidence_kit.replay.deep import LONGEST_SECONDS, Replaying

    why = "there is no browser on this computer: install Chromium, or run evidence-kit doctor"
    try:
        browser = find_browser(run.environ)
    except CaptureError as error:
        browser, why = None, str(error)
    seconds = options.seconds or LONGEST_SECONDS
    return Replaying(browser=browser, why_none=why, timeout=seconds, clock=run.clock, on_step=run.progress())


def _case_of(path: Path) -> Path | None:
    """Return the case that *path* is or lies in; None where nothing is logged, as in a bundle."""
    found = (folder for folder in (path.resolve(), *path.resolve().parents) if (folder / "case.json").is_file())
    case = next(found, None)
    return None if case is None or (case.parent / "bagit.txt").exists() else case


def _replays(  # noqa: PLR0917  # of what, and how
    path: Path,
    kind: str,
    with_: "Replaying",
    drawing: "Drawing | None",
    note: "Callable[[str], object] | None",
    keys: "Sequence[Identity]",
) -> "Iterator[ItemReplay]":
    from evidence_kit.replay.deep import items_at, replay_item, replay_wacz

    if kind == "wacz":
        with _scratch() as scratch:
            yield _drawn(replay_wacz(path, scratch, with_), scratch, drawing, note)
        return
    with items_at(path, kind, keys) as places:
        for place in places:
            with _scratch() as scratch:
                yield _drawn(replay_item(place, scratch, with_), scratch, drawing, note)


def _drawn(
    found: "ItemReplay", scratch: Path, drawing: "Drawing | None", note: "Callable[[str], object] | None"
) -> "ItemReplay":
    from evidence_kit.replay.deep_pictures import draw

    if drawing is None:
        return found
    if note and found.outcome is Replayed.DIFFERS:
        note(found.item)
    return draw(found, scratch, drawing)


@contextmanager
def _scratch() -> Iterator[Path]:
    """Give a folder for pictures that are not blurred: it is gone in the end, even if we are killed."""
    from evidence_kit.browser.keeper import kept

    with tempfile.TemporaryDirectory(prefix="evidence-kit-") as folder, kept(Path(folder)):
        yield Path(folder)


@contextmanager
def _new_folder(wanted: Path | None) -> Iterator[Path | None]:
    """Give a folder beside *wanted* that becomes it when all went well, and is gone otherwise."""
    if wanted is None:
        yield None
        return
    from evidence_kit.browser.keeper import kept
    from evidence_kit.case.durable import move_new

    making = Path(tempfile.mkdtemp(prefix=".pictures-", dir=wanted.absolute().parent))
    try:
        with kept(making):
            yield making
        move_new(making, wanted)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _drawing(texts: Texts, folder: Path, options: DeepOptions) -> "Drawing":
    from evidence_kit.bundle.fonts import sans_font
    from evidence_kit.replay.deep_pictures import Drawing

    def legend(item: str, picture: "SealedPicture") -> Sequence[str]:
        return [f"{visible(item)}  {picture.path}", *_measured(texts, picture), texts.say("deep.legend")]

    return Drawing(
        folder=folder,
        reveal=options.reveal,
        legend=legend,
        recorded=texts.say("deep.recorded"),
        rendered=texts.say("deep.rendered"),
        font=sans_font(),
    )


def deep_text(texts: Texts, check: DeepCheck) -> str:
    """Return what people read of *check*."""
    lines = ["", texts.say("deep.heading")]
    for item in check.items:
        lines += _item(texts, item)
    if not check.items:
        lines.append(f"  {texts.say('deep.nothing')}: {visible(check.reason)}")
    lines.append(f"  {texts.say('deep.meaning')}")
    differs = any(item.outcome is Replayed.DIFFERS for item in check.items)
    if differs:
        lines.append(f"  {texts.say('deep.innocent')}")
    if check.pictures:
        lines.append(f"  {texts.say('deep.written')}: {quoted(check.pictures)}")
    elif differs:
        lines.append(f"  {texts.say('deep.how')}")
    return "\n".join(lines)


def _item(texts: Texts, item: "ItemReplay") -> Iterator[str]:
    yield f"  {visible(item.item)}: {texts.say(f'deep.{item.outcome}')}" + (
        f": {visible(item.reason)}" if item.reason else ""
    )
    for picture in item.pictures:
        measured, *regions = _measured(texts, picture)
        yield f"    {picture.path}: {measured}"
        yield from (f"      {region}" for region in regions)
    account = item.rendered.account
    if missing := account.missing.total() + account.unlisted:
        yield f"    {texts.say('deep.missing', count=missing)}"
        yield from (f"      {visible(url)}" for url, _ in account.missing.most_common(_MOST))
    counted = {
        "unreadable": account.unreadable,
        "guessed": account.guessed,
        "sockets": item.rendered.sockets,
    }
    yield from (f"    {texts.say(f'deep.{name}', count=count)}" for name, count in counted.items() if count)
    if item.pictures and item.recorded_with != item.rendered.product:
        used = texts.say("deep.browsers", recorded=visible(item.recorded_with), used=visible(item.rendered.product))
        yield f"    {used}"


def _measured(texts: Texts, picture: "SealedPicture") -> list[str]:
    """Return the measured agreement of *picture*, and a line for each of its largest regions."""
    agreement = picture.agreement
    share = f"{picture.share:.4%}".replace("%", " %")
    count = len(agreement.regions) + agreement.more
    lines = [texts.say("deep.share", share=share, pixels=agreement.pixels, count=count)]
    for number, region in enumerate(agreement.regions[:_MOST], start=1):
        edges = {"left": region.left, "top": region.top, "right": region.right, "bottom": region.bottom}
        lines.append(texts.say("deep.region", number=number, **edges))
    if count > _MOST:
        lines.append(texts.say("deep.more", count=count - _MOST))
    return lines
