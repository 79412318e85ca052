"""Who signed what, one line for each certificate: its issuer, and whether that one is known to be licensed in Mongolia.

What is known of licences stands in ``templates/report/licensed.toml`` with its source; everything else is called *not
established*. A practice certificate, and one that its own holder issued, come from no authority at all.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from evidence_kit.bundle.gather import Source
from evidence_kit.bundle.register_parts import SignatureLine
from evidence_kit.models import Digest
from evidence_kit.resources import template
from evidence_kit.trust.certificates import Certificate, chain_of
from evidence_kit.trust.judging import TrustedRoots, judge
from evidence_kit.trust.keys import Signer


class Licensed(StrEnum):
    """Whether a certificate's issuer is licensed in Mongolia."""

    YES = "yes"
    NO = "no"
    NOT_ESTABLISHED = "not-established"


@dataclass(frozen=True, slots=True, kw_only=True)
class Licences:
    """What is known: by the fingerprint of the authority's certificate."""

    known: dict[str, Licensed]

    @classmethod
    def read(cls) -> "Licences":
        """Read the data file; a broken template is a broken installation and raises `ValueError`."""
        table = tomllib.loads(template("report/licensed.toml").read_text(encoding="utf-8"))
        return cls(known={each["certificate_sha256"]: Licensed(each["licensed"]) for each in table["authority"]})

    def of(self, certificate: Certificate, above: Iterable[Certificate]) -> Licensed:
        """Return what is known of *certificate*, whose issuers are *above*."""
        if certificate.practice or certificate.self_signed:
            return Licensed.NO
        found = (self.known.get(issuer.fingerprint) for issuer in above)
        return next((licensed for licensed in found if licensed), Licensed.NOT_ESTABLISHED)


def signature_lines(source: Source, signer: Signer, roots: TrustedRoots) -> tuple[SignatureLine, ...]:
    """Return the signers of the report and of the log, and the authorities whose tokens cover the log."""
    events = Counter(event.certificate.hex for event in source.log.full_events())
    stamps = Counter(token.authority for token in source.tokens)
    pool = (*source.case.certificates(), *signer.chain, *(each for token in source.tokens for each in token.embedded))
    licences, at = Licences.read(), source.begun()

    def line(purpose: str, certificate: Certificate, count: int) -> SignatureLine:
        above = chain_of(certificate, pool) or ()
        return SignatureLine(
            purpose=purpose,
            subject=certificate.subject,
            issuer=certificate.issuer,
            certificate_sha256=Digest(bytes.fromhex(certificate.fingerprint)),
            count=count,
            kind="practice" if certificate.practice else "self-made" if certificate.self_signed else "issued",
            trust=judge(certificate, pool, roots, at=at).trust,
            licensed=str(licences.of(certificate, above)),
        )

    log = source.log.certificates
    return (
        line("report", signer.certificate, 1),
        *(line("custody", log[name], count) for name, count in events.items() if name in log),
        *(line("time-stamp", authority, count) for authority, count in stamps.items()),
    )
