"""A case, where it is worked on: log, items, seals, strays, and work that a crash left."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from evidence_kit.archive.tree import FolderTree
from evidence_kit.case.decided import as_finished, fits
from evidence_kit.case.layout import LATER_SEAL, accounted_for
from evidence_kit.case.manifest import NAME
from evidence_kit.case.staging import STAGING, PlannedCommit, foreign_entries, planned_commits
from evidence_kit.custody.log import Lines
from evidence_kit.display import shorten
from evidence_kit.errors import CaseError
from evidence_kit.models import OnStep, VerificationReport
from evidence_kit.verify.certificates import check_certificates
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import SMALL, CaseFiles
from evidence_kit.verify.history import check_history, check_items, check_registered, read_log
from evidence_kit.verify.items import check_item, check_seal

_MAY_BE_EMPTY = re.compile(r"items/|trust/|seals/(heads/|EV-[0-9]{4,}/)?")
"""Folders that a case has from its beginning, or that are made for a seal just before it."""


def check_case(exam: Examination, path: Path, on_step: OnStep) -> VerificationReport:
    """Check the case at *path* and return the result; its root is the head of its log."""
    # Work under way may be large, and is no evidence: only what lies in it at the top is looked at.
    tree = FolderTree(path, unlisted=STAGING)
    files = CaseFiles(tree, "")
    certificates = check_certificates(exam, files, bundle=False)
    on_step("checking the custody log")
    stored = read_log(exam, files)
    planned = leftovers(exam, path, stored)
    if planned is not None:
        put_in_place(tree, path, planned)
        files = CaseFiles(tree, "")
    exam.concluded("bag.tree", "", tree.problems)
    history = check_history(exam, files, certificates, as_finished(stored, planned))
    present = {name.split("/")[1] for name in files.names() if name.startswith("items/") and name.count("/") > 1}
    files.look_ahead(processes=exam.processes)
    items = sorted(present | history.committed.keys())
    check_items(exam, files, history, items)
    for item in items:
        on_step(f"checking item {item}")
        check_item(exam, files, item, f"items/{item}/", certificates, whole=True)
        check_seal(exam, files, item, certificates, history)
    strays = (*_strays(files, items), *(name for name in tree.empty_folders if not _MAY_BE_EMPTY.fullmatch(name)))
    exam.concluded("case.strays", "", ((name, "it is not part of a case") for name in strays))
    check_registered(exam, history)
    exam.facts["items"] = list(items)
    return exam.report(kind="case", subject=path.name, root=str(history.log.head))


def leftovers(exam: Examination, path: Path, stored: tuple[Lines, Lines]) -> PlannedCommit | None:
    """Note what a crash left; return the commit that was decided and not finished, if it fits the log.

    The commit excuses nothing by lying there: its event is checked as if it stood in the log, where it must be the next
    one or the unfinished last one, and its item and seals as if they were in their place.
    """
    links, strange = foreign_entries(path / STAGING)
    for name in links:
        # Through a link the next command would write to where somebody wants it.
        exam.failed("case.leftovers", f"{STAGING}/{name}", "it is neither a file nor a folder: not work of the kit's")
    if strange:
        detail = f"not the kit's, and no evidence: {shorten(', '.join(strange))}"
        exam.not_checked("case.leftovers", STAGING, detail)
    try:
        planned = planned_commits(path / STAGING)
    except CaseError as error:
        exam.failed("case.leftovers", STAGING, str(error))
        return None
    staged = sorted(entry.name for entry in (path / STAGING).glob("EV-*")) if (path / STAGING).is_dir() else []
    unfinished = [f"the commit of event {commit.seq}" for commit in planned] + staged
    misfits = [commit for commit in planned if not fits(commit, stored)]
    for commit in misfits:
        exam.failed("case.leftovers", f"{STAGING}/{commit.folder.name}", "it is not a commit that the log waits for")
    if len(planned) > 1:
        exam.failed("case.leftovers", STAGING, "more than one commit is decided and unfinished")
    elif unfinished and not misfits:
        detail = f"unfinished: {', '.join(unfinished)}; evidence-kit doctor completes or clears it"
        exam.not_checked("case.leftovers", STAGING, detail)
    elif not misfits and not links and not strange:
        exam.passed("case.leftovers", STAGING)
    return planned[0] if len(planned) == 1 and not misfits else None


def put_in_place(tree: FolderTree, path: Path, planned: PlannedCommit) -> None:
    """Let the *tree* of the case at *path* show item and seals of the *planned* commit where they will be.

    What is whole in its place already stays; what is in neither place is missing, as in any case.
    """
    present = set(tree.names())
    staged = path / STAGING / (planned.item or "")
    target = f"items/{planned.item}/"
    lacking = not any(name.startswith(target) for name in present)
    if planned.item and (lacking or planned.replaces) and staged.is_dir() and not staged.is_symlink():
        tree.drop(target)
        tree.lay_over(target, staged)
    for name, data in planned.seals.items():
        seal = f"seals/{name}"
        if seal not in present or data.startswith(tree.read(seal, SMALL)):
            tree.lay_file_over(seal, planned.folder / "seals" / name)


def _strays(files: CaseFiles, items: Sequence[str]) -> Iterator[str]:
    seals = {f"seals/{item}/{name}" for item in items for name in (f"{NAME}.p7s", LATER_SEAL)}
    known = {"case.json", "custody.jsonl", "custody.sig"} | seals
    for name in files.names():
        if name not in known and not accounted_for(name):
            yield name
