"""The parts of the machine that the feed loop works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from firmware.camera import Camera
from firmware.clock import Clock
from firmware.feeder import Feeder
from firmware.lights import Lights
from firmware.phases import Limits, Phase
from firmware.preview import Preview
from firmware.watchdog import Watchdog
from scanner.records import Identification, Picture
from scanner.store import Store
from scanner.tables import Scan


class Recognizer(Protocol):
    """Names the card in a frame; see `scanner.pipeline.Recognizer`."""

    def identify(self, frame: Picture, other_light: Picture | None = None) -> Identification:
        """The answer for one frame, or for two of a card lit from two sides."""

    def describe(self) -> str:
        """One line that says what recognises."""


@dataclass(slots=True)
class Machine:
    """The parts that the loop works with. `preview`, `watchdog` and `lights` may be left out.

    `on_scan(scan, ms)` is told of each committed scan and of the milliseconds of work on it: its
    frames recognised, its scan put on disk. `before_batch(expected)` is called when a batch is to
    start and returns how many cards to expect; `on_phase(phase)` is called after each change.
    """

    store: Store
    recognizer: Recognizer
    camera: Camera
    feeder: Feeder
    limits: Limits
    clock: Clock
    preview: Preview | None = None
    watchdog: Watchdog | None = None
    on_scan: Callable[[Scan, float], None] | None = None
    before_batch: Callable[[int], int] | None = None
    on_phase: Callable[[Phase], None] | None = None
    lights: Lights | None = None

    @property
    def driver(self) -> str:
        """Camera, feeder and lights in use, as it is written on every scan."""
        names = [self.camera.name, self.feeder.name]
        if self.lights is not None:
            names.append(self.lights.name)
        return ", ".join(names)

    def make_safe(self) -> None:
        """Motors and lights off. May be called from any thread, at any time."""
        try:
            self.feeder.stop_safe()
        finally:
            if self.lights is not None:
                self.lights.off()
