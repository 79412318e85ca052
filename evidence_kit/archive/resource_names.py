"""The names under which a WARC holds the files of an item, and from which their roles are read back.

Where replay programs know a name for something made of a page (``urn:view:`` and so on, browsertrix-crawler), it is
used; what they have no name for is ``urn:evidence-kit:ROLE:``. An address follows.
"""

import re

_OWN = "urn:evidence-kit:"
_KNOWN = {
    "first-screenshot": "urn:view:",
    "first-full": "urn:fullPage:",
    "screenshot": "urn:fullPageFinal:",
    "first-text": "urn:text:",
    "text": "urn:textFinal:",
}

RECORDED = frozenset(
    {
        *_KNOWN,
        "accessibility",
        "archives",
        "connections",
        "conversations",
        "dom",
        "dom-snapshot",
        "environment",
        "facts",
        "first-dom",
        "freeze",
        "freeze-token",
        "inventory",
        "ledger",
        "messages",
        "mhtml",
        "original",
        "sealed-register",
        "shots",
        "start-token",
        "supply",
        "window",
        "witness",
        "witness-certificates",
        "witness-signatures",
        "witness-token",
    }
)
"""Roles of files that the web archive holds too."""


_ORIGINALS = re.compile(r"(?:^|/)original/")


def is_own_archive(name: str) -> bool:
    """Whether *name*, of a file in an item, is that of the item's archive; what was handed over may be one too."""
    return name.endswith(".wacz") and not _ORIGINALS.search(name)


def resource_uri(role: str, *, listed: str, final: str) -> str:
    """Return the WARC-Target-URI of the file *role*.

    *listed* is the page's address in the page list, under which replay programs look for it, *final* the one that it
    had at the end.
    """
    known = _KNOWN.get(role)
    return f"{known}{listed}" if known else f"{_OWN}{role}:{final}"


def role_of(uri: str) -> str:
    """Return the role that *uri* names; empty when it is none of these names."""
    for role, known in _KNOWN.items():
        if uri.startswith(known):
            return role
    role, colon, _ = uri.removeprefix(_OWN).partition(":")
    return role if colon and uri.startswith(_OWN) else ""
