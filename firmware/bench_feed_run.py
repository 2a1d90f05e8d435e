"""One run of the feed benchmark: the real loop, log, drivers and router on a simulated machine."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from firmware.bench_feed_clerk import NAMED, Clerk, draw_faults
from firmware.bench_feed_parts import Look, NumberCamera, SampledRecognizer
from firmware.calibrate_measures import jam_timeout_s
from firmware.feeder_gpio import GpioFeeder
from firmware.feeder_pins import FeederPins
from firmware.loop import FeedLoop
from firmware.machine import Machine
from firmware.phases import AT_WORK, Limits, Phase
from firmware.simulated.mechanism import Mechanism
from firmware.simulated.virtual_time import WorkingClock
from firmware.simulated.wiring import wire
from firmware.sorter import Gate
from firmware.sorter_pins import ServoPins, even_angles_deg
from firmware.sorter_servo_gpio import ServoSorter
from scanner.records import Identification
from scanner.routing import Mode, Routing
from scanner.store import Store
from scanner.tables import Scan

IN_MM, OUT_MM = 105.0, 103.5
STACK_CARDS = 400
BIN_CAPACITY = 150
LEAD_S = 0.15
KEPT_CROPS = 200
MOST_TURNS_PER_CARD = 400
_SWITCHES = (5, 6)
_BIN_PINS = (0, 1, 2, 3, 4, 9, 10, 11, 13, 14, 15, 16, 18, 19, 20, 21)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run. `mechanics_s` is one card's way in, its rest and its way out together."""

    cards: int
    fault_share: float
    mechanics_s: float
    rest_s: float
    bins: int
    frame_s: float
    slower: float
    seed: int
    early_look: bool = True
    stage_next: bool = True


class NumberRouter:
    """Sends a card to the bin that its number draws; the same number always to the same bin."""

    def __init__(self, bins: int, seed: int):
        self._bins, self._seed = bins, seed

    def bin_of(self, number: int) -> int:
        """The bin that is right."""
        return int(np.random.default_rng([self._seed, number]).integers(self._bins)) + 1

    def begin(self, batch_id: int, mode: Mode) -> None:
        """Nothing is remembered."""

    def route(self, answer: Identification, full_bins: frozenset[int]) -> Routing:  # noqa: ARG002
        """See `scanner.routing.Router`."""
        number = int(answer.printing.card_id) if answer.printing else 0
        return Routing(self.bin_of(number), "by number", f"Card {number}.")

    def learn(self, scan_id: int, answer: Identification, routing: Routing) -> None:
        """Nothing is counted."""

    def emptied(self, bin_number: int) -> None:
        """Nothing was counted."""

    def waits_for(self) -> int:
        """No bin has a limit."""
        return 0


@dataclass(slots=True)
class _Times:
    """Seconds of the machine's own clock, split by what it did."""

    running_s: float = 0.0
    waiting_s: float = 0.0
    disk_s: list[float] = field(default_factory=list)
    _phase: Phase = Phase.IDLE
    _since_s: float = 0.0

    def turn_to(self, phase: Phase, now_s: float) -> None:
        if self._phase in AT_WORK:
            self.running_s += now_s - self._since_s
        elif self._phase is not Phase.IDLE:
            self.waiting_s += now_s - self._since_s
        self._phase, self._since_s = phase, now_s


