"""What pyHanko asks for while it signs, given by the trust room: the value of a signature, and a time stamp."""

from collections.abc import Sequence

from asn1crypto import cms, tsp, x509
from pyhanko.sign.signers import Signer as PyhankoSigner
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from evidence_kit.errors import SigningError, TimestampError
from evidence_kit.models import Digest
from evidence_kit.trust import timestamps
from evidence_kit.trust.keys import Signer

ALGORITHM = "sha256"
_ECDSA_VALUE = 112
"""Bytes that an ECDSA value over P-384 takes at most."""


class OwnSigner(PyhankoSigner):
    """Lets pyHanko build the signature, and our `Signer` compute its value, wherever the key is."""

    def __init__(self, signer: Signer) -> None:
        chain = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # pyHanko gives it no types
        chain.register_multiple([x509.Certificate.load(issuer.der) for issuer in signer.chain])
        own = x509.Certificate.load(signer.certificate.der)
        super().__init__(signing_cert=own, cert_registry=chain, embed_roots=True)
        self._signer = signer
        key = signer.certificate.signer_key
        self._value = (key.key_size + 7) // 8 if signer.algorithm == "rsa" else _ECDSA_VALUE
        self.space = self._value + len(signer.certificate.der) + sum(len(issuer.der) for issuer in signer.chain)

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: FBT001, FBT002  # pyHanko's interface
        """Return the signature over *data*; raises `SigningError`."""
        if digest_algorithm != ALGORITHM:
            message = f"the key signs SHA-256 only, not {digest_algorithm}"
            raise SigningError(message)
        return bytes(self._value) if dry_run else self._signer.sign(data)


class OwnStamper(TimeStamper):
    """Lets pyHanko ask for a token, and the trust room fetch it and read it strictly."""

    def __init__(self, addresses: Sequence[str], timeout: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # pyHanko gives it no types
        self._addresses = addresses
        self._timeout = timeout
        self.answered: str | None = None
        """The address that answered last."""

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """Return the token of the first authority that answers; raises `TimestampError` when none does."""
        if md_algorithm != ALGORITHM:
            message = f"time stamps are asked for over SHA-256 only, not {md_algorithm}"
            raise TimestampError(message)
        refusals = []
        for address in self._addresses:
            try:
                reply = timestamps.stamp(address, Digest(message_digest), timeout=self._timeout)
            except TimestampError as error:
                refusals.append(str(error))
                continue
            self.answered = address
            return tsp.TimeStampResp.load(reply)["time_stamp_token"]
        raise TimestampError("; ".join(refusals))
