"""What was handed over, in a real bundle: marked as another class, told in full, blurred where it must be."""

import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from evidence_kit.bundle.beginning import Intent, begin
from evidence_kit.bundle.exhibit_plan import ExhibitPlan, PlannedExhibit
from evidence_kit.bundle.gather import Source, gather_exhibits
from evidence_kit.bundle.make import BundleOptions, make_bundle
from evidence_kit.bundle.report import render_report
from evidence_kit.bundle.report_model import Exhibit, Language
from evidence_kit.bundle.selection import Choice
from evidence_kit.bundle.supplied_parts import Found, HandedOver, NotTaken, Supplied
from evidence_kit.bundle.supplied_reading import MOST_PICTURES
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.opened import OpenItems
from evidence_kit.case.stamping import Stamping
from evidence_kit.case.supply import Circumstances
from evidence_kit.custody.custodian import Custodian
from evidence_kit.errors import CaseError
from evidence_kit.models import Verdict
from evidence_kit.verify import verify_path
from tests.support.cases import commit_small_item, open_case
from tests.support.people import practice_custodian, roots_of
from tests.support.pictures import SERIAL, phone_screenshot, photo, vast_png
from tests.support.report_cases import MOMENT, digest_of, exhibit_of, report_of
from tests.support.supplies import hand_over, take

Oracle = Callable[[str], Path]
Reports = Callable[[Language], str]
MARKS = {
    Language.ENGLISH: ["Supplied, not recorded by this tool"],
    Language.MONGOLIAN: ["Гаргаж өгсөн; энэ хэрэгслээр бэхжүүлээгүй"],
}
MARKS[Language.BOTH] = [*MARKS[Language.MONGOLIAN], *MARKS[Language.ENGLISH]]
CIRCUMSTANCES = Circumstances(
    provided_by="V-01", received=datetime(2026, 11, 21, 6, tzinfo=UTC), device="Samsung A15", way="USB"
)
FILES = {
    "phone/IMG_20261120_100000.jpg": photo(),
    "phone/Screenshot_20261120-101530.png": phone_screenshot(),
    "phone/again.png": phone_screenshot(),
    "phone/vast.png": vast_png(),
    "phone/чат.txt": "Сайн уу".encode(),
}


@dataclass(frozen=True, kw_only=True)
class Handed:
    """A case, and how bundles are made of it."""

    case: CaseFolder
    custodian: Custodian

    def bundle(self, output: Path, language: Language, *, show: bool = False, plan: ExhibitPlan | None = None) -> str:
        """Return the text of the report of a bundle, which verifies."""
        options = BundleOptions(language=language, show_pictures=show, choice=Choice(plan=plan))
        roots = roots_of(self.custodian.signer)
        made = make_bundle(
            self.case, output, custodian=self.custodian, options=options, stamping=Stamping(), trusted=roots
        )
        assert made.problems == ()
        assert verify_path(output, roots=roots, clock=self.custodian.clock).verdict is Verdict.VERIFIED
        return text_of(output / "data" / "report.pdf")


def text_of(report: Path) -> str:
    """Return the text of all pages, in single lines."""
    text = subprocess.run(["pdftotext", report, "-"], check=True, capture_output=True, timeout=60).stdout
    return re.sub(r"\s+", " ", text.decode("utf-8"))


def case_of(folder: Path, files: Mapping[str, bytes], *, captured: bool = False, sensitive: bool = False) -> Handed:
    """Return a case with one item of *files* that were handed over, and after it one that was *captured*."""
    custodian = practice_custodian()
    case = open_case(folder / "case", custodian)
    given = hand_over(folder / "given", dict(files))
    take(case, custodian, given, circumstances=CIRCUMSTANCES, sensitive=sensitive)
    if captured:
        commit_small_item(case, custodian)
    return Handed(case=case, custodian=custodian)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """Return the text of the report of a case with both classes, made when a test first asks for the language."""
    folder = tmp_path_factory.mktemp("handed")
    handed = case_of(folder, FILES, captured=True)
    return cache(lambda language: handed.bundle(folder / language, language))


@pytest.mark.parametrize("language", [*Language])
def test_what_was_handed_over_is_marked_wherever_it_is_named(language: Language, reports: Reports) -> None:
    """On page 2, in the list of exhibits, in the record of capture, and on its own pages."""
    for mark in MARKS[language]:
        assert reports(language).count(mark) == 4


@pytest.mark.parametrize("language", [*Language])
def test_its_circumstances_files_and_digests_are_printed(language: Language, reports: Reports) -> None:
    text = reports(language)

    for told in ("V-01", "Samsung A15", "USB", "again.png", "чат.txt", "original/0001.jpg", "image/jpeg"):
        assert told in text, told
    assert "EV-0001 original/" in text, "the same bytes are said to be the same"


