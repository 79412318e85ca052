"""Where things lie in a case and in a bundle of format 1 (docs/evidence-format.md, "Case", "Bundle").

A bundle holds the case's files below ``data/`` under the same names.
"""

import re

EVIDENCE_LIST = "data/evidence-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
TAG_SIGNATURE = f"{TAG_MANIFEST}.p7s"
TAG_TIME_STAMP = f"{TAG_MANIFEST}.tsr"
CHECKING_PAGE = "verify.html"
"""The page that checks the bundle in a browser, and that came with the evidence."""
BAG_FILES = frozenset(
    {
        "README.txt",
        "bag-info.txt",
        "bagit.txt",
        "manifest-sha256.txt",
        TAG_MANIFEST,
        TAG_SIGNATURE,
        TAG_TIME_STAMP,
        CHECKING_PAGE,
    }
)
"""Everything beside ``data/`` in a bundle."""

PLAN = "exhibits.toml"
"""Below ``data/`` of a bundle that was made by a plan: the plan, as it was understood."""

CAPTURE_ARCHIVE, SUPPLIED_ARCHIVE = "capture.wacz", "supplied.wacz"
"""The archive of an item that was captured, and of one that was supplied."""

LATER_SEAL = "sealed.p7s"
"""Below ``seals/ID/`` of an item that was sealed later: the signature over the manifest that it has since."""

SESSION_DATA = "session-data.tar.age"
"""The file of an item that a bundle may lack: the recording itself, encrypted."""

CERTIFICATE = re.compile(r"trust/cert-([0-9a-f]{64})\.pem")
STATEMENT = re.compile(r"trust/(crl|ocsp)-([0-9a-f]{64})\.der")
HEAD_TOKEN = re.compile(r"seals/heads/([0-9]{6,15})(?:-[2-9])?\.tsr")
CHAIN_FILES = frozenset({"trust/signer.pem", "trust/chain.pem", "trust/tsa.pem", "trust/tsa-chain.pem"})
"""Written into bundles for the stock commands, and to say what the seals hold.

Each holds certificates that lie beside it under their own names."""

PREVIOUS = re.compile(r"previous/([0-9]{2})/(.+)")
"""An earlier form of a bundle keeps here, under its number, what the new form has of its own."""

_IN_ITEM = re.compile(r"items/EV-[0-9]{4,}/.")
_REPORT = re.compile(r"data/report(?:-[0-9]{2,})?\.pdf")


def inside_item(name: str) -> bool:
    """Whether *name* lies inside an item's folder, where the item's manifest says what belongs."""
    return bool(_IN_ITEM.match(name))


def accounted_for(name: str) -> bool:
    """Whether a file *name* that a case may have any number of is one: a certificate, a token, part of an item."""
    return any(pattern.fullmatch(name) for pattern in (CERTIFICATE, STATEMENT, HEAD_TOKEN)) or inside_item(name)


def is_previous(name: str) -> bool:
    """Whether *name* is a file that an earlier form of a bundle may have kept of its own."""
    match = PREVIOUS.fullmatch(name.removeprefix("data/"))
    return match is not None and (match[2] in BAG_FILES or match[2] in CHAIN_FILES)


def is_report(name: str) -> bool:
    """Whether *name* is a report of a bundle."""
    return bool(_REPORT.fullmatch(name))


def belongs_to_root(name: str) -> bool:
    """Whether the file *name* of a bundle is listed in ``data/evidence-sha256.txt``."""
    if not name.startswith("data/") or name == EVIDENCE_LIST or name.startswith(("data/trust/", "data/previous/")):
        return False
    return not is_report(name)
