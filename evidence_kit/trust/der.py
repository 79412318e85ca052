"""Write DER (ITU-T X.690) by hand, for the few structures whose every byte the kit must be able to predict."""

import re
from datetime import UTC, datetime

from evidence_kit.errors import FormatError

ORDERS = {
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
}
"""The orders of the groups of P-256 and P-384 (NIST SP 800-186, 3.2.1)."""

_LONG = 0x80
"""From this size on, the length itself is counted first (X.690, 8.1.3.5)."""
_GENERALIZED = 2050

_NESTING = re.compile(rb"\x2a\x86\x48\x86\xf7\x0d\x01[\x01\x05]")
"""PKCS #1 and #5: of all algorithms only some of theirs hold others (RFC 4055, 3.1; RFC 8018, A)."""
_MOST_NESTING = 32

NULL = b"\x05\x00"


def tlv(tag: int, *parts: bytes) -> bytes:
    """Return one value: *tag*, definite length, the *parts* joined."""
    content = b"".join(parts)
    size = len(content)
    if size < _LONG:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG | len(length))) + length + content


def sequence(*parts: bytes) -> bytes:
    """Return a SEQUENCE."""
    return tlv(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    """Return a SET OF, its members in DER order (X.690, 11.6)."""
    return tlv(0x31, *sorted(parts))


def integer(value: int) -> bytes:
    """Return a non-negative INTEGER."""
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(data: bytes) -> bytes:
    """Return an OCTET STRING."""
    return tlv(0x04, data)


def oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return tlv(0x06, *(_arc(arc) for arc in (first * 40 + second, *rest)))


def moment(at: datetime) -> bytes:
    """Return a CMS Time: UTCTime until 2049, GeneralizedTime after (RFC 5652, 11.3); whole seconds."""
    at = at.astimezone(UTC)
    if at.year < _GENERALIZED:
        return tlv(0x17, at.strftime("%y%m%d%H%M%SZ").encode("ascii"))
    return tlv(0x18, at.strftime("%Y%m%d%H%M%SZ").encode("ascii"))


def shallow(data: bytes) -> bytes:
    """Return *data*, a certificate or what holds one; raises `FormatError` if its algorithms may lie too deep.

    Parameters of an algorithm may be an algorithm, and the parser of `cryptography` calls itself for each: some
    thousand inside each other fill the stack, and end the process.
    """
    if len(_NESTING.findall(data)) > _MOST_NESTING:
        message = "it names more algorithms than a certificate needs"
        raise FormatError(message)
    return data


def _arc(arc: int) -> bytes:
    out = [arc & 0x7F]
    while arc := arc >> 7:
        out.append(0x80 | arc & 0x7F)
    return bytes(reversed(out))
