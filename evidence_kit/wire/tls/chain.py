"""The certificates of a Certificate message, plain (RFC 8446 4.4.2, RFC 5246 7.4.2) or compressed (RFC 8879)."""

import zlib

import brotlicffi  # type: ignore[import-untyped]

from evidence_kit.errors import FormatError
from evidence_kit.wire.tls.fields import Fields
from evidence_kit.wire.tls.messages import LONGEST, ClientHello, Extension, Message, Type


def chain_13(message: Message, hello: ClientHello) -> tuple[bytes, ...]:
    """Return the DER certificates, the server's first; raises `FormatError`, also when there is none."""
    body = message.body if message.type == Type.CERTIFICATE else _expanded(message, hello)
    fields = Fields(body, "the Certificate message")
    if fields.vector(1):
        raise FormatError("the server's Certificate message answers a request")
    certificates, chain = Fields(fields.vector(3), "the certificate list"), []
    fields.end()
    while certificates.more:
        chain.append(certificates.vector(3))
        certificates.vector(2)
    return _present(chain)


def chain_12(message: Message) -> tuple[bytes, ...]:
    """Return the DER certificates, the server's first; raises `FormatError`, also when there is none."""
    fields = Fields(message.body, "the Certificate message")
    certificates, chain = Fields(fields.vector(3), "the certificate list"), []
    fields.end()
    while certificates.more:
        chain.append(certificates.vector(3))
    return _present(chain)


def _present(chain: list[bytes]) -> tuple[bytes, ...]:
    if not chain:
        raise FormatError("the server sent no certificate")
    return tuple(chain)


def _expanded(message: Message, hello: ClientHello) -> bytes:
    fields = Fields(message.body, "the compressed Certificate message")
    algorithm, size, data = fields.number(2), fields.number(3), fields.vector(3)
    fields.end()
    if not hello.offers(Extension.COMPRESSION, algorithm, size=1):
        raise FormatError(f"the certificates are compressed by the algorithm {algorithm}, which was not offered")
    if not 0 < size <= LONGEST:
        raise FormatError(f"the certificates are said to have {size} bytes")
    match algorithm:
        case 1:
            expanded = _inflated(data, size)
        case 2:
            expanded = _brotli(data, size)
        case _:
            raise FormatError(f"the certificates are compressed by the unknown algorithm {algorithm}")
    if expanded is None or len(expanded) != size:
        raise FormatError(f"the compressed certificates are not the {size} bytes that they are said to be")
    return expanded


def _inflated(data: bytes, size: int) -> bytes | None:
    inflater = zlib.decompressobj()
    try:
        # One byte more than allowed is asked for, so that an end which comes too late is seen.
        found = inflater.decompress(data, size + 1)
    except zlib.error as error:
        raise FormatError("the compressed certificates are no zlib stream") from error
    return found if inflater.eof and not inflater.unused_data else None


def _brotli(data: bytes, size: int) -> bytes | None:
    decompressor = brotlicffi.Decompressor()
    try:
        found: bytes = decompressor.process(data, output_buffer_limit=size + 1)
    except brotlicffi.error as error:
        raise FormatError("the compressed certificates are no brotli stream") from error
    return found if decompressor.is_finished() else None
