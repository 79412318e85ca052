"""Verify a bundle, case, item, report, WACZ or WARC: numbered checks, offline, never an exception for bad evidence.

`verify_path` is the door. `examination` collects checks and signers and gives the verdict; the other modules each hold
the checks of one noun. What each check means is written in docs/evidence-format.md, "Checks".
"""

from evidence_kit.verify.path import verify_path

__all__ = ["verify_path"]
