"""The account of a recording proves the servers anew, opens nothing, and says what it cannot prove any more."""

import json
import ssl
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evidence_kit.archive.tree import FolderTree
from evidence_kit.canonical import Json, dumps
from evidence_kit.models import Check, Outcome
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify.connections import NAME as ACCOUNT
from evidence_kit.verify.connections import check_connections
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import CaseFiles
from evidence_kit.wire.recheck import check_account
from evidence_kit.wire.spool import hash_spool
from evidence_kit.wire.streams import Side
from evidence_kit.wire.tls.connection import Content, open_tls
from evidence_kit.wire.tls.keylog import KeyLog, Label
from evidence_kit.wire.tls.sessions import Sessions
from tests.support.accounts import Issuer, account_of, changed, found, outcomes_of, spool_of
from tests.unit.wire.tls.peers import START, Peers, Recorded, Recording, Wire, make_identity, text

LINES = "connections.lines"
PROOF, RECORDS, CERTIFICATES = "tls.server-proof", "tls.records", "tls.certificates"
ALL_PROVED = {PROOF: Outcome.PASSED, RECORDS: Outcome.PASSED, CERTIFICATES: Outcome.PASSED}

Line = dict[str, Any]

SECRET = b"a question that nobody else may read"


@pytest.fixture
def peers(tmp_path: Path) -> Peers:
    return Peers(tmp_path, Issuer().identity(tmp_path))


def make(folder: Path, peers: Peers, count: int = 1) -> list[bytes]:
    """Return the account of *count* connections; each after the first resumes the one before, if it can."""
    recordings, session = [], None
    for _ in range(count):
        recording, session = peers.converse(asked=SECRET, session=session)
        recordings.append(recording)
    return account_of(spool_of(folder / "spool", recordings), peers.keys)


def connection(line: bytes) -> Line:
    value: Line = json.loads(line)
    return value


def handshake(line: bytes) -> Recording:
    kept = connection(line)["handshake"]
    client, server = (Recorded(()).with_raw(b64decode(kept[side])) for side in ("client", "server"))
    return Recording(client=client, server=server, keys=kept["secrets"].encode())


def test_a_kept_handshake_proves_the_server_again(tmp_path: Path, peers: Peers) -> None:
    _, line = lines = make(tmp_path, peers)

    assert outcomes_of(lines) == {(1, check): outcome for check, outcome in ALL_PROVED.items()}
    assert found(lines)[1, CERTIFICATES][1] == "CN=Example Authority"
    assert len(connection(line)["tls"]["certificates"]) == 2


def test_a_handshake_that_was_asked_again_proves_the_server_again(tmp_path: Path, peers: Peers) -> None:
    peers.server.set_ecdh_curve("secp384r1")

    lines = make(tmp_path, peers)

    assert outcomes_of(lines) == {(1, check): outcome for check, outcome in ALL_PROVED.items()}


def test_an_account_bears_the_digests_of_everything_that_passed(tmp_path: Path, peers: Peers) -> None:
    spool = spool_of(tmp_path / "spool", [peers.converse()[0]])

    opening, line = map(connection, account_of(spool, peers.keys))

    digests = {name: str(digest) for name, digest in hash_spool(spool).items()}
    assert digests == {
        "connections.jsonl": opening["journal"],
        "000001-client.bin": line["client"]["sha256"],
        "000001-server.bin": line["server"]["sha256"],
        "000001.marks": line["marks"],
    }
    assert opening["key_log"] == str(sha256_bytes(peers.keys))


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_secret_that_opens_content_is_in_an_account(tmp_path: Path, peers: Peers, newest: ssl.TLSVersion) -> None:
    peers.client.maximum_version = newest
    lines = make(tmp_path, peers, 2)

    account = b"".join(lines)
    opening = [line.split(" ") for line in peers.keys.decode().splitlines() if not line.startswith("#")]
    content = [secret for label, _, secret in opening if label not in (Label.CLIENT_HANDSHAKE, Label.SERVER_HANDSHAKE)]
    assert len(content) >= 2
    assert [secret for secret in content if secret.encode() in account] == []
    assert SECRET not in account


def test_the_kept_secrets_do_not_open_the_content_of_the_whole_recording(tmp_path: Path, peers: Peers) -> None:
    recording = peers.converse(asked=SECRET)[0]
    _, line = account_of(spool_of(tmp_path / "spool", [recording]), peers.keys)

    kept = KeyLog(connection(line)["handshake"]["secrets"].encode())
    opened = open_tls(recording.client, recording.server, kept, Sessions())

    assert opened.content is Content.LOCKED
    assert text(opened.client) == text(opened.server) == b""


