"""Recordings of TLS peers as a spool, and the account of it; certificates that an authority issued."""

import ipaddress
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from evidence_kit.canonical import dumps
from evidence_kit.models import Outcome
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.wire.account import Account
from evidence_kit.wire.recheck import check_account
from evidence_kit.wire.spool import Spool, hash_spool, read_spool
from evidence_kit.wire.spooling import SpoolWriter
from evidence_kit.wire.streams import Side
from evidence_kit.wire.tls.connection import open_tls
from evidence_kit.wire.tls.kept import keep_handshake
from evidence_kit.wire.tls.keylog import KeyLog
from evidence_kit.wire.tls.sessions import Sessions
from tests.unit.wire.tls.peers import NAME, Identity, Peers, Recording

DAY = timedelta(days=1)
PROOF, RECORDS, CERTIFICATES = "tls.server-proof", "tls.records", "tls.certificates"

Line: TypeAlias = dict[str, Any]


class Issuer:
    """An authority of one level; it issues servers' certificates."""

    def __init__(self, name: str = "Example Authority") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.certificate = self.certify(self.name, self.key.public_key())

    def certify(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, names: Sequence[str] = (), begin: timedelta = -DAY
    ) -> x509.Certificate:
        """Return a certificate valid for ten days; without *names* it is an authority's."""
        start = datetime.now(UTC) + begin
        builder = (
            x509.CertificateBuilder(issuer_name=self.name, subject_name=subject, public_key=key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + 10 * DAY)
            .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(map(_name, names)), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def leaf(self, *names: str, begin: timedelta = -DAY) -> x509.Certificate:
        key = ec.generate_private_key(ec.SECP256R1()).public_key()
        return self.certify(x509.Name([]), key, names=names, begin=begin)

    def identity(self, folder: Path, name: str = NAME) -> Identity:
        """Return a server's key and certificate, the authority's after it."""
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = self.certify(x509.Name([]), key.public_key(), names=[name])
        paths = folder / "chain.pem", folder / "chain.key"
        paths[0].write_bytes(leaf.public_bytes(Encoding.PEM) + self.certificate.public_bytes(Encoding.PEM))
        paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return Identity(certificate=paths[0], key=paths[1], der=leaf.public_bytes(Encoding.DER))


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def spool_of(folder: Path, recordings: Sequence[Recording], *, name: str = NAME) -> Spool:
    """Write *recordings* as the connections of a spool."""
    folder.mkdir()
    writer = SpoolWriter(folder, lambda: int(datetime.now(UTC).timestamp() * 10**6))
    for number, recording in enumerate(recordings, start=1):
        connection = writer.connection(client_port=50_000 + number)
        connection.open(name, 443)
        connection.connected("192.0.2.1", 443, "192.0.2.9", 40_000 + number)
        for side, direction in ((Side.CLIENT, recording.client), (Side.SERVER, recording.server)):
            for piece in direction.pieces():
                connection.add(side, piece.data)
                connection.passed(side, len(piece.data))
            connection.ended(side, direction.ending, by=Side.CLIENT)
        connection.close()
    writer.close()
    return read_spool(folder)


def account_of(spool: Spool, keys: bytes) -> list[bytes]:
    """Return the lines of the account of a spool of TLS connections."""
    key_log, sessions = KeyLog(keys), Sessions()
    account = Account(hash_spool(spool), key_log=sha256_bytes(keys))
    lines = [account.opening(spool.problems, connections=len(spool.connections))]
    for spooled in spool.connections:
        tls = open_tls(spooled.client, spooled.server, key_log, sessions)
        kept = keep_handshake(spooled.client, spooled.server, tls, key_log)
        lines.append(account.describe(spooled, tls, kept, protocol="tls"))
    return [dumps(line) + b"\n" for line in lines]


def make_account(folder: Path, peers: Peers, count: int = 1, *, asked: bytes = b"a question") -> list[bytes]:
    """Return the account of *count* connections; each after the first resumes the one before, if it can."""
    recordings, session = [], None
    for _ in range(count):
        recording, session = peers.converse(asked=asked, session=session)
        recordings.append(recording)
    return account_of(spool_of(folder / "spool", recordings), peers.keys)


def connection(line: bytes) -> Line:
    """Return what a *line* says."""
    value: Line = json.loads(line)
    return value


def found(lines: Sequence[bytes]) -> dict[tuple[int | None, str], tuple[Outcome, str]]:
    """Return what checking an account finds, by connection and check."""
    return {(each.connection, str(each.check)): (each.outcome, each.detail) for each in check_account(lines)}


def outcomes_of(lines: Sequence[bytes]) -> dict[tuple[int | None, str], Outcome]:
    return {key: outcome for key, (outcome, _) in found(lines).items()}


def changed(line: bytes, change: Callable[[Line], object]) -> bytes:
    """Return *line* after *change*, in its canonical form again."""
    value = json.loads(line)
    change(value)
    return dumps(value) + b"\n"


def flipped(line: bytes, side: str, place: int, bit: int, *, digest: bool) -> bytes:
    """Return *line* with a bit of the kept handshake turned, and with *digest* the digest of what is kept now."""

    def flip(value: Line) -> None:
        data = bytearray(b64decode(value["handshake"][side]))
        data[place] ^= bit
        value["handshake"][side] = b64encode(data).decode()
        if digest:
            value["handshake"][f"{side}_sha256"] = str(sha256_bytes(bytes(data)))

    return changed(line, flip)
