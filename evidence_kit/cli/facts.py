"""What people read of the facts and conversations found in what was handed over."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from evidence_kit.canonical import Json
from evidence_kit.cli.output import say
from evidence_kit.display import shorten, visible
from evidence_kit.errors import CaseError, FormatError, UsageError
from evidence_kit.texts import Texts

if TYPE_CHECKING:
    from pathlib import Path

    from evidence_kit.intake.chats import Message
    from evidence_kit.intake.facts import FileFacts

_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
_MESSAGES = re.compile(r"messages-[0-9]{2,9}\.jsonl")
_WIDTH = 200
"""Characters of a value; all of it stands in facts.json."""
_MOST_FINDINGS = 40
"""Findings about conversations that are said; the file has all."""


def facts_of(folder: "Path", *, places: bool) -> "list[FileFacts]":
    """Return the facts that the item in *folder* has; those shown on demand only with *places*. Raises `CaseError`."""
    from evidence_kit.intake.facts import FileFacts, shown_on_demand

    found = []
    for value in _listed(folder, "facts.json", "evidence-kit/facts/1", "files"):
        try:
            facts = FileFacts.from_json(value)
        except FormatError as error:
            raise unreadable(folder, "facts.json", str(error)) from error
        kept = tuple(finding for finding in facts.findings if places or not shown_on_demand(finding))
        found.append(replace(facts, findings=kept))
    return found


def conversations_of(folder: "Path") -> list[dict[str, Json]]:
    """Return the headers of the conversations that were found in the item in *folder*; raises `CaseError`."""
    return _listed(folder, "conversations.json", "evidence-kit/conversations/1", "conversations")


def conversation_findings_of(folder: "Path") -> list[dict[str, Json]]:
    """Return what could not be read as conversations in the item in *folder*, and why; raises `CaseError`."""
    return _listed(folder, "conversations.json", "evidence-kit/conversations/1", "findings")


def archives_of(folder: "Path") -> list[dict[str, Json]]:
    """Return what the web archives of other tools in the item in *folder* hold; raises `CaseError`."""
    return _listed(folder, "archives.json", "evidence-kit/archives/1", "archives")


def say_archives(texts: Texts, folder: "Path", *, whole: bool) -> None:
    """Print a line for each archive; if *whole*, its pages and what did not pass under it."""
    archives = archives_of(folder)
    if archives:
        say(f"  {texts.say('facts.archives')}:")
    for each in archives:
        records, pages, checks = each.get("records"), _objects(each.get("pages")), _objects(each.get("checks"))
        unlisted = each.get("pages_unlisted")
        counts = [count for count in records.values() if isinstance(count, int)] if isinstance(records, dict) else []
        told = texts.say(
            "facts.archive",
            file=each.get("file"),
            kind=each.get("kind"),
            software=each.get("software") or "–",
            records=sum(counts),
            pages=len(pages) + (unlisted if isinstance(unlisted, int) else 0),
            seal=texts.word("seals", str(each.get("seal"))),
            passed=each.get("checks_passed"),
            others=len(checks),
        )
        say(f"    {told}")
        for page in pages if whole else ():
            say(f"      {visible(str(page.get('ts')))}  {visible(shorten(str(page.get('url')), _WIDTH))}")
        for check in checks if whole else ():
            said = f"{check.get('id')}: {check.get('outcome')}; {check.get('subject')}: {check.get('detail')}"
            say(f"      {visible(shorten(said, 2 * _WIDTH))}")


def messages_of(folder: "Path", wanted: str, conversation: int) -> "list[Message]":
    """Return the messages of the range *wanted*; raises `UsageError` for one that is not there, `CaseError`."""
    from evidence_kit.intake.chats import read_messages

    match = _RANGE.fullmatch(wanted.strip())
    headers = conversations_of(folder)
    header = next((header for header in headers if header.get("number") == conversation), None)
    if header is None:
        message = f"the item has no conversation {conversation}; it has {len(headers)}"
        raise UsageError(message, hint=f"evidence-kit show {folder.name} lists them")
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    count = header.get("messages")
    if not 1 <= first <= last <= (count if isinstance(count, int) else 0):
        message = f"conversation {conversation} has no messages {wanted!r}; it has {count}"
        raise UsageError(message, hint="name a range, e.g. --messages 1-20")
    name = str(header.get("file"))
    if not _MESSAGES.fullmatch(name):  # nothing outside of the item is read
        raise unreadable(folder, "conversations.json", "it names no messages file")
    try:
        return list(read_messages(folder / name, first, last))
    except (FormatError, OSError) as error:
        raise unreadable(folder, name, str(error)) from error


def say_facts(texts: Texts, folder: "Path", *, whole: bool, places: bool) -> None:
    """Print a line for each file; if *whole*, every finding under it."""
    facts = facts_of(folder, places=places)
    hidden = sum(len(each.findings) for each in facts_of(folder, places=True)) - sum(len(f.findings) for f in facts)
    if facts:
        say(f"  {texts.say('facts.heading')}:")
    for each in facts:
        say(f"    {_measured(texts, each)}")
        for line in _findings(each) if whole else ():
            say(f"      {line}")
    if facts and not whole:
        say(f"    {texts.say('facts.more', item=folder.name)}")
    if hidden:
        say(f"    {texts.say('facts.on-demand', count=hidden)}")


def say_conversations(texts: Texts, folder: "Path") -> None:
    """Print a line for each conversation, how to read it, and what could not be read as one."""
    headers = conversations_of(folder)
    if headers:
        say(f"  {texts.say('facts.conversations')}:")
    for header in headers:
        participants = header.get("participants")
        people = participants if isinstance(participants, list) else []
        names = ", ".join(str(person.get("name")) for person in people if isinstance(person, dict))
        told = texts.say(
            "facts.conversation",
            number=header.get("number"),
            platform=header.get("platform"),
            title=shorten(str(header.get("title")), _WIDTH),
            participants=shorten(names, _WIDTH),
            messages=header.get("messages"),
            first=header.get("first") or "–",
            last=header.get("last") or "–",
        )
        say(f"    {told}")
    if headers:
        say(f"    {texts.say('facts.read-messages', item=folder.name)}")
    findings = conversation_findings_of(folder)
    if findings:
        say(f"  {texts.say('facts.not-conversations')}: {len(findings)}")
    for each in findings[:_MOST_FINDINGS]:
        source = each.get("source")
        file = str(source.get("file")) if isinstance(source, dict) else ""
        value = shorten(str(each.get("value")), _WIDTH)
        told = f"{each.get('code')}: {value}; {each.get('detail')}{f' [{file}]' if file else ''}"
        say(f"    {visible(told)}")


def say_messages(texts: Texts, folder: "Path", wanted: str, conversation: int) -> None:
    """Print the messages of a range, each with its place in the original."""
    header = next((h for h in conversations_of(folder) if h.get("number") == conversation), {})
    participants = header.get("participants")
    people = participants if isinstance(participants, list) else []
    for message in messages_of(folder, wanted, conversation):
        person = people[message.sender] if message.sender is not None and message.sender < len(people) else None
        name = str(person.get("name")) if isinstance(person, dict) else texts.say("facts.no-sender")
        say(f"  {message.number}  {visible(message.time_as_told)}  {visible(name)}")
        for line in message.text.split("\n"):
            say(f"      {visible(line)}")
        for attachment in message.attachments:
            say(f"      [{visible(attachment.name)}{f' = {visible(attachment.file)}' if attachment.file else ''}]")
        source = message.source
        say(
            f"      {texts.say('facts.place', place=f'{source.file} {source.pointer} {_bytes(source.offset)}'.strip())}"
        )


def _measured(texts: Texts, facts: "FileFacts") -> str:
    size = f", {facts.width} x {facts.height}" if facts.width and facts.height else ""
    kind = texts.word("kinds-of-files", facts.kind)
    count = texts.say("facts.count", count=len(facts.findings))
    return f"{visible(facts.file)}: {kind}, {visible(facts.media_type)}{size}, {count}"


def _findings(facts: "FileFacts") -> Iterator[str]:
    from evidence_kit.canonical import dumps

    for finding in facts.findings:
        value = finding.value if isinstance(finding.value, str) else dumps(finding.value).decode("utf-8")
        place = f"{finding.source.pointer} {_bytes(finding.source.offset)}".strip()
        detail = f"; {finding.detail}" if finding.detail else ""
        yield visible(f"{finding.code}: {shorten(value, _WIDTH)}{detail} [{place}]")


def _objects(value: Json) -> list[dict[str, Json]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _bytes(offset: int | None) -> str:
    return "" if offset is None else f"@{offset}"


def _listed(folder: "Path", name: str, schema: str, key: str) -> list[dict[str, Json]]:
    from evidence_kit import canonical
    from evidence_kit.case.supply import LARGEST
    from evidence_kit.plain import read_plain

    try:
        value = canonical.parse(read_plain(folder / name, LARGEST))
    except FileNotFoundError:
        return []
    except (OSError, FormatError) as error:
        raise unreadable(folder, name, str(error)) from error
    match value:
        case {"schema": str(found)} if found == schema and isinstance(value, dict):
            listed = value.get(key)
            return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    raise unreadable(folder, name, f"it does not say {schema}")


def unreadable(folder: "Path", name: str, why: str) -> CaseError:
    """Return the error that the list *name* of the item in *folder* is not what an import writes."""
    return CaseError(f"{name} of {folder.name} cannot be read: {why}", hint="run: evidence-kit verify CASE")
