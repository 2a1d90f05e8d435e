"""The settings of the machine's parts, and the drivers that they choose."""

from __future__ import annotations

from typing import Any

import pytest

from firmware.drivers import (
    limits_of,
    make_signals,
    make_sorter,
    pins_of,
    sorter_pins_of,
)
from firmware.simulated.wiring import SimulatedPins, WiredFactory
from firmware.sorter_pins import ServoPins, StepperPins
from scanner.config import load_settings
from scanner.errors import ConfigError


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"sorter": {"driver": "servo", "bins": 3, "bin_angles_deg": [0, 10]}}, "2 entries for 3"),
        ({"sorter": {"driver": "servo", "bins": 2, "bin_angles_deg": [0, 95]}}, "-90 to 90"),
        ({"sorter": {"bins": 3, "bin_full_pins": [5, 6]}}, "2 entries for 3 bins"),
        ({"sorter": {"bins": 2, "bin_full_pins": [5, 77]}}, "from 0 to 53"),
        ({"sorter": {"bins": 4, "review_bin": 5}}, "a bin above 4 is named"),
        ({"sorter": {"bins": 17}}, "less than or equal to 16"),
        ({"signals": {"red_pin": 5}}, "all three pins"),
        ({"sorter": {"driver": "servo", "servo_pin": 17}}, "feeder.motor_pin and sorter.servo_pin"),
        (
            {"sorter": {"driver": "stepper", "bins": 2, "bin_full_pins": [20, 6]}},
            "sorter.step_pin and sorter.bin_full_pins[0]",
        ),
        (
            {"signals": {"button_pin": 5}, "lights": {"left_pin": 5, "right_pin": 6}},
            "lights.left_pin and signals.button_pin",
        ),
    ],
)
def test_settings_that_do_not_fit_together_say_which(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(**given)
    assert says in str(refused.value)


def test_pins_of_parts_that_are_not_used_are_free() -> None:
    load_settings(sorter={"driver": "none", "servo_pin": 17})
    load_settings(feeder={"driver": "handsfree"}, signals={"button_pin": 17})


def test_the_environment_lists_angles_and_pins_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSCAN_SORTER_BINS", "2")
    monkeypatch.setenv("COUNTERSCAN_SORTER_BIN_ANGLES_DEG", "-30, 30.5")
    monkeypatch.setenv("COUNTERSCAN_SORTER_BIN_FULL_PINS", "5,6")
    sorter = load_settings().sorter
    assert sorter.bin_angles_deg == (-30.0, 30.5)
    assert sorter.bin_full_pins == (5, 6)


def test_without_sorter_and_signals_there_are_no_drivers() -> None:
    settings = load_settings()
    assert sorter_pins_of(settings) is None
    assert make_sorter(settings) is None
    assert make_signals(settings) is None


def test_a_servo_spreads_its_bins_evenly_unless_angles_are_given() -> None:
    pins = sorter_pins_of(load_settings(sorter={"driver": "servo", "bins": 3}))
    assert pins == ServoPins(12, (-67.5, 0.0, 67.5))
    given = {"driver": "servo", "bins": 2, "bin_angles_deg": [-20, 35]}
    assert sorter_pins_of(load_settings(sorter=given)) == ServoPins(12, (-20.0, 35.0))


def test_the_drivers_that_the_settings_name_are_made_on_their_pins() -> None:
    settings = load_settings(
        sorter={"driver": "stepper", "bins": 16, "steps_per_bin": 20, "bin_full_pins": [13]},
        signals={"red_pin": 5, "green_pin": 6, "blue_pin": 7, "pedal_pin": 10},
        feeder={"hopper_sensor_pin": 25, "thickness_sensor_pin": 4, "door_pin": 26},
    )
    pins = sorter_pins_of(settings)
    assert pins == StepperPins(20, 21, 16, 16, 20, None, (13,))
    wired = SimulatedPins(pins_of(settings), lambda *_: None, sorter=pins)
    sorter = make_sorter(settings, wired.factory)
    signals = make_signals(settings, WiredFactory())
    assert sorter is not None
    assert signals is not None
    try:
        assert sorter.bins == 16
        assert sorter.must_stand_still
    finally:
        sorter.close()
        signals.close()


def test_the_loops_limits_follow_the_settings() -> None:
    limits = limits_of(load_settings(feeder={"driver": "gpio", "hopper_sensor_pin": 25}))
    assert limits.early_look
    assert limits.stage_next
    assert limits.has_hopper_sensor
    by_hand = limits_of(load_settings(feeder={"driver": "handsfree"}))
    assert not by_hand.early_look
    assert not by_hand.stage_next
    assert by_hand.feed_timeout_s is None
