"""The simulated machine, whole: mechanism, pins, the real feeder driver, a rendering camera."""

from __future__ import annotations

from collections.abc import Iterable

from firmware.feeder_gpio import GpioFeeder
from firmware.feeder_pins import FeederPins
from firmware.simulated.camera import SimulatedCamera
from firmware.simulated.deck import DeckCard
from firmware.simulated.mechanism import Faults, Mechanism
from firmware.simulated.wiring import MechanismThread, SimulatedPins


class SimulatedMachine:
    """Everything but the cardboard. Time runs `speed` times as fast as on the wall."""

    def __init__(
        self,
        pins: FeederPins,
        size_px: tuple[int, int],
        *,
        speed: float = 1.0,
        faults: Faults | None = None,
    ):
        self.mechanism = Mechanism(faults or Faults())
        self.moving = MechanismThread(self.mechanism, speed)
        self._pins = SimulatedPins(pins, self._on_motor)
        self.mechanism.on_beams = self._pins.show
        self._pins.show(self.mechanism.beams)
        self.cards: list[DeckCard] = []
        self.feeder = GpioFeeder(pins, factory=self._pins.factory, name="simulated feeder")
        self.camera = SimulatedCamera(self.in_view, size_px)
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

    def close(self) -> None:
        """Stop time and release the pins."""
        self.moving.close()
        self.feeder.close()

    def _on_motor(self, name: str, on: bool) -> None:
        if name == "pick":
            self.mechanism.pick_on = on
        else:
            self.mechanism.eject_on = on
        self.moving.motor_changed()
