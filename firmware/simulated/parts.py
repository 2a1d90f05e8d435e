"""The simulated machine with every part that the settings name, on the parts' own drivers."""

from __future__ import annotations

from contextlib import ExitStack

import cv2
import numpy as np

from firmware.drivers import (
    Drivers,
    light_pins_of,
    limits_of,
    make_signals,
    make_sorter,
    pins_of,
    sorter_pins_of,
)
from firmware.simulated.deck import DeckCard, Printed
from firmware.simulated.machine import SimulatedMachine
from scanner.config import Settings
from scanner.records import Picture, Printing


def make_machine(settings: Settings, *, speed: float = 1.0) -> tuple[SimulatedMachine, Drivers]:
    """A machine whose pins are those of the settings, and the drivers that run on them."""
    machine = SimulatedMachine(
        pins_of(settings),
        (settings.camera.width_px, settings.camera.height_px),
        speed=speed,
        lights=light_pins_of(settings),
        sorter=sorter_pins_of(settings),
    )
    closing = ExitStack()
    closing.callback(machine.close)
    sorter = make_sorter(settings, machine.pins.factory)
    if sorter is not None:
        closing.callback(sorter.close)
    signals = make_signals(settings, machine.pins.factory)
    if signals is not None:
        closing.callback(signals.close)
    drivers = Drivers(
        machine.camera,
        machine.feeder,
        limits_of(settings),
        closing.close,
        lights=machine.lights,
        sorter=sorter,
        signals=signals,
    )
    return machine, drivers


def simulated_drivers(settings: Settings, cards: int) -> Drivers:
    """A machine with plain cards in its hopper, for a calibration."""
    machine, drivers = make_machine(settings)
    plain = Printed(Printing("plain", "plain", "Plain card"), _plain_card)
    machine.load(DeckCard(plain, upside_down=False, sleeved=False, seed=n) for n in range(cards))
    return drivers


def _plain_card() -> Picture:
    rng = np.random.default_rng(4)
    picture = np.full((640, 448, 3), (186, 214, 222), np.uint8)
    blobs = rng.integers(40, 230, (7, 9, 3)).astype(np.uint8)
    picture[80:340, 32:416] = cv2.resize(blobs, (384, 260), interpolation=cv2.INTER_CUBIC)
    for row in range(380, 600, 24):
        cv2.line(picture, (40, row), (int(rng.integers(120, 410)), row), (30, 30, 30), 6)
    cv2.rectangle(picture, (0, 0), (447, 639), (18, 16, 20), 18)
    return picture
