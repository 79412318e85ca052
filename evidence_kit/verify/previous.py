"""The earlier forms of a bundle inside it: ``data/previous/01/``, ``02/``… (docs/evidence-format.md, "Earlier forms").

Each must still be there as it was sealed: its own lists and seals are kept under its number, everything else is in the
bundle unchanged, and its reports are the beginnings of the reports.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TypeAlias

from evidence_kit.archive.bag import MANIFEST, BagReport, parse_info
from evidence_kit.archive.manifests import parse_manifest
from evidence_kit.archive.tree import Tree
from evidence_kit.case.layout import (
    BAG_FILES,
    CERTIFICATE,
    CHAIN_FILES,
    PREVIOUS,
    STATEMENT,
    TAG_MANIFEST,
    TAG_SIGNATURE,
    TAG_TIME_STAMP,
    is_previous,
    is_report,
)
from evidence_kit.errors import EvidenceError, FormatError
from evidence_kit.models import Digest, utc_text
from evidence_kit.pdf.findings import Level, PdfFindings
from evidence_kit.trust.certificates import Certificate, load_certificates
from evidence_kit.trust.cms import SignatureFacts, verify_detached
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.timestamps import Token, read_reply
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import SMALL
from evidence_kit.verify.history import stamp_trusted

ID = "bundle.previous"
_PIECE = 1024 * 1024
_FIRST = frozenset({"s", "st"})
_NEXT = frozenset({"s", "st", "t"})
"""What is added to a report: a signature ``s``, a document time stamp ``t``."""

_Problems: TypeAlias = Iterator[tuple[str, str]]
_Starts: TypeAlias = Mapping[str, Mapping[Digest, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """An earlier form whose seals could be read; oldest first."""

    folder: str
    """``data/previous/NN/``"""
    tag_manifest: Digest
    facts: SignatureFacts
    trusted: datetime | None
    """The time in its time stamp, if the authority is believed."""


def read_token(tree: Tree, folder: str, trust: str, digest: Digest, certificates: Sequence[Certificate]) -> Token:
    """Read the time stamp over the list of lists with the *digest* in *folder*; *trust* is where its chain files are.

    Raises `EvidenceError` for one that does not hold, or that holds other certificates than those files.
    """
    token = read_reply(tree.read(folder + TAG_TIME_STAMP, SMALL), digest, certificates)
    _want_certificates(tree, token.embedded, f"{trust}tsa.pem")
    return token


def read_signature(
    tree: Tree, folder: str, trust: str, digest: Digest, certificates: Sequence[Certificate]
) -> SignatureFacts:
    """Read the signature in the same way as `read_token` the time stamp."""
    facts = verify_detached(tree.read(folder + TAG_SIGNATURE, SMALL), digest, certificates)
    _want_certificates(tree, facts.embedded, f"{trust}signer.pem", f"{trust}chain.pem")
    if load_certificates(tree.read(f"{trust}signer.pem", SMALL)) != (facts.certificate,):
        raise FormatError(f"it was made by another certificate than {trust}signer.pem")
    return facts


def _want_certificates(tree: Tree, embedded: Sequence[Certificate], *names: str) -> None:
    """Refuse, with `FormatError`, a seal that holds other certificates than the files *names*.

    The seals of a tag manifest are in no list of their bundle; those files are.
    """
    wanted = {c for name in names for c in load_certificates(tree.read(name, SMALL))}
    if set(embedded) != wanted:
        raise FormatError(f"it does not hold exactly the certificates in {' and '.join(names)}")


def read_earlier(exam: Examination, tree: Tree, certificates: Sequence[Certificate]) -> tuple[Earlier, ...]:
    """Check the seals of every earlier form and note who made them; return the forms whose seals hold."""
    matches = (PREVIOUS.fullmatch(name.removeprefix("data/")) for name in tree.names() if name.startswith("data/"))
    found = []
    for number in sorted({match[1] for match in matches if match}):
        folder = f"data/previous/{number}/"
        try:
            found.append(_read_form(exam, tree, folder, certificates))
        except EvidenceError as error:
            exam.failed(ID, folder, str(error))
    return tuple(found)


def _read_form(exam: Examination, tree: Tree, folder: str, certificates: Sequence[Certificate]) -> Earlier:
    digest, trust = sha256_bytes(tree.read(folder + TAG_MANIFEST, SMALL)), f"{folder}trust/"
    token, trusted = None, None
    if folder + TAG_TIME_STAMP in tree.names():
        token = read_token(tree, folder, trust, digest, certificates)
        trusted = token.time if stamp_trusted(exam, token.certificate, certificates, token.time) else None
    facts = read_signature(tree, folder, trust, digest, certificates)
    exam.signed_by(facts.certificate, certificates, trusted)
    told = exam.facts.setdefault("previous", [])
    if isinstance(told, list):
        stamped = utc_text(token.time) if token else None
        told.append({"name": facts.certificate.subject, "sealed": utc_text(facts.signing_time), "stamped": stamped})
    return Earlier(folder=folder, tag_manifest=digest, facts=facts, trusted=trusted)


def check_earlier(
    exam: Examination, tree: Tree, bag: BagReport, earlier: Sequence[Earlier], reports: Mapping[str, PdfFindings]
) -> None:
    """Check that each of *earlier* is contained in the bundle, none is missing, and nothing came that may not.

    A report that does not hold is told by ``report.signature``; what it begins with depends on how it is read.
    """
    reports = {name: found for name, found in reports.items() if found.whole_and_valid}
    starts = _beginnings(tree, reports)
    problems = list(_chain(tree, earlier))
    for number, form in enumerate(earlier, start=1):
        try:
            problems += _contained(tree, bag, form, number, starts)
        except EvidenceError as error:
            problems.append((form.folder, str(error)))
    if not problems:
        problems += _grown(tree, earlier, reports, starts)
    if earlier or problems:
        exam.concluded(ID, "data/previous", problems, f"{len(earlier)} earlier forms")


def _chain(tree: Tree, earlier: Sequence[Earlier]) -> _Problems:
    """Each form names the list of lists of the one before it."""
    folders = [form.folder for form in earlier]
    if folders != [f"data/previous/{number:02d}/" for number in range(1, len(folders) + 1)]:
        yield "data/previous", "the earlier forms are not numbered one after the other"
    before: str | None = None
    for folder, digest in [*((form.folder, str(form.tag_manifest)) for form in earlier), ("", None)]:
        try:
            named = dict(parse_info(tree.read(f"{folder}bag-info.txt", SMALL))).get("Evidence-Kit-Previous")
        except EvidenceError as error:
            yield f"{folder}bag-info.txt", str(error)
            named = before
        if named != before:
            yield f"{folder}bag-info.txt", f"the earlier form is {named!r}, it ought to be {before!r}"
        before = digest


def _grown(tree: Tree, earlier: Sequence[Earlier], reports: Mapping[str, PdfFindings], starts: _Starts) -> _Problems:
    """From form to form a report grew by a signature, by one with its document time stamp, or by such a stamp alone."""
    for name, found in reports.items():
        made = "".join("t" if signature.level is Level.TIMESTAMP else "s" for signature in found.signatures)
        ends = [0]
        for form in earlier:
            digest = parse_manifest(tree.read(form.folder + MANIFEST, SMALL)).get(name)
            if digest is not None and digest in starts[name]:  # else told by `_contained`
                ends.append(starts[name][digest])
        steps = [made[begin:end] for begin, end in pairwise([*ends, len(made)])]
        if steps[0] not in _FIRST or not set(steps[1:]) <= _NEXT:
            yield name, "its signatures and time stamps are not those of the forms of the bundle that are here"


def _beginnings(tree: Tree, reports: Mapping[str, PdfFindings]) -> _Starts:
    """Return, by the digest of each report up to the end of each of its signatures, how many these are."""
    starts: dict[str, dict[Digest, int]] = {}
    for name, found in reports.items():
        digest, position = hashlib.sha256(), 0
        starts[name] = {}
        with tree.open(name) as stream:
            for count, end in enumerate(sorted(each.covered_end for each in found.signatures), start=1):
                while position < end and (piece := stream.read(min(_PIECE, end - position))):
                    digest.update(piece)
                    position += len(piece)
                starts[name][Digest(digest.digest())] = count
    return starts


def _contained(tree: Tree, bag: BagReport, form: Earlier, number: int, starts: _Starts) -> _Problems:
    """Yield what of *form* is not as it was; raises `FormatError` for lists that cannot be read."""
    tags = parse_manifest(tree.read(form.folder + TAG_MANIFEST, SMALL))
    for name in sorted(tags.keys() ^ (BAG_FILES - {TAG_MANIFEST, TAG_SIGNATURE, TAG_TIME_STAMP})):
        yield form.folder + name, "the earlier form had other files beside its data"
    for name, digest in tags.items():
        if bag.digests.get(form.folder + name) != digest:
            yield form.folder + name, f"its digest is not the one that was sealed, {digest}"
    listed = parse_manifest(tree.read(form.folder + MANIFEST, SMALL))
    for name, digest in listed.items():
        here = form.folder + name.removeprefix("data/") if name.removeprefix("data/") in CHAIN_FILES else name
        if is_report(name) and name in tree.names():
            same = name not in starts or digest in starts[name]
        else:
            same = bag.digests.get(here) == digest
        if not same:
            yield here, f"it is not what the earlier form {number} held, {digest}"
    for name in tree.names():
        if name.startswith("data/") and name not in listed and not _may_come(name.removeprefix("data/"), number):
            yield name, f"it was not in the earlier form {number}"
    yield from _other_info(tree, bag, form)


def _other_info(tree: Tree, bag: BagReport, form: Earlier) -> _Problems:
    stamped = form.folder + TAG_TIME_STAMP in tree.names()
    info = dict(parse_info(tree.read(f"{form.folder}bag-info.txt", SMALL)))
    current = dict(bag.info)
    wanted = {
        "Evidence-Kit-Root": current.get("Evidence-Kit-Root"),
        "External-Identifier": current.get("External-Identifier"),
        "Evidence-Kit-Time-Stamp": "present" if stamped else "none",
    }
    for key, value in wanted.items():
        if info.get(key) != value:
            yield f"{form.folder}bag-info.txt", f"{key} is {info.get(key)!r}, it ought to be {value!r}"


def _may_come(name: str, number: int) -> bool:
    """Whether a file of ``data/`` may have come after the form *number*: certificates, statements, later forms."""
    match = PREVIOUS.fullmatch(name)
    if match:
        return int(match[1]) >= number and is_previous(f"data/{name}")
    return bool(CERTIFICATE.fullmatch(name) or STATEMENT.fullmatch(name)) or name in CHAIN_FILES
