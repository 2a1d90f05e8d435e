"""Which addresses a webhook may go to: those of the internet, unless the settings allow others."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from scanner.errors import CounterscanError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Networks through which an address of the own network may be reached under another name.
_TRANSLATED = tuple(
    map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
)
_PORTS = {"https": 443, "http": 80}
LONGEST_URL = 1000


class AddressError(CounterscanError, ValueError):
    """A webhook can't go there; the message says why. It is of no use to try again."""


class NoAddressError(CounterscanError, OSError):
    """The name is not known just now."""

    retryable = True


def checked_url(url: str, may_be_private: bool) -> str:
    """Return a webhook's address.

    Raises:
        AddressError: it is none, or must not be used.
    """
    if len(url) > LONGEST_URL or not url.isascii() or any(sign.isspace() for sign in url):
        raise AddressError("This is no address of a webhook: write it like https://shop.example/x")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressError("This is no address of a webhook: its host or port is wrong.") from None
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise AddressError("This is no address of a webhook: write it like https://shop.example/x")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise AddressError("Leave user, password and # out of a webhook's address.")
    if parts.scheme != "https" and not may_be_private:
        raise AddressError("A webhook's address begins with https://.")
    try:
        literal = ipaddress.ip_address(parts.hostname)
    except ValueError:
        return url
    _refuse_private(literal, may_be_private)
    return url


def resolved(url: str, may_be_private: bool) -> str:
    """Return the address to connect to, looked up once: what is checked is what is used.

    Raises:
        AddressError: one of the host's addresses must not be used.
        NoAddressError: the host has none just now.
    """
    parts = urlsplit(checked_url(url, may_be_private))
    port = parts.port or _PORTS[parts.scheme]
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NoAddressError(f"{parts.hostname} is not known: {error}.") from None
    addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    for address in addresses:
        _refuse_private(address, may_be_private)
    return str(addresses[0])


def is_public(address: Address) -> bool:
    """Tell whether an address belongs to the internet, under whatever guise."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _refuse_private(address: Address, may_be_private: bool) -> None:
    if not may_be_private and not is_public(address):
        raise AddressError(
            f"{address} is an address of the own network, where webhooks do not go; [webhooks] "
            "private_addresses = true lets them."
        )
