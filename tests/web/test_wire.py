"""The browser's verifier judges accounts of connections and witnesses' lines as Python does, whatever it is given."""

import random
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import brotlicffi  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, mldsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from evidence_kit.canonical import Json, dumps
from evidence_kit.display import shorten
from evidence_kit.models import Digest
from evidence_kit.trust.timestamps import stamp
from evidence_kit.wire.account import Account
from evidence_kit.wire.spool import hash_spool
from evidence_kit.wire.tls.connection import open_tls
from evidence_kit.wire.tls.kept import KeptHandshake
from evidence_kit.wire.tls.keylog import HANDSHAKE_LABELS, KeyLog
from evidence_kit.wire.tls.sessions import Sessions
from tests.support.accounts import Issuer, make_account, spool_of
from tests.support.pdfs import practice_signer
from tests.support.tsa import OpensslTsa
from tests.unit.wire.tls.forge import CHOSEN, OFFERED, Forger, number, numbers, vector
from tests.unit.wire.tls.peers import KEYS, Identity, Peers, Recording, make_identity
from tests.unit.wire.tls.test_odd_certificates import with_key
from tests.web.accounts import Questions, changed_lines
from tests.web.certificates import authorities, changed_certificates, odd_extensions
from tests.web.witness import Notary, changed_witnesses, told

MlDsa = mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey

COUNTS = [1, pytest.param(30, marks=pytest.mark.slow, id="many")]
"""How often each thing is changed: the more, the rarer are the kinds of change that are met."""
AT = datetime(2026, 5, 1, tzinfo=UTC)
HOSTS = (
    *("a.example", "A.EXAMPLE", "a.example.", "x.b.example", "x.y.b.example", "b.example", "*.b.example", "", ".."),
    *("192.0.2.1", "192.0.2.01", "192.0.2.1 ", "2001:db8::1", "2001:DB8:0::1", "2001:db8::1%x", "::ffff:192.0.2.1"),
)


@pytest.fixture
def questions(tmp_path: Path) -> Questions:
    return Questions(tmp_path)


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return make_identity(tmp_path_factory.mktemp("identity"), "p256")


