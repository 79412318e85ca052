"""Certificates of servers with keys, signatures, names and extensions of many kinds, and changed ones."""

import ipaddress
import random
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from itertools import product

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

Key = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | dsa.DSAPrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | mldsa.MLDSA44PrivateKey
    | mldsa.MLDSA65PrivateKey
    | mldsa.MLDSA87PrivateKey
)

RSA_HASHES: tuple[hashes.HashAlgorithm, ...] = (hashes.SHA256(), hashes.SHA384(), hashes.SHA3_256())
EC_HASHES: tuple[hashes.HashAlgorithm, ...] = (hashes.SHA256(), hashes.SHA512(), hashes.SHA3_224())
DSA_HASHES: tuple[hashes.HashAlgorithm, ...] = (hashes.SHA224(), hashes.SHA256(), hashes.SHA384())
BEGIN, END = datetime(2026, 1, 1), datetime(2027, 1, 1)  # noqa: DTZ001
ODD = bytes.fromhex("0001020304050a0c121314161718 1a1c1e 3031 7f808182868788 a0a1a2a3a4 ff")
CURVES = (
    *(ec.SECP192R1, ec.SECP224R1, ec.SECP256R1, ec.SECP384R1, ec.SECP521R1, ec.SECP256K1),
    *(ec.BrainpoolP256R1, ec.BrainpoolP384R1, ec.BrainpoolP512R1),
)


def name(*parts: tuple[x509.ObjectIdentifier, str] | list[tuple[x509.ObjectIdentifier, str]]) -> x509.Name:
    """Return a name; a part is one attribute, or a list of several."""
    lists = [part if isinstance(part, list) else [part] for part in parts]
    return x509.Name([x509.RelativeDistinguishedName([x509.NameAttribute(*each) for each in part]) for part in lists])


AUTHORITY = name(
    (NameOID.COUNTRY_NAME, "MN"),
    (NameOID.ORGANIZATION_NAME, 'Жишээ ХХК, "A" + B; <c>\\'),
    [(NameOID.COMMON_NAME, " #Root "), (NameOID.USER_ID, "x")],
    (x509.ObjectIdentifier("1.2.3.4.5"), "#odd"),
    (NameOID.EMAIL_ADDRESS, "a@b.example"),
)
LEAF = name((NameOID.COMMON_NAME, "leaf"))
NAMES = x509.SubjectAlternativeName(
    [
        *(x509.DNSName("a.example"), x509.DNSName("*.b.example")),
        *(x509.IPAddress(ipaddress.ip_address(each)) for each in ("192.0.2.1", "2001:db8::1")),
    ]
)


def certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey | Key,
    issuer: Key,
    *more: x509.ExtensionType,
    hash_: hashes.HashAlgorithm | None = None,
    pad: padding.PSS | None = None,
) -> bytes:
    """Return a certificate, in DER, that *issuer* signed."""
    builder = x509.CertificateBuilder(
        issuer_name=AUTHORITY, subject_name=subject, public_key=key.public_key(), serial_number=77
    )
    builder = builder.not_valid_before(BEGIN).not_valid_after(END)
    for extension in more:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(issuer, hash_, rsa_padding=pad).public_bytes(Encoding.DER)  # type: ignore[arg-type]


@cache
def authorities() -> tuple[tuple[str, tuple[bytes, bytes]], ...]:
    """Return chains of a server's certificate and its authority's, by the kind of key and signature."""
    return tuple((what, chain(key, hash_, pad)) for what, key, hash_, pad in _kinds())


def chain(key: Key, hash_: hashes.HashAlgorithm | None, pad: padding.PSS | None) -> tuple[bytes, bytes]:
    """Return a server's certificate and that of the authority with *key*."""
    root = certificate(AUTHORITY, key, key, x509.BasicConstraints(ca=True, path_length=3), hash_=hash_, pad=pad)
    return certificate(LEAF, server_key(), key, NAMES, hash_=hash_, pad=pad), root


@cache
def server_key() -> ec.EllipticCurvePrivateKey:
    """Return the key in all certificates of servers."""
    return ec.generate_private_key(ec.SECP256R1())


