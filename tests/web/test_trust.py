"""The browser's reader of certificates, signatures and time stamps judges as Python does, whatever it is given."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from evidence_kit.errors import EvidenceError
from evidence_kit.trust.cms import sign_detached
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.trust.keys import PrivateKey, Signer
from evidence_kit.trust.revocation import Statement, read_statement
from evidence_kit.trust.timestamps import certificates_inside, stamp
from tests.support.pdfs import practice_signer, rsa_signer
from tests.support.people import SetClock
from tests.support.pki import Authority, nested_certificate
from tests.support.tsa import OpensslTsa
from tests.web.odd_extensions import KINDS, VALUES
from tests.web.questions import Questions, Use

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
DIGEST = sha256_bytes(b"content\n")
COUNT = 60
"""Changed copies of each thing: one kind or another is among them."""
ODD = bytes.fromhex("00010203 0406 0a0c 1317181c1e 3031 7f 808182 a0a1a3 ff")
PLACE = x509.UniformResourceIdentifier("http://127.0.0.1/a.crl")
ELSEWHERE = x509.UniformResourceIdentifier("http://127.0.0.1/b.crl")
USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)
Reason = x509.ReasonFlags


@pytest.fixture(scope="module")
def signers() -> list[Signer]:
    authority = Authority("Гэрчилгээжүүлэгч", clock=SetClock(NOW))
    unit = authority.issue_authority("Нэгж")
    return [unit.issue("Дорж"), practice_signer(), rsa_signer()]


def changed(data: bytes, count: int, seed: str) -> Iterator[tuple[str, bytes]]:
    """Yield *data* with one byte changed, taken away or added, *count* times."""
    chance = random.Random(seed)  # noqa: S311  # the same copies each time
    for number in range(count):
        place = chance.randrange(len(data))
        other = bytes([data[place] ^ 1 << chance.randrange(8)])
        odd = bytes([chance.choice(ODD)])
        middle, rest = chance.choice([(other, 1), (other, 1), (odd, 1), (b"", 1), (odd, 0)])
        yield f"{seed}, copy {number}, place {place}", data[:place] + middle + data[place + rest :]


def test_signatures_and_changed_ones_are_judged_alike(tmp_path: Path, signers: list[Signer]) -> None:
    questions = Questions()
    for number, signer in enumerate(signers):
        known = (signer.certificate, *signer.chain)
        for with_chain in (False, True):
            name = f"signature {number}{' with chain' if with_chain else ''}"
            data = sign_detached(DIGEST, signer, at=NOW, with_chain=with_chain)
            late = sign_detached(DIGEST, signer, at=datetime(2055, 1, 2, 3, 4, 5, tzinfo=UTC), with_chain=with_chain)
            questions.detached(name, data, DIGEST, known)
            questions.detached(f"{name}, late", late, DIGEST, known)
            questions.detached(f"{name}, over something else", data, sha256_bytes(b"other"), known)
            questions.detached(f"{name}, not known", data, DIGEST, signer.chain)
            questions.detached(f"{name}, more behind it", data + b"\0", DIGEST, known)
            for what, copy in changed(data, COUNT, name):
                questions.detached(what, copy, DIGEST, known)

    assert questions.answers_agree(tmp_path) == ""


def test_certificates_and_changed_ones_say_the_same(tmp_path: Path, signers: list[Signer]) -> None:
    questions = Questions()
    for number, key in enumerate(_odd_keys()):
        certificate = Authority(f"Key {number}", clock=SetClock(NOW), key=key).certificate
        questions.certificate(certificate.subject, certificate.der)
    for depth in (1, 32, 33, 5000):
        questions.certificate(f"depth {depth}", nested_certificate(depth))
    for signer in signers:
        for certificate in (signer.certificate, *signer.chain):
            questions.certificate(certificate.subject, certificate.der)
            questions.pem(certificate.subject, b"text\r\n" + certificate.pem().replace(b"\n", b"\r\n") * 2)
            for what, copy in changed(certificate.der, COUNT, certificate.subject):
                questions.certificate(what, copy)

    assert questions.answers_agree(tmp_path) == ""


def test_extensions_are_held_to_their_forms_alike(tmp_path: Path) -> None:
    questions = Questions()
    authority = Authority("Root", clock=SetClock(NOW))
    for kind, value in product(KINDS, VALUES):
        odd = x509.UnrecognizedExtension(x509.ObjectIdentifier(kind), value)
        questions.certificate(f"{kind} {value.hex()}", authority.issue("Дорж", extensions=[odd]).certificate.der)

    assert questions.answers_agree(tmp_path) == ""


@pytest.mark.network
@pytest.mark.parametrize("rsa_key", [False, True])
def test_time_stamps_and_changed_ones_are_judged_alike(tmp_path: Path, rsa_key: bool) -> None:
    questions = Questions()
    with OpensslTsa(rsa=rsa_key) as tsa:
        reply = stamp(tsa.url, DIGEST)
    known = certificates_inside(reply)
    questions.reply("stamp", reply, DIGEST, known)
    questions.reply("over something else", reply, sha256_bytes(b"other"), known)
    questions.reply("not known", reply, DIGEST, known[1:])
    for what, copy in changed(reply, 3 * COUNT, f"stamp {rsa_key}"):
        questions.reply(what, copy, DIGEST, known)
    for certificate in known:
        questions.certificate(certificate.subject, certificate.der)
        questions.path(certificate.subject, certificate, known, known[1:], NOW)

    assert questions.answers_agree(tmp_path) == ""


def test_paths_are_found_alike(tmp_path: Path, signers: list[Signer]) -> None:
    questions = Questions()
    for signer in signers:
        root = signer.chain[-1:]
        for at in (NOW, NOW - 2 * DAY, NOW + 9999 * DAY):
            questions.path(f"whole {at}", signer.certificate, signer.chain, root, at)
            questions.path(f"without those between {at}", signer.certificate, (), root, at)
            questions.path(f"to oneself {at}", signer.certificate, signer.chain, [signer.certificate], at)
            questions.path(f"to nothing {at}", signer.certificate, signer.chain, [], at)
        questions.chain("whole", signer.certificate, signer.chain)
        questions.chain("without the first", signer.certificate, signer.chain[1:])
        for roots in (TrustedRoots(established=root), TrustedRoots(practice=root), TrustedRoots()):
            questions.judged("judged", signer.certificate, signer.chain, roots, NOW)

    assert questions.answers_agree(tmp_path) == ""


def test_what_issuers_may_do_is_judged_alike(tmp_path: Path) -> None:
    questions = Questions()
    clock = SetClock(NOW)
    root = Authority("Root", clock=clock)
    mail = x509.RFC822Name
    for number, extensions in enumerate(_extensions_of_issuers()):
        unit = root.issue_authority(f"Unit {number}", extensions=extensions)
        for name in ("dorj@police.example", "dorj@sub.police.example", "dorj@other.example", "no address"):
            alternative = x509.SubjectAlternativeName(
                [mail._init_without_validation(name), x509.DNSName("a.example"), x509.DirectoryName(root.name)][:number]  # noqa: SLF001  # hostile
                or [mail("a@b.example")]
            )
            officer = unit.issue("Дорж", extensions=[alternative])
            questions.path(f"{number}, {name}", officer.certificate, officer.chain, [root.certificate], NOW)
    pretender = root.issue_as_authority_without_being_one("Pretender").issue("Дорж")
    questions.path("pretender", pretender.certificate, pretender.chain, [root.certificate], NOW)
    deep = root
    for number in range(11):
        deep = deep.issue_authority(f"Depth {number}")
        leaf = deep.issue("Дорж")
        questions.path(f"depth {number}", leaf.certificate, leaf.chain, [root.certificate], NOW)
    for key in _odd_keys():
        odd = Authority("Odd", clock=clock, key=key)
        leaf = odd.issue("Дорж")
        questions.path("odd", leaf.certificate, leaf.chain, [odd.certificate], NOW)
        questions.chain("odd", leaf.certificate, leaf.chain)

    assert questions.answers_agree(tmp_path) == ""


def _odd_keys() -> Iterator[PrivateKey]:
    yield ec.generate_private_key(ec.SECP521R1())
    yield rsa.generate_private_key(public_exponent=3, key_size=1024)  # noqa: S505  # it must be refused


def _extensions_of_issuers() -> list[list[x509.ExtensionType]]:
    within, host = x509.RFC822Name("police.example"), x509.DNSName("a.example")
    below = x509.RFC822Name._init_without_validation(".police.example")  # noqa: SLF001  # a constraint, no address
    name = x509.DirectoryName(x509.Name([]))
    usage = dict.fromkeys(USAGES, False)
    return [
        [],
        [x509.NameConstraints([within], None)],
        [x509.NameConstraints([below, host], None)],
        [x509.NameConstraints(None, [within, host])],
        [x509.NameConstraints([name], None)],
        [x509.NameConstraints(None, [name])],
        [x509.KeyUsage(**usage)],
        [x509.KeyUsage(**{**usage, "key_cert_sign": True})],
        [x509.PolicyConstraints(0, 0), x509.InhibitAnyPolicy(0)],
    ]


def test_statements_on_revocations_and_changed_ones_are_judged_alike(tmp_path: Path) -> None:
    questions = Questions()
    authority = Authority("Гэрчилгээжүүлэгч", clock=SetClock(NOW))
    points = x509.CRLDistributionPoints([x509.DistributionPoint([PLACE], None, None, None)])
    officer = authority.issue("Дорж", extensions=[points])
    pool = [authority.certificate, Authority("Бусад", clock=SetClock(NOW)).certificate]
    found: list[Statement] = []
    for number, (kind, data) in enumerate(_statements(authority, officer)):
        name = f"{kind} {number}"
        for what, copy in [(name, data), *changed(data, COUNT // 4, name)]:
            questions.statement(what, kind, copy)
            try:
                statement = read_statement(kind, copy)
            except EvidenceError:
                continue
            if copy is data:
                found.append(statement)
            for at in (NOW - 2 * DAY, NOW, NOW + 2 * DAY) if copy is data else (NOW,):
                questions.standing(f"{what} at {at}", officer.certificate, pool, [statement], at)
    chance = random.Random(1)  # noqa: S311  # the same choices each time
    for number in range(COUNT):
        some = chance.sample(found, chance.randrange(2, 5))
        at = NOW + chance.randrange(-3, 4) * DAY
        questions.standing(f"several {number}", officer.certificate, pool, some, at)
    questions.standing("without the issuer", officer.certificate, [], found, NOW)

    assert questions.answers_agree(tmp_path) == ""


def test_the_folder_of_certificates_and_its_signers_are_judged_alike(tmp_path: Path, signers: list[Signer]) -> None:
    questions = Questions()
    authority = Authority("Гэрчилгээжүүлэгч", clock=SetClock(NOW))
    points = x509.CRLDistributionPoints([x509.DistributionPoint([PLACE], None, None, None)])
    officer = authority.issue("Дорж", extensions=[points])
    everybody = [officer, *signers]
    members = [found for signer in everybody for found in (signer.certificate, *signer.chain)]
    files = {f"cert-{found.fingerprint}.pem": found.pem() for found in members}
    first, *_ = files
    signer, chain = officer.certificate.pem(), officer.chain[0].pem()
    stray = Authority("Бусад", clock=SetClock(NOW)).certificate
    folders = {
        "whole": {**files, "signer.pem": signer, "chain.pem": chain, "other.txt": b""},
        "another form": {**files, first: files[first].replace(b"\n", b"\r\n")},
        "two in one": {**files, first: signer + chain},
        "empty": {**files, first: b"", "chain.pem": b""},
        "another name": {**files, f"cert-{'0' * 64}.pem": signer},
        "not beside it": {**files, "tsa.pem": stray.pem()},
        "text before it": {**files, "tsa-chain.pem": b"text\n" + chain},
        "nothing": {},
    }
    established = TrustedRoots(established=(authority.certificate, signers[0].chain[-1], signers[2].chain[-1]))
    uses = [Use(certificate=one.certificate, at=at) for one in everybody for at in (None, NOW, NOW - 5 * DAY)]
    stamps = [
        Use(certificate=one.certificate, at=NOW - hours * DAY / 24, stamps=True)
        for one in everybody
        for hours in (0, 2)
    ]
    for name, folder in folders.items():
        for roots in (established, TrustedRoots(practice=signers[1].chain[-1:]), TrustedRoots()):
            questions.examined(name, folder, roots, uses)
    for number, (kind, data) in enumerate(_statements(authority, officer)):
        folder = {**files, f"{kind}-{sha256_bytes(data).hex}.der": data}
        questions.examined(f"{kind} {number}", folder, established, [*uses[:2], *stamps])
        questions.examined(f"{kind} {number}, stamps", folder, established, stamps)
    questions.examined("another digest", {**files, f"crl-{'0' * 64}.der": data}, established, uses)
    questions.examined("no statement", {**files, f"ocsp-{'0' * 64}.der": b"0"}, established, uses)

    assert questions.answers_agree(tmp_path) == ""


def _statements(authority: Authority, officer: Signer) -> Iterator[tuple[str, bytes]]:
    other = Authority("Бусад", clock=SetClock(NOW))
    responder = authority.issue("Хариулагч", extensions=[x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])])
    day = NOW + DAY
    revocations: list[tuple[datetime, x509.ReasonFlags | None] | None] = [
        None,
        (NOW - DAY, Reason.key_compromise),
        (NOW, Reason.superseded),
        (day, None),
        (NOW - DAY, Reason.certificate_hold),
    ]
    for number, revoked in enumerate(revocations):
        since = NOW - number * DAY
        entries = {officer.certificate: revoked} if revoked else {}
        yield "crl", authority.crl(entries, since=since, until=day)
        until = since + DAY if number % 2 else None
        yield "ocsp", authority.ocsp(officer.certificate, since=since, until=until, revoked=revoked)
    yield "crl", other.crl({}, since=NOW, until=day)
    for by in (responder, officer, other.signer()):
        yield "ocsp", authority.ocsp(officer.certificate, since=NOW, until=day, responder=by)
    for extension in _extensions_of_lists():
        yield "crl", authority.crl({}, since=NOW, until=day, extensions=[(extension, True)])
        yield "crl", authority.crl({}, since=NOW, until=day, extensions=[(extension, False)])


def _extensions_of_lists() -> Iterator[x509.ExtensionType]:
    yield x509.CRLNumber(1)
    yield x509.DeltaCRLIndicator(1)
    yield x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0")
    for names in (None, [PLACE], [ELSEWHERE, PLACE], [ELSEWHERE]):
        for number in range(7):
            some = frozenset([Reason.key_compromise]) if number == 1 else None
            flags = [number == place for place in range(2, 6)]
            if names or some or any(flags):
                yield x509.IssuingDistributionPoint(names, None, flags[0], flags[1], some, flags[2], flags[3])
