"""``court-kit``: a court's own page with its own roots, and what it takes to check the kit itself."""

import base64
import hashlib
import json
import os
import re
import stat
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.bundle.court_kit import SCHEMA, ChosenRoots, page_with_roots
from evidence_kit.custody.custodian import Custodian
from evidence_kit.errors import ReportError
from tests.cli.running import RunCommand
from tests.support.people import SetClock
from tests.support.pki import Authority


@pytest.fixture
def agency() -> Authority:
    return Authority("Зохиомол <үндсэн>", clock=SetClock())


@pytest.fixture
def stamping() -> Authority:
    return Authority("Зохиомол цаг", clock=SetClock())


@pytest.fixture
def given(tmp_path: Path, agency: Authority, stamping: Authority) -> tuple[object, ...]:
    """Return the options that name both roots, one file in PEM and one in DER."""
    (tmp_path / "officers.pem").write_bytes(agency.certificate.pem())
    (tmp_path / "tsa.der").write_bytes(stamping.certificate.der)
    return ("--root", tmp_path / "officers.pem", "--tsa-root", tmp_path / "tsa.der")


def chosen(page: Path) -> dict[str, object]:
    """Return what stands in the page for its roots."""
    text = page.read_text(encoding="utf-8")
    (block,) = re.findall(r'<script type="application/json" id="court-kit">([^<]*)</script>', text)
    found = json.loads(block)
    assert isinstance(found, dict)
    return found


def test_a_kit_holds_the_page_with_the_roots_and_the_means_to_check_it(
    run: RunCommand, given: tuple[object, ...], agency: Authority, stamping: Authority, tmp_path: Path
) -> None:
    kit = tmp_path / "шүүх" / "kit"

    answer = run("court-kit", kit, *given, "--json")

    document = answer.json
    assert answer.code == 0
    assert next(iter(document)) == "schema"
    assert {file["path"] for file in document["files"]} == {
        *("verify.html", "README.txt", "sha256.txt", "digest-sheet.txt"),
        f"roots/officers-{agency.certificate.fingerprint[:16]}.pem",
        f"roots/authorities-{stamping.certificate.fingerprint[:16]}.pem",
    }
    for file in document["files"]:
        data = (kit / file["path"]).read_bytes()
        assert (file["sha256"], file["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
    in_page = chosen(kit / "verify.html")
    assert in_page["schema"] == SCHEMA
    assert in_page["officers"] == [base64.b64encode(agency.certificate.der).decode()]
    assert in_page["authorities"] == [base64.b64encode(stamping.certificate.der).decode()]
    assert sorted(path.name for path in kit.parent.iterdir()) == ["kit"]


def test_stock_programs_check_the_kit(run: RunCommand, given: tuple[object, ...], tmp_path: Path) -> None:
    kit = tmp_path / "kit"
    assert run("court-kit", kit, *given).code == 0

    subprocess.run(["sha256sum", "--quiet", "-c", "sha256.txt"], cwd=kit, check=True)
    for root in (kit / "roots").iterdir():
        command = ["openssl", "x509", "-in", str(root), "-noout", "-fingerprint", "-sha256"]
        told = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
        digits = told.partition("=")[2].strip().replace(":", "").lower()
        sheet = (kit / "digest-sheet.txt").read_text(encoding="utf-8")
        assert digits in re.sub(r"\s", "", sheet)


def test_readme_and_sheet_say_the_digest_of_the_page_in_both_languages(
    run: RunCommand, given: tuple[object, ...], tmp_path: Path
) -> None:
    kit = tmp_path / "kit"
    assert run("court-kit", kit, *given).code == 0
    digest = hashlib.sha256((kit / "verify.html").read_bytes()).hexdigest()
    sums = hashlib.sha256((kit / "sha256.txt").read_bytes()).hexdigest()

    readme, sheet = ((kit / name).read_text(encoding="utf-8") for name in ("README.txt", "digest-sheet.txt"))

    assert re.sub(r"\s", "", readme).count(digest) == 2
    assert digest in re.sub(r"\s", "", sheet)
    assert sums in re.sub(r"\s", "", sheet)
    assert "$" not in readme + sheet


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_every_file_can_only_be_read(run: RunCommand, given: tuple[object, ...], tmp_path: Path) -> None:
    assert run("court-kit", tmp_path / "kit", *given).code == 0

    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "kit").rglob("*") if path.is_file()}

    assert modes == {0o444}


def test_nothing_is_overwritten_and_nothing_half_made_is_left(
    run: RunCommand, given: tuple[object, ...], tmp_path: Path
) -> None:
    taken = tmp_path / "place" / "kit"
    taken.mkdir(parents=True)
    (tmp_path / "empty.pem").write_bytes(b"")

    assert run("court-kit", taken, *given).code == 1
    assert run("court-kit", tmp_path / "place" / "other", "--root", tmp_path / "empty.pem").code == 2
    assert run("court-kit", tmp_path / "place" / "other").code == 2

    assert [path.name for path in (tmp_path / "place").iterdir()] == ["kit"]
    assert list(taken.iterdir()) == []


def test_a_page_without_a_place_for_roots_is_refused(agency: Authority) -> None:
    roots = ChosenRoots(officers=(agency.certificate,))
    with pytest.raises(ReportError, match="has no place for root certificates"):
        page_with_roots(b"<html></html>", roots, made=datetime.now(UTC))


def test_a_practice_root_is_called_that(
    officer: RunCommand, custodian: Callable[[], Custodian], tmp_path: Path
) -> None:
    (tmp_path / "root.pem").write_bytes(custodian().signer.chain[-1].pem())

    told = officer("court-kit", tmp_path / "kit", "--root", tmp_path / "root.pem")
    document = officer("court-kit", tmp_path / "kit 2", "--root", tmp_path / "root.pem", "--json").json

    assert "PRACTICE, not a digital signature in law" in told.out
    assert document["practice"] is True
    assert document["roots"][0]["practice"] is True
