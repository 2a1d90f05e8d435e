"""The clerk of the feed benchmark: causes the faults that only people cause, and mends them all.

Does what the machine's sentence says and nothing else, so that a wrong sentence loses a card.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from firmware.bench_feed_parts import NumberCamera
from firmware.events import ButtonPressed
from firmware.loop import FeedLoop
from firmware.phases import Phase
from firmware.simulated.mechanism import Mechanism
from firmware.simulated.wiring import SimulatedPins
from scanner.store import Store

NAMED: dict[str, str] = {
    "jam_in": "jam",
    "jam_out": "jam",
    "mis_seat": "mis_seat",
    "double_feed": "double_feed",
    "stuck_together": "double_feed",
    "camera": "camera_lost",
    "door": "door_open",
    "emergency": "emergency_stop",
    "hopper": "hopper_empty",
    "bin": "bin_full",
}
"""What each fault must be called."""

MECHANICAL = ("jam_in", "jam_out", "mis_seat", "double_feed", "stuck_together")
BY_PEOPLE = ("camera", "door", "emergency")
TWO = ("double_feed", "stuck_together")
IN_THE_LIST = "in the list"
REACTION_S = 4.0
_SWITCHES = {"door": 0, "emergency": 1}


def draw_faults(cards: int, share: float, seed: int) -> dict[int, str]:
    """Which cards meet which fault: each kind about equally often, at random places."""
    rng = np.random.default_rng([seed, 23])
    kinds = (*MECHANICAL, *BY_PEOPLE)
    # Not the last card of all: two stuck together need a second one.
    places = rng.choice(max(1, cards - 2), round(cards * share), replace=False)
    return {int(place): kinds[turn % len(kinds)] for turn, place in enumerate(rng.permuted(places))}


@dataclass(slots=True)
class Clerk:
    """Watches the loop between its turns. `named` counts what faults were and were called."""

    loop: FeedLoop
    store: Store
    mechanism: Mechanism
    camera: NumberCamera
    pins: SimulatedPins
    switch_pins: tuple[int, int]
    doomed: dict[int, str]
    stacks: list[Sequence[int]]
    named: Counter[tuple[str, str]] = field(default_factory=Counter)
    taken: dict[int, list[int]] = field(default_factory=dict)
    _cause: str = ""
    _pending: dict[int, str] = field(default_factory=dict)
    _since_s: float | None = None

    def __post_init__(self) -> None:
        """Hear of what happens to cards that are picked."""
        self.mechanism.picked = self._on_picked
        for card, fate in list(self.doomed.items()):
            if fate in MECHANICAL:
                self.mechanism.doomed[card] = self.doomed.pop(card)

    def look(self, now_s: float) -> None:
        """Cause a fault whose time has come; mend one some seconds after it was told."""
        phase = self.loop.state.phase
        if phase.value not in NAMED.values():
            self._since_s = None
            if not self._cause:
                self._cause_something()
            return
        if self._since_s is None:
            self._since_s = now_s
        elif now_s - self._since_s >= REACTION_S:
            self._mend(phase)
            self._since_s = None

    @property
    def not_met(self) -> int:
        """Faults that were planned and never came."""
        return len(self.doomed) + len(self.mechanism.doomed)

    def _on_picked(self, card: int, fate: str) -> None:
        if fate:
            self._pending[card] = fate

    def _mechanical_cause(self, told: str) -> str:
        """What befell the foremost card, and with it its twin; the fates of others still wait."""
        under_way = self.mechanism.in_path
        cause = self._pending.pop(under_way[0], "") if under_way else ""
        twin = under_way[1:2] if cause in TWO else []
        for card in under_way[1:]:
            if card in twin:
                del self._pending[card]
            elif IN_THE_LIST not in told and card in self._pending:
                self.mechanism.doomed[card] = self._pending.pop(card)
        return cause

    def _cause_something(self) -> None:
        card = self.mechanism.card_in_view
        fate = self.doomed.get(card, "") if card is not None else ""
        if card is None or fate not in BY_PEOPLE:
            return
        del self.doomed[card]
        self._cause = fate
        if fate == "camera":
            self.camera.unplugged = True
        else:
            self._switch(fate, active=True)

    def _mend(self, phase: Phase) -> None:
        told = self._told(phase)
        ours = {"hopper_empty": "hopper", "bin_full": "bin"}
        cause = self._cause or ours.get(phase.value) or self._mechanical_cause(told)
        self.named[cause or "nothing", phase.value] += 1
        self._cause = ""
        if cause == "camera":
            self.camera.unplugged = False
            return
        if cause in _SWITCHES:
            self._switch(cause, active=False)
            for _ in range(3):
                self.loop.turn()
        elif phase is Phase.HOPPER_EMPTY:
            self.mechanism.load(self.stacks.pop(0))
        elif phase is Phase.BIN_FULL:
            number = int(told.split()[1])
            self.taken.setdefault(number, []).extend(self.mechanism.diverter.empty(number))
        elif IN_THE_LIST in told:
            self.mechanism.bin_by_hand(int(told.split("into bin ")[1].split()[0]))
        else:
            self.mechanism.clear_by_hand()
        self.loop.inbox.put(ButtonPressed())

    def _told(self, phase: Phase) -> str:
        for event in self.store.latest_events(5):
            if event.kind == phase.value:
                return event.detail
        return ""

    def _switch(self, name: str, *, active: bool) -> None:
        self.pins.factory.pin(self.switch_pins[_SWITCHES[name]]).drive_wire(not active)
