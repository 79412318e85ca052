"""A bundle for one person: nothing of the others is in it, the chain holds, an expert can check what is withheld."""

import gzip
import io
import re
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pikepdf
import pytest

from evidence_kit.archive.zips import CanonicalZip
from evidence_kit.bundle.make import BundleOptions, make_bundle
from evidence_kit.bundle.report_model import Language
from evidence_kit.bundle.selection import Choice
from evidence_kit.canonical import Json
from evidence_kit.case.hand_over import accept, release
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.custodian import Grounds
from evidence_kit.custody.events import EventType
from evidence_kit.custody.transfers import Party
from evidence_kit.errors import CaseError, UsageError
from evidence_kit.models import Outcome, Verdict
from evidence_kit.pdf.check import check_pdf
from evidence_kit.trust.digests import sha256_file
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify import verify_path
from tests.support.cases import commit_small_item, open_case
from tests.support.disclosures import GROUND, MARK, SECRET, SHOWN, World, failures_of
from tests.support.people import OFFICER, SetClock, practice_custodian


def test_a_bundle_for_one_person_verifies_and_counts_what_is_withheld(world: World) -> None:
    report = world.verify(world.made.path)

    assert failures_of(report) == {}
    assert report.verdict is Verdict.VERIFIED
    assert report.facts["items"] == ["EV-0001", "EV-0005"]
    counts: dict[str, Json] = {
        "items": 2,
        "events": 11,
        "abandoned": 1,
        "ground": GROUND,
        "decided_by": "Зохиомол Дорж (0001)",
    }
    assert report.facts["withheld"] == counts
    assert world.made.withheld == counts
    (left_open,) = [check for check in report.checks if check.id == "custody.disclosed"]
    assert left_open.outcome is Outcome.NOT_CHECKED
    assert "11 events are withheld" in left_open.detail
    assert world.verify(world.made.path / "data/items/EV-0001").verdict is Verdict.VERIFIED


def test_the_case_and_the_whole_bundle_made_before_verify_as_ever(world: World) -> None:
    assert failures_of(world.verify(world.case.path)) == {}
    assert failures_of(world.verify(world.made.path.parent / "whole")) == {}


def test_not_one_byte_of_a_withheld_item_is_in_the_bundle(world: World) -> None:
    texts = {MARK, b"EV-0002", b"EV-0003", b"EV-0004", b"V-02", b"secret-site", b"abandoned-site", b"zaya"}
    withheld = [world.case.path / name for name in ("items/EV-0002", "seals/EV-0002", "items/EV-0004")]
    digests = [_sha256(file) for folder in withheld for file in folder.rglob("*") if file.is_file()]
    texts |= {digest.encode() for digest in digests}
    needles = texts | {bytes.fromhex(digest) for digest in digests}
    packed = world.made.path.parent / "packed.zip"
    with CanonicalZip(packed) as archive:
        for path in (path for path in world.made.path.rglob("*") if path.is_file()):
            archive.add(f"bundle/{path.relative_to(world.made.path).as_posix()}", path)

    everything = list(_layers(packed.read_bytes()))
    whole = [data for path in (world.made.path.parent / "whole").rglob("*") if path.is_file() for data in _file(path)]

    assert {text for text in texts if any(text in data for data in whole)} == texts  # what is looked for can be seen
    assert [(needle, data[:80]) for needle in needles for data in everything if needle in data] == []


def _file(path: Path) -> Iterator[bytes]:
    return _layers(path.read_bytes())


def _sha256(path: Path) -> str:
    return sha256_file(path).hex


def _layers(data: bytes) -> Iterator[bytes]:
    """Yield *data* and whatever is packed in it: zip entries, gzip members, streams, texts and attachments of a PDF."""
    yield data
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield from _layers(archive.read(name))
    elif data[:2] == b"\x1f\x8b":
        yield gzip.decompress(data)
    elif data[:5] == b"%PDF-":
        yield from _pdf(data)


def _pdf(data: bytes) -> Iterator[bytes]:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        for thing in pdf.objects:
            if isinstance(thing, pikepdf.Stream):
                try:
                    yield thing.read_bytes()
                except (pikepdf.PdfError, zlib.error):
                    yield thing.read_raw_bytes()
            yield str(thing).encode() if not isinstance(thing, pikepdf.Stream) else repr(dict(thing)).encode()
    with TemporaryDirectory() as folder:
        (Path(folder) / "report.pdf").write_bytes(data)
        subprocess.run(["pdftotext", "-raw", "report.pdf"], cwd=folder, check=True)
        text = (Path(folder) / "report.txt").read_bytes()
        yield text
        yield re.sub(rb"\s", b"", text)


def test_tokens_that_only_tell_the_time_of_withheld_events_stay_behind(world: World) -> None:
    there = {path.name for path in (world.case.path / "seals/heads").iterdir()}
    copied = {path.name for path in (world.made.path / "data/seals/heads").iterdir()}

    # Event 7 is withheld, but its token is the first that covers event 4; 8 is shown; 10 and 13 tell of others only.
    assert {"000007.tsr", "000008.tsr", "000010.tsr", "000013.tsr"} <= there
    assert {"000007.tsr", "000008.tsr"} <= copied
    assert not {"000010.tsr", "000013.tsr"} & copied


def test_the_report_counts_what_is_withheld_and_names_none_of_it(world: World) -> None:
    (data,) = [layer for layer in _file(world.made.path / "data/report.pdf") if b"Decidedby:" in layer]
    text = data.decode()

    for told in (
        "Itemsofthiscasewithheldfromthisbundle:2",
        "Custodyeventswithheldfromthisbundle:11",
        "Capturesthatarewithheldfromthisbundledonotstandhere",
        "Capturesthatwerestartedandabandoned:1",
        "Abandonedcapturesamongthem:1",
        GROUND.replace(" ", ""),
        "Personsconcerned(pseudonyms)S-01,V-01",
        "evidence-kitverifyBUNDLE--with-withheldFILE",
    ):
        assert told in text


