"""Small words for what goes into the files of a capture.

Text from the page goes in as it was, only half surrogate pairs become U+FFFD, which UTF-8 cannot hold. Times are
milliseconds or RFC 3339; there are no fractions.
"""

from collections.abc import Sequence

from evidence_kit.canonical import Json
from evidence_kit.capture.traffic import Hop


def redirects(chain: Sequence[Hop]) -> list[Json]:
    """Return the redirects that led to the document."""
    return [
        {"url": clean(hop.url), "status": hop.status, "location": clean(location(hop))} for hop in chain if hop.redirect
    ]


def location(hop: Hop) -> str:
    """Return where a redirect pointed, as the server wrote it."""
    values = [value for name, value in hop.seen_headers.items() if name.lower() == "location"]
    return values[0] if values else ""


def clean(text: str) -> str:
    """Return *text* without half surrogate pairs."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def cleaned(value: Json) -> Json:
    """Return *value* with every string in it clean."""
    match value:
        case str():
            return clean(value)
        case list():
            return [cleaned(member) for member in value]
        case dict():
            return {key: cleaned(member) for key, member in value.items()}
        case _:
            return value
