"""What is sealed lies nowhere in plain, is checked without being opened, and opens for the recipients alone."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_kit.archive.wacz_reader import check_wacz
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.sealed import commitment, read_particulars
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.recipients import Named, Use, adding
from evidence_kit.errors import FormatError, UsageError
from evidence_kit.intake import copying
from evidence_kit.intake.sealing import complete_interrupted
from evidence_kit.models import Digest, Status, VerificationReport
from evidence_kit.trust.age import Identity, Recipient, encrypt, open_age
from evidence_kit.trust.digests import sha256_bytes, sha256_stream
from evidence_kit.verify import verify_path
from tests.support import second
from tests.support.cases import open_case
from tests.support.forging import rebuild_item
from tests.support.people import keep_key, practice_custodian, roots_of
from tests.support.sealing import MARK, NAME, PROVIDER, holding, open_sealing_case, seal
from tests.support.supplies import hand_over

FILES = {f"DCIM/{NAME}": MARK * 10_000, "note.txt": MARK}
SECRETS = (MARK, NAME.encode(), PROVIDER.encode())


@pytest.fixture
def custodian() -> Custodian:
    return practice_custodian()


@pytest.fixture
def identities() -> list[Identity]:
    return [Identity.new(), Identity.new()]


@pytest.fixture
def case(tmp_path: Path, custodian: Custodian, identities: list[Identity]) -> CaseFolder:
    return open_sealing_case(tmp_path / "case", custodian, identities)


@pytest.fixture
def sealed_case(case: CaseFolder, custodian: Custodian, tmp_path: Path) -> CaseFolder:
    assert seal(case, custodian, hand_over(tmp_path / "phone", FILES)).status is Status.COMPLETE
    return case


def verified(path: Path, custodian: Custodian, *identities: Identity) -> VerificationReport:
    return verify_path(path, roots=roots_of(custodian.signer), clock=custodian.clock, identities=identities)


def outcomes(report: VerificationReport, id_: str) -> list[str]:
    return [str(check.outcome) for check in report.checks if check.id == id_]


def test_nothing_of_it_lies_in_plain_after_it_was_sealed(
    case: CaseFolder, custodian: Custodian, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))

    item = seal(case, custodian, hand_over(tmp_path / "phone", FILES))

    assert item.status is Status.COMPLETE
    assert holding(case.path, *SECRETS) == []
    assert holding(temporary, *SECRETS) == []
    plain = {sha256_bytes(data).hex.encode() for data in FILES.values()}
    assert holding(case.path, *plain) == []
    kept = {path.name for path in (case.path / "items/EV-0001").iterdir()}
    assert kept == {"item.json", "manifest-sha256.txt", "sealed", "sealed.json", "supplied.wacz"}


def test_the_archive_of_the_item_holds_the_register_and_no_age_file(sealed_case: CaseFolder) -> None:
    with (sealed_case.path / "items/EV-0001/supplied.wacz").open("rb") as stream:
        roles = [resource.role for resource in check_wacz(stream, ours=True).resources]
    assert roles == ["sealed-register"]


def test_both_verifiers_check_it_without_opening_it(
    sealed_case: CaseFolder, custodian: Custodian, tmp_path: Path
) -> None:
    lone = tmp_path / "EV-0001"
    shutil.copytree(sealed_case.path / "items/EV-0001", lone)

    report = verified(lone, custodian)

    with second.running() as other:
        theirs = other.verify(lone, roots_of(custodian.signer), custodian.clock())
    assert verified(sealed_case.path, custodian).verdict == "verified"
    assert outcomes(report, "item.sealed") == ["passed"]
    assert outcomes(report, "item.plaintext") == ["not-checked"]
    assert second.differences(report, theirs) == []


def test_with_a_recipients_key_the_content_is_held_against_its_commitment(
    sealed_case: CaseFolder, custodian: Custodian, identities: list[Identity]
) -> None:
    for identity in identities:
        assert outcomes(verified(sealed_case.path, custodian, identity), "item.plaintext") == ["passed"]
    assert outcomes(verified(sealed_case.path, custodian, Identity.new()), "item.plaintext") == ["not-checked"]


def test_the_age_program_opens_it_with_a_recipients_key(
    sealed_case: CaseFolder, identities: list[Identity], tmp_path: Path
) -> None:
    folder, key = sealed_case.path / "items/EV-0001", tmp_path / "key.txt"
    key.write_text(identities[1].secret_text(), encoding="ascii")

    def opened(name: str) -> bytes:
        return subprocess.run(["age", "-d", "-i", key, folder / name], capture_output=True, check=True).stdout

    told = json.loads(opened("sealed/0001.json.age"))
    content = opened("sealed/0001.age")
    (line, _) = json.loads((folder / "sealed.json").read_bytes())["files"]
    assert content == FILES[f"DCIM/{NAME}"]
    assert (told["name"], told["sha256"]) == (f"phone/DCIM/{NAME}", sha256_bytes(content).hex)
    assert line["commitment"] == str(commitment(bytes.fromhex(told["salt"]), sha256_bytes(content)))
    assert PROVIDER.encode() in opened("sealed/circumstances.json.age")


def unflagged(folder: Path, _recipients: list[Recipient]) -> None:
    change_json(folder / "item.json", lambda record: record.update(flags=[]))


def renamed(folder: Path, _recipients: list[Recipient]) -> None:
    change_json(folder / "sealed.json", lambda value: value["files"][0].update(path="sealed/0009.age"))


def of_another_size(folder: Path, _recipients: list[Recipient]) -> None:
    change_json(folder / "sealed.json", lambda value: value["files"][0].update(bytes=5))


def to_fewer_keys(folder: Path, _recipients: list[Recipient]) -> None:
    change_json(folder / "sealed.json", lambda value: value["recipients"].pop())


def named_twice(folder: Path, _recipients: list[Recipient]) -> None:
    change_json(folder / "sealed.json", lambda value: value["files"].append(value["files"][0]))


def to_another_key(folder: Path, recipients: list[Recipient]) -> None:
    path = folder / "sealed/0002.age"
    path.write_bytes(encrypt(MARK, [*recipients, Identity.new().recipient]))


def in_plain(folder: Path, _recipients: list[Recipient]) -> None:
    (folder / "sealed/0002.age").write_bytes(MARK)


def no_register(folder: Path, _recipients: list[Recipient]) -> None:
    (folder / "sealed.json").write_bytes(b"{}")


def change_json(path: Path, change: Callable[..., object]) -> None:
    value = json.loads(path.read_bytes())
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")


FORGERIES = [
    *(unflagged, renamed, of_another_size, to_fewer_keys, named_twice, to_another_key, in_plain, no_register),
]


@pytest.mark.parametrize("forge", FORGERIES)
def test_what_does_not_fit_the_register_fails_in_both_verifiers(
    sealed_case: CaseFolder,
    custodian: Custodian,
    identities: list[Identity],
    tmp_path: Path,
    forge: Callable[[Path, list[Recipient]], None],
) -> None:
    lone = tmp_path / "EV-0001"
    shutil.copytree(sealed_case.path / "items/EV-0001", lone)
    forge(lone, [identity.recipient for identity in identities])
    rebuild_item(lone)

    report = verified(lone, custodian)

    with second.running() as other:
        theirs = other.verify(lone, roots_of(custodian.signer), custodian.clock())
    assert "failed" in outcomes(report, "item.sealed")
    assert second.differences(report, theirs) == []


def test_other_content_of_the_same_size_fails_with_a_key(
    sealed_case: CaseFolder, custodian: Custodian, identities: list[Identity], tmp_path: Path
) -> None:
    lone = tmp_path / "EV-0001"
    shutil.copytree(sealed_case.path / "items/EV-0001", lone)
    other = MARK[::-1]
    (lone / "sealed/0002.age").write_bytes(encrypt(other, [identity.recipient for identity in identities]))
    rebuild_item(lone)

    report = verified(lone, custodian, identities[0])

    assert outcomes(report, "item.sealed") == ["passed"]
    assert outcomes(report, "item.plaintext") == ["failed"]


def test_without_recipients_nothing_is_begun(tmp_path: Path, custodian: Custodian) -> None:
    case = open_case(tmp_path / "other", custodian)

    with pytest.raises(UsageError, match="nobody to whom"):
        seal(case, custodian, hand_over(tmp_path / "phone", FILES))

    assert len(case.log().events) == 1


@pytest.mark.parametrize("recipients", [[Recipient(bytes(32))], [Identity.new().recipient for _ in range(101)]])
def test_to_whom_nothing_can_be_encrypted_nothing_is_begun(
    tmp_path: Path, custodian: Custodian, recipients: list[Recipient]
) -> None:
    case = open_case(tmp_path / "case", custodian)
    for recipient in recipients:
        case.commit(adding(Named(recipient=recipient, use=Use.SEAL)), custodian)
    events = len(case.log().events)

    with pytest.raises(UsageError, match="nothing can be sealed"):
        seal(case, custodian, hand_over(tmp_path / "phone", FILES))

    assert len(case.log().events) == events


def test_what_reads_otherwise_once_it_is_sealed_is_left_out_and_told_to_the_recipients_alone(
    case: CaseFolder,
    custodian: Custodian,
    identities: list[Identity],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    digests = iter([None, Digest(bytes(32))])
    monkeypatch.setattr(copying, "sha256_stream", lambda stream: next(digests) or sha256_stream(stream))

    item = seal(case, custodian, hand_over(tmp_path / "phone", FILES))

    assert item.status is Status.INCOMPLETE
    reader = open_age((case.path / "items/EV-0001/sealed/circumstances.json.age").open("rb"), identities)
    assert reader is not None
    with reader:
        assert b"note.txt" in (reader.readall() or b"")
    assert holding(case.path, b"note.txt", *SECRETS) == []


PROGRAM = """
import sys
from pathlib import Path
from evidence_kit.case.folder import CaseFolder
from evidence_kit.intake import sealing
from tests.support.people import custodian_from
from tests.support.sealing import seal
case, custodian = CaseFolder.open(Path(sys.argv[1])), custodian_from(Path(sys.argv[2]))
copied, calls = sealing.copy_exactly, []
def until(source, target, **more):
    calls.append(target)
    if len(calls) == 2:
        target.write_bytes(b"half")
        print("now", flush=True)
        sys.stdin.read()
    return copied(source, target, **more)
