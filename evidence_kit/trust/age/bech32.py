"""Bech32 (BIP 173), without its limit of 90 characters: how age writes keys."""

from collections.abc import Iterable, Iterator

from evidence_kit.errors import FormatError

_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM = 6


def encode(prefix: str, data: bytes) -> str:
    """Return *data* in small letters after *prefix*."""
    words = list(_regrouped(data, 8, 5, pad=True))
    check = _polymod([*_expanded(prefix), *words, *[0] * _CHECKSUM]) ^ 1
    words += [check >> 5 * (_CHECKSUM - 1 - place) & 31 for place in range(_CHECKSUM)]
    return f"{prefix}1{''.join(_LETTERS[word] for word in words)}"


def decode(text: str) -> tuple[str, bytes]:
    """Return the prefix in small letters, and the data; raises `FormatError`."""
    if text not in {text.lower(), text.upper()}:
        raise FormatError("capital and small letters are mixed")
    prefix, found, rest = text.lower().rpartition("1")
    if not found or not prefix or len(rest) < _CHECKSUM or not prefix.isascii() or set(rest) - set(_LETTERS):
        raise FormatError("it is not Bech32")
    words = [_LETTERS.index(letter) for letter in rest]
    if _polymod([*_expanded(prefix), *words]) != 1:
        raise FormatError("its checksum is wrong: a letter is missing or mistyped")
    return prefix, bytes(_regrouped(words[:-_CHECKSUM], 5, 8, pad=False))


def _expanded(prefix: str) -> list[int]:
    return [*(ord(letter) >> 5 for letter in prefix), 0, *(ord(letter) & 31 for letter in prefix)]


def _polymod(words: Iterable[int]) -> int:
    check = 1
    for word in words:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ word
        for place, factor in enumerate(_GENERATOR):
            if top >> place & 1:
                check ^= factor
    return check


def _regrouped(words: Iterable[int], width: int, wanted: int, *, pad: bool) -> Iterator[int]:
    """Yield the bits of *words* in words of another width; raises `FormatError` for a rest that is not zero."""
    held = bits = 0
    for word in words:
        held, bits = (held << width | word), bits + width
        while bits >= wanted:
            bits -= wanted
            yield held >> bits & (1 << wanted) - 1
        held &= (1 << bits) - 1
    if pad and bits:
        yield held << wanted - bits
    elif not pad and (bits >= width or held):
        raise FormatError("it is not Bech32")
