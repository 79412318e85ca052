"""The links that people give, checked and completed; and ``--connect-to``."""

import re
from urllib.parse import SplitResult, urlsplit

from evidence_kit.display import visible
from evidence_kit.errors import UsageError

_BARE = re.compile(r"(?:localhost|[\w-]+(?:\.[\w-]+)+)\.?(?::\d+)?(?:[/?#].*)?")
"""A link without its scheme, as people read it aloud: ``example.mn/x``."""
_CONNECT_TO = re.compile(r"(?P<host>[^\s=]+)=(?P<address>[^\s=]+:\d+)")


def read_link(text: str) -> tuple[str, bool]:
    """Return the link in *text*, and whether ``https://`` had to be put before it; raises `UsageError`."""
    link = text.strip()
    bare = "://" not in link and _BARE.fullmatch(link) is not None
    if bare:
        link = f"https://{link}"
    parts = _split(link)
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"not a link of a web page: {visible(text)}", hint="a link begins with https:// or http://")
    if visible(link) != link or " " in link:
        raise UsageError(f"the link holds characters that no link has: {visible(text)}")
    if parts.username is not None or parts.password is not None:
        # Whatever is captured is written to a log that a court reads.
        raise UsageError("the link holds a user name or a password", hint="leave out what stands before the @")
    return link, bare


def read_connect_to(text: str) -> tuple[str, str]:
    """Return ``(HOST[:PORT], ADDRESS:PORT)``; raises `UsageError`."""
    match = _CONNECT_TO.fullmatch(text)
    if not match:
        raise UsageError(f"--connect-to is not HOST[:PORT]=ADDRESS:PORT: {visible(text)}")
    return match["host"], match["address"]


def _split(link: str) -> SplitResult:
    try:
        parts = urlsplit(link)
        _ = (parts.hostname, parts.port)
    except ValueError:
        return urlsplit("")
    return parts
