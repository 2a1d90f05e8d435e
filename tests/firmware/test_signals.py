"""Lamp, buzzer, button and pedal on simulated pins."""

from __future__ import annotations

import queue
import stat
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from firmware.events import ButtonHeld, ButtonPressed
from firmware.faults import FAULTS
from firmware.phases import Phase
from firmware.signals import SIGNALS, WORKING, Signal, pattern
from firmware.signals_gpio import GpioSignals, SignalPins
from firmware.simulated.wiring import WiredFactory
from scanner.errors import SignalsError
from scanner.pairing_code import FILE, publish_code, published_code

Make = Callable[..., Any]
LAMP, BUZZER, BUTTON, PEDAL = (5, 6, 13), 19, 20, 21


@pytest.fixture
def factory() -> WiredFactory:
    return WiredFactory()


@pytest.fixture
def signals(factory: WiredFactory) -> Iterator[GpioSignals]:
    signals = GpioSignals(SignalPins(LAMP, BUZZER, BUTTON, PEDAL), factory=factory)
    yield signals
    signals.close()


def hear(factory: WiredFactory, pin: int) -> queue.SimpleQueue[bool]:
    heard: queue.SimpleQueue[bool] = queue.SimpleQueue()
    factory.pin(pin).heard = heard.put
    return heard


def test_every_phase_has_a_code_and_no_two_faults_share_one() -> None:
    assert set(SIGNALS) == set(Phase)
    codes = [(SIGNALS[fault].colour, SIGNALS[fault].flashes) for fault in FAULTS]
    assert len(set(codes)) == len(FAULTS)
    assert {colour for colour, _ in codes} == {"red", "yellow"}


def test_flashes_are_parted_by_a_pause() -> None:
    lit = [colour for colour, _ in pattern(Signal("red", flashes=3))]
    assert lit == ["red", "off"] * 3
    seconds = [for_s for _, for_s in pattern(Signal("red", flashes=3))]
    assert seconds[-1] > 2 * seconds[0]
    assert pattern(Signal("green")) == ()


def read_by_eye(signal: Signal) -> str:
    """The digits as docs/HARDWARE.md tells a clerk to read them."""
    steps = pattern(signal)
    assert steps[0][0] == "white"
    assert steps[0][1] > 1, "a long white light says that the digits begin"
    digits, flashes = "", 0
    for (colour, lit_s), (between, dark_s) in zip(steps[2::2], steps[3::2], strict=True):
        assert between == "off"
        if colour == "red":
            assert lit_s > 1
        else:
            assert colour == "blue"
            flashes += 1
        if dark_s > 1:
            digits, flashes = digits + str(flashes), 0
    return digits


@pytest.mark.parametrize("digits", ["310942", "000000", "987651"])
def test_a_number_can_be_read_off_the_lamp(digits: str) -> None:
    assert read_by_eye(Signal("blue", digits=digits)) == digits


def test_the_lamp_shows_the_pages_code_between_batches_until_it_is_used(make_bench: Make) -> None:
    bench = make_bench(cards=2)
    shown: list[Signal] = []
    bench.machine.signals = SimpleNamespace(show=shown.append)
    bench.machine.pairing_code = partial(published_code, bench.data_dir)
    publish_code(bench.data_dir, "310 942")
    bench.work_until(lambda: bool(shown))
    assert shown[-1] == Signal("blue", digits="310942")
    bench.ask("start", expected_cards=2)
    bench.work_until_phase(Phase.FEEDING)
    assert shown[-1] == WORKING
    bench.work_until_phase(Phase.FINISHED)
    bench.work_until(lambda: shown[-1].digits == "310942")
    publish_code(bench.data_dir, "")
    bench.work_until(lambda: not shown[-1].digits)
    assert shown[-1] == SIGNALS[Phase.FINISHED]


@pytest.mark.parametrize(
    "garbage", [b"", b"12345", b"1234567", b"12a456", b"\xff\xfe12", b"\0" * 6]
)
def test_what_is_no_code_is_not_shown(tmp_path: Path, garbage: bytes) -> None:
    publish_code(tmp_path, "310 942")
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert published_code(tmp_path) == "310942"
    (tmp_path / FILE).write_bytes(garbage)
    assert published_code(tmp_path) == ""
    publish_code(tmp_path, "")
    publish_code(tmp_path, "")
    assert published_code(tmp_path) == ""


