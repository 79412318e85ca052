"""The address of this machine in the local network. Nothing is sent to find it."""

import ipaddress
import socket
from contextlib import suppress

from evidence_kit.display import visible
from evidence_kit.errors import UsageError

_TOWARDS = ("192.168.255.255", "10.255.255.255", "172.31.255.255", "192.0.2.1")
"""In which directions a way out is looked for: the networks of RFC 1918, and where everything else goes."""


def local_addresses() -> list[str]:
    """Return the machine's own IPv4 addresses in private networks (RFC 1918), the likeliest first."""
    found = [_own_address(towards) for towards in _TOWARDS]
    with suppress(OSError):
        found += [str(each[4][0]) for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    return list(dict.fromkeys(address for address in found if _is_local(address) and not _is_loopback(address)))


def listening(host: str, port: int) -> socket.socket:
    """Return a socket bound to *host*, which must be a local IPv4 address, and *port*; it does not listen yet.

    Raises `UsageError`.
    """
    if not _is_local(host):
        message = f"{visible(host)} is no address of a local network"
        raise UsageError(message, hint="name this machine's own address in the network of the phone, e.g. 192.168.1.5")
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.bind((host, port))
    except (OSError, OverflowError) as error:
        bound.close()
        message = f"port {port} of {host} cannot be used: {error}"
        raise UsageError(message, hint="name an address of this machine with --host, and another port") from error
    return bound


def _own_address(towards: str) -> str:
    """Return the address that this machine would use; empty for none. Of UDP, connecting sends nothing (RFC 768)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking, suppress(OSError):
        asking.connect((towards, 9))
        return str(asking.getsockname()[0])
    return ""


def _is_local(address: str) -> bool:
    """Whether *address* is one of a private network, of a link, or of this machine alone."""
    with suppress(ValueError):
        found = ipaddress.IPv4Address(address)
        return (found.is_private or found.is_link_local) and not (found.is_unspecified or found.is_multicast)
    return False


def _is_loopback(address: str) -> bool:
    return ipaddress.IPv4Address(address).is_loopback
