"""``doctor``: whether everything is there that a capture needs, and whether a crash left something behind."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli import health
from evidence_kit.cli.health import Finding, State
from evidence_kit.cli.options import JsonOption, PassphraseOption
from evidence_kit.cli.output import emit, say, table
from evidence_kit.cli.run import Run
from evidence_kit.display import visible
from evidence_kit.texts import Language, Texts

if TYPE_CHECKING:
    from evidence_kit.case.folder import CaseFolder

_IN_USE_SECONDS = 15 * 60
"""A staged folder that changed since then may belong to a capture that is still running."""


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("doctor")(_doctor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Everything that was found."""

    findings: tuple[Finding, ...]
    practice: bool
    case: Path | None

    @property
    def healthy(self) -> bool:
        """Whether nothing is missing and nothing needs attention."""
        return not {finding.state for finding in self.findings} & {State.FAILED, State.WARNING}

    def to_json(self) -> dict[str, Json]:
        """Return the result; it is English whatever people read."""
        english = Texts.load(Language.ENGLISH)
        return {
            "schema": "evidence-kit/doctor/1",
            "case": str(self.case) if self.case else None,
            "practice": self.practice,
            "checks": [finding.to_json(english) for finding in self.findings],
        }


def _doctor(
    ctx: typer.Context,
    *,
    case: Annotated[
        Path | None, typer.Argument(metavar="CASE", envvar="EVIDENCE_KIT_CASE", help="option.doctor-case")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="option.clear")] = False,
    self_test: Annotated[bool, typer.Option("--self-test", help="option.self-test")] = False,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    run = Run.of(ctx)
    diagnosis = examine(run, case, clear=clear, self_test=self_test, passphrase_file=passphrase_file)
    if json:
        emit({**diagnosis.to_json(), "signer_trust": run.signer_trust()})
    else:
        _tell(run, diagnosis)
    raise typer.Exit(0 if diagnosis.healthy else 4)


def examine(run: Run, path: Path | None, *, clear: bool, self_test: bool, passphrase_file: Path | None) -> Diagnosis:
    """Look at everything; raises `CaseError` for a case that is none, `SettingsError` for damaged settings."""
    settings = run.settings()
    here = path is None and (Path() / "case.json").is_file()
    case = run.case(path) if path or here else None
    folder = case.path if case else Path.cwd()
    signer, key = health.key(run, settings, passphrase_file)
    findings = [
        health.browser(run),
        *health.fonts(run),
        health.settings_folder(settings.home),
        *key,
        *health.revocation(run, settings, signer),
        health.entitlement(settings),
        *health.hash_lists(settings.hash_lists),
        *health.authorities(run, settings.tsa),
        health.space(folder),
        health.cloud(run, [folder, settings.home]),
        *health.memory(run, settings),
        *(_leftovers(case, clear=clear) if case else ()),
        *([health.encryption(case), health.sealing(case)] if case else ()),
        *(health.self_tests(run) if self_test else ()),
    ]
    practice = bool(signer and signer.practice)
    return Diagnosis(findings=tuple(findings), practice=practice, case=case.path if case else None)


def _leftovers(case: "CaseFolder", *, clear: bool) -> list[Finding]:
    """Finish what a crash interrupted, and name the folders of captures and bundles that never ended."""
    from evidence_kit.case.building import abandoned
    from evidence_kit.case.staging import foreign_entries

    finished = case.repair()
    if finished:
        events = ", ".join(str(number) for number in finished)
        found = [Finding.of("case.commits", State.WARNING, "doctor.commits-finished", events=events)]
    else:
        found = [Finding.of("case.commits", State.PASSED, "doctor.commits-none")]
    links, strange = foreign_entries(case.staging)
    for name in (*links, *strange):
        found.append(Finding.of("case.leftovers", State.WARNING, "doctor.leftover-foreign", name=visible(name)))
    folders = [entry for entry in sorted(case.staging.iterdir()) if entry.is_dir() and not entry.is_symlink()]
    folders = [folder for folder in folders if folder.name not in strange]
    for folder in folders:
        found.append(_leftover(folder, clear=clear))
    if not folders and not links and not strange:
        found.append(Finding.of("case.leftovers", State.PASSED, "doctor.leftovers-none"))
    return [*found, *(_unfinished_bundle(folder, clear=clear) for folder in abandoned(case.path.parent))]


def _unfinished_bundle(folder: Path, *, clear: bool) -> Finding:
    if not clear:
        return Finding.of("case.leftovers", State.WARNING, "doctor.bundle-unfinished", name=folder.name)
    return _remove(folder)


def _leftover(folder: Path, *, clear: bool) -> Finding:
    from evidence_kit.case.workplace import in_use

    newest = max(path.lstat().st_mtime for path in (folder, *folder.rglob("*")))
    if in_use(folder) or time.time() - newest < _IN_USE_SECONDS:
        return Finding.of("case.leftovers", State.WARNING, "doctor.leftover-fresh", name=folder.name)
    if not clear:
        return Finding.of("case.leftovers", State.WARNING, "doctor.leftover", name=folder.name)
    return _remove(folder)


def _remove(folder: Path) -> Finding:
    import shutil

    try:
        shutil.rmtree(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        return Finding.of("case.leftovers", State.FAILED, "doctor.leftover-stays", name=folder.name, reason=reason)
    return Finding.of("case.leftovers", State.PASSED, "doctor.leftover-cleared", name=folder.name)


def _tell(run: Run, diagnosis: Diagnosis) -> None:
    texts = run.texts
    run.say_practice(practice=diagnosis.practice)
    say(texts.say("doctor.fine" if diagnosis.healthy else "doctor.not-fine"))
    if diagnosis.case:
        say(f"{texts.say('common.case')}: {visible(str(diagnosis.case))}")
    header = [texts.say(f"doctor.column-{name}") for name in ("outcome", "check", "detail")]
    lines = [
        [
            texts.say(f"outcome.{found.state}"),
            texts.say(f"doctor.title.{found.id}"),
            found.detail(texts),
        ]
        for found in diagnosis.findings
    ]
    say(table(header, lines))
