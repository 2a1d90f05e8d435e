"""The waitress server around the page: its port, limits and threads."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
from pathlib import Path

from scanner.config_change import Sources
from scanner.errors import AlreadyRunningError, ConfigError
from webui.app import Door, create_app, largest_body_bytes, open_door, services, worker_threads
from webui.connections import PageConnections


class PageServer:
    """The page on one port, bound at once so that a busy port is said before anything starts."""

    def __init__(
        self,
        data_dir: Path,
        host: str,
        port: int,
        door: Door | None = None,
        sources: Sources | None = None,
    ) -> None:
        """Bind.

        Raises:
            AlreadyRunningError: the port is in use.
            ConfigError: this user may not use the port, or the address is not this machine's.
            StoreError: the data folder can't be used.
        """
        listener = _bind(host, port)
        # It tells of every page that is closed.
        logging.getLogger("waitress").setLevel(logging.WARNING)
        self.port: int = listener.getsockname()[1]
        self.died = False
        self.app = create_app(data_dir, door=door, sources=sources, on_death=self._die)
        # Flask refuses a body that is too large first, in the page's words.
        max_body = 2 * largest_body_bytes(self.app)
        self._server = PageConnections(self.app, listener, worker_threads(), max_body)

    def open_door(self) -> None:
        """Show the pairing code, if people need one, and begin to watch the scanner's folder."""
        open_door(self.app)
        services(self.app).folder.start()

    def serve(self) -> None:
        """Answer until interrupted or `stop`; then end the streams and close the log."""
        services(self.app).sampler.start()
        try:
            self._server.run()
        finally:
            self.stop()

    def stop(self) -> None:
        """Close the port and end every stream; harmless when done already."""
        services(self.app).stop()
        self._server.close()

    def end_streams(self) -> None:
        """End every open stream, so that the server can stop without waiting for them."""
        services(self.app).hub.close()

    def _die(self) -> None:
        self.died = True
        os.kill(os.getpid(), signal.SIGTERM)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise _explained(error, host, port) from error
    return listener


def _explained(error: OSError, host: str, port: int) -> AlreadyRunningError | ConfigError:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else 8080
        return AlreadyRunningError(
            f"Port {port} is in use, perhaps by another Counterscan page: stop that one, or choose "
            f"another port with --port {other}."
        )
    if error.errno == errno.EACCES:
        return ConfigError(
            f"This user may not use port {port}: choose one above 1023 with --port 8080."
        )
    return ConfigError(
        f"The page can't be served at {host} port {port} ({error.strerror or error}): set [web] "
        "host to an address of this machine, or to 0.0.0.0 for all of them."
    )
