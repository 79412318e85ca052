"""Channels between two machines that know each other by their certificates (TLS 1.3, RFC 8446).

Each side is given the other's certificate beforehand and wants exactly that one; no authority is asked. The keys are
made by `evidence_kit.trust.channel_key`; this module loads no library of cryptography, for the relay starts with it.
"""

import ssl
from pathlib import Path

from evidence_kit.trust.digests import sha256_bytes


def channel_context(own: Path, peers: bytes, *, server: bool) -> ssl.SSLContext:
    """Return what accepts only a peer with a certificate among *peers* (PEM), and shows the one in the file *own*.

    A peer may still have one that was *issued* by one of these: see `peer_fingerprint`. Raises `OSError`
    (`ssl.SSLError`) when a file is not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=peers.decode("ascii", "replace"))
    context.load_cert_chain(own)
    if server:
        # Without tickets every connection shows its certificate.
        context.num_tickets = 0
    return context


def peer_fingerprint(connection: ssl.SSLObject | ssl.SSLSocket) -> str:
    """Return SHA-256 of the certificate that the peer showed, as `Certificate.fingerprint`; empty without one."""
    shown = connection.getpeercert(binary_form=True)
    return sha256_bytes(shown).hex if shown else ""
