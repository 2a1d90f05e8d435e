"""The waitress server around the API, and what is to be done beside answering."""

from __future__ import annotations

import logging
import threading
import time
from typing import Self

from scanner.errors import CounterscanError
from scanner.http.bind import bind
from scanner.http.connections import Connections
from sync.cloud.api.app import create_app, largest_body_bytes, upkeep
from sync.cloud.config import CloudConfig
from sync.cloud.store import CloudStore

log = logging.getLogger(__name__)

THREADS = 8
_TURN_S = 0.2
_END_WITHIN_S = 10


class ApiServer:
    """The API on one port, bound at once so that a busy port is said before anything starts."""

    def __init__(self, store: CloudStore, config: CloudConfig) -> None:
        """Bind.

        Raises:
            AlreadyRunningError: the port is in use.
            ConfigError: the address can't be used, or a file with secrets is wrong.
        """
        settings = config.http
        listener = bind(settings.host, settings.port, "The API", "[http] host", "[http] port =")
        self._host = settings.host
        self.port: int = listener.getsockname()[1]
        logging.getLogger("waitress").setLevel(logging.WARNING)
        self.app = create_app(store, config)
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []
        # Flask refuses a body that is too large first, in the API's words.
        self._server = Connections(
            self.app, listener, THREADS, 2 * largest_body_bytes(self.app), behind=settings.behind
        )

    def __enter__(self) -> Self:
        """Answer in threads of its own until the block ends."""
        for work in (self._serve, self._keep_up):
            thread = threading.Thread(target=work, name=f"api{work.__name__}", daemon=True)
            thread.start()
            self._threads.append(thread)
        log.info("the API is served at http://%s:%d/", self._host, self.port)
        return self

    def __exit__(self, *_: object) -> None:
        """Close the port and put on disk what was counted."""
        self._ending.set()
        # What is being answered is answered before the sockets go.
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=_END_WITHIN_S)
        self._server.close()
        for thread in self._threads:
            thread.join(_END_WITHIN_S)
        self._threads.clear()

    def _serve(self) -> None:
        self._server.run()

    def _keep_up(self) -> None:
        """Do what is due, now and then; a failure is told once, and tried again."""
        due: dict[str, float] = {}
        failing: dict[str, str] = {}
        while True:
            is_last = self._ending.wait(_TURN_S)
            for name, every_s, work in upkeep(self.app):
                now_mono_s = time.monotonic()
                if not is_last and now_mono_s < due.get(name, 0.0):
                    continue
                due[name] = now_mono_s + every_s
                try:
                    work()
                except CounterscanError as error:
                    if failing.get(name) != str(error):
                        log.error("%s: %s", name, error)
                    failing[name] = str(error)
                else:
                    failing.pop(name, None)
            if is_last:
                return
