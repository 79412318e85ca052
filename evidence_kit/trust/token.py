"""A signing key in a token (smart card, USB key, HSM), through its maker's PKCS#11 library (OASIS PKCS#11 2.40).

The private key never leaves the token. It signs SHA-256 digests made here, by the two mechanisms that every token has:
CKM_RSA_PKCS over the DigestInfo (RFC 8017, 9.2) and CKM_ECDSA. One session with one login serves a whole command. Every
signature is checked with the certificate before anybody gets it, so a key that does not belong to it is found at once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pkcs11
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import (
    AttributeTypeInvalid,
    AttributeValueInvalid,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    UserAlreadyLoggedIn,
)
from pkcs11.types import SignMixin

from evidence_kit.errors import FormatError, SigningError, TokenError
from evidence_kit.trust.certificates import Certificate, chain_of
from evidence_kit.trust.keys import Signer

_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
"""What stands before a SHA-256 digest in the DigestInfo (RFC 8017, 9.2, note 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPlace:
    """Where a key is: in the token with the label *token*, under the label *key*; *library* is the maker's."""

    library: Path
    token: str
    key: str


def open_token(place: TokenPlace, pin: bytes, others: Sequence[Certificate] = ()) -> Signer:
    """Log in to the token at *place* and return its key with its certificate.

    The certificate is the one with the key's id (CKA_ID), else with its label, else the first of *others*, among which
    the issuers are looked for too. Raises `TokenError` that says what to do, `SigningError` for a kind of key that is
    not accepted.
    """
    session = _log_in(_token(place), place, pin)
    try:
        key = _key(session, place)
        own, held = _certificates(session, key)
        if own is None and not others:
            message = f"the token {place.token!r} holds no certificate for the key {place.key!r}"
            raise TokenError(message, problem="certificate-missing")
        certificate = own or others[0]
        always = _read(key, Attribute.ALWAYS_AUTHENTICATE) is True
    except PKCS11Error as error:
        raise _lost(place, error) from error
    try:
        public = certificate.signer_key
    except FormatError as error:
        raise SigningError(str(error), hint=error.hint) from error
    held_key = _HeldKey(key, place, public, pin.decode() if always else None)
    return Signer(key=held_key, certificate=certificate, chain=chain_of(certificate, (*held, *others)))


@dataclass(frozen=True, slots=True)
class _HeldKey:
    """A `TokenKey`; *pin* is kept only where the token wants it again for every signature (CKA_ALWAYS_AUTHENTICATE)."""

    key: SignMixin
    place: TokenPlace
    public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey
    pin: str | None

    def sign_sha256(self, digest: bytes) -> bytes:
        """Return the signature over *digest*, checked; raises `TokenError`."""
        try:
            if isinstance(self.public, rsa.RSAPublicKey):
                signature = self.key.sign(_DIGEST_INFO + digest, mechanism=Mechanism.RSA_PKCS, pin=self.pin)
                self.public.verify(signature, digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
                return signature
            raw = self.key.sign(digest, mechanism=Mechanism.ECDSA, pin=self.pin)
            r, s = (int.from_bytes(half, "big") for half in (raw[: len(raw) // 2], raw[len(raw) // 2 :]))
            signature = utils.encode_dss_signature(r, s)
            self.public.verify(signature, digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        except PKCS11Error as error:
            raise _lost(self.place, error) from error
        except InvalidSignature as error:
            message = f"the key {self.place.key!r} in the token {self.place.token!r} does not belong to the certificate"
            raise TokenError(message, problem="mismatch") from error
        return signature


def _token(place: TokenPlace) -> pkcs11.Token:
    try:
        tokens = list(pkcs11.lib(str(place.library)).get_tokens())
    except (PKCS11Error, OSError) as error:
        message = f"the library {place.library.name!r} cannot be used: {_reason(error)}"
        raise TokenError(message, problem="library") from error
    found = [token for token in tokens if token.label == place.token]
    if len(found) > 1:
        message = f"{len(found)} tokens are called {place.token!r}"
        raise TokenError(message, problem="token-ambiguous")
    if not found:
        message = f"there is no token {place.token!r}; {_there(token.label for token in tokens)}"
        raise TokenError(message, problem="token-missing")
    return found[0]


def _log_in(token: pkcs11.Token, place: TokenPlace, pin: bytes) -> pkcs11.Session:
    """Open a session; an empty *pin* is not even tried, since tokens count what is wrong and lock themselves."""
    if not pin:
        message = f"no PIN was given for the token {place.token!r}"
        raise TokenError(message, problem="pin-missing")
    try:
        return token.open(user_pin=pin.decode())
    except UserAlreadyLoggedIn:
        # The login belongs to the process (PKCS#11 2.40, 5.6): an earlier session made it.
        return token.open()
    except (PinIncorrect, PinInvalid, PinLenRange, UnicodeDecodeError) as error:
        message = f"the PIN of the token {place.token!r} is wrong"
        raise TokenError(message, problem="pin-wrong") from error
    except PinLocked as error:
        message = f"the token {place.token!r} is locked after too many wrong PINs"
        raise TokenError(message, problem="pin-locked") from error
    except PKCS11Error as error:
        raise _lost(place, error) from error


def _key(session: pkcs11.Session, place: TokenPlace) -> SignMixin:
    keys = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))
    found = [key for key in keys if _read(key, Attribute.LABEL) == place.key]
    if len(found) > 1:
        message = f"the token {place.token!r} holds {len(found)} keys called {place.key!r}"
        raise TokenError(message, problem="key-ambiguous")
    if not found:
        labels = (str(_read(key, Attribute.LABEL)) for key in keys)
        message = f"the token {place.token!r} holds no key {place.key!r}; {_there(labels)}"
        raise TokenError(message, problem="key-missing")
    (key,) = found
    if not isinstance(key, SignMixin) or key.key_type not in {KeyType.RSA, KeyType.EC}:
        message = f"the key {place.key!r} in the token {place.token!r} is no RSA or elliptic curve key that may sign"
        raise TokenError(message, problem="key-missing")
    return key


def _certificates(session: pkcs11.Session, key: pkcs11.Object) -> tuple[Certificate | None, list[Certificate]]:
    """Return the certificate of *key*, the one that is valid longest if there are several, and all in the token."""
    objects = list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}))
    readable = [(found, certificate) for found in objects for certificate in _certificate(found)]
    for attribute in (Attribute.ID, Attribute.LABEL):
        wanted = _read(key, attribute)
        own = [certificate for found, certificate in readable if wanted and _read(found, attribute) == wanted]
        if own:
            return max(own, key=_end), [certificate for _, certificate in readable]
    return None, [certificate for _, certificate in readable]


def _certificate(found: pkcs11.Object) -> tuple[Certificate, ...]:
    """Return the X.509 certificate in *found*; nothing for what is none, since tokens hold odd things too."""
    value = _read(found, Attribute.VALUE)
    try:
        certificate = Certificate(value if isinstance(value, bytes) else b"")
        _ = certificate.x509
    except FormatError:
        return ()
    return (certificate,)


def _end(certificate: Certificate) -> datetime:
    return certificate.not_after


def _read(found: pkcs11.Object, attribute: Attribute) -> object:
    """Return an attribute, or None where the token has none such."""
    try:
        value: object = found[attribute]
    except (AttributeTypeInvalid, AttributeValueInvalid):
        return None
    return value


def _there(labels: Iterable[str]) -> str:
    return f"there are: {', '.join(repr(label) for label in sorted(filter(None, labels))) or 'none'}"


def _lost(place: TokenPlace, error: PKCS11Error) -> TokenError:
    message = f"the token {place.token!r} does not answer as it should: {_reason(error)}"
    return TokenError(message, problem="lost")


def _reason(error: Exception) -> str:
    return f"{type(error).__name__} {error}".rstrip()
