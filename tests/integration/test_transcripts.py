"""Conversations of a supplied item in a bundle: listed always, printed where a plan chose messages, and checked."""

import json
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pytest

from evidence_kit.bundle.exhibit_plan import ExhibitPlan, read_plan
from evidence_kit.bundle.make import BundleOptions, make_bundle
from evidence_kit.bundle.plan_writing import fresh_plan
from evidence_kit.bundle.report_model import Language
from evidence_kit.bundle.selection import Choice
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.opened import OpenItems
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.custodian import Custodian
from evidence_kit.errors import CaseError, UsageError
from evidence_kit.pdf.check import check_pdf
from evidence_kit.texts import Language as Spoken
from evidence_kit.texts import Texts
from evidence_kit.verify import verify_path
from tests.support.cases import open_case
from tests.support.chat_exports import LINES, PEOPLE, facebook, talk, whatsapp_android
from tests.support.people import SetClock, practice_custodian, roots_of
from tests.support.second import differences, running
from tests.support.supplies import hand_over, take

Oracle = Callable[[str], Path]
HEAD = 'schema = "evidence-kit/exhibits/1"\n'
CHOSEN = """
[[exhibit.transcript]]
conversation = 1
messages = ["20-24", "30"]
context = 2

[[exhibit.transcript]]
conversation = 2
messages = ["2"]
"""


@pytest.fixture
def custodian() -> Custodian:
    return practice_custodian(SetClock(datetime.now(UTC).replace(microsecond=0)))


@pytest.fixture
def case(tmp_path: Path, custodian: Custodian) -> CaseFolder:
    """Return a case of two items: one with two conversations, and one without."""
    facebook(tmp_path / "phone", 50)
    (tmp_path / "phone" / "_chat.txt").write_text(whatsapp_android(talk(3)), encoding="utf-8")
    case = open_case(tmp_path / "case", custodian)
    take(case, custodian, tmp_path / "phone")
    take(case, custodian, hand_over(tmp_path / "other"))
    return case


def plan_of(transcripts: str, item: str = "EV-0001") -> ExhibitPlan:
    return read_plan(f'{HEAD}\n[[exhibit]]\nitem = "{item}"\nlabel = "A"\n{transcripts}'.encode(), name="plan.toml")


def bundle(
    case: CaseFolder,
    custodian: Custodian,
    *,
    plan: ExhibitPlan | None = None,
    language: Language = Language.ENGLISH,
) -> Path:
    output = case.path.parent / f"bundle-{language}"
    make_bundle(
        case,
        output,
        custodian=custodian,
        options=BundleOptions(language=language, choice=Choice(plan=plan)),
        stamping=Stamping(),
        trusted=roots_of(custodian.signer),
    )
    return output


def text_of(bundle: Path, oracle: Oracle) -> str:
    """Return the text of the report without white space."""
    report = bundle / "data" / "report.pdf"
    ran = subprocess.run([oracle("pdftotext"), "-raw", report, "-"], check=True, capture_output=True, timeout=60)
    return re.sub(r"\s", "", ran.stdout.decode("utf-8"))


def technical(bundle: Path) -> dict[str, object]:
    with pikepdf.open(bundle / "data" / "report.pdf") as pdf:
        told = json.loads(pdf.attachments["EV-0001.json"].get_file().read_bytes())
    assert isinstance(told, dict)
    return told


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_without_a_plan_conversations_are_listed_and_nobodys_message_is_printed(
    case: CaseFolder, custodian: Custodian, oracle: Oracle
) -> None:
    made = bundle(case, custodian)

    text = text_of(made, oracle)

    for shown in (*PEOPLE, "facebook-json", "whatsapp-text", "Messages:50", "2026-03-14T07:05:09.000Z"):
        assert squeezed(shown) in text
    assert squeezed("No message is printed here unless it was chosen in the plan") in text
    assert "Broken encoding repaired".replace(" ", "") in text
    for line in (LINES[0], LINES[2], LINES[3]):
        assert squeezed(line) not in text
    assert "Transcriptofasuppliedexport" not in text


