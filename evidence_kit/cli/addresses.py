"""The links that people give, checked and completed; and ``--connect-to``."""

import re
from urllib.parse import SplitResult, urlsplit

from evidence_kit.display import visible
from evidence_kit.errors import UsageError

_BARE = re.compile(r"(?:localhost|[\w-]+(?:\.[\w-]+)+)\.?(?::\d+)?(?:[/?#].*)?")
"""A link without its scheme, as people read it aloud: ``example.mn/x``."""
_CONNECT_TO = re.compile(r"(?P<host>[^\s=:]+|\[[^\s=]+\])(?::(?P<port>\d+))?=(?P<address>[^\s=]+):(?P<to>\d+)")
_PORTS = range(1, 65536)
_PORT_HINT = "a port is a number from 1 to 65535"


def read_link(text: str) -> tuple[str, bool]:
    """Return the link in *text*, and whether ``https://`` had to be put before it; raises `UsageError`."""
    link = text.strip()
    bare = "://" not in link and _BARE.fullmatch(link) is not None
    if bare:
        link = f"https://{link}"
    parts = _split(link)
    if _has_wrong_port(parts):
        raise UsageError(f"the link has a port that does not exist: {visible(text)}", hint=_PORT_HINT)
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
    if any(int(port[:6]) not in _PORTS for port in (match["port"] or "1", match["to"])):
        raise UsageError(f"--connect-to has a port that does not exist: {visible(text)}", hint=_PORT_HINT)
    host, _, address = text.partition("=")
    return host, address


def read_authority(url: str) -> str:
    """Return the address *url* of a time-stamping authority; raises `UsageError`."""
    parts = _split(url)
    if "@" in parts.netloc:
        # Not repeated: the line that tells of it may be kept in a log.
        raise UsageError(
            "the address of --tsa holds a user name or a password",
            hint="leave out what stands before the @; secrets are never values of options",
        )
    if _has_wrong_port(parts):
        raise UsageError(f"--tsa has a port that does not exist: {visible(url)}", hint=_PORT_HINT)
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname or visible(url) != url:
        raise UsageError(f"--tsa is not an http or https address: {visible(url)}")
    return url


def _split(link: str) -> SplitResult:
    try:
        parts = urlsplit(link)
        _ = parts.hostname
    except ValueError:
        return urlsplit("")
    return parts


def _has_wrong_port(parts: SplitResult) -> bool:
    try:
        return parts.port is not None and parts.port not in _PORTS
    except ValueError:
        return True
