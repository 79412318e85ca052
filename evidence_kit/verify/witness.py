"""What a witness signed of an item's connections, against the item's own account of them.

What that proves, and what not, stands in ``docs/security-model.md``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evidence_kit.canonical import Json
from evidence_kit.display import shorten
from evidence_kit.errors import EvidenceError, FormatError
from evidence_kit.models import Outcome, Trust, utc_text
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.timestamps import certificates_inside, read_reply
from evidence_kit.verify.connections import LONGEST_LINE
from evidence_kit.verify.connections import NAME as CONNECTIONS
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import CaseFiles
from evidence_kit.verify.history import stamp_trusted
from evidence_kit.wire.account_form import read_line
from evidence_kit.wire.witness.statements import (
    CERTIFICATES,
    CLOSED,
    LINES,
    SIGNATURES,
    TOKEN,
    Statement,
    check_statements,
    compare,
    read_certificates,
    read_statements,
)

CHECK = "witness.signature"
_REFUTED = "witness.refuted"
"""The code of a problem in an item whose capture found the witness's word wrong itself."""
_NAMED = 10
_LONGEST_DETAIL = 300
_MEANING = (
    "another body signed the digests of these encrypted bytes when they passed. Whoever has the session's secrets "
    "could have written other content only by breaking TLS as well, or with the witness's help"
)


def check_witness(exam: Examination, files: CaseFiles, folder: str, record: Mapping[str, Json]) -> None:
    """Check the witness's statements in the item's *folder*, if there are any or there should be."""
    shown = files.shown(folder + LINES)
    if not files.has(folder + LINES):
        if _asked(record):
            exam.not_checked(CHECK, shown, "the capture was to go through a witness, and nothing signed by it is here")
        return
    try:
        statements = read_statements(files.read(folder + LINES), files.read(folder + SIGNATURES))
        certificates = read_certificates(files.read(folder + CERTIFICATES))
        wrong = [*check_statements(statements, certificates)]
        found = [*compare(statements, _account(files, folder + CONNECTIONS))]
    except EvidenceError as error:
        _refute(exam, shown, record, str(error))
        return
    for detail in wrong:
        _refute(exam, shown, record, detail)
    for each in found:
        if each.outcome is Outcome.FAILED:
            _refute(exam, f"{files.shown(folder + CONNECTIONS)}#{each.connection}", record, each.detail)
    gaps = [each for each in found if each.outcome is Outcome.NOT_CHECKED]
    for detail in dict.fromkeys(each.detail for each in gaps):
        numbers = [each.connection for each in gaps if each.detail == detail and each.connection is not None]
        exam.not_checked(CHECK, shown, f"{_numbered(numbers)}{shorten(detail, _LONGEST_DETAIL)}")
    if not wrong and not any(each.outcome is Outcome.FAILED for each in found):
        count = sum(each.outcome is Outcome.PASSED for each in found)
        exam.passed(CHECK, shown, f"{certificates[0].subject}: {_counted(count)}: {_MEANING}")
        _judge(exam, files, folder, statements, certificates)


def _refute(exam: Examination, subject: str, record: Mapping[str, Json], detail: str) -> None:
    detail = shorten(detail, _LONGEST_DETAIL)
    problems = record.get("problems")
    stated = any(
        isinstance(each, dict) and each.get("code") == _REFUTED
        for each in (problems if isinstance(problems, list) else [])
    )
    if stated:
        # A witness that lies must not make the evidence look altered; it is no witness then.
        exam.not_checked(CHECK, subject, f"the capture itself found the witness's word wrong: {detail}")
    else:
        exam.failed(CHECK, subject, detail)


def _judge(
    exam: Examination,
    files: CaseFiles,
    folder: str,
    statements: Sequence[Statement],
    certificates: Sequence[Certificate],
) -> None:
    """Note whether the witness's name may be believed, and when it was stamped."""
    at = None
    if files.has(folder + TOKEN) and statements[-1].value["type"] == CLOSED:
        subject = files.shown(folder + TOKEN)
        try:
            reply = files.read(folder + TOKEN)
            pool = certificates_inside(reply)
            token = read_reply(reply, statements[-1].link, pool)
        except EvidenceError as error:
            exam.failed("witness.timestamp", subject, str(error))
        else:
            exam.passed("witness.timestamp", subject, utc_text(token.time))
            at = token.time if stamp_trusted(exam, token.certificate, pool, token.time) else None
    judgement = exam.believe(certificates[0], certificates, at)
    if judgement.trust is Trust.CLAIMED:
        exam.not_checked("witness.trust", certificates[0].subject, judgement.detail)
    else:
        exam.passed("witness.trust", certificates[0].subject, str(judgement.trust))


def _account(files: CaseFiles, name: str) -> Iterator[Mapping[str, Any]]:
    """Yield the lines about connections, one at a time, for there may be many; raises `FormatError`."""
    try:
        with files.tree.open(files.prefix + name) as stream:
            stream.readline(LONGEST_LINE)
            while line := stream.readline(LONGEST_LINE):
                yield read_line(line.removesuffix(b"\n"))
    except FormatError as error:
        raise FormatError(f"{CONNECTIONS}: {error}") from error
    except OSError as error:
        raise FormatError(f"{CONNECTIONS} cannot be read: {error.strerror or error}") from error


def _asked(record: Mapping[str, Json]) -> bool:
    flags = record.get("flags")
    return any(
        isinstance(each, dict) and each.get("code") == "witness" for each in (flags if isinstance(flags, list) else [])
    )


def _numbered(numbers: Sequence[int]) -> str:
    if not numbers:
        return ""
    named = ", ".join(map(str, numbers[:_NAMED])) + (", …" if len(numbers) > _NAMED else "")
    return f"{_counted(len(numbers))} ({named}): "


def _counted(count: int) -> str:
    return f"{count} connection{'' if count == 1 else 's'}"
