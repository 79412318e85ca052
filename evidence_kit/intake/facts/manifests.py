"""C2PA manifests: what they say, and whether they hold. The one home of c2pa-python.

Nothing is asked of the network: a manifest that lies elsewhere is not fetched, and no signer is looked up. No signer is
known here either, so none is ever called trusted: a manifest that holds together says who claims to have signed it.
"""

import json
from dataclasses import dataclass
from typing import Any, BinaryIO

from evidence_kit.canonical import Json
from evidence_kit.intake.facts.notes import Notes
from evidence_kit.intake.facts.parts import Part

_SETTINGS = {
    "verify": {
        "remote_manifest_fetch": False,
        "ocsp_fetch": False,
        "verify_trust": True,
        "verify_timestamp_trust": False,
    }
}
MEDIA_TYPES = frozenset(
    {
        "audio/mp4",
        "audio/wav",
        "image/avif",
        "image/gif",
        "image/heic",
        "image/heif",
        "image/jpeg",
        "image/png",
        "image/tiff",
        "image/webp",
        "video/mp4",
        "video/quicktime",
        "video/x-msvideo",
    }
)
"""Formats in which c2pa-python looks for manifests."""
_POINTER = "c2pa"
_UNTRUSTED = "The signer is not known here: the name is what the certificate says of itself."


def note_manifest(stream: BinaryIO, media_type: str, part: Part, notes: Notes) -> None:
    """Note what the manifest at *part* says, in the file *stream*."""
    import c2pa  # noqa: PLC0415  # its native code is loaded only where there is a manifest to read

    try:
        found = _read(stream, media_type)
    except (c2pa.C2paError, ValueError) as error:
        notes.at("c2pa.unreadable", str(error)[:300], part, pointer=_POINTER)
        return
    codes: list[Json] = [*found.codes]
    value: Json = {"state": found.state, "codes": codes, "manifests": found.manifests, **found.active}
    notes.at("c2pa.manifest", value, part, pointer=_POINTER, detail=_UNTRUSTED)


@dataclass(frozen=True, slots=True)
class _Found:
    state: str
    codes: list[str]
    manifests: int
    active: dict[str, str]


def _read(stream: BinaryIO, media_type: str) -> _Found:
    import c2pa  # noqa: PLC0415  # as above

    stream.seek(0)
    with (
        c2pa.Context(c2pa.Settings.from_dict(_SETTINGS)) as context,
        c2pa.Reader(media_type, stream, context=context) as reader,
    ):
        report: dict[str, Any] = json.loads(reader.json())
    manifests = report.get("manifests", {})
    active = manifests.get(report.get("active_manifest"), {})
    signature = active.get("signature_info") or {}
    said = {
        "generator": active.get("claim_generator") or _generator(active),
        "title": active.get("title"),
        "issuer": signature.get("issuer"),
        "signed": signature.get("time"),
        "algorithm": signature.get("alg"),
    }
    return _Found(
        state=str(report.get("validation_state", "")),
        codes=sorted({str(status.get("code")) for status in report.get("validation_status") or []}),
        manifests=len(manifests),
        active={name: str(value) for name, value in said.items() if value},
    )


def _generator(manifest: dict[str, Any]) -> str:
    named = manifest.get("claim_generator_info") or []
    return " ".join(f"{one.get('name', '')}/{one.get('version', '')}" for one in named)
