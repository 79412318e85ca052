"""Time stamps of a real authority, and real replies of many authorities."""

import contextlib
import json
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from asn1crypto import cms, tsp
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from evidence_kit.errors import EvidenceError, FormatError, IntegrityError, TimestampError
from evidence_kit.models import Digest
from evidence_kit.trust.certificates import Certificate, load_certificates
from evidence_kit.trust.der import ORDERS
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.timestamps import certificates_inside, kept_form, read_reply, stamp, stamp_all
from tests.support.tsa import OpensslTsa

DIGEST = sha256_bytes(b"content\n")


@pytest.mark.network
@pytest.mark.parametrize("rsa", [False, True])
@pytest.mark.parametrize("include_root", [False, True])
def test_a_stamp_of_openssl_is_accepted_and_still_verifies_with_openssl(
    tmp_path: Path, rsa: bool, include_root: bool
) -> None:
    (tmp_path / "content").write_bytes(b"content\n")
    with OpensslTsa(rsa=rsa, include_root=include_root) as tsa:
        reply = stamp(tsa.url, DIGEST)
        (tmp_path / "r.tsr").write_bytes(reply)
        token = read_reply(reply, DIGEST, certificates_inside(reply))
        command = ["openssl", "ts", "-verify", "-data", "content", "-in", "r.tsr", "-CAfile", str(tsa.root_pem)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert "Verification: OK" in done.stdout, done.stderr
    assert token.certificate in token.embedded
    assert len(token.embedded) == 1 + include_root


@pytest.mark.network
@pytest.mark.parametrize("rsa", [False, True])
def test_every_changed_byte_of_a_stamp_is_refused(rsa: bool) -> None:
    with OpensslTsa(rsa=rsa) as tsa:
        reply = stamp(tsa.url, DIGEST)
    known = certificates_inside(reply)

    for position in range(len(reply)):
        for change in (0x01, 0x0A):
            altered = bytearray(reply)
            altered[position] ^= change
            with pytest.raises((FormatError, IntegrityError)):
                read_reply(bytes(altered), DIGEST, known)
    with pytest.raises(EvidenceError):
        read_reply(reply + b"\0", DIGEST, known)


@pytest.mark.network
def test_of_the_two_values_of_an_ecdsa_signature_one_is_kept_and_the_other_refused(tsa: OpensslTsa) -> None:
    """Anybody can make (r, n - s) of (r, s), and every library accepts it."""
    replies = [stamp(tsa.url, DIGEST) for _ in range(4)]

    for reply in replies:
        parsed = tsp.TimeStampResp.load(reply)
        info = parsed["time_stamp_token"]["content"]["signer_infos"][0]
        r, s = decode_dss_signature(info["signature"].native)
        info["signature"] = encode_dss_signature(r, ORDERS["secp256r1"] - s)
        assert s < ORDERS["secp256r1"] - s
        with pytest.raises(FormatError, match="one form"):
            read_reply(parsed.dump(force=True), DIGEST, certificates_inside(reply))


@pytest.mark.network
@pytest.mark.parametrize("rsa", [False, True])
def test_a_stamp_that_names_another_kind_of_signature_is_refused(rsa: bool) -> None:
    """Nobody signed the name; the signature holds whatever it says."""
    with OpensslTsa(rsa=rsa) as tsa:
        reply = stamp(tsa.url, DIGEST)
    parsed = tsp.TimeStampResp.load(reply)
    other = {"algorithm": "sha256_ecdsa"} if rsa else {"algorithm": "sha256_rsa", "parameters": None}
    parsed["time_stamp_token"]["content"]["signer_infos"][0]["signature_algorithm"] = other

    with pytest.raises(FormatError, match=r"another kind|one form"):
        read_reply(parsed.dump(force=True), DIGEST, certificates_inside(reply))


@pytest.mark.network
def test_a_stamp_without_certificates_is_refused(tsa: OpensslTsa) -> None:
    reply = stamp(tsa.url, DIGEST)
    parsed = tsp.TimeStampResp.load(reply)
    parsed["time_stamp_token"]["content"]["certificates"] = cms.CertificateSet([])

    with pytest.raises(FormatError, match="no certificate"):
        read_reply(parsed.dump(force=True), DIGEST, certificates_inside(reply))


@pytest.mark.network
def test_a_stamp_over_something_else_is_refused(tsa: OpensslTsa) -> None:
    reply = stamp(tsa.url, DIGEST)

    with pytest.raises(IntegrityError, match="other content"):
        read_reply(reply, sha256_bytes(b"other"), certificates_inside(reply))


@pytest.mark.network
@pytest.mark.parametrize("answer", ["refused", "garbage", "error", "empty"])
def test_an_authority_that_does_not_stamp_is_a_clear_error(tsa: OpensslTsa, answer: str) -> None:
    tsa.answer = answer  # type: ignore[assignment]  # one of the Literals, by the parametrisation
    try:
        with pytest.raises(TimestampError, match="authority"):
            stamp(tsa.url, DIGEST)
    finally:
        tsa.answer = "granted"


@pytest.mark.network
def test_a_refusal_says_what_the_authority_said(tsa: OpensslTsa) -> None:
    tsa.answer = "refused"
    try:
        with pytest.raises(TimestampError, match="refused: rejection"):
            stamp(tsa.url, DIGEST)
    finally:
        tsa.answer = "granted"


@pytest.mark.network
def test_an_authority_that_is_not_there_is_a_clear_error() -> None:
    with pytest.raises(TimestampError, match="could not be reached"):
        stamp("http://127.0.0.1:9/", DIGEST, timeout=2)


@pytest.mark.network
def test_all_authorities_are_asked_and_one_that_is_silent_takes_nothing_from_the_others(tsa: OpensslTsa) -> None:
    first, second = stamp_all(["http://127.0.0.1:9/", tsa.url], DIGEST, timeout=2)

    assert isinstance(first, TimestampError)
    assert isinstance(second, bytes)
    assert stamp_all([], DIGEST) == []


@pytest.mark.network
def test_an_authority_that_never_finishes_its_answer_is_given_up() -> None:
    class Trickling(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                for _ in range(600):
                    self.wfile.write(b"0")
                    self.wfile.flush()
                    time.sleep(0.1)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class calls it that
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Trickling) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(TimestampError, match="did not finish its answer in time"):
            stamp(f"http://127.0.0.1:{server.server_address[1]}/", DIGEST, timeout=0.5)
        server.shutdown()


def test_an_address_that_is_no_web_address_is_refused() -> None:
    with pytest.raises(TimestampError, match="not an address"):
        stamp("file:///etc/passwd", DIGEST)


def test_replies_of_other_authorities_are_judged_as_other_clients_judge_them(test_data: Path) -> None:
    """We ask for SHA-256 only: of a reply over a longer digest all that can be said is that its signature holds."""
    expected = json.loads((test_data / "expected-rfc3161.json").read_text(encoding="utf-8"))
    judged = {}
    for name, facts in expected["parse"].items():
        path = test_data / name
        if facts["kind"] == "response" and path.exists():
            chain = path.with_name("ts_chain.pem")
            others = load_certificates(chain.read_bytes()) if chain.exists() else ()
            judged[path.name] = judge(path.read_bytes(), facts, others)

    assert judged == {
        "issue-104.tsr": "belongs to other content",
        "response-invalid-signature.tsr": "does not hold",
        "response-no-embedded-cert.tsr": "holds no certificate",
        "response-sha256.tsr": "holds",
        "response-sha384.tsr": "belongs to other content",
        "response-sha512.tsr": "belongs to other content",
        "response-expired.tsr": "holds no certificate",
        "response.tsr": "belongs to other content",
        "issue1482-timestamp-with-no-cert": "holds no certificate",
    }


def judge(reply: bytes, facts: dict[str, str], others: tuple[Certificate, ...]) -> str:
    """Return in a few words what our reader says of the *reply* of somebody else's authority."""
    digest = Digest(bytes.fromhex(facts["imprint"][:64]))
    words = ("belongs to other content", "does not hold", "holds no certificate")
    try:
        kept = kept_form(reply)
        token = read_reply(kept, digest, (*certificates_inside(kept), *others))
    except EvidenceError as error:
        return next((word for word in words if word in str(error)), str(error))
    assert (str(token.time), token.policy, str(token.serial)) == (facts["gen_time"], facts["policy"], facts["serial"])
    return "holds"
