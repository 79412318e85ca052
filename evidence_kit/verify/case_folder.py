"""A case, where it is worked on: log, items, seals, strays, and work that a crash left."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from evidence_kit.archive.tree import FolderTree
from evidence_kit.case.layout import CERTIFICATE, HEAD_TOKEN, inside_item
from evidence_kit.case.manifest import NAME
from evidence_kit.case.staging import STAGING, PlannedCommit, planned_commits
from evidence_kit.errors import CaseError
from evidence_kit.models import OnStep, VerificationReport
from evidence_kit.verify.certificates import check_certificates
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import CaseFiles
from evidence_kit.verify.history import check_history, check_items
from evidence_kit.verify.items import check_item, check_seal


def check_case(exam: Examination, path: Path, on_step: OnStep) -> VerificationReport:
    """Check the case at *path* and return the result; its root is the head of its log."""
    tree = FolderTree(path)
    files = CaseFiles(tree, "")
    exam.concluded("bag.tree", "", [(name, why) for name, why in tree.problems if not name.startswith(STAGING)])
    certificates = check_certificates(exam, files, bundle=False)
    planned = _leftovers(exam, path)
    on_step("checking the custody log")
    history = check_history(exam, files, certificates, torn=_torn(files, planned))
    pending = {commit.item for commit in planned if commit.item}
    recorded = history.captured()
    present = {name.split("/")[1] for name in files.names() if name.startswith("items/") and name.count("/") > 1}
    items = sorted((present | recorded.keys()) - (pending - recorded.keys()))
    check_items(exam, files, history, items)
    for item in items:
        on_step(f"checking item {item}")
        check_item(exam, files, item, f"items/{item}/")
        check_seal(exam, files, item, certificates, history)
    exam.concluded("case.strays", "", ((name, "it is not part of a case") for name in _strays(files, items, pending)))
    exam.facts["items"] = list(items)
    return exam.report(kind="case", subject=path.name, root=str(history.log.head))


def _leftovers(exam: Examination, path: Path) -> list[PlannedCommit]:
    """Note what a crash left; return the commits that were decided and not finished."""
    try:
        planned = planned_commits(path / STAGING)
    except CaseError as error:
        exam.failed("case.leftovers", STAGING, str(error))
        return []
    staged = sorted(entry.name for entry in (path / STAGING).glob("EV-*")) if (path / STAGING).is_dir() else []
    unfinished = [f"the commit of event {commit.seq}" for commit in planned] + staged
    if unfinished:
        detail = f"unfinished: {', '.join(unfinished)}; evidence-kit doctor completes or clears it"
        exam.not_checked("case.leftovers", STAGING, detail)
    else:
        exam.passed("case.leftovers", STAGING)
    return planned


def _torn(files: CaseFiles, planned: Sequence[PlannedCommit]) -> bytes:
    """Return the end of the log that a crash left of a decided commit: excused, for the next command completes it."""
    if not planned or not files.has("custody.jsonl"):
        return b""
    log, signatures = files.read("custody.jsonl"), files.read("custody.sig") if files.has("custody.sig") else b""
    line = planned[-1].entry.line
    lines = log.split(b"\n")
    tail = lines[-1] or (lines[-2] + b"\n" if len(lines) > 1 else b"")
    unsigned = log.count(b"\n") > signatures.count(b"\n") or not log.endswith(b"\n")
    return tail if unsigned and line.startswith(tail) else b""


def _strays(files: CaseFiles, items: Sequence[str], pending: set[str]) -> Iterator[str]:
    known = {"case.json", "custody.jsonl", "custody.sig"}
    known |= {f"seals/{item}/{NAME}.p7s" for item in (*items, *pending)}
    for name in files.names():
        if name in known or name.startswith(f"{STAGING}/") or CERTIFICATE.fullmatch(name) or HEAD_TOKEN.fullmatch(name):
            continue
        if inside_item(name):
            continue
        yield name
