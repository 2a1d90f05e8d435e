"""A model of the diverter and its bins: it takes time to turn, and a card falls where it points.

Pure, like the mechanism that it belongs to. Its place is a bin's number; between two bins it is a
fraction, and a card that passes it then lands in the nearer one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

FALL_S = 0.06
LANDED_S = 0.06


@dataclass(slots=True)
class _Falling:
    card: int
    until_diverter_s: float
    until_landed_s: float = LANDED_S
    bin: int = 0


@dataclass(slots=True)
class Diverter:
    """Set `target` as the motor stage would. `contents[n]` are the cards in bin n, lowest first.

    `between` counts cards that passed while it stood between two bins.
    """

    bins: int = 1
    bins_per_s: float = 12.0
    capacity: int | None = None
    on_full: Callable[[frozenset[int]], None] = lambda _full: None
    target: float = 1.0
    place: float = 1.0
    stuck: bool = False
    between: int = 0
    contents: dict[int, list[int]] = field(default_factory=dict)
    _falling: list[_Falling] = field(default_factory=list)
    _full: frozenset[int] = frozenset()

    @property
    def moves(self) -> bool:
        """Whether time changes anything here."""
        return bool(self._falling) or (self.place != self.target and not self.stuck)

    @property
    def full(self) -> frozenset[int]:
        """The bins whose sensors see cards."""
        return self._full

    def drop(self, card: int) -> None:
        """A card has passed the exit beam."""
        self._falling.append(_Falling(card, FALL_S))

    def advance(self, step_s: float) -> None:
        """Let a moment pass."""
        if not self.stuck and self.place != self.target:
            reach = self.bins_per_s * step_s
            way = self.target - self.place
            self.place = self.target if abs(way) <= reach else self.place + reach * _sign(way)
        for falling in list(self._falling):
            if falling.bin:
                falling.until_landed_s -= step_s
                if falling.until_landed_s <= 0:
                    self._falling.remove(falling)
                    self.lay(falling.card, falling.bin)
                continue
            falling.until_diverter_s -= step_s
            if falling.until_diverter_s <= 0:
                falling.bin = min(self.bins, max(1, round(self.place)))
                self.between += abs(self.place - falling.bin) > 0.1

    def lay(self, card: int, bin_number: int) -> None:
        """Put a card into a bin, as the chute or a hand does."""
        self.contents.setdefault(bin_number, []).append(card)
        self._look()

    def empty(self, bin_number: int) -> list[int]:
        """A clerk takes all cards out of a bin."""
        taken = self.contents.pop(bin_number, [])
        self._look()
        return taken

    def _look(self) -> None:
        limit = self.capacity
        full = frozenset(
            number
            for number, cards in self.contents.items()
            if limit is not None and len(cards) >= limit
        )
        if full != self._full:
            self._full = full
            self.on_full(full)


def _sign(way: float) -> float:
    return 1.0 if way > 0 else -1.0
