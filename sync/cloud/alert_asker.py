"""Asks the workers to judge prices for alerts, where there is a Redis. Beside `cloud serve`.

A request that is lost or comes twice does no harm: what is to be judged, the database says.
"""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType
from typing import Self

from kombu.exceptions import OperationalError

from scanner.errors import StoreError
from sync.cloud.alert_judge import begin, is_behind, judged_up_to
from sync.cloud.config import CloudConfig
from sync.cloud.queue import ALERTS_TASK, make_queue
from sync.cloud.store import CloudStore

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.1
ASK_ANEW_S = 0.25
ASK_AGAIN_S = 1.0
LONGEST_S = 30.0
EXPIRES_S = 60.0
_PATIENCE_S = 2.0
_END_WITHIN_S = 30.0


class AlertAsker:
    """A context manager with a thread of its own; raises StoreError where it can't begin."""

    def __init__(self, store: CloudStore, config: CloudConfig) -> None:
        """What was there before the first time is no news. Raises StoreError, ConfigError."""
        self._store = store
        self._queue = make_queue(config, store.data_dir)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alert-asker")
        self._wait_s = ASK_AGAIN_S
        self._asked_mono_s = float("-inf")
        self._asked_at: int | None = None
        with store.log.write() as session:
            begin(session.connection())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        self._thread.join(_END_WITHIN_S)

    def _run(self) -> None:
        seen: int | None = None
        while not self._ending.wait(LOOK_EVERY_S):
            try:
                version = self._store.log.data_version()
                if version != seen:
                    seen = None if self._ask() else version
            except StoreError as error:
                log.error("%s", error)
                self._ending.wait(_PATIENCE_S)
            except OperationalError as error:
                log.error("the workers can't be asked to judge prices for alerts: %s", error)
                self._ending.wait(_PATIENCE_S)

    def _ask(self) -> bool:
        """Ask for what waits, less and less often while nobody does it; whether any waits."""
        with self._store.log.read() as session:
            connection = session.connection()
            if not is_behind(connection):
                self._wait_s, self._asked_at = ASK_AGAIN_S, None
                return False
            now_at, now_mono_s = judged_up_to(connection), time.monotonic()
        if now_at == self._asked_at:
            if now_mono_s - self._asked_mono_s < self._wait_s:
                return True
            self._wait_s = min(2 * self._wait_s, LONGEST_S)
            if self._wait_s == LONGEST_S:
                log.warning("prices wait to be judged for alerts: does `cloud worker` run?")
        elif now_mono_s - self._asked_mono_s < ASK_ANEW_S:
            return True  # somebody is at it
        else:
            self._wait_s = ASK_AGAIN_S
        self._queue.send_task(ALERTS_TASK, expires=EXPIRES_S, retry=False)
        self._asked_mono_s, self._asked_at = now_mono_s, now_at
        return True