def test_the_bytes_kept_end_with_the_handshake(tmp_path: Path, peers: Peers) -> None:
    recording = peers.converse()[0]
    opened = recording.open()
    _, line = account_of(spool_of(tmp_path / "spool", [recording]), peers.keys)

    kept = handshake(line)

    assert kept.client.raw == recording.client.raw[: opened.client_handshake]
    assert kept.server.raw == recording.server.raw[: opened.server_handshake]


def test_every_altered_byte_of_a_kept_handshake_is_found_by_its_digest(tmp_path: Path, peers: Peers) -> None:
    opening, line = make(tmp_path, peers)
    kept = handshake(line)

    for side, data in (("client", kept.client.raw), ("server", kept.server.raw)):
        for place in range(0, len(data), 13):
            altered = flipped(line, side, place, 1 << place % 8, digest=False)
            assert Outcome.FAILED in outcomes_of([opening, altered]).values(), (side, place)


def test_every_altered_byte_of_a_kept_handshake_is_found_though_its_digest_was_made_to_fit(
    tmp_path: Path, peers: Peers
) -> None:
    opening, line = make(tmp_path, peers)
    kept = handshake(line)

    passed = []
    for side, data in (("client", kept.client.raw), ("server", kept.server.raw)):
        for place in range(len(data)):
            altered = flipped(line, side, place, 1 << (place * 5 + 1) % 8, digest=True)
            if Outcome.FAILED not in outcomes_of([opening, altered]).values():
                passed.append((side, place))

    assert set(passed) <= {("client", 2)}


def flipped(line: bytes, side: str, place: int, bit: int, *, digest: bool) -> bytes:
    def flip(value: Line) -> None:
        data = bytearray(b64decode(value["handshake"][side]))
        data[place] ^= bit
        value["handshake"][side] = b64encode(data).decode()
        if digest:
            value["handshake"][f"{side}_sha256"] = str(sha256_bytes(bytes(data)))

    return changed(line, flip)


def test_every_altered_character_of_the_kept_secrets_is_found(tmp_path: Path, peers: Peers) -> None:
    opening, line = make(tmp_path, peers)
    secrets = connection(line)["handshake"]["secrets"]

    for place in range(len(secrets)):
        other = secrets[:place] + chr(ord(secrets[place]) ^ 0x20 or 0x40) + secrets[place + 1 :]
        altered = changed(line, lambda value, other=other: value["handshake"].update(secrets=other))  # type: ignore[misc]
        assert Outcome.FAILED in outcomes_of([opening, altered]).values(), place


def test_a_secret_that_opens_content_is_not_accepted_in_an_account(tmp_path: Path, peers: Peers) -> None:
    opening, line = make(tmp_path, peers)

    altered = changed(line, lambda value: value["handshake"].update(secrets=peers.keys.decode()))

    assert outcomes_of([opening, altered])[1, RECORDS] is Outcome.FAILED


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("suite", "TLS_AES_128_CCM_SHA256"),
        ("alpn", "h2"),
        ("server_name", "other.example"),
        ("resumed", True),
        ("client_random", "00" * 32),
        ("version", "tls/1.2"),
        ("signature_scheme", "ed25519"),
    ],
)
def test_what_an_account_says_of_a_handshake_has_to_be_true(
    tmp_path: Path, peers: Peers, key: str, value: Json
) -> None:
    opening, line = make(tmp_path, peers)

    altered = changed(line, lambda account: account["tls"].update({key: value}))

    assert outcomes_of([opening, altered])[1, RECORDS] is Outcome.FAILED


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(name="other.example"),
        lambda value: value["tls"].update(leads_to="CN=Another Authority"),
        lambda value: value["tls"].update(certificate_problems=["certificate 1 was valid until 2020-01-01"]),
    ],
    ids=["name", "leads_to", "certificate_problems"],
)
def test_what_an_account_says_of_its_certificates_has_to_be_true(
    tmp_path: Path, peers: Peers, change: Callable[[Line], object]
) -> None:
    opening, line = make(tmp_path, peers)

    assert outcomes_of([opening, changed(line, change)])[1, CERTIFICATES] is Outcome.FAILED


