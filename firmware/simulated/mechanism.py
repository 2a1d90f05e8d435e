"""A model of the feeder's mechanism: cards travel on rollers, break beams, jam and double-feed.

Pure: `advance(dt_s)` moves the cards according to the motors; positions are the distance in mm of
a card's leading edge from the hopper's mouth. Nothing here knows of pins, threads or clocks.
A card is a number: its place in the pile that was loaded. Cardboard does not know more either.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

CARD_LENGTH_MM = 88.0
ENTRY_BEAM_MM = 10.0
SEAT_BEAM_MM = 105.0
SEAT_STOP_MM = 110.0
EXIT_BEAM_MM = 125.0
NEXT_CARD_GAP_MM = 30.0
PICK_SPEED_MM_S = 440.0
EJECT_SPEED_MM_S = 620.0
STEP_S = 0.002


@dataclass(frozen=True, slots=True)
class Faults:
    """How often a picked card misbehaves, each in 0…1, and the seed that decides which."""

    jam: float = 0.0
    double_feed: float = 0.0
    skew: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Beams:
    """The three beams; True is broken."""

    entry: bool = False
    seat: bool = False
    exit: bool = False


@dataclass(slots=True)
class _Travelling:
    card: int
    front_mm: float
    jams_at_mm: float | None
    skew_deg: float

    def covers(self, place_mm: float) -> bool:
        return self.front_mm - CARD_LENGTH_MM <= place_mm <= self.front_mm


@dataclass(slots=True)
class Mechanism:
    """Hopper, bay and bin. Set `pick_on` and `eject_on` as the motor stage would, then `advance`.

    `on_beams` is told whenever a beam changes. `binned` lists the cards that left, in order.
    """

    faults: Faults = field(default_factory=Faults)
    on_beams: Callable[[Beams], None] = lambda _beams: None
    pick_on: bool = False
    eject_on: bool = False
    hopper: deque[int] = field(default_factory=deque)
    binned: list[int] = field(default_factory=list)
    _path: list[_Travelling] = field(default_factory=list)
    _beams: Beams = field(default_factory=Beams)
    _rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        """Seed the faults."""
        self._rng = np.random.default_rng(self.faults.seed)

    def load(self, cards: Iterable[int]) -> None:
        """Lay cards under those already in the hopper."""
        self.hopper.extend(cards)

    @property
    def beams(self) -> Beams:
        """The beams as they are now."""
        return self._beams

    @property
    def motors_on(self) -> bool:
        """Whether anything can move at all."""
        return self.pick_on or self.eject_on

    @property
    def card_in_view(self) -> int | None:
        """The card that lies under the camera: the one that reached the seat beam last."""
        seated = [moving for moving in self._path if moving.covers(SEAT_BEAM_MM)]
        return seated[-1].card if seated else None

    @property
    def in_path(self) -> list[int]:
        """The cards between hopper and bin, the one nearest the bin first."""
        return [moving.card for moving in self._path]

    @property
    def skew_deg(self) -> float:
        """How far the card in view is turned from straight, in degrees."""
        seated = [moving for moving in self._path if moving.covers(SEAT_BEAM_MM)]
        return seated[-1].skew_deg if seated else 0.0

    def advance(self, dt_s: float) -> None:
        """Let `dt_s` seconds pass, in steps short enough that no edge passes a beam unseen."""
        while dt_s > 0:
            step_s = min(STEP_S, dt_s)
            dt_s -= step_s
            self._move(step_s)
            self._look()

    def clear_by_hand(self) -> list[int]:
        """A clerk takes everything out of the path and lays it back on the hopper, in order."""
        taken = [moving.card for moving in self._path]
        self._path.clear()
        self.hopper.extendleft(reversed(taken))
        self._look()
        return taken

    def bin_by_hand(self) -> list[int]:
        """A clerk takes everything out of the path and lays it in the bin: it is in the list."""
        taken = [moving.card for moving in self._path]
        self._path.clear()
        self.binned.extend(taken)
        self._look()
        return taken

    def _move(self, step_s: float) -> None:
        if self.pick_on:
            self._pick_next()
        for place, moving in enumerate(self._path):
            ahead = self._path[place - 1] if place else None
            limit_mm = ahead.front_mm if ahead else float("inf")
            if moving.jams_at_mm is not None:
                limit_mm = min(limit_mm, moving.jams_at_mm)
            if self.pick_on and moving.front_mm < SEAT_STOP_MM:
                reach_mm = moving.front_mm + PICK_SPEED_MM_S * step_s
                moving.front_mm = max(moving.front_mm, min(reach_mm, SEAT_STOP_MM, limit_mm))
            if self.eject_on and moving.front_mm >= SEAT_BEAM_MM:
                reach_mm = moving.front_mm + EJECT_SPEED_MM_S * step_s
                moving.front_mm = max(moving.front_mm, min(reach_mm, limit_mm))
        while self._path and self._path[0].front_mm - CARD_LENGTH_MM > EXIT_BEAM_MM:
            self.binned.append(self._path.pop(0).card)

    def _pick_next(self) -> None:
        last = self._path[-1] if self._path else None
        if not self.hopper:
            return
        if last is not None and last.front_mm - CARD_LENGTH_MM < NEXT_CARD_GAP_MM:
            return
        self._path.append(self._picked(0.0))
        if self.hopper and self._rng.random() < self.faults.double_feed:
            self._path.append(self._picked(-float(self._rng.uniform(20.0, 60.0))))

    def _picked(self, front_mm: float) -> _Travelling:
        jams = self._rng.random() < self.faults.jam
        skewed = self._rng.random() < self.faults.skew
        return _Travelling(
            self.hopper.popleft(),
            front_mm,
            float(self._rng.choice([60.0, 150.0])) if jams else None,
            float(self._rng.uniform(-8.0, 8.0)) if skewed else 0.0,
        )

    def _look(self) -> None:
        def broken(place_mm: float) -> bool:
            return any(moving.covers(place_mm) for moving in self._path)

        now = Beams(broken(ENTRY_BEAM_MM), broken(SEAT_BEAM_MM), broken(EXIT_BEAM_MM))
        if now != self._beams:
            self._beams = now
            self.on_beams(now)
