"""Read back what an item tells of what is sealed in it: ``sealed.json`` and nothing else."""

from pathlib import Path

from evidence_kit.bundle.bounds import cut_of, kept
from evidence_kit.bundle.report_model import Cut
from evidence_kit.bundle.sealed_parts import SealedContent, SealedLine
from evidence_kit.case.sealed import FOLDER, REGISTER, read_register

MOST_FILES = 1000
"""Sealed files of an exhibit that are listed."""


def read_sealed(folder: Path, *, source: str, later: bool) -> tuple[SealedContent, tuple[Cut, ...]]:
    """Return what the sealed item in *folder* tells, and what of it is not printed.

    Raises `FormatError`, `OSError`.
    """
    register = read_register((folder / REGISTER).read_bytes())
    listed = kept(register.files, MOST_FILES)
    told = SealedContent(
        source=source,
        later=later,
        keys=len(register.recipients),
        amount=len(register.files),
        size=sum(file.size for file in register.files),
        files=tuple(SealedLine(path=file.path, size=file.size, commitment=file.commitment) for file in listed),
        included=(folder / FOLDER).is_dir(),
    )
    return told, cut_of("sealed", register.files, listed, f"data/items/{folder.name}/{REGISTER}")
