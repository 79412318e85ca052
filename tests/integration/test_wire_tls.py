"""TLS of OpenSSL's programs and of a real browser, recorded on the loopback interface and opened offline."""

import base64
import contextlib
import hashlib
import os
import ssl
import subprocess
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from evidence_kit.browser.find import find_browser
from evidence_kit.models import Outcome
from evidence_kit.wire.streams import Ending, Side
from evidence_kit.wire.tls.connection import Content, TlsConnection, open_tls
from evidence_kit.wire.tls.findings import Subject
from evidence_kit.wire.tls.kept import KeptHandshake, keep_handshake
from evidence_kit.wire.tls.keylog import KeyLog
from evidence_kit.wire.tls.sessions import Sessions
from tests.unit.wire.tls.peers import ALL_PASSED, Identity, make_identity, outcomes, text
from tests.unit.wire.tls.recorder import LOOPBACK, Recorder, Tapped

pytestmark = pytest.mark.network

Script = list[tuple[bytes, bytes]]
"""What to type, and what has to appear before the next."""


@dataclass
class Openssl:
    """OpenSSL's client and server, with a recorder between them."""

    program: str
    folder: Path
    identity: Identity
    sessions: Sessions

    @property
    def log(self) -> Path:
        return self.folder / "keys.txt"

    @contextlib.contextmanager
    def server(self, *options: str) -> Iterator[Recorder]:
        command = [self.program, "s_server", "-accept", f"{LOOPBACK}:0", *options]
        command += ["-cert", str(self.identity.certificate), "-key", str(self.identity.key)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.folder
        )
        assert process.stdout
        try:
            seen = b""
            while not (seen.startswith(b"ACCEPT") and seen.endswith(b"\n")):
                line = process.stdout.readline()
                assert line, seen
                seen = line
            drain = threading.Thread(target=process.stdout.read, daemon=True)
            drain.start()
            with Recorder(int(seen.rsplit(b":", 1)[1])) as recorder:
                yield recorder
        finally:
            process.kill()
            process.wait()
            drain.join(10)
            process.stdout.close()
            assert process.stdin
            process.stdin.close()

    def client(self, recorder: Recorder, *options: str, script: Script, until: str = "") -> None:
        command = [self.program, "s_client", "-connect", f"{LOOPBACK}:{recorder.port}", "-keylogfile", str(self.log)]
        command += ["-servername", "localhost", *options]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.folder
        ) as process:
            assert process.stdin
            assert process.stdout
            for typed, awaited in script:
                process.stdin.write(typed)
                process.stdin.flush()
                seen = b""
                while awaited not in seen:
                    data = os.read(process.stdout.fileno(), 1 << 16)
                    assert data, (awaited, seen[-500:])
                    seen = seen[-100:] + data
            # The client does not always show at once that a ticket came; the file does.
            deadline = time.monotonic() + 20
            while until and not (self.folder / until).exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            process.stdin.close()
            process.stdout.read()
        recorder.wait()

    def open(self, tapped: Tapped) -> TlsConnection:
        keys = KeyLog(self.log.read_bytes())
        return open_tls(tapped.recorded(Side.CLIENT), tapped.recorded(Side.SERVER), keys, self.sessions)


@pytest.fixture
def openssl(oracle: Callable[[str], Path], tmp_path: Path) -> Openssl:
    return Openssl(str(oracle("openssl")), tmp_path, make_identity(tmp_path, "p256"), Sessions())


def say(line: str) -> tuple[bytes, bytes]:
    """Return what to type to a server that answers each line with its reverse."""
    return f"{line}\n".encode(), line[::-1].encode()


QUIT = (b"Q\n", b"")
CONNECTED = (b"", b"Verify return code")


@pytest.mark.parametrize("suite", ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])
def test_every_suite_of_tls_13_is_opened(openssl: Openssl, suite: str) -> None:
    with openssl.server("-rev") as recorder:
        openssl.client(recorder, "-ciphersuites", suite, script=[CONNECTED, say("good morning"), QUIT])

    connection = openssl.open(recorder.connections[0])

    assert outcomes(connection) == ALL_PASSED
    assert connection.suite == suite
    assert text(connection.client) == b"good morning\n"
    assert text(connection.server) == b"gninrom doog\n"
    assert connection.client.ending is Ending.CLOSED
    assert connection.certificates == (openssl.identity.der,)


