"""What every diverter can do. Drivers are one file each; the loop knows only this protocol."""

from __future__ import annotations

from typing import Protocol

from firmware.clock import Clock


class Sorter(Protocol):
    """Turns a diverter to one of `bins` bins, counted from 1. `name` is shown at the start."""

    name: str
    bins: int

    def aim(self, bin_number: int) -> None:
        """Begin to turn to a bin; to the one aimed at already, do nothing."""

    def remaining_s(self) -> float:
        """Seconds until it stands where it was aimed, 0 when it does.

        Raises SorterError when it never will.
        """

    @property
    def full_bins(self) -> frozenset[int]:
        """The bins whose sensors see cards up to the rim; empty without sensors."""

    @property
    def must_stand_still(self) -> bool:
        """Whether a full bin is seen only once the diverter points at it."""

    def stop_safe(self) -> None:
        """Motor off. May be called from any thread, at any time, any number of times."""

    def close(self) -> None:
        """Motor off and hardware released."""


class Gate:
    """The diverter in time.

    It never turns while a card still falls through, and it is given the time that the next card
    needs to reach it: `lead_s` from the bay to the diverter, `clear_s` from the exit into the bin.
    """

    def __init__(self, sorter: Sorter, clock: Clock, *, lead_s: float, clear_s: float):
        self.sorter = sorter
        self._clock = clock
        self._lead_s = lead_s
        self._clear_s = clear_s
        self._clear_from_s = clock.now_s() + clear_s
        self._wanted: int | None = None

    def aim(self, bin_number: int) -> None:
        """Turn to a bin as soon as that is safe."""
        self._wanted = bin_number
        self._turn_when_clear()

    def card_left(self) -> None:
        """A card has passed the exit beam and falls now."""
        self._clear_from_s = self._clock.now_s() + self._clear_s

    def opens_in_s(self) -> float:
        """Seconds until the next card may be let go, 0 for now. Raises SorterError."""
        falling_s = self._turn_when_clear()
        if falling_s > 0:
            return falling_s
        lead_s = 0.0 if self.sorter.must_stand_still else self._lead_s
        return max(0.0, self.sorter.remaining_s() - lead_s)

    def _turn_when_clear(self) -> float:
        falling_s = self._clear_from_s - self._clock.now_s()
        if falling_s <= 0 and self._wanted is not None:
            self.sorter.aim(self._wanted)
            self._wanted = None
        return falling_s if self._wanted is not None else 0.0
