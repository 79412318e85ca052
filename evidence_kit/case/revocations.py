"""Keep in the case what authorities say about the certificates that signed and stamped in it (``trust/``).

Asked when something is signed or stamped, and only if nothing that is kept covers that time. Whoever cannot be reached
is noted and stops nothing.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from evidence_kit.models import Clock
from evidence_kit.trust.certificates import Certificate, chain_of
from evidence_kit.trust.inquiry import Place, inquire, places_in
from evidence_kit.trust.revocation import Standing, Statement, standing_of

_SECONDS = 10.0


class Keeper(Protocol):
    """A case, or a bundle, that keeps certificates and what authorities say about them."""

    def certificates(self) -> tuple[Certificate, ...]:
        """Return every certificate that is kept."""

    def statements(self) -> tuple[Statement, ...]:
        """Return every statement that is kept."""

    def record_statement(self, statement: Statement) -> None:
        """Keep *statement* too; raises `CaseError`."""


@dataclass(slots=True, kw_only=True)
class Inquiries:
    """What one run of a command asks: nothing twice, and for no longer than `_SECONDS` altogether."""

    certificates: Sequence[Certificate]
    """The signer's and those above it."""
    clock: Clock
    problems: list[str] = field(default_factory=list)
    """What could not be learnt, and which of the certificates was revoked."""
    _asked: set[tuple[Certificate, Place]] = field(default_factory=set)
    _left: float = _SECONDS

    def keep(self, case: Keeper, others: Iterable[Certificate] = (), *, roots: Sequence[Certificate] = ()) -> None:
        """Ask about the signer's certificates and *others*, and keep the answers in *case*; raises `CaseError`.

        Issuers are looked for in the case and among *roots*.
        """
        wanted = [found for found in dict.fromkeys((*self.certificates, *others)) if places_in(found)]
        if not wanted:
            return
        pool = (*case.certificates(), *self.certificates, *roots)
        kept = list(case.statements())
        for certificate in wanted:
            above = chain_of(certificate, pool)
            if above and standing_of(certificate, above[0], kept, at=self.clock()).standing is Standing.UNKNOWN:
                kept += self._inquire(case, certificate, above[0])

    def _inquire(self, case: Keeper, certificate: Certificate, issuer: Certificate) -> Iterator[Statement]:
        def asked(place: Place) -> bool:
            known = (certificate, place) in self._asked
            self._asked.add((certificate, place))
            return known

        begun = time.monotonic()
        for answer in inquire(certificate, issuer, at=self.clock(), seconds=self._left, asked=asked):
            if isinstance(answer, str):
                self.problems.append(answer)
                continue
            case.record_statement(answer)
            found = standing_of(certificate, issuer, [answer], at=self.clock())
            if found.revoked:
                self.problems.append(f"the certificate of {certificate.subject!r} was {found.detail}")
            yield answer
        self._left -= time.monotonic() - begun
