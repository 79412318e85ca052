"""What of a case goes into a bundle, byte for byte, and the list whose digest is the root."""

import shutil
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from evidence_kit.archive.manifests import manifest_bytes
from evidence_kit.bundle.beginning import Begun
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.layout import SESSION_DATA, belongs_to_root
from evidence_kit.case.opened import OpenItems
from evidence_kit.case.sealed import FOLDER as SEALED
from evidence_kit.case.stamping import NAME as TOKEN_NAME
from evidence_kit.models import Digest
from evidence_kit.trust.certificates import Certificate, chain_of
from evidence_kit.trust.digests import sha256_bytes, sha256_file
from evidence_kit.trust.keys import Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceList:
    """``data/evidence-sha256.txt``: every file under ``data/`` but reports, ``trust/`` and itself."""

    data: bytes
    files: int
    size: int
    """Bytes of the files listed, together."""

    @property
    def root(self) -> Digest:
        """The root value of the bundle."""
        return sha256_bytes(self.data)


def copy_case(  # noqa: PLR0913  # a case, a bundle, and what goes into it
    case: CaseFolder,
    target: Path,
    begun: Begun,
    *,
    session_data: bool,
    sealed: bool,
    opened: OpenItems | None = None,
) -> None:
    """Copy the case's own files into ``data/`` of the bundle at *target*; raises `OSError`.

    Recordings and the files of *sealed* items only if asked. With *opened* what is encrypted is put in opened; raises
    `CaseError` for what no key opens.
    """
    unwanted = {name for name, wanted in ((SESSION_DATA, session_data), (SEALED, sealed)) if not wanted}
    data = target / "data"
    (data / "items").mkdir(parents=True)
    shutil.copyfile(case.path / "case.json", data / "case.json")
    (data / "custody.jsonl").write_bytes(begun.log)
    (data / "custody.sig").write_bytes(begun.signatures)
    for item in begun.items:
        source = case.path / "items" / item

        def left_out(folder: str, _: Sequence[str], item: Path = source) -> AbstractSet[str]:
            return unwanted if Path(folder) == item else frozenset()

        shutil.copytree(source, data / "items" / item, ignore=left_out, copy_function=shutil.copyfile)
        if opened:
            opened.write_plain(item, data / "items" / item)
    for name in begun.items:
        source = case.path / "seals" / name
        if source.is_dir() and any(source.iterdir()):
            shutil.copytree(source, data / "seals" / name, copy_function=shutil.copyfile)
    _copy_tokens(case.path / "seals" / "heads", data / "seals" / "heads", begun.shown)


def _copy_tokens(source: Path, target: Path, shown: AbstractSet[int]) -> None:
    """Copy the tokens that say when a *shown* event was there at the latest.

    A token right after a withheld event would tell its time to the second; it goes along only where no earlier one
    covers the shown events before it.
    """
    found = {path: int(match[1]) for path in source.glob("*.tsr") if (match := TOKEN_NAME.fullmatch(path.name))}
    events, stamped = sorted(shown), sorted(found.values())
    for path, seq in found.items():
        last_shown = events[bisect_right(events, seq) - 1]
        covered_before = stamped[bisect_left(stamped, last_shown)] < seq
        if covered_before or seq > events[-1]:
            continue
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / path.name)


def write_trust(
    case: CaseFolder, target: Path, signer: Signer, authorities: Iterable[Certificate], inside: Iterable[Certificate]
) -> None:
    """Write ``data/trust/``: every certificate, CRL and OCSP response in a file of its own, and four that gather some.

    ``signer.pem`` is the signer's certificate, ``chain.pem`` the issuers above it, ``tsa-chain.pem`` those of the
    time-stamping authorities in *authorities*, ``tsa.pem`` the certificates *inside* the bundle's own time stamp.
    """
    folder = target / "data" / "trust"
    folder.mkdir(parents=True, exist_ok=True)
    for statement in case.statements():
        (folder / statement.name).write_bytes(statement.der)
    write_chains(folder, signer, case.certificates(), authorities, inside)


def write_chains(
    folder: Path,
    signer: Signer,
    certificates: Iterable[Certificate],
    authorities: Iterable[Certificate],
    inside: Iterable[Certificate],
) -> None:
    """Write *certificates* and those of signer and authorities into *folder*, and the four files that gather some."""
    held = sorted(set(inside), key=lambda certificate: certificate.fingerprint)
    stamping = tuple(dict.fromkeys((*authorities, *held)))
    known = dict.fromkeys((*certificates, signer.certificate, *signer.chain, *stamping))
    for certificate in known:
        (folder / f"cert-{certificate.fingerprint}.pem").write_bytes(certificate.pem())
    chain = signer.chain or (signer.certificate,)
    (folder / "signer.pem").write_bytes(signer.certificate.pem())
    (folder / "chain.pem").write_bytes(b"".join(issuer.pem() for issuer in chain))
    if held:
        (folder / "tsa.pem").write_bytes(b"".join(certificate.pem() for certificate in held))
    if stamping:
        above = dict.fromkeys(issuer for leaf in stamping for issuer in (chain_of(leaf, known) or (leaf,)))
        (folder / "tsa-chain.pem").write_bytes(b"".join(issuer.pem() for issuer in above))


def list_evidence(target: Path) -> EvidenceList:
    """Return the evidence list of the bundle being built at *target*; raises `OSError`."""
    paths = {path.relative_to(target).as_posix(): path for path in (target / "data").rglob("*") if path.is_file()}
    listed = {name: path for name, path in paths.items() if belongs_to_root(name)}
    return EvidenceList(
        data=manifest_bytes({name: sha256_file(path) for name, path in listed.items()}),
        files=len(listed),
        size=sum(path.stat().st_size for path in listed.values()),
    )
