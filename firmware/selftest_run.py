"""Runs a deck past the machine for the selftest: no log, no batch, only frames and answers."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator

from firmware.drivers import Drivers
from firmware.events import CardLeft, CardSeated, DoorOpened, EmergencyPressed, Event
from firmware.lights import capture_lit
from firmware.selftest import CardMeasure, measure
from scanner.errors import FeederError
from scanner.pipeline import Recognizer
from scanner.records import View

_LOOK_S = 1 / 15
_LEAVES_WITHIN_S = 10.0


def run_deck(
    drivers: Drivers,
    recognizer: Recognizer,
    most: int,
    wait_s: float,
    now_s: Callable[[], float] = time.monotonic,
) -> Iterator[CardMeasure]:
    """Measure up to `most` cards; ends when no further card comes within `wait_s` seconds.

    Raises CameraError and FeederError; the motors are off afterwards whatever happens.
    """
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    feeder, camera = drivers.feeder, drivers.camera
    camera.start()
    try:
        feeder.listen(events.put)
        if drivers.before_batch is not None:
            drivers.before_batch(most)
        measured = 0
        while measured < most:
            feeder.feed()
            if not _await_card(drivers, events, wait_s, now_s):
                return
            time.sleep(drivers.limits.settle_s)
            found = _measure(drivers, recognizer)
            feeder.eject()
            _await_leaving(events)
            if found is not None:
                measured += 1
                yield found
    finally:
        feeder.stop_safe()
        camera.close()


def _await_card(
    drivers: Drivers,
    events: queue.SimpleQueue[Event],
    wait_s: float,
    now_s: Callable[[], float],
) -> bool:
    """Wait until a card lies under the camera; False when none comes."""
    until_s = now_s() + wait_s
    while now_s() < until_s:
        if drivers.feeder.wants_frames:
            drivers.feeder.see(drivers.camera.capture().picture, now_s())
        try:
            event = events.get(timeout=_LOOK_S)
        except queue.Empty:
            continue
        if isinstance(event, DoorOpened | EmergencyPressed):
            raise FeederError("The machine was stopped: close the cover, then run it again.")
        if isinstance(event, CardSeated):
            return True
    return False


def _await_leaving(events: queue.SimpleQueue[Event]) -> None:
    until_s = time.monotonic() + _LEAVES_WITHIN_S
    while time.monotonic() < until_s:
        try:
            event = events.get(timeout=_LEAVES_WITHIN_S)
        except queue.Empty:
            break
        if isinstance(event, CardLeft):
            return
    raise FeederError("A card does not leave the machine: take it out, then run it again.")


def _measure(drivers: Drivers, recognizer: Recognizer) -> CardMeasure | None:
    lit, other = capture_lit(drivers.camera, drivers.lights)
    frame = lit.picture
    began_s = time.perf_counter()
    answer = recognizer.identify(frame, None if other is None else other.picture)
    total_ms = (time.perf_counter() - began_s) * 1000
    if drivers.feeder.wants_frames:
        if answer.view is View.NOTHING:
            drivers.feeder.saw_nothing()
            return None
        if not drivers.feeder.saw_card(answer):
            return None
    return measure(frame, answer, total_ms)
