"""``view``: look at what was captured, blurred until it is revealed; in a case each reveal is an event first."""

import re
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.capture import the_browser
from evidence_kit.cli.evidence_keys import identities
from evidence_kit.cli.options import (
    AuthorityOption,
    CaseOption,
    JsonOption,
    KeyOption,
    KeyPassphraseOption,
    PassphraseOption,
    PlaceOption,
)
from evidence_kit.cli.output import emit, note, say
from evidence_kit.cli.run import Run
from evidence_kit.errors import UsageError

if TYPE_CHECKING:
    from evidence_kit.browser.find import Browser
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.replay.serving import ViewServer
    from evidence_kit.replay.viewer_reveals import NoteReveal
    from evidence_kit.replay.viewer_subject import Subject

_ITEM = re.compile(r"EV-[0-9]{4,}")
_TICK = 0.5
"""Seconds; on Windows only a sleep ends at Ctrl-C."""


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("view")(_view)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """What is to be looked at."""

    path: Path
    kind: str
    only: str = ""

    @property
    def shown(self) -> str:
        """What people call it."""
        return "item" if self.only else self.kind


def _view(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(metavar="ITEM|BUNDLE", help="option.view-what")] = "",
    *,
    no_window: Annotated[bool, typer.Option("--no-window", help="option.no-window")] = False,
    key: KeyOption = None,
    key_passphrase_file: KeyPassphraseOption = None,
    authority: AuthorityOption = "",
    place: PlaceOption = "",
    case: CaseOption = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.replay.page_documents import Setting
    from evidence_kit.replay.viewer import viewing
    from evidence_kit.replay.viewer_reveals import note_in
    from evidence_kit.replay.viewer_subject import open_subject

    run = Run.of(ctx)
    target = _target(what, case)
    browser = None if no_window else _browser(run)
    folder = run.case(target.path) if target.kind == "case" else None
    officer, writes, practice = "", None, False
    if folder is not None:
        custodian = run.custodian(run.settings(), passphrase_file, authority=authority, place=place)
        officer, writes, practice = custodian.officer.name, note_in(folder, custodian), custodian.signer.practice
    keys = identities(run, key, key_passphrase_file)
    with closing(open_subject(target.path, target.kind, only=target.only, identities=keys)) as subject:
        practice = practice or any(certificate.practice for certificate in subject.certificates)
        setting = Setting(
            language=run.texts.language, kind=target.shown, logged=bool(writes), practice=practice, officer=officer
        )
        with viewing(subject, setting, writes) as shown:
            try:
                _tell(run, target, subject, shown.server, practice=practice, json=json, writes=writes, browser=browser)
                _stay(run, browser, shown.server)
            except KeyboardInterrupt:
                # The way to end it, and no interruption of work.
                note("")
            revealed = shown.reveals.count
    _end(run, folder, revealed)


def _target(what: str, case: Path | None) -> _Target:
    """Return what was named: a path, an item of the case, or the case; raises `UsageError`."""
    path = Path(what)
    if not what or (_ITEM.fullmatch(what) and not path.exists()):
        return _Target(path=(case or Path()).absolute(), kind="case", only=what)
    if not path.exists():
        raise UsageError(f"there is no such file or folder: {what}", hint="name an item, as EV-0001, or a bundle")
    return _folder(path.resolve()) if path.is_dir() else _file(path.resolve())


def _folder(path: Path) -> _Target:
    from evidence_kit.verify.kinds import Kind, kind_of_folder

    kind = kind_of_folder(path)
    if kind in {Kind.BUNDLE, Kind.CASE}:
        return _Target(path=path, kind=str(kind))
    if kind is Kind.ITEM:
        case = path.parents[1]
        inside = path.parent.name == "items" and (case / "custody.jsonl").is_file()
        if inside and (case.parent / "bagit.txt").exists():
            return _Target(path=case.parent, kind="bundle", only=path.name)
        return _Target(path=case, kind="case", only=path.name) if inside else _Target(path=path, kind="item")
    raise UsageError(
        f"the folder is neither a case nor a bundle nor an item: {path}",
        hint="name an item's folder, a case, or a bundle with all that lies in it",
    )


def _file(path: Path) -> _Target:
    from evidence_kit.verify.kinds import SNIFFED, Kind, kind_of_zip

    with path.open("rb") as stream:
        start = stream.read(SNIFFED)
    if start[:2] == b"PK" and kind_of_zip(path, start) is Kind.BUNDLE:
        return _Target(path=path, kind="bundle")
    raise UsageError(f"the file is no bundle: {path}", hint="name the zip of a bundle, its folder, or an item")


def _browser(run: Run) -> "Browser | None":
    """Return the browser for the window; None where there is no screen; raises `CaptureError` without a browser."""
    from evidence_kit.browser.launch import window_possible

    if not window_possible(run.environ):
        note(run.texts.say("view.no-screen"))
        return None
    return the_browser(run)


def _tell(
    run: Run,
    target: _Target,
    subject: "Subject",
    server: "ViewServer",
    *,
    practice: bool,
    json: bool,
    writes: "NoteReveal | None",
    browser: "Browser | None",
) -> None:
    if json:
        items: list[Json] = list(subject.items)
        emit(
            {
                "schema": "evidence-kit/view/1",
                "practice": practice,
                "signer_trust": run.signer_trust(),
                "url": server.url,
                "kind": target.shown,
                "items": items,
                "logged": writes is not None,
                "window": browser is not None,
            }
        )
        return
    run.say_practice(practice=practice)
    say(run.texts.say("view.address", url=server.url))
    say(run.texts.say("view.logged" if writes else "view.not-logged"))
    say(run.texts.say("view.window" if browser else "view.own-browser"))


def _stay(run: Run, browser: "Browser | None", server: "ViewServer") -> None:
    """Serve until the window is closed, or the person says that it is enough."""
    from evidence_kit.replay.viewer import use_window

    if browser is not None:
        use_window(browser, server, run.texts.language)
    while browser is None:
        time.sleep(_TICK)


def _end(run: Run, folder: "CaseFolder | None", revealed: int) -> None:
    note(run.texts.say("view.ended", count=revealed))
    if folder is not None and revealed:
        run.flush(folder)
