"""What every diverter can do. Drivers are one file each; the loop knows only this protocol."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from firmware.clock import Clock

LATELY = 16


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

    def way_s(self, from_bin: int, to_bin: int) -> float:
        """Seconds that it needs from one bin to another."""

    @property
    def full_bins(self) -> frozenset[int]:
        """The bins whose sensors see cards up to the rim; empty without sensors."""

    @property
    def bins_in_sight(self) -> frozenset[int]:
        """The bins that a sensor looks into now."""

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
    Where the way to a bin may take longer than that, it waits for the next card in the middle of
    the bins used lately.
    """

    def __init__(self, sorter: Sorter, clock: Clock, *, lead_s: float, clear_s: float):
        self.sorter = sorter
        self._clock = clock
        self._lead_s = lead_s
        self._clear_s = clear_s
        self._clear_from_s = clock.now_s() + clear_s
        self._wanted: int | None = None
        self._at = 0
        self._lately: deque[int] = deque(maxlen=LATELY)

    def aim(self, bin_number: int) -> None:
        """Turn to a bin as soon as that is safe."""
        self._wanted = bin_number
        self._lately.append(bin_number)
        self._turn_when_clear()

    def wait_in_the_middle(self) -> None:
        """No card is on its way out: turn to where no bin is far, unless a card still falls."""
        if self.clears_in_s() > 0 or self._wanted is not None or not self._lately:
            return
        lead_s = self._lead_now_s()
        if self._farthest_s(self._at or self._lately[-1]) > lead_s:
            places = range(min(self._lately), max(self._lately) + 1)
            self._at = min(places, key=self._farthest_s)
            self.sorter.aim(self._at)

    def clears_in_s(self) -> float:
        """Seconds until the card that left last has surely fallen."""
        return max(0.0, self._clear_from_s - self._clock.now_s())

    def card_left(self) -> None:
        """A card has passed the exit beam and falls now."""
        self._clear_from_s = self._clock.now_s() + self._clear_s

    def opens_in_s(self) -> float:
        """Seconds until the next card may be let go, 0 for now. Raises SorterError."""
        falling_s = self._turn_when_clear()
        if falling_s > 0:
            return falling_s
        return max(0.0, self.sorter.remaining_s() - self._lead_now_s())

    def _turn_when_clear(self) -> float:
        falling_s = self.clears_in_s()
        if falling_s <= 0 and self._wanted is not None:
            self.sorter.aim(self._wanted)
            self._at, self._wanted = self._wanted, None
        return falling_s if self._wanted is not None else 0.0

    def _lead_now_s(self) -> float:
        return 0.0 if self.sorter.must_stand_still else self._lead_s

    def _farthest_s(self, place: int) -> float:
        return max(self.sorter.way_s(place, number) for number in self._lately)
