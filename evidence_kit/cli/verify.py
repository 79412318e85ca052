"""``verify``: the plain answer first, then what, when, by whom, and what is wrong."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.case import pending, tell_unstamped
from evidence_kit.cli.evidence_keys import identities
from evidence_kit.cli.options import (
    AuthorityOption,
    JsonOption,
    KeyOption,
    KeyPassphraseOption,
    PassphraseOption,
    PlaceOption,
    PurposeOption,
)
from evidence_kit.cli.output import emit, note, rows, say
from evidence_kit.cli.run import Run
from evidence_kit.cli.withheld import withheld_rows
from evidence_kit.display import visible
from evidence_kit.errors import EvidenceError, FormatError, IntegrityError, TimestampError, UsageError
from evidence_kit.models import Check, Outcome, Trust, Verdict, VerificationReport
from evidence_kit.texts import Texts

if TYPE_CHECKING:
    from evidence_kit.custody.custodian import Custodian
    from evidence_kit.settings import Settings
    from evidence_kit.trust.certificates import Certificate
    from evidence_kit.trust.judging import TrustedRoots
    from evidence_kit.verify.outside import Outside

_EXIT = {Verdict.VERIFIED: 0, Verdict.UNCHANGED: 4, Verdict.ALTERED: 3, Verdict.CANNOT_VERIFY: 1}
_FRACTION = re.compile(r"\.[0-9]{3}Z$")
_MOST_PROCESSES = 8
_MOST = 20
"""Failed or unmade checks shown to people; ``--json`` has them all."""


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("verify")(_verify)


def _verify(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="option.verify-path")],
    *,
    trust: Annotated[list[Path] | None, typer.Option("--trust", metavar="FILE.pem", help="option.verify-trust")] = None,
    with_withheld: Annotated[
        Path | None, typer.Option("--with-withheld", metavar="FILE", help="option.with-withheld")
    ] = None,
    receipt: Annotated[list[str] | None, typer.Option("--receipt", metavar="FILE|TEXT", help="option.receipt")] = None,
    anchor: Annotated[list[Path] | None, typer.Option("--anchor", metavar="FILE", help="option.anchor")] = None,
    key: KeyOption = None,
    key_passphrase_file: KeyPassphraseOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="option.strict")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="option.deep")] = False,
    pictures: Annotated[Path | None, typer.Option("--pictures", metavar="DIR", help="option.deep-pictures")] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="option.deep-reveal")] = False,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", min=5, max=600, help="option.deep-timeout")
    ] = None,
    record: Annotated[bool, typer.Option("--record", help="option.record")] = False,
    purpose: PurposeOption = "",
    authority: AuthorityOption = "",
    place: PlaceOption = "",
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.cli.verify_deep import DeepOptions, check_deep, deep_text
    from evidence_kit.verify import verify_path
    from evidence_kit.verify.replayed import with_replay

    run = Run.of(ctx)
    asked = DeepOptions(pictures=pictures, reveal=reveal, seconds=timeout, purpose=purpose.strip() if record else "")
    opened = partial(run.custodian, passphrase_file=passphrase_file, purpose=purpose, authority=authority, place=place)
    asked.refuse_place(path) if deep else asked.refuse_alone()
    if record and not (path / "case.json").is_file():
        raise UsageError("--record is for a case", hint="leave out --record, or name the folder of a case")
    keys = identities(run, key, key_passphrase_file)
    report = verify_path(
        path,
        roots=_roots(run, trust or ()),
        clock=run.clock,
        outside=_outside(receipt or (), anchor or ()),
        on_step=run.progress(),
        identities=keys,
        withheld=_read_withheld(with_withheld) if with_withheld else None,
        processes=min(os.cpu_count() or 1, _MOST_PROCESSES),
    )
    if with_withheld and report.kind != "bundle":
        raise UsageError("--with-withheld is for a bundle", hint="name the bundle beside which the file was made")
    again, verdict = check_deep(run, path, report, asked, opened, keys) if deep else None, report.verdict
    if again:
        report = with_replay(report, again.findings(report))
    recorded, unstamped = _record(run, path, report, opened) if record else (None, [])
    if json:
        document: dict[str, object] = {**report.to_json(), "practice": is_practice(report)}
        if again:
            document["replay"] = [item.to_json() for item in again.items]
        emit({**document, "recorded": recorded, "problems": pending(unstamped)} if record else document)
    else:
        say(verification_text(run.texts, report, doubted=report.verdict is not verdict))
        if again:
            say(deep_text(run.texts, again))
        tell_unstamped(run.texts, unstamped)
    raise typer.Exit(exit_code(report, strict=strict, incomplete=bool(unstamped), lost=record and recorded is None))


def exit_code(report: VerificationReport, *, strict: bool = False, incomplete: bool = False, lost: bool = False) -> int:
    """Return 3 for altered, else 1 for what could not be done, else 4 for what is open, else 0."""
    unmade = any(check.outcome is Outcome.NOT_CHECKED for check in report.checks)
    codes = {_EXIT[report.verdict], 1 if lost else 0, 4 if incomplete or (strict and unmade) else 0}
    return next((code for code in (3, 1, 4) if code in codes), 0)


def is_practice(report: VerificationReport) -> bool:
    """Whether a signer's certificate is one for practice: believed as such, or claiming to be one by its name."""
    return any(signer.practice for signer in report.signers)


