"""Values of extensions, right for one kind and wrong for all others, or for all."""

from itertools import product

from evidence_kit.trust.der import integer, octets, oid, sequence, set_of, tlv

_RESERVED = ["9", "14", "15", "16", "17", "18", "20", "21", "30", "31", "32", "33", "35", "36", "37", "46", "54"]
KINDS = [
    *(f"2.5.29.{number}" for number in _RESERVED),
    *(f"1.3.6.1.5.5.7.1.{number}" for number in (1, 3, 11, 24)),
    "1.3.6.1.5.5.7.48.1.5",
    *(f"1.3.6.1.4.1.11129.2.4.{number}" for number in (2, 3)),
    "1.3.6.1.4.1.311.21.7",
    "1.3.36.8.3.3",
]

_HOST = tlv(0x82, b"a.example")
_TRUE, _FALSE = tlv(0x01, b"\xff"), tlv(0x01, b"\0")


def _qualified(kind: str, value: bytes) -> bytes:
    return sequence(sequence(oid("1.2.3"), sequence(sequence(oid(kind), value))))


def _timestamp(version: int, hash_and_signature: bytes) -> bytes:
    one = bytes([version]) + bytes(40) + b"\0\0" + hash_and_signature + b"\0\0"
    return octets((len(one) + 2).to_bytes(2, "big") + len(one).to_bytes(2, "big") + one)


VALUES = [
    b"",
    tlv(0x05),
    *(sequence(*map(integer, numbers)) for numbers in ([], [5], [17], [99], [5, 17])),
    *(integer(number) for number in (0, 5)),
    *(octets(data) for data in (b"", b"abc", b"\0\0", b"\0\5abc", b"\0\x04\0\x02ab")),
    *(_timestamp(*parts) for parts in product((0, 1), (b"\4\3", b"\x09\x09"))),
    *(tlv(0x03, data) for data in (b"\0", b"\7\x80", b"\0\x88", b"\0\x01")),
    *(sequence(tlv(tag)) for tag in (0x80, 0x83, 0x85)),
    *(sequence(tlv(0x87, bytes(size))) for size in (3, 4, 8, 16, 32)),
    *(sequence(tlv(0x80, data)) for data in (b"abc", b"20260101000000Z", b"\0")),
    *(sequence(*parts) for parts in ([_TRUE], [_TRUE, integer(0)], [_FALSE], [integer(3)], [_HOST])),
    sequence(tlv(0x88, b"\x2a\3")),
    sequence(tlv(0xA0, sequence(_HOST))),
    sequence(tlv(0xA0, sequence(tlv(0x87, bytes(4))))),
    sequence(sequence(tlv(0xA0, tlv(0xA0, _HOST)))),
    sequence(sequence(tlv(0xA2, _HOST))),
    sequence(sequence(tlv(0x81, b"\0\x80"))),
    sequence(sequence()),
    sequence(oid("1.2.3")),
    sequence(oid("1.2.3"), integer(1)),
    sequence(oid("1.2.3"), integer(1), integer(2)),
    sequence(sequence(oid("1.2.3"))),
    sequence(sequence(oid("1.2.3"), sequence())),
    sequence(sequence(oid("1.2.3"), _HOST)),
    _qualified("1.3.6.1.5.5.7.2.1", tlv(0x16, b"x")),
    _qualified("1.3.6.1.5.5.7.2.1", sequence()),
    _qualified("1.3.6.1.5.5.7.2.2", sequence()),
    _qualified("1.3.6.1.5.5.7.2.2", sequence(tlv(0x1E, b"\xd8\0"))),
    _qualified("1.2.3.4", tlv(0x16, b"x")),
    *(sequence(tlv(0xA4, sequence(set_of(sequence(oid("2.5.4.3"), tlv(tag, b"x")))))) for tag in (0x0C, 0x13, 0x30)),
]
