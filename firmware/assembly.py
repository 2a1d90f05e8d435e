"""Puts the feed process together and keeps its threads honest; used by `feed` and by `demo`."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from firmware.alert_watch import AlertWatch
from firmware.clock import MonotonicClock
from firmware.drivers import Drivers
from firmware.loop import FeedLoop
from firmware.machine import Machine, Recognizer
from firmware.phases import Phase
from firmware.preview import Preview
from firmware.sorter import Gate
from firmware.watchdog import Watchdog
from scanner.config import Settings
from scanner.crops import prune
from scanner.errors import CounterscanError
from scanner.inventory_catalog import LibraryFacts
from scanner.pairing_code import published_code
from scanner.routing import BinsByDecision
from scanner.sorting.shop_router import ShopRouter
from scanner.store import Store
from scanner.supervisor import is_kept_alive
from scanner.tables import Batch

log = logging.getLogger(__name__)


def assemble(
    settings: Settings,
    store: Store,
    recognizer: Recognizer,
    drivers: Drivers,
    on_batch: Callable[[Batch | None], None],
) -> tuple[Machine, FeedLoop]:
    """A machine in real time with preview, watchdog and tidying of old crops.

    `on_batch` is as in `Machine`.
    """
    what = recognizer.describe()
    # Loud where it is not what a shop should rely on.
    is_fallback = "PERCEPTUAL HASH" in what
    log.log(logging.WARNING if is_fallback else logging.INFO, "%s", what)
    facts, currency = LibraryFacts(settings.data_dir), settings.decision.currency
    alerts = AlertWatch(store, facts, currency, drivers.signals)
    machine = Machine(
        store=store,
        recognizer=recognizer,
        camera=drivers.camera,
        feeder=drivers.feeder,
        limits=drivers.limits,
        clock=MonotonicClock(),
        before_batch=drivers.before_batch,
        on_batch=on_batch,
        is_kept_alive=is_kept_alive(),
        pairing_code=partial(published_code, settings.data_dir),
        on_phase=CropTidier(settings).on_phase,
        lights=drivers.lights,
        signals=drivers.signals,
        gate=_gate(settings, drivers),
        alerts=alerts,
        router=ShopRouter(
            store,
            facts,
            currency,
            settings.sorter.bins,
            BinsByDecision(
                settings.sorter.accepted_bin,
                settings.sorter.review_bin,
                settings.sorter.unknown_bin,
            ),
            alerts.of,
        ),
    )
    is_real = "simulated" not in machine.driver
    log.log(logging.INFO if is_real else logging.WARNING, "drivers in use: %s", machine.driver)
    machine.preview = Preview(settings.data_dir, driver=machine.driver, recognizer=what)
    machine.watchdog = Watchdog(machine.make_safe)
    return machine, FeedLoop(machine)


def _gate(settings: Settings, drivers: Drivers) -> Gate | None:
    """The diverter with its times; None for a machine without."""
    if drivers.sorter is None:
        return None
    sorter = settings.sorter
    return Gate(
        drivers.sorter,
        MonotonicClock(),
        lead_s=sorter.lead_ms / 1000,
        clear_s=sorter.clear_ms / 1000,
    )


class CropTidier:
    """Removes crops beyond the settings' limits at the end of each batch, in its own thread."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._thread: threading.Thread | None = None

    def on_phase(self, phase: Phase) -> None:
        """Begin to tidy when a batch has ended and no earlier tidying still runs."""
        if phase is not Phase.FINISHED or (self._thread and self._thread.is_alive()):
            return
        self._thread = threading.Thread(target=self._tidy, name="crops", daemon=True)
        self._thread.start()

    def _tidy(self) -> None:
        crops = self._settings.crops
        try:
            prune(Path(self._settings.data_dir), crops.keep_days, crops.keep_megabytes)
        except CounterscanError as error:
            # Too many crops are no reason to stop scanning: the next batch tries again.
            log.warning("%s", error)


@contextmanager
def watched(loop: FeedLoop) -> Iterator[None]:
    """Within: a thread that dies ends the loop with its error; SIGTERM and SIGINT end it calmly."""

    def on_thread_death(args: threading.ExceptHookArgs) -> None:
        log.critical("thread %s died", args.thread and args.thread.name, exc_info=args.exc_value)
        loop.worker_died(args.exc_value or RuntimeError("a thread died"))

    before_hook = threading.excepthook
    threading.excepthook = on_thread_death
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda _number, _frame: loop.end()) for number in numbers]
    try:
        yield
    finally:
        threading.excepthook = before_hook
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
