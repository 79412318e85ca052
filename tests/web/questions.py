"""Questions about certificates, signatures and time stamps, with the answers that the Python verifier gives."""

import json
import os
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from evidence_kit.archive.tree import FolderTree
from evidence_kit.errors import EvidenceError, FormatError
from evidence_kit.models import Digest
from evidence_kit.trust.certificates import Certificate, chain_of, leads_to_root, load_certificates
from evidence_kit.trust.cms import verify_detached
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.judging import TrustedRoots, judge
from evidence_kit.trust.revocation import RevocationList, Statement, read_statement, standings
from evidence_kit.trust.timestamps import read_reply
from evidence_kit.verify.certificates import check_certificates
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import CaseFiles
from evidence_kit.verify.history import stamp_trusted

PROJECT = Path(__file__).parents[2]
_NOW = datetime.now(UTC).replace(microsecond=0)


def millis(at: datetime) -> float | int:
    """Return a time as milliseconds since 1970, with fractions if it has some, as JavaScript writes them."""
    since = round(at.timestamp() * 1_000_000) / 1000
    return int(since) if since.is_integer() else since


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """That a certificate signed, or stamped, at a trusted time."""

    certificate: Certificate
    at: datetime | None
    stamps: bool = False


@dataclass
class Questions:
    """Questions in the order in which they are asked."""

    asked: list[dict[str, object]] = field(default_factory=list)

    def certificate(self, name: str, data: bytes) -> None:
        """Ask what a certificate says."""
        self._ask(name, "certificate", data, lambda: _facts(Certificate(data)))

    def pem(self, name: str, data: bytes) -> None:
        """Ask which certificates are in a file."""
        self._ask(name, "pem", data, lambda: [_read(found).fingerprint for found in load_certificates(data)])

    def detached(self, name: str, data: bytes, digest: Digest, certificates: Iterable[Certificate]) -> None:
        """Ask whether a detached signature holds."""
        known = tuple(certificates)

        def answer() -> object:
            found = verify_detached(data, digest, known)
            return [found.certificate.fingerprint, millis(found.signing_time), _prints(found.embedded)]

        self._ask(name, "detached", data, answer, digest=b64(digest.value), certificates=_ders(known))

    def reply(self, name: str, data: bytes, digest: Digest, certificates: Iterable[Certificate]) -> None:
        """Ask whether a time stamp holds."""
        known = tuple(certificates)

        def answer() -> object:
            found = read_reply(data, digest, known)
            told = [found.policy, str(found.serial), "null" if found.nonce is None else str(found.nonce)]
            return [found.certificate.fingerprint, millis(found.time), _prints(found.embedded), *told]

        self._ask(name, "reply", data, answer, digest=b64(digest.value), certificates=_ders(known))

    def path(
        self, name: str, leaf: Certificate, pool: Iterable[Certificate], roots: Iterable[Certificate], at: datetime
    ) -> None:
        """Ask whether a certificate leads to a root."""
        known, anchors = tuple(pool), tuple(roots)
        self._ask(
            name,
            "path",
            leaf.der,
            lambda: leads_to_root(leaf, known, anchors, at=at) is None,
            certificates=_ders(known),
            roots=_ders(anchors),
            at=millis(at),
        )

    def chain(self, name: str, leaf: Certificate, pool: Iterable[Certificate]) -> None:
        """Ask for the issuers above a certificate."""
        known = tuple(pool)
        self._ask(name, "chain", leaf.der, lambda: _prints(chain_of(leaf, known)), certificates=_ders(known))

    def statement(self, name: str, kind: str, data: bytes) -> None:
        """Ask whether this is a statement on revocations at all."""
        self._ask(name, kind, data, lambda: read_statement(kind, data).name)

    def standing(
        self, name: str, of: Certificate, pool: Iterable[Certificate], statements: Iterable[Statement], at: datetime
    ) -> None:
        """Ask how a certificate, and those above it, stood at a time."""
        known, said = tuple(pool), tuple(statements)

        def answer() -> object:
            found = standings(of, known, said, at=at)
            return [[one.fingerprint, str(standing.standing), standing.detail] for one, standing in found]

        kinds = [["crl" if isinstance(one, RevocationList) else "ocsp", b64(one.der)] for one in said]
        self._ask(name, "standing", of.der, answer, certificates=_ders(known), statements=kinds, at=millis(at))

    def judged(
        self, name: str, of: Certificate, pool: Iterable[Certificate], roots: TrustedRoots, at: datetime
    ) -> None:
        """Ask how far a certificate may be believed."""
        known = tuple(pool)
        self._ask(
            name,
            "judge",
            of.der,
            lambda: str(judge(of, known, roots, at=at).trust),
            certificates=_ders(known),
            roots=_ders(roots.established),
            practice=_ders(roots.practice),
            at=millis(at),
        )

    def examined(self, name: str, files: Mapping[str, bytes], roots: TrustedRoots, uses: Iterable[Use]) -> None:
        """Ask what is said of ``trust/`` with *files*, and of those in it who signed or stamped."""
        used = tuple(uses)

        def answer() -> object:
            exam = Examination(roots=roots, now=_NOW)
            with TemporaryDirectory() as folder:
                (Path(folder) / "trust").mkdir()
                for file, data in files.items():
                    (Path(folder) / "trust" / file).write_bytes(data)
                known = check_certificates(exam, CaseFiles(FolderTree(Path(folder)), ""), bundle=True)
            for use in used:
                if use.stamps and use.at:
                    stamp_trusted(exam, use.certificate, known, use.at)
                else:
                    exam.signed_by(use.certificate, known, use.at)
            report = exam.report(kind="bundle", subject="", root=None)
            signers = [[found.name, found.certificate_sha256, str(found.trust)] for found in report.signers]
            return [str(report.verdict), signers, [[c.id, c.subject, str(c.outcome)] for c in report.checks]]

        told = [[b64(use.certificate.der), use.at and millis(use.at), use.stamps] for use in used]
        more = {"files": [[file, b64(data)] for file, data in files.items()], "uses": told, "at": millis(_NOW)}
        anchors = {"roots": _ders(roots.established), "practice": _ders(roots.practice)}
        self._ask(name, "examine", b"", answer, **more, **anchors)

    def answers_agree(self, folder: Path) -> str:
        """Let the browser's verifier answer in Node; return what it answers otherwise, empty if nothing."""
        path = folder / "questions.json"
        path.write_text(json.dumps(self.asked), encoding="utf-8")
        command = ["node", "--test", str(PROJECT / "build" / "web" / "node" / "trust.test.mjs")]
        environment = {**os.environ, "EVIDENCE_KIT_QUESTIONS": str(path)}
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=300, env=environment)
        return "" if done.returncode == 0 else done.stdout + done.stderr

    def _ask(self, name: str, ask: str, data: bytes, answer: Callable[[], object], **more: object) -> None:
        try:
            told = answer()
        except EvidenceError:
            told = None
        self.asked.append({"name": name, "ask": ask, "data": b64(data), "answer": told, **more})


def b64(data: bytes) -> str:
    """Return base64."""
    return b64encode(data).decode("ascii")


def _ders(certificates: Iterable[Certificate]) -> list[str]:
    return [b64(certificate.der) for certificate in certificates]


def _prints(certificates: Iterable[Certificate]) -> list[str]:
    return [certificate.fingerprint for certificate in certificates]


def _read(certificate: Certificate) -> Certificate:
    _ = certificate.x509
    return certificate


def _facts(certificate: Certificate) -> list[object]:
    serial = f"{certificate.x509.serial_number:x}"
    return [
        certificate.subject,
        certificate.issuer,
        certificate.fingerprint,
        certificate.practice,
        certificate.stamps_time,
        certificate.self_signed,
        millis(certificate.not_before),
        millis(certificate.not_after),
        serial if len(serial) % 2 == 0 else f"0{serial}",
        _accepted(lambda: certificate.public_key),
        _accepted(lambda: certificate.signer_key),
        sha256_bytes(certificate.pem()).hex,
    ]


def _accepted(action: Callable[[], object]) -> bool:
    try:
        action()
    except FormatError:
        return False
    return True
