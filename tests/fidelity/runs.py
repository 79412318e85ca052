"""One capture of a page that holds many cases, with what its servers know of it."""

import contextlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evidence_kit.capture import CaptureOptions, PageCapture
from evidence_kit.models import RecorderKind
from tests.fidelity.case import H2, HTTP, Case
from tests.fidelity.certificates import ServerAuthority
from tests.fidelity.comparing import Expectation, Found, pair_up
from tests.fidelity.origin import Log, Origin, Sent
from tests.fidelity.origin_h2 import OriginH2
from tests.fidelity.records import Pair, Records, read_records
from tests.fidelity.site import CaseSite
from tests.support.captures import capture

TIMEOUT = 60.0
_KEPT = 1 << 20
_VERSIONS = {"fid": ssl.TLSVersion.TLSv1_3, "far": ssl.TLSVersion.TLSv1_2}


@dataclass(slots=True, kw_only=True)
class Run:
    """What came of a capture."""

    recorder: str
    folder: Path
    """Of the item's files."""
    site: CaseSite
    result: PageCapture
    records: Records
    sent: list[Sent]
    found: list[Found] = field(default_factory=list)
    strays: list[Pair] = field(default_factory=list)
    """Pairs of records of which no server knows."""

    def of(self, name: str) -> list[Found]:
        """Return the exchanges of the case *name*."""
        return [found for found in self.found if found.sent.case == name]


def run_cases(cases: Sequence[Case], folder: Path, *, recorder: str, scheme: str) -> Run:
    """Capture a page of *cases* below *folder*; two servers answer, over TLS 1.3 and, for the other site, 1.2.

    A frame that never says that it is done, as happens on a busy machine, says nothing about the recording: then the
    page is captured a second time, and that counts.
    """
    first = _run_cases(cases, folder / "first", recorder=recorder, scheme=scheme)
    if first.site.done >= {case.name for case in cases}:
        return first
    return _run_cases(cases, folder / "second", recorder=recorder, scheme=scheme)


def _run_cases(cases: Sequence[Case], folder: Path, *, recorder: str, scheme: str) -> Run:
    folder.mkdir(parents=True)
    site, log = CaseSite(cases, "http" if scheme == HTTP else "https"), Log()
    detours: list[tuple[str, str]] = []
    with contextlib.ExitStack() as stack:
        for name, version in _VERSIONS.items():
            tls = None
            if scheme != HTTP:
                authority = ServerAuthority(folder)
                tls = authority.context(f"*.{name}.localhost", version=version)
            kind = OriginH2 if scheme == H2 else Origin
            origin = stack.enter_context(kind(site, log, tls=tls))  # type: ignore[arg-type]
            detours += [(host, origin.address) for host in site.hosts(name)]
        options = CaptureOptions(
            recorder=RecorderKind(recorder), timeout=TIMEOUT, insecure=scheme != HTTP, connect_to=tuple(detours)
        )
        result = capture(site.url, folder / "capture", options)
        sent = log.all()
    records = read_records(folder / "capture")
    found, strays = pair_up(recorder, sent, records.pairs, Expectation(recorder, site.cases))
    for each in found:
        _forget(each)
    return Run(
        recorder=recorder,
        folder=folder / "capture",
        site=site,
        result=result,
        records=records,
        sent=sent,
        found=found,
        strays=strays,
    )


def _forget(found: Found) -> None:
    """Let go of large bodies, which have been compared."""
    if len(found.sent.response_body) > _KEPT:
        found.sent.response_body.clear()
        if found.pair and found.pair.response:
            found.pair.response.data = found.pair.response.head