sealing.copy_exactly = until
seal(case, custodian, Path(sys.argv[3]))
"""


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: kills with SIGKILL")
def test_a_killed_sealing_becomes_an_incomplete_item_without_a_key_and_without_plaintext(
    case: CaseFolder, custodian: Custodian, identities: list[Identity], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    key = keep_key(custodian, tmp_path / "key.p12")
    folder = hand_over(tmp_path / "phone", FILES)
    command = [sys.executable, "-c", PROGRAM, str(case.path), str(key), str(folder)]
    with subprocess.Popen(
        command, cwd=pytestconfig.rootpath, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "now\n"
        process.send_signal(signal.SIGKILL)
    assert holding(case.path, *SECRETS) == []
    # Whoever is added meanwhile cannot open what was sealed before, and the register must not say so.
    case.commit(adding(Named(recipient=Identity.new().recipient, use=Use.SEAL)), custodian)

    (item,) = complete_interrupted(case, custodian, Stamping(), on_damage=_refuse)

    assert item.status is Status.INCOMPLETE
    assert holding(case.path, *SECRETS) == []
    assert list(case.staging.glob("EV-*")) == []
    assert verified(case.path, custodian).verdict == "verified"
    assert outcomes(verified(case.path, custodian, identities[0]), "item.plaintext") == ["passed"]


def _refuse(item: str, error: FormatError) -> None:
    raise AssertionError(item) from error


def test_a_large_file_takes_little_memory(case: CaseFolder, custodian: Custodian, tmp_path: Path) -> None:
    large = tmp_path / "film.mp4"
    with large.open("wb") as stream:
        stream.truncate(80 << 20)

    tracemalloc.start()
    item = seal(case, custodian, large)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert item.status is Status.COMPLETE
    assert peak < 12 << 20


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"schema":"evidence-kit/sealed-particulars/1"}'])
def test_particulars_that_are_none_are_an_error(data: bytes) -> None:
    with pytest.raises(FormatError):
        read_particulars(data)
