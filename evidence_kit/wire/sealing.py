"""Put a recording out of sight: its spool and key log as a tar (POSIX.1-2001) inside an age file.

They hold cookies and passwords. The tar exists nowhere in plain: it is encrypted while it is made.
"""

import tarfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from evidence_kit.errors import CaptureError
from evidence_kit.trust.age import AgeWriter, Recipient


def seal_spool(folder: Path, recipients: Sequence[Recipient], output: Path, *, key_log: Path | None = None) -> None:
    """Write the files of the spool in *folder*, and the *key_log*, to *recipients* as the new file *output*.

    In the tar they lie under their own names, the key log as ``keys.txt``. The originals stay. Raises `CaptureError`;
    nothing is left of *output* then.
    """
    members = {path.name: path for path in sorted(folder.iterdir())} | ({"keys.txt": key_log} if key_log else {})
    try:
        with ExitStack() as undo:
            with output.open("xb") as out:
                undo.callback(output.unlink)
                with AgeWriter(out, recipients) as sealed:
                    _pack(members, sealed)
            undo.pop_all()
    except OSError as error:
        raise CaptureError(f"the recording cannot be sealed as {output.name}: {error.strerror or error}") from error


def _pack(members: dict[str, Path], sealed: AgeWriter) -> None:
    # Only `write` is asked of a file to which a tar streams.
    with tarfile.open(fileobj=sealed, mode="w|", format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload]
        for name, path in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = path.stat().st_size
            with path.open("rb") as stream:
                tar.addfile(entry, stream)
