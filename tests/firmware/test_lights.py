"""Two lamps on mock pins: the real driver, the loop that uses it, and the dark afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from gpiozero.pins.mock import MockFactory

from firmware.camera import Frame, checked_frame
from firmware.feeder_pins import FeederPins
from firmware.lights import LightPins, capture_lit
from firmware.lights_gpio import GpioLights
from firmware.phases import Phase
from firmware.simulated.deck import Printed, draw_deck
from firmware.simulated.machine import SimulatedMachine
from scanner.config import load_settings
from scanner.errors import CameraError, ConfigError, LightsError
from scanner.records import Printing

PINS = LightPins(left=12, right=13)


@pytest.fixture
def factory() -> MockFactory:
    return MockFactory()


@pytest.fixture
def lights(factory: MockFactory) -> Iterator[GpioLights]:
    made = GpioLights(PINS, factory=factory)
    yield made
    made.close()


def lit(factory: MockFactory) -> tuple[bool, bool]:
    """Which lamps are on: left, right."""
    return bool(factory.pin(PINS.left).state), bool(factory.pin(PINS.right).state)


class WatchingCamera:
    """Notes which lamps were on at each capture; may fail at one of them."""

    name = "watching"

    def __init__(self, factory: MockFactory, fails_at: int = -1):
        self.seen: list[tuple[bool, bool]] = []
        self._factory = factory
        self._fails_at = fails_at

    def start(self) -> None: ...

    def capture(self) -> Frame:
        self.seen.append(lit(self._factory))
        if len(self.seen) - 1 == self._fails_at:
            raise CameraError("unplugged")
        return checked_frame(np.full((240, 320, 3), len(self.seen), np.uint8))

    def close(self) -> None: ...


def test_one_lamp_at_a_time_and_none_afterwards(factory: MockFactory, lights: GpioLights) -> None:
    camera = WatchingCamera(factory)
    first, second = capture_lit(camera, lights)
    assert camera.seen == [(True, False), (False, True)]
    assert second is not None
    assert (first.picture[0, 0, 0], second.picture[0, 0, 0]) == (1, 2)
    assert lit(factory) == (False, False)


@pytest.mark.parametrize("fails_at", [0, 1])
def test_a_camera_that_fails_leaves_no_lamp_on(
    factory: MockFactory, lights: GpioLights, fails_at: int
) -> None:
    with pytest.raises(CameraError):
        capture_lit(WatchingCamera(factory, fails_at), lights)
    assert lit(factory) == (False, False)


def test_a_machine_without_lights_takes_one_frame(factory: MockFactory) -> None:
    camera = WatchingCamera(factory)
    _, second = capture_lit(camera, None)
    assert second is None
    assert len(camera.seen) == 1


def test_closing_puts_the_lamps_out_and_frees_the_pins(factory: MockFactory) -> None:
    for _ in range(2):
        made = GpioLights(PINS, factory=factory)
        made.light("right")
        assert lit(factory) == (False, True)
        made.close()
        made.off()
        assert lit(factory) == (False, False)


def test_a_pin_in_use_is_refused_with_what_to_do(factory: MockFactory, lights: GpioLights) -> None:
    with pytest.raises(LightsError, match=r"under \[lights\]"):
        GpioLights(PINS, factory=factory)


def test_the_loop_shows_both_frames_to_the_recognizer(
    make_bench: Callable[..., Any], factory: MockFactory, lights: GpioLights
) -> None:
    bench = make_bench(cards=3)
    bench.machine.lights = lights
    pairs: list[tuple[Any, Any]] = []
    identify = bench.recognizer.identify

    def noting(frame: Any, other_light: Any = None) -> Any:
        pairs.append((frame, other_light))
        return identify(frame)

    bench.recognizer.identify = noting
    bench.ask("start", expected_cards=3)
    bench.work_until_phase(Phase.FINISHED)
    assert len(pairs) == 3
    assert all(other is not None for _, other in pairs)
    assert lit(factory) == (False, False)


def test_a_loop_that_crashes_leaves_lamps_and_motors_off(
    make_bench: Callable[..., Any], factory: MockFactory, lights: GpioLights
) -> None:
    bench = make_bench(cards=3)
    bench.machine.lights = lights
    bench.ask("start", expected_cards=3)

    def crash(*_args: Any) -> Any:
        lights.light("left")
        raise RuntimeError("broken")

    bench.recognizer.identify = crash
    with pytest.raises(RuntimeError, match="broken"):
        bench.loop.run()
    assert lit(factory) == (False, False)
    assert not bench.mechanism.motors_on


def test_the_simulated_machine_is_lit_by_its_pins() -> None:
    card = np.full((640, 448, 3), 120, np.uint8)
    machine = SimulatedMachine(FeederPins(), (640, 360), lights=PINS)
    try:
        printed = Printed(Printing("one", "game", "One"), lambda: card)
        machine.load(draw_deck([printed], 1, seed=1))
        machine.camera._in_view = lambda: (machine.cards[0], 0.0)
        assert machine.lights is not None
        left, right = capture_lit(machine.camera, machine.lights)
        assert right is not None
        halves = [
            (frame.picture[:, :320].mean(), frame.picture[:, 320:].mean())
            for frame in (left, right)
        ]
        assert halves[0][0] > halves[0][1]
        assert halves[1][0] < halves[1][1]
        assert machine.lit_from() is None
    finally:
        machine.close()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"lights__left_pin": 5}, "both pins"),
        ({"lights__left_pin": 5, "lights__right_pin": 5}, "a pin each"),
        (
            {"lights__left_pin": 17, "lights__right_pin": 6},
            "both lights.left_pin and feeder.motor_pin",
        ),
    ],
)
def test_pins_that_do_not_fit_are_refused(given: dict[str, int], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load_settings(**given)