def test_the_lamp_shows_the_colour_and_flashes(signals: GpioSignals, factory: WiredFactory) -> None:
    red = hear(factory, LAMP[0])
    signals.show(SIGNALS[Phase.DOUBLE_FEED])
    assert [red.get(timeout=60) for _ in range(4)] == [True, False, True, False]
    assert not factory.pin(LAMP[1]).state
    green = hear(factory, LAMP[1])
    signals.show(SIGNALS[Phase.FEEDING])
    assert green.get(timeout=60)


def test_a_fault_beeps_once_and_a_card_beeps_each_time(
    signals: GpioSignals, factory: WiredFactory
) -> None:
    buzzer = hear(factory, BUZZER)
    signals.show(Signal("red", flashes=1, beeps=2))
    signals.show(Signal("red", flashes=1, beeps=2))
    assert [buzzer.get(timeout=60) for _ in range(4)] == [True, False, True, False]
    signals.beep()
    assert [buzzer.get(timeout=60) for _ in range(2)] == [True, False]
    assert buzzer.empty()


@pytest.fixture
def held_s(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a button must be held, so that no computer is too slow to let go of it in time."""
    monkeypatch.setattr("firmware.signals_gpio.HELD_S", request.param)


@pytest.mark.parametrize("held_s", [3600.0], indirect=True)
def test_button_and_pedal_are_told_apart(
    held_s: None, signals: GpioSignals, factory: WiredFactory
) -> None:
    news: queue.SimpleQueue[object] = queue.SimpleQueue()
    signals.listen(news.put)
    factory.pin(BUTTON).drive_wire(False)
    factory.pin(BUTTON).drive_wire(True)
    assert news.get(timeout=60) == ButtonPressed()
    factory.pin(PEDAL).drive_wire(False)
    factory.pin(PEDAL).drive_wire(True)
    assert news.get(timeout=60) == ButtonPressed(pedal=True)
    assert news.empty()


@pytest.mark.parametrize("held_s", [0.1], indirect=True)
def test_a_held_button_is_no_press(
    held_s: None, signals: GpioSignals, factory: WiredFactory
) -> None:
    news: queue.SimpleQueue[object] = queue.SimpleQueue()
    signals.listen(news.put)
    factory.pin(BUTTON).drive_wire(False)
    assert news.get(timeout=60) == ButtonHeld()
    factory.pin(BUTTON).drive_wire(True)
    assert news.empty()


def test_everything_is_dark_and_quiet_after_closing(factory: WiredFactory) -> None:
    signals = GpioSignals(SignalPins(LAMP, BUZZER), factory=factory)
    red = hear(factory, LAMP[0])
    signals.show(Signal("red"))
    assert red.get(timeout=60)
    signals.close()
    assert not red.get(timeout=60)
    assert [thread.name for thread in threading.enumerate()].count("signals") == 0


def test_pins_that_cannot_be_had_say_what_to_do(factory: WiredFactory) -> None:
    with pytest.raises(SignalsError, match=r"\[signals\]"):
        GpioSignals(SignalPins((99, 98, 97)), factory=factory)


class Shown:
    """Signals that only remember."""

    name = "remembering signals"

    def __init__(self) -> None:
        self.shown: list[Signal] = []
        self.beeps = 0

    def show(self, signal: Signal) -> None:
        self.shown.append(signal)

    def beep(self) -> None:
        self.beeps += 1


def test_the_lamp_follows_the_machine_and_the_button_starts_pauses_and_resumes(
    make_bench: Make,
) -> None:
    bench = make_bench(cards=4)
    shown = Shown()
    bench.machine.signals = shown
    bench.loop.inbox.put(ButtonPressed(pedal=True))
    bench.loop.turn()
    assert bench.loop.state.phase is Phase.IDLE
    bench.loop.inbox.put(ButtonPressed())
    bench.work_until(lambda: len(bench.told) == 1)
    bench.loop.inbox.put(ButtonPressed(pedal=True))
    bench.work_until_phase(Phase.PAUSED)
    assert shown.shown[-1] == SIGNALS[Phase.PAUSED]
    bench.loop.inbox.put(ButtonPressed())
    bench.work_until_phase(Phase.HOPPER_EMPTY)
    assert shown.shown[-1].colour == "yellow"
    bench.loop.inbox.put(ButtonHeld())
    bench.work_until_phase(Phase.FINISHED)
    assert bench.names() == [f"card-{card}" for card in range(4)]
    assert shown.beeps == 0
