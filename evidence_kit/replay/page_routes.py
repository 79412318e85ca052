"""What is served where: below the page's secret word, and at the origin of a replay.

Before a reveal there are only the page, the words on it, neutral facts and blurred pictures; what a grant opens is
below ``shown/WORD/`` until it is hidden again.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from html import escape
from http import HTTPStatus
from importlib.resources import files
from string import Template
from urllib.parse import parse_qs

from evidence_kit.canonical import Json
from evidence_kit.errors import UsageError
from evidence_kit.pictures.viewing_copy import mosaic
from evidence_kit.replay.page_documents import (
    Setting,
    ledger_rows,
    neutral_facts,
    overview,
    recorded_pages,
    text_of,
)
from evidence_kit.replay.page_words import all_words, words
from evidence_kit.replay.serving_answers import (
    PAGE_RULES,
    WORKER_RULES,
    Answer,
    asked_range,
    data,
    document,
    frame_rules,
    refusal,
    replay_rules,
)
from evidence_kit.replay.viewer_reveals import Grant, Part, Reveals
from evidence_kit.replay.viewer_subject import PICTURES, ItemFile, Subject
from evidence_kit.resources import replay_program
from evidence_kit.texts import Language

_TYPES = {".js": "text/javascript", "css": "text/css"}
_UTF8 = "; charset=utf-8"
_NOT_FOUND = refusal(HTTPStatus.NOT_FOUND)


@dataclass(slots=True, kw_only=True)
class PageRoutes:
    """The page, and what it is given."""

    subject: Subject
    setting: Setting
    reveals: Reveals
    replays: dict[str, str] = field(default_factory=dict)
    """Where the archive of a grant is replayed, by its word."""
    _blurred: dict[tuple[str, int], bytes] = field(default_factory=dict)
    _blurring: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, query: str, wanted: str, *, enclosed: bool) -> Answer:  # noqa: PLR0911  # a table
        """Return what is at *path*; raises `EvidenceError`, `OSError` for what cannot be read."""
        match path.split("/"):
            case [""]:
                return data(_web("view.html"), "text/html" + _UTF8, PAGE_RULES)
            case ["view.js" | "view.css" | "replay.css" as name]:
                return data(_web(name), _TYPES[name[-3:]] + _UTF8)
            case ["words.json"]:
                return document(all_words())
            case ["overview.json"]:
                return document(overview(self.subject, self.setting, enclosed=enclosed))
            case ["items", item] if item in self.subject.items:
                return document(neutral_facts(self.subject, self.subject.items[item]))
            case ["blurred", item, number] if item in self.subject.items and number.isdecimal():
                return self._blur(item, int(number))
            case ["frame", word] if word in self.replays:
                return self._frame(self.replays[word], query)
            case ["shown", word, *rest] if grant := self.reveals.granted(word):
                return self._shown(grant, rest, query, wanted)
        return _NOT_FOUND

    def _blur(self, item: str, number: int) -> Answer:
        viewed = self.subject.items[item]
        if self.subject.sealed(viewed) or viewed.sensitive or number >= len(viewed.pictures):
            return _NOT_FOUND
        file = viewed.pictures[number]
        # One at a time: a page of 60,000 rows takes hundreds of MB while it is decoded.
        with self._blurring:
            if (item, number) not in self._blurred:
                with self.subject.opened(viewed.folder + file.path) as stream:
                    self._blurred[item, number] = mosaic(stream, f"{item}, {number}")
        return data(self._blurred[item, number], "image/png")

    def _frame(self, replay: str, query: str) -> Answer:
        page = query if query.isdecimal() else "0"
        content = _filled("frame.html", self.setting.language, ("frame",), source=f"{replay}?{page}")
        return data(content, "text/html" + _UTF8, frame_rules("/".join(replay.split("/")[:3])))

    def _shown(self, grant: Grant, rest: list[str], query: str, wanted: str) -> Answer:
        item = grant.item
        match grant.part, rest:
            case Part.PICTURES, [number] if number.isdecimal() and int(number) < len(item.pictures):
                file = item.pictures[int(number)]
                return file_answer(self.subject, item.folder, file, wanted)
            case Part.TEXT, [number] if number.isdecimal() and int(number) < len(item.texts):
                return document(text_of(self.subject, item, item.texts[int(number)]))
            case Part.LEDGER, ["rows"]:
                asked = parse_qs(query)
                start = asked.get("from", ["0"])[0]
                missing = asked.get("missing") == ["1"]
                if start.isdecimal():
                    return document(ledger_rows(self.subject, item, start=int(start), missing=missing))
        return _NOT_FOUND


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRoutes:
    """What is served where an archive is replayed."""

    subject: Subject
    language: Language

    def answer(self, grant: Grant, path: str, wanted: str, *, outside: str) -> Answer:
        """Return what is at *path* of a replay that only the origin *outside* may frame, of a file *wanted* of it."""
        item = grant.item
        match path:
            case "":
                content = _filled("replay.html", self.language, ("opening", "failed"))
                return data(content, "text/html" + _UTF8, replay_rules(outside))
            case "replay.js" | "replay.css":
                return data(_web(path), _TYPES[path[-3:]] + _UTF8)
            case "sw.js" | "replayweb.page/sw.js":
                program = _web("worker.js") if path == "sw.js" else _worker()
                return data(program, "text/javascript; charset=utf-8", WORKER_RULES)
            case "pages.json":
                return document([{"url": page["url"], "ts": page.get("ts")} for page in self._pages(grant)])
            case "capture.wacz" if item.archive is not None:
                return file_answer(self.subject, item.folder, item.archive, wanted)
        return _NOT_FOUND

    def _pages(self, grant: Grant) -> list[dict[str, Json]]:
        return recorded_pages(self.subject, grant.item)


def file_answer(subject: Subject, folder: str, file: ItemFile, wanted: str) -> Answer:
    """Return a file, or the part of it that the ``Range`` header *wanted* asks for, piece by piece."""
    name = folder + file.path
    size = subject.size(name)
    try:
        part = asked_range(wanted, size)
    except ValueError:
        fields = {"Content-Range": f"bytes */{size}"}
        return Answer(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, fields=fields)
    first, count = part or (0, size)
    fields = {"Accept-Ranges": "bytes"}
    if part:
        fields["Content-Range"] = f"bytes {first}-{first + count - 1}/{size}"
    return Answer(
        status=HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.OK,
        type=file.media_type if file.media_type in PICTURES else "application/octet-stream",
        body=subject.pieces(name, first, count),
        size=count,
        fields=fields,
    )


def _filled(name: str, language: Language, sentences: Iterable[str], **more: str) -> bytes:
    """Return a page of ours with the *sentences* ``replay.…`` in it."""
    said = words(language)
    values = {**{each: str(said[f"replay.{each}"]) for each in sentences}, "language": str(language), **more}
    return Template(_web(name).decode()).substitute({key: escape(value) for key, value in values.items()}).encode()


@cache
def _web(name: str) -> bytes:
    return (files("evidence_kit.replay") / "pages" / name).read_bytes()


@cache
def _worker() -> bytes:
    """Return ReplayWeb.page's service worker; raises `UsageError` in a checkout where nothing was built."""
    worker = replay_program("sw.js")
    if not worker.is_file():
        raise UsageError("ReplayWeb.page is missing from this checkout", hint="run: make setup")
    return worker.read_bytes()
