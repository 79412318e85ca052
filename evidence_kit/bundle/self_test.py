"""The self-test of this installation: known answers, and what was altered must be found out.

Each test takes a part of the kit through its paces on data of its own, in a second or two for all. The vectors are
those published with FIPS 180-4 (SHA-256) and in RFC 8785, 3.2.2 (strings and literals in canonical JSON).
A test that cannot be carried out has failed; nothing is raised.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from evidence_kit import canonical
from evidence_kit.archive.warc_reader import check_warc
from evidence_kit.archive.warc_writer import WarcWriter
from evidence_kit.bundle.register_parts import SelfTest
from evidence_kit.custody.chain import check_log
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.log import FIRST_LINK
from evidence_kit.errors import EvidenceError
from evidence_kit.models import Officer
from evidence_kit.trust.cms import sign_detached, verify_detached
from evidence_kit.trust.digests import sha256_bytes, sha256_file
from evidence_kit.trust.keys import Signer, make_practice_signer

_VECTORS = {
    b"": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    b"abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    b"a" * 1_000_000: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
}
_LOOSE = rb'{ "string": "\u20ac$\u000F\u000aA\u0027\u0042\u0022\u005c\\\"\/", "literals": [null, true, false] }'
_CANONICAL = b'{"literals":[null,true,false],"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
_OFFICER = Officer(name="Self-test", id="0", role="test", agency="test")


def self_test(now: datetime) -> tuple[SelfTest, ...]:
    """Return what every test found; *now* is the time with which keys and records are made."""
    signer = make_practice_signer(_OFFICER, now=now - timedelta(minutes=1))
    tests: dict[str, Callable[[Path], bool]] = {
        "sha256": _sha256,
        "canonical-json": lambda _: _canonical_json(),
        "signature": lambda _: _signature(signer, now),
        "custody-chain": lambda _: _custody_chain(signer, now),
        "web-archive": lambda folder: _web_archive(folder, now),
    }
    with TemporaryDirectory(prefix="evidence-kit-self-test-", ignore_cleanup_errors=True) as name:
        return tuple(SelfTest(code=code, passed=_holds(test, Path(name))) for code, test in tests.items())


def _holds(test: Callable[[Path], bool], folder: Path) -> bool:
    try:
        return test(folder)
    except (EvidenceError, OSError):
        return False


def _sha256(folder: Path) -> bool:
    """Memory and file alike give the published values."""
    path = folder / "vector"
    for data, expected in _VECTORS.items():
        path.write_bytes(data)
        if not sha256_bytes(data).hex == sha256_file(path).hex == expected:
            return False
    return True


def _canonical_json() -> bool:
    """Keys are sorted as the standard says; spaces and a key that stands twice are refused."""
    refused = (b'{"a": 1}', b'{"a":1,"a":2}')
    return canonical.dumps(canonical.parse(_LOOSE)) == _CANONICAL and all(
        _refused(partial(canonical.loads, text)) for text in refused
    )


def _signature(signer: Signer, now: datetime) -> bool:
    """What was signed verifies; over other content, or with one bit changed, it does not."""
    digest, known = sha256_bytes(b"abc"), (signer.certificate,)
    signature = sign_detached(digest, signer, at=now, with_chain=False)
    altered = bytearray(signature)
    altered[-1] ^= 1
    return (
        verify_detached(signature, digest, known).certificate == signer.certificate
        and _refused(lambda: verify_detached(signature, sha256_bytes(b"abd"), known))
        and _refused(lambda: verify_detached(bytes(altered), digest, known))
    )


def _custody_chain(signer: Signer, now: datetime) -> bool:
    """A log of two events holds together; without its first event, or with a letter changed, it does not."""
    custodian = Custodian(officer=_OFFICER, signer=signer, clock=lambda: now, zone=UTC)
    known = {signer.certificate.fingerprint: signer.certificate}
    draft = Draft(type=EventType.CASE_OPENED, detail={"format": 1})
    first = custodian.sign_event(draft, seq=1, previous=FIRST_LINK, case="1")
    whole = check_log(first.line, first.signature_line, known)
    noted = replace(draft, type=EventType.NOTED, note="self-test", detail={})
    second = custodian.sign_event(noted, seq=2, previous=whole.links[-1], case="1")
    log, signatures = first.line + second.line, first.signature_line + second.signature_line
    return (
        not check_log(log, signatures, known).problems
        and bool(check_log(second.line, second.signature_line, known).problems)
        and bool(check_log(log.replace(b"self-test", b"self-rest"), signatures, known).problems)
    )


def _web_archive(folder: Path, now: datetime) -> bool:
    """What was written is read back without a finding; with its last content byte changed, there is one."""
    path = folder / "test.warc.gz"
    with WarcWriter(path, created=now) as warc:
        warc.warcinfo({"software": "self-test"})
        warc.resource("urn:test", b"Mongolian text: \xd3\xa8", media_type="text/plain", date=now)
    whole = list(check_warc(path))
    data = bytearray(path.read_bytes())
    data[-12] ^= 1
    path.write_bytes(bytes(data))
    return len(whole) > 1 and not any(f.failed for f in whole) and any(f.failed for f in check_warc(path))


def _refused(act: Callable[[], object]) -> bool:
    try:
        act()
    except EvidenceError:
        return True
    return False
