"""Check an account (``connections.jsonl``) from nothing but itself: what its kept handshakes still prove.

The server's signature, the Finished MACs and the tags of the handshake's records are computed anew. What cannot be is
said: the content is gone, so its tags are not; nor is the link of a resumed session, for the ticket was content.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

from evidence_kit.canonical import Json
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest, Outcome, parse_utc
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.wire.account import asked_name, facts_of
from evidence_kit.wire.account_form import read_line, read_opening
from evidence_kit.wire.account_sense import contradictions
from evidence_kit.wire.tls.certificates import NO_CERTIFICATES, UNREADABLE, read_certificates
from evidence_kit.wire.tls.connection import Content, TlsConnection
from evidence_kit.wire.tls.findings import Subject
from evidence_kit.wire.tls.kept import KeptHandshake
from evidence_kit.wire.tls.keylog import HANDSHAKE_LABELS, KeyLog
from evidence_kit.wire.tls.suites import Version

_HAS_CONTENT = frozenset((Content.OPENED, Content.LOCKED))

_NO_LINK = "that was verified when it was captured, and cannot be repeated from what is kept"
_ONLY_12 = "TLS 1.2: its Finished and its records need the secret that opens the content, which is not kept"


class Check(StrEnum):
    """What is checked."""

    LINES = "connections.lines"
    SERVER_PROOF = "tls.server-proof"
    RECORDS = "tls.records"
    CERTIFICATES = "tls.certificates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rechecked:
    """One outcome; *detail* is English."""

    line: int
    """From 1."""
    connection: int | None
    """None where the line could not be read."""
    check: Check
    outcome: Outcome
    detail: str


def check_account(lines: Iterable[bytes]) -> Iterator[Rechecked]:
    """Yield what is found in the *lines* of an account, each with its line feed; raises nothing.

    It ends at the first line that is none: the numbers and references of the following ones mean nothing then.
    """
    state, number = _State(), 0
    for number, line in enumerate(lines, start=1):
        try:
            found = _check_line(state, number, line)
        except FormatError as error:
            yield _malformed(number, f"line {number}: {error}")
            return
        for check, outcome, detail in found:
            yield Rechecked(line=number, connection=state.last, check=check, outcome=outcome, detail=detail)
    if not number:
        yield _malformed(1, "it is empty")
    elif state.last != state.connections:
        yield _malformed(number, f"it ends with connection {state.last} of {state.connections}")


def _malformed(line: int, detail: str) -> Rechecked:
    return Rechecked(line=line, connection=None, check=Check.LINES, outcome=Outcome.FAILED, detail=detail)


_Found = tuple[Check, Outcome, str]


@dataclass(frozen=True, slots=True)
class _Origin:
    """A connection that later ones may resume."""

    connection: int
    certificates: tuple[Digest, ...]
    proof: Outcome


@dataclass(slots=True)
class _State:
    """What earlier lines said."""

    connections: int = 0
    """How many there are, by the first line."""
    last: int = 0
    certificates: dict[Digest, bytes] = field(default_factory=dict)
    origins: dict[str, _Origin] = field(default_factory=dict)


def _check_line(state: _State, number: int, line: bytes) -> list[_Found]:
    if not line.endswith(b"\n"):
        raise FormatError("it is longer than allowed, or has no end")
    if number == 1:
        state.connections = cast("int", read_opening(line[:-1])["connections"])
        return []
    value = cast("dict[str, Any]", read_line(line[:-1]))
    if value["id"] != state.last + 1:
        raise FormatError(f"connection {value['id']} comes where connection {state.last + 1} belongs")
    state.last = value["id"]
    wrong: list[_Found] = [(Check.LINES, Outcome.FAILED, each) for each in contradictions(value)]
    return wrong + (list(_Connection(state, value).check()) if value["tls"] else [])


class _Connection:
    """One TLS connection of the account."""

    def __init__(self, state: _State, value: Mapping[str, Any]) -> None:
        self._state = state
        self._value = value
        self._tls: Mapping[str, Any] = value["tls"]
        self._at = parse_utc(value["connected"] or value["opened"])
        self._stated = {finding["id"]: finding for finding in self._tls["findings"]}
        self._certificates = tuple(self._certificate(member) for member in self._tls["certificates"])

    def check(self) -> Iterator[_Found]:
        """Yield the findings; a connection that was never used has none."""
        opened, problem = self._open()
        if opened is None and not problem and self._tls["content"] not in _HAS_CONTENT:
            yield from (each for each in self._judge_certificates() if each[1] is Outcome.FAILED)
            return
        if problem:
            yield Check.RECORDS, Outcome.FAILED, problem
        else:
            yield self._records(opened)
        proof = self._proof(None if problem else opened)
        yield proof
        yield from self._judge_certificates()
        if self._tls["client_random"]:
            origin = _Origin(self._value["id"], self._certificates, proof[1])
            self._state.origins[self._tls["client_random"]] = origin

    def _certificate(self, member: Mapping[str, str]) -> Digest:
        digest = Digest.parse(member["sha256"])
        if "der" in member:
            der = _base64(member["der"])
            if sha256_bytes(der) != digest:
                raise FormatError(f"a certificate is not the one with the digest {digest}")
            if digest in self._state.certificates:
                raise FormatError(f"the certificate {digest} stands there twice")
            self._state.certificates[digest] = der
        elif digest not in self._state.certificates:
            raise FormatError(f"the certificate {digest} is missing")
        return digest

    def _open(self) -> tuple[TlsConnection | None, str]:
        """Return the kept handshake, verified anew, and what is wrong with it."""
        kept = self._value["handshake"]
        if kept is None:
            return None, ""
        client, server = _base64(kept["client"]), _base64(kept["server"])
        for side, data in (("client", client), ("server", server)):
            if sha256_bytes(data) != Digest.parse(kept[f"{side}_sha256"]):
                return None, f"the kept handshake of the {side} is not the one with its digest"
        handshake = KeptHandshake(client=client, server=server, secrets=kept["secrets"].encode("utf-8"))
        try:
            opened = handshake.open(self._at)
            return opened, "; ".join(self._contradictions(handshake, opened))
        except FormatError as error:
            return None, str(error)

    def _contradictions(self, kept: KeptHandshake, opened: TlsConnection) -> Iterator[str]:
        if kept.secrets != KeyLog(kept.secrets).lines(opened.client_random or b"", HANDSHAKE_LABELS):
            yield "something else stands there than the secrets of this handshake"
        for side, end in (("client", opened.client_handshake), ("server", opened.server_handshake)):
            if end not in (0, len(getattr(kept, side))):
                yield f"something follows the handshake of the {side}"
        found: dict[str, Json] = facts_of(opened)
        inherited = {"signature_scheme"} if opened.resumed else set()
        for key in sorted(found.keys() - inherited):
            if found[key] != self._tls[key]:
                yield f"the handshake has {key} {found[key]!r}, the account {self._tls[key]!r}"
        if not opened.resumed and tuple(map(sha256_bytes, opened.certificates)) != self._certificates:
            yield "the handshake has other certificates than the account"

    def _records(self, opened: TlsConnection | None) -> _Found:
        check = Check.RECORDS
        if opened is None:
            return check, Outcome.NOT_CHECKED, "no handshake is kept"
        subjects = (Subject.RECORDS, Subject.HANDSHAKE, Subject.FINISHED)
        wrong = [each for each in opened.findings if each.id in subjects and each.outcome is Outcome.FAILED]
        if wrong:
            return check, self._unless_stated(*subjects), "; ".join(each.detail for each in wrong)
        if stated := self._failed(*subjects):
            return check, Outcome.NOT_CHECKED, f"the capture itself found: {stated}"
        if all(opened.outcome(each) is Outcome.PASSED for each in subjects):
            return check, Outcome.PASSED, "the tags of the handshake's records and both Finished MACs are right"
        return self._unfinished(opened)

    def _unfinished(self, opened: TlsConnection) -> _Found:
        check = Check.RECORDS
        if opened.version is Version.TLS_1_2:
            return check, Outcome.NOT_CHECKED, _ONLY_12
        if self._said(Subject.FINISHED) is Outcome.PASSED and self._tls["early_data"] is None:
            return check, Outcome.FAILED, "the kept handshake does not hold both Finished messages"
        return check, Outcome.NOT_CHECKED, "the client's Finished is not among what is kept"

    def _proof(self, opened: TlsConnection | None) -> _Found:
        check, proof = Check.SERVER_PROOF, Subject.SERVER_PROOF
        found = opened.outcome(proof) if opened else Outcome.NOT_CHECKED
        if found is Outcome.FAILED:
            return check, self._unless_stated(proof), "the server's signature over its handshake does not match"
        if stated := self._failed(proof):
            return check, Outcome.NOT_CHECKED, f"the capture itself found: {stated}"
        if found is Outcome.PASSED:
            return check, found, "the certificate's key signed this handshake"
        if self._tls["resumed"]:
            return self._resumed()
        if opened and self._said(proof) is Outcome.PASSED:
            return check, Outcome.FAILED, "the kept handshake does not hold the signature that the account speaks of"
        return check, Outcome.NOT_CHECKED, "no signature of the server is kept"

    def _resumed(self) -> _Found:
        check, random = Check.SERVER_PROOF, self._tls["resumes"]
        if random is None:
            return check, Outcome.NOT_CHECKED, "it resumes a session that began before this capture"
        origin = self._state.origins.get(random)
        if origin is None:
            return check, Outcome.FAILED, "it resumes a session of a connection that the account does not have"
        if origin.certificates != self._certificates:
            return check, Outcome.FAILED, f"it resumes connection {origin.connection}, which had other certificates"
        return check, Outcome.NOT_CHECKED, f"it resumes a session of an earlier connection: {_NO_LINK}"

    def _judge_certificates(self) -> Iterator[_Found]:
        check, name = Check.CERTIFICATES, asked_name(self._tls["server_name"], self._value["name"])
        ders = [self._state.certificates[digest] for digest in self._certificates]
        facts = read_certificates(ders, name=name, at=self._at) if ders else NO_CERTIFICATES
        wrong = []
        if self._tls["server_name"] and not _same_name(self._tls["server_name"], self._value["name"]):
            wrong.append(f"it is said to be {self._value['name']!r}, and {name!r} was asked for in the handshake")
        if facts.leads_to != self._tls["leads_to"]:
            wrong.append(f"the certificates lead to {facts.leads_to!r}, the account has {self._tls['leads_to']!r}")
        if _kinds(facts.problems) != _kinds(self._tls["certificate_problems"]):
            wrong.append(
                f"with the certificates is wrong: {'; '.join(facts.problems) or 'nothing'}; the account differs"
            )
        if wrong:
            yield check, Outcome.FAILED, "; ".join(wrong)
        elif facts.problems:
            yield check, Outcome.NOT_CHECKED, "; ".join(facts.problems)
        elif ders:
            yield check, Outcome.PASSED, facts.leads_to

    def _said(self, subject: Subject) -> Outcome | None:
        finding = self._stated.get(str(subject))
        return Outcome(finding["outcome"]) if finding else None

    def _failed(self, *subjects: Subject) -> str:
        """Return what the capture found wrong, if anything."""
        details = [self._stated[each]["detail"] for each in subjects if self._said(each) is Outcome.FAILED]
        return "; ".join(details)

    def _unless_stated(self, *subjects: Subject) -> Outcome:
        """Return that it failed; unless the account says so itself: then that is no alteration."""
        return Outcome.NOT_CHECKED if self._failed(*subjects) else Outcome.FAILED


def _same_name(asked: str, name: str) -> bool:
    """Return whether both are one host: a ClientHello has no dot at the end (RFC 6066 section 3)."""
    return asked.lower().rstrip(".") == name.lower().rstrip(".")


def _kinds(problems: Iterable[str]) -> list[str]:
    """Return *problems* without the words of a library that could not read a certificate: they change with it."""
    return [UNREADABLE if each.startswith(UNREADABLE) else each for each in problems]


def _base64(text: str) -> bytes:
    """Return the bytes of canonical base64 (RFC 4648 section 4); raises `FormatError`."""
    try:
        data = b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise FormatError("a text is not base64") from error
    if binascii.b2a_base64(data, newline=False).decode("ascii") != text:
        raise FormatError("a text is not base64 in its one form")
    return data
