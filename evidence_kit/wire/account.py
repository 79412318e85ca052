"""The account of a recording: ``connections.jsonl``, one canonical JSON line for each connection of the spool.

The first line is about the whole recording. What passed is there by its digests only; of a TLS connection the handshake
is kept, with the secrets that prove the server and open no content (`evidence_kit.wire.tls.kept`). So the file may
be given to anybody who may see which servers were reached. The form stands in ``docs/evidence-format.md``.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime

from evidence_kit.canonical import Json
from evidence_kit.models import Digest, utc_text
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.wire.account_form import SCHEMA
from evidence_kit.wire.spool import SpooledConnection, SpooledDirection
from evidence_kit.wire.spooling import CONNECTIONS
from evidence_kit.wire.tls.certificates import NO_CERTIFICATES, read_certificates
from evidence_kit.wire.tls.connection import TlsConnection
from evidence_kit.wire.tls.kept import KeptHandshake


class Account:
    """Describes connection after connection; holds the digests of what was said before, some 100 bytes each."""

    def __init__(self, digests: Mapping[str, Digest], *, key_log: Digest | None) -> None:
        """Take the *digests* of the spool's files (`evidence_kit.wire.spool.hash_spool`) and of the key log."""
        self._digests = digests
        self._key_log = key_log
        self._certificates: set[Digest] = set()

    def opening(self, problems: Sequence[str] = (), *, connections: int) -> dict[str, Json]:
        """Return the first line; *problems* are those of the spool, *connections* is how many lines will follow."""
        return {
            "schema": SCHEMA,
            "journal": str(self._digests[CONNECTIONS]),
            "key_log": str(self._key_log) if self._key_log else None,
            "problems": [*problems],
            "connections": connections,
        }

    def describe(
        self,
        spooled: SpooledConnection,
        tls: TlsConnection | None,
        kept: KeptHandshake | None,
        *,
        protocol: str,
        problem: str = "",
    ) -> dict[str, Json]:
        """Return the line of one connection.

        *protocol* is ``tls``, ``http``, ``none`` (nothing passed) or ``other``; *problem* says why its content could
        not be read. Connections come in the order of their numbers.
        """
        return {
            "id": spooled.id,
            "name": spooled.name,
            "port": spooled.port,
            "detour": spooled.detour,
            "opened": utc_text(spooled.opened),
            "connected": _time(spooled.connected),
            "ended": _time(spooled.ended),
            "lookups": _lookups(spooled),
            "attempts": _attempts(spooled),
            "address": spooled.address,
            "address_port": spooled.address_port,
            "local_address": spooled.local_address,
            "local_port": spooled.local_port,
            "client_port": spooled.client_port,
            "error": spooled.error,
            "protocol": protocol,
            "problem": problem,
            "client": self._direction(spooled.client),
            "server": self._direction(spooled.server),
            "marks": self._digest(spooled.client.marks.name),
            "tls": self._tls(spooled, tls) if tls else None,
            "handshake": _handshake(kept) if kept else None,
        }

    def _digest(self, name: str) -> str | None:
        found = self._digests.get(name)
        return str(found) if found else None

    def _direction(self, way: SpooledDirection) -> Json:
        return {
            "bytes": way.size,
            "sha256": self._digest(way.data.name),
            "ending": str(way.ending),
            "ended": _time(way.ended),
            "ended_by": str(way.ended_by) if way.ended_by else None,
        }

    def _tls(self, spooled: SpooledConnection, tls: TlsConnection) -> Json:
        name, at = asked_name(tls.server_name, spooled.name), spooled.connected or spooled.opened
        facts = read_certificates(tls.certificates, name=name, at=at) if tls.certificates else NO_CERTIFICATES
        return {
            **facts_of(tls),
            "certificates": [self._certificate(der) for der in tls.certificates],
            "certificate_problems": [*facts.problems],
            "leads_to": facts.leads_to,
            "resumes": tls.resumes.hex() if tls.resumes else None,
            "early_data": tls.early_data,
            "content": str(tls.content),
            "alerts": [
                {"side": str(alert.side), "number": alert.number, "protected": alert.protected} for alert in tls.alerts
            ],
            "findings": [
                {"id": str(finding.id), "outcome": str(finding.outcome), "detail": finding.detail}
                for finding in tls.findings
            ],
        }

    def _certificate(self, der: bytes) -> Json:
        """Return the digest of a certificate and, where it appears first, the certificate."""
        digest = sha256_bytes(der)
        if digest in self._certificates:
            return {"sha256": str(digest)}
        self._certificates.add(digest)
        return {"sha256": str(digest), "der": _base64(der)}


def asked_name(server_name: str | None, name: str) -> str:
    """Return the name for which the server's certificate had to be: the ClientHello's, or the address asked for."""
    return server_name or name


def facts_of(tls: TlsConnection) -> dict[str, Json]:
    """Return what the handshake says, in the fields that can be read from a kept handshake again."""
    return {
        "client_random": tls.client_random.hex() if tls.client_random else None,
        "version": str(tls.version) if tls.version else None,
        "suite": tls.suite,
        "alpn": tls.alpn,
        "server_name": tls.server_name,
        "resumed": tls.resumed,
        "key_group": tls.key_group,
        "signature_scheme": tls.signature_scheme,
    }


def _handshake(kept: KeptHandshake) -> Json:
    return {
        "client": _base64(kept.client),
        "client_sha256": str(sha256_bytes(kept.client)),
        "server": _base64(kept.server),
        "server_sha256": str(sha256_bytes(kept.server)),
        "secrets": kept.secrets.decode("ascii"),
    }


def _lookups(spooled: SpooledConnection) -> list[Json]:
    return [
        {
            "question": lookup.question,
            "answers": [*lookup.answers],
            "asked": utc_text(lookup.asked),
            "answered": utc_text(lookup.answered),
            "error": lookup.error,
        }
        for lookup in spooled.lookups
    ]


def _attempts(spooled: SpooledConnection) -> list[Json]:
    return [
        {
            "address": attempt.address,
            "port": attempt.port,
            "started": utc_text(attempt.started),
            "ended": utc_text(attempt.ended),
            "error": attempt.error,
        }
        for attempt in spooled.attempts
    ]


def _time(moment: datetime | None) -> str | None:
    return utc_text(moment) if moment else None


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")
