"""``capture --training-ca``: certificate authorities of training networks, which the browser believes for a while."""

from collections.abc import Sequence
from pathlib import Path

from evidence_kit.display import visible
from evidence_kit.errors import CaptureError, FormatError, UsageError

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
    from evidence_kit.trust.certificates import read_certificates

    try:
        found = read_certificates(path)
    except (OSError, FormatError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        message = f"--training-ca {visible(str(path))}: {reason}"
        raise UsageError(message, hint="give certificates in PEM or DER form") from error
    return [certificate.pem().decode("ascii") for certificate in found]