def _roots(run: Run, files: Sequence[Path]) -> "TrustedRoots":
    roots = run.roots(run.settings())
    return replace(roots, established=(*roots.established, *read_roots(files)))


def read_roots(files: Sequence[Path]) -> "tuple[Certificate, ...]":
    """Return the certificates in *files*; raises `UsageError` for one that has none."""
    from evidence_kit.trust.certificates import read_certificates

    roots: list[Certificate] = []
    for file in files:
        try:
            roots += read_certificates(file)
        except OSError as error:
            raise UsageError(f"the root {file} cannot be read: {error.strerror}") from error
        except FormatError as error:
            raise UsageError(f"the root {file} holds no certificate: {error}", hint=error.hint) from error
    return tuple(roots)


def _read_withheld(file: Path) -> bytes:
    from evidence_kit.plain import read_at_most
    from evidence_kit.verify.files import SMALL

    try:
        return read_at_most(file, SMALL)
    except OSError as error:
        raise UsageError(f"the file of withheld events {file} cannot be read: {error.strerror}") from error
    except FormatError as error:
        message = f"{file} is larger than a file of withheld events may be"
        raise UsageError(message, hint="name the file of the bundle") from error


def _outside(receipts: Sequence[str], anchors: Sequence[Path]) -> "Outside":
    from evidence_kit.case.anchors import is_anchor_list, read_anchor
    from evidence_kit.cli.receipt import given_receipt
    from evidence_kit.verify.outside import Outside

    lists, broken = [], []
    hint = "give the list as it was written, anchor-….json, its signature and time stamps beside it"
    for path in anchors:
        try:
            if not is_anchor_list(path):
                raise UsageError(f"{path} is no anchor list", hint=hint)
            lists.append(read_anchor(path))
        except OSError as error:
            raise UsageError(f"the anchor list {path} cannot be read: {error.strerror}", hint=hint) from error
        except TimestampError as error:
            broken.append(("anchor.timestamp", path.name, str(error)))
        except (FormatError, IntegrityError) as error:
            broken.append(("anchor.signature", path.name, str(error)))
    given = tuple(given_receipt(value) for value in receipts)
    return Outside(receipts=given, anchors=tuple(lists), broken=tuple(broken))


def _record(
    run: Run, path: Path, report: VerificationReport, open_custodian: "Callable[[Settings], Custodian]"
) -> tuple[int | None, list[str]]:
    """Append the result to the case's log; return the event's number, or None when that could not be done."""
    from evidence_kit.case.stamping import stamp_head
    from evidence_kit.custody.events import Draft, EventType

    passed = report.verdict in {Verdict.VERIFIED, Verdict.UNCHANGED}
    draft = Draft(type=EventType.VERIFIED, outcome="pass" if passed else "fail", detail=_result(report))
    try:
        case = run.case(path)
        settings = run.settings()
        committed = case.commit(draft, open_custodian(settings))
        return committed.seq, stamp_head(case, run.stamping(settings))
    except EvidenceError as error:
        # The answer must be given all the same; the exit code tells that it was not recorded.
        note(run.texts.say("verify.not-recorded", problem=error))
        return None, []


def _result(report: VerificationReport) -> dict[str, Json]:
    """Return the ``detail`` of a ``verified`` event: what failed is named, at most `_MOST` of it."""
    outcomes = Counter(str(check.outcome) for check in report.checks)
    failed = [check for check in report.checks if check.outcome is Outcome.FAILED]
    return {
        "verdict": str(report.verdict),
        "head": report.root,
        "checks": {key.replace("-", "_"): outcomes[key] for key in sorted(outcomes)},
        "failed": [{"check": check.id, "subject": visible(check.subject)} for check in failed[:_MOST]],
    }


