"""``capture --training-ca``: certificate authorities of training networks, which the browser believes for a while."""

from collections.abc import Sequence
from pathlib import Path

from evidence_kit.display import visible
from evidence_kit.errors import FormatError, UsageError


def read_authorities(paths: Sequence[Path] | None) -> tuple[str, ...]:
    """Return the certificates in the files *paths*, in PEM.

    Raises `UsageError` for a file without a certificate, `SettingsError` where the browser cannot be given
    any.
    """
    from evidence_kit.browser.authorities import require_certutil

    if paths:
        require_certutil()
    return tuple(pem for path in paths or () for pem in _read(path))


def _read(path: Path) -> list[str]:
    from evidence_kit.trust.certificates import load_certificates

    try:
        found = load_certificates(path.read_bytes())
    except (OSError, FormatError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        message = f"--training-ca {visible(str(path))}: {reason}"
        raise UsageError(message, hint="give certificates in PEM or DER form") from error
    return [certificate.pem().decode("ascii") for certificate in found]