def test_the_log_of_the_case_says_what_was_withheld(world: World) -> None:
    sealed = [
        event
        for event in world.case.log().full_events()
        if event.type == EventType.BUNDLE_SEALED and event.digests["root"] == world.made.root
    ]
    withheld = sealed[0].detail["withheld"]

    assert isinstance(withheld, dict)
    assert withheld["items"] == ["EV-0002", "EV-0003", "EV-0004"]
    assert withheld["ground"] == GROUND
    assert 5 in withheld["events"]  # type: ignore[operator]
    assert sealed[0].digests["withheld"].hex == _sha256(world.file)


def test_a_bundle_made_later_withholds_what_was_said_of_earlier_ones(world: World, tmp_path: Path) -> None:
    options = BundleOptions(language=Language.ENGLISH, choice=Choice(subjects=("V-01",)), ground=GROUND)

    made = world.bundle(tmp_path / "bundle", options)

    assert failures_of(world.verify(made.path)) == {}
    assert b"EV-0002" not in (made.path / "data/custody.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (BundleOptions(language=Language.ENGLISH, choice=Choice(withhold=("EV-0002",))), "no ground is given"),
        (BundleOptions(language=Language.ENGLISH, choice=Choice(withhold=("EV-0002",)), ground=" \n"), "no ground"),
        (
            BundleOptions(language=Language.ENGLISH, choice=Choice(withhold=("EV-0002",)), ground="x" * 301),
            "longer than",
        ),
        (BundleOptions(language=Language.ENGLISH, ground="why"), "nothing is withheld"),
        (
            BundleOptions(language=Language.ENGLISH, choice=Choice(subjects=("V-01",)), ground="V-02 асуусан"),
            "--ground stands in the bundle",
        ),
        (
            BundleOptions(language=Language.ENGLISH, choice=Choice(subjects=("V-01",)), ground="x", purpose=SECRET),
            "--purpose stands in the bundle",
        ),
    ],
)
def test_what_cannot_be_withheld_so_is_refused_and_nothing_is_logged(
    world: World, tmp_path: Path, options: BundleOptions, told: str
) -> None:
    before = world.case.log_bytes()

    with pytest.raises(UsageError, match=told):
        world.bundle(tmp_path / "bundle", options)

    assert world.case.log_bytes() == before
    assert not (tmp_path / "bundle").exists()


def test_not_even_the_name_of_a_bundle_may_name_what_is_withheld(world: World, tmp_path: Path) -> None:
    options = BundleOptions(language=Language.ENGLISH, choice=Choice(subjects=("V-01",)), ground=GROUND, zip=True)

    with pytest.raises(UsageError, match="the name of the bundle stands in the bundle"):
        world.bundle(tmp_path / "without-V-02.zip", options)


def test_the_file_of_withheld_events_is_never_in_the_bundle_or_over_another_file(world: World, tmp_path: Path) -> None:
    options = BundleOptions(language=Language.ENGLISH, choice=Choice(subjects=("V-01",)), ground=GROUND)

    with pytest.raises(UsageError, match="lies in the bundle"):
        world.bundle(tmp_path / "bundle", replace(options, withheld_to=tmp_path / "bundle/withheld.jsonl"))
    with pytest.raises(UsageError, match="lies in the case"):
        world.bundle(tmp_path / "bundle", replace(options, withheld_to=world.case.path / "withheld.jsonl"))
    with pytest.raises(CaseError, match="is not there"):
        world.bundle(tmp_path / "bundle", replace(options, withheld_to=tmp_path / "none/file"))
    with pytest.raises(CaseError, match="never overwritten"):
        world.bundle(tmp_path / "bundle", replace(options, withheld_to=world.file))


def test_hand_overs_and_keys_hold_beside_withheld_ones(tmp_path: Path) -> None:
    """The receiver's key is let in by a hand-over of the withheld item, and everything after it is signed with it."""
    clock = SetClock()
    giver, receiver = practice_custodian(clock), practice_custodian(clock, replace(OFFICER, name="Зохиомол Болор"))
    case = open_case(tmp_path / "case", giver)
    for url in (SHOWN, SECRET):
        commit_small_item(case, giver, url=url)
    for item in ("EV-0002", "EV-0001"):
        release(case, [item], Party(name="Зохиомол Болор"), replace(giver, grounds=Grounds(purpose="шинжилгээ")))
        accept(case, list(case.log().transfers.open()), receiver)
    options = BundleOptions(
        language=Language.ENGLISH, choice=Choice(withhold=("EV-0002",)), ground="x", withheld_to=tmp_path / "file"
    )
    roots = TrustedRoots(practice=(*giver.signer.chain[-1:], *receiver.signer.chain[-1:]))
    make_bundle(case, tmp_path / "bundle", custodian=receiver, options=options, stamping=Stamping(), trusted=roots)

    reports = [
        verify_path(tmp_path / "bundle", roots=roots, clock=clock, check_pdf=check_pdf, withheld=withheld)
        for withheld in (None, (tmp_path / "file").read_bytes())
    ]
    left_open = [{c.id for c in report.checks if c.outcome is Outcome.NOT_CHECKED} - {"time.gap"} for report in reports]

    assert [failures_of(report) for report in reports] == [{}, {}]
    assert [report.verdict for report in reports] == [Verdict.VERIFIED, Verdict.VERIFIED]
    assert left_open == [{"custody.disclosed", "custody.keys"}, set()]