@pytest.mark.parametrize("groups", ["P-256", "P-521", "X448"])
def test_a_server_that_asks_for_another_group_gets_it(openssl: Openssl, groups: str) -> None:
    with openssl.server("-rev", "-groups", groups) as recorder:
        openssl.client(recorder, "-groups", f"X25519:{groups}", script=[CONNECTED, say("hello"), QUIT])

    connection = openssl.open(recorder.connections[0])

    assert outcomes(connection) == ALL_PASSED
    assert connection.key_group == {"P-256": "secp256r1", "P-521": "secp521r1", "X448": "x448"}[groups]
    assert text(connection.client) == b"hello\n"


def test_keys_are_followed_when_either_side_renews_them(openssl: Openssl) -> None:
    script = [CONNECTED, say("first"), (b"k\n", b"KEYUPDATE"), say("second"), (b"K\n", b"KEYUPDATE"), say("third")]
    script += [(b"K\n", b"KEYUPDATE"), (b"K\n", b"KEYUPDATE"), say("fourth"), QUIT]
    with openssl.server("-rev") as recorder:
        openssl.client(recorder, script=script)

    connection = openssl.open(recorder.connections[0])

    assert outcomes(connection) == ALL_PASSED
    assert text(connection.client) == b"first\nsecond\nthird\nfourth\n"
    assert text(connection.server) == b"tsrif\ndnoces\ndriht\nhtruof\n"


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_session_of_another_process_is_linked_by_its_ticket(openssl: Openssl, version: str) -> None:
    with openssl.server("-rev") as recorder:
        for session in ("-sess_out", "-sess_in"):
            openssl.client(recorder, version, session, "session.pem", script=[CONNECTED, say("hello"), QUIT])

    first, second = map(openssl.open, recorder.connections)

    assert (first.resumed, second.resumed) == (False, True)
    assert outcomes(first) == outcomes(second) == ALL_PASSED
    assert second.certificates == (openssl.identity.der,)


def keep(openssl: Openssl, tapped: Tapped, connection: TlsConnection) -> KeptHandshake:
    keys = KeyLog(openssl.log.read_bytes())
    kept = keep_handshake(tapped.recorded(Side.CLIENT), tapped.recorded(Side.SERVER), connection, keys)
    assert kept is not None
    return kept


@pytest.mark.parametrize("taken", [True, False])
def test_early_data_is_opened(openssl: Openssl, taken: bool) -> None:
    (openssl.folder / "early.txt").write_bytes(b"very early\n")
    early = ("-sess_in", "session.pem", "-early_data", "early.txt")
    script = [CONNECTED, (b"late\n", b"")]
    with openssl.server("-early_data") as recorder:
        openssl.client(recorder, "-sess_out", "session.pem", script=[CONNECTED], until="session.pem")
        if taken:
            openssl.client(recorder, *early, script=script)
    tapped = recorder.connections
    if not taken:
        with openssl.server() as recorder:
            openssl.client(recorder, *early, script=script)
        tapped += recorder.connections

    connections = [openssl.open(each) for each in tapped]

    kept = keep(openssl, tapped[1], connections[1])
    assert kept.client == tapped[1].recorded(Side.CLIENT).raw[: len(kept.client)]
    assert b"EARLY" not in kept.secrets
    again = kept.open(tapped[1].began)
    assert (again.early_data, again.client_handshake, again.server_handshake) == (taken, 0, len(kept.server))
    assert again.outcome(Subject.RECORDS) is Outcome.PASSED
    assert [each.early_data for each in connections] == [None, taken]
    assert [outcomes(each) for each in connections] == [ALL_PASSED, ALL_PASSED]
    assert text(connections[1].client) == (b"very early\nlate\n" if taken else b"late\n")


