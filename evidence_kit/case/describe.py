"""What a command answers about a committed item: ``items[]`` of the JSON results, its paths relative to the case."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from evidence_kit.canonical import Json
from evidence_kit.case.bracket import opened_at
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import read_item
from evidence_kit.case.sealed import is_sealed, read_register_in
from evidence_kit.case.stamping import HeadToken, stamped_at
from evidence_kit.models import utc_text
from evidence_kit.trust.digests import sha256_file


def describe_item(  # noqa: PLR0913  # what is described, and what the log says of it
    case: CaseFolder,
    item: str,
    *,
    seq: int,
    tokens: Sequence[HeadToken],
    stamping_asked: bool,
    subjects: Sequence[str],
) -> dict[str, Json]:
    """Return the ``items[]`` member for *item*, which event *seq* committed; raises `CaseError`.

    *tokens* are those of the case, or at least those over the heads after event *seq*, *subjects* those of the item.
    """
    record = read_item(case, item)
    folder = f"items/{item}"
    files = [_in_case(folder, file) for file in _objects(record["files"])]
    wacz = [file["path"] for file in files if file.get("role") == "wacz"]
    time = stamped_at(tokens, seq)
    return {
        **{key: record[key] for key in ("id", "status", "source")},
        "path": folder,
        **{key: record[key] for key in ("url", "final_url")},
        "http_status": record.get("http_status"),
        **{key: record[key] for key in ("started", "finished", "recorder")},
        **{key: record[key] for key in ("supplied", "derived_from", "method") if key in record},
        **({"label": record["label"]} if "label" in record else {}),
        **({"sealed": _sealed(case.path / folder)} if is_sealed(record) else {}),
        "wacz": wacz[0] if wacz else None,
        "files": [*files],
        "manifest_sha256": sha256_file(case.path / folder / "manifest-sha256.txt").hex,
        "timestamp": utc_text(time) if time else ("pending" if stamping_asked else "none"),
        "subjects": [*subjects],
        "assembled": _assembled(case, case.path / folder, record, time),
        "problems": record["problems"],
    }


def _sealed(folder: Path) -> dict[str, Json]:
    """Return how much is sealed in the item in *folder*, and how many keys open it; raises `CaseError`."""
    register = read_register_in(folder)
    return {
        "files": len(register.files),
        "bytes": sum(file.size for file in register.files),
        "keys": len(register.recipients),
    }


def _assembled(case: CaseFolder, folder: Path, record: dict[str, Json], closed: datetime | None) -> Json:
    """Return between which time stamps the archive was assembled; null without both, or if they disagree."""
    opened = opened_at(folder, record, case.certificates()) if closed else None
    if opened is None or closed is None or closed < opened:
        return None
    return {"from": utc_text(opened), "to": utc_text(closed)}


def _in_case(folder: str, file: dict[str, Json]) -> dict[str, Json]:
    return {**file, "path": f"{folder}/{file['path']}"}


def _objects(value: Json) -> list[dict[str, Json]]:
    return [member for member in value if isinstance(member, dict)] if isinstance(value, list) else []