def test_problems_of_certificates_may_not_be_left_out(tmp_path: Path) -> None:
    peers = Peers(tmp_path, Issuer().identity(tmp_path, "other.example"))
    peers.client.check_hostname = False
    opening, line = make(tmp_path, peers)
    assert outcomes_of([opening, line])[1, CERTIFICATES] is Outcome.NOT_CHECKED

    altered = changed(line, lambda value: value["tls"].update(certificate_problems=[]))

    assert outcomes_of([opening, altered])[1, CERTIFICATES] is Outcome.FAILED


def hide(value: Line, content: str = "none") -> None:
    value["tls"]["content"] = content
    value["tls"]["findings"][0].update(outcome="not-checked", detail="")


CONTRADICTIONS: dict[str, Callable[[Line], object]] = {
    "TLS without anything": lambda value: value.update(tls=None, handshake=None),
    "a handshake without TLS": lambda value: value.update(tls=None, protocol="http"),
    "another protocol": lambda value: value.update(protocol="http"),
    "nothing passed": lambda value: value.update(protocol="none"),
    "no digest": lambda value: value["client"].update(sha256=None),
    "no findings": lambda value: value["tls"].update(findings=[]),
    "findings in another order": lambda value: value["tls"]["findings"].reverse(),
    "a finding twice": lambda value: value["tls"]["findings"].append(value["tls"]["findings"][0]),
    "no content though there are keys": lambda value: value["tls"].update(content="none"),
    "no content though there are bytes": hide,
    "locked without a problem": lambda value: hide(value, "locked"),
    "no handshake": lambda value: value.update(handshake=None),
    "no handshake of content none": lambda value: value.update(handshake=None, tls={**value["tls"], "content": "none"}),
    "no handshake of another version": lambda value: (
        value.update(handshake=None),
        value["tls"].update(version="tls/1.2", resumed=True),
    ),
    "fewer bytes than kept": lambda value: value["server"].update(bytes=100),
}


