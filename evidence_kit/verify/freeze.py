"""The first pictures of an item: the statement about them, and the time stamp over it."""

from collections.abc import Iterator, Mapping, Sequence

from evidence_kit import canonical
from evidence_kit.errors import EvidenceError, FormatError
from evidence_kit.models import Digest, utc_text
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.timestamps import read_reply
from evidence_kit.verify.contents import ItemContents
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import CaseFiles
from evidence_kit.verify.history import stamp_trusted

_STATEMENT = "first/freeze.json"
_TOKEN = f"{_STATEMENT}.tsr"
_SCHEMA = "evidence-kit/freeze/1"


def check_freeze(
    exam: Examination,
    found: ItemContents,
    listed: Mapping[str, Digest],
    certificates: Sequence[Certificate] | None,
) -> None:
    """Check that the statement names the item's first pictures, and was stamped if there is a token."""
    if _STATEMENT in listed:
        subject = found.files.shown(found.folder + _STATEMENT)
        if _STATEMENT in found.locked:
            exam.not_checked("item.freeze", subject, found.locked[_STATEMENT])
        else:
            problems = _faults(found.files, found.folder, listed)
            exam.concluded("item.freeze", subject, ((subject, why) for why in problems))
    if _TOKEN in listed:
        _check_token(exam, found, certificates)


def _faults(files: CaseFiles, folder: str, listed: Mapping[str, Digest]) -> Iterator[str]:
    try:
        match canonical.parse(files.read(folder + _STATEMENT)):
            case {"schema": str(schema), "files": dict(named)} if schema == _SCHEMA and named:
                for path, digest in named.items():
                    if path not in listed or str(listed[path]) != digest:
                        yield f"it names {path} with the digest {digest}, the manifest has {listed.get(path)}"
            case _:
                yield f"it does not say {_SCHEMA}"
    except FormatError as error:
        yield str(error)


def _check_token(exam: Examination, found: ItemContents, certificates: Sequence[Certificate] | None) -> None:
    subject = found.files.shown(found.folder + _TOKEN)
    if certificates is None:
        exam.not_checked("item.freeze-token", subject, "the certificates of its case are not here")
        return
    try:
        reply = found.files.read(found.folder + _TOKEN)
        # Of a statement that is encrypted, item.json has the digest.
        encrypted = found.age.get(_STATEMENT)
        digest = encrypted.sha256 if encrypted else found.files.digest(found.folder + _STATEMENT)
        token = read_reply(reply, digest, certificates)
    except EvidenceError as error:
        exam.failed("item.freeze-token", subject, str(error))
        return
    stamp_trusted(exam, token.certificate, certificates, token.time)
    exam.passed("item.freeze-token", subject, utc_text(token.time))
