"""RFC 3161 tokens inside PDF signatures, examined whoever made them, and strictly where the kit's form is claimed."""

import hashlib
from collections.abc import Callable
from datetime import UTC

from asn1crypto import cms
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.validation.generic_cms import extract_certs_for_validation, validate_sig_integrity

from evidence_kit.errors import EvidenceError
from evidence_kit.models import Digest
from evidence_kit.pdf.findings import StampFindings
from evidence_kit.trust import der, timestamps
from evidence_kit.trust.certificates import Certificate

DigestOf = Callable[[str], bytes]
"""Returns the digest of what should have been stamped by the algorithm named as asn1crypto names it."""

_GRANTED = der.sequence(der.integer(0))


def read_stamp(token: bytes, digest_of: DigestOf) -> StampFindings:
    """Return what the DER ContentInfo *token* says, and whether it stamps what *digest_of* tells.

    Raises what pyHanko and asn1crypto raise when *token* is none (`check.UNREADABLE`).
    """
    signed = cms.ContentInfo.load(token)["content"]
    content = signed["encap_content_info"]["content"]
    info = extract_signer_info(signed)
    authority = extract_certs_for_validation(signed).signer_cert
    algorithm = info["digest_algorithm"]["algorithm"].native
    own_digest, own_signature = validate_sig_integrity(
        info,
        authority,
        expected_content_type="tst_info",
        actual_digest=hashlib.new(algorithm, bytes(content), usedforsecurity=False).digest(),
    )
    facts = content.parsed
    imprint = facts["message_imprint"]
    stamped = imprint["hashed_message"].native == digest_of(imprint["hash_algorithm"]["algorithm"].native)
    purposes = authority.extended_key_usage_value
    return StampFindings(
        time=facts["gen_time"].native.astimezone(UTC),
        certificate=Certificate(authority.dump()),
        embedded=certificates_in(signed),
        intact=own_digest and own_signature and stamped and "time_stamping" in (purposes.native if purposes else ()),
    )


def loose_parts(token: bytes, digest_of: DigestOf) -> list[str]:
    """Return why bytes of *token* could be changed unseen, as a list of one English text or none."""
    reply = der.sequence(_GRANTED, token)
    try:
        timestamps.read_reply(reply, Digest(digest_of("sha256")), timestamps.certificates_inside(reply))
    except EvidenceError as error:
        return [f"the time stamp in the signature is not in the kit's form: {error}"]
    return []


def certificates_in(signed: cms.SignedData) -> tuple[Certificate, ...]:
    """Return the X.509 certificates of a SignedData in the order of the file."""
    return tuple(Certificate(member.chosen.dump()) for member in signed["certificates"] if member.name == "certificate")
