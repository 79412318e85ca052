"""The replay check of ``verify --deep``: whether the recorded bytes give what the sealed pictures show.

For each captured item the page is rendered again from its web archive, offline, and every sealed picture is compared
with what is seen. Only archives and pictures that have the digests of their item's list are touched, and nothing that
is encrypted is opened. It cannot show that a server sent those bytes; and where they differ, an innocent reason is
possible (another browser, other fonts, a film), which a person has to judge by the regions.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from evidence_kit.archive.tree import FolderTree, Tree, ZipTree
from evidence_kit.browser.find import Browser
from evidence_kit.capture.files import FIRST_FULL, FIRST_SCREENSHOT, SCREENSHOT, SHOTS, WACZ, WINDOW
from evidence_kit.capture.result import CapturedFile
from evidence_kit.case.manifest import NAME as MANIFEST
from evidence_kit.case.manifest import read_manifest
from evidence_kit.case.opened import open_tree
from evidence_kit.case.sealed import REGISTER
from evidence_kit.errors import EvidenceError, FormatError, LimitError
from evidence_kit.models import Clock, Digest, OnStep, parse_utc
from evidence_kit.pictures.comparing import Comparison
from evidence_kit.replay.deep_result import ItemReplay, SealedPicture
from evidence_kit.replay.recorded import RecordedArchive
from evidence_kit.replay.rendering import Circumstances, render
from evidence_kit.trust.age import Identity
from evidence_kit.trust.digests import sha256_stream

PICTURES = (SCREENSHOT, WINDOW, FIRST_SCREENSHOT, FIRST_FULL)
"""What is compared, the picture that people see first."""
_KNOWN = frozenset((file.path, file.role) for file in PICTURES)
LONGEST_SECONDS = 120.0
"""Of one item, whatever its record says."""
_SMALL = 64 * 1024 * 1024
_PIECE = 1024 * 1024
_ITEM = re.compile(r"EV-[0-9]{4,15}")
_LOCALE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
_ZONE = re.compile(r"[A-Za-z0-9_+/-]{1,64}")
_WIDEST = 8_000
_LONGEST_MS = 1 << 53
_SEALED = "it is sealed: nothing of it is rendered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaying:
    """What every item is rendered with."""

    browser: Browser | None
    why_none: str = ""
    """Why there is no browser."""
    timeout: float = LONGEST_SECONDS
    """Seconds for one page, at most."""
    clock: Clock
    on_step: OnStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One item where it lies."""

    tree: Tree
    folder: str
    item: str


@contextmanager
def items_at(path: Path, kind: str, identities: Sequence[Identity] = ()) -> Iterator[list[Place]]:
    """Give the items of a thing of that *kind* (of `VerificationReport`), as *identities* open them; or none.

    Raises `FormatError`, `OSError`.
    """
    if kind == "item":
        yield [Place(tree=open_tree(FolderTree(path), [""], identities), folder="", item=path.resolve().name)]
    elif kind in {"bundle", "case"} and path.is_dir():
        yield _items(FolderTree(path), "data/items/" if kind == "bundle" else "items/", identities)
    elif kind == "bundle":
        with closing(ZipTree(path)) as tree:
            yield _items(tree, "data/items/", identities)
    else:
        yield []


def _items(tree: Tree, prefix: str, identities: Sequence[Identity]) -> list[Place]:
    inside = (name.removeprefix(prefix).partition("/") for name in tree.names() if name.startswith(prefix))
    names = sorted({item for item, slash, _ in inside if slash and _ITEM.fullmatch(item)})
    opened = open_tree(tree, [f"{prefix}{item}/" for item in names], identities)
    return [Place(tree=opened, folder=f"{prefix}{item}/", item=item) for item in names]


