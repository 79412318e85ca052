"""A screen without a monitor, and hands: Xvfb and xdotool, which `scripts/bootstrap.sh test` installs."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A screen of its own."""

    display: str

    def environment(self) -> dict[str, str]:
        """Return the variables for programs that are to appear on it."""
        kept = {name: value for name, value in os.environ.items() if name != "WAYLAND_DISPLAY"}
        return {**kept, "DISPLAY": self.display}

    def click(self, place: tuple[float, float]) -> None:
        """Click at *place*, in pixels of the screen."""
        self._do("mousemove", str(round(place[0])), str(round(place[1])), "click", "1")

    def type(self, text: str) -> None:
        """Type *text*."""
        self._do("type", text)

    def press(self, key: str) -> None:
        """Press *key*, as ``ctrl+shift+w``."""
        self._do("key", key)

    def windows(self) -> list[str]:
        """Return the numbers of the windows that can be seen."""
        command = ["xdotool", "search", "--onlyvisible", "--name", "."]
        found = subprocess.run(command, env=self.environment(), capture_output=True, encoding="ascii", check=False)
        return found.stdout.split()

    def _do(self, *command: str) -> None:
        subprocess.run(["xdotool", *command], env=self.environment(), check=True)


@contextmanager
def screen() -> Iterator[Screen]:
    """Run a screen; the test is skipped, and says so, on a machine without the programs."""
    if not shutil.which("Xvfb") or not shutil.which("xdotool"):
        pytest.skip("NOT TESTED: Xvfb or xdotool is missing")
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x1000x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as process, os.fdopen(read) as answer:
        os.close(write)
        try:
            yield Screen(display=f":{answer.readline().strip()}")
        finally:
            process.terminate()
