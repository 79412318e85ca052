"""The tamper matrix: every file of a bundle and a case, altered in every simple way, and the right check fails."""

import random
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from evidence_kit.models import Verdict
from tests.tamper.alterations import BUNDLE, CASE, SEED, Alteration, Rules, alterations
from tests.tamper.conftest import Sealed, failed

pytestmark = [pytest.mark.browser, pytest.mark.network]
STRIDE = 23
"""Every so manieth alteration is tried in each run, all of them nightly."""

PARTS = 4
"""Into which all those of a bundle are divided, for together they take longer than one test may on a busy machine."""


def wrong(alteration: Alteration, sealed: Sealed, folder: Path, pristine: Path) -> str:
    """Alter *folder*, verify it, make it *pristine* again; return what was not found."""
    alteration.act(folder)
    try:
        report = sealed.way.verify(folder)
    except AssertionError as error:
        error.add_note(alteration.name)
        raise
    for name in alteration.touched:
        (folder / name).unlink(missing_ok=True)
        if (pristine / name).exists():
            shutil.copy2(pristine / name, folder / name)
    if report.verdict is not Verdict.ALTERED:
        return f"{alteration.name}: {report.verdict}"
    found = failed(report)
    missed = [want for want in alteration.expected if not _among(want, found)]
    return f"{alteration.name}: {missed} is not among {found}" if missed else ""


def _among(want: tuple[str, str], found: Sequence[tuple[str, str]]) -> bool:
    return any(re.fullmatch(want[0], id_) and re.fullmatch(want[1], subject) for id_, subject in found)


def try_all(  # noqa: PLR0913  # what is altered, and how much of it
    sealed: Sealed,
    pristine: Path,
    folder: Path,
    rules: Rules,
    stride: int,
    *,
    fewest: int = 11,
    first: int | None = None,
) -> list[str]:
    """Return what was not found of every *stride*-th alteration from the *first* on, in a copy at *folder*."""
    shutil.copytree(pristine, folder)
    assert sealed.failed(folder) == []
    tried = [
        wrong(alteration, sealed, folder, pristine)
        for alteration in islice(alterations(pristine, rules), stride // 2 if first is None else first, None, stride)
    ]
    assert sealed.failed(folder) == []
    assert len(tried) >= fewest
    return [text for text in tried if text]


def rules_of(case: Path) -> Rules:
    """Return the rules for *case*: of its time stamps those that no event names yet can be taken away."""
    log = (case / "custody.jsonl").read_text(encoding="utf-8")
    tokens = (path.relative_to(case).as_posix() for path in (case / "seals" / "heads").iterdir())
    unseen = frozenset(name for name in tokens if name not in log)
    assert len(unseen) <= 1
    return replace(CASE, unseen=unseen)


def test_altered_files_of_a_bundle_are_found(sealed: Sealed, tmp_path: Path) -> None:
    assert try_all(sealed, sealed.bundle, tmp_path / "bundle", BUNDLE, STRIDE) == []


def test_altered_files_of_a_case_are_found(sealed: Sealed, tmp_path: Path) -> None:
    assert try_all(sealed, sealed.case, tmp_path / "case", rules_of(sealed.case), STRIDE) == []


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_every_altered_file_of_a_bundle_is_found(sealed: Sealed, tmp_path: Path, part: int) -> None:
    assert try_all(sealed, sealed.bundle, tmp_path / "bundle", BUNDLE, PARTS, first=part) == []


@pytest.mark.slow
def test_every_altered_file_of_a_case_is_found(sealed: Sealed, tmp_path: Path) -> None:
    assert try_all(sealed, sealed.case, tmp_path / "case", rules_of(sealed.case), 1) == []


def altered_zips(data: bytes) -> list[tuple[str, bytes]]:
    """Return alterations of the bytes of a packed bundle, by name."""
    chance = random.Random(SEED)  # noqa: S311  # the same every time, on purpose
    flips = [0, len(data) // 2, len(data) - 1, *(chance.randrange(len(data)) for _ in range(60))]
    found = []
    for place in flips:
        altered = bytearray(data)
        altered[place] ^= 1 << chance.randrange(8)
        found.append((f"flip at {place}", bytes(altered)))
    found += [(f"cut to {size}", data[:size]) for size in (len(data) // 3, len(data) - 22, len(data) - 1)]
    found += [("appended", data + b"\0"), ("put before", b"\0" + data), ("twice", data + data)]
    return found


def tampered_zip(sealed: Sealed, folder: Path, stride: int) -> list[str]:
    """Return the alterations of the packed bundle that were not called altered."""
    path = folder / "bundle.zip"
    missed = []
    for name, data in islice(altered_zips(sealed.packed.read_bytes()), 0, None, stride):
        path.write_bytes(data)
        report = sealed.way.verify(path)
        if report.verdict is not Verdict.ALTERED or ("zip.canonical", "bundle.zip") not in failed(report):
            missed.append(f"{name}: {report.verdict} {failed(report)}")
    return missed


@pytest.mark.parametrize("size", [1, 4, 30, 100])
def test_a_zip_cut_before_any_mark_of_ours_is_never_verified(sealed: Sealed, tmp_path: Path, size: int) -> None:
    (tmp_path / "bundle.zip").write_bytes(sealed.packed.read_bytes()[:size])

    assert sealed.way.verify(tmp_path / "bundle.zip").verdict is Verdict.CANNOT_VERIFY


def test_an_altered_zip_is_found(sealed: Sealed, tmp_path: Path) -> None:
    assert sealed.failed(sealed.packed) == []
    assert tampered_zip(sealed, tmp_path, 6) == []


@pytest.mark.slow
def test_every_altered_zip_is_found(sealed: Sealed, tmp_path: Path) -> None:
    assert tampered_zip(sealed, tmp_path, 1) == []
