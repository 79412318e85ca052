"""A bundle for one person: nothing of the others is in it, the chain holds, an expert can check what is withheld."""

import gzip
import io
import os
import re
import shutil
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pikepdf
import pytest

from evidence_kit import canonical
from evidence_kit.archive.zips import CanonicalZip
from evidence_kit.bundle.make import BundleOptions, MadeBundle, make_bundle
from evidence_kit.bundle.report_model import Language
from evidence_kit.bundle.selection import Choice
from evidence_kit.canonical import Json
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.hand_over import accept, release
from evidence_kit.case.items import ItemRecord, commit_item
from evidence_kit.case.stamping import Stamping, stamp_head
from evidence_kit.custody.custodian import Custodian, Grounds
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.log import decode_signature, split_lines
from evidence_kit.custody.subjects import attachment
from evidence_kit.custody.transfers import Party
from evidence_kit.errors import CaseError, UsageError
from evidence_kit.models import Outcome, Status, Verdict, VerificationReport
from evidence_kit.pdf.check import check_pdf
from evidence_kit.trust.certificates import load_certificates
from evidence_kit.trust.digests import sha256_bytes, sha256_file
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify import verify_path
from tests.support.cases import commit_small_item, open_case, stage_small_item, start_item
from tests.support.people import OFFICER, SetClock, practice_custodian
from tests.support.tsa import OpensslTsa

SHOWN = "https://example.mn/post/shown"
SECRET = "https://secret-site.mn/post/zaya"
ABANDONED = "https://abandoned-site.mn/other"
MARK = b"bytes-of-the-withheld-item"
GROUND = "өөр хүний хувийн нууц"


@dataclass(frozen=True, kw_only=True)
class World:
    """A case of two victims, and one bundle for each reader."""

    case: CaseFolder
    custodian: Custodian
    roots: TrustedRoots
    stamping: Stamping
    made: MadeBundle
    file: Path

    def bundle(self, output: Path, options: BundleOptions) -> MadeBundle:
        """Make another bundle."""
        return make_bundle(
            self.case, output, custodian=self.custodian, options=options, stamping=Stamping(), trusted=self.roots
        )

    def verify(self, path: Path, withheld: bytes | None = None) -> VerificationReport:
        """Verify *path* as this installation would."""
        return verify_path(path, roots=self.roots, clock=self.custodian.clock, check_pdf=check_pdf, withheld=withheld)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, tsa: OpensslTsa) -> World:
    """EV-0001 concerns V-01; EV-0002, EV-0003 (abandoned), EV-0004 concern V-02; EV-0005 failed and concerns V-01."""
    folder = tmp_path_factory.mktemp("disclosure")
    clock = SetClock()
    custodian = practice_custodian(clock)
    case = open_case(folder / "case", custodian)
    trusted = load_certificates(tsa.root_pem.read_bytes())
    roots = TrustedRoots(established=trusted, practice=custodian.signer.chain[-1:])
    stamping = Stamping(tsa=(tsa.url,), roots=trusted)

    def commit(draft: Draft, *, stamped: bool = False) -> None:
        case.commit(draft, custodian)
        if stamped:
            assert stamp_head(case, stamping) == []

    commit_small_item(case, custodian, url=SHOWN)
    commit(attachment("EV-0001", "V-01"))
    commit_small_item(case, custodian, url=SECRET, body=MARK)
    commit(attachment("EV-0002", "V-02"), stamped=True)
    commit(attachment("EV-0001", "S-01"), stamped=True)
    start_item(case, custodian, url=ABANDONED)
    commit(attachment("EV-0003", "V-02"), stamped=True)
    commit_small_item(case, custodian, url=SECRET + "/2", body=MARK)
    commit(attachment("EV-0004", "V-02"), stamped=True)
    commit(Draft(type=EventType.NOTED, note=f"looked at {SECRET} again with V-02"))
    failed = stage_small_item(case, custodian, url=SHOWN + "/gone")
    (case.staging / failed.id / "capture.wacz").unlink()
    _commit_failed(case, custodian, failed)
    commit(attachment("EV-0005", "V-01"))
    options = BundleOptions(language=Language.BOTH, purpose="бүгд")
    make_bundle(case, folder / "whole", custodian=custodian, options=options, stamping=Stamping(), trusted=roots)
    clock.forward(60)
    options = replace(
        options,
        purpose="хохирогчийн өмгөөлөгч",
        choice=Choice(subjects=("V-01",)),
        ground=GROUND,
        withheld_to=folder / "withheld.jsonl",
    )
    made = make_bundle(case, folder / "bundle", custodian=custodian, options=options, stamping=stamping, trusted=roots)
    return World(
        case=case, custodian=custodian, roots=roots, stamping=stamping, made=made, file=folder / "withheld.jsonl"
    )


def _commit_failed(case: CaseFolder, custodian: Custodian, record: ItemRecord) -> None:
    commit_item(case, replace(record, status=Status.FAILED, files=(), detail={}), custodian)


def _failed(report: VerificationReport) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for check in report.checks:
        if check.outcome is Outcome.FAILED:
            found.setdefault(check.id, []).append(f"{check.subject}: {check.detail}")
    return found


def test_a_bundle_for_one_person_verifies_and_counts_what_is_withheld(world: World) -> None:
    report = world.verify(world.made.path)

    assert _failed(report) == {}
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
    assert _failed(world.verify(world.case.path)) == {}
    assert _failed(world.verify(world.made.path.parent / "whole")) == {}


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


