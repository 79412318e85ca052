"""What a signature needs beside it to be validated when the authorities are silent: certificates and statements.

A baseline signature of level B-LT holds the certificates above its signer and above the authority of its time stamp,
and what their authorities said about revocations (ETSI EN 319 142-1, 5.4 and 6.3; EN 319 102-1, 5.3).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from evidence_kit.trust.certificates import Certificate, chain_of
from evidence_kit.trust.revocation import Standing, Statement, is_readable, names_a_place, standing_of

_SUFFICIENT = frozenset({Standing.GOOD, Standing.LATER})


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationData:
    """Certificates and statements, none of them believed for being there."""

    certificates: tuple[Certificate, ...] = ()
    statements: tuple[Statement, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.certificates or self.statements)


def data_about(certificate: Certificate, known: ValidationData, *, at: datetime, told: bool) -> ValidationData | None:
    """Return what of *known* shows that *certificate*, and each above it, stood at the time *at*; else None.

    The path must end with a root, which needs no statement. Of the others those need one that name a place where their
    authority tells of revocations: about the rest there is nothing to know. *told*: *certificate* needs one
    in any case.
    """
    path = (certificate, *chain_of(certificate, [found for found in known.certificates if is_readable(found)]))
    if not path[-1].self_signed or len(path) == 1:
        return None
    used: list[Statement] = []
    for found, issuer in pairwise(path):
        standing = standing_of(found, issuer, known.statements, at=at).standing
        if standing not in _SUFFICIENT:
            if standing is not Standing.UNKNOWN or names_a_place(found) or (told and found == certificate):
                return None
            continue
        used += [statement for statement in known.statements if statement.about(found, issuer)]
    return ValidationData(certificates=path, statements=tuple(dict.fromkeys(used)))


def together(parts: Iterable[ValidationData]) -> ValidationData:
    """Return all of *parts*, each certificate and statement once."""
    found = tuple(parts)
    return ValidationData(
        certificates=tuple(dict.fromkeys(c for part in found for c in part.certificates)),
        statements=tuple(dict.fromkeys(s for part in found for s in part.statements)),
    )
