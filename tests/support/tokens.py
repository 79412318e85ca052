"""Tokens without hardware: SoftHSM2, a real PKCS#11 library that others wrote, with keys and certificates in it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pkcs11 import Attribute
from pkcs11.util.ec import decode_ec_private_key
from pkcs11.util.rsa import decode_rsa_private_key
from pkcs11.util.x509 import decode_x509_certificate

from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.keys import PrivateKey
from tests.support.people import SetClock
from tests.support.pki import Authority

PIN = "пин-1234"
_PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


def find_library() -> Path | None:
    """Return SoftHSM2's library, or None where it is not installed."""
    return next((Path(place) for place in _PLACES if Path(place).is_file()), None)


@dataclass(frozen=True, kw_only=True)
class SoftTokens:
    """A folder of tokens."""

    library: Path
    folder: Path

    def make(self, label: str) -> None:
        """Make an empty token."""
        command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "so-12345"]
        subprocess.run(command, env={**os.environ, **self.environ()}, check=True, capture_output=True, timeout=60)

    def environ(self) -> dict[str, str]:
        """Return where SoftHSM2 finds the tokens."""
        return {"SOFTHSM2_CONF": str(self.folder / "softhsm2.conf")}

    def copy(self, folder: Path) -> "SoftTokens":
        """Return the same tokens in another *folder*, which must not exist."""
        shutil.copytree(self.folder, folder)
        return describe(self.library, folder)

    def pull_out(self) -> None:
        """Take all tokens away, whoever uses them."""
        shutil.rmtree(self.folder / "tokens")
        (self.folder / "tokens").mkdir()

    @contextmanager
    def inserted(self) -> Iterator[None]:
        """Let this process see the tokens; afterwards nobody is logged in any more."""
        known = {name: os.environ.get(name) for name in self.environ()}
        os.environ.update(self.environ())
        try:
            yield
        finally:
            pkcs11.lib(str(self.library)).finalize()
            for name, value in known.items():
                os.environ.pop(name)
                os.environ |= {name: value} if value is not None else {}


def describe(library: Path, folder: Path) -> SoftTokens:
    """Return the tokens in *folder*, whose settings are written anew."""
    (folder / "tokens").mkdir(parents=True, exist_ok=True)
    settings = f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    (folder / "softhsm2.conf").write_text(settings, encoding="utf-8", newline="\n")
    return SoftTokens(library=library, folder=folder)


@contextmanager
def opened(tokens: SoftTokens, label: str) -> Iterator[pkcs11.Session]:
    """Open a token for writing, as whoever gives it out does."""
    with pkcs11.lib(str(tokens.library)).get_token(token_label=label).open(rw=True, user_pin=PIN) as session:
        yield session


def put_key(session: pkcs11.Session, key: PrivateKey, label: str, number: int, *, always_ask: bool = False) -> None:
    """Put a private key into the token; *always_ask* makes it want the PIN again for every signature."""
    der = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    attributes = (decode_rsa_private_key if isinstance(key, rsa.RSAPrivateKey) else decode_ec_private_key)(der)
    session.create_object(
        {
            **attributes,
            Attribute.TOKEN: True,
            Attribute.PRIVATE: True,
            Attribute.SENSITIVE: True,
            Attribute.SIGN: True,
            Attribute.LABEL: label,
            Attribute.ID: bytes([number]),
            **({Attribute.ALWAYS_AUTHENTICATE: True} if always_ask else {}),
        }
    )


def put_certificate(session: pkcs11.Session, certificate: Certificate, label: str, number: int) -> None:
    """Put a certificate into the token."""
    attributes = decode_x509_certificate(certificate.der)
    session.create_object({**attributes, Attribute.TOKEN: True, Attribute.LABEL: label, Attribute.ID: bytes([number])})


def new_key(kind: str) -> PrivateKey:
    """Return a new key: ``p256``, ``p384``, ``p521``, or ``rsa`` and its bits."""
    curves: dict[str, ec.EllipticCurve] = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
    if kind in curves:
        return ec.generate_private_key(curves[kind])
    return rsa.generate_private_key(public_exponent=65537, key_size=int(kind.removeprefix("rsa")))


def furnish(tokens: SoftTokens) -> dict[str, Certificate]:
    """Make the token ``Дорж`` with keys of every kind and two called ``Хоёр``; return all certificates."""
    unit = Authority("Үндсэн", clock=SetClock()).issue_authority("Нэгж")
    keys = {kind: new_key(kind) for kind in ("p256", "p384", "rsa3072", "rsa2048", "p521")}
    keys |= {label: new_key("p256") for label in ("always", "bare", "foreign")}
    signers = {label: unit.issue(f"Дорж {label}", key=key) for label, key in keys.items()}
    others = signers["p256"].chain
    for label in ("Дорж", "Хоёр", "Хоёр"):
        tokens.make(label)
    with tokens.inserted(), opened(tokens, "Дорж") as session:
        for number, (label, signer) in enumerate(signers.items(), start=1):
            put_key(session, keys[label], label, number, always_ask=label == "always")
            if label != "bare":
                own = signers["p256"] if label == "foreign" else signer
                put_certificate(session, own.certificate, f"certificate of {label}", number)
        for number in (101, 102):
            put_key(session, keys["p256"], "twin", number)
        for number, issuer in enumerate(others, start=201):
            put_certificate(session, issuer, issuer.subject, number)
    return {**{label: signer.certificate for label, signer in signers.items()}, "unit": others[0], "root": others[1]}
