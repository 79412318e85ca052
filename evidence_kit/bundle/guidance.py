"""How a stranger checks a bundle: the commands of other people's tools, README.txt that holds them, and verify.html.

Every openssl command carries ``-binary -purpose any -attime``: without them it refuses text with plain line feeds,
certificates with other purposes, and any certificate that has run out since.
"""

from datetime import datetime
from functools import cache
from pathlib import Path
from string import Template

from evidence_kit.bundle.printed_commands import CheckCommand, CheckStep
from evidence_kit.case.durable import write_new
from evidence_kit.case.layout import CHECKING_PAGE
from evidence_kit.errors import ReportError
from evidence_kit.models import Digest
from evidence_kit.resources import built_page, template
from evidence_kit.trust.digests import sha256_bytes

_EVENT = (
    "sed -n 1p data/custody.jsonl >/tmp/e; sed -n 1p data/custody.sig | base64 -d >/tmp/e.p7s;"
    " openssl cms -verify -cades -binary -purpose any -attime {at} -inform DER -in /tmp/e.p7s -content /tmp/e"
    " -certfile {trust}/signer.pem -CAfile {trust}/chain.pem -out /dev/null"
)
"""It writes outside the bundle, in which a file that no list names is a failed check."""
_SIGNATURE = (
    "openssl cms -verify -cades -binary -purpose any -attime {at} -inform DER -in tagmanifest-sha256.txt.p7s"
    " -content tagmanifest-sha256.txt -certfile data/trust/signer.pem -CAfile data/trust/chain.pem -out /dev/null"
)
_TIME_STAMP = (
    "openssl ts -verify -attime {at} -data tagmanifest-sha256.txt -in tagmanifest-sha256.txt.tsr"
    " -CAfile data/trust/tsa-chain.pem"
)


def check_commands(at: datetime, *, stamped: bool, volumes: int = 1) -> tuple[CheckCommand, ...]:
    """Return the commands to print; *at* is a time at which the signing certificates were valid."""
    seconds = int(at.timestamp())
    commands = [
        (CheckStep.FILES, "sha256sum -c manifest-sha256.txt"),
        (CheckStep.TAGS, "sha256sum -c tagmanifest-sha256.txt"),
        (CheckStep.ROOT, "sha256sum data/evidence-sha256.txt"),
        (CheckStep.SIGNATURE, _SIGNATURE.format(at=seconds)),
        *([(CheckStep.TIME_STAMP, _TIME_STAMP.format(at=seconds))] if stamped else []),
        (CheckStep.REPORT, _report_command(volumes)),
    ]
    return tuple(CheckCommand(step=step, command=command) for step, command in commands)


def volume_name(number: int, volumes: int) -> str:
    """Return the file name of one of the *volumes* of a report."""
    return f"report-{number:02}.pdf" if volumes > 1 else "report.pdf"


def _report_command(volumes: int) -> str:
    return 'for f in data/report-*.pdf; do pdfsig "$f"; done' if volumes > 1 else "pdfsig data/report.pdf"


@cache
def checking_page() -> bytes:
    """Return ``verify.html`` as this installation puts it into bundles; raises `ReportError` if it was never built."""
    page = built_page()
    if not page.is_file():
        message = "the page verify.html, which belongs into every bundle, was not built in this checkout"
        raise ReportError(message, hint="run: make web")
    return page.read_bytes()


def write_guidance(folder: Path, text: bytes) -> None:
    """Write README.txt (*text*) and verify.html into the bundle in *folder*; raises `ReportError`, `OSError`."""
    write_new(folder / "README.txt", text)
    write_new(folder / CHECKING_PAGE, checking_page())


def readme(  # noqa: PLR0913  # one plain fact each
    at: datetime,
    *,
    root: Digest,
    stamped: bool,
    practice: bool,
    volumes: int,
    begun: datetime | None = None,
    begun_with: str = "data/trust",
) -> bytes:
    """Return README.txt, in Mongolian and English.

    *begun_with* is the folder with the certificates of the officer who began the bundle, if another sealed it after
    the time *begun*.
    """
    seconds = int(at.timestamp())
    stamp = f"\n  {_TIME_STAMP.format(at=seconds)}\n" if stamped else ""
    text = Template(template("bundle/README.txt").read_text(encoding="utf-8")).substitute(
        practice=_PRACTICE if practice else "",
        root=root.hex,
        page=sha256_bytes(checking_page()).hex,
        first=f"data/{volume_name(1, volumes)}",
        report=_report_command(volumes),
        signature=_SIGNATURE.format(at=seconds),
        timestamp_mn=f"\n   Цагийн тэмдэг:\n{stamp}" if stamped else "",
        timestamp_en=f"\n   The time stamp:\n{stamp}" if stamped else "",
        event=_EVENT.format(at=int((begun or at).timestamp()), trust=begun_with),
    )
    return text.encode("utf-8")


_PRACTICE = "\nСУРГАЛТ; хуулийн дагуу тоон гарын үсэг биш\nPRACTICE, not a digital signature in law\n"
