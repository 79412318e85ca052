"""Registers: what is sealed by the log, what was not chosen, and whose licence is known."""

import tomllib
from pathlib import Path

from evidence_kit.bundle.fonts import choose_fonts
from evidence_kit.bundle.registers import left_out, sealed_items
from evidence_kit.bundle.signatures import Licences, Licensed
from evidence_kit.case.items import attempts
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.resources import template
from tests.support.cases import commit_small_item, open_case
from tests.support.people import SetClock, practice_custodian
from tests.support.pki import Authority


def test_an_item_is_sealed_until_it_is_unsealed(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    first, second = (commit_small_item(case, custodian) for _ in range(2))
    for item in (first, second):
        detail = {"seal_number": f"No. {item}"}
        case.commit(Draft(type=EventType.SEALED, item=item, purpose="p", detail={**detail}), custodian)
    case.commit(
        Draft(type=EventType.UNSEALED, item=first, purpose="p", detail={"seal_number": "1", "reason": "r"}), custodian
    )

    found = sealed_items(case.log().full_events())

    assert [(each.item, each.seal_number) for each in found] == [(second, f"No. {second}")]
    assert found[0].manifest_sha256 is not None


def test_what_was_not_chosen_is_listed_with_its_value(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    item = commit_small_item(case, custodian)
    commit_small_item(case, custodian)

    (found,) = left_out(attempts(case.log().full_events()), [item])

    assert (found.item, found.outcome) == (item, "incomplete")
    assert found.manifest_sha256 is not None


def test_a_licence_is_not_established_unless_a_source_says_so() -> None:
    clock = SetClock()
    root = Authority("Root", clock=clock)
    signer = root.issue("Officer")
    above = signer.chain

    nothing = Licences(known={}).of(signer.certificate, above)
    known = Licences(known={above[-1].fingerprint: Licensed.YES}).of(signer.certificate, above)

    assert (nothing, known) == (Licensed.NOT_ESTABLISHED, Licensed.YES)


def test_practice_and_self_made_certificates_come_from_no_licensed_authority() -> None:
    practice = practice_custodian().signer
    itself = Authority("Somebody", clock=SetClock()).signer().certificate
    licences = Licences(known={practice.chain[-1].fingerprint: Licensed.YES})

    assert licences.of(practice.certificate, practice.chain) == Licensed.NO
    assert licences.of(itself, ()) == Licensed.NO


def test_nothing_is_claimed_of_licences_without_a_source() -> None:
    table = tomllib.loads(template("report/licensed.toml").read_text(encoding="utf-8"))

    assert Licences.read().known.keys() == {each["certificate_sha256"] for each in table["authority"]}
    assert all(each["source"] for each in table["authority"])


def test_every_category_has_a_code_of_its_own_and_words_in_both_languages_that_can_be_printed() -> None:
    table = tomllib.loads(template("report/vocabulary.toml").read_text(encoding="utf-8"))
    categories = table["category"]

    words = [text for each in categories for language in ("en", "mn") for text in each[language]]

    assert len({each["code"] for each in categories}) == len(categories) == 21
    assert all(len(each[language]) == 2 for each in categories for language in ("en", "mn"))
    assert {each["mark"] for each in categories} == {"L", "U"}
    assert choose_fonts(words, system=()).missing == frozenset()


def test_the_cover_is_delivered_without_words_in_the_national_script() -> None:
    table = tomllib.loads(template("report/office.toml").read_text(encoding="utf-8"))

    assert table == {"national_script": ""}
