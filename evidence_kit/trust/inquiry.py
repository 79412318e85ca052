"""Ask an authority whether it revoked a certificate: at the places that the certificate itself names.

A CRL first: whoever gives it out learns our address, but not which certificate we ask about. Only if none can be had
is the OCSP responder asked, which learns both. Bounded in time and size.
"""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from evidence_kit.errors import FormatError
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.revocation import Standing, Statement, read_statement, standing_of

_LARGEST = {"crl": 16 * 1024 * 1024, "ocsp": 64 * 1024}
_PART = 64 * 1024
_MOST = 4
"""Places asked of one certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an authority tells of revocations: *kind* ``crl`` or ``ocsp``."""

    kind: str
    url: str


def places_in(certificate: Certificate) -> tuple[Place, ...]:
    """Return the web addresses that *certificate* names, those of CRLs first."""
    extensions = certificate.x509.extensions
    found: list[tuple[str, x509.GeneralName]] = []
    for extension in extensions:
        if isinstance(extension.value, x509.CRLDistributionPoints):
            found += [("crl", name) for point in extension.value for name in point.full_name or ()]
        if isinstance(extension.value, x509.AuthorityInformationAccess):
            found += [
                ("ocsp", access.access_location)
                for access in extension.value
                if access.access_method == AuthorityInformationAccessOID.OCSP
            ]
    places = [
        Place(kind=kind, url=name.value)
        for kind, name in sorted(found, key=lambda each: each[0])
        if isinstance(name, x509.UniformResourceIdentifier) and name.value.startswith(("http://", "https://"))
    ]
    return tuple(dict.fromkeys(places))[:_MOST]


def inquire(
    certificate: Certificate, issuer: Certificate, *, at: datetime, seconds: float, asked: Callable[[Place], bool]
) -> Iterator[Statement | str]:
    """Ask one place after the other until one tells the standing at the time *at*; yield it, and why others did not.

    *asked* tells of each place, just before, whether it need not be asked (again). *seconds* is for all together.
    """
    end = time.monotonic() + seconds
    for place in places_in(certificate):
        if asked(place):
            continue
        try:
            body = _request(place, certificate, issuer)
            statement = read_statement(place.kind, _fetch(body, end, _LARGEST[place.kind]))
            standing = standing_of(certificate, issuer, [statement], at=at).standing
        except (OSError, HTTPException, ValueError, FormatError) as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()  # it is a response too, and would keep its connection
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            yield f"{place.url} could not be asked about the certificate of {certificate.subject!r}: {reason}"
            continue
        if standing is not Standing.UNKNOWN:
            yield statement
            return
        yield f"{place.url} told nothing that counts about the certificate of {certificate.subject!r}"


def _request(place: Place, certificate: Certificate, issuer: Certificate) -> urllib.request.Request:
    headers = {"User-Agent": "evidence_kit"}
    if place.kind == "crl":
        return urllib.request.Request(place.url, headers=headers)  # noqa: S310  # `places_in` looks at the scheme
    # Certificates are named by SHA-1 because responders need know no other (RFC 5019, 2.1.1); nothing rests on it.
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate.x509, issuer.x509, hashes.SHA1())  # noqa: S303  # as said
    query = builder.build().public_bytes(Encoding.DER)
    headers["Content-Type"] = "application/ocsp-request"
    return urllib.request.Request(place.url, data=query, headers=headers)  # noqa: S310  # as above


def _fetch(request: urllib.request.Request, end: float, most: int) -> bytes:
    """Return the body of the answer; raises `OSError` when it takes too long, `FormatError` when it is too large."""
    body = bytearray()
    with urllib.request.urlopen(request, timeout=_left(end)) as response:  # noqa: S310  # as above
        while part := response.read1(_PART):
            body += part
            if len(body) > most:
                message = f"more than {most} bytes"
                raise FormatError(message)
            _left(end)
    return bytes(body)


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        message = "no time is left"
        raise TimeoutError(message)
    return left