def test_fifty_megabytes_take_little_memory(openssl: Openssl) -> None:
    block = hashlib.sha512(b"block").digest() * 1024
    with (openssl.folder / "large.bin").open("wb") as file:
        for _ in range(800):
            file.write(block)
    with openssl.server("-WWW") as recorder:
        script = [(b"GET /large.bin HTTP/1.0\r\n\r\n", b"HTTP/1.0 200")]
        openssl.client(recorder, "-quiet", script=script)
    tapped = recorder.connections[0]
    expected = hashlib.sha256()
    for _ in range(800):
        expected.update(block)

    tracemalloc.start()
    connection = openssl.open(tapped)
    digest, head = hashlib.sha256(), b""
    for piece in connection.server.pieces():
        body = piece.data
        if b"\r\n\r\n" not in head:
            head += body
            body = head.partition(b"\r\n\r\n")[2]
        digest.update(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert outcomes(connection) == ALL_PASSED
    assert digest.digest() == expected.digest()
    assert peak < 2 << 20


PAGE = b"""<!doctype html><meta charset=utf-8><title>-</title><body><script>
addEventListener("load", async () => {
  const sizes = [];
  for (const n of [1, 2, 3, 4]) {
    const answer = await fetch("/data/" + n, {method: "POST", body: "x".repeat(n * 20000)});
    sizes.push((await answer.arrayBuffer()).byteLength);
  }
  document.title = sizes.join(" ");
});
</script>"""


class Shop(BaseHTTPRequestHandler):
    """Answers, keeps what it answered, and closes each connection."""

    sent: tuple[bytes, ...] = ()

    def do_GET(self) -> None:
        self._answer(PAGE if self.path == "/" else b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(bytes(100_000 * int(self.path[-1])))

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        Shop.sent += (body,)


@contextlib.contextmanager
def shop(identity: Identity, newest: ssl.TLSVersion) -> Iterator[Recorder]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = newest
    context.load_cert_chain(identity.certificate, identity.key)
    server = ThreadingHTTPServer((LOOPBACK, 0), Shop)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        with Recorder(server.server_address[1]) as recorder:
            yield recorder
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def browse(url: str, folder: Path, *options: str) -> str:
    browser = find_browser(os.environ)
    if browser is None:
        pytest.skip("NOT TESTED: no browser")
    command = [str(browser.path), "--headless=new", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    command += [f"--ssl-key-log-file={folder / 'keys.txt'}", "--no-first-run", "--disable-quic", *options]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--no-sandbox")
    command += ["--virtual-time-budget=10000", "--dump-dom", url]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    return done.stdout.decode("utf-8", "replace")


def pin(identity: Identity) -> str:
    key = x509.load_der_x509_certificate(identity.der).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


def open_all(recorder: Recorder, folder: Path) -> list[TlsConnection]:
    log, sessions = folder / "keys.txt", Sessions()
    keys = KeyLog(log.read_bytes() if log.exists() else b"")
    ordered = sorted(recorder.connections, key=lambda tapped: tapped.began)
    return [open_tls(one.recorded(Side.CLIENT), one.recorded(Side.SERVER), keys, sessions) for one in ordered]


@pytest.mark.browser
@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2])
@pytest.mark.parametrize("kind", ["p256", "rsa"])
def test_what_a_browser_and_a_server_said_is_opened(tmp_path: Path, kind: str, newest: ssl.TLSVersion) -> None:
    identity = make_identity(tmp_path, kind)
    Shop.sent = ()
    with shop(identity, newest) as recorder:
        url = f"https://localhost:{recorder.port}/"
        dom = browse(url, tmp_path, f"--ignore-certificate-errors-spki-list={pin(identity)}")
        recorder.wait()

    connections = open_all(recorder, tmp_path)
    used = [each for each in connections if each.content is Content.OPENED and text(each.client)]

    assert "100000 200000 300000 400000" in dom
    assert all(Outcome.FAILED not in outcomes(each).values() for each in connections)
    assert [outcomes(each) for each in used] == [ALL_PASSED] * len(used)
    assert {each.server_name for each in used} == {"localhost"}
    assert {each.certificates for each in used} == {(identity.der,)}
    assert any(each.resumed for each in used)
    bodies = sorted(text(each.server).partition(b"\r\n\r\n")[2] for each in used)
    assert bodies == sorted(Shop.sent)
    assert sum(text(each.client).count(b"x" * 20_000) for each in used) == 10


@pytest.mark.browser
@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2])
def test_a_connection_that_a_browser_refused_has_its_certificates_and_no_content(
    tmp_path: Path, newest: ssl.TLSVersion
) -> None:
    identity = make_identity(tmp_path, "p256")
    with shop(identity, newest) as recorder:
        browse(f"https://localhost:{recorder.port}/", tmp_path)
        recorder.wait()

    connections = open_all(recorder, tmp_path)

    assert connections
    for connection in connections:
        assert connection.content is Content.NONE
        assert Outcome.FAILED not in outcomes(connection).values()
    refused = [each for each in connections if each.certificates]
    assert refused
    assert {each.certificates for each in refused} == {(identity.der,)}
    assert {each.outcome(Subject.SERVER_PROOF) for each in refused} == {Outcome.PASSED}