class FeedRun:
    """Everything but the cardboard, for one run in `folder`."""

    def __init__(self, plan: Plan, sample: Sequence[Sequence[Look]], folder: Path):
        self.plan = plan
        self._folder = folder
        travel_s = (plan.mechanics_s - plan.rest_s) / 2
        self.mechanism = Mechanism(
            pick_speed_mm_s=IN_MM / travel_s, eject_speed_mm_s=OUT_MM / travel_s
        )
        self.mechanism.diverter.capacity = BIN_CAPACITY
        pins = FeederPins(
            door_switch=_SWITCHES[0],
            emergency_stop=_SWITCHES[1],
            hopper_sensor=8,
            thickness_sensor=7,
        )
        servo = ServoPins(12, even_angles_deg(plan.bins), _BIN_PINS[: plan.bins])
        wired = wire(self.mechanism, pins, servo)
        self.clock = WorkingClock(self.mechanism)
        self.camera = NumberCamera(lambda: self.mechanism.card_in_view, self.clock, plan.frame_s)
        self.recognizer = SampledRecognizer(sample, self.clock, plan.slower)
        self.router = NumberRouter(plan.bins, plan.seed)
        self.feeder = GpioFeeder(pins, factory=wired.factory, name="simulated feeder")
        self.sorter = ServoSorter(
            servo, s_per_degree=0.002, factory=wired.factory, now_s=self.clock.now_s
        )
        self.store = Store.open(folder, role="feed")
        self.times = _Times()
        self._crops: list[Path] = []
        machine = Machine(
            store=self.store,
            recognizer=self.recognizer,
            camera=self.camera,
            feeder=self.feeder,
            limits=Limits(
                settle_s=plan.rest_s,
                jam_timeout_s=jam_timeout_s([travel_s]),
                early_look=plan.early_look,
                stage_next=plan.stage_next,
                has_hopper_sensor=True,
            ),
            clock=self.clock,
            gate=Gate(self.sorter, self.clock, lead_s=LEAD_S, clear_s=0.15),
            router=self.router,
            on_scan=self._on_scan,
            on_phase=lambda phase: self.times.turn_to(phase, self.clock.now_s()),
        )
        self.loop = FeedLoop(machine)
        self.feeder.listen(self.loop.inbox.put)
        stacks = [
            range(first, min(first + STACK_CARDS, plan.cards))
            for first in range(0, plan.cards, STACK_CARDS)
        ]
        self.mechanism.load(stacks[0])
        faults = draw_faults(plan.cards, plan.fault_share, plan.seed)
        self.injected = Counter(faults.values())
        self.clerk = Clerk(
            self.loop,
            self.store,
            self.mechanism,
            self.camera,
            wired,
            _SWITCHES,
            faults,
            list(stacks[1:]),
        )

    def run(self, progress: Callable[[int], None]) -> dict[str, Any]:
        """Feed all cards; the figures."""
        began_s = time.perf_counter()
        with Store.open(self._folder, role="web") as page:
            page.add_command("start", {"name": "Bench", "expected_cards": self.plan.cards})
        for _ in range(self.plan.cards * MOST_TURNS_PER_CARD):
            self.loop.turn()
            if self.loop.state.phase is Phase.FINISHED:
                break
            self.clerk.look(self.clock.now_s())
            progress(self.loop.state.logged)
            self.clock.leave_out()
        self.mechanism.advance(1.0)
        return self._figures(time.perf_counter() - began_s)

    def close(self) -> None:
        """Release pins and log."""
        self.feeder.close()
        self.sorter.close()
        self.store.close()

    def _on_scan(self, scan: Scan, ms: float) -> None:
        self.clock.now_s()
        self.times.disk_s.append(ms / 1000)
        self._crops.append(self._folder / scan.crop_path)
        if len(self._crops) > KEPT_CROPS:
            self._crops.pop(0).unlink(missing_ok=True)
        self.clock.leave_out()

    def _figures(self, real_s: float) -> dict[str, Any]:
        log = [int(scan.card_id) for scan in self.store.scans_after(0, 10 * self.plan.cards)]
        seen = Counter(log)
        bins = {
            number: [*self.clerk.taken.get(number, []), *cards]
            for number, cards in self.mechanism.diverter.contents.items()
        }
        for number, cards in self.clerk.taken.items():
            bins.setdefault(number, cards)
        astray = sum(self.router.bin_of(card) != n for n, cards in bins.items() for card in cards)
        named = self.clerk.named
        right = sum(count for (cause, called), count in named.items() if NAMED.get(cause) == called)
        spent_ms = np.asarray(self.recognizer.spent_s) * 1000
        per_card_s = self.times.running_s / max(1, len(log))
        return {
            "cards": self.plan.cards,
            "finished": self.loop.state.phase is Phase.FINISHED,
            "cards_per_hour": round(3600 / per_card_s, 1),
            "ms_per_card": round(per_card_s * 1000, 2),
            "mechanics_ms": round(self.plan.mechanics_s * 1000, 1),
            "rest_ms": round(self.plan.rest_s * 1000, 1),
            "loop_adds_percent": round(100 * (per_card_s / self.plan.mechanics_s - 1), 2),
            "faults_injected": dict(sorted(self.injected.items())),
            "faults": {f"{cause} → {called}": count for (cause, called), count in named.items()},
            "faults_named_right": right,
            "faults_named_wrong": named.total() - right,
            "faults_not_met": self.clerk.not_met,
            "lost": sum(not seen[card] for cards in bins.values() for card in cards),
            "doubled": sum(count - 1 for count in seen.values()),
            "scans": len(log),
            "in_bins": sum(map(len, bins.values())),
            "wrong_bin": astray,
            "recognition_ms_p50": round(float(np.percentile(spent_ms, 50)), 2),
            "recognition_ms_p95": round(float(np.percentile(spent_ms, 95)), 2),
            "looks_per_card": round(self.recognizer.looks / max(1, len(log)), 3),
            "disk_ms_p50": round(1000 * float(np.percentile(self.times.disk_s, 50)), 2),
            "disk_ms_p95": round(1000 * float(np.percentile(self.times.disk_s, 95)), 2),
            "bench_seconds": round(real_s, 1),
        }  # fmt: skip
