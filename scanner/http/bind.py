"""Binds a port at once, so that a busy one is said before anything starts."""

from __future__ import annotations

import errno
import socket

from scanner.errors import AlreadyRunningError, ConfigError


def bind(host: str, port: int, what: str, host_setting: str, port_setting: str) -> socket.socket:
    """Return a socket that listens there.

    Args:
        host: an address of this machine.
        port: 0 takes any free one.
        what: what is served, as the beginning of a sentence.
        host_setting: where a person sets the address.
        port_setting: where a person sets the port.

    Raises:
        AlreadyRunningError: the port is in use.
        ConfigError: this user may not use the port, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise _explained(error, host, port, what, host_setting, port_setting) from error
    return listener


def _explained(
    error: OSError, host: str, port: int, what: str, host_setting: str, port_setting: str
) -> AlreadyRunningError | ConfigError:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else 8080
        return AlreadyRunningError(
            f"Port {port} is in use, perhaps by another Counterscan: stop that one, or choose "
            f"another port with {port_setting} {other}."
        )
    if error.errno == errno.EACCES:
        return ConfigError(
            f"This user may not use port {port}: choose one above 1023 with {port_setting} 8080."
        )
    return ConfigError(
        f"{what} can't be served at {host} port {port} ({error.strerror or error}): set "
        f"{host_setting} to an address of this machine, or to 0.0.0.0 for all of them."
    )
