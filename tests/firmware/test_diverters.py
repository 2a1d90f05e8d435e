"""The diverters' drivers on simulated pins, and the times around them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from firmware.feeder_pins import FeederPins
from firmware.simulated.mechanism import Mechanism
from firmware.simulated.virtual_time import VirtualClock
from firmware.simulated.wiring import SimulatedPins, WiredFactory, wire
from firmware.sorter import Gate
from firmware.sorter_pins import ServoPins, StepperPins, even_angles_deg
from firmware.sorter_servo_gpio import ServoSorter
from firmware.sorter_stepper_gpio import StepperSorter
from scanner.errors import SorterError

STEPPER = StepperPins(
    step=20, direction=21, home=16, bins=6, steps_per_bin=8, enable=26, bin_full=(5,)
)


class Shaft:
    """Where the stepper has been sent, and a way to wait for it."""

    def __init__(self) -> None:
        self.place = 0.0
        self.changed = threading.Condition()

    def turn(self, place: float) -> None:
        with self.changed:
            self.place = place
            self.changed.notify_all()


@pytest.fixture
def shaft() -> Shaft:
    return Shaft()


@pytest.fixture
def stepper(shaft: Shaft) -> Iterator[tuple[StepperSorter, SimulatedPins]]:
    pins = SimulatedPins(FeederPins(), lambda *_: None, sorter=STEPPER, on_diverter=shaft.turn)
    sorter = StepperSorter(STEPPER, steps_per_s=5000, factory=pins.factory)
    yield sorter, pins
    sorter.close()


def wait_until_there(sorter: StepperSorter, shaft: Shaft) -> None:
    with shaft.changed:
        assert shaft.changed.wait_for(lambda: sorter.remaining_s() == 0, timeout=60)


def test_a_stepper_finds_its_switch_first_and_then_every_bin(
    stepper: tuple[StepperSorter, SimulatedPins], shaft: Shaft
) -> None:
    sorter, pins = stepper
    assert sorter.bins == 6
    for number in (4, 1, 6, 2):
        sorter.aim(number)
        wait_until_there(sorter, shaft)
        assert shaft.place == number
    assert not pins.factory.pin(26).state, "EN is low while the motor holds"
    sorter.stop_safe()
    assert pins.factory.pin(26).state
    sorter.aim(3)
    wait_until_there(sorter, shaft)
    assert shaft.place == 3


def test_a_stepper_without_its_switch_says_what_to_check(
    stepper: tuple[StepperSorter, SimulatedPins],
) -> None:
    sorter, pins = stepper
    pins.factory.pin(20).heard = None
    sorter.aim(2)
    complaints: list[str] = []

    def ask() -> None:
        while not complaints:
            try:
                sorter.remaining_s()
            except SorterError as error:
                complaints.append(str(error))

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join(timeout=60)
    assert "home_pin" in complaints[0]


def test_a_travelling_sensor_looks_only_where_the_chute_points(
    stepper: tuple[StepperSorter, SimulatedPins], shaft: Shaft
) -> None:
    sorter, pins = stepper
    pins.show_full(frozenset({3}))
    assert sorter.must_stand_still
    assert sorter.full_bins == frozenset()
    assert sorter.bins_in_sight == frozenset()
    sorter.aim(3)
    wait_until_there(sorter, shaft)
    assert sorter.full_bins == sorter.bins_in_sight == {3}
    sorter.stop_safe()
    assert sorter.full_bins == sorter.bins_in_sight == {3}, "the chute rests where it stood"
    sorter.aim(2)
    wait_until_there(sorter, shaft)
    assert sorter.full_bins == frozenset()


def make_servo(angles_deg: tuple[float, ...]) -> tuple[ServoSorter, Mechanism, VirtualClock]:
    mechanism = Mechanism()
    pins = ServoPins(12, angles_deg)
    wired = wire(mechanism, FeederPins(), pins)
    clock = VirtualClock(mechanism)
    sorter = ServoSorter(pins, s_per_degree=0.002, factory=wired.factory, now_s=clock.now_s)
    return sorter, mechanism, clock


@pytest.mark.parametrize(
    "angles_deg", [even_angles_deg(2), even_angles_deg(16), (60.0, -10.0, 30.0)]
)
def test_a_servo_turns_to_each_bins_angle_in_the_time_that_it_says(
    angles_deg: tuple[float, ...],
) -> None:
    sorter, mechanism, _ = make_servo(angles_deg)
    try:
        for number in [*range(1, len(angles_deg) + 1), 1]:
            sorter.aim(number)
            mechanism.advance(sorter.remaining_s() + 0.4)
            assert round(mechanism.diverter.place, 1) == number
    finally:
        sorter.close()


def test_a_servo_that_stands_right_takes_no_time_and_one_that_was_off_the_whole_way() -> None:
    sorter, _, clock = make_servo((-60.0, 0.0, 60.0))
    try:
        sorter.aim(1)
        assert sorter.remaining_s() == pytest.approx(0.36)
        clock._now_s += 1.0
        sorter.aim(1)
        assert sorter.remaining_s() == 0
        sorter.aim(2)
        assert sorter.remaining_s() == pytest.approx(0.12)
        sorter.stop_safe()
        clock._now_s += 1.0
        sorter.aim(2)
        assert sorter.remaining_s() == pytest.approx(0.36)
    finally:
        sorter.close()


def test_the_gate_waits_for_the_falling_card_before_it_turns() -> None:
    sorter, mechanism, clock = make_servo((-60.0, 0.0, 60.0))
    try:
        gate = Gate(sorter, clock, lead_s=0.05, clear_s=0.15)
        gate.aim(1)
        clock._now_s += 1.0
        assert gate.opens_in_s() == pytest.approx(0.31)  # it turns from now on
        clock._now_s += 1.0
        assert gate.opens_in_s() == 0
        gate.card_left()
        gate.aim(3)
        assert gate.opens_in_s() == pytest.approx(0.15)
        assert mechanism.diverter.target == 1
        clock._now_s += 0.15
        assert gate.opens_in_s() == pytest.approx(0.24 - 0.05)
        assert mechanism.diverter.target == 3
        clock._now_s += 0.2
        assert gate.opens_in_s() == 0
    finally:
        sorter.close()


def test_a_servo_sent_elsewhere_on_its_way_takes_as_long_as_from_its_worst_place() -> None:
    sorter, _, clock = make_servo((-60.0, 0.0, 60.0))
    try:
        sorter.aim(1)
        clock._now_s += 1.0
        sorter.aim(3)
        clock._now_s += 0.08
        assert sorter.remaining_s() == pytest.approx(0.16)  # it may stand anywhere from -20 to 60
        sorter.aim(2)
        assert sorter.remaining_s() == pytest.approx(0.12)
        clock._now_s += 1.0
        sorter.aim(3)
        clock._now_s += 0.02
        sorter.aim(1)
        assert sorter.remaining_s() == pytest.approx(0.24)
    finally:
        sorter.close()


def test_the_gate_waits_for_the_next_card_in_the_middle_of_the_bins_used_lately() -> None:
    angles_deg = even_angles_deg(9)
    sorter, mechanism, clock = make_servo(angles_deg)
    try:
        gate = Gate(sorter, clock, lead_s=0.15, clear_s=0.15)
        gate.wait_in_the_middle()
        assert mechanism.diverter.target == 1, "nobody knows yet which bins are used"
        for number in (9, 1):
            clock._now_s += 1.0
            gate.aim(number)
        assert mechanism.diverter.target == 1
        gate.card_left()
        gate.wait_in_the_middle()
        assert mechanism.diverter.target == 1, "a card still falls"
        clock._now_s += gate.clears_in_s()
        gate.wait_in_the_middle()
        assert mechanism.diverter.target == 5
        clock._now_s += 0.2
        for number in (1, 9):
            gate.aim(number)
            assert gate.opens_in_s() == 0, "no bin is farther than a card's own way"
            clock._now_s += 1.0
            gate.card_left()
            clock._now_s += 1.0
            gate.wait_in_the_middle()
            clock._now_s += 1.0
    finally:
        sorter.close()


def test_the_gate_stays_where_it_is_while_the_bins_used_lately_are_near() -> None:
    sorter, mechanism, clock = make_servo(even_angles_deg(9))
    try:
        gate = Gate(sorter, clock, lead_s=0.15, clear_s=0.15)
        for number in (2, 5, 2):
            gate.aim(number)
            clock._now_s += 1.0
        gate.card_left()
        clock._now_s += 1.0
        gate.wait_in_the_middle()
        assert mechanism.diverter.target == 2
    finally:
        sorter.close()


def test_pins_that_cannot_be_had_say_what_to_do() -> None:
    with pytest.raises(SorterError, match=r"\[sorter\]"):
        ServoSorter(ServoPins(99, (0.0, 1.0)), s_per_degree=0.002, factory=WiredFactory(99))
    with pytest.raises(SorterError, match=r"\[sorter\]"):
        StepperSorter(StepperPins(99, 98, 97, 2, 10), steps_per_s=100, factory=WiredFactory())
