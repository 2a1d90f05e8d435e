"""A model of the mechanism: cards travel on rollers, break beams, jam, double-feed and fall.

Pure: `advance(dt_s)` moves the cards according to the motors; positions are the distance in mm of
a card's leading edge from the hopper's mouth. Nothing here knows of pins, threads or clocks.
A card is a number: its place in the pile that was loaded. Cardboard does not know more either.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from firmware.simulated.diverter import Diverter

CARD_LENGTH_MM = 88.0
ENTRY_BEAM_MM = 10.0
SEAT_BEAM_MM = 105.0
SEAT_STOP_MM = 110.0
EXIT_BEAM_MM = 125.0
NEXT_CARD_GAP_MM = 30.0
PICK_SPEED_MM_S = 440.0
EJECT_SPEED_MM_S = 620.0
STOPS_AT_MM = {"jam_in": 60.0, "mis_seat": 101.0, "jam_out": 150.0}
BEHIND_MM = {"double_feed": (20.0, 60.0), "stuck_together": (0.2, 0.8)}
STEP_S = 0.002


@dataclass(frozen=True, slots=True)
class Faults:
    """How often a picked card misbehaves, each in 0…1, and the seed that decides which.

    `jam` stops it on its way in or out, `mis_seat` just short of its place; `double_feed` takes the
    next card along behind it, `stuck_together` under it; `skew` only turns it.
    """

    jam: float = 0.0
    double_feed: float = 0.0
    stuck_together: float = 0.0
    mis_seat: float = 0.0
    skew: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Beams:
    """What the sensors see; True is a broken beam, cards in the hopper, two cards in one place."""

    entry: bool = False
    seat: bool = False
    exit: bool = False
    hopper: bool = False
    thick: bool = False


@dataclass(slots=True)
class _Travelling:
    card: int
    front_mm: float
    stops_at_mm: float | None
    skew_deg: float

    def covers(self, place_mm: float) -> bool:
        return self.front_mm - CARD_LENGTH_MM <= place_mm <= self.front_mm


@dataclass(slots=True)
class Mechanism:
    """Hopper, bay and bins. Set `pick_on` and `eject_on` as the motor stage would, then `advance`.

    `on_beams` is told whenever a sensor changes. `binned` lists the cards that left, in order;
    `diverter` says where they fell. `picked` hears of each card that leaves the hopper and of
    what will happen to it: `jam_in`, `jam_out`, `mis_seat`, `double_feed`, `stuck_together` or "".
    `doomed` names cards by number to which that will happen, once each, whatever the odds.
    """

    faults: Faults = field(default_factory=Faults)
    diverter: Diverter = field(default_factory=Diverter)
    picked: Callable[[int, str], None] = lambda _card, _fate: None
    doomed: dict[int, str] = field(default_factory=dict)
    pick_speed_mm_s: float = PICK_SPEED_MM_S
    eject_speed_mm_s: float = EJECT_SPEED_MM_S
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
        self._look()

    @property
    def beams(self) -> Beams:
        """The beams as they are now."""
        return self._beams

    @property
    def motors_on(self) -> bool:
        """Whether a roller turns."""
        return self.pick_on or self.eject_on

    @property
    def moves(self) -> bool:
        """Whether time changes anything."""
        return self.motors_on or self.diverter.moves

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
            self.diverter.advance(step_s)
            if self.pick_on or self.eject_on:
                self._move(step_s)
                self._look()

    def turn_and_fall(self, dt_s: float) -> None:
        """Let `dt_s` seconds pass for the diverter and what falls through it, and nothing else."""
        while dt_s > 0:
            self.diverter.advance(min(STEP_S, dt_s))
            dt_s -= STEP_S

    def clear_by_hand(self) -> list[int]:
        """A clerk takes everything out of the path and lays it back on the hopper, in order."""
        taken = [moving.card for moving in self._path]
        self._path.clear()
        self.hopper.extendleft(reversed(taken))
        self._look()
        return taken

    def bin_by_hand(self, bin_number: int = 1) -> list[int]:
        """A clerk takes the card nearest the bins and lays it there: it is in the list."""
        taken = [moving.card for moving in self._path[:1]]
        del self._path[:1]
        for card in taken:
            self.binned.append(card)
            self.diverter.lay(card, bin_number)
        self._look()
        return taken

    def _move(self, step_s: float) -> None:
        if self.pick_on:
            self._pick_next()
        for place, moving in enumerate(self._path):
            ahead = self._path[place - 1] if place else None
            limit_mm = ahead.front_mm if ahead else float("inf")
            if moving.stops_at_mm is not None:
                limit_mm = min(limit_mm, moving.stops_at_mm)
            if self.pick_on and moving.front_mm < SEAT_STOP_MM:
                reach_mm = moving.front_mm + self.pick_speed_mm_s * step_s
                moving.front_mm = max(moving.front_mm, min(reach_mm, SEAT_STOP_MM, limit_mm))
            if self.eject_on and moving.front_mm >= SEAT_BEAM_MM:
                reach_mm = moving.front_mm + self.eject_speed_mm_s * step_s
                moving.front_mm = max(moving.front_mm, min(reach_mm, limit_mm))
        while self._path and self._path[0].front_mm - CARD_LENGTH_MM > EXIT_BEAM_MM:
            card = self._path.pop(0).card
            self.binned.append(card)
            self.diverter.drop(card)

    def _pick_next(self) -> None:
        last = self._path[-1] if self._path else None
        if not self.hopper:
            return
        if last is not None and last.front_mm - CARD_LENGTH_MM < NEXT_CARD_GAP_MM:
            return
        fate = self._fate()
        if fate in BEHIND_MM:
            from_mm, to_mm = BEHIND_MM[fate]
            self._take(fate, 0.0)
            self._take(fate, -float(self._rng.uniform(from_mm, to_mm)))
        else:
            self._take(fate, 0.0)

    def _fate(self) -> str:
        """What happens to the card that is picked now."""
        two = len(self.hopper) > 1
        fate = self.doomed.get(self.hopper[0], "")
        if fate and (two or fate not in BEHIND_MM):
            del self.doomed[self.hopper[0]]
            return fate
        chance = self._rng.random
        if two and chance() < self.faults.double_feed:
            return "double_feed"
        if two and chance() < self.faults.stuck_together:
            return "stuck_together"
        if chance() < self.faults.jam:
            return str(self._rng.choice(["jam_in", "jam_out"]))
        return "mis_seat" if chance() < self.faults.mis_seat else ""

    def _take(self, fate: str, front_mm: float) -> None:
        card = self.hopper.popleft()
        skewed = not fate and self._rng.random() < self.faults.skew
        skew_deg = float(self._rng.uniform(-8.0, 8.0)) if skewed else 0.0
        self.picked(card, fate)
        self._path.append(_Travelling(card, front_mm, STOPS_AT_MM.get(fate), skew_deg))

    def _look(self) -> None:
        def cards_at(place_mm: float) -> int:
            return sum(moving.covers(place_mm) for moving in self._path)

        now = Beams(
            entry=cards_at(ENTRY_BEAM_MM) > 0,
            seat=cards_at(SEAT_BEAM_MM) > 0,
            exit=cards_at(EXIT_BEAM_MM) > 0,
            hopper=bool(self.hopper),
            thick=cards_at(ENTRY_BEAM_MM) > 1,
        )
        if now != self._beams:
            self._beams = now
            self.on_beams(now)
