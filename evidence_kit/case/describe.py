"""What a command answers about a committed item: ``items[]`` of the JSON results."""

from evidence_kit.canonical import Json
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import read_item
from evidence_kit.case.stamping import head_tokens, stamped_at
from evidence_kit.custody.events import EventType
from evidence_kit.models import utc_text
from evidence_kit.trust.digests import sha256_file


def describe_item(case: CaseFolder, item: str, *, stamping_asked: bool) -> dict[str, Json]:
    """Return the ``items[]`` member for the committed *item*; raises `CaseError`."""
    record = read_item(case, item)
    log = case.log()
    event = next(e for e in log.full_events() if e.item == item and e.type == EventType.CAPTURED)
    time = stamped_at(head_tokens(case, log.links), event.seq)
    files = record["files"]
    entries = files if isinstance(files, list) else []
    wacz = [file["path"] for file in entries if isinstance(file, dict) and file.get("role") == "wacz"]
    return {
        **{key: record[key] for key in ("id", "status", "source")},
        "path": f"items/{item}",
        **{key: record[key] for key in ("url", "final_url", "started", "finished", "recorder")},
        "wacz": f"items/{item}/{wacz[0]}" if wacz else None,
        "files": files,
        "manifest_sha256": sha256_file(case.path / "items" / item / "manifest-sha256.txt").hex,
        "timestamp": utc_text(time) if time else ("pending" if stamping_asked else "none"),
        "problems": record["problems"],
    }