def replay_item(place: Place, scratch: Path, with_: Replaying) -> ItemReplay:
    """Return what the replay check finds of the item at *place*; what is compared is left in *scratch*.

    Never raises for bad evidence.
    """
    with_.on_step(f"rendering again {place.item}")
    try:
        return _replay(place, scratch, with_)
    except (FormatError, LimitError) as error:
        return ItemReplay(item=place.item, folder=place.folder, reason=str(error), comparable=False)
    except (EvidenceError, OSError) as error:
        return ItemReplay(item=place.item, folder=place.folder, reason=str(error))


def replay_wacz(path: Path, scratch: Path, with_: Replaying) -> ItemReplay:
    """Return the same of an archive that lies alone, with the pictures that are in it."""
    try:
        with RecordedArchive(path) as archive:
            for file in PICTURES:
                if data := archive.resource(file.role):
                    _target(scratch, file).write_bytes(data)
            return _compared(path.name, "", archive, scratch, with_)
    except (FormatError, LimitError) as error:
        return ItemReplay(item=path.name, folder="", reason=str(error), comparable=False)
    except (EvidenceError, OSError) as error:
        return ItemReplay(item=path.name, folder="", reason=str(error))


def _replay(place: Place, scratch: Path, with_: Replaying) -> ItemReplay:
    listed = read_manifest(place.tree.read(f"{place.folder}{MANIFEST}", _SMALL))
    record = _json_object(place.tree.read(f"{place.folder}item.json", _SMALL))
    if reason := _reason(place, listed, record):
        return ItemReplay(item=place.item, folder=place.folder, reason=reason)
    _refuse_odd_pictures(record)
    for file in PICTURES:
        if file.path in listed:
            _copy(place, file, listed[file.path], _target(scratch, file))
    with place.tree.open(f"{place.folder}{WACZ.path}") as stream:
        if sha256_stream(stream) != listed[WACZ.path]:
            message = "the web archive is not the one in the item's list: nothing of it is rendered"
            raise FormatError(message)
        stream.seek(0)
        with RecordedArchive(stream) as archive:
            _refuse_another_page(record, archive)
            return _compared(place.item, place.folder, archive, scratch, with_)


def _reason(place: Place, listed: Mapping[str, Digest], record: Mapping[str, object]) -> str:
    """Return why there is nothing to render; empty when there is."""
    if REGISTER in listed or record.get("source") != "captured":
        told = "handed over" if record.get("source") == "supplied" else "made of other items"
        return _SEALED if REGISTER in listed else f"it was {told} and not captured: there is no page to render"
    if record.get("status") == "failed":
        return "the capture failed: there is no page to render"
    if SHOTS.path in listed:
        return "a person used the page while it was captured, which cannot be done again"
    if WACZ.path not in listed:
        encrypted = any(name.startswith(WACZ.path) for name in listed)
        return "the item is encrypted: give a key that opens it" if encrypted else "the item has no web archive"
    if WACZ.path not in {name.removeprefix(place.folder) for name in place.tree.names()}:
        return "the web archive is not here"
    return ""


def _refuse_odd_pictures(record: Mapping[str, object]) -> None:
    pictures = [each for each in _objects(record.get("files")) if _is_picture(each)]
    named = [(str(each.get("path")), str(each.get("role"))) for each in pictures]
    odd = [path for path, role in named if (path, role) not in _KNOWN]
    if odd:
        message = f"the item holds a picture that no capture makes: {odd[0]}"
        raise FormatError(message)


def _is_picture(file: Mapping[str, object]) -> bool:
    return str(file.get("media_type")).startswith("image/") or str(file.get("role")) in {role for _, role in _KNOWN}


def _refuse_another_page(record: Mapping[str, object], archive: RecordedArchive) -> None:
    """Raise `FormatError` for an archive that is rendered from another page than the item names: it holds many."""
    told = _json_object(archive.resource("inventory") or b"").get("url")
    if told is not None and told != record.get("url"):
        message = "the web archive was recorded of another page than the item names"
        raise FormatError(message)