@pytest.fixture
def forger(identity: Identity) -> Forger:
    key = load_pem_private_key(identity.key.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return Forger(certificate=identity.der, key=key)


def stored(data: bytes) -> bytes:
    return zlib.compress(data, 0)


def chances(seed: object) -> random.Random:
    """Return chance that is the same every time."""
    return random.Random(str(seed))  # noqa: S311  # nothing is kept secret by it


def signing(key: MlDsa, more: bytes) -> Callable[[bytes], bytes]:
    """Return what signs data with *more* behind it."""
    return lambda data: key.sign(data + more)


def packing(compress: Callable[[bytes], bytes], chance: random.Random) -> Callable[[bytes], bytes]:
    """Return what compresses, and changes something now and then."""
    return lambda data: changed(compress(data), chance)


def changed(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return chance.choice([data, data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :], data[:at]])


def gcm(peers: Peers) -> None:
    peers.use_12("ECDHE+AESGCM")


def chacha(peers: Peers) -> None:
    peers.use_12("ECDHE+CHACHA20")


def asked_again(peers: Peers) -> None:
    peers.server.set_ecdh_curve("secp384r1")


def test_servers_of_every_kind_of_key_are_judged_alike(questions: Questions, tmp_path: Path) -> None:
    for kind in KEYS:
        for version, use in (("1.3", lambda _: None), ("1.2", gcm)):
            folder = tmp_path / f"{kind} {version}"
            folder.mkdir()
            peers = Peers(folder, make_identity(folder, kind))
            use(peers)
            questions.account(folder.name, make_account(folder, peers, 2))

    assert questions.answers_agree() == ""


@pytest.mark.parametrize("count", COUNTS)
def test_changed_accounts_are_judged_alike(questions: Questions, tmp_path: Path, count: int) -> None:
    for name, use in (("1.3", lambda _: None), ("asked again", asked_again), ("gcm", gcm), ("chacha", chacha)):
        folder = tmp_path / name
        folder.mkdir()
        peers = Peers(folder, Issuer().identity(folder))
        use(peers)
        lines = make_account(folder, peers, 2)
        questions.account(name, lines)
        for what, other in changed_lines(lines, count, chances(f"{name} {count}")):
            questions.account(f"{name}, {what}", other)

    assert questions.answers_agree() == ""


def test_files_that_are_no_accounts_are_judged_alike(questions: Questions) -> None:
    for content in (b"", b"\n\n", b"{}\n", b"\xff\n", b'"' + b"a" * (5 << 20)):
        questions.account(f"{content[:9]!r}", [content])

    assert questions.answers_agree() == ""


CHOICES: tuple[dict[str, object], ...] = (
    {"suite": 0x1304},
    {"suite": 0xC02F},
    {"suite": 0x1302},
    {"chosen": CHOSEN | {43: b"\x03\x02"}},
    {"chosen": CHOSEN | {51: number(0x0019, 2)}},
    {"chosen": CHOSEN | {41: b"\0\1"}},
    {"chosen": {51: CHOSEN[51]}, "suite": 0x1301},
    {"chosen": {}, "suite": 0xC02F, "server_random": b"\1" * 24 + b"DOWNGRD\x01"},
    {"repeated_id": b""},
    {"offered": {k: v for k, v in OFFERED.items() if k != 43}},
    {"offered": OFFERED | {0: b"\xff"}},
    {"offered": OFFERED | {0: vector(b"\0" + vector(b"sh\xc3\xb6p", 2), 2)}},
    {"offered": OFFERED | {10: b"\0\1\0"}},
    {"offered": OFFERED | {13: numbers(0x0804)}},
    {"offered": OFFERED | {42: b"", 41: vector(vector(b"ticket", 2) + bytes(4), 2) + b"\0"}, "early": b"early"},
    {"encrypted": {16: vector(vector(b"spdy/3", 1), 2)}},
    {"encrypted": {16: b"\0"}},
    {"encrypted": {16: vector(b"", 2)}},
    {"compression": (1, zlib.compress)},
    {"compression": (2, brotlicffi.compress)},
    {"compression": (3, zlib.compress)},
    {"compression": (2, brotlicffi.compress), "claimed_size": 9},
    {"compression": (2, lambda _: b"\xff" * 9)},
    {"compression": (2, lambda data: brotlicffi.compress(data)[:-3])},
    {"compression": (2, lambda data: brotlicffi.compress(data) + b"more")},
    {"compression": (1, lambda data: zlib.compress(data) + b"more")},
    {"compression": (2, lambda _: brotlicffi.compress(bytes(1 << 23)))},
    {"compression": (1, zlib.compress), "claimed_size": 0xFFFFFF},
    {"scheme": 0x0AFE},
    {"scheme": 0x0401},
    {"scheme": 0x0804},
    {"scheme": 0x0503},
    {"certificate": b""},
    {"certificate": b"\x30\x82\xff\xff"},
    {"certificate": b"no certificate at all"},
    {"sign": lambda _: b"\x30\x06\x02\x01\x01\x02\x01\x01"},
    {"labels": ("SERVER_HANDSHAKE_TRAFFIC_SECRET",)},
    {"labels": ("CLIENT_HANDSHAKE_TRAFFIC_SECRET",)},
    {"labels": ()},
)


def test_handshakes_that_no_peer_had_are_judged_alike(questions: Questions, tmp_path: Path, forger: Forger) -> None:
    for place, change in enumerate(CHOICES):
        other = Forger(**{"certificate": forger.certificate, "key": forger.key, **change})  # type: ignore[arg-type]
        questions.account(f"{change}", account(tmp_path / f"{place}", other.write(other.client.seal(23, b"ask"))))

    assert questions.answers_agree() == ""


def account(folder: Path, recording: Recording) -> list[bytes]:
    """Return the account of one connection of which everything is kept, whatever it is."""
    spool = spool_of(folder, [recording])
    (spooled,), keys = spool.connections, KeyLog(recording.keys)
    tls = open_tls(spooled.client, spooled.server, keys, Sessions())
    secrets = keys.lines(tls.client_random or b"", HANDSHAKE_LABELS)
    kept = KeptHandshake(client=recording.client.raw, server=recording.server.raw, secrets=secrets)
    told = Account(hash_spool(spool), key_log=None)
    lines = told.opening(connections=1), told.describe(spooled, tls, kept, protocol="tls")
    return [dumps(line) + b"\n" for line in lines]


def test_post_quantum_signatures_are_judged_alike(questions: Questions, tmp_path: Path, forger: Forger) -> None:
    kinds = mldsa.MLDSA44PrivateKey, mldsa.MLDSA65PrivateKey, mldsa.MLDSA87PrivateKey
    keys: list[MlDsa] = [kind.generate() for kind in kinds]
    for scheme, key in enumerate(keys, start=0x0904):
        forger.certificate, forger.scheme = with_key(key), scheme
        for more in (b"", b"!"):
            forger.sign = signing(key, more)
            folder = tmp_path / f"{scheme} {more!r}"
            questions.account(folder.name, account(folder, forger.write()))

    assert questions.answers_agree() == ""


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # of what is odd, all of it
@pytest.mark.parametrize("count", COUNTS)
def test_certificates_of_any_kind_and_changed_ones_are_judged_alike(questions: Questions, count: int) -> None:
    chance = chances(count)
    for name, chain in authorities():
        questions.certificates(name, chain, "a.example", AT)
        for what, other in changed_certificates(chain, count, chance):
            questions.certificates(f"{name}, {what}", other, "a.example", AT)
    for what, changed_chain in odd_extensions(2 * count, chance):
        questions.certificates(what, changed_chain, "a.example", AT)

    assert questions.answers_agree() == ""


def test_names_and_times_are_held_against_certificates_alike(questions: Questions) -> None:
    _, chain = next(iter(authorities()))
    for host in HOSTS:
        questions.certificates(f"{host!r}", chain, host, AT)
    for at in ("2025-12-31T23:59:59.999", "2026-01-01", "2027-01-01", "2027-01-01T00:00:00.001", "9999-12-31"):
        questions.certificates(at, chain, "a.example", datetime.fromisoformat(at).replace(tzinfo=UTC))
    questions.certificates("in another order", chain[::-1], "a.example", AT)
    questions.certificates("alone", chain[:1], "a.example", AT)
    questions.certificates("the authority alone", chain[1:], "a.example", AT)

    assert questions.answers_agree() == ""


@pytest.mark.parametrize("count", COUNTS)
def test_compressed_certificates_and_changed_ones_are_judged_alike(
    questions: Questions, tmp_path: Path, forger: Forger, count: int
) -> None:
    chance = chances(count)
    for algorithm, compress in ((1, zlib.compress), (1, stored), (2, brotlicffi.compress)):
        for place in range(5 * count):
            forger.compression = algorithm, packing(compress, chance)
            folder = tmp_path / f"{algorithm} {compress.__name__} {place}"
            questions.account(folder.name, account(folder, forger.write()))

    assert questions.answers_agree() == ""


@pytest.mark.network
@pytest.mark.parametrize("count", COUNTS)
def test_witnesses_and_changed_ones_are_judged_alike(
    questions: Questions, tmp_path: Path, tsa: OpensslTsa, count: int
) -> None:
    lines = make_account(tmp_path, Peers(tmp_path, Issuer().identity(tmp_path)), 2)
    notary = Notary(practice_signer(), lambda link: stamp(tsa.url, Digest(link)))
    files = {**notary.files(told(lines)), "connections.jsonl": b"".join(lines)}
    for what, record in RECORDS.items():
        questions.witness(what, files, record)
        questions.witness(f"{what}, no witness", {"connections.jsonl": files["connections.jsonl"]}, record)
        questions.witness(f"{what}, a line less", {**files, "connections.jsonl": b"".join(lines[:-1])}, record)
    for what, said in other_words(told(lines)):
        questions.witness(what, {**files, **notary.files(said)}, {})
    for what, other in changed_witnesses(files, notary, count, chances(f"witness {count}")):
        questions.witness(what, other, {})

    assert questions.answers_agree() == ""


RECORDS: dict[str, dict[str, Json]] = {
    "nothing said": {},
    "asked for": {"flags": [None, {"code": "witness", "detail": ""}]},
    "refuted": {"problems": [{"code": "witness.refuted", "detail": ""}]},
    "odd": {"flags": {"code": "witness"}, "problems": "witness.refuted"},
}


def other_words(said: list[Mapping[str, Json]]) -> Iterator[tuple[str, list[Mapping[str, Json]]]]:
    """Yield what a witness might say otherwise."""
    opening, first, second, closing = said
    nothing: dict[str, Json] = {"bytes": 0, "sha256": str(Digest(bytes(32)))}
    yield "not closed", [opening, first, second]
    yield "one connection", [opening, first, {**closing, "connections": 1}]
    yield "more connections", [opening, first, second, {**closing, "connections": 3}]
    yield "one twice", [opening, first, first, closing]
    yield "closed twice", [opening, first, closing, closing]
    yield "not opened", [first, second, closing]
    yield "lost", [opening, {**first, "lost": True, "server": nothing}, second, closing]
    yield "other bytes", [opening, {**first, "server": nothing}, second, closing]
    yield "elsewhere", [opening, {**first, "address": "192.0.2.77"}, second, closing]
    yield "another name", [opening, {**first, "name": "other.example"}, second, closing]
    yield "another one", [opening, {**first, "connection": 9}, second, closing]


def test_texts_are_shown_alike(questions: Questions) -> None:
    texts = [
        "",
        " a  b\t",
        "a\u202eb",
        "\U0001f468\u200d\U0001f469",
        "a\u200db",
        "\ue000",
        "ᠮᠣᠩ\u180b",
        "\xa0b",
        "é" * 99,
    ]
    for text in texts:
        questions.plain(f"{text!r}", "shorten", lambda text=text: shorten(text), text=text)  # type: ignore[misc]

    assert questions.answers_agree() == ""
