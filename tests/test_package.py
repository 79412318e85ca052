"""What people install: the wheel and the source archive are whole, lean and the same at each build."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EPOCH = "1767225600"
"""2026-01-01, for archives that want a date."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", tmp_path_factory.mktemp("sdist"))


def build(kind: str, folder: Path, source: Path = ROOT) -> Path:
    command = [sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "--outdir", str(folder), str(source)]
    environ = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
    done = subprocess.run(command, env=environ, capture_output=True, encoding="utf-8", timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = folder.iterdir()
    return made


def files_below(folder: str) -> set[str]:
    """Return the files of a folder of the checkout, with ``/``, as git would carry them."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def names_in(sdist: Path) -> set[str]:
    with tarfile.open(sdist) as archive:
        return {member.name.partition("/")[2] for member in archive.getmembers()}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_wheel_holds_the_package_with_templates_samples_and_types(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())

    wanted = files_below("evidence_kit") | {
        f"evidence_kit/{name}" for folder in ("templates", "samples") for name in files_below(folder)
    }
    assert wanted - held == set()
    assert {"evidence_kit/py.typed", "evidence_kit/web/receive.html", "evidence_kit/web/verify.html"} <= held
    assert {f"evidence_kit/web/replay/{name}" for name in ("sw.js", "LICENSE", "README.txt")} <= held


def test_the_wheel_holds_nothing_outside_the_package(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}

    assert tops == {"evidence_kit", "evidence_kit-0.1.0.dist-info"}


def test_two_builds_make_the_same_bytes(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    for name in ("wheel", "sdist"):
        (tmp_path / name).mkdir()

    assert digest(build("wheel", tmp_path / "wheel")) == digest(wheel)
    assert digest(build("sdist", tmp_path / "sdist")) == digest(sdist)


def test_the_source_archive_has_what_a_rebuild_and_the_tests_need(sdist: Path) -> None:
    held = names_in(sdist)

    wanted = {"cli.py", "pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md", "Makefile", "requirements/all.lock"}
    assert wanted - held == set()
    assert files_below("tests") - held == set()
    assert not any(name.startswith((".venv", ".oracles", ".git/")) for name in held)


def test_a_wheel_built_from_the_source_archive_is_the_same(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        # Python before 3.11.4 has no filters; the archive is our own.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(tmp_path / "source")  # noqa: S202 - see above
    (source,) = (tmp_path / "source").iterdir()
    (tmp_path / "dist").mkdir()

    assert digest(build("wheel", tmp_path / "dist", source)) == digest(wheel)


def test_an_installed_wheel_runs_away_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "суулгасан site"
    shutil.unpack_archive(wheel, site, "zip")
    program = (
        "import evidence_kit\n"
        "from evidence_kit.cli import main\n"
        "from evidence_kit.resources import sample, template\n"
        "assert any(template().iterdir()) and any(sample().iterdir())\n"
        "print(evidence_kit.__file__, template(), sample(), sep='\\n')\n"
        "main(['--help'])\n"
    )
    environ = {**os.environ, "PYTHONPATH": str(site), "PYTHONUTF8": "1"}

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    package = site / "evidence_kit"
    assert done.stdout.splitlines()[:3] == [str(package / name) for name in ("__init__.py", "templates", "samples")]
