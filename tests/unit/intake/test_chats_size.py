"""Large exports are read whole, and in memory that does not grow with them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_kit.intake.chats import SuppliedFile, read_messages, write_conversations
from tests.support.chat_exports import (
    facebook,
    facebook_html,
    mbox,
    supplied,
    talk,
    telegram,
    telegram_html,
    viber,
    whatsapp_android,
)


def whatsapp(folder: Path, count: int) -> None:
    # The notice at its beginning is a message too.
    (folder / "_chat.txt").write_text(whatsapp_android(talk(count - 1)), encoding="utf-8")


ROOT = Path(__file__).parents[3]

MAKERS: dict[str, Callable[[Path, int], object]] = {
    "facebook": facebook,
    "facebook page": facebook_html,
    "mailbox": mbox,
    "telegram": telegram,
    "telegram page": telegram_html,
    "viber": viber,
    "whatsapp": whatsapp,
}


def exported(folder: Path, kind: str, count: int) -> list[SuppliedFile]:
    """Write *count* messages as an export, and make the folder of the item."""
    (folder / "in").mkdir(parents=True)
    (folder / "item").mkdir()
    MAKERS[kind](folder / "in", count)
    return supplied(folder / "in")


@pytest.mark.parametrize("count", [300, pytest.param(100_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", MAKERS)
def test_large_export_is_written_whole_and_its_end_is_read_back(tmp_path: Path, kind: str, count: int) -> None:
    write_conversations(exported(tmp_path, kind, count), tmp_path / "item")

    ends = list(read_messages(tmp_path / "item" / "messages-01.jsonl", count - 1))

    assert [message.number for message in ends] == [count - 1, count]
    assert ends[-1].text == list(talk(count))[-2 if kind == "whatsapp" else -1].text


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="NOT TESTED: this system does not tell a process's largest memory")
@pytest.mark.parametrize("kind", MAKERS)
def test_a_hundred_thousand_messages_take_little_memory(tmp_path: Path, kind: str) -> None:
    exported(tmp_path, kind, 100_000)
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from evidence_kit.intake.chats import write_conversations\n"
        "from tests.support.chat_exports import supplied\n"
        "folder = Path(sys.argv[1])\n"
        "written = write_conversations(supplied(folder / 'in'), folder / 'item')\n"
        "print(written.conversations[0].count)\n"
        "print(Path('/proc/self/status').read_text())\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], cwd=ROOT, capture_output=True, timeout=600, check=True
    )

    count, *status = done.stdout.decode().splitlines()
    # Not ru_maxrss, in which Linux counts what the process that started this one had.
    (most,) = (int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    assert int(count) == 100_000
    assert most < 250_000
