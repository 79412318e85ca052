"""A phone's files come into the case over HTTP: whole, refused, interrupted, by a phone that lies, and by strangers."""

import hashlib
import socket
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import attempts, read_item
from evidence_kit.case.stamping import Stamping
from evidence_kit.case.supply import Sender, Supply, read_supply
from evidence_kit.custody.custodian import Custodian
from evidence_kit.errors import CaseError, UsageError
from evidence_kit.intake.hash_lists import read_hash_list
from evidence_kit.intake.receiving import session
from evidence_kit.intake.receiving.addresses import listening, local_addresses
from evidence_kit.intake.receiving.messages import PIECE
from evidence_kit.intake.receiving.words import words
from evidence_kit.intake.taking import complete_interrupted
from evidence_kit.models import Digest, Status
from evidence_kit.verify import verify_path
from tests.support.cases import open_case
from tests.support.people import practice_custodian, roots_of
from tests.support.phones import PAGE, Phone, waiting

pytestmark = pytest.mark.network

NAMES = ("../../etc/passwd", "\u202egpj.exe", "two\nlines.jpg", "C:\\Users\\x.PNG", "\ud800.mp4", "", "CON")


@pytest.fixture
def custodian() -> Custodian:
    return practice_custodian()


@pytest.fixture
def case(tmp_path: Path, custodian: Custodian) -> CaseFolder:
    return open_case(tmp_path / "case", custodian)


def supply_of(case: CaseFolder, item: str) -> Supply:
    return read_supply((case.path / "items" / item / "supply.json").read_bytes())


def verdict(case: CaseFolder, custodian: Custodian) -> str:
    return str(verify_path(case.path, roots=roots_of(custodian.signer), clock=custodian.clock).verdict)


def test_what_a_phone_sends_is_an_item_byte_for_byte_whatever_its_files_are_called(
    case: CaseFolder, custodian: Custodian
) -> None:
    with waiting(case, custodian) as wait:
        phone = Phone(url=wait.url)
        joined = phone.join().json
        for name in NAMES:
            assert phone.send(name, f"bytes of {name!r}".encode(), modified=1_760_000_000_123).json["whole"]
        assert phone.send("empty.txt", b"").json["whole"]
        finished = phone.post("done", {}).json
        item = wait.item()

    assert item is not None
    assert item.status is Status.COMPLETE
    supply = supply_of(case, item.id)
    folder = case.path / "items" / item.id
    assert [(folder / file.path).read_bytes() for file in supply.files] == [
        *(f"bytes of {name!r}".encode() for name in NAMES),
        b"",
    ]
    assert [file.name for file in supply.files] == [name.replace("\ud800", "�") for name in (*NAMES, "empty.txt")]
    assert [file.path for file in supply.files][:4] == [
        f"original/000{number}{ending}" for number, ending in enumerate(("", "", ".jpg", ".png"), start=1)
    ]
    assert all(file.sha256 == file.source_sha256 for file in supply.files)
    assert str(supply.files[0].modified) == "2025-10-09 08:53:20.123000+00:00"
    assert supply.sender == Sender(address="127.0.0.1", user_agent="Утас".encode().decode("latin-1"))
    assert joined["item"] == finished["item"] == item.id
    assert [file["sha256"] for file in finished["files"]] == [file.sha256.hex for file in supply.files]
    start = next(event for event in case.log().full_events() if event.type == "import.started")
    assert start.detail["asked"] == {"receive": True}
    assert verdict(case, custodian) == "verified"


def test_a_phone_that_lies_about_a_digest_has_the_file_refused(case: CaseFolder, custodian: Custodian) -> None:
    with waiting(case, custodian) as wait:
        phone = Phone(url=wait.url)
        phone.join()
        nothing = phone.post("done", {})
        lie = phone.send("a.jpg", b"other bytes", sha256=hashlib.sha256(b"bytes").hexdigest())
        again = phone.piece(0, 0, b"other bytes")
        phone.send("b.jpg", b"b")
        phone.post("done", {})
        item = wait.item()

    assert item is not None
    assert (nothing.status, nothing.json) == (409, {"problem": "nothing"})
    assert (lie.status, lie.json) == (again.status, again.json) == (409, {"problem": "different"})
    assert item.status is Status.INCOMPLETE
    supply = supply_of(case, item.id)
    assert [file.name for file in supply.files] == ["b.jpg"]
    assert [(left.name, left.problem.code) for left in supply.left_out] == [("a.jpg", "file.changed")]
    assert verdict(case, custodian) == "verified"


