"""The browser verifier's own small tests, which Node runs."""

import subprocess
from pathlib import Path

BUILT = Path(__file__).parents[2] / "build" / "web" / "node"


def test_the_units_of_the_browser_verifier_pass() -> None:
    done = subprocess.run(
        ["node", "--test", str(BUILT)], capture_output=True, encoding="utf-8", timeout=300, check=False
    )

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "# fail 0" in done.stdout
