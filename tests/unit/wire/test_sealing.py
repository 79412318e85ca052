"""A recording is put out of sight as a tar in an age file, and exists nowhere else."""

import io
import os
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from evidence_kit.errors import CaptureError
from evidence_kit.trust.age import Identity, open_age
from evidence_kit.wire.sealing import seal_spool


def test_a_sealed_recording_holds_its_files_and_the_key_log(tmp_path: Path) -> None:
    spool, identity = tmp_path / "бичлэг 1", Identity.new()
    spool.mkdir()
    files = {"000001-client.bin": os.urandom(70_000), "000001.marks": b"", "connections.jsonl": b"{}\n"}
    for name, data in files.items():
        (spool / name).write_bytes(data)
    (tmp_path / "secrets.log").write_bytes(b"CLIENT_RANDOM\n")
    output = tmp_path / "session-data.tar.age"

    seal_spool(spool, [identity.recipient], output, key_log=tmp_path / "secrets.log")

    reader = open_age(io.BytesIO(output.read_bytes()), [identity])
    assert reader is not None
    with tarfile.open(fileobj=io.BufferedReader(reader)) as archive:
        found = {member.name: stream.read() for member in archive if (stream := archive.extractfile(member))}
    assert found == {**files, "keys.txt": b"CLIENT_RANDOM\n"}


def test_a_recording_that_cannot_be_sealed_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "connections.jsonl").write_bytes(b"{}\n")

    with pytest.raises(CaptureError, match="cannot be sealed"):
        seal_spool(tmp_path / "spool", [Identity.new().recipient], tmp_path / "s.age", key_log=tmp_path / "none")

    assert not (tmp_path / "s.age").exists()


def test_a_sealed_recording_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    output = tmp_path / "session-data.tar.age"
    output.write_bytes(b"an earlier one")

    with pytest.raises(CaptureError, match="File exists"):
        seal_spool(tmp_path / "spool", [Identity.new().recipient], output)

    assert output.read_bytes() == b"an earlier one"


def test_a_large_recording_takes_little_memory(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    with (tmp_path / "spool" / "000001-server.bin").open("wb") as stream:
        stream.truncate(60 << 20)
    output = tmp_path / "session-data.tar.age"

    tracemalloc.start()
    seal_spool(tmp_path / "spool", [Identity.new().recipient], output)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert output.stat().st_size > 60 << 20
    assert peak < 4 << 20
