"""A domain's seal over an archive is checked part by part, whoever the issuers are."""

import base64
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from evidence_kit.models import Outcome, utc_text
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.domain_seal import check_domain_seal
from evidence_kit.trust.timestamps import stamp
from tests.support.people import SetClock
from tests.support.pki import Authority
from tests.support.tsa import OpensslTsa

HASH = f"sha256:{'ab' * 32}"
Signed = dict[str, object]


@pytest.fixture(scope="module")
def signed(tsa: OpensslTsa) -> Signed:
    """Return what a signing server writes, with a real time stamp."""
    clock = SetClock()
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName("archive.example.mn")])
    signer = Authority("Сургалтын олгогч", clock=clock).issue("archive.example.mn", key=key, extensions=[names])
    value = base64.b64encode(key.sign(HASH.encode(), ec.ECDSA(hashes.SHA256()))).decode()
    return {
        "hash": HASH,
        "signature": value,
        "domain": "archive.example.mn",
        "domainCert": b"".join(each.pem() for each in (signer.certificate, *signer.chain)).decode(),
        "timeSignature": base64.b64encode(stamp(tsa.url, sha256_bytes(value.encode()))).decode(),
        "timestampCert": tsa.certificate_pem.read_text(encoding="ascii"),
        "created": utc_text(clock()),
        "software": "a signing server",
        "version": "0.1.0",
    }


def _outcomes(signed: Signed, stated: str = HASH) -> dict[str, str]:
    return {finding.id: str(finding.outcome) for finding in check_domain_seal(signed, stated)}


def test_a_seal_that_holds_passes_in_every_part_and_names_who_issued_it(signed: Signed) -> None:
    found = {finding.id: finding for finding in check_domain_seal(signed, HASH)}

    assert {finding.outcome for finding in found.values()} == {Outcome.PASSED}
    assert list(found) == ["seal.hash", "seal.signature", "seal.domain", "seal.chain", "seal.time"]
    assert found["seal.chain"].detail == "issued by Сургалтын олгогч, who is named and not judged here"


WRONG: dict[str, tuple[Callable[[Signed], Signed], set[str]]] = {
    "another digest": (lambda signed: {**signed, "hash": HASH.replace("a", "b")}, {"seal.hash"}),
    "another signature": (
        lambda signed: {**signed, "signature": base64.b64encode(b"0" * 70).decode()},
        {"seal.signature", "seal.time"},
    ),
    "another domain": (lambda signed: {**signed, "domain": "example.mn"}, {"seal.domain"}),
    "no base64": (lambda signed: {**signed, "signature": "!"}, {"seal.signature", "seal.time"}),
    "no text": (lambda signed: {**signed, "signature": 7}, {"seal.signature", "seal.time"}),
    "no stamp": (lambda signed: {**signed, "timeSignature": "AAAA"}, {"seal.time"}),
    "a late claim": (lambda signed: {**signed, "created": "2020-01-01T00:00:00Z"}, {"seal.time"}),
    "a claim that is no time": (lambda signed: {**signed, "created": "yesterday"}, {"seal.time"}),
    "certificates of others in between": (
        lambda signed: {**signed, "domainCert": f"{signed['domainCert']}{signed['timestampCert']}"},
        {"seal.chain"},
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_fails_in_its_own_part(signed: Signed, name: str) -> None:
    change, wrong = WRONG[name]

    outcomes = _outcomes(change(signed))

    assert {id_ for id_, outcome in outcomes.items() if outcome == "failed"} == wrong


def test_without_certificates_nothing_is_checked_and_that_is_said(signed: Signed) -> None:
    assert _outcomes({**signed, "domainCert": "nothing"}) == {
        "seal.hash": "passed",
        "seal.signature": "not-checked",
        "seal.domain": "not-checked",
        "seal.chain": "not-checked",
    }


def test_a_seal_without_a_stamp_leaves_its_time_open(signed: Signed) -> None:
    bare = {key: value for key, value in signed.items() if key != "timeSignature"}

    assert _outcomes(bare)["seal.time"] == "not-checked"


def test_a_stamp_over_something_else_fails(signed: Signed, tsa: OpensslTsa) -> None:
    other = base64.b64encode(stamp(tsa.url, sha256_bytes(b"else"))).decode()

    assert _outcomes({**signed, "timeSignature": other})["seal.time"] == "failed"


def test_the_seal_of_a_signing_server_of_others_holds(test_data: Path) -> None:
    path = test_data / "warc/webrecorder+py-wacz/tests/fixtures/valid_signed_example_1.wacz"
    with zipfile.ZipFile(path) as archive:
        proof = json.loads(archive.read("datapackage-digest.json"))

    assert set(_outcomes(proof["signedData"], proof["hash"]).values()) == {"passed"}
