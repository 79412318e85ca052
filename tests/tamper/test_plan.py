"""A plan of the exhibits that says another order than the log, sealed anew by the officer himself."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.bundle.exhibit_plan import read_plan
from evidence_kit.bundle.make import BundleOptions, make_bundle
from evidence_kit.bundle.report_model import Language
from evidence_kit.bundle.selection import Choice
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.custodian import Custodian
from evidence_kit.models import Outcome
from evidence_kit.pdf.check import check_pdf
from evidence_kit.trust.digests import sha256_file
from evidence_kit.verify import verify_path
from tests.support.cases import commit_small_item, open_case
from tests.support.forging import read_log, rehash, write_log
from tests.support.people import SetClock, practice_custodian, roots_of
from tests.support.second import differences, running
from tests.support.supplies import hand_over, take

HEAD = 'schema = "evidence-kit/exhibits/1"\n'
BLOCK = '\n[[exhibit]]\nitem = "{0}"\nlabel = "{1}"\ntitle = ""\nwhy = "\\"x\\" = [[exhibit]]"\nblurred = true\n'
FIRST, SECOND = BLOCK.format("EV-0001", "A"), BLOCK.format("EV-0002", "B")


@pytest.fixture
def custodian() -> Custodian:
    return practice_custodian(SetClock(datetime.now(UTC).replace(microsecond=0)))


@pytest.fixture
def planned(tmp_path: Path, custodian: Custodian) -> Path:
    """Return a bundle whose second item is its first exhibit."""
    case = open_case(tmp_path / "case", custodian)
    for _ in range(2):
        commit_small_item(case, custodian)
    plan = read_plan((HEAD + SECOND + FIRST).encode(), name="plan.toml")
    make_bundle(
        case,
        tmp_path / "bundle",
        custodian=custodian,
        options=BundleOptions(language=Language.ENGLISH, choice=Choice(plan=plan)),
        stamping=Stamping(),
        trusted=roots_of(custodian.signer),
    )
    return tmp_path / "bundle"


def why(bundle: Path, custodian: Custodian) -> str:
    """Return why the log and the bundle do not fit, empty if they do."""
    report = verify_path(bundle, roots=roots_of(custodian.signer), clock=custodian.clock, check_pdf=check_pdf)
    with running() as second:
        assert differences(report, second.verify(bundle, roots_of(custodian.signer), custodian.clock())) == []
    told = [check for check in report.checks if check.id == "bundle.event" and check.outcome is Outcome.FAILED]
    return "; ".join(f"{check.subject}: {check.detail}" for check in told)


def test_a_plan_in_the_order_of_the_log_passes(planned: Path, custodian: Custodian) -> None:
    assert why(planned, custodian) == ""


def test_a_plan_that_asks_for_the_places_of_what_was_handed_over_passes(tmp_path: Path, custodian: Custodian) -> None:
    case = open_case(tmp_path / "case", custodian)
    take(case, custodian, hand_over(tmp_path / "phone"))
    plan = read_plan((HEAD + FIRST + "places = true\n").encode(), name="plan.toml")
    roots = roots_of(custodian.signer)
    options = BundleOptions(language=Language.ENGLISH, choice=Choice(plan=plan))
    make_bundle(case, tmp_path / "bundle", custodian=custodian, options=options, stamping=Stamping(), trusted=roots)

    assert "places = true" in (tmp_path / "bundle" / "data" / "exhibits.toml").read_text(encoding="utf-8")
    assert why(tmp_path / "bundle", custodian) == ""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda _: HEAD + FIRST + SECOND, "in their order"),
        (lambda _: HEAD + SECOND, "in their order"),
        (lambda text: text.replace("EV-0001", "EV-0003"), "in their order"),
        (lambda text: text + "# remark\n", "not in the form"),
    ],
    ids=["another order", "fewer", "another item", "another form"],
)
def test_a_plan_that_names_other_exhibits_or_another_order_than_the_log_is_found(
    planned: Path, custodian: Custodian, change: Callable[[str], str], told: str
) -> None:
    plan = planned / "data" / "exhibits.toml"
    plan.write_bytes(change(plan.read_text(encoding="utf-8")).encode())
    events = read_log(planned / "data")
    (begun,) = (event for event in events if event.value["type"] == "bundle.started")
    begun.value["digests"] = {"exhibits.toml": str(sha256_file(plan))}
    write_log(planned / "data", events, custodian)
    rehash(planned, custodian)

    found = why(planned, custodian)

    assert found.startswith("data/exhibits.toml: ")
    assert told in found