@pytest.mark.parametrize("language", [Language.BOTH, Language.MONGOLIAN])
def test_chosen_messages_are_printed_with_those_around_them_and_both_verifiers_agree(
    case: CaseFolder, custodian: Custodian, oracle: Oracle, language: Language
) -> None:
    made = bundle(case, custodian, plan=plan_of(CHOSEN), language=language)

    text = text_of(made, oracle)

    for number in (*range(17, 26), *range(27, 32)):
        if "\n" not in LINES[number % 6]:
            assert squeezed(f"{LINES[number % 6]} #{number}") in text
    for number in (16, 26, 32):
        assert f"#{number}" not in text
    for shown in ("2026-03-14 15:19:09", "original/0002.json · /messages/27", "14/03/2026, 07:05"):
        assert squeezed(shown) in text
    if language is Language.BOTH:
        for shown in (
            "Messages left out here: 17",
            "Messages left out here: 1",
            "Messages left out here: 18",
            "context, not chosen",
            "it says what the file says, not that anybody wrote it",
            "zone not told",
        ):
            assert squeezed(shown) in text
    assert squeezed("сонгоогүй, орчны мессеж") in text
    assert squeezed("Энд хэвлээгүй мессеж") in text
    report = verify_path(made, roots=roots_of(custodian.signer), clock=custodian.clock, check_pdf=check_pdf)
    assert report.verdict == "verified"
    with running() as second:
        assert differences(report, second.verify(made, roots_of(custodian.signer), custodian.clock())) == []


def test_the_technical_report_tells_which_messages_are_printed_and_where_they_stand_but_not_their_words(
    case: CaseFolder, custodian: Custodian
) -> None:
    told = technical(bundle(case, custodian, plan=plan_of(CHOSEN)))["conversations"]

    assert isinstance(told, dict)
    assert [each["messages"] for each in told["listed"]] == [50, 4]
    first, second = told["transcripts"]
    assert (first["chosen"], first["chosen_count"], first["context_count"]) == ("20-24, 30", 6, 8)
    assert first["messages"][0]["pointer"] == "/messages/32"
    assert [each["chosen"] for each in first["messages"]][:3] == [False, False, True]
    assert second["messages"][0]["zone"] == "not-told"
    assert "#19" not in json.dumps(told, ensure_ascii=False)


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (plan_of(CHOSEN, "EV-0002"), "plan.toml, line 4: EV-0002: the item has no conversations"),
        (
            plan_of(CHOSEN.replace('"30"', '"51"')),
            "line 4: EV-0001: message 51 of conversation 1 is not there: it has 50",
        ),
        (plan_of(CHOSEN.replace("= 2", "= 3")), "line 4: EV-0001: there is no conversation 3: the item has 2"),
    ],
    ids=["no conversations", "no such message", "no such conversation"],
)
def test_what_is_not_there_is_said_before_the_log_tells_of_a_bundle(
    case: CaseFolder, custodian: Custodian, plan: ExhibitPlan, told: str
) -> None:
    before = case.log_bytes()

    with pytest.raises(UsageError, match=re.escape(told)) as caught:
        bundle(case, custodian, plan=plan)

    assert caught.value.hint
    assert case.log_bytes() == before


def test_a_damaged_item_is_an_error_that_says_what_to_do(case: CaseFolder, custodian: Custodian) -> None:
    messages = case.path / "items" / "EV-0001" / "messages-01.jsonl"
    messages.write_bytes(messages.read_bytes().replace(b'"kind":"message"', b'"kind":7'))

    with pytest.raises(CaseError, match="the item EV-0001 cannot be read") as caught:
        bundle(case, custodian, plan=plan_of(CHOSEN))

    assert "verify" in caught.value.hint


@pytest.mark.parametrize("language", [*Spoken])
def test_a_new_plan_names_the_conversations_and_shows_how_messages_are_chosen(
    case: CaseFolder, language: Spoken
) -> None:
    items = OpenItems(case.path / "items", ())
    texts = Texts.load(language)
    data, plan = fresh_plan(case, Choice(), items, blurred=True, remarks=texts, report=[texts])

    text = data.decode("utf-8")
    assert all(each.transcripts == () for each in plan.exhibits)
    for shown in ("1: facebook;", "2: whatsapp;", PEOPLE[1], "50"):
        assert shown in text
    wanted = '# [[exhibit.transcript]]\n# conversation = 1\n# messages = ["1-10"]\n# context = 5\n'
    assert wanted in text
    chosen = read_plan(text.replace(wanted, wanted.replace("# ", "")).encode(), name="plan.toml")
    assert [each.context for each in chosen.exhibits[0].transcripts] == [5]
