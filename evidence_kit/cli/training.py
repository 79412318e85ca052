"""``capture --training-ca``: certificate authorities of training networks, which the browser believes for a while."""

from collections.abc import Sequence
from pathlib import Path

from evidence_kit.display import visible
from evidence_kit.errors import CaptureError, FormatError, UsageError

_MOST_BYTES = 1024 * 1024
"""Of a file: several times what all authorities take that a system believes."""

_MOST = 20


def read_authorities(paths: Sequence[Path] | None) -> tuple[str, ...]:
    """Return the certificates in the files *paths*, in PEM.

    They are tried, so that what no browser can be given is refused before anything is recorded. Raises `UsageError` for
    such a certificate and for a file without one, `SettingsError` where the browser cannot be given any.
    """
    from evidence_kit.browser.authorities import require_certutil, try_authorities

    if not paths:
        return ()
    require_certutil()
    found = tuple(pem for path in paths for pem in _read(path))
    if len(found) > _MOST:
        message = f"--training-ca: {len(found)} certificates, and every reader of the item is told of each"
        raise UsageError(message, hint=f"give at most {_MOST}")
    try:
        try_authorities(found)
    except CaptureError as error:
        raise UsageError(f"--training-ca: {visible(str(error))}") from error
    return found


def _read(path: Path) -> list[str]:
    from evidence_kit.trust.certificates import load_certificates

    try:
        found = load_certificates(_beginning(path))
    except (OSError, FormatError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        message = f"--training-ca {visible(str(path))}: {reason}"
        raise UsageError(message, hint="give certificates in PEM or DER form") from error
    return [certificate.pem().decode("ascii") for certificate in found]


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise FormatError(f"it is larger than {_MOST_BYTES} bytes")
    return data
