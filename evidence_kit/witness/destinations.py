"""Where a witness goes for others: the public internet, and not the network that it stands in."""

import ipaddress

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 inside IPv6 (RFC 6052)."""
_LOCALLY_TRANSLATED = ipaddress.ip_network("64:ff9b:1::/48")
"""The same, led wherever this network likes (RFC 8215)."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_public(text: str) -> bool:
    """Return whether the address *text* is one of the public internet, whichever way it is written."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return all(each.is_global and not each.is_multicast and not each.is_reserved for each in _meant(address))


def _meant(address: _Address) -> tuple[_Address, ...]:
    """Return the addresses that *address* stands for: all have to be public."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    if address in _TRANSLATED:
        return (ipaddress.IPv4Address(address.packed[-4:]),)
    if address in _LOCALLY_TRANSLATED:
        return (ipaddress.IPv6Address("::"),)
    return (address, *(each for each in (address.sixtofour, *(address.teredo or ())) if each))
