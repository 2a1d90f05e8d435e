"""Watches the bins' sensors: which were emptied, and when a hand is surely out of one again."""

from __future__ import annotations

from firmware.desk import Desk
from firmware.machine import Machine

STEADY_S = 1.5


class BinWatch:
    """`look` often. What a sensor saw full and sees clear was emptied by a person.

    Either must hold for `STEADY_S`: a falling card covers a sensor for a moment, and so does a hand
    that takes cards out. A bin that the sensor on the chute does not look into stays as it was.
    """

    def __init__(self, machine: Machine, desk: Desk):
        self._machine = machine
        self._desk = desk
        self._seen: frozenset[int] = frozenset()
        self._since_s: dict[int, float] = {}
        self._known_full: set[int] = set()
        self._clear_after: dict[int, int] = {}

    def look(self, now_s: float, holding: int = 0, *, card_waits: bool = False) -> bool:
        """Note emptied bins; True when the bin `holding`, which stopped the work, is one of them.

        `card_waits`: the card scanned last has not left the bay.

        Raises the store's errors.
        """
        machine = self._machine
        if holding not in {0, machine.router.waits_for(), *self._known_full}:
            self._seen |= {holding}  # a sensor saw it full, if only between two looks
        seen = machine.full_bins | (self._seen - machine.bins_in_sight)
        for number in seen ^ self._seen:
            self._since_s[number] = now_s
            if number not in seen:
                self._clear_after[number] = self._desk.fallen_up_to(card_waits=card_waits)
        self._seen = seen
        if holding:
            self._known_full.add(holding)
        emptied = set()
        for number, since_s in self._since_s.items():
            if now_s - since_s < STEADY_S:
                continue
            if number in seen:
                self._known_full.add(number)
            elif number in self._known_full:
                emptied.add(number)
        for number in emptied:
            self._desk.bin_emptied(number, self._clear_after[number])
            self._known_full.discard(number)
        return holding in emptied
