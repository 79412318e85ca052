"""The signed PDF report: its signature, what follows it, and whether it belongs to this bundle."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import BinaryIO

from evidence_kit.canonical import Json
from evidence_kit.errors import LimitError
from evidence_kit.models import Digest, Trust, utc_text
from evidence_kit.pdf.findings import Level, PdfFindings, SignatureFindings
from evidence_kit.trust.certificates import Certificate
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.history import stamp_trusted

LIST_ATTACHMENT = "evidence-sha256.txt"
LOG_ATTACHMENT = "custody.jsonl"


def check_report(
    exam: Examination, shown: str, stream: BinaryIO, certificates: Sequence[Certificate], wanted: Mapping[str, Digest]
) -> PdfFindings | None:
    """Check the report in *stream*; *wanted* are the digests its attachments must have, by name.

    Returns None for one that cannot be examined within the limits.
    """
    try:
        found = exam.check_pdf(stream)
    except LimitError as error:
        exam.gave_up("report.signature", shown, str(error))
        return None
    problems = [(shown, problem) for problem in found.problems]
    if not found.signatures and not problems:
        problems.append((shown, "it carries no signature"))
    elif found.signatures and all(signature.level is Level.TIMESTAMP for signature in found.signatures):
        problems.append((shown, "it carries time stamps and no signature"))
    for signature in found.signatures:
        problems += [(f"{shown}#{signature.field}", why) for why in _problems(signature)]
    if not problems and not found.whole_and_valid:
        problems.append((shown, "something was appended to the signed document"))
    levels = ", ".join(str(signature.level) for signature in found.signatures)
    exam.concluded("report.signature", shown, problems, levels)
    tail = [(shown, f"{found.trailing_bytes} bytes follow the signed document")] if found.trailing_bytes else []
    exam.concluded("report.tail", shown, tail)
    if problems:
        exam.not_checked("report.root", shown, "the report itself does not hold")
    elif wanted:
        attached = {attachment.name: attachment.sha256 for attachment in found.attachments}
        others = (
            (f"{shown}#{name}", f"the attached {name} has the digest {attached.get(name)}, the bundle's {digest}")
            for name, digest in wanted.items()
            if attached.get(name) != digest
        )
        exam.concluded("report.root", shown, others)
    else:
        exam.not_checked("report.root", shown, "the bundle whose lists it ought to carry is not here")
    _check_signers(exam, found, (*certificates, *found.certificates))
    return found


def _check_signers(exam: Examination, found: PdfFindings, certificates: Sequence[Certificate]) -> None:
    """Note who signed, at the earliest trusted time that covers the signature, and what each signature is."""
    exam.statements += [statement for statement in found.statements if statement not in exam.statements]
    times: list[datetime] = []
    told: list[Json] = []
    # From the last to the first: a document time stamp covers all signatures before it.
    for signature in reversed(found.signatures):
        if not signature.holds or signature.loose or signature.certificate is None:
            continue
        pool = (*certificates, *signature.embedded)
        stamped = _trusted_time(exam, signature, pool)
        if signature.level is Level.TIMESTAMP:
            times += [stamped] if stamped else []
            at = signature.stamp.time if signature.stamp else None
        else:
            at = min((*times, *([stamped] if stamped else [])), default=None)
            exam.signed_by(signature.certificate, pool, at)
        told.append(_told(signature, exam.believe(signature.certificate, pool, at).trust))
    exam.facts["signatures"] = told[::-1]


def _told(signature: SignatureFindings, trust: Trust) -> dict[str, Json]:
    claimed, stamp = signature.claimed_time, signature.stamp
    return {
        "field": signature.field,
        "name": signature.certificate.subject if signature.certificate else "",
        "level": "time-stamp" if signature.level is Level.TIMESTAMP else signature.level.baseline,
        "trust": str(trust),
        "claimed": utc_text(claimed) if claimed else None,
        "stamped": utc_text(stamp.time) if stamp else None,
    }


def _problems(signature: SignatureFindings) -> list[str]:
    wrong = [*signature.problems, *signature.loose]
    if not signature.holds and not wrong:
        wrong.append("the signature does not hold")
    return wrong


def _trusted_time(exam: Examination, signature: SignatureFindings, pool: Sequence[Certificate]) -> datetime | None:
    stamp = signature.stamp
    if stamp is None or not stamp.intact:
        return None
    exam.facts["report_time_stamp"] = utc_text(stamp.time)
    trusted = stamp_trusted(exam, stamp.certificate, (*pool, *stamp.embedded), stamp.time)
    return stamp.time if trusted else None
