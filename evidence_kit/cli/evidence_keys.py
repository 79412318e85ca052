"""The keys that open what a case keeps encrypted: from a file, under a passphrase or not."""

import getpass
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evidence_kit.errors import FormatError, UsageError

if TYPE_CHECKING:
    from evidence_kit.cli.run import Run
    from evidence_kit.trust.age import Identity

KEY = "EVIDENCE_KIT_KEY"
KEY_PASSPHRASE = "EVIDENCE_KIT_KEY_PASSPHRASE"  # noqa: S105  # a name, not a passphrase


def identities(run: "Run", files: Sequence[Path] | None, passphrase_file: Path | None) -> "tuple[Identity, ...]":
    """Return the keys in *files*, or in the file that ``EVIDENCE_KIT_KEY`` names; none where nothing is named.

    Raises `UsageError` for a file that holds none, or for a wrong passphrase.
    """
    named = list(files or ())
    if not named and run.environ.get(KEY):
        named = [Path(run.environ[KEY])]
    return tuple(key for file in named for key in _read(run, file, passphrase_file))


def _read(run: "Run", file: Path, passphrase_file: Path | None) -> "tuple[Identity, ...]":
    from evidence_kit.trust.age import read_identities
    from evidence_kit.trust.age.header import INTRO
    from evidence_kit.trust.age.keys import LARGEST_KEY_FILE

    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST_KEY_FILE)
        passphrase = _passphrase(run, file, passphrase_file) if data.startswith(INTRO) else None
        return read_identities(data, passphrase=passphrase)
    except OSError as error:
        raise UsageError(f"the key {file} cannot be read: {error.strerror}") from error
    except FormatError as error:
        hint = "the key is the file that evidence-kit recipient new (or age-keygen) made"
        raise UsageError(f"the key {file} cannot be used: {error}", hint=hint) from error


def _passphrase(run: "Run", key: Path, file: Path | None) -> bytes:
    from evidence_kit.cli.run import first_line

    if file is not None:
        return first_line(file)
    if KEY_PASSPHRASE in run.environ:
        return os.fsencode(run.environ[KEY_PASSPHRASE])
    if sys.stdin.isatty():
        question = run.texts.say("ask.key-passphrase", name=key.name)
        return getpass.getpass(f"{question}: ", stream=sys.stderr).encode()
    hint = f"give it with --key-passphrase-file or in {KEY_PASSPHRASE}"
    raise UsageError(f"the key {key} is under a passphrase", hint=hint)
