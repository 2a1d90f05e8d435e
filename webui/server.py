"""The waitress server around the page: its port, limits and threads."""

from __future__ import annotations

import logging
import os
import signal
import threading
from pathlib import Path

from scanner.config_change import Sources
from scanner.http.bind import bind
from scanner.http.connections import Connections
from webui.app import Door, create_app, largest_body_bytes, open_door, services, worker_threads

_ANSWER_WITHIN_S = 1.0


class PageServer:
    """The page on one port, bound at once so that a busy port is said before anything starts.

    `died` and `restarts` say why it ended: by a defect, or to be started anew.
    """

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
        listener = bind(host, port, "The page", "[web] host", "--port")
        # It tells of every page that is closed.
        logging.getLogger("waitress").setLevel(logging.WARNING)
        self.port: int = listener.getsockname()[1]
        self.died = False
        self.restarts = False
        self.app = create_app(
            data_dir, door=door, sources=sources, on_death=self._die, on_restart=self._restart
        )
        # Flask refuses a body that is too large first, in the page's words.
        max_body = 2 * largest_body_bytes(self.app)
        self._server = Connections(self.app, listener, worker_threads(), max_body)

    def open_door(self) -> None:
        """Show the pairing code, if people need one, and begin to watch the scanner's folder."""
        open_door(self.app)
        services(self.app).folder.start()

    def serve(self) -> None:
        """Answer until interrupted or `stop`; then end the streams and close the log."""
        services(self.app).sampler.start()
        services(self.app).remote.start()
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

    def _restart(self) -> None:
        self.restarts = True
        threading.Timer(_ANSWER_WITHIN_S, os.kill, (os.getpid(), signal.SIGTERM)).start()

    def _die(self) -> None:
        self.died = True
        os.kill(os.getpid(), signal.SIGTERM)