def _kinds() -> Iterator[tuple[str, Key, hashes.HashAlgorithm | None, padding.PSS | None]]:
    sizes = {"2048": (65537, 2048), "2048, exponent 3": (3, 2048), "1025": (65537, 1025)}
    for size, (exponent, bits) in sizes.items():
        key = rsa.generate_private_key(exponent, bits)
        for hash_ in RSA_HASHES:
            yield f"RSA {size}, {hash_.name}", key, hash_, None
        for hash_, salt in product(RSA_HASHES[:2], (0, 20, 32)):
            yield f"RSA {size}, PSS {hash_.name}, {salt}", key, hash_, padding.PSS(padding.MGF1(hashes.SHA256()), salt)
    for curve in CURVES:
        for hash_ in EC_HASHES:
            yield f"{curve.name}, {hash_.name}", ec.generate_private_key(curve()), hash_, None
    small = dsa.generate_private_key(2048)
    for hash_ in DSA_HASHES:
        yield f"DSA, {hash_.name}", small, hash_, None
    yield "Ed25519", ed25519.Ed25519PrivateKey.generate(), None, None
    yield "Ed448", ed448.Ed448PrivateKey.generate(), None, None
    yield "ML-DSA-44", mldsa.MLDSA44PrivateKey.generate(), None, None
    yield "ML-DSA-65", mldsa.MLDSA65PrivateKey.generate(), None, None
    yield "ML-DSA-87", mldsa.MLDSA87PrivateKey.generate(), None, None


def changed_certificates(
    found: tuple[bytes, bytes], count: int, chance: random.Random
) -> Iterator[tuple[str, list[bytes]]]:
    """Yield chains with one byte of one certificate changed, taken out, or of a tag that is another's."""
    for _ in range(count):
        which = chance.randrange(2)
        changed = list(found)
        changed[which] = _changed(found[which], chance)
        yield f"certificate {which + 1} changed", changed


def odd_extensions(count: int, chance: random.Random) -> Iterator[tuple[str, list[bytes]]]:
    """Yield chains in which the server's certificate has an extension that is changed, and one that has many."""
    issuer = rsa.generate_private_key(65537, 2048)
    root = certificate(AUTHORITY, issuer, issuer, hash_=hashes.SHA256())
    yield "all extensions", [certificate(LEAF, server_key(), issuer, NAMES, *EXTENSIONS, hash_=hashes.SHA256()), root]
    for extension in EXTENSIONS:
        raw = extension.value if isinstance(extension, x509.UnrecognizedExtension) else extension.public_bytes()
        for _ in range(count):
            odd = x509.UnrecognizedExtension(extension.oid, _changed(raw, chance))
            what = f"{extension.oid.dotted_string} {odd.value.hex()}"
            yield what, [certificate(LEAF, server_key(), issuer, NAMES, odd, hash_=hashes.SHA256()), root]


def _changed(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    flipped = bytes([data[at] ^ 1 << chance.randrange(8)])
    return data[:at] + chance.choice([flipped, flipped, bytes([chance.choice(ODD)]), b""]) + data[at + 1 :]


_URI = x509.UniformResourceIdentifier("http://a.example")
_POINT = x509.DistributionPoint([_URI], None, frozenset([x509.ReasonFlags.key_compromise]), [x509.DirectoryName(LEAF)])
_NAMED = x509.DistributionPoint(
    None, x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COMMON_NAME, "x")]), None, None
)
_NOTICE = x509.UserNotice(x509.NoticeReference("org", [1, 2]), "text")
_STAMP = b"\0" + bytes(40) + b"\0\0\4\3\0\0"
"""A certificate's timestamp of a log (RFC 6962, 3.2)."""

EXTENSIONS: tuple[x509.ExtensionType, ...] = (
    x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=True,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=True,
        decipher_only=False,
    ),
    x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
    x509.BasicConstraints(ca=True, path_length=2),
    x509.SubjectKeyIdentifier(b"1234"),
    x509.AuthorityKeyIdentifier(b"12", [x509.DirectoryName(AUTHORITY)], 5),
    x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, _URI)]),
    x509.SubjectInformationAccess([x509.AccessDescription(x509.ObjectIdentifier("1.3.6.1.5.5.7.48.5"), _URI)]),
    x509.CRLDistributionPoints([_POINT, _NAMED]),
    x509.FreshestCRL([_NAMED]),
    x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("2.23.140.1.2.1"), ["http://c", _NOTICE])]),
    x509.NameConstraints(
        [x509.DNSName("b.example"), x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))], [x509.DirectoryName(LEAF)]
    ),
    x509.PolicyConstraints(1, None),
    x509.InhibitAnyPolicy(2),
    x509.TLSFeature([x509.TLSFeatureType.status_request]),
    x509.OCSPNoCheck(),
    x509.PrecertPoison(),
    x509.MSCertificateTemplate(x509.ObjectIdentifier("1.2.3"), 1, 2),
    x509.PrivateKeyUsagePeriod(BEGIN, END),
    x509.IssuerAlternativeName(
        [
            x509.RFC822Name("a@b.example"),
            x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x05\0"),
            x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
        ]
    ),
    x509.UnrecognizedExtension(
        x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2"),
        b"\4" + bytes([len(_STAMP) + 4]) + bytes([0, len(_STAMP) + 2, 0, len(_STAMP)]) + _STAMP,
    ),
    x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.9"), b"\x01"),
)
