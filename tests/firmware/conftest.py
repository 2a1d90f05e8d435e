"""A whole machine in virtual time."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from firmware.feeder_gpio import GpioFeeder
from firmware.feeder_pins import FeederPins
from firmware.loop import FeedLoop
from firmware.machine import Machine
from firmware.phases import Limits, Phase
from firmware.simulated.mechanism import Faults, Mechanism
from firmware.simulated.virtual_time import VirtualClock
from firmware.simulated.wiring import SimulatedPins, wire
from firmware.sorter import Gate
from firmware.sorter_pins import ServoPins, even_angles_deg
from firmware.sorter_servo_gpio import ServoSorter
from scanner.routing import BinsByDecision
from scanner.store import Store
from scanner.tables import Scan

BIN_PINS = (0, 1, 2, 3, 4, 9, 10, 11, 13, 14, 15, 16, 18, 19, 20, 21)


def load_beside(name: str) -> ModuleType:
    """Import a helper that lies beside these tests; pytest's import mode knows no such path."""
    full_name = f"firmware_tests_{name}"
    if full_name not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            full_name, Path(__file__).parent / f"{name}.py"
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[full_name] = module
        spec.loader.exec_module(module)
    return sys.modules[full_name]


@pytest.fixture
def painted() -> ModuleType:
    return load_beside("painted")


@dataclass
class Bench:
    """A machine on the bench: everything within reach, nothing moves unless time is let pass."""

    data_dir: Path
    mechanism: Mechanism
    pins: SimulatedPins
    feeder: GpioFeeder
    camera: Any
    recognizer: Any
    clock: VirtualClock
    store: Store
    page: Store
    machine: Machine
    loop: FeedLoop
    told: list[Scan] = field(default_factory=list)

    def ask(self, kind: str, **argument: str | int) -> int:
        """The page asks something."""
        return self.page.add_command(kind, argument).id or 0

    def work_until(self, condition: Callable[[], bool], turns: int = 5000) -> None:
        """Let the loop work until `condition`; fail when that never comes."""
        for _ in range(turns):
            if condition():
                return
            self.loop.turn()
        raise AssertionError(f"still {self.loop.state.phase} after {turns} turns")

    def work_until_phase(self, phase: Phase) -> None:
        self.work_until(lambda: self.loop.state.phase is phase)

    def restart(self) -> None:
        """The loop dies between two turns; a new one takes over what lies there."""
        self.feeder.stop_safe()
        self.loop = FeedLoop(self.machine)
        self.feeder.listen(self.loop.inbox.put)
        self.loop.go_on_with_open_batch()

    def names(self) -> list[str]:
        """The logged cards in the log's order."""
        return [scan.card_id for scan in self.store.scans_after(0, 10_000)]

    def binned(self) -> list[str]:
        """The cards that left, in their order."""
        return [f"card-{card}" for card in self.mechanism.binned]

    def kinds(self) -> list[str]:
        return [event.kind for event in reversed(self.store.latest_events(10_000))]


@pytest.fixture
def make_bench(tmp_path: Path, painted: ModuleType) -> Iterator[Callable[..., Bench]]:
    closing: list[Callable[[], None]] = []

    def make(
        *,
        cards: int = 0,
        faults: Faults | None = None,
        limits: Limits | None = None,
        bins: int = 0,
        capacity: int | None = None,
        sensors: bool = False,
        sensor_travels: bool = False,
        router: Any = None,
    ) -> Bench:
        """`bins` gives it a servo diverter; `sensors` those of hopper and thickness."""
        mechanism = Mechanism(faults or Faults())
        mechanism.diverter.capacity = capacity
        mechanism.load(range(cards))
        pins = FeederPins(
            door_switch=5,
            emergency_stop=6,
            hopper_sensor=8 if sensors else None,
            thickness_sensor=7 if sensors else None,
        )
        servo = None
        if bins:
            eyes = BIN_PINS[:1] if sensor_travels else BIN_PINS[:bins]
            servo = ServoPins(12, even_angles_deg(bins), eyes)
        wired = wire(mechanism, pins, servo)
        feeder = GpioFeeder(pins, factory=wired.factory, name="simulated")
        store = Store.open(tmp_path, role="feed")
        page = Store.open(tmp_path, role="web")
        camera = painted.PaintedCamera(lambda: mechanism.card_in_view)
        recognizer = painted.PaintedRecognizer()
        clock = VirtualClock(mechanism)
        told: list[Scan] = []
        gate = None
        if servo is not None:
            sorter = ServoSorter(
                servo, s_per_degree=0.002, factory=wired.factory, now_s=clock.now_s
            )
            closing.append(sorter.close)
            gate = Gate(sorter, clock, lead_s=0.06, clear_s=0.15)
        machine = Machine(
            store=store,
            recognizer=recognizer,
            camera=camera,
            feeder=feeder,
            limits=limits or Limits(),
            clock=clock,
            on_scan=lambda scan, _ms: told.append(scan),
            gate=gate,
            router=router or BinsByDecision(),
        )
        loop = FeedLoop(machine)
        feeder.listen(loop.inbox.put)
        closing.extend([feeder.close, page.close, store.close])
        return Bench(
            tmp_path,
            mechanism,
            wired,
            feeder,
            camera,
            recognizer,
            clock,
            store,
            page,
            machine,
            loop,
            told,
        )

    yield make
    for close in closing:
        close()
