"""A bundle of a case with a sealed item: what it shows of it, what it holds of it, and that both verifiers agree."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from evidence_kit.bundle.exhibit_plan import ExhibitPlan, PlannedExhibit
from evidence_kit.bundle.make import BundleOptions, make_bundle
from evidence_kit.bundle.plan_writing import fresh_plan
from evidence_kit.bundle.report_model import Language
from evidence_kit.bundle.selection import Choice
from evidence_kit.bundle.transcript_plan import PlannedTranscript, Range
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.key_book import register_key
from evidence_kit.case.opened import OpenItems
from evidence_kit.case.stamping import Stamping
from evidence_kit.case.unsealing import approve, awaiting, open_request, request, unseal
from evidence_kit.custody.custodian import Custodian
from evidence_kit.errors import UsageError
from evidence_kit.models import Digest, Verdict, VerificationReport
from evidence_kit.replay.viewer_subject import open_subject
from evidence_kit.texts import Language as Spoken
from evidence_kit.texts import Texts
from evidence_kit.trust.age import Identity
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify import verify_path
from tests.support import second
from tests.support.cases import commit_small_item
from tests.support.forging import rehash
from tests.support.people import OFFICER, practice_custodian
from tests.support.sealing import MARK, NAME, PROVIDER, holding, open_sealing_case, seal
from tests.support.supplies import hand_over

FILES = {f"DCIM/{NAME}": MARK * 3_000, "note.txt": MARK}
SECRETS = (MARK, NAME.encode(), PROVIDER.encode(), *(sha256_bytes(data).hex.encode() for data in FILES.values()))
PLACE = Path("data/items/EV-0001/sealed")


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """A case with a sealed item that was opened once, and one that is not sealed."""

    case: CaseFolder
    custodian: Custodian
    roots: TrustedRoots
    identities: list[Identity]
    other: second.SecondVerifier

    def age_files(self) -> list[Path]:
        """Return the encrypted files in the case."""
        return sorted((self.case.path / "items/EV-0001/sealed").iterdir())

    def bundle(self, output: Path, *, sealed: bool = False, choice: Choice | None = None) -> Path:
        """Make a bundle."""
        make_bundle(
            self.case,
            output,
            custodian=self.custodian,
            options=BundleOptions(language=Language.ENGLISH, sealed=sealed, choice=choice or Choice()),
            stamping=Stamping(),
            trusted=self.roots,
        )
        return output

    def verified(self, path: Path) -> VerificationReport:
        """Check with our verifier, and have the other one agree."""
        report = verify_path(path, roots=self.roots, clock=self.custodian.clock)
        theirs = self.other.verify(path, self.roots, self.custodian.clock())
        assert second.differences(report, theirs) == []
        return report


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sealed]:
    folder = tmp_path_factory.mktemp("sealed")
    custodian, identities = practice_custodian(), [Identity.new(), Identity.new()]
    case = open_sealing_case(folder / "case", custodian, identities)
    seal(case, custodian, hand_over(folder / "phone", FILES))
    commit_small_item(case, custodian)
    other = practice_custodian(officer=replace(OFFICER, name="Зохиомол Болор", id="7"))
    register_key(case, other.signer.certificate, custodian)
    request(case, "EV-0001", custodian, reason="Шинжилгээ", second=other.officer.name)
    approve(case, awaiting(case, "EV-0001", other), other)
    asked = open_request(case, "EV-0001", custodian, second=other.officer.name)
    assert asked
    unseal(case, asked, custodian, identities=identities[:1], output=folder / "opened")
    roots = TrustedRoots(practice=(custodian.signer.chain[-1], other.signer.chain[-1]))
    with second.running() as verifier:
        yield Sealed(case=case, custodian=custodian, roots=roots, identities=identities, other=verifier)


@pytest.fixture(scope="module")
def withheld(sealed: Sealed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sealed.bundle(tmp_path_factory.mktemp("withheld") / "bundle")


@pytest.fixture(scope="module")
def included(sealed: Sealed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sealed.bundle(tmp_path_factory.mktemp("included") / "bundle", sealed=True)


def text_of(bundle: Path, oracle: Callable[[str], Path], *options: str) -> str:
    """Return the text of the report; words of both languages stand beside each other in it."""
    run = [str(oracle("pdftotext")), *options, str(bundle / "data/report.pdf"), "-"]
    return " ".join(subprocess.run(run, capture_output=True, check=True).stdout.decode().split())


def test_a_bundle_tells_nothing_of_what_is_sealed(
    withheld: Path, sealed: Sealed, oracle: Callable[[str], Path]
) -> None:
    assert holding(withheld, *SECRETS) == []
    assert not (withheld / PLACE).exists()
    assert not any(secret.decode() in text_of(withheld, oracle) for secret in SECRETS)

    report = sealed.verified(withheld)

    assert report.verdict is Verdict.VERIFIED
    lacking = {check.subject for check in report.checks if check.id == "item.manifest" and check.outcome != "passed"}
    assert lacking == {f"{PLACE.as_posix()}/{path.name}" for path in sealed.age_files()}


def test_a_bundle_for_those_with_a_key_holds_the_encrypted_files(included: Path, sealed: Sealed) -> None:
    assert sealed.verified(included).verdict is Verdict.VERIFIED
    assert [path.read_bytes() for path in sorted((included / PLACE).iterdir())] == [
        path.read_bytes() for path in sealed.age_files()
    ]
    opened = verify_path(included, roots=sealed.roots, clock=sealed.custodian.clock, identities=sealed.identities[:1])
    assert [str(check.outcome) for check in opened.checks if check.id == "item.plaintext"] == ["passed"]


@pytest.mark.parametrize("which", ["withheld", "included"])
def test_the_log_and_page_1_say_whether_the_encrypted_files_are_there(
    which: str, request: pytest.FixtureRequest, oracle: Callable[[str], Path]
) -> None:
    bundle = request.getfixturevalue(which)

    started = [json.loads(line) for line in (bundle / "data/custody.jsonl").read_bytes().splitlines()]

    (detail,) = [event["detail"] for event in started if event["type"] == "bundle.started"][-1:]
    said = "are not in this bundle" if which == "withheld" else "are in this bundle"
    assert detail["sealed"] == which
    assert f"Sealed items whose encrypted files {said}" in text_of(bundle, oracle, "-l", "1")


def test_the_exhibit_of_a_sealed_item_is_its_register(withheld: Path, oracle: Callable[[str], Path]) -> None:
    register = json.loads((withheld / "data/items/EV-0001/sealed.json").read_bytes())

    text = text_of(withheld, oracle)

    assert "Sealed: encrypted, and shown nowhere" in text
    assert all(Digest.parse(file["commitment"]).hex in text for file in register["files"])
    assert "Taken in byte for byte" not in text
    assert "Sealed by encryption" in text
    assert "Unsealing agreed to by a second officer" in text
    assert "Asked for in event" in text
    assert text.count("Second officer, who is to agree: Зохиомол Болор") == 1


def test_a_sealed_item_that_is_not_chosen_stands_in_the_registers(
    sealed: Sealed, tmp_path: Path, oracle: Callable[[str], Path]
) -> None:
    bundle = sealed.bundle(tmp_path / "bundle", choice=Choice(items=("EV-0002",)))

    text = text_of(bundle, oracle)

    assert "Sealed items whose" not in text
    assert "EV-0001" in text[text.index("Sealed by encryption", text.index("Registers: sealed")) :]
    assert text.count("Sealed whole") > 2


def put_in(bundle: Path, sealed: Sealed) -> None:
    (bundle / PLACE).mkdir()
    for path in sealed.age_files():
        shutil.copyfile(path, bundle / PLACE / path.name)


def taken_out(bundle: Path, _: Sealed) -> None:
    (bundle / PLACE / "0002.age").unlink()


@pytest.mark.parametrize(("which", "change"), [("withheld", put_in), ("included", taken_out)])
def test_a_bundle_that_holds_something_else_than_it_says_fails_in_both_verifiers(
    which: str,
    change: Callable[[Path, Sealed], None],
    sealed: Sealed,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    copy = tmp_path / "bundle"
    shutil.copytree(request.getfixturevalue(which), copy)
    change(copy, sealed)
    rehash(copy, sealed.custodian)

    report = sealed.verified(copy)

    problems = [check.detail for check in report.checks if check.id == "bundle.event" and check.outcome == "failed"]
    assert report.verdict is Verdict.ALTERED
    assert len(problems) == (5 if change is put_in else 1)
    assert all("(sealed)" in problem for problem in problems)


@pytest.mark.parametrize("name", ["sealed.json", "sealed/0001.age"])
def test_one_other_bit_is_found_by_both_verifiers(name: str, included: Path, sealed: Sealed, tmp_path: Path) -> None:
    """The lists around it are made again, as by one who has no key of the case."""
    copy = tmp_path / "bundle"
    shutil.copytree(included, copy)
    path = copy / PLACE.parent / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    rehash(copy)

    report = sealed.verified(copy)

    assert report.verdict is Verdict.ALTERED
    assert f"data/items/EV-0001/{name}" in {check.subject for check in report.checks if check.outcome == "failed"}


@pytest.mark.parametrize(
    "shown",
    [
        {"pages": (1,)},
        {"places": True},
        {"blurred": False},
        {"transcripts": (PlannedTranscript(conversation=1, messages=(Range(first=1, last=2),)),)},
    ],
)
def test_a_plan_shows_nothing_of_a_sealed_item(shown: dict[str, Any], sealed: Sealed, tmp_path: Path) -> None:
    plan = ExhibitPlan(exhibits=(PlannedExhibit(item="EV-0001", label="A", line=3, **shown),))

    with pytest.raises(UsageError, match=r"exhibits\.toml, line 3: EV-0001 is sealed"):
        sealed.bundle(tmp_path / "bundle", choice=Choice(plan=plan))


def test_a_fresh_plan_of_a_sealed_item_offers_nothing_to_be_shown(sealed: Sealed) -> None:
    texts = Texts.load(Spoken.ENGLISH)

    with OpenItems(sealed.case.path / "items", ()) as items:
        choice = Choice(items=("EV-0001",))
        data, plan = fresh_plan(sealed.case, choice, items, blurred=False, remarks=texts, report=[texts])

    assert plan.exhibits[0].blurred
    assert b"# sealed: it has no pictures" in data
    assert b"# places" not in data


def test_there_is_nothing_to_look_at_in_a_sealed_item(sealed: Sealed, withheld: Path) -> None:
    for path, kind in ((sealed.case.path, "case"), (withheld, "bundle")):
        with closing(open_subject(path, kind, only="EV-0001")) as subject:
            item = subject.items["EV-0001"]
            assert subject.sealed(item)
            assert (item.pictures, item.texts, item.archive) == ((), (), None)