def verification_text(texts: Texts, report: VerificationReport, *, doubted: bool = False) -> str:
    """Return what people read of *report*; *doubted* if only the replay check speaks against it."""
    practice = is_practice(report)
    verdict = str(report.verdict)
    says = f"{verdict}-practice" if practice and report.verdict is Verdict.VERIFIED else verdict
    if doubted:
        says = "cannot-verify-replay"
    lines = [f"[{texts.say(f'verdict.{verdict}')}] {texts.say(f'verdict-says.{says}')}"]
    if practice:
        lines.append(texts.say("practice.line"))
    lines += ["", texts.say("verify.what"), rows(_what(texts, report))]
    times = _times(texts, report)
    if times:
        lines += ["", texts.say("verify.when"), rows(times)]
    lines += ["", texts.say("verify.who")]
    lines += [rows(_signer(texts, signer.name, signer.certificate_sha256, signer.trust)) for signer in report.signers]
    if not report.signers:
        lines.append(f"  {texts.say('verify.nobody')}")
    signatures = report.facts.get("signatures")
    if isinstance(signatures, list) and signatures:
        lines += ["", texts.say("verify.signatures"), *(_signature(texts, each) for each in signatures)]
    lines += ["", texts.say("verify.steps"), *_steps(texts, report.checks)]
    for outcome in (Outcome.FAILED, Outcome.NOT_CHECKED):
        lines += _group(texts, outcome, [check for check in report.checks if check.outcome is outcome])
    passed = sum(check.outcome is Outcome.PASSED for check in report.checks)
    lines += ["", f"{texts.say('outcome.passed')}: {passed}"]
    return "\n".join(lines)


def _what(texts: Texts, report: VerificationReport) -> list[tuple[str, str]]:
    pairs = [
        (texts.say("verify.kind"), texts.say(f"kind.{report.kind}")),
        (texts.say("verify.subject"), visible(report.subject)),
    ]
    items = report.facts.get("items")
    if isinstance(items, list):
        pairs.append(
            (texts.say("verify.items"), visible(", ".join(str(item) for item in items)) or texts.say("common.none"))
        )
    pairs += _tried(texts, report)
    withheld = report.facts.get("withheld")
    if isinstance(withheld, dict):
        pairs += withheld_rows(texts, withheld)
    match report.facts.get("opened"):
        case {"events": int(count), "items": list(of)} if count:
            named = visible(", ".join(map(str, of))) or texts.say("common.none")
            pairs += [(texts.say("verify.opened"), str(count)), (texts.say("verify.opened-items"), named)]
    previous = report.facts.get("previous")
    for form in previous if isinstance(previous, list) else ():
        match form:
            case {"name": name, "sealed": sealed}:
                pairs.append((texts.say("verify.previous"), f"{visible(str(name))}, {sealed}"))
    anchors = report.facts.get("outside_anchors")
    if isinstance(anchors, list):
        pairs.append((texts.say("verify.anchors"), str(len(anchors)) if anchors else texts.say("verify.no-anchor")))
    if report.root:
        pairs.append((texts.say(f"verify.root-{report.kind}"), report.root))
    return pairs


def _tried(texts: Texts, report: VerificationReport) -> Iterator[tuple[str, str]]:
    """Yield what was tried in the case by its log, and what is sealed here."""
    groups = {"attempts": "status", "supplied": "supplied", "derived": "derived", "sealing": "sealed"}
    for key, group in groups.items():
        found = report.facts.get(key)
        if isinstance(found, dict) and (key in {"attempts", "supplied"} or any(found.values())):
            counts = ", ".join(f"{texts.word(group, name)}: {count}" for name, count in found.items() if count)
            yield texts.say(f"verify.{key}"), counts or texts.say("common.none")
    sealed = report.facts.get("sealed_items")
    if isinstance(sealed, list):
        yield texts.say("verify.sealed-items"), visible("; ".join(_sealed(texts, each) for each in sealed))


def _sealed(texts: Texts, item: Json) -> str:
    match item:
        case {"item": name, "files": files, "keys": keys}:
            return texts.say("sealed.told", item=name, files=files, keys=keys)
    return ""


