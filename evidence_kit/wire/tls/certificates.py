"""A server's certificates at the time of the connection (RFC 5280 section 6.1, RFC 9525), without trusting anybody.

Looked at are names, dates and signatures along the chain as it was sent. Whether the last one leads to a root that
deserves trust is not judged here, and neither are revocation, policies and transparency logs.
"""

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from evidence_kit.display import shorten
from evidence_kit.errors import FormatError
from evidence_kit.trust import der
from evidence_kit.trust.certificates import READING_ERRORS

_BROKEN = (FormatError, *READING_ERRORS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """What the certificates say."""

    leads_to: str
    """The issuer of the last certificate sent, as RFC 4514 text; empty when it cannot be read."""
    problems: tuple[str, ...]
    """What is wrong with them, in English; empty when nothing is."""


NO_CERTIFICATES = CertificateFacts(leads_to="", problems=())
"""What is to be said where none was sent."""

UNREADABLE = "a certificate cannot be read"
"""How the problem begins where one is broken; the reason follows."""


def read_certificates(ders: Sequence[bytes], *, name: str, at: datetime) -> CertificateFacts:
    """Judge the chain *ders*, the server's own first, for the *name* asked for (host or address) at the time *at*."""
    try:
        chain = tuple(x509.load_der_x509_certificate(der.shallow(data)) for data in ders)
        problems = (*_name(chain[0], name), *_dates(chain, at), *_links(chain))
        leads_to = shorten(chain[-1].issuer.rfc4514_string())
    except _BROKEN as error:
        return CertificateFacts(leads_to="", problems=(f"{UNREADABLE}: {shorten(str(error))}",))
    return CertificateFacts(leads_to=leads_to, problems=problems)


def _name(leaf: x509.Certificate, name: str) -> Iterator[str]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        yield "the server's certificate names no host"
        return
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        fits = any(_is_named(pattern, name) for pattern in names.get_values_for_type(x509.DNSName))
    else:
        fits = address in names.get_values_for_type(x509.IPAddress)
    if not fits:
        yield f"the server's certificate is not for {shorten(name)}"


def _is_named(pattern: str, name: str) -> bool:
    """Return whether *pattern* is *name*, or has ``*`` for its first label (RFC 9525 section 6.3)."""
    wanted, host = pattern.lower(), name.lower().rstrip(".")
    first, _, rest = wanted.partition(".")
    return wanted == host or (first == "*" and "." in rest and rest == host.partition(".")[2])


def _dates(chain: Sequence[x509.Certificate], at: datetime) -> Iterator[str]:
    for place, certificate in enumerate(chain, start=1):
        if at < certificate.not_valid_before_utc:
            yield f"certificate {place} was not valid before {certificate.not_valid_before_utc:%Y-%m-%d}"
        if at > certificate.not_valid_after_utc:
            yield f"certificate {place} was valid until {certificate.not_valid_after_utc:%Y-%m-%d}"


def _links(chain: Sequence[x509.Certificate]) -> Iterator[str]:
    for place, (certificate, issuer) in enumerate(pairwise(chain), start=1):
        if not _signed(certificate, issuer):
            yield f"certificate {place} was not signed by the next one"
    if chain[-1].subject != chain[-1].issuer:
        return
    if not _signed(chain[-1], chain[-1]):
        yield f"certificate {len(chain)} names itself as its issuer, and did not sign itself"
    elif len(chain) == 1:
        yield "the server's certificate is its own issuer"


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (*_BROKEN, InvalidSignature):
        return False
    return True
