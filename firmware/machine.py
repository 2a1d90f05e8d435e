"""The parts of the machine that the feed loop works with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Protocol

from firmware.alert_watch import AlertWatch
from firmware.camera import Camera
from firmware.clock import Clock
from firmware.feeder import Feeder
from firmware.lights import Lights
from firmware.phases import Limits, Phase
from firmware.preview import Preview
from firmware.signals import Signals
from firmware.sorter import Gate
from firmware.watchdog import Watchdog
from scanner.records import Identification, Picture
from scanner.routing import BinsByDecision, Router
from scanner.store import Store
from scanner.tables import Batch, Scan


class Recognizer(Protocol):
    """Names the card in a frame; see `scanner.pipeline.Recognizer`."""

    def identify(self, frame: Picture, other_light: Picture | None = None) -> Identification:
        """The answer for one frame, or for two of a card lit from two sides."""

    def identify_all(self, frame: Picture) -> list[Identification]:
        """The answers for all cards of a frame that shows several."""

    def describe(self) -> str:
        """One line that says what recognises."""


@dataclass(slots=True)
class Machine:
    """The parts that the loop works with; those that may be None may be left out.

    `router` says where each card goes, `gate` is the diverter that sends it there, `alerts` tells
    of cards that set off an alert.

    `on_scan(scan, ms)` is told of each committed scan and of the milliseconds of work on it: its
    frames recognised, its scan put on disk. `before_batch(expected)` is called when a batch is to
    start and returns how many cards to expect; `on_batch(batch)` when one begins or goes on, and
    with None at its end; `on_phase(phase)` after each change.

    `is_kept_alive` says that somebody starts this process again when it ends; `pairing_code()`
    gives the digits that pair the page, while there are any.
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
    on_batch: Callable[[Batch | None], None] = lambda _batch: None
    on_phase: Callable[[Phase], None] | None = None
    lights: Lights | None = None
    gate: Gate | None = None
    signals: Signals | None = None
    alerts: AlertWatch | None = None
    router: Router = field(default_factory=BinsByDecision)
    is_kept_alive: bool = False
    pairing_code: Callable[[], str] = lambda: ""

    @property
    def driver(self) -> str:
        """Camera, feeder, lights and sorter in use, as it is written on every scan."""
        names = [self.camera.name, self.feeder.name]
        if self.lights is not None:
            names.append(self.lights.name)
        if self.gate is not None:
            names.append(self.gate.sorter.name)
        return ", ".join(names)

    def make_safe(self) -> None:
        """Motors and lights off. May be called from any thread, at any time."""
        with ExitStack() as stopping:
            if self.lights is not None:
                stopping.callback(self.lights.off)
            if self.gate is not None:
                stopping.callback(self.gate.sorter.stop_safe)
            self.feeder.stop_safe()

    @property
    def full_bins(self) -> frozenset[int]:
        """The bins that take no more cards, as far as sensors tell."""
        return frozenset() if self.gate is None else self.gate.sorter.full_bins

    @property
    def bins_in_sight(self) -> frozenset[int]:
        """The bins that sensors look into now."""
        return frozenset() if self.gate is None else self.gate.sorter.bins_in_sight

    def is_full(self, bin_number: int) -> bool:
        """Whether the card in the bay must wait for this bin, by its sensor or by the rules."""
        return bin_number in self.full_bins or bin_number == self.router.waits_for()
