"""What the practice network shows: fictional people, posts, comments, news, pictures and files.

`load` reads a folder of YAML and pictures (``samples/practice_network/README.md`` describes it), checks everything that
refers to something else and returns one frozen `Content`. Pictures and files are read into memory, so that the server
never opens a path that came from a request. All errors are `FormatError` and name the file and the place in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, TypeVar

from evidence_kit.display import shorten
from evidence_kit.errors import FormatError
from evidence_kit.practice.fields import Field
from evidence_kit.resources import sample

REACTIONS = ("like", "love", "laugh", "wow", "sad", "angry")
PICTURE_TYPES = {".jpg": "image/jpeg", ".png": "image/png"}
FILE_TYPES = {".pdf": "application/pdf", ".txt": "text/plain; charset=utf-8"}
_MAX_FILE_BYTES = 8 * 1024 * 1024
_MAX_ID_CHARACTERS = 40
_NO_FOLD = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bilingual:
    """One text in both languages."""

    mn: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A fictional person or page."""

    id: str
    name: str
    about: Bilingual
    avatar: str
    """Name of a picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture of a post or comment."""

    file: str
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment, or a reply to one; replies have none themselves."""

    id: str
    """Post and place, both counted from 1: ``1001-3``, and ``1001-3-1`` for a reply."""
    author: Person
    time: datetime
    text: str
    reactions: int
    picture: Picture | None
    replies: tuple["Comment", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post with everything under it."""

    id: str
    author: Person
    time: datetime
    audience: str
    """``public`` or ``friends``."""
    text: str
    fold: int
    """How many characters at most are shown before the reader asks for the rest."""
    pictures: tuple[Picture, ...]
    reactions: Mapping[str, int]
    """Counts by kind, in the order of `REACTIONS`, without zeros."""
    shares: int
    shared: str | None
    """Id of the post that this one shares."""
    deleted: bool
    comments: tuple[Comment, ...]

    @property
    def preview(self) -> str:
        """The text before the fold, cut at white space; the whole text when it is short enough."""
        if len(self.text) <= self.fold:
            return self.text
        head = self.text[: self.fold + 1]
        cut = max(head.rfind(" "), head.rfind("\n"))
        return head[:cut].rstrip() if cut > 0 else head[:-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A plain news page."""

    id: str
    title: str
    byline: str
    time: datetime
    lead: str
    paragraphs: tuple[str, ...]
    picture: Picture | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Everything that is served; mappings are read-only, by id or file name."""

    name: str
    address: str
    """A name under ``.example`` (RFC 2606) that the pages show as theirs; nothing is fetched from it."""
    tagline: Bilingual
    people: Mapping[str, Person]
    posts: Mapping[str, Post]
    news: Mapping[str, Article]
    pictures: Mapping[str, bytes]
    files: Mapping[str, bytes]


def load(path: Path | Traversable | None = None) -> Content:
    """Return the content of the folder *path*, or the kit's own; raises `FormatError`."""
    folder = sample("practice_network") if path is None else path
    network = _document(folder, "network.yaml")
    network.keys("name address tagline")
    pictures = _files(folder, "pictures", PICTURE_TYPES)
    people = _by_id((_person(field, pictures) for field in _document(folder, "people.yaml")), "people.yaml")
    posts = _by_id((_post(field, people, pictures) for field in _documents(folder, "posts")), "posts")
    for post in posts.values():
        if post.shared is not None and (post.shared not in posts or posts[post.shared].shared):
            message = f"posts: {post.id} shares {shorten(post.shared)}, which is no post or only shares another"
            raise FormatError(message)
    return Content(
        name=network["name"].text(),
        address=network["address"].text(),
        tagline=_bilingual(network["tagline"]),
        people=people,
        posts=posts,
        news=_by_id((_article(field, pictures) for field in _documents(folder, "news")), "news"),
        pictures=pictures,
        files=_files(folder, "files", FILE_TYPES),
    )


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


_Thing = TypeVar("_Thing", bound=_Identified)


def _by_id(things: Iterable[_Thing], place: str) -> Mapping[str, _Thing]:
    found: dict[str, _Thing] = {}
    for thing in things:
        if thing.id in found:
            message = f"{place}: the id {thing.id} stands there twice"
            raise FormatError(message)
        found[thing.id] = thing
    return MappingProxyType(found)


def _read(file: Path | Traversable, place: str) -> bytes:
    try:
        data = file.read_bytes()
    except OSError as error:
        message = f"{place}: cannot be read: {error.strerror}"
        raise FormatError(message) from error
    if len(data) > _MAX_FILE_BYTES:
        message = f"{place}: {len(data)} bytes, more than {_MAX_FILE_BYTES}"
        raise FormatError(message)
    return data


def _children(folder: Path | Traversable, name: str) -> list[Traversable]:
    directory = folder / name
    if not directory.is_dir():
        return []
    return sorted((child for child in directory.iterdir() if child.is_file()), key=lambda child: child.name)


def _files(folder: Path | Traversable, name: str, types: Mapping[str, str]) -> Mapping[str, bytes]:
    found = {}
    for child in _children(folder, name):
        if Path(child.name).suffix in types:
            found[child.name] = _read(child, f"{name}/{child.name}")
    return MappingProxyType(found)


def _document(folder: Path | Traversable, name: str) -> Field:
    return Field.read(_read(folder / name, name), name)


def _documents(folder: Path | Traversable, name: str) -> list[Field]:
    return [
        Field.read(_read(child, f"{name}/{child.name}"), f"{name}/{child.name}")
        for child in _children(folder, name)
        if child.name.endswith(".yaml")
    ]


def _identifier(field: Field) -> str:
    text = field.text()
    # Ids become parts of URLs and of element ids.
    if not (text.isascii() and text.isalnum() and len(text) <= _MAX_ID_CHARACTERS):
        field.refuse(f"must be at most {_MAX_ID_CHARACTERS} ASCII letters and digits, not {shorten(text)}")
    return text


def _bilingual(field: Field) -> Bilingual:
    field.keys("mn en")
    return Bilingual(mn=field["mn"].text(), en=field["en"].text())


def _picture_name(field: Field, pictures: Mapping[str, bytes]) -> str:
    name = field.text()
    if name not in pictures:
        field.refuse(f"no such picture: pictures/{shorten(name)}")
    return name


def _picture(field: Field, pictures: Mapping[str, bytes]) -> Picture:
    field.keys("file alt")
    return Picture(file=_picture_name(field["file"], pictures), alt=field["alt"].text())


def _person(field: Field, pictures: Mapping[str, bytes]) -> Person:
    field.keys("id name about avatar")
    return Person(
        id=_identifier(field["id"]),
        name=field["name"].text(),
        about=_bilingual(field["about"]),
        avatar=_picture_name(field["avatar"], pictures),
    )


def _author(field: Field, people: Mapping[str, Person]) -> Person:
    name = field.text()
    if name not in people:
        field.refuse(f"nobody has the id {shorten(name)}")
    return people[name]


def _post(field: Field, people: Mapping[str, Person], pictures: Mapping[str, bytes]) -> Post:
    field.keys("id author time text", "audience fold pictures reactions shares shared deleted comments")
    post = _identifier(field["id"])
    audience = field["audience"].text() if "audience" in field else "public"
    if audience not in {"public", "friends"}:
        field["audience"].refuse(f"must be public or friends, not {shorten(audience)}")
    return Post(
        id=post,
        author=_author(field["author"], people),
        time=field["time"].moment(),
        audience=audience,
        text=field["text"].text(),
        fold=field["fold"].count() if "fold" in field else _NO_FOLD,
        pictures=tuple(_picture(one, pictures) for one in field.each("pictures")),
        reactions=_reactions(field["reactions"]) if "reactions" in field else MappingProxyType({}),
        shares=field["shares"].count() if "shares" in field else 0,
        shared=_identifier(field["shared"]) if "shared" in field else None,
        deleted="deleted" in field and field["deleted"].flag(),
        comments=tuple(
            _comment(one, f"{post}-{at}", people, pictures) for at, one in enumerate(field.each("comments"), 1)
        ),
    )


def _reactions(field: Field) -> Mapping[str, int]:
    counts = {kind: count.count() for kind, count in field.items()}
    unknown = [kind for kind in counts if kind not in REACTIONS]
    if unknown:
        field.refuse(f"has unknown kinds: {shorten(', '.join(unknown))}")
    return MappingProxyType({kind: counts[kind] for kind in REACTIONS if counts.get(kind)})


def _comment(field: Field, place: str, people: Mapping[str, Person], pictures: Mapping[str, bytes]) -> Comment:
    is_reply = place.count("-") > 1
    field.keys("author time text", "reactions picture" if is_reply else "reactions picture replies")
    return Comment(
        id=place,
        author=_author(field["author"], people),
        time=field["time"].moment(),
        text=field["text"].text(),
        reactions=field["reactions"].count() if "reactions" in field else 0,
        picture=_picture(field["picture"], pictures) if "picture" in field else None,
        replies=tuple(
            _comment(one, f"{place}-{at}", people, pictures) for at, one in enumerate(field.each("replies"), 1)
        ),
    )


def _article(field: Field, pictures: Mapping[str, bytes]) -> Article:
    field.keys("id title byline time lead paragraphs", "picture")
    return Article(
        id=_identifier(field["id"]),
        title=field["title"].text(),
        byline=field["byline"].text(),
        time=field["time"].moment(),
        lead=field["lead"].text(),
        paragraphs=tuple(paragraph.text() for paragraph in field["paragraphs"]),
        picture=_picture(field["picture"], pictures) if "picture" in field else None,
    )
