"""Chat exports as the programs write them, made from one fictional talk: neighbours who plan to plant trees."""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from evidence_kit.intake.chats import SuppliedFile

START = datetime(2026, 3, 14, 7, 5, 9, tzinfo=UTC)
PEOPLE = ("Болд Өлзий", "Сараа Үүрийнтуяа")
LINES = (
    "Сайн байна уу? Өнөөдөр хоёр цагт уулзах уу?",
    "За 👍🏽 Үүдэн дээр хүлээе",
    "Мод суулгах хүрз 25 000₮ болно 🌳",
    "Plain ASCII line",
    "Хоёр мөр:\nнэг дэх\nхоёр дахь",
    "Эмодзи 👨‍👩‍👧 ба ө ү Ө Ү ₮",
)
PICTURE = b"\xff\xd8\xff\xe0 a small picture that nobody decodes"


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said."""

    who: str
    when: datetime
    text: str


def talk(count: int) -> Iterator[Said]:
    """Yield *count* things said, 40 seconds apart."""
    for index in range(count):
        text = LINES[index % len(LINES)]
        yield Said(
            PEOPLE[index % len(PEOPLE)],
            START + timedelta(seconds=40 * index),
            f"{text} #{index}" if "\n" not in text else text,
        )


def supplied(folder: Path, names: Iterable[str] | None = None) -> list[SuppliedFile]:
    """Return the files below *folder* as the import hands them over, in the order of their names."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    relative = [path.relative_to(folder).as_posix() for path in found]
    return [
        SuppliedFile(path=path, file=f"original/{number:04d}{path.suffix}", name=name)
        for number, (path, name) in enumerate(zip(found, relative, strict=True), 1)
        if names is None or name in names
    ]


def broken(text: str) -> str:
    """Return the JSON string literal of Facebook for *text*: the UTF-8 bytes as escapes of Latin-1 characters."""
    return json.dumps(text.encode("utf-8", "surrogatepass").decode("latin-1"))


def facebook_message(said: Said, extra: str = "") -> str:
    """Return one message object as Facebook writes it."""
    moment = int(said.when.timestamp() * 1000)
    return (
        f'{{\n      "sender_name": {broken(said.who)},\n      "timestamp_ms": {moment},\n'
        f'      "content": {broken(said.text)},{extra}\n      "is_geoblocked_for_viewer": false\n    }}'
    )


def facebook_file(messages: Sequence[str], title: str, path: str) -> str:
    """Return one message_N.json."""
    participants = ",".join(f'\n    {{\n      "name": {broken(name)}\n    }}' for name in PEOPLE)
    listed = ",\n    ".join(messages)
    return (
        f'{{\n  "participants": [{participants}\n  ],\n  "messages": [\n    {listed}\n  ],\n'
        f'  "title": {broken(title)},\n  "is_still_participant": true,\n'
        f'  "thread_path": "{path}",\n  "magic_words": []\n}}'
    )


def facebook(folder: Path, count: int, *, in_file: int = 10_000, root: str = "messages", name: str = "saraa_1") -> Path:
    """Write a thread, newest message first, *in_file* messages a file, and return its folder."""
    thread = folder / root / "inbox" / name
    thread.mkdir(parents=True)
    newest_first = list(talk(count))[::-1]
    for number, start in enumerate(range(0, count, in_file), 1):
        messages = [facebook_message(said) for said in newest_first[start : start + in_file]]
        text = facebook_file(messages, PEOPLE[1], f"inbox/{name}")
        (thread / f"message_{number}.json").write_text(text, encoding="ascii")
    return thread


def whatsapp_android(said: Iterable[Said], form: str = "%d/%m/%Y, %H:%M") -> str:
    """Return a text export of Android."""
    notice = "Messages and calls are end-to-end encrypted. Only people in this chat can read, listen to, or share them."
    lines = [f"{START.strftime(form)} - {notice}"]
    lines += [f"{one.when.strftime(form)} - {one.who}: {one.text}" for one in said]
    return "\n".join(lines) + "\n"


def whatsapp_ios(said: Iterable[Said], form: str = "[%d.%m.%Y, %H:%M:%S]") -> str:
    """Return a text export of iOS."""
    notice = "\u200eMessages and calls are end-to-end encrypted."
    lines = [f"{START.strftime(form)} {PEOPLE[1]}: {notice}"]
    lines += [f"{one.when.strftime(form)} {one.who}: {one.text}" for one in said]
    return "\r\n".join(lines) + "\r\n"


def zipped(entries: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip of entries, which may have any name."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return target.getvalue()
