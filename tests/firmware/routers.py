"""Routers that need no rules, and where the cards then lie."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scanner.records import Identification
from scanner.routing import Mode, Routing


class ByNumber:
    """Cards go by their number to bins 1, 2, 3 … and again from 1."""

    def __init__(self, bins: int):
        self.bins = bins
        self.begun: list[tuple[int, Mode]] = []
        self.learned: list[tuple[int, Routing]] = []
        self.bins_emptied: list[int] = []

    def begin(self, batch_id: int, mode: Mode) -> None:
        self.begun.append((batch_id, mode))

    def route(self, answer: Identification, full_bins: frozenset[int]) -> Routing:
        assert answer.printing is not None
        number = int(answer.printing.card_id.removeprefix("card-"))
        return Routing(number % self.bins + 1, "by number", f"Its number is {number}.")

    def learn(self, scan_id: int, answer: Identification, routing: Routing) -> None:
        self.learned.append((scan_id, routing))

    def emptied(self, bin_number: int) -> None:
        self.bins_emptied.append(bin_number)

    def waits_for(self) -> int:
        return 0


class Alternately(ByNumber):
    """Cards go to these bins in turn."""

    def __init__(self, *numbers: int):
        super().__init__(len(numbers))
        self.numbers = numbers

    def route(self, answer: Identification, full_bins: frozenset[int]) -> Routing:
        routing = super().route(answer, full_bins)
        return replace(routing, bin=self.numbers[routing.bin - 1])


def in_bins(bench: Any) -> dict[int, list[int]]:
    """Where the cards lie once nothing falls any more."""
    bench.mechanism.advance(1.0)
    return bench.mechanism.diverter.contents


def right(cards: int, bins: int) -> dict[int, list[int]]:
    return {n + 1: list(range(n, cards, bins)) for n in range(min(bins, cards))}
