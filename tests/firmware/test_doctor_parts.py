"""The doctor tries each part by its driver, moves nothing, and says what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from firmware.camera import Frame, checked_frame
from firmware.doctor import try_parts
from firmware.doctor_parts import (
    check_bins,
    check_buttons,
    check_lamps,
    check_picture,
    check_sensors,
)
from firmware.signals_gpio import GpioSignals, SignalPins
from firmware.simulated.wiring import WiredFactory
from scanner.config import load_settings
from scanner.doctor_checks import Status
from scanner.store import Store


class Lit:
    """A camera over a tray, and the lamps that light it."""

    def __init__(self, level: int, left: int = 0, right: int = 0):
        self.name = "test camera"
        self._level, self._gain = level, {"left": left, "right": right}
        self._side = ""

    def start(self) -> None: ...

    def close(self) -> None: ...

    def light(self, side: str) -> None:
        self._side = side

    def off(self) -> None:
        self._side = ""

    def capture(self) -> Frame:
        level = min(255, self._level + self._gain.get(self._side, 0))
        return checked_frame(np.full((480, 640, 3), level, np.uint8))


def test_a_picture_is_judged_by_its_light() -> None:
    assert check_picture(Lit(120)).status is Status.GOOD
    assert "lens cap" in check_picture(Lit(5)).remedy
    assert "dim the light" in check_picture(Lit(255)).remedy


def test_a_lamp_that_makes_no_difference_is_named_and_both_are_off_afterwards() -> None:
    good = Lit(60, 40, 40)
    assert check_lamps(good, good).status is Status.GOOD
    assert good._side == ""
    broken = Lit(60, 40, 0)
    check = check_lamps(broken, broken)
    assert check.status is Status.BAD
    assert "right lamp" in check.found
    assert "lights.right_pin" in check.remedy


def test_sensors_are_judged_while_the_machine_rests(make_bench: Callable[..., Any]) -> None:
    bench = make_bench(cards=3, sensors=True)
    checks = {check.name: check for check in check_sensors(bench.feeder.sensors())}
    assert {check.status for check in checks.values()} == {Status.GOOD}
    assert checks["hopper"].found == "cards lie in it"
    bench.feeder.feed()
    bench.feeder.permit()
    bench.mechanism.advance(2.0)
    bench.pins.factory.pin(5).drive_wire(False)
    checks = {check.name: check for check in check_sensors(bench.feeder.sensors())}
    assert "under the camera" in checks["beams"].found
    assert checks["door"].remedy == "close it"


def test_what_a_machine_does_not_have_is_told_with_what_it_costs() -> None:
    names = ("entry", "seat", "exit", "door", "emergency", "hopper", "thick")
    none = {name: False if name in ("entry", "seat", "exit") else None for name in names}
    notes = [check for check in check_sensors(none) if check.status is Status.NOTE]
    assert {note.name for note in notes} == {"door", "emergency stop", "thickness", "hopper"}
    assert all("docs/HARDWARE.md" in note.remedy for note in notes)
    assert (Path(__file__).parents[2] / "docs/HARDWARE.md").exists()


def test_full_bins_are_listed(make_bench: Callable[..., Any]) -> None:
    bench = make_bench(bins=4, capacity=1)
    sorter = bench.machine.gate.sorter
    assert check_bins(sorter).status is Status.GOOD
    bench.mechanism.diverter.lay(7, 3)
    assert "full: 3" in check_bins(sorter).found


def test_a_button_that_is_stuck_is_found() -> None:
    factory = WiredFactory()
    signals = GpioSignals(SignalPins(button=20, pedal=21), factory=factory)
    try:
        assert check_buttons(signals).status is Status.GOOD
        factory.pin(21).drive_wire(False)
        assert check_buttons(signals).found == "pedal pressed"
    finally:
        signals.close()


def test_a_part_that_cannot_be_opened_is_bad_and_the_rest_is_not_tried(tmp_path: Path) -> None:
    settings = load_settings(
        data_dir=tmp_path, camera={"driver": "usb", "device": 63}, feeder__driver="handsfree"
    )
    [check] = try_parts(settings)
    assert check.status is Status.BAD
    assert "/dev/video63" in check.found


def test_beside_a_running_feed_the_parts_are_left_alone(
    counterscan: Callable[..., Any], tmp_path: Path
) -> None:
    with Store.open(tmp_path, role="feed"):
        checks = try_parts(load_settings(data_dir=tmp_path))
        done = counterscan("--data", tmp_path, "doctor", "--json")
    assert [check.found for check in checks] == ["in use by the feed process, which watches them"]
    named = {check["name"] for check in json.loads(done.stdout)["checks"]}
    assert {"camera", "feeder", "lights", "sorter", "signals", "parts"} <= named
