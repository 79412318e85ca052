"""Capture what was done to someone online so that a court can check it without us.

Rooms, from the outside in (docs/decisions/ says why; imports only ever point down this list):

- `evidence_kit.cli`: arguments in, reports out.
- `evidence_kit.replay`: captured pages rendered again, offline.
- `evidence_kit.capture`, `.bundle`, `.verify`, `.practice`, `.witness`: the work people ask for.
- `evidence_kit.settings`, `.texts`: this installation's officer, keys and language.
- `evidence_kit.case`: the case folder: items, manifests, commits.
- `evidence_kit.custody`: the signed hash chain of events.
- `evidence_kit.wire`: connections recorded as they passed, and read offline.
- `evidence_kit.archive`, `.browser`, `.pictures`, `.pdf`: WARC, WACZ, bags and zips; Chromium; Pillow; pyHanko.
- `evidence_kit.trust`: digests, keys, certificates, CMS, RFC 3161.
- `evidence_kit.canonical`, `.resources`, `.display`, `.plain`, `.processes`, `.home`, `.models`, `.errors`: what
  everything stands on.
"""

__version__ = "0.1.0"
__all__ = ["__version__"]
