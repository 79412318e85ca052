"""Compare the conversations of a supplied item with the recorded text of a captured page: messages, names, times."""

from collections.abc import Iterator

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.derive.findings import Compared, Comparison, Kind, NotCompared, Place
from evidence_kit.derive.items import ComparedItem
from evidence_kit.derive.page_texts import PageText
from evidence_kit.derive.pictures import of_text, of_token
from evidence_kit.errors import FormatError
from evidence_kit.models import OnStep

HEADERS = "conversations.json"
MOST_MESSAGES = 2000
_MOST_NAMES = 100
_LONGEST = 2000
"""Letters of a message that are compared."""
_SHORTEST = 3
_CLOCK = slice(11, 16)
"""Hours and minutes in a time of ISO 8601: what pages show of it differs otherwise."""


def compare_chats(supplied: ComparedItem, captured: ComparedItem, on_step: OnStep) -> Compared:
    """Return which messages and names of the conversations stand in the page; raises `FormatError`, `OSError`."""
    if HEADERS not in supplied.files("conversations"):
        return Compared()
    texts = captured.files("text")
    if not texts:
        why = "the captured item has no text of the page"
        return Compared(not_compared=(NotCompared(code="text.no-page-text", detail=why, supplied=HEADERS),))
    on_step("comparing conversations")
    page = PageText(captured.read(texts[0]).decode("utf-8", "replace"))
    conversations = supplied.document(HEADERS).get("conversations")
    found: list[Comparison] = []
    left: list[NotCompared] = []
    room = MOST_MESSAGES
    for index, head in enumerate(conversations if isinstance(conversations, list) else ()):
        match head:
            case {"file": str(file), "participants": list(people), "messages": int(count)}:
                found += _names(people, index, texts[0], page)
                read = min(count, room)
                found += _messages(supplied, file, read, texts[0], page)
                room -= read
                if read < count:
                    detail = f"only the first {read} of {count} messages were compared"
                    left.append(NotCompared(code="too-many", detail=detail, supplied=file))
            case _:
                raise FormatError(f"{HEADERS} does not describe a conversation")
    return Compared(found=tuple(found), not_compared=tuple(left))


def _names(people: list[Json], conversation: int, text: str, page: PageText) -> Iterator[Comparison]:
    for number, person in enumerate(people[:_MOST_NAMES]):
        name = person.get("name") if isinstance(person, dict) else None
        if isinstance(name, str) and name.strip():
            place = Place(file=HEADERS, pointer=f"/conversations/{conversation}/participants/{number}/name")
            yield of_token(Kind.NAME, name, place, text, page)


def _messages(item: ComparedItem, file: str, count: int, text: str, page: PageText) -> Iterator[Comparison]:
    for number, line in enumerate(item.read(file).splitlines()[:count], start=1):
        match canonical.parse(line):
            case {"text": str(written), **rest}:
                place = Place(file=file, pointer=f"line/{number}")
                if sum(letter.isalnum() for letter in written) >= _SHORTEST:
                    yield of_text(Kind.MESSAGE, written[:_LONGEST], place, text, page)
                local = rest.get("local")
                if isinstance(local, str) and (clock := local[_CLOCK]):
                    yield of_token(Kind.TIME, clock, place, text, page)
