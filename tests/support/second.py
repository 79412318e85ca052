"""The verifier of `verify.html`, run by Node, beside ours: both must come to the same verdict by the same checks."""

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evidence_kit.canonical import Json
from evidence_kit.models import Outcome, VerificationReport
from evidence_kit.trust.judging import TrustedRoots

WEB = Path(__file__).parents[2] / "web"
_COMMAND = Path(__file__).parents[2] / "build" / "web" / "node" / "verify.mjs"


@dataclass(frozen=True, kw_only=True)
class SecondVerifier:
    """A running verifier, which is asked again and again."""

    process: "subprocess.Popen[str]"

    def verify(  # noqa: PLR0913  # what is verified, and against what
        self,
        path: Path,
        roots: TrustedRoots,
        now: datetime,
        *,
        withheld: bytes | None = None,
        receipts: Sequence[str] = (),
        anchors: Sequence[Path] = (),
    ) -> dict[str, Json]:
        """Return the JSON report on *path*.

        If given, with the file of *withheld* events, the texts of *receipts* and the files of *anchors*.
        """
        question: dict[str, Json] = {
            "path": str(path),
            "established": [certificate.pem().decode() for certificate in roots.established],
            "practice": [certificate.pem().decode() for certificate in roots.practice],
            "now": int(now.timestamp() * 1000),
            "receipts": [*receipts],
            "anchors": [str(path) for path in anchors],
        }
        if withheld is not None:
            question["withheld"] = b64encode(withheld).decode("ascii")
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"the second verifier ended while it looked at {path}"
        report = json.loads(answer)
        assert isinstance(report, dict)
        return report


@contextmanager
def running() -> Iterator[SecondVerifier]:
    """Build the verifier for Node and run it."""
    if not _COMMAND.exists():
        subprocess.run(["node", "build.mjs", "--tests"], cwd=WEB, check=True, timeout=120)
    with answering("node", str(_COMMAND), "--questions") as second:
        yield second


@contextmanager
def in_browser() -> Iterator[SecondVerifier]:
    """Open verify.html in a browser."""
    with answering(sys.executable, "-m", "tests.support.page_verifier") as second:
        yield second


@contextmanager
def answering(*command: str) -> Iterator[SecondVerifier]:
    """Run a program that answers a line with a line."""
    with subprocess.Popen(
        command, cwd=WEB.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        try:
            yield SecondVerifier(process=process)
        finally:
            process.communicate(timeout=60)


def differences(ours: VerificationReport, theirs: dict[str, Json]) -> list[str]:
    """Return in what the two reports differ that must be the same in both."""
    failing = {check.id for check in ours.checks if check.outcome is Outcome.FAILED}
    pairs: Sequence[tuple[str, object, object]] = [
        ("verdict", str(ours.verdict), theirs["verdict"]),
        ("kind", ours.kind, theirs["kind"]),
        ("root", ours.root, theirs["root"]),
        ("failing checks", sorted(failing), sorted(_failing(theirs))),
        ("signers", _signers(ours.to_json()), _signers(theirs)),
        ("requests", [], theirs.get("asked", [])),
        ("complaints", [], theirs.get("errors", [])),
    ]
    return [f"{what}: {one}, in the browser {other}" for what, one, other in pairs if one != other]


def _failing(report: dict[str, Json]) -> set[str]:
    checks = report["checks"]
    assert isinstance(checks, list)
    found = [check for check in checks if isinstance(check, dict) and check["outcome"] == "failed"]
    return {str(check["id"]) for check in found}


def _signers(report: dict[str, Json]) -> list[tuple[str, str]]:
    signers = report["signers"]
    assert isinstance(signers, list)
    found = [signer for signer in signers if isinstance(signer, dict)]
    return sorted((str(signer["certificate_sha256"]), str(signer["trust"])) for signer in found)
