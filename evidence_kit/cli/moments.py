"""Times as people write them."""

from datetime import UTC, datetime

from evidence_kit.errors import UsageError


def read_moment(text: str, option: str, *, now: datetime) -> datetime:
    """Read *text* in ISO 8601; without a zone it is this machine's. Raises `UsageError`, also for a time after *now*.

    *option* is where it was given.
    """
    try:
        # Near the ends of the calendar another zone's date is none.
        moment = datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = f"not a time: {text!r}"
        raise UsageError(message, hint="write it as 2026-11-22T14:05, or 2026-11-22 alone") from error
    if moment > now:
        message = f"{text!r} lies in the future"
        raise UsageError(message, hint=f"{option} is when it happened")
    return moment
