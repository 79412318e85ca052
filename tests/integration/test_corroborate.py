"""What was handed over is compared with a capture, and the result is an item that both verifiers know."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image

from evidence_kit import canonical
from evidence_kit.bundle.exhibits import wanted_drawings
from evidence_kit.bundle.make import BundleOptions, make_bundle
from evidence_kit.bundle.report_model import Language
from evidence_kit.bundle.selection import Choice
from evidence_kit.canonical import Json
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import DERIVED, ItemFile, attempts, commit_item, read_item
from evidence_kit.case.opened import OpenItems
from evidence_kit.case.stamping import Stamping
from evidence_kit.case.workplace import workplace
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.recipients import Named, Use, adding
from evidence_kit.derive.corroborating import Corroborated, corroborate
from evidence_kit.errors import CaseError, UsageError
from evidence_kit.models import Outcome, Status, VerificationReport
from evidence_kit.pictures.apart import draw_apart
from evidence_kit.pictures.viewing_copy import ViewingCopy
from evidence_kit.trust.age import Identity
from tests.integration.test_derived_from import parent
from tests.integration.test_supplied_exhibits import text_of
from tests.support.cases import commit_small_item, open_case, stage_small_item
from tests.support.chat_exports import PEOPLE, talk, whatsapp_android
from tests.support.comparisons import on_phone, page, png
from tests.support.people import practice_custodian
from tests.support.pictures import vast_png
from tests.support.sealing import open_sealing_case, seal
from tests.support.second import running
from tests.support.supplies import hand_over, take
from tests.support.whole_way import WholeWay, go

WORDS = {
    Language.ENGLISH: ("made by this tool", "correlation: 0.9"),
    Language.MONGOLIAN: ("энэ хэрэгслээр хийсэн", "хамаарал: 0,9"),
    Language.BOTH: ("made by this tool", "энэ хэрэгслээр хийсэн"),
}


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A case in which a phone's screenshot of a captured post was compared with the capture."""

    way: WholeWay
    done: Corroborated

    @property
    def rows(self) -> list[dict[str, Json]]:
        """The comparisons that were kept."""
        return rows_of(self.way.case, self.done.taken.id)


def rows_of(case: CaseFolder, item: str) -> list[dict[str, Json]]:
    """Return the comparisons in *item*."""
    document = canonical.parse((case.path / "items" / item / "corroboration.json").read_bytes())
    assert isinstance(document, dict)
    rows = document["comparisons"]
    assert isinstance(rows, list)
    return [row for row in rows if isinstance(row, dict)]


def compare(case: CaseFolder, custodian: Custodian, one: str, other: str, reader: str | None = None) -> Corroborated:
    """Compare two items of *case*."""
    with OpenItems(case.path / "items", ()) as opened:
        return corroborate(case, one, other, custodian=custodian, stamping=Stamping(), opened=opened, reader=reader)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compared]:
    """Return the whole way once: EV-0001 captured, EV-0002 handed over, EV-0003 the comparison."""
    folder = tmp_path_factory.mktemp("таарч")
    custodian = practice_custodian()
    with running() as second:
        way = replace(go(folder / "case", custodian, "/posts/1001"), second=second)
        with Image.open(way.case.path / "items/EV-0001/screenshot.png") as whole:
            screen = on_phone(whole, width=1080, top=200, rows=1500)
        take(way.case, custodian, hand_over(folder / "given", {"Screenshot_1.jpg": screen}))
        reader = shutil.which("tesseract")
        assert reader, "no tesseract: run scripts/bootstrap.sh test"
        yield Compared(way=way, done=compare(way.case, custodian, "EV-0002", "EV-0001", reader))


def conclusions(report: VerificationReport) -> list[Outcome]:
    """Return what was concluded of what derived items were made of."""
    return [check.outcome for check in report.checks if check.id == "item.derived-from"]


@pytest.mark.browser
def test_picture_text_and_names_agree_with_the_page_they_were_taken_of(compared: Compared) -> None:
    agreeing = [row for row in compared.rows if row["outcome"] == "agrees"]

    assert {row["kind"] for row in agreeing} >= {"picture", "text", "name"}
    picture = next(row for row in agreeing if row["kind"] == "picture")
    assert isinstance(picture["value"], int)
    assert picture["value"] >= 800
    text = (compared.way.case.path / "items/EV-0001/text.txt").read_bytes()
    for row in agreeing:
        match row["captured"]:
            case {"file": "text.txt", "offset": int(offset), "length": int(length), "text": str(told)}:
                assert text[offset : offset + length].decode() == told


