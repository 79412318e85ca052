"""The browser verifier's own small tests, which Node runs."""

import shutil
import subprocess
from pathlib import Path

PROJECT = Path(__file__).parents[2]
BUILT = PROJECT / "build" / "web" / "node"


def test_the_units_of_the_browser_verifier_pass() -> None:
    done = subprocess.run(
        ["node", "--test", str(BUILT)], capture_output=True, encoding="utf-8", timeout=300, check=False
    )

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "# fail 0" in done.stdout


def test_the_page_is_the_same_wherever_it_is_built(tmp_path: Path) -> None:
    copy = tmp_path / "өөр газар"
    shutil.copytree(PROJECT / "web", copy / "web", ignore=shutil.ignore_patterns("node_modules"))
    shutil.copytree(PROJECT / "templates", copy / "templates")
    (copy / "web" / "node_modules").symlink_to(PROJECT / "web" / "node_modules", target_is_directory=True)

    subprocess.run(["node", "build.mjs"], cwd=copy / "web", check=True, timeout=120)

    built = (PROJECT / "build" / "web" / "verify.html").read_bytes()
    assert (copy / "build" / "web" / "verify.html").read_bytes() == built
