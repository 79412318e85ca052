"""Why a signer's name may be believed: established, practice or claimed (docs/evidence-format.md, "Trust")."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from evidence_kit.models import SignerFinding, Trust
from evidence_kit.trust.certificates import Certificate, leads_to_root


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedRoots:
    """The roots that came from outside the evidence."""

    established: tuple[Certificate, ...] = ()
    """From the settings, ``--trust`` or a court's kit."""
    practice: tuple[Certificate, ...] = ()
    """The roots of this installation's own practice keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One certificate, judged."""

    certificate: Certificate
    trust: Trust
    detail: str
    """Why it is no more than claimed; empty otherwise."""

    def finding(self) -> SignerFinding:
        """Return the ``signers[]`` member."""
        certificate = self.certificate
        return SignerFinding(
            name=certificate.subject,
            certificate_sha256=certificate.fingerprint,
            trust=self.trust,
            practice=certificate.practice,
        )


def judge(certificate: Certificate, pool: Iterable[Certificate], roots: TrustedRoots, *, at: datetime) -> Judgement:
    """Judge *certificate* at the time *at*; *pool* holds possible issuers, none of them trusted for being there.

    A certificate that marks itself as practice is never established, whatever root it leads to.
    """
    issuers = tuple(pool)
    attempts: Sequence[tuple[Trust, tuple[Certificate, ...]]] = (
        (Trust.ESTABLISHED, () if certificate.practice else roots.established),
        (Trust.PRACTICE, roots.practice if certificate.practice else ()),
    )
    reasons = []
    for trust, anchors in attempts:
        reason = leads_to_root(certificate, issuers, anchors, at=at)
        if reason is None:
            return Judgement(certificate=certificate, trust=trust, detail="")
        if anchors:
            reasons.append(reason)
    return Judgement(
        certificate=certificate, trust=Trust.CLAIMED, detail="; ".join(reasons) or "no trusted root is known"
    )
