"""Where this device is found on the shop's network: its names and its IPv4 addresses.

A `.local` name does not resolve everywhere, so the page and the console show the address beside it.
"""

from __future__ import annotations

import fcntl
import ipaddress
import socket
import struct

_SIOCGIFADDR = 0x8915  # Linux <linux/sockios.h>: the IPv4 address of one interface
_VIRTUAL = ("lo", "docker", "veth", "br-", "virbr")

LOCAL_SUFFIXES = (
    ".local",
    ".lan",
    ".home",
    ".home.arpa",
    ".internal",
    ".localdomain",
    ".fritz.box",
)
"""Endings that home and shop routers give; public DNS serves none of them."""


def lan_addresses() -> list[str]:
    """Return this machine's IPv4 addresses on real interfaces, best guess first; may be empty."""
    found: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            if name.startswith(_VIRTUAL):
                continue
            request = struct.pack("256s", name.encode()[:15])
            try:
                reply = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, request)
            except OSError:  # an interface that is down or has no IPv4 address
                continue
            found.append(socket.inet_ntoa(reply[20:24]))
    return found


def host_name() -> str:
    """Return this machine's short name, lower case."""
    return socket.gethostname().split(".")[0].lower()


def page_urls(host: str, port: int) -> list[str]:
    """Return the URLs to try for a server bound to `host`:`port`, name first, then addresses."""
    suffix = "" if port == 80 else f":{port}"
    if host not in ("0.0.0.0", "::", ""):
        shown = f"[{host}]" if ":" in host else host
        return [f"http://{shown}{suffix}/"]
    names = [f"{host_name()}.local", *lan_addresses()]
    return [f"http://{name}{suffix}/" for name in names]


def is_own_name(host: str) -> bool:
    """Tell whether a Host header's name (without port) can only mean this device.

    A page of another site can point its own DNS name at this device ("DNS rebinding") and then
    read it as its own; so only addresses, localhost and this machine's names are answered.
    """
    name = host.strip().lower().rstrip(".")
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        own = host_name()
        return name in {"localhost", own, socket.gethostname().lower()} or any(
            name == own + suffix for suffix in LOCAL_SUFFIXES
        )
    return True
