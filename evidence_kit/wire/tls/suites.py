"""The cipher suites that Chromium offers, by IANA's numbers and names (RFC 8446, 5246, 5289, 7905)."""

from dataclasses import dataclass
from enum import StrEnum

from evidence_kit.errors import FormatError


class Version(StrEnum):
    """A version of TLS, as WARC-Protocol writes it."""

    TLS_1_2 = "tls/1.2"
    TLS_1_3 = "tls/1.3"


class Cipher(StrEnum):
    """How records are protected."""

    GCM = "aes-gcm"
    CHACHA = "chacha20-poly1305"
    CBC = "aes-cbc"


class Exchange(StrEnum):
    """How the server proves itself: in TLS 1.3 always by CertificateVerify."""

    TLS_1_3 = "tls/1.3"
    ECDHE_ECDSA = "ecdhe-ecdsa"
    ECDHE_RSA = "ecdhe-rsa"
    RSA = "rsa"


@dataclass(frozen=True, slots=True)
class Suite:
    """One cipher suite."""

    name: str
    """IANA's name, as WARC-Cipher-Suite writes it."""
    exchange: Exchange
    cipher: Cipher
    key_bytes: int
    hash: str
    """The hash of transcript and key schedule, as `hashlib` calls it."""

    @property
    def version(self) -> Version:
        """The version of TLS to which the suite belongs."""
        return Version.TLS_1_3 if self.exchange is Exchange.TLS_1_3 else Version.TLS_1_2

    @property
    def mac_bytes(self) -> int:
        """The size of the HMAC-SHA-1 of a CBC suite; 0 where the cipher authenticates."""
        return 20 if self.cipher is Cipher.CBC else 0

    @property
    def iv_bytes(self) -> int:
        """How much of the nonce the TLS 1.2 key block gives."""
        return {Cipher.GCM: 4, Cipher.CHACHA: 12, Cipher.CBC: 0}[self.cipher]


_SUITES = {
    0x1301: Suite("TLS_AES_128_GCM_SHA256", Exchange.TLS_1_3, Cipher.GCM, 16, "sha256"),
    0x1302: Suite("TLS_AES_256_GCM_SHA384", Exchange.TLS_1_3, Cipher.GCM, 32, "sha384"),
    0x1303: Suite("TLS_CHACHA20_POLY1305_SHA256", Exchange.TLS_1_3, Cipher.CHACHA, 32, "sha256"),
    0xC02B: Suite("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Exchange.ECDHE_ECDSA, Cipher.GCM, 16, "sha256"),
    0xC02C: Suite("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", Exchange.ECDHE_ECDSA, Cipher.GCM, 32, "sha384"),
    0xC02F: Suite("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", Exchange.ECDHE_RSA, Cipher.GCM, 16, "sha256"),
    0xC030: Suite("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", Exchange.ECDHE_RSA, Cipher.GCM, 32, "sha384"),
    0xCCA8: Suite("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", Exchange.ECDHE_RSA, Cipher.CHACHA, 32, "sha256"),
    0xCCA9: Suite("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", Exchange.ECDHE_ECDSA, Cipher.CHACHA, 32, "sha256"),
    0xC009: Suite("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", Exchange.ECDHE_ECDSA, Cipher.CBC, 16, "sha256"),
    0xC00A: Suite("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", Exchange.ECDHE_ECDSA, Cipher.CBC, 32, "sha256"),
    0xC013: Suite("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", Exchange.ECDHE_RSA, Cipher.CBC, 16, "sha256"),
    0xC014: Suite("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", Exchange.ECDHE_RSA, Cipher.CBC, 32, "sha256"),
    0x009C: Suite("TLS_RSA_WITH_AES_128_GCM_SHA256", Exchange.RSA, Cipher.GCM, 16, "sha256"),
    0x009D: Suite("TLS_RSA_WITH_AES_256_GCM_SHA384", Exchange.RSA, Cipher.GCM, 32, "sha384"),
    0x002F: Suite("TLS_RSA_WITH_AES_128_CBC_SHA", Exchange.RSA, Cipher.CBC, 16, "sha256"),
    0x0035: Suite("TLS_RSA_WITH_AES_256_CBC_SHA", Exchange.RSA, Cipher.CBC, 32, "sha256"),
}

_GROUPS = {
    0x0017: "secp256r1",
    0x0018: "secp384r1",
    0x0019: "secp521r1",
    0x001D: "x25519",
    0x001E: "x448",
    0x0100: "ffdhe2048",
    0x0101: "ffdhe3072",
    0x11EB: "SecP256r1MLKEM768",
    0x11EC: "X25519MLKEM768",
    0x11ED: "SecP384r1MLKEM1024",
}


def suite_of(number: int, version: Version) -> Suite:
    """Return the suite; raises `FormatError` for one that is unknown or of another version."""
    suite = _SUITES.get(number)
    if suite is None or suite.version is not version:
        raise FormatError(f"the cipher suite 0x{number:04x} is not known for {version}")
    return suite


def group_name(number: int) -> str:
    """Return IANA's name of a key exchange group; an unknown one, which hinders nothing, by its number."""
    return _GROUPS.get(number, f"0x{number:04x}")
