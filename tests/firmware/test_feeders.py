"""The feeders: rollers and beams on simulated pins, and a hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from firmware.events import (
    CardEntered,
    CardLeft,
    CardPassed,
    CardSeated,
    DoorOpened,
    EmergencyPressed,
    Event,
    TwoCards,
)
from firmware.feeder_gpio import GpioFeeder
from firmware.feeder_pins import FeederPins
from firmware.handsfree import HandsFree
from firmware.simulated.mechanism import Mechanism
from firmware.simulated.wiring import wire
from scanner.errors import FeederError


class FeederBench:
    """A feeder with the means to make the world do something."""

    def __init__(self, cards: int):
        self.mechanism = Mechanism()
        self.mechanism.load(range(cards))
        self.pins = FeederPins(door_switch=5, emergency_stop=6)
        self.wired = wire(self.mechanism, self.pins)
        self.feeder = GpioFeeder(self.pins, factory=self.wired.factory)
        self.news: list[Event] = []
        self.feeder.listen(self.news.append)

    def let_pass(self, seconds: float = 2.0) -> list[Event]:
        self.mechanism.advance(seconds)
        news, self.news[:] = list(self.news), []
        return news


@pytest.fixture
def bench() -> Iterator[Callable[[int], FeederBench]]:
    made: list[FeederBench] = []

    def make(cards: int) -> FeederBench:
        made.append(FeederBench(cards))
        return made[-1]

    yield make
    for one in made:
        one.feeder.close()


def test_the_gpio_feeder_brings_one_card_and_stops(bench: Any) -> None:
    machine = bench(3)
    machine.feeder.feed()
    machine.feeder.permit()
    assert machine.let_pass() == [CardEntered(), CardPassed(), CardSeated()]
    assert machine.feeder.card_seated
    assert not machine.mechanism.motors_on
    assert machine.mechanism.in_path == [0]


def test_the_gpio_feeder_lets_one_card_go_and_stops(bench: Any) -> None:
    machine = bench(3)
    machine.feeder.feed()
    machine.feeder.permit()
    machine.let_pass()
    machine.feeder.eject()
    assert machine.let_pass() == [CardLeft()]
    assert not machine.feeder.card_seated
    assert not machine.mechanism.motors_on
    assert machine.mechanism.binned == [0]


def test_feeding_into_a_full_bay_and_ejecting_from_an_empty_one_are_answered_at_once(
    bench: Any,
) -> None:
    machine = bench(3)
    machine.feeder.eject()
    assert machine.news == [CardLeft()]
    machine.news.clear()
    machine.feeder.feed()
    machine.feeder.permit()
    machine.let_pass()
    machine.feeder.feed()
    machine.feeder.permit()
    assert machine.news == [CardSeated()]


def test_a_card_half_way_out_counts_as_in_the_bay_and_is_ejected_further(bench: Any) -> None:
    machine = bench(3)
    machine.feeder.feed()
    machine.feeder.permit()
    machine.let_pass()
    machine.feeder.eject()
    machine.mechanism.advance(0.15)
    machine.feeder.stop_safe()
    assert machine.mechanism.card_in_view is None
    assert machine.feeder.card_seated
    machine.feeder.eject()
    assert machine.let_pass() == [CardLeft()]


def test_two_cards_that_come_at_once_are_told(bench: Any) -> None:
    machine = bench(0)
    machine.mechanism.faults = machine.mechanism.faults.__class__(double_feed=1.0)
    machine.mechanism.load(range(4))
    machine.feeder.feed()
    machine.feeder.permit()
    assert TwoCards() in machine.let_pass()
    assert not machine.mechanism.motors_on


def test_a_machine_that_starts_with_the_stop_pressed_says_so_and_does_not_move(bench: Any) -> None:
    machine = bench(3)
    machine.wired.factory.pin(5).drive_wire(False)
    machine.wired.factory.pin(6).drive_wire(False)
    machine.news.clear()
    machine.feeder.listen(machine.news.append)
    assert machine.news == [DoorOpened(), EmergencyPressed()]
    machine.feeder.feed()
    machine.feeder.permit()
    assert not machine.mechanism.motors_on


def test_closing_a_feeder_switches_its_motors_off(bench: Any) -> None:
    machine = bench(3)
    machine.feeder.feed()
    machine.feeder.permit()
    machine.feeder.close()
    assert not machine.mechanism.motors_on
    machine.feeder.stop_safe()


def test_pins_that_can_not_be_had_are_an_error_with_a_way_out(bench: Any) -> None:
    machine = bench(1)
    with pytest.raises(FeederError, match="group gpio"):
        GpioFeeder(machine.pins, factory=machine.wired.factory)


def test_the_hand_is_answered_without_motors() -> None:
    hand, news = HandsFree(), []
    hand.listen(news.append)
    hand.feed()
    hand.eject()
    assert news == [CardLeft()]
    assert not hand.card_seated
    hand.stop_safe()
    hand.close()
