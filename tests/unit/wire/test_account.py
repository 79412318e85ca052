"""The account of a recording proves the servers anew, opens nothing, and says what it cannot prove any more."""

import ssl
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_kit.canonical import Json
from evidence_kit.models import Outcome
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.wire.spool import hash_spool
from evidence_kit.wire.streams import Side
from evidence_kit.wire.tls.connection import Content, open_tls
from evidence_kit.wire.tls.keylog import KeyLog, Label
from evidence_kit.wire.tls.sessions import Sessions
from tests.support.accounts import (
    CERTIFICATES,
    PROOF,
    RECORDS,
    Issuer,
    Line,
    account_of,
    changed,
    connection,
    flipped,
    found,
    make_account,
    outcomes_of,
    spool_of,
)
from tests.unit.wire.tls.peers import Peers, Recorded, Recording, Wire, make_identity, text

ALL_PROVED = {PROOF: Outcome.PASSED, RECORDS: Outcome.PASSED, CERTIFICATES: Outcome.PASSED}
SECRET = b"a question that nobody else may read"


def handshake(line: bytes) -> Recording:
    kept = connection(line)["handshake"]
    client, server = (Recorded(()).with_raw(b64decode(kept[side])) for side in ("client", "server"))
    return Recording(client=client, server=server, keys=kept["secrets"].encode())


def test_a_kept_handshake_proves_the_server_again(tmp_path: Path, peers: Peers) -> None:
    _, line = lines = make_account(tmp_path, peers)

    assert outcomes_of(lines) == {(1, check): outcome for check, outcome in ALL_PROVED.items()}
    assert found(lines)[1, CERTIFICATES][1] == "CN=Example Authority"
    assert len(connection(line)["tls"]["certificates"]) == 2


def test_a_handshake_that_was_asked_again_proves_the_server_again(tmp_path: Path, peers: Peers) -> None:
    peers.server.set_ecdh_curve("secp384r1")

    lines = make_account(tmp_path, peers)

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
    lines = make_account(tmp_path, peers, 2, asked=SECRET)

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
    opening, line = make_account(tmp_path, peers)
    kept = handshake(line)

    for side, data in (("client", kept.client.raw), ("server", kept.server.raw)):
        for place in range(0, len(data), 13):
            altered = flipped(line, side, place, 1 << place % 8, digest=False)
            assert Outcome.FAILED in outcomes_of([opening, altered]).values(), (side, place)


def test_every_altered_byte_of_a_kept_handshake_is_found_though_its_digest_was_made_to_fit(
    tmp_path: Path, peers: Peers
) -> None:
    opening, line = make_account(tmp_path, peers)
    kept = handshake(line)

    passed = []
    for side, data in (("client", kept.client.raw), ("server", kept.server.raw)):
        for place in range(len(data)):
            altered = flipped(line, side, place, 1 << (place * 5 + 1) % 8, digest=True)
            if Outcome.FAILED not in outcomes_of([opening, altered]).values():
                passed.append((side, place))

    assert set(passed) <= {("client", 2)}


def test_every_altered_character_of_the_kept_secrets_is_found(tmp_path: Path, peers: Peers) -> None:
    opening, line = make_account(tmp_path, peers)
    secrets = connection(line)["handshake"]["secrets"]

    for place in range(len(secrets)):
        other = secrets[:place] + chr(ord(secrets[place]) ^ 0x20 or 0x40) + secrets[place + 1 :]
        altered = changed(line, lambda value, other=other: value["handshake"].update(secrets=other))  # type: ignore[misc]
        assert Outcome.FAILED in outcomes_of([opening, altered]).values(), place


def test_a_secret_that_opens_content_is_not_accepted_in_an_account(tmp_path: Path, peers: Peers) -> None:
    opening, line = make_account(tmp_path, peers)

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
    opening, line = make_account(tmp_path, peers)

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
    opening, line = make_account(tmp_path, peers)

    assert outcomes_of([opening, changed(line, change)])[1, CERTIFICATES] is Outcome.FAILED


def test_problems_of_certificates_may_not_be_left_out(tmp_path: Path) -> None:
    peers = Peers(tmp_path, Issuer().identity(tmp_path, "other.example"))
    peers.client.check_hostname = False
    opening, line = make_account(tmp_path, peers)
    assert outcomes_of([opening, line])[1, CERTIFICATES] is Outcome.NOT_CHECKED

    altered = changed(line, lambda value: value["tls"].update(certificate_problems=[]))

    assert outcomes_of([opening, altered])[1, CERTIFICATES] is Outcome.FAILED


def test_a_name_with_a_dot_at_its_end_is_the_name_that_was_asked_for(tmp_path: Path, peers: Peers) -> None:
    opening, line = make_account(tmp_path, peers)

    dotted = changed(line, lambda value: value.update(name=value["name"].upper() + "."))

    assert outcomes_of([opening, dotted])[1, CERTIFICATES] is Outcome.PASSED


def test_a_handshake_without_its_last_record_is_found(tmp_path: Path, peers: Peers) -> None:
    opening, line = make_account(tmp_path, peers)

    def cut(value: Line) -> None:
        kept = value["handshake"]
        # The client's last record holds its Finished: 5 bytes of header, 4 and 48 of the message, 1 and 16 around it.
        kept["client"] = b64encode(b64decode(kept["client"])[:-74]).decode()
        kept["client_sha256"] = str(sha256_bytes(b64decode(kept["client"])))

    detail = found([opening, changed(line, cut)])[1, RECORDS]

    assert detail == (Outcome.FAILED, "the kept handshake does not hold both Finished messages")


def test_a_resumed_session_says_that_its_link_cannot_be_verified_again(tmp_path: Path, peers: Peers) -> None:
    lines = make_account(tmp_path, peers, 2)

    assert connection(lines[2])["tls"]["resumes"] == connection(lines[1])["tls"]["client_random"]
    outcome, detail = found(lines)[2, PROOF]
    assert outcome is Outcome.NOT_CHECKED
    assert detail.endswith("verified when it was captured, and cannot be repeated from what is kept")
    assert outcomes_of(lines)[2, RECORDS] is Outcome.PASSED
    assert [member.keys() for member in connection(lines[2])["tls"]["certificates"]] == [{"sha256"}] * 2


def test_a_resumed_session_of_a_connection_that_is_not_there_is_found(tmp_path: Path, peers: Peers) -> None:
    lines = make_account(tmp_path, peers, 2)

    lines[2] = changed(lines[2], lambda value: value["tls"].update(resumes="00" * 32))

    assert outcomes_of(lines)[2, PROOF] is Outcome.FAILED


def test_of_tls_12_the_signature_alone_can_be_verified_again(tmp_path: Path, peers: Peers) -> None:
    peers.use_12()
    lines = make_account(tmp_path, peers, 2)

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
    opening, line = make_account(tmp_path, peers)
    size = len(handshake(line).server.raw)

    # The last record is ServerHelloDone, 9 bytes; before it the signature ends.
    altered = flipped(line, "server", size - 12, 1, digest=True)

    assert outcomes_of([opening, altered])[1, PROOF] is Outcome.FAILED


def test_a_key_exchange_without_a_signature_proves_nothing(tmp_path: Path) -> None:
    peers = Peers(tmp_path, make_identity(tmp_path, "rsa"))
    peers.use_12("AES128-GCM-SHA256")

    lines = make_account(tmp_path, peers)

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
