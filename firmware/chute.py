"""The way from the bay into the bins, as the loop sees it: the diverter's news and emptied bins."""

from __future__ import annotations

import logging
from contextlib import suppress

from firmware.bin_watch import BinWatch
from firmware.desk import Desk
from firmware.events import Aimed, Bay, BinFilled, Event, SorterFailed
from firmware.machine import Machine
from firmware.phases import Phase, State
from scanner.errors import SorterError, StoreFullError

SPARE_S = 0.0005

log = logging.getLogger(__name__)


class Chute:
    """Turns the diverter and tells what came of it; without one every card may go at once."""

    def __init__(self, machine: Machine, desk: Desk):
        self._machine = machine
        self._bins = BinWatch(machine, desk)

    def aim(self, bin_number: int) -> Event | None:
        """Turn to a bin (0: the card has none); what is known at once, or None."""
        machine = self._machine
        if machine.gate is None or not bin_number:
            return Aimed()
        if machine.is_full(bin_number):
            return BinFilled()
        machine.gate.aim(bin_number)
        return self.news(bin_number)

    def news(self, bin_number: int) -> Event | None:
        """What has become of the diverter's turn to a bin; None while it turns."""
        gate = self._machine.gate
        if gate is None:
            return None
        try:
            if gate.opens_in_s() > 0:
                return None
        except SorterError as error:
            return SorterFailed(str(error))
        return BinFilled() if self._machine.is_full(bin_number) else Aimed()

    def opens_in_s(self, at_most_s: float) -> float:
        """Seconds until it is worth asking for news again."""
        gate = self._machine.gate
        if gate is not None:
            with suppress(SorterError):
                # A little more, so that rounding never makes the wait one turn too short.
                return min(at_most_s, gate.opens_in_s() + SPARE_S)
        return 0.0

    def wait_in_the_middle(self) -> None:
        """While the next card comes: turn to where no bin is far."""
        if self._machine.gate is not None:
            self._machine.gate.wait_in_the_middle()

    def clears_in_s(self, at_most_s: float) -> float:
        """Seconds until the last card has fallen, where one falls; else as long as is given."""
        gate = self._machine.gate
        falling_s = 0.0 if gate is None else gate.clears_in_s()
        return min(at_most_s, falling_s + SPARE_S) if falling_s > 0 else at_most_s

    def card_left(self) -> None:
        """A card has passed the exit and falls."""
        if self._machine.gate is not None:
            self._machine.gate.card_left()

    def is_released(self, state: State) -> bool:
        """Look after the bins; True when the one that a card waits for was emptied."""
        holding = state.bin if state.phase is Phase.BIN_FULL else 0
        now_s = self._machine.clock.now_s()
        try:
            return self._bins.look(now_s, holding, card_waits=state.bay is Bay.LOGGED)
        except StoreFullError as error:
            log.error("%s", error)
            return False