def test_what_is_on_a_list_is_refused_before_a_byte_of_it_is_sent(
    case: CaseFolder, custodian: Custodian, tmp_path: Path
) -> None:
    (tmp_path / "list.txt").write_text(hashlib.sha256(b"known").hexdigest(), encoding="ascii")
    listed = read_hash_list(tmp_path / "list.txt")
    with waiting(case, custodian, lists=[listed]) as wait:
        phone = Phone(url=wait.url)
        phone.join()
        offers = [phone.offer("known.jpg", b"known") for _ in range(3)]
        assert phone.send("b.jpg", b"b").json["whole"]
        phone.post("done", {})
        item = wait.item()

    assert item is not None
    assert {(offer.status, offer.json["problem"]) for offer in offers} == {(409, "not-taken")}
    supply = supply_of(case, item.id)
    assert [file.name for file in supply.files] == ["b.jpg"]
    assert [(left.name, left.problem.code) for left in supply.left_out] == [("known.jpg", "file.listed")]
    start = next(event for event in case.log().full_events() if event.type == "import.started")
    assert start.detail["hash_lists"] == [{"list": str(listed.sha256), "entries": 1, "pdq": None, "hits": None}]
    assert verdict(case, custodian) == "verified"


def test_an_upload_goes_on_where_it_was_lost(case: CaseFolder, custodian: Custodian) -> None:
    data = bytes(range(256)) * (PIECE // 192)
    with waiting(case, custodian) as wait:
        phone = Phone(url=wait.url)
        phone.join()
        phone.offer("film.mp4", data)
        phone.piece(0, 0, data[:PIECE])
        twice = phone.piece(0, 0, data[:PIECE])  # its answer was lost
        ahead = phone.piece(0, PIECE + 5, b"x")
        over = phone.piece(0, PIECE, data[PIECE:] + b"x")
        torn(wait.url, phone.cookie, f"piece/0/{PIECE}")
        reloaded = phone.join().json["files"]
        offered = phone.offer("film.mp4", data)
        last = phone.piece(0, PIECE, data[PIECE:])
        phone.post("done", {})
        item = wait.item()

    assert item is not None
    assert twice.json["at"] == ahead.json["at"] == offered.json["at"] == reloaded[0]["at"] == PIECE
    assert (over.status, over.json) == (409, {"problem": "malformed"})
    assert last.json["whole"] is True
    assert item.status is Status.COMPLETE
    assert (case.path / "items" / item.id / "original" / "0001.mp4").read_bytes() == data


def torn(url: str, cookie: str, path: str) -> None:
    """Send half of a piece, and go away."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=20) as connection:
        fields = f"Host: {place.netloc}\r\nCookie: {cookie}\r\nContent-Type: application/octet-stream\r\n"
        head = f"POST {place.path}{path} HTTP/1.1\r\n{fields}Content-Length: 1000\r\n\r\n"
        connection.sendall(head.encode() + b"half")


def test_nobody_but_the_first_phone_gets_anything(case: CaseFolder, custodian: Custodian) -> None:
    with waiting(case, custodian, idle=1.5) as wait:
        phone, other = Phone(url=wait.url), Phone(url=wait.url)
        place = urlsplit(wait.url)
        page = other.ask("")
        early = other.offer("a.jpg", b"a")
        phone.join()
        taken = other.join()
        strangers = [
            other.offer("a.jpg", b"a"),
            Phone(url=wait.url, cookie="session=é").ask("offer", b"{}", fields={"Cookie": "session=x"}),
            other.ask("/"),
            other.ask(place.path.rstrip("/")),
            other.ask(f"/{'a' * 16}/"),
            other.ask("join"),
            phone.ask("receive.html"),
            phone.ask("../x"),
            phone.ask("", method="POST", body=b"{}"),
            phone.ask("", fields={"Host": "evil.example"}),
            phone.ask("join", b"{}", fields={"Host": f"localhost:{place.port}"}),
            phone.ask("join", b"{}", fields={"Origin": "http://evil.example"}),
            phone.ask("offer", b"{}", fields={"Content-Type": "text/plain"}),
        ]
        unknown = phone.post("offer", {"name": 1})
        assert wait.item() is None

    assert page.body == PAGE
    assert page.fields["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "Access-Control-Allow-Origin" not in page.fields
    assert "Set-Cookie" not in page.fields
    assert (taken.status, taken.json) == (403, {"problem": "taken"})
    assert [(reply.status, reply.body) for reply in (early, *strangers)] == [(404, b"")] * 14
    assert (unknown.status, unknown.json) == (409, {"problem": "malformed"})
    assert [tried.outcome for tried in attempts(case.log().full_events())] == ["abandoned"]
    assert list(case.staging.glob("EV-*")) == []
    assert verdict(case, custodian) == "verified"


def test_it_ends_by_itself_and_keeps_what_had_come_whole(case: CaseFolder, custodian: Custodian) -> None:
    with waiting(case, custodian, idle=1) as wait:
        phone = Phone(url=wait.url)
        phone.join()
        phone.send("a.jpg", b"whole")
        phone.offer("b.jpg", b"half of it")
        phone.piece(1, 0, b"half")
        item = wait.item()

    assert item is not None
    assert item.status is Status.INCOMPLETE
    problems = read_item(case, item.id)["problems"]
    assert isinstance(problems, list)
    assert [problem["code"] for problem in problems if isinstance(problem, dict)] == [
        "file.not-arrived",
        "import.interrupted",
    ]
    supply = supply_of(case, item.id)
    assert [file.name for file in supply.files] == ["a.jpg"]
    assert [(left.name, left.problem.detail) for left in supply.left_out] == [("b.jpg", "4 of 10 bytes had come")]
    assert list(case.staging.glob("EV-*")) == []


def test_a_disk_that_cannot_be_written_ends_it_and_what_had_come_is_completed_later(
    case: CaseFolder, custodian: Custodian
) -> None:
    with waiting(case, custodian) as wait:
        phone = Phone(url=wait.url)
        phone.join()
        phone.send("a.jpg", b"whole")
        phone.offer("b.jpg", b"more")
        (case.staging / "EV-0001.recording" / "arriving-0001").unlink()
        reply = phone.piece(1, 0, b"more")
        wait.thread.join(30)

    assert (reply.status, reply.json) == (500, {"problem": "failed"})
    assert [type(error) for error in wait.failed] == [CaseError]
    (item,) = complete_interrupted(case, custodian, Stamping(), on_damage=lambda _item, error: pytest.fail(str(error)))
    supply = supply_of(case, item.id)
    assert [file.name for file in supply.files] == ["a.jpg"]
    assert supply.sender is not None
    assert verdict(case, custodian) == "verified"


def test_more_than_is_allowed_is_refused_before_it_comes(
    case: CaseFolder, custodian: Custodian, monkeypatch: pytest.MonkeyPatch
) -> None:
    with waiting(case, custodian, idle=1, max_bytes=10) as wait:
        phone = Phone(url=wait.url)
        phone.join()
        large = phone.offer("a", b"x" * 11)
        assert phone.offer("b", b"x" * 6).status == 200
        together = phone.offer("c", b"x" * 5)
        monkeypatch.setattr(session, "MOST_FILES", 1)
        many = phone.offer("d", b"")
        monkeypatch.setattr(session, "MOST_FILES", 2)
        monkeypatch.setattr(session, "_MARGIN", 1 << 60)
        full = phone.offer("e", b"x")

    assert [reply.json["problem"] for reply in (large, together, many, full)] == [
        *("too-large", "too-large", "too-many", "no-room"),
    ]


def test_slow_and_broken_clients_do_not_keep_the_phone_out(case: CaseFolder, custodian: Custodian) -> None:
    with waiting(case, custodian, idle=3) as wait:
        place = urlsplit(wait.url)
        address = (place.hostname, place.port)
        with ExitStack() as open_ones:
            slow = [open_ones.enter_context(socket.create_connection(address, timeout=20)) for _ in range(8)]
            for connection in slow:
                connection.sendall(b"GET / HT")
            with socket.create_connection(address, timeout=20) as one_too_many:
                assert one_too_many.recv(1) == b""
        for nonsense in (b"\0" * 20_000, b"GET / HTTP/1.1\r\nA\r\n\r\n", b"BREW /x HTTP/1.1\r\n\r\n", b"\r\n\r\n"):
            with socket.create_connection(address, timeout=20) as connection:
                connection.sendall(nonsense)
                assert closed(connection)
        phone = Phone(url=wait.url)
        assert phone.join().status == 200


def closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("host", ["0.0.0.0", "8.8.8.8", "example.mn", "", "::1"])  # noqa: S104  # refused
def test_only_addresses_of_local_networks_are_listened_on(host: str) -> None:
    with pytest.raises(UsageError):
        listening(host, 0)


def test_the_addresses_that_are_found_are_this_machines_own() -> None:
    for address in local_addresses():
        listening(address, 0).close()


def test_the_words_hang_on_every_file_and_on_no_order() -> None:
    def said(*texts: bytes, language: str = "en") -> str:
        return words([Digest(hashlib.sha256(text).digest()) for text in texts], language)

    assert said(b"a", b"b") == said(b"b", b"a") == "wheel tree wolf wheel"
    assert len({said(), said(b"a"), said(b"a", b"a"), said(b"a", b"b")}) == 4
    assert len(said(b"a", language="mn").split()) == 4