def _compared(item: str, folder: str, archive: RecordedArchive, scratch: Path, with_: Replaying) -> ItemReplay:
    if with_.browser is None:
        return ItemReplay(item=item, folder=folder, reason=with_.why_none)
    inventory = _json_object(archive.resource("inventory") or b"")
    environment = _json_object(archive.resource("environment") or b"")
    circumstances = _circumstances(inventory, environment)
    cut = any(each.get("code") == "screenshot.truncated" for each in _objects(inventory.get("problems")))
    here = [file for file in PICTURES if _target(scratch, file).is_file()]
    if SCREENSHOT not in here:
        return ItemReplay(item=item, folder=folder, reason="there is no sealed picture of the whole page")
    sealed = {file.path: _comparison(scratch, file, cut=cut and file is SCREENSHOT) for file in here}
    rendered = render(
        with_.browser,
        archive,
        circumstances,
        sealed,
        scratch=scratch,
        timeout=with_.timeout,
        clock=with_.clock,
        on_step=with_.on_step,
    )
    return ItemReplay(
        item=item,
        folder=folder,
        reason=rendered.problem,
        comparable=not rendered.problem,
        pictures=()
        if rendered.problem
        else tuple(
            SealedPicture(path=file.path, role=file.role, agreement=sealed[file.path].result()) for file in here
        ),
        rendered=rendered,
        cut=cut,
        recorded_with=circumstances.browser,
    )


def _comparison(scratch: Path, file: CapturedFile, *, cut: bool) -> Comparison:
    try:
        return Comparison(_target(scratch, file), cut=cut)
    except FormatError as error:
        message = f"{file.path} is not as captures make pictures: {error}"
        raise FormatError(message) from error


def _circumstances(inventory: Mapping[str, object], environment: Mapping[str, object]) -> Circumstances:
    """Return how the page was captured; raises `FormatError` for what cannot be done again."""
    settings = environment.get("settings")
    actions = _objects(inventory.get("actions"))
    began = next((each.get("time") for each in actions if each.get("action") == "navigated"), inventory.get("started"))
    agent, product = (_field(environment, "browser", name) for name in ("user_agent", "product"))
    match settings, inventory.get("url"):
        case {
            "viewport": [int(width), int(height)],
            "locale": str(locale),
            "timezone": str(zone),
            "scroll": bool(scroll),
            "expand": bool(expand),
            "timeout_ms": int(timeout),
            "interactive": False,
        }, str(url) if (
            0 < width <= _WIDEST
            and 0 < height <= _WIDEST
            and _LOCALE.fullmatch(locale)
            and _ZONE.fullmatch(zone)
            and 0 < timeout < _LONGEST_MS
            and url.startswith(("http://", "https://"))
        ):
            return Circumstances(
                url=url,
                began=parse_utc(began),
                viewport=(width, height),
                locale=locale,
                timezone=zone,
                scroll=scroll,
                expand=expand,
                timeout=timeout / 1000,
                user_agent=agent if isinstance(agent, str) else "",
                browser=product if isinstance(product, str) else "",
            )
    message = "the web archive does not say how its page was captured"
    raise FormatError(message)


def _copy(place: Place, file: CapturedFile, expected: Digest, target: Path) -> None:
    with place.tree.open(place.folder + file.path) as stream, target.open("wb") as copy:
        while piece := stream.read(_PIECE):
            copy.write(piece)
    with target.open("rb") as stream:
        if sha256_stream(stream) != expected:
            message = f"{file.path} is not the picture in the item's list"
            raise FormatError(message)


def _target(scratch: Path, file: CapturedFile) -> Path:
    return scratch / f"{file.role}.png"


def _json_object(data: bytes) -> dict[str, object]:
    try:
        value = json.loads(data) if data else {}
    except (ValueError, RecursionError) as error:
        message = f"a record of the capture is no JSON: {error}"
        raise FormatError(message) from error
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[dict[str, object]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _field(value: Mapping[str, object], outer: str, inner: str) -> object:
    member = value.get(outer)
    return member.get(inner) if isinstance(member, dict) else None
