"""Everything the kit raises on purpose.

A message is a lower-case fact that names the thing and the values, without a full stop; `hint` says what to do.
The exit codes are those of the command line: 1 could not do it, 2 wrong usage, 3 evidence does not match its record.
"""


class EvidenceError(Exception):
    """Superclass of all errors of the kit; never raised itself."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep the fact and, apart from it, the advice."""
        super().__init__(message)
        self.hint = hint


class UsageError(EvidenceError):
    """What was asked for does not make sense."""

    exit_code = 2


class EntitlementError(UsageError):
    """Who works here has not said that the office may hold suspected child abuse material."""


class KnownFileError(EvidenceError):
    """A file is on a list of known files, and was not taken in."""


class SettingsError(EvidenceError):
    """This installation is not set up for what was asked."""


class CaptureError(EvidenceError):
    """The page could not be captured."""


class CaseError(EvidenceError):
    """The case folder is missing, busy, damaged or would be overwritten."""


class FormatError(EvidenceError):
    """Bytes cannot be read as what they claim to be."""


class SigningError(EvidenceError):
    """A key, a certificate or a signature was refused."""


class TokenError(SigningError):
    """A token that holds the signing key is absent or locked, or does not hold what it should."""

    def __init__(self, message: str, *, problem: str) -> None:
        """Keep the fact, and as *problem* the code under which people are told, in their language, what to do."""
        super().__init__(message)
        self.problem = problem


class TimestampError(EvidenceError):
    """The time-stamping authority could not be reached or its reply was refused."""


class SilenceError(TimestampError):
    """The time-stamping authority was asked and did not answer in time."""


class ReportError(EvidenceError):
    """The PDF report could not be made."""


class LimitError(EvidenceError):
    """Something asked for more time or memory than it is given."""


class IntegrityError(EvidenceError):
    """The evidence does not match its record."""

    exit_code = 3
