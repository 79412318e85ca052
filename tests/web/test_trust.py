"""The browser's reader of certificates, signatures and time stamps judges as Python does, whatever it is given."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evidence_kit.trust.cms import sign_detached
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.keys import Signer
from evidence_kit.trust.timestamps import certificates_inside, stamp
from tests.support.pdfs import practice_signer, rsa_signer
from tests.support.people import SetClock
from tests.support.pki import Authority
from tests.support.tsa import OpensslTsa
from tests.web.questions import Questions

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
DIGEST = sha256_bytes(b"content\n")
COUNT = 60
"""Changed copies of each thing: one kind or another is among them."""
ODD = bytes.fromhex("00010203 0406 0a0c 1317181c1e 3031 7f 808182 a0a1a3 ff")


@pytest.fixture(scope="module")
def signers() -> list[Signer]:
    authority = Authority("Гэрчилгээжүүлэгч", clock=SetClock(NOW))
    unit = authority.issue_authority("Нэгж")
    return [unit.issue("Дорж"), practice_signer(), rsa_signer()]


def changed(data: bytes, count: int, seed: str) -> Iterator[tuple[str, bytes]]:
    """Yield *data* with one byte changed, taken away or added, *count* times."""
    chance = random.Random(seed)
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
    for signer in signers:
        for certificate in (signer.certificate, *signer.chain):
            questions.certificate(certificate.subject, certificate.der)
            questions.pem(certificate.subject, b"text\r\n" + certificate.pem().replace(b"\n", b"\r\n") * 2)
            for what, copy in changed(certificate.der, COUNT, certificate.subject):
                questions.certificate(what, copy)

    assert questions.answers_agree(tmp_path) == ""


@pytest.mark.network
@pytest.mark.parametrize("rsa", [False, True])
@pytest.mark.parametrize("include_root", [False, True])
def test_time_stamps_and_changed_ones_are_judged_alike(tmp_path: Path, rsa: bool, include_root: bool) -> None:
    questions = Questions()
    with OpensslTsa(rsa=rsa, include_root=include_root) as tsa:
        reply = stamp(tsa.url, DIGEST)
    known = certificates_inside(reply)
    questions.reply("stamp", reply, DIGEST, known)
    questions.reply("over something else", reply, sha256_bytes(b"other"), known)
    questions.reply("not known", reply, DIGEST, known[1:])
    for what, copy in changed(reply, COUNT, f"stamp {rsa} {include_root}"):
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

    assert questions.answers_agree(tmp_path) == ""