@pytest.mark.parametrize("change", CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_a_line_that_contradicts_itself_is_named(
    tmp_path: Path, peers: Peers, change: Callable[[Line], object]
) -> None:
    opening, line = make(tmp_path, peers)

    assert outcomes_of([opening, changed(line, change)])[1, LINES] is Outcome.FAILED


def test_of_tls_12_the_handshake_may_not_be_left_out(tmp_path: Path, peers: Peers) -> None:
    peers.use_12()
    opening, line = make(tmp_path, peers)

    altered = changed(line, lambda value: value.update(handshake=None))

    assert outcomes_of([opening, altered])[1, LINES] is Outcome.FAILED


def test_a_name_with_a_dot_at_its_end_is_the_name_that_was_asked_for(tmp_path: Path, peers: Peers) -> None:
    opening, line = make(tmp_path, peers)

    dotted = changed(line, lambda value: value.update(name=value["name"].upper() + "."))

    assert outcomes_of([opening, dotted])[1, CERTIFICATES] is Outcome.PASSED


def test_a_handshake_without_its_last_record_is_found(tmp_path: Path, peers: Peers) -> None:
    opening, line = make(tmp_path, peers)

    def cut(value: Line) -> None:
        kept = value["handshake"]
        # The client's last record holds its Finished: 5 bytes of header, 4 and 48 of the message, 1 and 16 around it.
        kept["client"] = b64encode(b64decode(kept["client"])[:-74]).decode()
        kept["client_sha256"] = str(sha256_bytes(b64decode(kept["client"])))

    detail = found([opening, changed(line, cut)])[1, RECORDS]

    assert detail == (Outcome.FAILED, "the kept handshake does not hold both Finished messages")


def test_a_resumed_session_says_that_its_link_cannot_be_verified_again(tmp_path: Path, peers: Peers) -> None:
    lines = make(tmp_path, peers, 2)

    assert connection(lines[2])["tls"]["resumes"] == connection(lines[1])["tls"]["client_random"]
    outcome, detail = found(lines)[2, PROOF]
    assert outcome is Outcome.NOT_CHECKED
    assert detail.endswith("verified when it was captured, and cannot be repeated from what is kept")
    assert outcomes_of(lines)[2, RECORDS] is Outcome.PASSED
    assert [member.keys() for member in connection(lines[2])["tls"]["certificates"]] == [{"sha256"}] * 2


def test_a_resumed_session_of_a_connection_that_is_not_there_is_found(tmp_path: Path, peers: Peers) -> None:
    lines = make(tmp_path, peers, 2)

    lines[2] = changed(lines[2], lambda value: value["tls"].update(resumes="00" * 32))

    assert outcomes_of(lines)[2, PROOF] is Outcome.FAILED


def test_of_tls_12_the_signature_alone_can_be_verified_again(tmp_path: Path, peers: Peers) -> None:
    peers.use_12()
    lines = make(tmp_path, peers, 2)

    assert connection(lines[1])["handshake"]["secrets"] == ""
    assert {key: outcome for key, outcome in outcomes_of(lines).items() if key[0] == 1} == {
        (1, PROOF): Outcome.PASSED,
        (1, RECORDS): Outcome.NOT_CHECKED,
        (1, CERTIFICATES): Outcome.PASSED,
    }
    assert connection(lines[2])["handshake"] is None
    assert outcomes_of(lines)[2, PROOF] is Outcome.NOT_CHECKED


def test_of_tls_12_an_altered_signature_is_found_though_its_digest_was_made_to_fit(
    tmp_path: Path, peers: Peers
) -> None:
    peers.use_12()
    opening, line = make(tmp_path, peers)
    size = len(handshake(line).server.raw)

    # The last record is ServerHelloDone, 9 bytes; before it the signature ends.
    altered = flipped(line, "server", size - 12, 1, digest=True)

    assert outcomes_of([opening, altered])[1, PROOF] is Outcome.FAILED


def test_a_key_exchange_without_a_signature_proves_nothing(tmp_path: Path) -> None:
    peers = Peers(tmp_path, make_identity(tmp_path, "rsa"))
    peers.use_12("AES128-GCM-SHA256")

    lines = make(tmp_path, peers)

    assert connection(lines[1])["handshake"] is None
    assert outcomes_of(lines)[1, PROOF] is Outcome.NOT_CHECKED


def test_a_server_whose_certificate_was_refused_is_proved_all_the_same(tmp_path: Path, peers: Peers) -> None:
    peers.client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    peers.client.keylog_filename = str(tmp_path / "keys.txt")
    wire = Wire(peers.client, peers.server)
    with pytest.raises(ssl.SSLCertVerificationError):
        wire.shake_hands()
    wire.pump()
    recording = Recording(client=wire.recorded(Side.CLIENT), server=wire.recorded(Side.SERVER), keys=peers.keys)

    lines = account_of(spool_of(tmp_path / "spool", [recording]), peers.keys)

    assert outcomes_of(lines)[1, PROOF] is Outcome.PASSED
    assert outcomes_of(lines)[1, RECORDS] is Outcome.NOT_CHECKED


def test_a_bad_signature_that_the_account_tells_is_no_alteration(tmp_path: Path, peers: Peers) -> None:
    recording = peers.converse()[0]
    raw = bytearray(recording.server.raw)
    raw[-1] ^= 1
    recordings = [Recording(client=recording.client, server=recording.server.with_raw(bytes(raw)), keys=peers.keys)]

    lines = account_of(spool_of(tmp_path / "spool", recordings), peers.keys)

    outcome, detail = found(lines)[1, RECORDS]
    assert outcome is Outcome.NOT_CHECKED
    assert detail.startswith("the capture itself found: ")


def test_a_connection_that_was_never_used_has_nothing_to_prove(tmp_path: Path, peers: Peers) -> None:
    recording = peers.converse()[0]
    hello = Recording(client=recording.client.with_raw(recording.client.raw[:50]), server=Recorded(()), keys=b"")

    assert found(account_of(spool_of(tmp_path / "spool", [hello]), b"")) == {}


BROKEN: list[tuple[str, Callable[[list[bytes]], None], int]] = [
    ("empty", lambda lines: lines.clear(), 1),
    ("no first line", lambda lines: lines.__delitem__(0), 1),
    ("another schema", lambda lines: put(lines, 0, lambda value: value.update(schema="other/1")), 1),
    ("torn", lambda lines: lines.append(lines.pop()[:-9]), 2),
    ("no JSON", lambda lines: lines.append(b"\xff\n"), 3),
    ("twice", lambda lines: lines.append(lines[-1]), 3),
    ("a key more", lambda lines: put(lines, 1, lambda value: value.update(more=1)), 2),
    ("a key less", lambda lines: put(lines, 1, lambda value: value["tls"].pop("alpn")), 2),
    ("no number", lambda lines: put(lines, 1, lambda value: value.update(port="443")), 2),
    ("no time", lambda lines: put(lines, 1, lambda value: value.update(opened="today")), 2),
    ("no base64", lambda lines: put(lines, 1, lambda value: value["handshake"].update(client="===")), 2),
    ("loose base64", lambda lines: put(lines, 1, lambda value: value["handshake"].update(client="AB==")), 2),
    ("a missing certificate", lambda lines: put(lines, 1, lambda value: certificate(value).pop("der")), 2),
    ("another certificate", lambda lines: put(lines, 1, lambda value: certificate(value).update(der="AAAA")), 2),
]


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_missing_line_is_found(tmp_path: Path, peers: Peers, missing: int) -> None:
    recordings = [peers.converse()[0] for _ in range(3)]
    lines = account_of(spool_of(tmp_path / "spool", recordings), peers.keys)
    assert LINES not in {check for _, check in outcomes_of(lines)}

    del lines[missing]

    assert outcomes_of(lines)[None, LINES] is Outcome.FAILED


def certificate(value: Line) -> Line:
    first: Line = value["tls"]["certificates"][0]
    return first


def put(lines: list[bytes], place: int, change: Callable[[Line], object]) -> None:
    lines[place] = changed(lines[place], change)


@pytest.mark.parametrize(("_name", "spoil", "number"), BROKEN, ids=[name for name, _, _ in BROKEN])
def test_a_malformed_line_is_named(
    tmp_path: Path, peers: Peers, _name: str, spoil: Callable[[list[bytes]], None], number: int
) -> None:
    lines = make(tmp_path, peers)
    spoil(lines)

    last = list(check_account(lines))[-1]

    assert (last.line, last.connection, str(last.check), last.outcome) == (
        number,
        None,
        "connections.lines",
        Outcome.FAILED,
    )


def test_whatever_stands_in_a_line_is_a_finding_and_no_error(tmp_path: Path, peers: Peers) -> None:
    opening, line = make(tmp_path, peers)
    values: list[Json] = [None, True, -1, 2**53 - 1, "", "\u202e", "00", [], {}, [[]], [{}]]

    for place in places(connection(line)):
        for value in values:
            altered = changed(line, lambda whole, place=place, value=value: replace(whole, place, value))  # type: ignore[misc]
            for each in check_account([opening, altered]):
                assert dumps(each.detail)


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = [place for key, member in members for place in places(member, (*path, key))]
    return ([path] if path else []) + inner


def replace(whole: Line, place: tuple[Any, ...], value: Json) -> None:
    for key in place[:-1]:
        whole = whole[key]
    whole[place[-1]] = value


def test_the_verifier_tells_what_passed_once_and_what_failed_by_its_connection(tmp_path: Path, peers: Peers) -> None:
    lines = make(tmp_path, peers, 3)
    lines[2] = flipped(lines[2], "server", 200, 1, digest=True)

    checks = verify(tmp_path, b"".join(lines))

    assert [(check.id, check.subject, check.outcome) for check in checks] == [
        (RECORDS, f"items/EV-0001/{ACCOUNT}#2", Outcome.FAILED),
        ("connections.lines", f"items/EV-0001/{ACCOUNT}", Outcome.PASSED),
        (PROOF, f"items/EV-0001/{ACCOUNT}", Outcome.PASSED),
        (PROOF, f"items/EV-0001/{ACCOUNT}", Outcome.NOT_CHECKED),
        (RECORDS, f"items/EV-0001/{ACCOUNT}", Outcome.PASSED),
        (CERTIFICATES, f"items/EV-0001/{ACCOUNT}", Outcome.PASSED),
    ]
    assert checks[3].detail.startswith("2 connections (2, 3): it resumes")


def test_the_verifier_refuses_a_line_without_end(tmp_path: Path) -> None:
    (check,) = verify(tmp_path, bytes(5 << 20))

    assert (check.id, check.outcome) == ("connections.lines", Outcome.FAILED)
    assert check.detail.startswith("line 1: ")


def verify(folder: Path, account: bytes) -> list[Check]:
    item = folder / "case" / "items" / "EV-0001"
    item.mkdir(parents=True)
    (item / ACCOUNT).write_bytes(account)
    exam = Examination(roots=TrustedRoots(), now=START)
    check_connections(exam, CaseFiles(FolderTree(folder / "case"), ""), f"items/EV-0001/{ACCOUNT}")
    return exam.checks