def _times(texts: Texts, report: VerificationReport) -> list[tuple[str, str]]:
    facts = report.facts
    pairs = [
        (texts.say(f"verify.{key}"), _whole_seconds(str(facts[key])))
        for key in ("sealed", "bundle_time_stamp", "report_time_stamp")
        if isinstance(facts.get(key), str)
    ]
    custody = facts.get("custody")
    if isinstance(custody, dict) and custody.get("first"):
        pairs.append((texts.say("verify.first"), _whole_seconds(str(custody["first"]))))
        pairs.append((texts.say("verify.last"), _whole_seconds(str(custody["last"]))))
    assembled = facts.get("assembled")
    for item, times in assembled.items() if isinstance(assembled, dict) else ():
        if isinstance(times, dict):
            key = "items.between" if times["trusted"] else "verify.between-claimed"
            between = texts.say(key, opened=times["from"], closed=times["to"])
            pairs.append((f"{texts.say('items.assembled')} {visible(item)}", between))
    stamps = facts.get("time_stamps")
    if isinstance(stamps, list) and custody:
        pairs.append((texts.say("verify.stamps"), str(len(stamps)) if stamps else texts.say("common.none")))
    return pairs


def _whole_seconds(time: str) -> str:
    """Return *time* without its fraction: seals have none, and would seem older than events of the same second."""
    return visible(_FRACTION.sub("Z", time))


def _signer(texts: Texts, name: str, fingerprint: str, trust: Trust) -> list[tuple[str, str]]:
    return [
        (texts.say("verify.name"), visible(name)),
        (texts.say("verify.trust"), texts.say(f"trust.{trust}")),
        (texts.say("verify.certificate"), fingerprint),
    ]


def _signature(texts: Texts, found: Json) -> str:
    """Return one line on one signature of the report: who, level, trust, and the time in its stamp or as claimed."""
    match found:
        case {"name": str(name), "level": str(level), "trust": str(trust), "stamped": stamped, "claimed": claimed}:
            time = texts.say("verify.stamped", time=stamped) if stamped else texts.say("verify.claimed", time=claimed)
            known = texts.word("bundle-level", level, level)
            return f"  - {visible(name)}: {known}; {texts.say(f'trust.{trust}')}; {time}"
    return ""


def _steps(texts: Texts, checks: Sequence[Check]) -> list[str]:
    """Return one line for each step of the specification that was taken, with its worst outcome."""
    from evidence_kit.verify.catalogue import step_of

    found: dict[int, set[Outcome]] = {}
    for check in checks:
        found.setdefault(step_of(check.id), set()).add(check.outcome)
    worst = (Outcome.FAILED, Outcome.NOT_CHECKED, Outcome.PASSED)
    return [
        f"  {step}. {texts.say(f'verify.step-{step}')}: "
        + texts.say(f"verify.step-{next(outcome for outcome in worst if outcome in found[step])}")
        for step in sorted(found)
    ]


def _group(texts: Texts, outcome: Outcome, checks: Sequence[Check]) -> list[str]:
    if not checks:
        return []
    lines = ["", f"{texts.say(f'outcome.{outcome}')}: {len(checks)}"]
    alike = _alike(outcome, checks)
    for check, others in alike[:_MOST]:
        title = texts.word("check", check.id, check.title)
        lines.append(f"  - {texts.detail(check.subject) or check.id}: {texts.detail(check.detail)}")
        if others:
            lines.append(f"    {texts.say('verify.alike', count=others)}")
        lines.append(f"    {texts.say(f'verify.{outcome}')}: {title} ({check.id})")
    unlisted = sum(1 + others for _, others in alike[_MOST:])
    if unlisted:
        lines.append(f"  {texts.say('verify.more', count=unlisted)}")
    return lines


def _alike(outcome: Outcome, checks: Sequence[Check]) -> list[tuple[Check, int]]:
    """Return the *checks* to list, and how many more there are like each.

    Of those left open, the same said of many files of one folder is told once: a sealed item has dozens. What failed
    is told of each.
    """
    if outcome is not Outcome.NOT_CHECKED:
        return [(check, 0) for check in checks]
    found: dict[tuple[str, str, str], list[Check]] = {}
    for check in checks:
        folder, slash, _ = check.subject.rpartition("/")
        place = folder if slash and check.detail else check.subject
        found.setdefault((check.id, check.detail, place), []).append(check)
    return [(each[0], len(each) - 1) for each in found.values()]
