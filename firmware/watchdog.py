"""Ends the process when the loop hangs: systemd starts it again, and the log knows where it was."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

EXIT_CODE = 70
TIMEOUT_S = 30.0

log = logging.getLogger(__name__)


def _end_process() -> None:
    # The loop hangs, so it can't be asked to end; its `finally` would never run.
    os._exit(EXIT_CODE)


class Watchdog:
    """Wants a `beat` at least every `timeout_s` seconds of the monotonic clock.

    On a stall `make_safe` is called first, from the watchdog's thread, then `on_stall`.
    """

    def __init__(
        self,
        make_safe: Callable[[], None],
        *,
        timeout_s: float = TIMEOUT_S,
        on_stall: Callable[[], None] = _end_process,
    ):
        self._make_safe = make_safe
        self._timeout_s = timeout_s
        self._on_stall = on_stall
        self._last_beat_s = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self.beat()
        self._thread.start()

    def beat(self) -> None:
        """The loop is alive."""
        self._last_beat_s = time.monotonic()

    def close(self) -> None:
        """Stop watching."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)

    def _watch(self) -> None:
        while not self._ended.wait(self._timeout_s / 4):
            silent_s = time.monotonic() - self._last_beat_s
            if silent_s > self._timeout_s:
                log.critical("the feed loop has been silent for %.0f s: ending", silent_s)
                try:
                    self._make_safe()
                finally:
                    self._on_stall()
                return
