"""A report in several volumes: which exhibit is where, what each says of the others, and that all are bound."""

import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from evidence_kit.bundle.make import MadeBundle
from evidence_kit.bundle.report_model import Language
from evidence_kit.bundle.volumes import Limits, divide, render_volumes
from evidence_kit.case.stamping import Stamping
from evidence_kit.models import Outcome
from evidence_kit.trust.digests import sha256_bytes, sha256_file
from tests.support import second
from tests.support.cases import commit_small_item, open_case
from tests.support.people import SetClock, practice_custodian, roots_of
from tests.support.report_cases import MOMENT, digest_of, exhibit_of, report_of
from tests.support.whole_way import WholeWay

Oracle = Callable[[str], Path]
ITEMS = ("EV-0001", "EV-0002", "EV-0003")


def picture(grey: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (1280, 1600), (grey, 90, 90)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> WholeWay:
    custodian = practice_custodian(SetClock(datetime.now(UTC).replace(microsecond=0)))
    case = open_case(tmp_path_factory.mktemp("volumes") / "хэрэг", custodian)
    for grey in (10, 20, 30):
        commit_small_item(case, custodian, screenshot=picture(grey))
    return WholeWay(case=case, custodian=custodian, roots=roots_of(custodian.signer), stamping=Stamping())


@pytest.fixture(scope="module")
def made(way: WholeWay, tmp_path_factory: pytest.TempPathFactory) -> MadeBundle:
    return way.bundle(tmp_path_factory.mktemp("made") / "bundle", limits=Limits(pages=2), processes=2)


def text_of(path: Path, oracle: Oracle) -> str:
    ran = subprocess.run([oracle("pdftotext"), "-raw", path, "-"], check=True, capture_output=True, timeout=60)
    return " ".join(ran.stdout.decode("utf-8").split())


def test_each_exhibit_is_in_one_volume_and_each_volume_names_all(made: MadeBundle, oracle: Oracle) -> None:
    names = [name for name, _, _ in made.reports]

    assert names == ["data/report-01.pdf", "data/report-02.pdf", "data/report-03.pdf"]
    for number, name in enumerate(names, start=1):
        text = text_of(made.path / name, oracle)
        assert f"Volume {number} / 3" in text
        assert made.root.hex in text.replace(" ", "")
        assert [item for item in ITEMS if f"Exhibit No. {int(item[-1])} · {item}" in text] == [ITEMS[number - 1]]
        for other in names:
            assert Path(other).name in text
        assert f" {number}-00001" in text
    assert "Custody log" in text_of(made.path / names[0], oracle)


def test_every_volume_carries_the_lists_and_the_technical_reports_of_its_exhibits(made: MadeBundle) -> None:
    for item, (name, _, _) in zip(ITEMS, made.reports, strict=True):
        with pikepdf.open(made.path / name) as pdf:
            attached = {key: value.get_file().read_bytes() for key, value in pdf.attachments.items()}
            technical = pdf.attachments[f"{item}.json"]
            assert technical.obj.AFRelationship == "/Supplement"
            assert technical.get_file().mime_type == "application/json"
            assert technical.description == f"{item}: Техникийн тайлан · Technical report"
        assert sorted(attached) == [f"{item}.json", "custody.jsonl", "evidence-sha256.txt"]
        assert attached["evidence-sha256.txt"] == (made.path / "data/evidence-sha256.txt").read_bytes()
        told = json.loads(attached[f"{item}.json"])
        manifest = made.path / f"data/items/{item}/manifest-sha256.txt"
        assert (told["schema"], told["item"]) == ("evidence-kit/technical-report/1", item)
        assert told["manifest_sha256"] == sha256_file(manifest).hex
        assert told["screenshot"]["original_width"] == 1280


def test_the_signed_manifest_and_the_log_of_the_case_bind_every_volume(way: WholeWay, made: MadeBundle) -> None:
    listed = (made.path / "manifest-sha256.txt").read_text(encoding="utf-8")
    tags = (made.path / "tagmanifest-sha256.txt").read_bytes()
    sealed = way.case.log().full_events()[-1]

    for name, digest, _ in made.reports:
        assert sha256_file(made.path / name) == digest
        assert f"{digest.hex}  {name}\n" in listed
        assert sealed.digests[name] == digest
    assert f"{sha256_bytes(listed.encode()).hex}  manifest-sha256.txt".encode() in tags
    assert sha256_bytes(tags) == made.tag_manifest


def test_verify_checks_every_volume(way: WholeWay, made: MadeBundle, tmp_path: Path) -> None:
    report = way.verify(made.path)

    assert [check for check in report.checks if check.outcome is Outcome.FAILED] == []
    for id_ in ("report.signature", "report.tail", "report.root"):
        found = [check.subject for check in report.checks if check.id == id_]
        assert found == [name for name, _, _ in made.reports]

    bundle = shutil.copytree(made.path, tmp_path / "bundle")
    (bundle / "data/report-02.pdf").unlink()
    shutil.copyfile(bundle / "data/report-03.pdf", bundle / "data/report-02.pdf")
    with (bundle / "data/report-03.pdf").open("ab") as file:
        file.write(b"\n")
    failed = {(check.id, check.subject) for check in way.verify(bundle).checks if check.outcome is Outcome.FAILED}

    assert {("bag.payload", "data/report-02.pdf"), ("report.tail", "data/report-03.pdf")} <= failed


def test_a_log_that_is_a_volume_of_its_own_is_signed_and_both_verifiers_check_it(
    way: WholeWay, tmp_path: Path, oracle: Oracle
) -> None:
    made = way.bundle(tmp_path / "bundle", limits=Limits(pages=1), processes=2)
    lines = (made.path / "data/custody.jsonl").read_bytes().splitlines(keepends=True)
    events = [sha256_bytes(line).hex[-8:] for line in lines]
    names = [name for name, _, _ in made.reports]
    texts = [text_of(made.path / name, oracle) for name in names]

    assert names == [f"data/report-{number:02}.pdf" for number in range(1, 6)]
    assert ["The log is long, so it is a volume of its own" in text for text in texts] == [True] + [False] * 4
    assert [all(event in text for event in events) for text in texts] == [False, True, False, False, False]
    assert [[item for item in ITEMS if f" · {item} " in text] for text in texts[2:]] == [[item] for item in ITEMS]
    with second.running() as other:
        both = replace(way, second=other)
        report = both.verify(made.path)
        with (made.path / names[1]).open("ab") as file:
            file.write(b"\n")
        altered = both.verify(made.path)

    assert [check for check in report.checks if check.outcome is Outcome.FAILED] == []
    signed = [check for check in report.checks if check.id == "report.signature"]
    assert [(check.subject, check.outcome) for check in signed] == [(name, Outcome.PASSED) for name in names]
    failed = {(check.id, check.subject) for check in altered.checks if check.outcome is Outcome.FAILED}
    assert {("bag.payload", names[1]), ("report.tail", names[1])} <= failed


def test_the_printed_command_checks_every_volume(made: MadeBundle, oracle: Oracle) -> None:
    oracle("pdfsig")
    readme = (made.path / "README.txt").read_text(encoding="utf-8")
    (command,) = set(re.findall(r"^ *(for f in .*)$", readme, re.MULTILINE))

    done = subprocess.run(["bash", "-c", command], cwd=made.path, capture_output=True, text=True, check=True)

    assert done.stdout.count("Signature is Valid") == 3
    assert "data/report-01.pdf" in readme
    assert "report.pdf" not in readme
    assert command in text_of(made.path / "data/report-01.pdf", oracle)


def test_a_report_is_divided_by_pages_and_by_bytes_and_never_within_an_exhibit() -> None:
    exhibits = [exhibit_of(number) for number in range(1, 8)]
    long = replace(exhibits[2], visible_text="Ө" * 20_000)

    def shares(limits: Limits, rows: int = 0) -> list[tuple[int, ...]]:
        return [volume.exhibits for volume in divide([*exhibits[:2], long, *exhibits[3:]], rows=rows, limits=limits)]

    assert shares(Limits()) == [(1, 2, 3, 4, 5, 6, 7)]
    assert shares(Limits(pages=8)) == [(1, 2), (3,), (4, 5, 6, 7)]
    assert shares(Limits(pages=8), rows=10_000) == [(), (), (1, 2), (3,), (4, 5, 6, 7)]
    assert shares(Limits(pages=1)) == [(number,) for number in range(1, 8)]
    assert [volume.exhibits for volume in divide([], rows=3, limits=Limits())] == [()]


def test_where_the_lists_are_long_the_first_volumes_hold_nothing_else(tmp_path: Path, oracle: Oracle) -> None:
    data = report_of(*(exhibit_of(number) for number in range(1, 4)))
    log = tuple(replace(entry, line_sha256=digest_of(f"line {entry.seq}")) for entry in data.custody)
    data = replace(data, custody=log, volumes=divide(data.exhibits, rows=100, limits=Limits(pages=10)))
    events = [(entry.line_sha256.hex[-8:], entry.withheld is not None) for entry in log]

    made = render_volumes(data, tmp_path, language=Language.BOTH, attachments={}, timestamp=MOMENT, processes=2)

    rendered = list(made)
    lists, events_told, exhibits = (text_of(each.path, oracle) for each in rendered)
    assert [(volume.exhibits, volume.log) for volume in data.volumes] == [((), False), ((), True), ((1, 2, 3), False)]
    assert {withheld for _, withheld in events} == {True, False}
    for digest, withheld in events:  # what is withheld has a register, too
        assert [digest in text for text in (lists, events_told, exhibits)] == [withheld, True, False]
    assert "The log is long, so it is a volume of its own: Боть · Volume 2" in lists
    assert lists.count("Volume 3") == 3  # beside each exhibit, where there would be a page
    assert "Volume 2 / 3" in events_told
    assert "Exhibit No. 1" not in lists + events_told
    assert [number for number in (1, 2, 3) if f"Exhibit No. {number} · EV-000{number}" in exhibits] == [1, 2, 3]
    assert all("Custody log" in text for text in (lists, events_told, exhibits))  # in the list of volumes
    assert {each.warnings for each in rendered} == {()}