def test_an_expert_can_check_the_withheld_events(world: World) -> None:
    report = world.verify(world.made.path, world.file.read_bytes())

    assert _failed(report) == {}
    (check,) = [check for check in report.checks if check.id == "custody.disclosed"]
    assert check.outcome is Outcome.PASSED
    assert "11 of 11 withheld events, of the items: EV-0002, EV-0003, EV-0004" in check.detail
    assert report.facts["custody"]["withheld"] == 0  # type: ignore[index, call-overload]
    assert report.facts["withheld"] == world.verify(world.made.path).facts["withheld"]
    if os.name == "posix":
        assert world.file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (b"secret-site", b"public-site", "event 5: the event has the digest"),
        (b'"item":"EV-0002"', b'"item":"EV-0001"', "event 5: the event has the digest"),
        (b'"seq":5,', b'"seq":6,', "event 6: "),
        (b'"seq":5,', b'"seq":1,', "event 1: the bundle does not withhold"),
        (b'"seq":5,', b'"seq":99,', "event 99: the bundle does not withhold"),
        (b'"events":11', b'"events":10', "the file of withheld events: its first line announces 10"),
        (b'"signature":"MII', b'"signature":"MIJ', "event 5: its signature has the digest"),
    ],
)
def test_a_changed_file_of_withheld_events_is_found(world: World, old: bytes, new: bytes, where: str) -> None:
    data = world.file.read_bytes()
    assert old in data

    failed = _failed(world.verify(world.made.path, data.replace(old, new, 1)))

    assert failed.keys() == {"custody.disclosed"}
    assert any(found.startswith(where) for found in failed["custody.disclosed"]), failed


def test_the_file_of_another_bundle_opens_what_it_has(world: World, tmp_path: Path) -> None:
    options = BundleOptions(
        language=Language.ENGLISH, choice=Choice(withhold=("EV-0004",)), ground=GROUND, withheld_to=tmp_path / "file"
    )
    made = world.bundle(tmp_path / "bundle", options)

    report = world.verify(made.path, world.file.read_bytes())
    outcomes = [check.outcome for check in report.checks if check.id == "custody.disclosed"]

    assert Outcome.FAILED in outcomes
    assert _failed(world.verify(made.path, (tmp_path / "file").read_bytes())) == {}


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("type", "verified", "withheld items: 1; event"),
        ("day", "2020-01-01", "the withheld lines have the digest"),
        ("ground", "no ground", "event 5 is withheld for another ground"),
        ("decided_by", "somebody else", "event 5 is withheld for another ground"),
    ],
)
def test_a_withheld_line_that_was_changed_contradicts_what_the_officer_stated(
    world: World, tmp_path: Path, field: str, value: str, told: str
) -> None:
    log = tmp_path / "bundle/data/custody.jsonl"
    shutil.copytree(world.made.path, tmp_path / "bundle")
    lines = split_lines(log.read_bytes())
    number = next(n for n, line in enumerate(lines, start=1) if b'"captured"' in line and b'"withheld"' in line) - 1
    if field != "type":
        number = 4
    line = canonical.loads(lines[number][:-1])
    assert isinstance(line, dict)
    lines[number] = canonical.dumps({**line, field: value}) + b"\n"
    log.write_bytes(b"".join(lines))

    failed = _failed(world.verify(tmp_path / "bundle"))
    opened = _failed(world.verify(tmp_path / "bundle", world.file.read_bytes()))

    assert any(told in found for found in failed["custody.withheld"])
    assert ("custody.disclosed" in opened) == (field in {"type", "day"})
    assert not {"custody.chain", "custody.lines", "custody.signatures"} & failed.keys()


def test_one_withheld_line_too_many_is_found(world: World, tmp_path: Path) -> None:
    """Whoever holds a bundle could otherwise take out what does not suit him, and the chain would still hold."""
    shutil.copytree(world.made.path, tmp_path / "bundle")
    data = tmp_path / "bundle/data"
    stored = tuple(split_lines((data / name).read_bytes()) for name in ("custody.jsonl", "custody.sig"))
    other = canonical.loads(stored[0][4][:-1])
    event = canonical.loads(stored[0][7][:-1])
    assert isinstance(other, dict)
    assert isinstance(event, dict)
    forged = {
        **other,
        "seq": 8,
        "type": event["type"],
        "withheld": str(sha256_bytes(stored[0][7])),
        "signature": str(sha256_bytes(decode_signature(stored[1][7]))),
    }
    stored[0][7], stored[1][7] = canonical.dumps(forged) + b"\n", b"-\n"
    (data / "custody.jsonl").write_bytes(b"".join(stored[0]))
    (data / "custody.sig").write_bytes(b"".join(stored[1]))

    failed = _failed(world.verify(tmp_path / "bundle"))

    assert "custody.chain" not in failed
    assert any("withheld events: 12" in found for found in failed["custody.withheld"])
    assert "report.root" in failed


def test_signatures_that_were_cut_are_no_exception_to_a_file_of_withheld_events(world: World, tmp_path: Path) -> None:
    shutil.copytree(world.made.path, tmp_path / "bundle")
    (tmp_path / "bundle/data/custody.sig").write_bytes(b"-\n")

    assert "custody.lines" in _failed(world.verify(tmp_path / "bundle", world.file.read_bytes()))


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

    assert _failed(world.verify(made.path)) == {}
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

    assert [_failed(report) for report in reports] == [{}, {}]
    assert [report.verdict for report in reports] == [Verdict.VERIFIED, Verdict.VERIFIED]
    assert left_open == [{"custody.disclosed", "custody.keys"}, set()]
