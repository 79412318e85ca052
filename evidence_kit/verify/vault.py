"""A vault: a folder of cases. Its register and anchor lists say which cases must be there, and with which heads.

The cases themselves are not checked here, only that none is missing and that none has lost what an anchor list saw.
"""

from collections.abc import Iterator
from pathlib import Path

from evidence_kit.case.anchors import Anchor, AnchoredVault, survey
from evidence_kit.case.decided import links_at
from evidence_kit.case.register import REGISTER, Entry, Register, first_head, read_register
from evidence_kit.errors import FormatError
from evidence_kit.models import OnStep, VerificationReport, utc_text
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.outside import check_anchored, check_seals


def is_vault(path: Path, *, anchored: bool) -> bool:
    """Whether the folder is a vault: it has a register, or is to be held against an anchor list and holds cases."""
    return (path / REGISTER).is_file() or (anchored and any(path.glob("*/case.json")))


def check_vault(exam: Examination, path: Path, on_step: OnStep) -> VerificationReport:
    """Check the vault at *path* against its register and the anchor lists that were given."""
    on_step("checking the register")
    register = _register(exam, path)
    found = survey(path)
    problems = [*_gaps(register, found.folders), *((path.name, problem) for problem in found.problems)]
    for anchor in exam.outside.anchors:
        on_step(f"checking {anchor.name}")
        trusted = check_seals(exam, anchor)
        exam.signed_by(anchor.signature.certificate, anchor.signature.embedded, trusted)
        for vault in _sections(anchor, register, found.folders):
            problems += _missing(anchor, vault, found.folders)
            _check_register_head(exam, anchor, vault, register)
            _check_heads(exam, anchor, vault, found.folders)
    begun = [(number, entry) for number, entry in (register.begun() if register else {}).items()]
    for number, entry in begun:
        exam.not_checked("vault.cases", number, _begun(entry, there=number in found.folders))
    if problems or not begun:
        exam.concluded("vault.cases", path.name, problems, f"{len(found.vault.cases)} cases")
    detail = "only the heads of the logs were looked at: verify each case by itself"
    exam.not_checked("vault.contents", path.name, detail)
    exam.facts["cases"] = [case.number for case in found.vault.cases]
    exam.facts["void_numbers"] = [*(register.void() if register else ())]
    exam.facts["outside_anchors"] = [{"kind": "anchor", "made": utc_text(a.list.made)} for a in exam.outside.anchors]
    return exam.report(kind="vault", subject=path.name, root=None)


def _register(exam: Examination, path: Path) -> Register | None:
    try:
        register = read_register(path)
    except FormatError as error:
        exam.failed("vault.register", REGISTER, str(error))
        return None
    if register is None:
        exam.not_checked("vault.register", REGISTER, "the folder has no register of case numbers")
    else:
        exam.passed("vault.register", REGISTER, f"{len(register.entries)} entries")
    return register


def _gaps(register: Register | None, folders: dict[str, list[Path]]) -> Iterator[tuple[str, str]]:
    for number, entry in register.opened().items() if register else ():
        if number not in folders:
            yield number, f"the case was opened at {utc_text(entry.time)} by {entry.officer}, and is not here"
        for path in folders.get(number, ()):
            if not _begins_with(path, entry):
                yield number, f"{path.name} has this number, and is not the case that was opened with it"
    for number in register.void() if register else ():
        if number in folders:
            yield number, "the number is void, and a case has it"
    for number, paths in folders.items():
        if len(paths) > 1:
            yield number, f"several cases have this number: {', '.join(path.name for path in paths)}"


def _begins_with(case: Path, entry: Entry) -> bool:
    try:
        return first_head(case) == entry.head
    except (OSError, FormatError):
        return False


def _begun(entry: Entry, *, there: bool) -> str:
    """Say what is known of a number of which the register says no more than that it was given."""
    case = "the register does not say yet that its case was opened" if there else "nothing says that a case was made"
    when = f"the number was {entry.kind} at {utc_text(entry.time)} by {entry.officer}"
    return f"{when}, and {case}: the command was killed, or is still at it; the next evidence-kit case new here says"


def _sections(anchor: Anchor, register: Register | None, folders: dict[str, list[Path]]) -> list[AnchoredVault]:
    """Return the parts of the list that are about this vault: by its register, else by a case, else all."""
    vaults = anchor.list.vaults
    same = [vault for vault in vaults if register and vault.register == register.identity]
    return same or [v for v in vaults if any(case.number in folders for case in v.cases)] or list(vaults)


def _missing(anchor: Anchor, vault: AnchoredVault, folders: dict[str, list[Path]]) -> Iterator[tuple[str, str]]:
    for case in vault.cases:
        if case.number not in folders:
            yield case.number, f"{anchor.name} has this case with {case.events} events, and it is not here"


def _check_register_head(exam: Examination, anchor: Anchor, vault: AnchoredVault, register: Register | None) -> None:
    if vault.register is None:
        return
    subject = f"{anchor.name}, {REGISTER}"
    held = register is not None and vault.entries <= len(register.entries)
    if register is not None and held and register.digests[vault.entries - 1] == vault.register_head:
        exam.passed("vault.register", subject, f"it still contains its first {vault.entries} entries")
    else:
        exam.failed("vault.register", subject, f"the list saw a register of {vault.entries} entries that is not here")


def _check_heads(exam: Examination, anchor: Anchor, vault: AnchoredVault, folders: dict[str, list[Path]]) -> None:
    for case in vault.cases:
        for path in folders.get(case.number, ()):
            try:
                links = links_at(path)
            except (OSError, FormatError) as error:
                exam.failed("custody.anchor", f"{anchor.name}, {case.number}", str(error))
            else:
                check_anchored(exam, links, anchor, case)
