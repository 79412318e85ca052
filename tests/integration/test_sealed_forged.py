"""A bundle whose maker, with the right key, says of its items what is not so fails in both verifiers."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from evidence_kit import canonical
from evidence_kit.bundle.make import BundleOptions, make_bundle
from evidence_kit.bundle.report_model import Language
from evidence_kit.case.manifest import NAME as MANIFEST
from evidence_kit.case.manifest import build_manifest
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.custodian import Custodian
from evidence_kit.trust.age import Identity
from evidence_kit.trust.digests import sha256_file
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify import verify_path
from tests.support import second
from tests.support.cases import commit_small_item
from tests.support.forging import read_log, rebuild_item, rehash, write_log
from tests.support.people import practice_custodian, roots_of
from tests.support.sealing import MARK, open_sealing_case, seal
from tests.support.second import SecondVerifier
from tests.support.supplies import hand_over

SEALED, PLAIN = "EV-0001", "EV-0002"
OTHER = str(Identity.new().recipient)


@pytest.fixture(scope="module")
def other() -> Iterator[SecondVerifier]:
    with second.running() as verifier:
        yield verifier


@pytest.fixture(scope="module")
def custodian() -> Custodian:
    return practice_custodian()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, custodian: Custodian) -> Path:
    """Return a bundle with a sealed item and one in plain."""
    place = tmp_path_factory.mktemp("sealed")
    case = open_sealing_case(place / "case", custodian, [Identity.new(), Identity.new()])
    seal(case, custodian, hand_over(place / "phone", {"a.jpg": MARK}))
    commit_small_item(case, custodian)
    options = BundleOptions(language=Language.ENGLISH, sealed=True)
    make_bundle(case, place / "b", custodian=custodian, options=options, stamping=Stamping(), trusted=TrustedRoots())
    return place / "b"


def said(bundle: Path, by: Custodian, of: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Have the event of the type *of* say something else in its ``detail``."""
    events = read_log(bundle / "data")
    (event,) = (event for event in events if event.value["type"] == of)
    change(event.value["detail"])  # type: ignore[arg-type]
    write_log(bundle / "data", events, by)


def became(bundle: Path, by: Custodian, name: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the JSON file *name* of the sealed item, and make what covers it anew."""
    folder, seal_file = bundle / "data/items" / SEALED, bundle / "data/seals" / SEALED / f"{MANIFEST}.p7s"
    value = json.loads((folder / name).read_bytes())
    change(value)
    (folder / name).write_bytes(canonical.pretty(value))
    with suppress(TypeError):  # what the files are can only be told where each has a path
        rebuild_item(folder)
    (folder / MANIFEST).write_bytes(build_manifest(folder))
    seal_file.write_bytes(by.sign_file((folder / MANIFEST).read_bytes()))
    events = read_log(bundle / "data")
    for event in events:
        named = event.value["digests"]
        assert isinstance(named, dict)
        for path in (path for path in named if f"/{SEALED}/" in path):
            named[path] = str(sha256_file(bundle / "data" / path))
    write_log(bundle / "data", events, by)


def begun_sealed_and_in_plain(bundle: Path, by: Custodian) -> None:
    said(bundle, by, "capture.started", lambda detail: detail.update(sealed=True))


def begun_elsewhere(bundle: Path, by: Custodian) -> None:
    said(bundle, by, "capture.started", lambda detail: detail.update(url="https://other.example.mn/"))


def sealed_out_of_nothing(bundle: Path, by: Custodian) -> None:
    said(bundle, by, "import.started", lambda detail: detail["asked"].pop("sealed"))


def begun_to_others(bundle: Path, by: Custodian) -> None:
    said(bundle, by, "import.started", lambda detail: detail["asked"].update(recipients=[OTHER]))


def something_in_plain(bundle: Path, by: Custodian) -> None:
    (bundle / "data/items" / SEALED / "note.txt").write_bytes(MARK)
    note = {"path": "note.txt", "role": "note", "media_type": "text/plain"}
    became(bundle, by, "item.json", lambda record: record["files"].append(note))


def one_key_for_two(bundle: Path, by: Custodian) -> None:
    def once(register: dict[str, Any]) -> None:
        register["recipients"] = register["recipients"][:1] * 2

    became(bundle, by, "sealed.json", once)


def an_object_for_a_text(bundle: Path, by: Custodian) -> None:
    became(bundle, by, "item.json", lambda record: record.update(id={"a": 1}))


def a_list_for_a_path(bundle: Path, by: Custodian) -> None:
    def listed(record: dict[str, Any]) -> None:
        (file,) = (file for file in record["files"] if file["path"] == "sealed/0001.age")
        record["files"].append({**file, "path": ["sealed/0001.age"], "role": {}})
        record["files"].remove(file)

    became(bundle, by, "item.json", listed)


def an_object_for_a_use(bundle: Path, by: Custodian) -> None:
    events = read_log(bundle / "data")
    added = next(event for event in events if event.value["type"] == "recipient.added")
    added.value["detail"] = {**added.value["detail"], "use": {}}  # type: ignore[dict-item]
    write_log(bundle / "data", events, by)


@pytest.mark.parametrize(
    ("forge", "check"),
    [
        (begun_sealed_and_in_plain, "custody.items"),
        (begun_elsewhere, "custody.items"),
        (sealed_out_of_nothing, "custody.items"),
        (begun_to_others, "custody.items"),
        (something_in_plain, "item.sealed"),
        (one_key_for_two, "item.sealed"),
        (an_object_for_a_text, "item.record"),
        (a_list_for_a_path, "item.sealed"),
        (an_object_for_a_use, "custody.details"),
    ],
)
def test_what_is_not_so_is_found_by_both_verifiers(  # noqa: PLR0913, PLR0917  # fixtures and parameters
    forge: Callable[[Path, Custodian], None],
    check: str,
    bundle: Path,
    custodian: Custodian,
    other: SecondVerifier,
    tmp_path: Path,
) -> None:
    forged, roots = tmp_path / "b", roots_of(custodian.signer)
    shutil.copytree(bundle, forged)
    forge(forged, custodian)
    rehash(forged, custodian)

    ours = verify_path(forged, roots=roots, clock=custodian.clock)

    assert check in {found.id for found in ours.checks if found.outcome == "failed"}
    assert second.differences(ours, other.verify(forged, roots, custodian.clock())) == []


def test_as_it_was_made_it_is_verified(bundle: Path, custodian: Custodian, other: SecondVerifier) -> None:
    roots = roots_of(custodian.signer)
    ours = verify_path(bundle, roots=roots, clock=custodian.clock)

    assert ours.verdict == "verified"
    assert second.differences(ours, other.verify(bundle, roots, custodian.clock())) == []