def test_no_row_of_a_capture_stands_on_its_pages(tmp_path: Path) -> None:
    text = case_of(tmp_path, FILES).bundle(tmp_path / "bundle", Language.ENGLISH)

    assert "Taken in byte for byte" in text
    for words in ("Link asked for", "Recorder", "What was attempted", "Account used", "Recorded without known gaps"):
        assert words not in text, words
    assert "opened in a browser" not in text
    assert "each file was copied byte for byte" in text


def test_of_both_classes_the_report_says_how_each_came_to_be(reports: Reports) -> None:
    text = reports(Language.ENGLISH)

    for words in ("Link asked for", "Taken in byte for byte", "Recorded without known gaps", "opened in a browser"):
        assert words in text, words
    assert "Of an exhibit that was supplied it says less" in text


def test_what_disagrees_stands_first_and_places_are_only_counted(reports: Reports) -> None:
    text = reports(Language.ENGLISH)

    facts = text[text.index("None of these is a verdict") :]
    assert facts.index("Times that disagree") < facts.index("Taken, by EXIF") < facts.index("SM-A155F")
    assert "Not printed, shown on demand" in text
    assert SERIAL not in text
    assert "47.9" not in text


def test_places_are_printed_when_the_plan_asks_for_them(tmp_path: Path) -> None:
    plan = ExhibitPlan(exhibits=(PlannedExhibit(item="EV-0001", label="Exhibit A", places=True),))

    (exhibit,) = exhibits_of(case_of(tmp_path, {"a.jpg": photo()}), tmp_path / "work", show=False, plan=plan)

    (file,) = supplied(exhibit).files
    assert SERIAL in {found.told for found in file.found}
    assert {"gps.position", "serial.exif"} <= {found.code for found in file.found}
    assert file.on_demand == 0
    taken = next(found for found in file.found if found.code == "time.exif_original")
    assert taken.told == "text: 2026:11:21 09:00:00; clock: 2026-11-21T09:00:00", "what it leaves open is left out"
    disagree = next(found for found in file.found if found.code == "times.disagree")
    assert all(line.startswith("one: time.") for line in disagree.told.split("\n"))


def test_a_picture_that_claims_too_much_is_told_and_no_bundle_fails_of_it(reports: Reports) -> None:
    assert "No viewing copy: it has too many pixels" in reports(Language.ENGLISH)
    assert "Үзүүлэх хувь байхгүй: пиксел нь хэт олон" in reports(Language.MONGOLIAN)


@pytest.mark.parametrize("sensitive", [False, True])
@pytest.mark.parametrize("show", [False, True])
def test_sensitive_pictures_stay_blurred_unless_a_plan_names_them(tmp_path: Path, show: bool, sensitive: bool) -> None:
    handed = case_of(tmp_path, {"a.png": phone_screenshot((400, 300))}, sensitive=sensitive)

    assert blurred(handed, tmp_path / "1", show=show) is (sensitive or not show)
    for says in (False, True):
        plan = ExhibitPlan(exhibits=(PlannedExhibit(item="EV-0001", label="A", blurred=says),))
        assert blurred(handed, tmp_path / f"plan-{says}", show=show, plan=plan) is says


def blurred(handed: Handed, work: Path, *, show: bool, plan: ExhibitPlan | None = None) -> bool:
    """Return whether the picture of the only exhibit is blurred."""
    (exhibit,) = exhibits_of(handed, work, show=show, plan=plan)
    return exhibit.context_shots[0].copy.blurred


def exhibits_of(handed: Handed, work: Path, *, show: bool, plan: ExhibitPlan | None = None) -> tuple[Exhibit, ...]:
    """Return the exhibits of a bundle that is begun, with their pictures in *work*."""
    intent = Intent(
        choice=Choice(plan=plan),
        ground="",
        purpose="",
        name="x",
        language=Language.ENGLISH,
        show_pictures=show,
        session_data=False,
        sealed=False,
    )
    items = OpenItems(handed.case.path / "items", ())
    begun = begin(handed.case, handed.custodian, intent, items)
    source = Source.read(handed.case, begun, stamping_asked=False)
    return gather_exhibits(source, handed.case.path, work, items, blur=not show, plan=plan)


def supplied(exhibit: Exhibit) -> Supplied:
    assert exhibit.supplied is not None
    return exhibit.supplied


