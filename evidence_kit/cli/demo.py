"""``demo``: the whole way on the practice network, from a capture to a bundle that is verified, and one that is not."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.bundle import seal, tell_bundle
from evidence_kit.cli.capture import take_pages
from evidence_kit.cli.case import open_case
from evidence_kit.cli.events import event_table
from evidence_kit.cli.options import JsonOption, PassphraseOption
from evidence_kit.cli.output import emit, say
from evidence_kit.cli.run import Run
from evidence_kit.cli.verify import exit_code, verification_text
from evidence_kit.errors import CaseError
from evidence_kit.models import Officer, Outcome, Verdict, VerificationReport

if TYPE_CHECKING:
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.settings import Settings

_POST = "/posts/1001"
_TOUCHED = "data/items/EV-0001/capture.wacz"
"""The file of the copy in which one bit is changed."""
_OFFICER = Officer(name="Бат-Эрдэнэ Сургалт", id="0000", role="мөрдөгч (сургалт)", agency="Сургалтын алба")


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("demo")(_demo)


def _demo(
    ctx: typer.Context,
    *,
    output: Annotated[Path | None, typer.Option("--output", metavar="DIR", help="option.demo-output")] = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    run = Run.of(ctx)
    show = Show(run, _folder(run, output), tell=not json)
    document, code = show.play(passphrase_file)
    if json:
        emit(document)
    raise typer.Exit(code)


class Show:
    """One performance, in one folder; each step is told in plain words."""

    def __init__(self, run: Run, folder: Path, *, tell: bool) -> None:
        """Remember where, and whether to tell."""
        self._run = run
        self._folder = folder
        self._tell = tell
        self._step = 0

    def play(self, passphrase_file: Path | None) -> tuple[dict[str, Json], int]:
        """Go the whole way; return the result and the exit code."""
        from evidence_kit.capture.result import CaptureOptions
        from evidence_kit.practice.server import PracticeServer

        run, folder = self._run, self._folder
        settings = self._settings()
        custodian = run.custodian(settings, passphrase_file)
        self._say("demo.case", path=folder / "case")
        case = open_case(
            folder / "case",
            custodian,
            number="DEMO-1",
            title=run.texts.say("demo.title"),
            language=str(run.texts.language),
        )
        with PracticeServer() as server:
            link = f"{server.url}{_POST}"
            self._say("demo.capture", url=link)
            taken = take_pages(
                run,
                case,
                [link],
                custodian=custodian,
                stamping=run.stamping(settings),
                options=CaptureOptions(),
                note_text=run.texts.say("demo.note"),
                tell=self._tell,
            )
        self._log(case, "demo.log")
        self._say("demo.bundle", path=folder / "bundle")
        made = seal(
            run,
            case,
            folder / "bundle",
            settings=settings,
            custodian=custodian,
            purpose=run.texts.say("demo.purpose"),
            show_pictures=True,
        )
        if self._tell:
            tell_bundle(run, made)
        self._log(case, "demo.log-after")
        report = self._verify(settings, folder / "bundle", "demo.verify")
        tampered = self._tamper(settings)
        self._say("demo.end", path=folder)
        document: dict[str, Json] = {
            "schema": "evidence-kit/demo/1",
            "practice": made.practice,
            "signer_trust": run.signer_trust(),
            "case": str(case.path),
            "items": [item.answer for item in taken.items],
            "bundle": str(made.path),
            "reports": made.answer["reports"],
            "root": str(made.root),
            "signature_level": made.signature_level,
            "verdict": str(report.verdict),
            "tampered": _tampered(folder / "bundle-altered", tampered),
            "problems": [problem.to_json() for problem in made.problems],
        }
        codes = {taken.exit_code(), exit_code(report), 4 if made.problems else 0}
        codes.add(0 if tampered.verdict is Verdict.ALTERED else 1)
        return document, next((code for code in (3, 1, 4) if code in codes), 0)

    def _settings(self) -> "Settings":
        """Return this installation's settings, or, before setup, ones with a practice key in the demo's own folder."""
        from evidence_kit.settings import Settings, add_practice_key, save_settings

        settings = self._run.settings()
        if settings.officer and settings.signing:
            self._say("demo.own-profile", officer=settings.officer.name)
            return settings
        home = self._folder / "settings"
        self._say("demo.practice-profile", officer=_OFFICER.name, path=home)
        made = add_practice_key(
            Settings(home=home, language=str(self._run.texts.language)), _OFFICER, now=self._run.clock()
        )
        save_settings(made)
        return made

    def _verify(self, settings: "Settings", path: Path, key: str, **values: object) -> VerificationReport:
        from evidence_kit.verify import verify_path

        self._say(key, path=path, **values)
        report = verify_path(path, roots=self._run.roots(settings), clock=self._run.clock, on_step=self._run.progress())
        if self._tell:
            say(verification_text(self._run.texts, report))
        return report

    def _tamper(self, settings: "Settings") -> VerificationReport:
        """Change one bit in a copy of the bundle, and verify that."""
        copy = self._folder / "bundle-altered"
        shutil.copytree(self._folder / "bundle", copy)
        victim = copy / _TOUCHED
        data = bytearray(victim.read_bytes())
        data[len(data) // 2] ^= 1
        victim.write_bytes(data)
        return self._verify(settings, copy, "demo.tamper", file=_TOUCHED)

    def _log(self, case: "CaseFolder", key: str) -> None:
        self._say(key)
        if self._tell:
            say(event_table(self._run.texts, case.log().events))

    def _say(self, key: str, **values: object) -> None:
        if self._tell:
            self._step += 1
            say(f"\n{self._step}. {self._run.texts.say(key, **values)}")


def _folder(run: Run, output: Path | None) -> Path:
    """Return the folder of the demo, newly made; raises `CaseError` when it is taken."""
    local = run.clock().astimezone()
    folder = (output or Path(f"evidence-kit-demo-{local:%Y%m%d-%H%M%S}")).absolute()
    try:
        folder.mkdir(parents=True)
    except FileExistsError as error:
        raise CaseError(
            f"{folder} is already there and is never overwritten", hint="choose another --output"
        ) from error
    except OSError as error:
        raise CaseError(f"{folder} could not be made: {error.strerror}") from error
    return folder


def _tampered(path: Path, report: VerificationReport) -> dict[str, Json]:
    failed = [check for check in report.checks if check.outcome is Outcome.FAILED]
    named = any(check.subject.startswith(_TOUCHED) for check in failed)
    return {"bundle": str(path), "file": _TOUCHED, "verdict": str(report.verdict), "named": named}
