"""Firefox without a window, told what to do by Marionette: JSON over a socket, each message after its length.

Protocol 3: a command is ``[0, id, name, parameters]``, its answer ``[1, id, error or null, result]``.
"""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("firefox-esr") or shutil.which("firefox")
_SECONDS = 60.0
_PREFERENCES = {
    "marionette.port": 0,
    "remote.prefs.recommended": True,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.disabledForTesting": True,
    "network.dns.disabled": True,
}


@dataclass(kw_only=True)
class Firefox:
    """A running Firefox."""

    connection: socket.socket
    asked: int = 0

    def ask(self, command: str, **parameters: object) -> Any:  # noqa: ANN401  # as the command has it
        """Give a command and return its result."""
        self.asked += 1
        data = json.dumps([0, self.asked, command, parameters]).encode()
        self.connection.sendall(b"%d:%s" % (len(data), data))
        _, number, error, result = self.heard()
        assert (number, error) == (self.asked, None), error
        return result

    def heard(self) -> Any:  # noqa: ANN401  # as the command has it
        """Return the next message."""
        size = b""
        while not size.endswith(b":"):
            size += self.connection.recv(1)
        data = b""
        while len(data) < int(size[:-1]):
            data += self.connection.recv(65536)
        return json.loads(data)

    def run(self, script: str, *arguments: object) -> Any:  # noqa: ANN401  # as the script has it
        """Run *script* as a person with the browser's tools would, and return what it returns."""
        return self.ask("WebDriver:ExecuteScript", script=script, args=list(arguments))["value"]

    def choose(self, selector: str, file: Path) -> None:
        """Choose *file* in a field for files, as soon as there is one."""
        self.wait(f"document.querySelector('{selector}')")
        found = self.ask("WebDriver:FindElement", using="css selector", value=selector)["value"]
        (element,) = found.values()
        self.ask("WebDriver:ElementSendKeys", id=element, text=str(file))

    def wait(self, condition: str) -> None:
        """Wait until *condition* holds."""
        end = time.monotonic() + _SECONDS
        while not self.run(f"return Boolean({condition})"):
            assert time.monotonic() < end, condition
            time.sleep(0.2)


@contextmanager
def running(profile: Path) -> Iterator[Firefox]:
    """Run Firefox with a new *profile*."""
    assert PROGRAM is not None
    profile.mkdir()
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in _PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
    command = [PROGRAM, "--headless", "--marionette", "--no-remote", "--profile", str(profile), "about:blank"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            with socket.create_connection(("127.0.0.1", _port(profile)), timeout=_SECONDS) as connection:
                firefox = Firefox(connection=connection)
                firefox.heard()
                firefox.ask("WebDriver:NewSession", capabilities={"alwaysMatch": {"strictFileInteractability": False}})
                yield firefox
        finally:
            process.terminate()


def _port(profile: Path) -> int:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        told = profile / "MarionetteActivePort"
        if told.is_file() and (text := told.read_text(encoding="ascii").strip()):
            return int(text)
        time.sleep(0.1)
    message = "Firefox did not start"
    raise AssertionError(message)
