"""Check a PDF in a process of its own, with limits of time and memory.

The libraries that read PDFs go byte by byte through what a hostile file makes them believe, and rebuild broken files
whole: minutes and gigabytes for a small file. What passes the limits is ended, and nothing is said of the file but that
it could not be examined. The process is `evidence_kit.pdf.checking`; it reads the PDF on its standard input and answers
with one JSON value: the `PdfFindings`, bytes as base64 and times in ISO 8601.
"""

import io
import json
import os
import shutil
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from evidence_kit.errors import LimitError
from evidence_kit.models import Digest
from evidence_kit.pdf.findings import (
    Attachment,
    Changes,
    Coverage,
    Level,
    PdfFindings,
    SignatureFindings,
    StampFindings,
)
from evidence_kit.trust.certificates import Certificate

OUT_OF_MEMORY = 9
"""Exit status of the process when it needed more memory than it may have."""

_SECONDS, _SECONDS_A_MEGABYTE = 30.0, 0.5
"""A report of 200 MB takes a few seconds; the rest is for slow and busy computers."""
_MEMORY, _MEMORY_A_BYTE = 1024**3, 8
_MEGABYTE = 1024**2
_ROOT = Path(__file__).parents[2]
_START = "import sys; sys.path.append(sys.argv[1]); from evidence_kit.pdf.checking import main; main(int(sys.argv[2]))"


def check_pdf_apart(stream: BinaryIO, *, seconds: float | None = None) -> PdfFindings:
    """Return what `check_pdf` finds in the PDF *stream*, a seekable one.

    Raises `LimitError` when that takes longer than *seconds* (by default scaled to the size), more memory than it may
    have, or ends the process that does it; `FormatError` and `OSError` when the stream cannot be read.
    """
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    limit = _SECONDS + _SECONDS_A_MEGABYTE * size / _MEGABYTE if seconds is None else seconds
    with _as_file(stream) as file:
        try:
            ended = subprocess.run(  # -P: modules in the current folder must not stand in for those of Python
                [sys.executable, "-P", "-c", _START, str(_ROOT), str(_MEMORY + _MEMORY_A_BYTE * size)],
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=limit,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise LimitError(
                f"the PDF of {size} bytes was not examined to its end within {limit:.0f} seconds"
            ) from error
    if ended.returncode == OUT_OF_MEMORY:
        raise LimitError(f"the PDF of {size} bytes needs more memory to be examined than it is given")
    if ended.returncode:
        raise LimitError(f"the PDF of {size} bytes ended the program that examined it (status {ended.returncode})")
    return read_findings(ended.stdout)


def write_findings(found: PdfFindings) -> str:
    """Return the JSON form of *found*, ASCII only."""
    return json.dumps(asdict(found), default=_plain)


def read_findings(data: bytes) -> PdfFindings:
    """Return the findings that `write_findings` wrote."""
    value: dict[str, Any] = json.loads(data)
    return PdfFindings(
        **{
            **value,
            "signatures": tuple(_signature(each) for each in value["signatures"]),
            "attachments": tuple(
                Attachment(**{**each, "sha256": Digest(b64decode(each["sha256"]["value"]))})
                for each in value["attachments"]
            ),
            "certificates": _certificates(value["certificates"]),
            "crls": tuple(b64decode(each) for each in value["crls"]),
            "ocsps": tuple(b64decode(each) for each in value["ocsps"]),
            "problems": tuple(value["problems"]),
        }
    )


@contextmanager
def _as_file(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Give *stream* as a file that a process can be handed: itself, or a copy if it lies in a zip or in memory."""
    if isinstance(stream, io.BufferedReader) and isinstance(stream.raw, io.FileIO):
        yield stream
        return
    with TemporaryFile(prefix="evidence-kit-pdf-") as copy:
        shutil.copyfileobj(stream, copy, _MEGABYTE)
        copy.flush()
        copy.seek(0)
        yield copy


def _plain(value: object) -> str:
    match value:
        case bytes():
            return b64encode(value).decode("ascii")
        case datetime():
            return value.isoformat()
    raise TypeError(type(value).__name__)


def _signature(value: dict[str, Any]) -> SignatureFindings:
    certificate, claimed, stamp = value["certificate"], value["claimed_time"], value["stamp"]
    return SignatureFindings(
        **{
            **value,
            "certificate": _certificate(certificate) if certificate else None,
            "embedded": _certificates(value["embedded"]),
            "unproven": _certificates(value["unproven"]),
            "coverage": Coverage(value["coverage"]),
            "changes": Changes(value["changes"]),
            "level": Level(value["level"]),
            "claimed_time": datetime.fromisoformat(claimed) if claimed else None,
            "stamp": _stamp(stamp) if stamp else None,
            "problems": tuple(value["problems"]),
            "loose": tuple(value["loose"]),
        }
    )


def _stamp(value: dict[str, Any]) -> StampFindings:
    return StampFindings(
        time=datetime.fromisoformat(value["time"]),
        certificate=_certificate(value["certificate"]),
        embedded=_certificates(value["embedded"]),
        intact=value["intact"],
    )


def _certificate(value: dict[str, Any]) -> Certificate:
    return Certificate(b64decode(value["der"]))


def _certificates(values: list[dict[str, Any]]) -> tuple[Certificate, ...]:
    return tuple(_certificate(value) for value in values)
