"""``demo`` and ``practice serve``, as a newcomer starts them: programs of their own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.network]

PROGRAM = [sys.executable, "-m", "evidence_kit"]


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "EVIDENCE_KIT_HOME": str(home), "EVIDENCE_KIT_LANG": "mn", "PYTHONIOENCODING": "utf-8"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("үзүүлэн")


@pytest.fixture(scope="module")
def performed(stage: Path) -> dict[str, Any]:
    """The answer of one demonstration, in a new installation."""
    command = [*PROGRAM, "demo", "--json", "--output", str(stage / "demo 1")]
    done = subprocess.run(command, env=environment(stage / "home"), capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_demonstration_ends_verified_and_the_altered_copy_does_not(performed: dict[str, Any]) -> None:
    assert next(iter(performed.items())) == ("schema", "evidence-kit/demo/1")
    assert performed["verdict"] == "verified"
    assert performed["practice"] is True
    assert performed["root"].startswith("sha256:")
    assert [item["status"] for item in performed["items"]] == ["complete"]
    assert performed["tampered"]["verdict"] == "altered"
    assert performed["tampered"]["named"] is True
    assert Path(performed["bundle"], "data", "report.pdf").is_file()
    assert Path(performed["case"], "custody.jsonl").is_file()


def test_a_new_installation_is_not_touched(performed: dict[str, Any], stage: Path) -> None:
    assert performed["bundle"]
    assert not (stage / "home").exists()
    assert (stage / "demo 1" / "settings" / "practice.p12").is_file()


def test_a_folder_that_is_there_is_never_overwritten(performed: dict[str, Any], stage: Path) -> None:
    command = [*PROGRAM, "demo", "--output", str(Path(performed["case"]).parent)]
    done = subprocess.run(command, env=environment(stage / "home"), capture_output=True, timeout=60, check=False)

    assert done.returncode == 1
    assert done.stdout == b""
    assert "алдаа" in done.stderr.decode()


def test_every_step_is_told_in_plain_words(stage: Path) -> None:
    command = [*PROGRAM, "demo", "--lang", "en", "--output", str(stage / "told")]
    done = subprocess.run(command, env=environment(stage / "home"), capture_output=True, timeout=300, check=False)

    told = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    assert [line.partition(".")[0] for line in told.splitlines() if line[:1].isdigit()] == [
        str(n) for n in range(1, 10)
    ]
    assert told.index("[VERIFIED]") < told.index("[ALTERED]")
    assert "PRACTICE, not a digital signature in law" in told
    assert "\x1b" not in told


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: Windows sends no SIGINT to one program")
def test_the_practice_network_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    command = [*PROGRAM, "practice", "serve", "--lang", "en"]
    with subprocess.Popen(
        command, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().decode().split()[-1]
        with urlopen(address, timeout=20) as response:  # noqa: S310  # the practice network's own address
            assert response.status == 200
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)

    assert process.returncode == 130
    assert b"Traceback" not in said