@pytest.mark.browser
def test_the_comparison_is_an_item_made_of_both(compared: Compared) -> None:
    record = read_item(compared.way.case, "EV-0003")

    assert record["source"] == DERIVED
    parents = record["derived_from"]
    assert isinstance(parents, list)
    assert [parent["item"] for parent in parents if isinstance(parent, dict)] == ["EV-0002", "EV-0001"]
    assert [each["path"] for each in record["files"] if isinstance(each, dict)] == ["corroboration.json"]  # type: ignore[union-attr]
    assert conclusions(compared.way.verify(compared.way.case.path)) == [Outcome.PASSED]


@pytest.mark.browser
@pytest.mark.parametrize("language", [*Language])
def test_a_bundle_prints_it_as_an_exhibit_of_its_own(compared: Compared, language: Language, tmp_path: Path) -> None:
    compared.way.bundle(tmp_path / "bundle", language=language)

    assert conclusions(compared.way.verify(tmp_path / "bundle")) == [Outcome.PASSED]
    text = text_of(tmp_path / "bundle/data/report.pdf")
    for words in WORDS[language]:
        assert words in text, words


@pytest.mark.browser
def test_a_bundle_of_the_comparison_alone_leaves_open_what_it_was_made_of(compared: Compared, tmp_path: Path) -> None:
    options = BundleOptions(language=Language.ENGLISH, choice=Choice(items=("EV-0003",)))
    way = compared.way
    make_bundle(
        way.case, tmp_path / "b", custodian=way.custodian, options=options, stamping=Stamping(), trusted=way.roots
    )

    assert conclusions(way.verify(tmp_path / "b")) == [Outcome.NOT_CHECKED]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A case without a browser: EV-0001 a capture with a drawn page, EV-0002 handed over."""

    case: CaseFolder
    custodian: Custodian


def drawn(folder: Path, files: dict[str, bytes], *, sensitive: bool = False, screenshot: bool = True) -> Drawn:
    """Return such a case with *files* that were handed over."""
    custodian = practice_custodian()
    case = open_case(folder / "case", custodian)
    commit_small_item(case, custodian, screenshot=png(page(1, (640, 1200))) if screenshot else b"")
    take(case, custodian, hand_over(folder / "given", files), sensitive=sensitive)
    return Drawn(case=case, custodian=custodian)


def _screen() -> bytes:
    return on_phone(page(1, (640, 1200)), width=360, top=100, rows=800)


def test_without_a_reader_or_a_text_it_says_so_and_is_complete(tmp_path: Path) -> None:
    at = drawn(tmp_path, {"screen.jpg": _screen()})

    done = compare(at.case, at.custodian, "EV-0002", "EV-0001")

    assert done.taken.status is Status.COMPLETE
    assert "text.no-reader" in {each.code for each in done.compared.not_compared}
    assert any(row["outcome"] == "agrees" for row in rows_of(at.case, "EV-0003"))


def test_what_cannot_be_decoded_leaves_it_incomplete_and_the_rest_compared(tmp_path: Path) -> None:
    at = drawn(tmp_path, {"bomb.png": vast_png(), "screen.jpg": _screen()})

    done = compare(at.case, at.custodian, "EV-0002", "EV-0001")

    assert done.taken.status is Status.INCOMPLETE
    assert {each.code for each in done.compared.not_compared} >= {"picture.size"}
    assert any(row["outcome"] == "agrees" for row in rows_of(at.case, "EV-0003"))


def test_of_sensitive_items_no_picture_is_drawn(tmp_path: Path) -> None:
    at = drawn(tmp_path, {"screen.jpg": _screen()}, sensitive=True)
    compare(at.case, at.custodian, "EV-0002", "EV-0001")

    assert read_item(at.case, "EV-0003")["flags"] == [{"code": "sensitive", "detail": ""}]
    assert wanted_drawings(at.case.path / "items/EV-0003", tmp_path / "drawn", None, blur=True) == []


def test_the_parts_that_are_drawn_are_those_in_the_list(tmp_path: Path) -> None:
    at = drawn(tmp_path, {"screen.jpg": _screen()})
    compare(at.case, at.custodian, "EV-0002", "EV-0001")

    drawings = wanted_drawings(at.case.path / "items/EV-0003", tmp_path / "drawn", None, blur=True)

    assert [each.picture.name for each in drawings] == ["0001.jpg", "screenshot.png"]
    assert all(each.blur for each in drawings)
    (copy, other) = draw_apart(drawings)
    assert isinstance(copy, ViewingCopy)
    assert isinstance(other, ViewingCopy)
    assert copy.partial
    assert copy.slices[0].left == drawings[0].regions[0].left


def test_messages_of_a_chat_are_looked_for_in_the_text_of_a_page(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    chat = whatsapp_android(talk(3)).encode()
    take(case, custodian, hand_over(tmp_path / "given", {f"WhatsApp Chat with {PEOPLE[0]}.txt": chat}))
    first = next(iter(talk(3)))
    record = stage_small_item(case, custodian)
    (case.staging / record.id / "text.txt").write_text(f"{first.who}\n{first.text}\n", encoding="utf-8")
    text = ItemFile(path="text.txt", role="text", media_type="text/plain")
    commit_item(case, replace(record, files=(*record.files, text)), custodian)

    compare(case, custodian, "EV-0001", "EV-0002")

    rows = rows_of(case, "EV-0003")
    messages = [(row["supplied"], row["outcome"]) for row in rows if row["kind"] == "message"]
    agreeing = [place for place, outcome in messages if outcome == "agrees"]
    assert first.text in {place.get("text") for place in agreeing if isinstance(place, dict)}
    assert "absent" in {outcome for _, outcome in messages}
    assert {row["outcome"] for row in rows if row["kind"] == "name"} == {"agrees", "absent"}


@pytest.mark.parametrize("pair", [("EV-0001", "EV-0002"), ("EV-0002", "EV-0002"), ("EV-0001", "EV-0001")])
def test_items_in_the_wrong_place_are_refused_before_anything_is_begun(pair: tuple[str, str], tmp_path: Path) -> None:
    at = drawn(tmp_path, {"screen.jpg": _screen()})
    before = at.case.log_bytes()

    with pytest.raises(UsageError):
        compare(at.case, at.custodian, *pair)

    assert at.case.log_bytes() == before


def test_what_is_sealed_is_refused_before_anything_is_begun(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_sealing_case(tmp_path / "case", custodian, [Identity.new(), Identity.new()])
    seal(case, custodian, hand_over(tmp_path / "given", {"screen.jpg": _screen()}))
    commit_small_item(case, custodian)
    before = case.log_bytes()

    with pytest.raises(UsageError, match="sealed"):
        compare(case, custodian, "EV-0001", "EV-0002")

    assert case.log_bytes() == before


def test_of_an_encrypted_item_a_key_is_wanted_and_the_list_is_encrypted_too(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    keys = [Identity.new(), Identity.new()]
    for key in keys:
        case.commit(adding(Named(recipient=key.recipient, use=Use.CONTENT)), custodian)
    commit_small_item(case, custodian, screenshot=png(page(1, (640, 1200))))
    take(case, custodian, hand_over(tmp_path / "given", {"screen.jpg": _screen()}))

    with pytest.raises(CaseError, match="encrypted"):
        compare(case, custodian, "EV-0002", "EV-0001")
    with OpenItems(case.path / "items", keys[:1]) as opened:
        done = corroborate(
            case, "EV-0002", "EV-0001", custodian=custodian, stamping=Stamping(), opened=opened, reader=None
        )

    assert {path.name for path in (case.path / "items" / done.taken.id).iterdir()} == {
        "corroboration.json.age",
        "item.json",
        "manifest-sha256.txt",
    }
    assert any(each.outcome == "agrees" for each in done.compared.found)


def test_what_holds_neither_pictures_nor_conversations_is_refused(tmp_path: Path) -> None:
    at = drawn(tmp_path, {"letter.bin": b"nothing"})

    with pytest.raises(UsageError):
        compare(at.case, at.custodian, "EV-0002", "EV-0001")


def test_a_killed_comparison_leaves_its_start_alone(tmp_path: Path) -> None:
    at = drawn(tmp_path, {"screen.jpg": _screen()})
    begun: dict[str, Json] = {"derived_from": [parent("EV-0002")], "method": "corroborate"}
    draft = Draft(type=EventType.DERIVATION_STARTED, detail=begun)
    left = at.case.commit(draft, at.custodian, new_item=True).item or ""
    with workplace(at.case, left) as place:
        (place.folder / "corroboration.json").write_bytes(b"half")

    compare(at.case, at.custodian, "EV-0002", "EV-0001")

    assert not (at.case.staging / left).exists()
    found = {each.item: each.outcome for each in attempts(at.case.log().full_events()) if each.source == DERIVED}
    assert found == {left: "abandoned", "EV-0004": "complete"}
