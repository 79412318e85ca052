"""``trust/``: each certificate, in one PEM form, each CRL and OCSP response under its own digest; nothing else."""

from collections.abc import Iterator

from evidence_kit.case.layout import CERTIFICATE, CHAIN_FILES, STATEMENT
from evidence_kit.errors import FormatError
from evidence_kit.trust.certificates import Certificate, load_certificates
from evidence_kit.trust.revocation import read_statement
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import CaseFiles


def check_certificates(exam: Examination, files: CaseFiles, *, bundle: bool) -> tuple[Certificate, ...]:
    """Check ``trust/`` and return every certificate in it that is what its name says; *exam* gets the statements."""
    found: dict[str, Certificate] = {}
    problems = list(_check(files, found, bundle=bundle))
    problems += _statements(exam, files)
    count = f"{len(found)} certificates, {len(exam.statements)} statements on revocations"
    exam.concluded("trust.files", files.shown("trust"), problems, count)
    return tuple(found.values())


def _check(files: CaseFiles, found: dict[str, Certificate], *, bundle: bool) -> Iterator[tuple[str, str]]:
    chains = []
    for name in files.names():
        if match := CERTIFICATE.fullmatch(name):
            problem = _keep(files, name, match[1], found)
            if problem:
                yield files.shown(name), problem
        elif bundle and name in CHAIN_FILES:
            chains.append(name)
    for name in chains:
        try:
            members = load_certificates(files.read(name))
            whole = b"".join(member.pem() for member in members) == files.read(name)
        except FormatError as error:
            yield files.shown(name), str(error)
            continue
        if not whole or any(found.get(member.fingerprint) != member for member in members):
            yield files.shown(name), "holds something else than certificates that lie beside it"


def _statements(exam: Examination, files: CaseFiles) -> Iterator[tuple[str, str]]:
    for name in files.names():
        if not (match := STATEMENT.fullmatch(name)):
            continue
        try:
            statement = read_statement(match[1], files.read(name))
        except FormatError as error:
            yield files.shown(name), str(error)
            continue
        if f"trust/{statement.name}" == name:
            exam.statements.append(statement)
        else:
            yield files.shown(name), "it does not have the digest in its name"


def _keep(files: CaseFiles, name: str, fingerprint: str, found: dict[str, Certificate]) -> str:
    try:
        data = files.read(name)
        (certificate,) = load_certificates(data)
        _ = certificate.x509
    except (FormatError, ValueError) as error:
        return f"not one certificate: {error}" if isinstance(error, FormatError) else "holds more than one certificate"
    if certificate.fingerprint != fingerprint:
        return f"the certificate has the digest {certificate.fingerprint}, not the one in its name"
    if certificate.pem() != data:
        return "the certificate is not written in the one form allowed"
    found[fingerprint] = certificate
    return ""
