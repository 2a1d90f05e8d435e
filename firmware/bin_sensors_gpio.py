"""The sensors that see a full bin: one over each bin, or a single one that travels with the chute.

Each pulls its pin low while it sees cards. A Raspberry Pi has not enough pins for sixteen bins and
everything else; a sensor on the diverter's chute looks into the bin that the chute points at.
"""

from __future__ import annotations

from gpiozero import DigitalInputDevice
from gpiozero.pins import Factory


class BinSensors:
    """Over `pins`, bin 1 first; a single pin for several bins is the travelling sensor's."""

    def __init__(self, pins: tuple[int, ...], bins: int, factory: Factory | None):
        self.travels = len(pins) == 1 and bins > 1
        self._eyes = [DigitalInputDevice(pin, pull_up=True, pin_factory=factory) for pin in pins]

    def full(self, pointed_at: int | None) -> frozenset[int]:
        """The bins known to be full; `pointed_at` is where the chute stands still, if it does."""
        if not self.travels:
            return frozenset(place for place, eye in enumerate(self._eyes, 1) if eye.is_active)
        seen = pointed_at is not None and self._eyes[0].is_active
        return frozenset({pointed_at} if seen and pointed_at is not None else ())

    def in_sight(self, pointed_at: int | None) -> frozenset[int]:
        """The bins that are looked into now."""
        if not self.travels:
            return frozenset(range(1, len(self._eyes) + 1))
        return frozenset(() if pointed_at is None else {pointed_at})

    def close(self) -> None:
        """Release the pins."""
        for eye in self._eyes:
            eye.close()
