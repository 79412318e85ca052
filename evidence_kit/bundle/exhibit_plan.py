"""The plan of a bundle's exhibits, ``exhibits.toml``: which items, in which order, and how each of them is shown.

TOML 1.0: ``schema`` and one ``[[exhibit]]`` for each item, in the order of the exhibits, with the keys of
`PlannedExhibit`, and below it its ``[[exhibit.transcript]]`` (`transcript_plan`). A lawyer or an officer edits it, and
it may have passed through many hands: it is read strictly and within bounds, and every error names the line. Into the
bundle goes what was understood, without any comment.
"""

import json
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from evidence_kit.bundle.transcript_plan import MOST_TRANSCRIPTS, PlannedTranscript, Wrong, read_transcript_plan
from evidence_kit.display import shorten, visible
from evidence_kit.errors import UsageError
from evidence_kit.pictures.viewing_copy import Region

SCHEMA = "evidence-kit/exhibits/1"
LARGEST = 4 * 1024 * 1024
"""Bytes of a plan that is read: 10,000 exhibits with a reason of a paragraph each."""

_KEYS = frozenset({"item", "label", "title", "why", "blurred", "pages", "regions", "places", "transcript"})
_ITEM = re.compile(r"EV-[0-9]{4,9}")
LONGEST_LABEL = 60
"""Characters of what an exhibit is called."""
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Letters, selectors and joiners without a shape (Default_Ignorable_Code_Point) that `visible` lets stand."""
_LONGEST = {"label": LONGEST_LABEL, "title": 200, "why": 2000}
_MOST = 100
_LARGEST_NUMBER = 10_000_000
_EDGES = 4

# Strings and comments, ended or not: what is left when they are blanked is the skeleton of the file.
_SILENT = re.compile(
    r'"""(?:\\.|[^\\])*?(?:"{3,5}|\Z)'
    r"|'''.*?(?:'{3,5}|\Z)"
    r'|"(?:\\.|[^"\\\n])*"?'
    r"|'[^'\n]*'?"
    r"|\#[^\n]*",
    re.DOTALL,
)
_NOT_OURS = re.compile(r"[.{]")
_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*exhibit[ \t]*\]\]", re.MULTILINE)
_TRANSCRIPT = re.compile(r"^[ \t]*\[\[[ \t]*exhibit[ \t]*\.[ \t]*transcript[ \t]*\]\]", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedExhibit:
    """One ``[[exhibit]]``."""

    item: str
    """``EV-0001``: named once in a plan."""
    label: str
    """What the exhibit is called, unlike all others: "Exhibit A"; at most 60 characters."""
    title: str = ""
    """A neutral title, which stands in lists instead of the page's own; at most 200 characters."""
    why: str = ""
    """Why it is relevant; at most 2,000 characters."""
    blurred: bool = True
    pages: tuple[int, ...] = ()
    """The pages of the viewing copy that are shown, counted from 1; empty: all."""
    regions: tuple[Region, ...] = ()
    """Parts of the screenshot that are shown, and nothing else of it."""
    places: bool = False
    """Whether places and numbers of devices are printed that stand in files that were handed over."""
    transcripts: tuple[PlannedTranscript, ...] = ()
    """Messages of its conversations that are printed; none are unless they are chosen."""
    line: int = field(default=1, compare=False)
    """Where it begins in the file."""

    @property
    def partial(self) -> bool:
        """Whether only parts of the screenshot are shown, and so no other picture of the item."""
        return bool(self.pages or self.regions)

    def texts(self) -> tuple[str, str, str]:
        """Return what people wrote."""
        return self.label, self.title, self.why


@dataclass(frozen=True, slots=True, kw_only=True)
class ExhibitPlan:
    """The exhibits of a bundle, in order."""

    exhibits: tuple[PlannedExhibit, ...]
    name: str = field(default="exhibits.toml", compare=False)
    """Of the file, for messages."""

    def of(self, item: str) -> PlannedExhibit | None:
        """Return the exhibit that *item* is."""
        return next((exhibit for exhibit in self.exhibits if exhibit.item == item), None)

    def wrong(self, exhibit: PlannedExhibit, fact: str, *, hint: str) -> UsageError:
        """Return the error that *exhibit* cannot be made as planned."""
        return UsageError(f"{self.name}, line {exhibit.line}: {fact}", hint=hint)

    def to_toml(self) -> bytes:
        """Return the one form of this plan that goes into a bundle: every key in order, no comments."""
        return f'schema = "{SCHEMA}"\n{"".join(map(exhibit_toml, self.exhibits))}'.encode()


def exhibit_toml(exhibit: PlannedExhibit) -> str:
    """Return *exhibit* as a block of TOML, after an empty line."""
    lines = ["", "[[exhibit]]", f"item = {quoted(exhibit.item)}"]
    lines += [f"{key} = {quoted(text)}" for key, text in zip(("label", "title", "why"), exhibit.texts(), strict=True)]
    lines.append(f"blurred = {'true' if exhibit.blurred else 'false'}")
    if exhibit.pages:
        lines.append(f"pages = {[*exhibit.pages]}")
    if exhibit.regions:
        lines.append(f"regions = {[[r.left, r.top, r.right, r.bottom] for r in exhibit.regions]}")
    if exhibit.places:
        lines.append("places = true")
    return "\n".join(lines) + "\n" + "".join(each.to_toml() for each in exhibit.transcripts)


def quoted(text: str) -> str:
    """Return *text* as a basic string of TOML, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)


def read_plan(data: bytes, *, name: str) -> ExhibitPlan:
    """Read a plan from the bytes of the file *name*; raises `UsageError`, which names the line and what to do."""
    if len(data) > LARGEST:
        raise UsageError(f"{name} is larger than {LARGEST} bytes", hint="make bundles of fewer items")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UsageError(f"{name}, line {line}: it is not UTF-8", hint="save the file again as UTF-8") from error
    skeleton = _SILENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    strange = _NOT_OURS.search(_TRANSCRIPT.sub(lambda found: found[0].replace(".", " "), skeleton))
    if strange:
        # Dotted keys and inline tables are no part of a plan, and a hostile one of them takes a reader all its memory.
        fact = f"{strange[0]!r} stands outside of quotation marks"
        raise _wrong(name, _line(text, strange.start()), fact, hint='put text in quotation marks: title = "…"')
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = "correct it there; evidence-kit bundle --plan NEW-FILE writes one that can be read"
        raise UsageError(f"{name} cannot be read: {error}", hint=hint) from error
    except RecursionError as error:
        raise UsageError(f"{name} cannot be read: its lists lie too deep in each other") from error
    reader = _Reader(name=name, text=text, skeleton=skeleton)
    return ExhibitPlan(exhibits=tuple(reader.exhibits(document)), name=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Takes a document for a plan, and knows where in the file each thing stands."""

    name: str
    text: str
    skeleton: str

    def exhibits(self, document: Mapping[str, object]) -> Iterator[PlannedExhibit]:
        for key in document.keys() - {"schema", "exhibit"}:
            raise _wrong(self.name, self._find(key), f"{shorten(key)!r} is not known", hint="remove it")
        if document.get("schema") != SCHEMA:
            hint = f'begin the file with: schema = "{SCHEMA}"'
            raise _wrong(self.name, self._find("schema"), "this is not a plan of exhibits", hint=hint)
        tables = document.get("exhibit")
        starts = [found.start() for found in _HEADER.finditer(self.skeleton)]
        if not isinstance(tables, list) or len(tables) != len(starts):
            hint = "begin each exhibit with a line [[exhibit]]"
            raise _wrong(self.name, self._find("exhibit"), "no exhibit is planned", hint=hint)
        items: dict[str, int] = {}
        labels: dict[str, int] = {}
        for table, start, end in zip(tables, starts, [*starts[1:], len(self.text)], strict=True):
            exhibit = self._exhibit(table, start, end)
            self._once(items, exhibit.item, exhibit.item, self._find("item", start, end))
            self._once(labels, label_key(exhibit.label), exhibit.label, self._find("label", start, end))
            yield exhibit

    def _once(self, seen: dict[str, int], key: str, shown: str, line: int) -> None:
        if key in seen:
            raise _wrong(self.name, line, f"{shown!r} stands in line {seen[key]} already", hint="name it once")
        seen[key] = line

    def _exhibit(self, table: Mapping[str, object], start: int, end: int) -> PlannedExhibit:
        wrong = self._wrong_between(start, end)
        for key in table.keys() - _KEYS:
            raise wrong(key, f"{shorten(key)!r} is not known", f"known are: {', '.join(sorted(_KEYS))}")
        item = table.get("item")
        if not isinstance(item, str) or not _ITEM.fullmatch(item):
            raise wrong("item", "no item is named", 'name one: item = "EV-0001"')
        blurred, places = _whether(table, "blurred", wrong, default=True), _whether(table, "places", wrong)
        label, title, why = (_text_of(table, key, wrong) for key in ("label", "title", "why"))
        if not label:
            raise wrong("label", "the exhibit has no label", 'call it something: label = "Exhibit A"')
        pages, regions = _pages_of(table, wrong), _regions_of(table, wrong)
        if pages and regions:
            raise wrong("regions", "pages and regions both say what is shown", "leave out one of them")
        return PlannedExhibit(
            item=item,
            label=label,
            title=title,
            why=why,
            blurred=blurred,
            pages=pages,
            regions=regions,
            places=places,
            transcripts=tuple(self._transcripts(table, start, end)),
            line=self._find("item", start, end),
        )

    def _transcripts(self, table: Mapping[str, object], start: int, end: int) -> Iterator[PlannedTranscript]:
        tables = table.get("transcript", [])
        starts = [found.start() for found in _TRANSCRIPT.finditer(self.skeleton, start, end)]
        if not isinstance(tables, list) or len(tables) != len(starts) or len(tables) > MOST_TRANSCRIPTS:
            hint = f"begin each with a line [[exhibit.transcript]], at most {MOST_TRANSCRIPTS} below an exhibit"
            raise self._wrong_between(start, end)("transcript", "transcript is not a list of transcripts", hint)
        for each, begins, ends in zip(tables, starts, [*starts, end][1:], strict=True):
            wrong = self._wrong_between(begins, ends)
            yield read_transcript_plan(each, wrong, line=self._find("conversation", begins, ends))

    def _wrong_between(self, start: int, end: int) -> Wrong:
        """Return what makes errors about the keys that stand between two places of the file."""
        return lambda key, fact, hint: _wrong(self.name, self._find(key, start, end), fact, hint=hint)

    def _find(self, key: str, start: int = 0, end: int | None = None) -> int:
        """Return the line in which *key* stands between two places of the file, or else the first line there."""
        pattern = re.compile(rf"^[ \t]*(?:\[+[ \t]*)?{re.escape(key)}[ \t]*[\]=]", re.MULTILINE)
        found = pattern.search(self.skeleton, start, len(self.text) if end is None else end)
        return _line(self.text, found.end() if found else start)


def fits_as_label(text: str) -> bool:
    """Whether *text* can be a label of a plan."""
    return bool(label_key(text)) and len(text) <= LONGEST_LABEL and visible(text.strip()) == text


def label_key(label: str) -> str:
    """Return what two labels have in common that look alike: of letters their composed form, in lower case.

    Without what is not seen, and with one space for several. Letters of two scripts stay two.
    """
    return " ".join(_UNSEEN.sub("", unicodedata.normalize("NFKC", label).casefold()).split())


def _text_of(table: Mapping[str, object], key: str, wrong: Wrong) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise wrong(key, f"{key} is not text", f'put it in quotation marks: {key} = "…"')
    text = value.strip()
    if len(text) > _LONGEST[key]:
        raise wrong(key, f"{key} is longer than {_LONGEST[key]} characters", "say it in fewer words")
    if visible(text, newlines=key == "why") != text:
        shown = shorten(visible(text), 60)
        raise wrong(key, f"{key} has characters that cannot be seen: {shown}", "type the text anew")
    return text


def _whether(table: Mapping[str, object], key: str, wrong: Wrong, *, default: bool = False) -> bool:
    value = table.get(key, default)
    if not isinstance(value, bool):
        raise wrong(key, f"{key} is neither true nor false", f"write: {key} = {str(default).lower()}")
    return value


def _pages_of(table: Mapping[str, object], wrong: Wrong) -> tuple[int, ...]:
    value = table.get("pages", [])
    numbers = _numbers(value)
    if numbers is None or list(numbers) != sorted({*numbers} - {0}):
        hint = "write numbers from 1, each once, in order: pages = [1, 2]"
        raise wrong("pages", "pages is not a list of pages", hint)
    return numbers


def _regions_of(table: Mapping[str, object], wrong: Wrong) -> tuple[Region, ...]:
    value = table.get("regions", [])
    boxes = [_numbers(box) for box in value] if isinstance(value, list) and len(value) <= _MOST else [None]
    regions = []
    for box in boxes:
        if box is None or len(box) != _EDGES or box[0] >= box[2] or box[1] >= box[3]:
            hint = f"at most {_MOST}, each as pixels from left, top, right, bottom: regions = [[0, 0, 1280, 600]]"
            raise wrong("regions", "regions is not a list of regions", hint)
        regions.append(Region(left=box[0], top=box[1], right=box[2], bottom=box[3]))
    return tuple(regions)


def _numbers(value: object) -> tuple[int, ...] | None:
    """Return *value* if it is a short list of whole numbers that are not negative."""
    if not isinstance(value, list) or len(value) > _MOST:
        return None
    return tuple(value) if all(type(each) is int and 0 <= each < _LARGEST_NUMBER for each in value) else None


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def _wrong(name: str, line: int, fact: str, *, hint: str) -> UsageError:
    return UsageError(f"{name}, line {line}: {fact}", hint=hint)
