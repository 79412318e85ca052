"""An envelope is opened by openssl with a recipient's key, by no other, and not once it was altered."""

import io
import os
import subprocess
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_kit.errors import CaptureError, UsageError
from evidence_kit.trust.envelope import EnvelopeWriter, can_receive
from evidence_kit.wire.sealing import seal_spool
from tests.support.recipients import KEYS, Recipient, usage_of


def envelope(content: bytes, *recipients: Recipient) -> bytes:
    out = io.BytesIO()
    with EnvelopeWriter(out, [recipient.certificate for recipient in recipients]) as writer:
        for start in range(0, len(content), 10_007):
            writer.write(content[start : start + 10_007])
    return out.getvalue()


def opened(openssl: Path, folder: Path, data: bytes, recipient: Recipient) -> bytes | None:
    (folder / "in.p7m").write_bytes(data)
    out = folder / "out.bin"
    out.unlink(missing_ok=True)
    command = [str(openssl), "cms", "-decrypt", "-binary", "-inform", "DER", "-in", "in.p7m", "-out", "out.bin"]
    done = subprocess.run(
        [*command, "-recip", str(recipient.pem), "-inkey", str(recipient.key)],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    return out.read_bytes() if done.returncode == 0 else None


@pytest.fixture
def openssl(oracle: Callable[[str], Path]) -> Path:
    return oracle("openssl")


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("size", [0, 1, 65_536, 200_001])
def test_openssl_opens_an_envelope(openssl: Path, tmp_path: Path, kind: str, size: int) -> None:
    recipient, content = Recipient(tmp_path, kind), os.urandom(size)

    assert opened(openssl, tmp_path, envelope(content, recipient), recipient) == content


def test_each_of_several_recipients_opens_it_and_nobody_else(openssl: Path, tmp_path: Path) -> None:
    recipients = [Recipient(tmp_path, kind) for kind in KEYS]
    (tmp_path / "other").mkdir()
    stranger = Recipient(tmp_path / "other", "p256")

    data = envelope(b"what nobody else may read", *recipients)

    assert [opened(openssl, tmp_path, data, each) for each in recipients] == [b"what nobody else may read"] * 3
    assert opened(openssl, tmp_path, data, stranger) is None
    assert b"what nobody else may read" not in data


def test_an_altered_envelope_is_not_opened(openssl: Path, tmp_path: Path) -> None:
    recipient = Recipient(tmp_path, "p256")
    data = bytearray(envelope(bytes(1000), recipient))

    data[-200] ^= 1

    assert opened(openssl, tmp_path, bytes(data), recipient) is None


def test_two_envelopes_of_the_same_content_have_nothing_in_common(tmp_path: Path) -> None:
    recipient = Recipient(tmp_path, "p256")

    first, second = (envelope(bytes(1000), recipient) for _ in range(2))

    assert first[-1000:-50] != second[-1000:-50]


@pytest.mark.parametrize(
    ("kind", "usage", "fits"),
    [
        ("rsa", "key_encipherment", True),
        ("rsa", "digital_signature", False),
        ("p256", "key_agreement", True),
        ("p256", "digital_signature", False),
    ],
)
def test_a_certificate_for_signing_alone_is_refused(tmp_path: Path, kind: str, usage: str, fits: bool) -> None:
    recipient = Recipient(tmp_path, kind, usage=usage_of(usage))

    if fits:
        can_receive(recipient.certificate)
    else:
        with pytest.raises(UsageError, match="is not made for encryption"):
            can_receive(recipient.certificate)


def test_an_envelope_needs_a_recipient() -> None:
    with pytest.raises(UsageError, match="needs a recipient"):
        EnvelopeWriter(io.BytesIO(), [])


def test_a_sealed_recording_holds_its_files_and_the_key_log(openssl: Path, tmp_path: Path) -> None:
    spool, recipient = tmp_path / "бичлэг 1", Recipient(tmp_path, "p384")
    spool.mkdir()
    files = {"000001-client.bin": os.urandom(70_000), "000001.marks": b"", "connections.jsonl": b"{}\n"}
    for name, data in files.items():
        (spool / name).write_bytes(data)
    (tmp_path / "secrets.log").write_bytes(b"CLIENT_RANDOM\n")

    seal_spool(spool, [recipient.certificate], tmp_path / "session-data.p7m", key_log=tmp_path / "secrets.log")

    tar = opened(openssl, tmp_path, (tmp_path / "session-data.p7m").read_bytes(), recipient)
    assert tar is not None
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        found = {member.name: stream.read() for member in archive if (stream := archive.extractfile(member))}
    assert found == {**files, "keys.txt": b"CLIENT_RANDOM\n"}


def test_a_recording_that_cannot_be_sealed_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "connections.jsonl").write_bytes(b"{}\n")
    recipient = Recipient(tmp_path, "rsa")

    with pytest.raises(CaptureError, match="cannot be sealed"):
        seal_spool(
            tmp_path / "spool", [recipient.certificate], tmp_path / "session-data.p7m", key_log=tmp_path / "none"
        )

    assert not (tmp_path / "session-data.p7m").exists()


def test_a_sealed_recording_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    output = tmp_path / "session-data.p7m"
    output.write_bytes(b"an earlier one")

    with pytest.raises(CaptureError, match="File exists"):
        seal_spool(tmp_path / "spool", [Recipient(tmp_path, "p256").certificate], output)

    assert output.read_bytes() == b"an earlier one"


def test_a_large_recording_takes_little_memory(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    with (tmp_path / "spool" / "000001-server.bin").open("wb") as stream:
        stream.truncate(60 << 20)
    recipient = Recipient(tmp_path, "p256")

    tracemalloc.start()
    seal_spool(tmp_path / "spool", [recipient.certificate], tmp_path / "session-data.p7m")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (tmp_path / "session-data.p7m").stat().st_size > 60 << 20
    assert peak < 4 << 20