def test_of_many_pictures_all_are_listed_and_some_are_drawn(tmp_path: Path) -> None:
    small = phone_screenshot((200, 200))
    handed = case_of(tmp_path, {f"{number:03}.png": small + bytes([number]) for number in range(MOST_PICTURES + 20)})

    (exhibit,) = exhibits_of(handed, tmp_path / "work", show=True)

    files = supplied(exhibit).files
    assert len(files) == MOST_PICTURES + 20
    assert len(exhibit.context_shots) == MOST_PICTURES
    assert sum(file.no_copy == "many" for file in files) == 20
    cuts = {cut.name: (cut.printed, cut.whole) for cut in exhibit.cuts}
    assert cuts["viewing_copies"] == (MOST_PICTURES, MOST_PICTURES + 20)


def _change(handed: Handed, name: str, old: str, new: str) -> None:
    """Make *name* of the item tell something else, as whoever signs it can."""
    path = handed.case.path / "items" / "EV-0001" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_no_picture_from_outside_of_the_item_is_drawn(tmp_path: Path) -> None:
    handed = case_of(tmp_path, {"a.png": phone_screenshot((200, 200))})
    (tmp_path / "private.png").write_bytes(phone_screenshot((300, 300)))
    _change(handed, "facts.json", "original/0001.png", "../../../private.png")

    (exhibit,) = exhibits_of(handed, tmp_path / "work", show=True)

    assert exhibit.context_shots == ()
    assert [file.path for file in supplied(exhibit).files] == ["original/0001.png"]

    _change(handed, "item.json", "original/0001.png", "../../../private.png")
    with pytest.raises(CaseError, match="a file is not described"):
        exhibits_of(handed, tmp_path / "again", show=True)


def test_a_media_type_that_is_none_is_no_picture(tmp_path: Path) -> None:
    handed = case_of(tmp_path, {"a.png": phone_screenshot((200, 200))})
    _change(handed, "facts.json", '"image/png"', '["image/png"]')

    (exhibit,) = exhibits_of(handed, tmp_path / "work", show=True)

    assert exhibit.context_shots == ()


def test_hostile_names_and_texts_are_shown_as_they_are_and_stay_on_the_page(tmp_path: Path, oracle: Oracle) -> None:
    names = {
        "a\u202egnp.exe.png": phone_screenshot((200, 200)),
        '#read("x") $x$ *b* <i>.txt': b"markup",
        "line\nbreak.txt": b"newline",
        "Ө" * 120 + ".txt": b"long",
    }
    handed = case_of(tmp_path, names)

    text = handed.bundle(tmp_path / "bundle", Language.BOTH)

    for shown in ("a\\u{202E}gnp.exe.png", '#read("x") $x$ *b* <i>.txt', "line\\u{000A}break.txt"):
        assert shown.replace(" ", "") in text.replace(" ", ""), shown
    report = tmp_path / "bundle" / "data" / "report.pdf"
    boxes = subprocess.run([oracle("pdftotext"), "-bbox", report, "-"], check=True, capture_output=True, timeout=60)
    edges = [float(edge) * 25.4 / 72 for edge in re.findall(r'xMax="([\d.]+)"', boxes.stdout.decode("utf-8"))]
    assert max(edges) <= 210 - 18 + 0.6


def test_words_of_any_length_are_cut_and_told_and_stay_on_the_page(tmp_path: Path, oracle: Oracle) -> None:
    long = "<b>#x$ Ө\u202e\u0301" * 14_000
    told = Supplied(
        circumstances=Circumstances(provided_by=long, device=long, way=long, statement=long, consent=long),
        sensitive=True,
        amount=1,
        size=1,
        files=(
            HandedOver(
                path="original/0001.jpg",
                called=long,
                size=1,
                sha256=digest_of("1"),
                kind=long,
                media_type=long,
                found=(Found(code=long, told=long, detail=long, pointer=long, offset=1, length=2),),
                on_demand=3,
                on_demand_at=(long,),
                same_bytes=(long,),
            ),
        ),
        not_taken=(NotTaken(called=long, code="file.link", detail=long),),
    )
    data = report_of(replace(exhibit_of(1), supplied=told))
    report = tmp_path / "report.pdf"

    made = render_report(data, report, language=Language.BOTH, attachments={}, timestamp=MOMENT, font_folders=())

    assert made.missing_glyphs == ()
    boxes = subprocess.run([oracle("pdftotext"), "-bbox", report, "-"], check=True, capture_output=True, timeout=60)
    edges = [float(edge) * 25.4 / 72 for edge in re.findall(r'xMax="([\d.]+)"', boxes.stdout.decode("utf-8"))]
    assert max(edges) <= 210 - 18 + 0.6
    text = text_of(report)
    assert "[…]" in text
    assert "\\u{202E}" in text
    assert made.pages < 80
