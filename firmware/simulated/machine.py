"""The simulated machine, whole: mechanism, pins, the real feeder driver, a rendering camera."""

from __future__ import annotations

from collections.abc import Iterable

from firmware.feeder_gpio import GpioFeeder
from firmware.feeder_pins import FeederPins
from firmware.lights import LightPins, Side
from firmware.lights_gpio import GpioLights
from firmware.simulated.camera import SimulatedCamera
from firmware.simulated.deck import DeckCard
from firmware.simulated.mechanism import Faults, Mechanism
from firmware.simulated.wiring import MechanismThread, wire
from firmware.sorter_pins import SorterPins


class SimulatedMachine:
    """Everything but the cardboard. Time runs `speed` times as fast as on the wall."""

    def __init__(
        self,
        pins: FeederPins,
        size_px: tuple[int, int],
        *,
        speed: float = 1.0,
        faults: Faults | None = None,
        lights: LightPins | None = None,
        sorter: SorterPins | None = None,
    ):
        self.mechanism = Mechanism(faults or Faults())
        self.moving = MechanismThread(self.mechanism, speed)
        self.pins = wire(self.mechanism, pins, sorter, on_change=self.moving.motor_changed)
        self.cards: list[DeckCard] = []
        self.feeder = GpioFeeder(pins, factory=self.pins.factory, name="simulated feeder")
        self._light_pins = lights
        self.lights = (
            None
            if lights is None
            else GpioLights(lights, factory=self.pins.factory, name="simulated lights")
        )
        self.camera = SimulatedCamera(self.in_view, size_px, lit_from=self.lit_from)
        self.moving.start()

    def load(self, deck: Iterable[DeckCard]) -> None:
        """Take whatever is left out of the hopper and put a fresh pile in."""
        with self.moving.lock:
            self.mechanism.hopper.clear()
            first = len(self.cards)
            self.cards.extend(deck)
            self.mechanism.load(range(first, len(self.cards)))

    def number_in_view(self) -> int | None:
        """The place in `cards` of the card under the camera."""
        return self.mechanism.card_in_view

    def in_view(self) -> tuple[DeckCard | None, float]:
        """The card under the camera and its skew in degrees."""
        with self.moving.lock:
            number = self.mechanism.card_in_view
            return (None if number is None else self.cards[number]), self.mechanism.skew_deg

    def lit_from(self) -> Side | None:
        """Which lamp is on, by the state of its pin; None in the room's light alone."""
        if self._light_pins is None:
            return None
        left, right = (
            self.pins.factory.pin(number).state
            for number in (self._light_pins.left, self._light_pins.right)
        )
        return "left" if left else "right" if right else None

    def close(self) -> None:
        """Stop time and release the pins."""
        self.moving.close()
        self.feeder.close()
        if self.lights is not None:
            self.lights.close()
