"""Take content codings (RFC 9110, 8.4.1) off a body that was stored as it was sent, within a bound.

Read are ``gzip``, ``deflate`` (with and without the frame of RFC 1950, as both are sent), ``br`` (RFC 7932) and
``zstd`` (RFC 8878).
"""

import zlib
from collections.abc import Callable, Sequence

import brotlicffi  # type: ignore[import-untyped]
import zstandard

from evidence_kit.display import shorten
from evidence_kit.errors import FormatError, LimitError

_STEP = 256 * 1024
_GZIP = 16 + zlib.MAX_WBITS


def decoded(body: bytes, codings: Sequence[str], *, largest: int) -> bytes:
    """Return *body* without *codings*, which are in the order in which they were applied; cut short it stays cut short.

    Raises `FormatError` for a coding that is not read here and for bytes that are not of it, `LimitError` for more than
    *largest* bytes.
    """
    for coding in reversed(codings):
        name = coding.strip().lower()
        if name in {"", "identity"}:
            continue
        take_off = _CODINGS.get(name)
        if take_off is None:
            message = f"the content coding {shorten(name, 40)} is not read here"
            raise FormatError(message)
        try:
            body = take_off(body, largest)
        except (zlib.error, brotlicffi.error, zstandard.ZstdError) as error:
            message = f"the body is not what its content coding {name} says: {error}"
            raise FormatError(message) from error
    return body


def _gunzipped(body: bytes, largest: int) -> bytes:
    return _inflated(body, _GZIP, largest)


def _deflated(body: bytes, largest: int) -> bytes:
    framed = len(body) > 1 and body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
    return _inflated(body, zlib.MAX_WBITS if framed else -zlib.MAX_WBITS, largest)


def _inflated(body: bytes, window: int, largest: int) -> bytes:
    """Inflate all members, one after the other."""
    made = bytearray()
    while body:
        stream = zlib.decompressobj(window)
        made += stream.decompress(body, largest + 1 - len(made))
        _bounded(made, largest)
        body = stream.unused_data if window == _GZIP else b""
        if not body.startswith(b"\x1f\x8b"):
            break
    return bytes(made)


def _unbrotlied(body: bytes, largest: int) -> bytes:
    stream = brotlicffi.Decompressor()
    made = bytearray()
    for start in range(0, len(body), _STEP):
        piece = body[start : start + _STEP]
        while piece or not stream.can_accept_more_data():
            # In steps: as much memory as may be made is set aside at once.
            made += stream.decompress(piece, output_buffer_limit=_STEP)
            _bounded(made, largest)
            piece = b""
    return bytes(made)


def _unzstandarded(body: bytes, largest: int) -> bytes:
    made = bytearray()
    with zstandard.ZstdDecompressor().stream_reader(body) as stream:
        while piece := stream.read(_STEP):
            made += piece
            _bounded(made, largest)
    return bytes(made)


def _bounded(made: bytearray, largest: int) -> None:
    if len(made) > largest:
        message = f"without its content coding the body has more than {largest} bytes"
        raise LimitError(message)


_CODINGS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gunzipped,
    "x-gzip": _gunzipped,
    "deflate": _deflated,
    "br": _unbrotlied,
    "zstd": _unzstandarded,
}
