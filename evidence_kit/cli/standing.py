"""What this installation can say of the keys behind a result: established, practice or claimed.

Practice is what a certificate says of itself. Claimed is a key under a root that somebody made himself, or that nobody
here gave as trusted: the same thing, as far as anybody can tell (docs/evidence-format.md, "Trust").
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from evidence_kit.case.folder import CaseFolder
from evidence_kit.models import Trust
from evidence_kit.trust.certificates import Certificate, chain_of
from evidence_kit.trust.judging import TrustedRoots, judge

_SIGNER = re.compile(rb'"certificate":"sha256:([0-9a-f]{64})"')
"""As it stands in the lines of the log; inside a text the quotation marks would be escaped."""
_RANK = (Trust.CLAIMED, Trust.PRACTICE, Trust.ESTABLISHED)


def trust_in(
    signers: Iterable[Certificate], pool: Sequence[Certificate], roots: Sequence[Certificate], *, now: datetime
) -> Trust | None:
    """Return the least trust that any of *signers* has, each at its end if that is over; None without signers."""
    found = {_trust(signer, pool, roots, now=now) for signer in signers}
    return next((trust for trust in _RANK if trust in found), None)


def signers_of(case: CaseFolder) -> tuple[Certificate, ...]:
    """Return the certificates that the custody log of *case* names, as far as they are there."""
    named = {found.decode() for found in _SIGNER.findall(case.log_bytes()[0])}
    return tuple(certificate for certificate in case.certificates() if certificate.fingerprint in named)


def _trust(signer: Certificate, pool: Sequence[Certificate], roots: Sequence[Certificate], *, now: datetime) -> Trust:
    if signer.practice or any(issuer.practice for issuer in chain_of(signer, pool)):
        return Trust.PRACTICE
    return judge(signer, pool, TrustedRoots(established=tuple(roots)), at=min(now, signer.not_after)).trust
