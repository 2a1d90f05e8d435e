"""Runs the jobs within `cloud serve`: a thread for each, so that a long one holds up no other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from scanner.errors import CounterscanError
from scanner.tables import utc_now
from sync.cloud.config import CloudConfig
from sync.cloud.jobs import JOBS, Job, JobContext, run_if_due
from sync.cloud.store import CloudStore

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
_END_WITHIN_S = 30.0


class Scheduler:
    """A context manager; on leaving, jobs are told to stop and waited for."""

    def __init__(
        self,
        store: CloudStore,
        config: CloudConfig,
        jobs: Mapping[str, Job] = JOBS,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        """Prepare the threads; a job that is more often due is looked at as often."""
        self._store = store
        self._config = config
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._run, args=(name, min(look_every_s, job.every_s)), name=f"job-{name}"
            )
            for name, job in jobs.items()
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(_END_WITHIN_S)
            if thread.is_alive():
                log.error("%s does not end; its run is tried again later", thread.name)

    def _run(self, name: str, look_every_s: float) -> None:
        while not self._ending.wait(look_every_s):
            context = JobContext(self._store, self._config, utc_now(), self._ending.is_set)
            try:
                run_if_due(name, context)
            except CounterscanError as error:
                log.error("job %s: %s", name, error)
