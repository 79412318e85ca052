"""A spool is read as it was written, wherever its writing was cut off, and refused where it was altered."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.errors import FormatError
from evidence_kit.wire.spool import LARGEST_PIECE, Spool, SpooledDirection, hash_spool, read_spool
from evidence_kit.wire.spooling import SpoolWriter
from evidence_kit.wire.streams import Direction, Ending, Piece, Side

START = 1_795_000_000_000_000
SENT = [(Side.CLIENT, b"GET"), (Side.SERVER, b"200"), (Side.SERVER, b" OK"), (Side.CLIENT, b"bye")]


def write(folder: Path) -> None:
    """Write a spool of two connections, one made and one refused; the clock goes on by a second each time."""
    moments: Iterator[int] = iter(range(START, START + 10**9, 10**6))
    spool = SpoolWriter(folder, lambda: next(moments))
    made, refused = spool.connection(client_port=50001), spool.connection(client_port=50002)
    made.open("social.example", 443)
    made.note(
        "lookup",
        {"asked": START, "answered": START + 1, "question": "social.example", "answers": ["192.0.2.1"], "error": ""},
    )
    made.connected("192.0.2.1", 443, "192.0.2.9", 40001)
    refused.open("other.example", 80)
    for side, data in SENT:
        made.add(side, data)
        made.passed(side, len(data))
    made.ended(Side.SERVER, Ending.CLOSED, by=Side.SERVER)
    made.ended(Side.CLIENT, Ending.RESET, by=Side.CLIENT, error="client: gone")
    refused.error = "refused"
    made.close()
    refused.close()
    spool.close()


def pieces(spool: Spool, side: Side) -> list[Piece]:
    connection = spool.connections[0]
    direction: Direction = connection.client if side is Side.CLIENT else connection.server
    return list(direction.pieces())


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write(tmp_path)

    spool = read_spool(tmp_path)

    made, refused = spool.connections
    assert spool.problems == ()
    assert (made.name, made.port, made.address, made.local_port) == ("social.example", 443, "192.0.2.1", 40001)
    assert made.opened == datetime.fromtimestamp(START / 10**6, UTC)
    assert made.lookups[0].answers == ("192.0.2.1",)
    assert [piece.data for piece in pieces(spool, Side.SERVER)] == [b"200", b" OK"]
    assert [piece.data for piece in pieces(spool, Side.CLIENT)] == [b"GET", b"bye"]
    assert made.server.ended_by is made.client.ended_by is Side.SERVER
    assert (made.server.ending, made.client.ending) == (Ending.CLOSED, Ending.RESET)
    assert made.error == "client: gone"
    assert (refused.error, refused.connected, refused.files) == ("refused", None, ())
    assert list(refused.server.pieces()) == []


def test_every_file_is_hashed(tmp_path: Path) -> None:
    write(tmp_path)

    digests = hash_spool(read_spool(tmp_path))

    assert {name: digest.value for name, digest in digests.items()} == {
        path.name: hashlib.sha256(path.read_bytes()).digest() for path in tmp_path.iterdir()
    }
    assert list(digests) == sorted(digests)


def test_a_spool_without_ends_is_read_and_told(tmp_path: Path) -> None:
    write(tmp_path)
    journal = tmp_path / "connections.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(line for line in lines if b'"end"' not in line))

    spool = read_spool(tmp_path)

    assert spool.problems == ("connection 1 has no end", "connection 2 has no end")
    assert (spool.connections[0].server.ending, spool.connections[0].server.ended_by) == (Ending.OPEN, None)
    assert [piece.data for piece in pieces(spool, Side.SERVER)] == [b"200", b" OK"]


def test_a_journal_cut_off_anywhere_is_read_up_to_there(tmp_path: Path) -> None:
    write(tmp_path)
    journal = tmp_path / "connections.jsonl"
    whole = journal.read_bytes()

    for size in range(len(whole)):
        journal.write_bytes(whole[:size])
        spool = read_spool(tmp_path)

        torn = size > 0 and whole[size - 1 : size] != b"\n"
        assert any("is torn" in problem for problem in spool.problems) == torn
        assert len(spool.connections) <= 2
        for connection in spool.connections:
            assert (b'"id":%d,' % connection.id) in whole[:size]


def test_marks_cut_off_anywhere_lose_times_but_no_bytes(tmp_path: Path) -> None:
    write(tmp_path)
    marks = tmp_path / "000001.marks"
    whole = marks.read_bytes()

    for size in range(len(whole)):
        marks.write_bytes(whole[:size])
        spool = read_spool(tmp_path)

        assert any("torn" in problem for problem in spool.problems) == (size > 0 and whole[size - 1 : size] != b"\n")
        assert any("have no mark" in problem for problem in spool.problems)
        assert b"".join(piece.data for piece in pieces(spool, Side.SERVER)) == b"200 OK"
        assert b"".join(piece.data for piece in pieces(spool, Side.CLIENT)) == b"GETbye"


def test_bytes_that_are_missing_are_told(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "000001-server.bin").write_bytes(b"200 ")

    spool = read_spool(tmp_path)

    assert spool.problems == (
        "the server of connection 1 sent 6 bytes, and 000001-server.bin has 4",
        "2 bytes of the server of connection 1 have a mark and are missing",
    )
    assert [piece.data for piece in pieces(spool, Side.SERVER)] == [b"200", b" "]


def test_long_pieces_come_in_parts_of_one_time(tmp_path: Path) -> None:
    size = 2 * LARGEST_PIECE + 5
    (tmp_path / "d").write_bytes(bytes(size))
    (tmp_path / "m").write_bytes(b"server %d %d\n" % (size, START))
    direction = SpooledDirection(
        side=Side.SERVER, data=tmp_path / "d", marks=tmp_path / "m", opened=datetime.now(UTC), size=size
    )

    parts = list(direction.pieces())

    assert [len(part.data) for part in parts] == [LARGEST_PIECE, LARGEST_PIECE, 5]
    assert {part.time for part in parts} == {datetime.fromtimestamp(START / 10**6, UTC)}
    assert list(direction.pieces()) == parts


@pytest.mark.parametrize(
    "line",
    [
        b"not JSON",
        b"[]",
        b"{}",
        b'{"event":"open","id":0}',
        b'{"event":"open","id":true,"time":1,"client_port":1,"name":"","port":1,"detour":""}',
        b'{"event":"open","id":1,"time":1,"client_port":1,"name":"","port":1,"detour":""}',
        b'{"event":"end","id":9,"time":1,"by":null,"error":""}',
        b'{"event":"surprise","id":1}',
        b'{"event":"open","id":7,"time":9e99,"client_port":1,"name":"","port":1,"detour":""}',
        b'{"event":"open","id":7,"time":1,"client_port":1,"name":null,"port":1,"detour":""}',
    ],
)
def test_a_line_that_no_relay_writes_is_refused(tmp_path: Path, line: bytes) -> None:
    write(tmp_path)
    with (tmp_path / "connections.jsonl").open("ab") as journal:
        journal.write(line + b"\n")

    with pytest.raises(FormatError):
        read_spool(tmp_path)


@pytest.mark.parametrize("line", [b"server 3 1\n", b"server x 1\n", b"nobody 9 1\n", b"\n", b"server 09 1\n"])
def test_a_mark_that_no_relay_writes_is_refused(tmp_path: Path, line: bytes) -> None:
    write(tmp_path)
    with (tmp_path / "000001.marks").open("ab") as marks:
        marks.write(line)

    with pytest.raises(FormatError):
        read_spool(tmp_path)


@pytest.mark.parametrize("name", ["connections.jsonl", "000001-client.bin", "000001.marks"])
def test_a_file_that_is_missing_is_an_error(tmp_path: Path, name: str) -> None:
    write(tmp_path)
    (tmp_path / name).unlink()

    with pytest.raises(FormatError):
        read_spool(tmp_path)
