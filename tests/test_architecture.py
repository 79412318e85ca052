"""The house rules that a machine can check: directions, homes of libraries, sizes, and what no file may name.

Directions and homes are written down once, in `pyproject.toml` as contracts of import-linter. Here they are run, and
what import-linter cannot see is added: a library that has no contract, or is not declared at all.
"""

import ast
import fnmatch
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "evidence_kit"

LONGEST_FILE = 400
"""Lines of a product file."""

BY_EXTRA = {"python-pkcs11": "pyhanko[pkcs11]"}
"""Libraries that come by an extra of another one, which knows the versions that it works with."""

NOT_IMPORTED = {"fontpkg-noto-sans", "fontpkg-noto-serif", "playwright", "tzdata"}
"""Dependencies that are read (font files; time zones, by `zoneinfo`) or run (``python -m playwright install``)."""

SLOW_TO_IMPORT = ("playwright", "pyhanko", "typst", "PIL", "cryptography", "pikepdf", "warcio", "asyncio", "pkcs11")
"""What ``--help`` must not wait for."""

MACHINE_PATH = re.compile(rb"(?<![\w.$~}/-])/(?:root|work|home/[a-z]\w*|Users/[a-z]\w*|tmp/[a-z]\w*)/")
"""An absolute path that exists on one machine only."""

PACKAGE_HOST = re.compile(
    rb"\b(?:pypi\.(?:org|python\.org)|files\.pythonhosted\.org|(?:deb|security|snapshot)\.debian\.org|"
    rb"registry\.npmjs\.org|cdn\.playwright\.dev|--(?:extra-)?index-url|--find-links)\b"
)
"""A host that packages come from: which one is each machine's own business."""


@cache
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def homes() -> dict[str, list[str]]:
    """Return for each third-party library that has a contract the patterns of the modules that may import it."""
    found: dict[str, list[str]] = {}
    for contract in project()["tool"]["importlinter"]["contracts"]:
        if contract.get("source_modules") == ["evidence_kit"]:
            found |= {library: [] for library in contract["forbidden_modules"]}
            for edge in contract["ignore_imports"]:
                module, library = edge.split(" -> ")
                found[library].append(module)
    return found


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def third_party_imports() -> Iterator[tuple[str, str]]:
    """Yield (module, library) for each import of something that is neither ours nor the standard library's."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes(), filename=str(path))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for library in {name.partition(".")[0] for name in names}:
                if library not in sys.stdlib_module_names | {"evidence_kit"}:
                    yield module_name(path), library


def tracked_files() -> list[Path]:
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, timeout=60, check=True)
    files = (ROOT / name for name in done.stdout.decode().split("\0") if name)
    return [path for path in files if path.is_file() and not path.is_symlink()]


def normal(distribution: str) -> str:
    """Return the name as PyPA's "Names and normalization" compares it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def test_imports_keep_the_contracts() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]

    done = subprocess.run(
        [*command, "--no-cache"], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_third_party_library_has_one_home_and_is_imported_only_there() -> None:
    table = homes()

    strays = [
        f"{module} imports {library}"
        for module, library in third_party_imports()
        if not any(fnmatch.fnmatchcase(module, pattern) for pattern in table.get(library, ()))
    ]

    assert strays == []


def test_every_library_that_is_imported_is_declared_and_every_declared_one_is_used() -> None:
    lines = project()["project"]["dependencies"]
    declared = {normal(re.split(r"[\[<>=~! ;]", line, maxsplit=1)[0]) for line in lines}
    made_by = packages_distributions()

    imported = {normal(made_by[library][0]) for _, library in third_party_imports()}

    assert imported - declared - BY_EXTRA.keys() == set()
    assert all(any(line.startswith(extra) for line in lines) for extra in BY_EXTRA.values())
    assert declared - imported - NOT_IMPORTED == set()


def test_no_product_file_is_longer_than_four_hundred_lines() -> None:
    lengths = {
        module_name(path): len(path.read_bytes().splitlines()) for path in [*PACKAGE.rglob("*.py"), ROOT / "cli.py"]
    }

    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="NOT TESTED: only a git checkout knows its files")
@pytest.mark.parametrize("pattern", [MACHINE_PATH, PACKAGE_HOST], ids=["path of one machine", "package host"])
def test_no_tracked_file_names_a_machine_or_a_package_host(pattern: re.Pattern[bytes]) -> None:
    named = [
        f"{path.relative_to(ROOT)}: {found[0].decode()}"
        for path in tracked_files()
        # This file spells out the patterns.
        if path != Path(__file__)
        for found in [pattern.search(path.read_bytes())]
        if found
    ]

    assert named == []


def test_help_starts_without_the_slow_libraries() -> None:
    program = (
        "import sys\n"
        "from evidence_kit.cli import main\n"
        "try:\n"
        "    main(['--help'])\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        f"print(*sorted(set(sys.modules) & set({SLOW_TO_IMPORT!r})), file=sys.stderr)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr.split() == []
    assert "capture" in done.stdout
