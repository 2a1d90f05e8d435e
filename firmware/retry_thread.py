"""In the feed process: new packs are taken up, and scans tried again, while no batch runs.

A thread of its own with a recognizer of its own, so that the feed loop never waits: it works only
while the machine is idle or has finished, and stops after the scan in hand when a batch starts.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from firmware.machine import Machine
from firmware.phases import Phase
from firmware.retry import Retrier, in_use
from scanner.catalog.library import Library
from scanner.catalog.pack import Pack
from scanner.config import Settings
from scanner.errors import CounterscanError, PackError, StoreError, StoreFullError
from scanner.models_library import ModelLibrary
from scanner.pipeline import Recognizer

LOOK_EVERY_S = 5.0
AFTER_TROUBLE_S = 60.0
_REST = frozenset({Phase.IDLE, Phase.FINISHED})

OpenPacks = Callable[[Settings], Sequence[Pack]]
OpenRecognizer = Callable[[Settings, Sequence[Pack]], Recognizer]

log = logging.getLogger(__name__)


class RetryThread:
    """See the module. `start` before the loop runs, `close` after it has ended."""

    def __init__(
        self,
        settings: Settings,
        machine: Machine,
        packs: Sequence[Pack],
        open_packs: OpenPacks,
        open_recognizer: OpenRecognizer,
    ) -> None:
        """Take over `machine.on_phase`, handing each phase on to what was there."""
        self._settings = settings
        self._machine = machine
        self._packs = packs
        self._open_packs = open_packs
        self._open_recognizer = open_recognizer
        self._tell_further = machine.on_phase
        machine.on_phase = self._on_phase
        self._changed = threading.Condition()
        self._resting = machine.store.open_batch() is None
        self._ended = False
        self._library = Library(settings.data_dir)
        self._models = ModelLibrary(settings.data_dir)
        self._seen = self._in_library()
        self._retrier: Retrier | None = None
        self._done = False
        self._not_before_s = 0.0
        self._thread = threading.Thread(target=self._run, name="retry", daemon=True)

    def start(self, recognizer: Recognizer) -> None:
        """Note what the next scans are made with, then work behind the scenes."""
        self._note(recognizer)
        self._thread.start()

    def close(self, timeout_s: float = 5.0) -> None:
        """End after the scan in hand."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                log.warning("the retrying of scans does not end; it is left behind")

    def _on_phase(self, phase: Phase) -> None:
        if self._tell_further is not None:
            self._tell_further(phase)
        with self._changed:
            self._resting = phase in _REST
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work, LOOK_EVERY_S)
                if self._ended:
                    return
                resting = self._resting
            if resting and time.monotonic() >= self._not_before_s:
                self._work()

    def _has_work(self) -> bool:
        waits = self._done or time.monotonic() < self._not_before_s
        return self._ended or (self._resting and not waits)

    def _work(self) -> None:
        """One small step; new packs are looked for once nothing is left to try."""
        try:
            if self._done:
                self._take_up_new_packs()
                return
            if self._retrier is None:
                self._retrier = self._new_retrier()
            if not self._retrier.step():
                self._finish(self._retrier)
        except StoreError as error:
            self._not_before_s = time.monotonic() + AFTER_TROUBLE_S
            log.warning("scans are tried again later: %s", error)
        except PackError as error:
            self._done, self._retrier = True, None
            log.warning("scans are not tried again for now: %s", error)

    def _take_up_new_packs(self) -> None:
        found = self._in_library()
        if found == self._seen:
            return
        self._seen = found
        packs = self._open_packs(self._settings)
        fresh = self._open_recognizer(self._settings, packs)
        self._machine.recognizer = fresh
        self._packs = packs
        log.warning("other packs are in use: %s", fresh.describe())
        if self._machine.preview is not None:
            self._machine.preview.show_recognizer(fresh.describe())
        # Noted last: scans of this moment are then tried once too often rather than never.
        self._note(fresh)

    def _note(self, recognizer: Recognizer) -> None:
        with suppress(StoreFullError):  # then some scans are tried again that need not be
            self._machine.store.note_packs(in_use(self._packs, recognizer, self._settings.data_dir))
        self._done = recognizer.recognizer == "phash"
        if self._done:
            log.warning("scans are not tried again while there is no trained model")

    def _new_retrier(self) -> Retrier:
        # The loop's recognizer belongs to the loop's thread.
        recognizer = self._open_recognizer(self._settings, self._packs)
        now = in_use(self._packs, recognizer, self._settings.data_dir)
        return Retrier(self._machine.store, self._settings.data_dir, recognizer, now)

    def _finish(self, retrier: Retrier) -> None:
        self._done, self._retrier = True, None
        report = retrier.report
        if report.due:
            log.warning(
                "%d scans were tried again: %d accepted, %d with better candidates, %d as before, "
                "%d without a usable picture",
                report.due,
                report.accepted,
                report.review,
                report.nothing,
                report.unreadable + report.missing,
            )

    def _in_library(self) -> tuple[tuple[str, str | None], ...]:
        """What is in use of each game, and of the models: changes when another is put in use."""
        try:
            return (
                *((game, self._library.current(game)) for game in self._library.games()),
                (".models", self._models.current()),
            )
        except (CounterscanError, OSError) as error:
            log.warning("the packs can't be looked at: %s", error)
            return ()
