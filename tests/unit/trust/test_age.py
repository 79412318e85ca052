"""age files: what is written is opened by the age program, and the other way round; nothing altered is given out."""

import io
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.errors import FormatError
from evidence_kit.trust.age import (
    AgeReader,
    AgeWriter,
    Identity,
    Recipient,
    encrypt,
    encrypted_size,
    open_age,
    read_identities,
    write_identity,
)
from evidence_kit.trust.age.header import read_header

CHUNK = 64 * 1024
SIZES = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 200_000)
MADE = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def identity() -> Identity:
    return Identity.new()


def opened(data: bytes, *identities: Identity) -> AgeReader:
    reader = open_age(io.BytesIO(data), identities)
    assert reader is not None
    return reader


@pytest.mark.parametrize("size", SIZES)
def test_the_age_program_opens_what_is_written(identity: Identity, tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    key, file = tmp_path / "key.txt", tmp_path / "content.age"
    key.write_text(f"{identity.secret_text()}\n", encoding="ascii")
    file.write_bytes(encrypt(content, [Identity.new().recipient, identity.recipient]))
    found = subprocess.run(["age", "-d", "-i", str(key), str(file)], capture_output=True, check=True)
    assert found.stdout == content
    assert file.stat().st_size == encrypted_size(size, 2)


@pytest.mark.parametrize("size", SIZES)
def test_what_the_age_program_writes_is_opened(identity: Identity, size: int) -> None:
    content = os.urandom(size)
    command = ["age", "-r", str(Identity.new().recipient), "-r", str(identity.recipient)]
    made = subprocess.run(command, input=content, capture_output=True, check=True).stdout
    reader = opened(made, identity)
    assert reader.size == size
    assert reader.readall() == content


def test_keys_of_age_keygen_are_read_and_ours_are_written_alike(identity: Identity, tmp_path: Path) -> None:
    made = subprocess.run(["age-keygen"], capture_output=True, check=True)
    (found,) = read_identities(made.stdout)
    assert f"# public key: {found.recipient}".encode() in made.stdout
    assert found.secret_text().encode() in made.stdout
    path = tmp_path / "key.txt"
    path.write_text(identity.secret_text(), encoding="ascii")
    told = subprocess.run(["age-keygen", "-y", str(path)], capture_output=True, check=True).stdout
    assert told.decode().strip() == str(identity.recipient)
    assert Recipient.parse(str(identity.recipient)) == identity.recipient


def test_a_key_under_a_passphrase_is_opened_by_that_passphrase_alone(identity: Identity) -> None:
    data = write_identity(identity, made=MADE, passphrase="нууц үг".encode())
    assert identity.secret_text().encode() not in data
    assert read_identities(data, passphrase="нууц үг".encode())[0].recipient == identity.recipient
    with pytest.raises(FormatError, match="the passphrase is wrong"):
        read_identities(data, passphrase=b"another")
    with pytest.raises(FormatError, match="under a passphrase"):
        read_identities(data)


def test_nobody_but_the_recipients_opens_it(identity: Identity) -> None:
    assert open_age(io.BytesIO(encrypt(b"content", [identity.recipient])), [Identity.new()]) is None


def test_any_place_can_be_read(identity: Identity) -> None:
    content = os.urandom(3 * CHUNK + 17)
    with opened(encrypt(content, [identity.recipient]), identity) as raw:
        reader = io.BufferedReader(raw)
        for start in (0, 5, CHUNK - 3, CHUNK, 2 * CHUNK + 1, 3 * CHUNK + 16, 3 * CHUNK + 17):
            reader.seek(start)
            assert reader.read(100) == content[start : start + 100]
        reader.seek(-5, os.SEEK_END)
        assert reader.read() == content[-5:]


def test_pieces_of_any_size_may_be_written(identity: Identity) -> None:
    out, content = io.BytesIO(), os.urandom(150_000)
    with AgeWriter(out, [identity.recipient]) as writer:
        for start in range(0, len(content), 777):
            writer.write(content[start : start + 777])
    assert opened(out.getvalue(), identity).readall() == content


def test_what_was_not_closed_is_no_whole_age_file(identity: Identity) -> None:
    out = io.BytesIO()
    AgeWriter(out, [identity.recipient]).write(bytes(2 * CHUNK))
    with pytest.raises(FormatError):
        opened(out.getvalue(), identity)


@pytest.mark.parametrize("left", [-1, -16, -17, -CHUNK, CHUNK + 200, 190, 100, 30, 0])
def test_a_cut_file_is_an_error(identity: Identity, left: int) -> None:
    data = encrypt(bytes(2 * CHUNK + 100), [identity.recipient])
    with pytest.raises(FormatError):
        opened(data[:left], identity).readall()


def test_cut_between_two_chunks_is_an_error(identity: Identity) -> None:
    data = encrypt(bytes(2 * CHUNK), [identity.recipient])
    with pytest.raises(FormatError, match="altered or cut"):
        opened(data[: -(CHUNK + 16)], identity)


def test_every_flipped_bit_of_a_small_file_is_an_error(identity: Identity) -> None:
    data = encrypt(b"content", [identity.recipient])
    for place in range(len(data)):
        altered = bytearray(data)
        altered[place] ^= 1 << place % 8
        try:
            reader = open_age(io.BytesIO(bytes(altered)), [identity])
        except FormatError:
            continue
        assert reader is None, place


def test_chunks_that_change_places_are_an_error(identity: Identity) -> None:
    data = encrypt(os.urandom(3 * CHUNK), [identity.recipient])
    start = read_header(io.BytesIO(data)).size + 16
    sealed = CHUNK + 16
    first, second = data[start : start + sealed], data[start + sealed : start + 2 * sealed]
    with pytest.raises(FormatError, match="altered or cut"):
        opened(data[:start] + second + first + data[start + 2 * sealed :], identity).readall()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not Bech32"),
        ("age1", "not Bech32"),
        ("age1qqqqqqqq", "checksum"),
        ("AGE-SECRET-KEY-1QQQQQQQQ", "checksum"),
        ("age1pq1something", "post-quantum"),
        ("Age1tru6g7gk86hh2av93ntnmzgraklv0x7ftth88x202vjanp75nc5q6mcy98", "mixed"),
        ("ssh-ed25519 AAAA", "mixed"),
    ],
)
def test_what_is_no_recipient_is_told(text: str, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        Recipient.parse(text)


def test_a_secret_is_not_taken_for_a_recipient(identity: Identity) -> None:
    with pytest.raises(FormatError, match="begins with age1"):
        Recipient.parse(identity.secret_text())
    assert identity.secret_text() not in repr(identity)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"age-encryption.org/v1\n",
        b"age-encryption.org/v2\n--- " + b"A" * 43 + b"\n",
        b"age-encryption.org/v1\n--- " + b"A" * 43 + b"\n",
        b"age-encryption.org/v1\n-> X25519 " + b"A" * 9000,
        b"age-encryption.org/v1\n" + b"-> a\n\n" * 1000,
        b"age-encryption.org/v1\n-> scrypt " + b"A" * 22 + b" 40\n" + b"A" * 43 + b"\n--- " + b"A" * 43 + b"\n",
    ],
)
def test_what_is_no_age_file_is_told(identity: Identity, data: bytes) -> None:
    read = read_identities if b"scrypt" in data else lambda data, passphrase: opened(data, identity)  # noqa: ARG005
    with pytest.raises(FormatError):
        read(data, passphrase=b"x")
