"""A court's own kit for checking bundles: verify.html with the roots that the court chose, and how to check the kit.

```
DIR/  verify.html  README.txt (mn and en)  roots/officers-….pem  roots/authorities-….pem
      sha256.txt (sha256sum form, of all these)  digest-sheet.txt (to be published by another way)
```

Only this copy of the page may say "verified": its roots did not come with the evidence (docs/evidence-format.md, 2.3).
They stand in the page as data, in a block that no browser runs, so that the page's own digests of its script and style
hold as they are. Every file can only be read.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Template

from evidence_kit.bundle.guidance import checking_page
from evidence_kit.canonical import Json
from evidence_kit.case.building import building
from evidence_kit.case.durable import move_new, sync_tree, write_new
from evidence_kit.case.layout import CHECKING_PAGE
from evidence_kit.display import visible
from evidence_kit.errors import CaseError, ReportError, UsageError
from evidence_kit.models import Digest, utc_text
from evidence_kit.resources import template
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.digests import sha256_bytes

SCHEMA = "evidence-kit/court-roots/1"
_SLOT = b'<script type="application/json" id="court-kit">%s</script>'
_EMPTY = _SLOT % b"null"
_SUMS = "sha256.txt"
_SHEET = "digest-sheet.txt"
_READ_ONLY = 0o444


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenRoots:
    """The root certificates that a court believes, by whom they vouch for."""

    officers: Sequence[Certificate]
    authorities: Sequence[Certificate] = ()
    """Of time-stamping authorities."""

    def named(self) -> Iterator[tuple[str, Certificate]]:
        """Yield each once, under its path in the kit."""
        for use, roots in (("officers", self.officers), ("authorities", self.authorities)):
            for root in dict.fromkeys(roots):
                yield f"roots/{use}-{root.fingerprint[:16]}.pem", root


@dataclass(frozen=True, slots=True, kw_only=True)
class KitFile:
    """One file of a kit."""

    path: str
    sha256: Digest
    size: int
    """In bytes."""

    def to_json(self) -> dict[str, Json]:
        """Return the ``files[]`` member."""
        return {"path": self.path, "sha256": self.sha256.hex, "bytes": self.size}


def make_court_kit(folder: Path, roots: ChosenRoots, *, made: datetime) -> tuple[KitFile, ...]:
    """Make the kit in *folder*, which must not exist, at the time *made*, and return its files.

    Raises `UsageError` when no officers' root was chosen, `ReportError` when the page was never built, `CaseError` when
    the place is taken or the disk fails; nothing half-made is left.
    """
    if not roots.officers:
        message = "no root certificate was given for officers"
        raise UsageError(
            message, hint="give the certificate of the authority that certifies them with: --root FILE.pem"
        )
    if folder.exists():
        message = f"{folder} is already there and is never overwritten"
        raise CaseError(message, hint="name a folder that does not exist yet")
    files = _contents(roots, made)
    try:
        with building(folder) as place:
            kit = place / "kit"
            (kit / "roots").mkdir(parents=True)
            for name, data in files.items():
                write_new(kit / name, data)
            sync_tree(kit)
            for name in files:
                (kit / name).chmod(_READ_ONLY)
            move_new(kit, folder)
    except OSError as error:
        message = f"the kit {folder} could not be written: {error.strerror}"
        raise CaseError(message, hint="choose another folder") from error
    return tuple(KitFile(path=name, sha256=sha256_bytes(data), size=len(data)) for name, data in files.items())


def _contents(roots: ChosenRoots, made: datetime) -> dict[str, bytes]:
    """Return all files by name; the last two are made of the digests of those before."""
    files = {CHECKING_PAGE: page_with_roots(checking_page(), roots, made=made)}
    files |= {name: root.pem() for name, root in roots.named()}
    values = _values(roots, files[CHECKING_PAGE], made)
    files["README.txt"] = _filled("README.txt", values)
    files[_SUMS] = "".join(f"{sha256_bytes(data).hex}  {name}\n" for name, data in sorted(files.items())).encode(
        "utf-8"
    )
    files[_SHEET] = _filled(_SHEET, {**values, "sums": _grouped(sha256_bytes(files[_SUMS]))})
    return files


def page_with_roots(page: bytes, roots: ChosenRoots, *, made: datetime) -> bytes:
    """Return *page* with *roots* in it; raises `ReportError` when it has no one place for them."""
    if page.count(_EMPTY) != 1:
        message = "the page verify.html of this installation has no place for root certificates"
        raise ReportError(message, hint="install the program anew, or in a checkout run: make web")
    said = {
        "schema": SCHEMA,
        "made": utc_text(made),
        "officers": [_base64(root) for root in dict.fromkeys(roots.officers)],
        "authorities": [_base64(root) for root in dict.fromkeys(roots.authorities)],
    }
    # Nothing of it is text from outside; still, no "<" may end the block.
    return page.replace(_EMPTY, _SLOT % json.dumps(said, indent=1).replace("<", "\\u003c").encode("ascii"))


def _base64(root: Certificate) -> str:
    return base64.b64encode(root.der).decode("ascii")


def _values(roots: ChosenRoots, page: bytes, made: datetime) -> dict[str, str]:
    lines = [f"  {name}\n    {visible(root.subject)}\n{_indented(root.fingerprint)}" for name, root in roots.named()]
    return {"made": utc_text(made), "page": _grouped(sha256_bytes(page)), "roots": "\n\n".join(lines)}


def _grouped(digest: Digest) -> str:
    return _indented(digest.hex)


def _indented(value: str) -> str:
    """Return a value of 64 digits in groups of four, as the page shows it."""
    groups = [value[at : at + 4] for at in range(0, len(value), 4)]
    return f"    {' '.join(groups[:8])}\n    {' '.join(groups[8:])}"


def _filled(name: str, values: dict[str, str]) -> bytes:
    text = template(f"court-kit/{name}").read_text(encoding="utf-8")
    return Template(text).substitute(values).encode("utf-8")
