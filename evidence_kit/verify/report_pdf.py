"""The signed PDF report: its signature, what follows it, and whether it belongs to this bundle."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import BinaryIO

from evidence_kit.errors import LimitError
from evidence_kit.models import Digest, utc_text
from evidence_kit.pdf.findings import PdfFindings, SignatureFindings
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
    for signature in found.signatures:
        problems += [(f"{shown}#{signature.field}", why) for why in _problems(signature)]
    if not problems and not found.whole_and_valid:
        problems.append((shown, "something was appended to the signed document"))
    levels = ", ".join(str(signature.level) for signature in found.signatures)
    exam.concluded("report.signature", shown, problems, levels)
    tail = [(shown, f"{found.trailing_bytes} bytes follow the signed document")] if found.trailing_bytes else []
    exam.concluded("report.tail", shown, tail)
    if wanted:
        attached = {attachment.name: attachment.sha256 for attachment in found.attachments}
        others = (
            (f"{shown}#{name}", f"the attached {name} has the digest {attached.get(name)}, the bundle's {digest}")
            for name, digest in wanted.items()
            if attached.get(name) != digest
        )
        exam.concluded("report.root", shown, others)
    else:
        exam.not_checked("report.root", shown, "the bundle whose lists it ought to carry is not here")
    for signature in found.signatures:
        if signature.holds and signature.certificate is not None:
            pool = (*certificates, *signature.embedded)
            exam.signed_by(signature.certificate, pool, _trusted_time(exam, signature, pool))
    return found


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
