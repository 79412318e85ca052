"""Measure what taking in an export of 100,000 messages costs, for each kind: the command itself, by the clock.

Memory is the most that the command's own process had (VmHWM); what examines the files is another, with a bound.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.measuring import Bench
from tests.support import chat_exports

_MESSAGES = 100_000
_PROJECT = Path(__file__).parents[2]
_OFFICER = ("--name", "Bench", "--id", "1", "--role", "bench", "--agency", "bench")


def intake(bench: Bench) -> None:
    """Print a row for each kind of export."""
    print("\n| an export of 100,000 messages | its files | import (clock) | memory |\n|---|---|---|---|", flush=True)
    with TemporaryDirectory(dir=bench.folder) as name:
        folder = Path(name)
        environ = {**os.environ, "EVIDENCE_KIT_HOME": str(folder / "home")}
        _run(environ, "setup", "--practice", *_OFFICER)
        _run(environ, "case", "new", str(folder / "case"), "--number", "1", "--title", "bench")
        for kind, make in _KINDS.items():
            supplied = folder / kind
            supplied.mkdir()
            make(supplied)
            size = sum(path.stat().st_size for path in supplied.rglob("*") if path.is_file())
            began = time.monotonic()
            most = _run(environ, "import", str(supplied), "--case", str(folder / "case"))
            taken = time.monotonic() - began
            print(f"| {kind} | {size / 1e6:.0f} MB | {taken:.1f} s | {most / 1024:.0f} MB |", flush=True)


def _whatsapp(folder: Path) -> None:
    text = chat_exports.whatsapp_android(chat_exports.talk(_MESSAGES))
    (folder / "WhatsApp Chat with Мод.txt").write_text(text, encoding="utf-8")


_KINDS: dict[str, Callable[[Path], object]] = {
    "Facebook, JSON": lambda folder: chat_exports.facebook(folder, _MESSAGES),
    "Facebook, HTML": lambda folder: chat_exports.facebook_html(folder, _MESSAGES),
    "WhatsApp": _whatsapp,
    "Telegram, JSON": lambda folder: chat_exports.telegram(folder, _MESSAGES),
    "Telegram, HTML": lambda folder: chat_exports.telegram_html(folder, _MESSAGES),
    "Viber, CSV": lambda folder: chat_exports.viber(folder, _MESSAGES),
    "mbox": lambda folder: chat_exports.mbox(folder, _MESSAGES),
}


def _run(environ: dict[str, str], *arguments: str) -> int:
    """Run a command of the kit, and return the most memory that it had, in kB where the system tells (else 0)."""
    command = [sys.executable, "-c", _MEASURED, *arguments]
    told = subprocess.run(command, check=True, capture_output=True, cwd=_PROJECT, env=environ, text=True)
    return int(told.stderr.strip().rpartition("\n")[2] or 0)


_MEASURED = """
import sys
from pathlib import Path
from evidence_kit.cli import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    code = ended.code
status = Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else ()
most = next((line.split()[1] for line in lines if line.startswith("VmHWM:")), 0)
sys.stderr.write(f"\\n{most}\\n")
sys.exit(code)
"""
