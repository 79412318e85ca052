"""Chat exports as the programs write them, made from one fictional talk: neighbours who plan to plant trees."""

import csv
import html
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
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


def telegram_message(index: int, said: Said) -> dict[str, object]:
    """Return one message as Telegram Desktop writes it; its clock is eight hours ahead of UTC."""
    first, _, rest = said.text.partition(" ")
    text: object = [{"type": "bold", "text": first}, f" {rest}"] if rest and index % 3 == 0 else said.text
    return {
        "id": 1000 + 2 * index,
        "type": "message",
        "date": (said.when + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%S"),
        "date_unixtime": str(int(said.when.timestamp())),
        "from": said.who,
        "from_id": f"user{PEOPLE.index(said.who) + 70}",
        "text": text,
        "text_entities": [{"type": "plain", "text": said.text}],
    }


def telegram_chat(said: Iterable[Said], name: str = "Мод") -> dict[str, object]:
    """Return a chat as Telegram Desktop writes it."""
    messages = [telegram_message(index, one) for index, one in enumerate(said)]
    return {"name": name, "type": "personal_chat", "id": 4711, "messages": messages}


def telegram(folder: Path, count: int) -> Path:
    """Write the export of one chat and return its file."""
    path = folder / "result.json"
    path.write_text(json.dumps(telegram_chat(talk(count)), ensure_ascii=False, indent=1), encoding="utf-8")
    return path


def telegram_block(index: int, said: Said, *, joined: bool = False, inside: str = "", zone: str = " UTC+08:00") -> str:
    """Return one message of Telegram Desktop's HTML."""
    when = (said.when + timedelta(hours=8)).strftime("%d.%m.%Y %H:%M:%S")
    name = "" if joined else f'\n       <div class="from_name">\n{html.escape(said.who)} \n       </div>\n'
    text = html.escape(said.text).replace("\n", "<br>")
    return (
        f'     <div class="message default clearfix{" joined" * joined}" id="message{index}">\n'
        '      <div class="body">\n'
        f'       <div class="pull_right date details" title="{when}{zone}">\n{when[11:16]}\n       </div>\n'
        f"{name}{inside}"
        f'       <div class="text">\n{text}\n       </div>\n      </div>\n     </div>\n'
    )


def telegram_page(blocks: Iterable[str], name: str = "Мод") -> str:
    """Return one page of Telegram Desktop's HTML."""
    return (
        '<!DOCTYPE html>\n<html>\n <head>\n  <meta charset="utf-8"/>\n  <title>Exported Data</title>\n'
        '  <script src="js/script.js" type="text/javascript"></script>\n </head>\n <body onload="CheckLocation();">\n'
        '  <div class="page_wrap">\n   <div class="page_header">\n    <div class="content">\n'
        f'     <div class="text bold">\n{html.escape(name)} \n     </div>\n    </div>\n   </div>\n'
        '   <div class="page_body chat_page">\n    <div class="history">\n'
        '     <div class="message service" id="message-1">\n'
        '      <div class="body details">\n14 March 2026\n      </div>\n     </div>\n'
        f"{''.join(blocks)}    </div>\n   </div>\n  </div>\n </body>\n</html>\n"
    )


def telegram_html(folder: Path, count: int, *, in_page: int = 1000) -> None:
    """Write the pages of one chat, oldest message first."""
    said = list(talk(count))
    for number, start in enumerate(range(0, count, in_page), 1):
        blocks = [telegram_block(start + index + 1, one) for index, one in enumerate(said[start : start + in_page])]
        name = f"messages{number if number > 1 else ''}.html"
        (folder / name).write_text(telegram_page(blocks), encoding="utf-8")


def facebook_block(said: Said, inside: str = "") -> str:
    """Return one message of Facebook's HTML of 2021 and later."""
    when = said.when.strftime("%b %d, %Y %I:%M:%S %p").replace("AM", "am").replace("PM", "pm")
    return (
        f'<section class="_a6-g"><h2 class="_2ph_ _a6-h _a6-i">{html.escape(said.who)}</h2>'
        '<div class="_2ph_ _a6-p"><div><div></div>'
        f"<div>{html.escape(said.text).replace(chr(10), '<br />')}</div><div></div><div></div>{inside}</div></div>"
        f'<footer class="_3-94 _a6-o"><div class="_a72d">{when}</div></footer></section>'
    )


def facebook_page(blocks: Iterable[str], title: str = "Мод") -> str:
    """Return one page of Facebook's HTML."""
    return (
        '<html><head><meta charset="utf-8" /><title>Мод</title><style>._a6-g{margin:0}</style></head><body>'
        f"<h1>{html.escape(title)}</h1><main>{''.join(blocks)}</main></body></html>"
    )


def facebook_html(folder: Path, count: int, *, in_page: int = 10_000) -> None:
    """Write the pages of one thread, newest message first."""
    newest_first = list(talk(count))[::-1]
    for number, start in enumerate(range(0, count, in_page), 1):
        page = facebook_page(facebook_block(said) for said in newest_first[start : start + in_page])
        (folder / f"message_{number}.html").write_text(page, encoding="utf-8")


ADDRESSES = ("bold@mod.example", "saraa@mod.example")


def mail(index: int, said: Said) -> EmailMessage:
    """Return one e-mail as programs write them today."""
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    who = PEOPLE.index(said.who)
    message["From"] = f"{said.who} <{ADDRESSES[who]}>"
    message["To"] = f"{PEOPLE[1 - who]} <{ADDRESSES[1 - who]}>"
    message["Date"] = format_datetime(said.when)
    message["Subject"] = "Мод суулгах өдөр"
    message["Message-ID"] = f"<{index}@mod.example>"
    if index:
        message["In-Reply-To"] = f"<{index - 1}@mod.example>"
    message.set_content(said.text)
    return message


def mbox(folder: Path, count: int) -> Path:
    """Write a mailbox and return its file."""
    path = folder / "Мод.mbox"
    with path.open("wb") as stream:
        for index, said in enumerate(talk(count)):
            stream.write(b"From bold@mod.example Sat Mar 14 07:05:09 2026\n")
            stream.write(mail(index, said).as_bytes().replace(b"\r\n", b"\n") + b"\n")
    return path


def viber(folder: Path, count: int) -> Path:
    """Write a CSV file of one chat and return it."""
    path = folder / "Сараа.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        rows = csv.writer(stream)
        for said in talk(count):
            mine = said.who == PEOPLE[0]
            when = (said.when.strftime("%d/%m/%Y"), said.when.strftime("%H:%M:%S"))
            rows.writerow([*when, "Me" if mine else said.who, "" if mine else "+97600000000", said.text])
    return path


def zipped(entries: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip of entries, which may have any name."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return target.getvalue()
