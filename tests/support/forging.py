"""What a forger who knows the format can do: change evidence, and make everything again that needs no key.

With a `Custodian` also what needs one: his own, another officer's, or the right one.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from evidence_kit import canonical
from evidence_kit.archive.bag import MANIFEST, TAG_MANIFEST, parse_info, write_bag
from evidence_kit.bundle.contents import list_evidence
from evidence_kit.canonical import Json
from evidence_kit.case.layout import EVIDENCE_LIST, TAG_SIGNATURE
from evidence_kit.case.manifest import NAME, build_manifest
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.log import FIRST_LINK, Entry, decode_signature, encode_signature, link_after
from evidence_kit.models import Digest, utc_text
from evidence_kit.trust.cms import sign_detached
from evidence_kit.trust.digests import sha256_bytes, sha256_file

Forged = dict[str, Json]


@dataclass(kw_only=True)
class ForgedEvent:
    """One event of a log, to be changed, and the signature that it has."""

    value: Forged
    signature: bytes


def read_log(folder: Path) -> list[ForgedEvent]:
    """Return the events of the log in *folder*."""
    lines = (folder / "custody.jsonl").read_bytes().splitlines()
    signatures = (folder / "custody.sig").read_bytes().splitlines(keepends=True)
    return [
        ForgedEvent(value=json.loads(line), signature=decode_signature(signature))
        for line, signature in zip(lines, signatures, strict=True)
    ]


def write_log(folder: Path, events: Sequence[ForgedEvent], by: Custodian | None = None) -> None:
    """Write a log of *events*, numbered and chained as it ought to be, signed again if *by* somebody."""
    head: Digest = FIRST_LINK
    entries = []
    for number, event in enumerate(events, start=1):
        entry = _entry({**event.value, "seq": number, "previous": str(head)}, event.signature, by)
        entries.append(entry)
        head = link_after(head, entry)
    (folder / "custody.jsonl").write_bytes(b"".join(entry.line for entry in entries))
    (folder / "custody.sig").write_bytes(b"".join(entry.signature_line for entry in entries))


def append_event(folder: Path, value: Forged, by: Custodian) -> None:
    """Append *value* as it is, signed *by* somebody."""
    entry = _entry(value, b"", by)
    for name, line in (("custody.jsonl", entry.line), ("custody.sig", entry.signature_line)):
        with (folder / name).open("ab") as stream:
            stream.write(line)


def _entry(value: Forged, signature: bytes, by: Custodian | None) -> Entry:
    if by is None:
        return Entry(line=canonical.dumps(value) + b"\n", signature_line=encode_signature(signature))
    line = canonical.dumps({**value, "actor": by.actor()}) + b"\n"
    at = datetime.fromisoformat(str(value["time"]))
    signature = sign_detached(sha256_bytes(line), by.signer, at=at, with_chain=False)
    return Entry(line=line, signature_line=encode_signature(signature))


def earlier(value: Forged, by: timedelta) -> Forged:
    """Return an event of an earlier time."""
    time = datetime.fromisoformat(str(value["time"])) - by
    local = datetime.fromisoformat(str(value["local"])) - by
    return {**value, "time": utc_text(time), "local": local.isoformat(timespec="seconds")}


def rebuild_item(folder: Path) -> None:
    """Make ``item.json`` and the manifest of the item at *folder* fit its files."""
    path = folder / "item.json"
    record = json.loads(path.read_bytes())
    for file in record["files"]:
        found = folder / file["path"]
        file.update(sha256=sha256_file(found).hex, bytes=found.stat().st_size)
    path.write_bytes(canonical.pretty(record))
    (folder / NAME).write_bytes(build_manifest(folder))


def rehash(bundle: Path, by: Custodian | None = None) -> None:
    """Make every list of *bundle* anew, outermost last, and its signature if *by* somebody."""
    evidence = list_evidence(bundle)
    (bundle / EVIDENCE_LIST).write_bytes(evidence.data)
    info = dict(parse_info((bundle / "bag-info.txt").read_bytes()))
    del info["Payload-Oxum"]
    for name in ("bagit.txt", "bag-info.txt", MANIFEST, TAG_MANIFEST):
        (bundle / name).unlink()
    seals = {path.name: path.read_bytes() for path in bundle.glob(f"{TAG_MANIFEST}.*")}
    for name in seals:
        (bundle / name).unlink()
    write_bag(bundle, info={**info, "Evidence-Kit-Root": str(evidence.root)})
    for name, data in seals.items():
        (bundle / name).write_bytes(data)
    if by:
        (bundle / TAG_SIGNATURE).write_bytes(by.sign_file((bundle / TAG_MANIFEST).read_bytes()))
