"""``sign`` and ``renew``: a new bundle that contains an old one, with one more signature or a newer time stamp."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.cli.case import tell_unstamped
from evidence_kit.cli.options import AuthorityOption, JsonOption, PassphraseOption, PlaceOption, PurposeOption
from evidence_kit.cli.output import emit, quoted, rows, say
from evidence_kit.cli.run import Run
from evidence_kit.display import visible
from evidence_kit.errors import IntegrityError, UsageError

if TYPE_CHECKING:
    from evidence_kit.bundle.reissue import Reissued
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.custody.custodian import Custodian
    from evidence_kit.models import VerificationReport

BundleArgument = Annotated[Path, typer.Argument(metavar="BUNDLE", help="option.bundle-path")]
OutputOption = Annotated[Path, typer.Option("--output", metavar="PATH", help="option.bundle-output")]
BundledOption = Annotated[Path | None, typer.Option("--case", metavar="DIR", help="option.bundled-case")]
"""Not taken from the environment: whoever has the bundle alone needs no case."""

_PENDING = "time-stamp-pending"


def register(root: typer.Typer) -> None:
    """Add the commands, which differ in nothing that is given to them."""
    for name in ("sign", "renew"):
        root.command(name)(_command(name))


def _command(name: str) -> Callable[..., None]:
    def command(
        ctx: typer.Context,
        bundle: BundleArgument,
        *,
        output: OutputOption,
        purpose: PurposeOption = "",
        authority: AuthorityOption = "",
        place: PlaceOption = "",
        case: BundledOption = None,
        passphrase_file: PassphraseOption = None,
        json: JsonOption = False,
    ) -> None:
        run = Run.of(ctx)
        if name == "renew" and not run.settings().tsa:
            message = "no time-stamping authority is set up, and a newer time stamp is what renews a bundle"
            raise UsageError(message, hint="run: evidence-kit setup --tsa URL --trust FILE.pem")
        custodian = run.custodian(run.settings(), passphrase_file, purpose=purpose, authority=authority, place=place)
        _reissue(run, name, bundle, output.absolute(), custodian=custodian, case=case, json=json)

    return command


def _reissue(
    run: Run, command: str, bundle: Path, output: Path, *, custodian: "Custodian", case: Path | None, json: bool
) -> None:
    from evidence_kit.bundle.reissue import reissue_bundle

    folder = run.case(case) if case else None
    _want_whole(run, bundle, folder, custodian)
    made = reissue_bundle(
        bundle,
        output,
        custodian=custodian,
        stamping=run.stamping(run.settings()),
        countersign=command == "sign",
        on_step=run.progress(),
    )
    event = _record(folder, made, custodian, command) if folder else None
    if json:
        emit({"schema": f"evidence-kit/{command}/1", **made.answer, "event": event, "signer_trust": run.signer_trust()})
    else:
        _tell(run, made, event)
    raise typer.Exit(4 if made.problems else 0)


def _want_whole(run: Run, bundle: Path, case: "CaseFolder | None", custodian: "Custodian") -> None:
    """Refuse what was altered, or is no bundle: nobody is to put a name to it; and a bundle of another case."""
    from evidence_kit.models import Verdict
    from evidence_kit.verify import verify_path

    report = verify_path(bundle, roots=run.roots(run.settings()), clock=run.clock, on_step=run.progress())
    if report.verdict is Verdict.ALTERED and report.kind == "bundle":
        message = f"the bundle {bundle} does not match its record; nothing was signed"
        raise IntegrityError(message, hint=f"run: evidence-kit verify {quoted(bundle)}")
    if report.kind != "bundle" or report.verdict is Verdict.CANNOT_VERIFY:
        raise UsageError(f"{bundle} is no bundle that can be verified", hint="name the folder or zip of a bundle")
    if case is not None:
        _want_case(case, report, custodian)


def _want_case(case: "CaseFolder", report: "VerificationReport", custodian: "Custodian") -> None:
    """Refuse a case that the bundle is not of, or whose log would not take the event."""
    from evidence_kit.trust.digests import sha256_bytes

    log, custody = case.log(), report.facts["custody"]
    key = sha256_bytes(custodian.signer.certificate.der)
    match custody:
        case {"events": int(events), "head": head} if events < len(log.links) and str(log.links[events]) == head:
            pass
        case _:
            message = f"the bundle {report.subject} is none of the case {case.path}"
            raise UsageError(message, hint="leave out --case, or name its case")
    if key not in log.keys.since or key in log.keys.revoked:
        message = f"the log of {case.path} takes no event signed by {custodian.signer.certificate.subject!r}"
        raise UsageError(message, hint="leave out --case, or register the key first: evidence-kit custody key add")


def _record(case: "CaseFolder", made: "Reissued", custodian: "Custodian", command: str) -> int:
    """Write into the case's log what was made; return the event's number."""
    from evidence_kit.case.layout import TAG_MANIFEST
    from evidence_kit.custody.events import Draft, EventType

    digests = {"root": made.root, TAG_MANIFEST: made.tag_manifest, "previous": made.previous}
    digests.update({name: digest for name, digest, _ in made.reports})
    if made.file_digest:
        digests["zip"] = made.file_digest
    type_ = EventType.BUNDLE_COUNTERSIGNED if command == "sign" else EventType.BUNDLE_RENEWED
    draft = Draft(type=type_, digests=digests, detail={"signature": made.signature_level})
    return case.commit(draft, custodian).seq


def _tell(run: Run, made: "Reissued", event: int | None) -> None:
    texts = run.texts
    run.say_practice(practice=made.practice)
    say(texts.say("bundle.made", path=made.path))
    pairs = [(texts.say("bundle.report"), f"{name} ({size} B)") for name, _, size in made.reports]
    pairs.append((texts.say("bundle.level"), texts.word("bundle-level", made.signature_level)))
    pairs.append((texts.say("bundle.earlier"), str(made.number)))
    if made.file_digest:
        pairs.append((texts.say("bundle.zip"), made.file_digest.hex))
    pairs.append((texts.say("bundle.root"), str(made.root)))
    if event is not None:
        pairs.append((texts.say("bundle.event"), str(event)))
    say(rows(pairs))
    for problem in made.problems:
        if problem.code != _PENDING:
            say(f"  - {texts.word('problems', problem.code)}: {visible(problem.detail)}")
    tell_unstamped(texts, (problem.detail for problem in made.problems if problem.code == _PENDING))
    say(texts.say("bundle.next", path=quoted(made.path)))
