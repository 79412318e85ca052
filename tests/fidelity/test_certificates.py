"""Servers with bad certificates: refused with the reason, or recorded with that fact."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from evidence_kit.capture import CaptureOptions
from evidence_kit.models import RecorderKind
from tests.fidelity.case import Case
from tests.fidelity.certificates import ServerAuthority
from tests.fidelity.origin import Log, Origin
from tests.fidelity.records import Records, read_records
from tests.fidelity.replies import OPEN, text
from tests.fidelity.site import CaseSite
from tests.support.captures import capture

pytestmark = [pytest.mark.browser, pytest.mark.network]

BAD = {"expired": "was valid until", "selfsigned": "is its own issuer", "othername": "is not for"}
"""And what is said of them."""
BODY = "from a server that proves nothing"
CASE = Case(
    name="page",
    routes={"/x": text(BODY, fields=OPEN)},
    script="".join(f"await get('https://{name}.bad.localhost/x');" for name in BAD),
)


class _Site(CaseSite):
    """Answers the hosts with bad certificates, too."""

    def __init__(self) -> None:
        super().__init__([CASE], "http")
        self.cases |= dict.fromkeys(BAD, CASE)

    @property
    def url(self) -> str:
        return "http://page.fid.localhost/"


def _take(folder: Path, recorder: str, *, insecure: bool) -> tuple[Records, Log, list[dict[str, Any]]]:
    authority = ServerAuthority(folder)
    contexts = {
        "expired": authority.context("expired.bad.localhost", days=(-30, -2)),
        "selfsigned": authority.context("selfsigned.bad.localhost", self_signed=True),
        "othername": authority.context("another.bad.localhost"),
    }
    site, log = _Site(), Log()
    with contextlib.ExitStack() as stack:
        page = stack.enter_context(Origin(site, log))
        detours = [("page.fid.localhost", page.address), ("main.fid.localhost", page.address)]
        for name, context in contexts.items():
            server = stack.enter_context(Origin(site, log, tls=context))
            detours.append((f"{name}.bad.localhost", server.address))
        options = CaptureOptions(
            recorder=RecorderKind(recorder), timeout=30, insecure=insecure, connect_to=tuple(detours)
        )
        capture(site.url, folder / "capture", options)
    lines = folder / "capture" / "connections.jsonl"
    told = lines.read_text(encoding="utf-8").splitlines() if lines.exists() else []
    return read_records(folder / "capture"), log, [json.loads(line) for line in told]


@pytest.mark.parametrize("recorder", ["wire", "browser"])
def test_a_bad_certificate_is_refused_and_the_reason_is_told(tmp_path: Path, recorder: str) -> None:
    records, log, _ = _take(tmp_path, recorder, insecure=False)

    lines = {line["url"]: line for line in records.ledger if ".bad." in line["url"]}
    for name in BAD:
        line = lines[f"https://{name}.bad.localhost/x"]
        assert line["outcome"] == "failed"
        assert line["reason"].startswith("net::ERR_CERT_")
    assert [sent.url for sent in log.all() if ".bad." in sent.url] == []
    assert [pair.url for pair in records.pairs if ".bad." in pair.url and pair.response] == []


@pytest.mark.parametrize("recorder", ["wire", "browser"])
def test_a_bad_certificate_that_is_accepted_is_recorded_with_what_is_wrong(tmp_path: Path, recorder: str) -> None:
    records, _, connections = _take(tmp_path, recorder, insecure=True)

    for name, problem in BAD.items():
        pairs = [pair for pair in records.pairs if pair.url == f"https://{name}.bad.localhost/x"]
        told = [line["tls"]["certificate_problems"] for line in connections if line.get("name", "").startswith(name)]
        assert [pair.response.body for pair in pairs if pair.response] == [BODY.encode()]
        assert bool(told) is (recorder == "wire")
        assert all(problem in " ".join(problems) for problems in told)
