"""A witness as another body runs it: a process of its own, with a settings folder and a key of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evidence_kit.models import Officer
from evidence_kit.settings import add_practice_key, load_settings, save_settings
from evidence_kit.trust.channel_key import channel_key
from evidence_kit.wire.account import Account
from evidence_kit.wire.relay import Relay, start_relay
from evidence_kit.wire.spool import hash_spool, read_spool
from evidence_kit.wire.witness.channel import Session, WitnessPlace
from evidence_kit.wire.witness.sessions import close_session, read_place
from evidence_kit.wire.witness.statements import Statement, read_statements

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Installation:
    """One installation of the kit: a settings folder in a folder of its own."""

    folder: Path

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run the command line and wait for it."""
        return subprocess.run(
            self._command(*arguments), env=self._environment(), capture_output=True, encoding="utf-8", check=False
        )

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Start the command line."""
        return subprocess.Popen(
            self._command(*arguments), env=self._environment(), stdout=subprocess.PIPE, encoding="utf-8"
        )

    def done(self, *arguments: object) -> str:
        """Run the command line, which must succeed, and return what it printed."""
        answer = self.run(*arguments)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def set_up(self, name: str, *, tsa: tuple[str, ...] = ()) -> "Installation":
        """Make an officer with a practice key, and write the channel's certificate to `certificate`."""
        now = datetime.now(UTC)
        officer = Officer(name=name, id="7", role="прокурор", agency="Сургалтын байгууллага")
        self.home.mkdir(parents=True)
        save_settings(replace(add_practice_key(load_settings(self.home), officer, now=now), tsa=tsa))
        self.certificate.write_bytes(channel_key(self.home / "channel.pem", name, now=now).pem())
        return self

    @property
    def certificate(self) -> Path:
        """Where `set_up` writes the certificate of the channel key."""
        return self.folder / "channel certificate.pem"

    @property
    def home(self) -> Path:
        """The settings folder."""
        return self.folder / "home"

    @staticmethod
    def _command(*arguments: object) -> list[str]:
        return [sys.executable, "-m", "evidence_kit", *map(str, arguments)]

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "EVIDENCE_KIT_HOME": str(self.home),
            "EVIDENCE_KIT_LANG": "en",
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
        }


@contextmanager
def serving(witness: Installation, clients: list[Installation], *options: object) -> Iterator[str]:
    """Run *witness* for *clients* on the loopback interface, and yield ``HOST:PORT``; its log is in ``log``."""
    allowed = [part for client in clients for part in ("--client", client.certificate)]
    command = ("witness", "serve", witness.folder / "log", "--host", "127.0.0.1", "--port", "0", "--json")
    process = witness.start(*command, *allowed, *options)
    try:
        assert process.stdout is not None
        document = ""
        while not document.endswith("}\n"):
            line = process.stdout.readline()
            assert line, "the witness did not start"
            document += line
        yield json.loads(document)["url"].removeprefix("https://")
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


def place_of(address: str, witness: Installation, client: Installation) -> WitnessPlace:
    """Return where *client* finds the *witness* that serves at *address*."""
    return read_place(address, key=client.home / "channel.pem", trusted=witness.certificate.read_bytes())


def account(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of connections of the spool in *folder*."""
    spool = read_spool(folder)
    assert spool.problems == ()
    told = Account(hash_spool(spool), key_log=None)
    return [told.describe(each, None, None, protocol="other") for each in spool.connections]


def statements(session: Session) -> tuple[list[Statement], dict[str, bytes]]:
    """Close *session*, and return what the witness signed, and its files."""
    files, problem = close_session(session)
    assert problem == ""
    return read_statements(files["witness.jsonl"], files["witness.sig"]), files


def relayed(folder: Path, session: Session) -> Relay:
    """Return a relay into the new *folder* whose connections the witness of *session* makes."""
    folder.mkdir()
    return start_relay(folder, witness=session)
