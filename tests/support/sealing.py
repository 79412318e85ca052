"""Sealed items in tests: a case with recipients, and what is sealed into it by the product's own room."""

from collections.abc import Sequence
from pathlib import Path

from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.stamping import Stamping
from evidence_kit.case.supply import Circumstances
from evidence_kit.case.taking import TakenItem
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.recipients import Named, Use, adding
from evidence_kit.intake.sealing import seal_supplied
from evidence_kit.intake.sources import find_sources
from evidence_kit.trust.age import Identity
from tests.support.cases import open_case

MARK = b"PLAINTEXT-OF-THE-SEALED-FILE"
NAME = "name-of-a-person.jpg"
PROVIDER = "provider-of-it"


def open_sealing_case(path: Path, custodian: Custodian, identities: Sequence[Identity]) -> CaseFolder:
    """Open a case that seals to *identities*."""
    case = open_case(path, custodian)
    for identity in identities:
        case.commit(adding(Named(recipient=identity.recipient, use=Use.SEAL)), custodian)
    return case


def seal(case: CaseFolder, custodian: Custodian, *given: Path) -> TakenItem:
    """Seal *given* into *case* as one item."""
    return seal_supplied(
        case,
        find_sources(given, case=case.path),
        custodian=custodian,
        stamping=Stamping(),
        circumstances=Circumstances(provided_by=PROVIDER),
    )


def holding(folder: Path, *marks: bytes) -> list[Path]:
    """Return the files below *folder* that hold one of *marks*, or have it in their name."""
    return [
        path
        for path in folder.rglob("*")
        if any(mark in str(path).encode() or (path.is_file() and mark in path.read_bytes()) for mark in marks)
    ]
