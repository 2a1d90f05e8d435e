"""docs/HARDWARE.md tells of the machine as the settings and the simulated machine have it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from firmware.signals import SIGNALS
from firmware.simulated import mechanism
from scanner.config import Settings

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "HARDWARE.md").read_text(encoding="utf-8")
PINS = {
    setting: int(pin) for setting, pin in re.findall(r"^\| `(\w+\.\w+)` \| (\d+) \|", TEXT, re.M)
}
HEADER = {
    4: 7, 17: 11, 27: 13, 22: 15, 5: 29, 6: 31, 13: 33, 26: 37, 18: 12, 19: 35, 23: 16, 24: 18,
    25: 22, 12: 32, 16: 36, 20: 38, 21: 40, 7: 26, 8: 24, 9: 21, 10: 19, 11: 23,
}  # fmt: skip
"""Where each BCM number is on the 40-pin header."""


def example() -> Settings:
    block = re.search(r"```toml\n(.*?)```", TEXT, re.S)
    assert block is not None
    return Settings.model_validate(tomllib.loads(block[1]))


def test_the_settings_of_the_example_hold_the_pins_of_the_table() -> None:
    settings = example()
    assert len(PINS) == 19
    for setting, pin in PINS.items():
        section, name = setting.split(".")
        value = getattr(getattr(settings, section), name)
        assert value == ((pin,) if isinstance(value, tuple) else pin), setting


def test_no_pin_is_used_twice_and_each_is_where_the_header_has_it() -> None:
    assert len(set(PINS.values())) == len(PINS)
    rows = re.findall(r"^\| `\w+\.\w+` \| (\d+) \| (\d+) \|", TEXT, re.M)
    assert {int(pin): int(place) for pin, place in rows} == {
        pin: HEADER[pin] for pin in PINS.values()
    }
    others = re.findall(r"`\w+_pin` (\d+) \((?:header )?(\d+)\)", TEXT)
    assert [(int(pin), int(place)) for pin, place in others] == [
        (pin, HEADER[pin]) for pin in (12, 18, 19, 11)
    ]


def test_every_code_of_the_lamp_is_explained() -> None:
    numbers = ("steady", "one", "two", "three", "four", "five", "six")
    table = TEXT.split("## What the lamp says")[1].split("\n## ")[0]
    for phase, signal in SIGNALS.items():
        if signal.colour in ("red", "yellow"):
            assert f"| {signal.colour}, {numbers[signal.flashes]}" in table, phase


def test_the_distances_are_those_of_the_simulated_machine() -> None:
    for name, place_mm in (
        ("entry barrier", mechanism.ENTRY_BEAM_MM),
        ("seat barrier", mechanism.SEAT_BEAM_MM),
        ("stop", mechanism.SEAT_STOP_MM),
        ("exit barrier", mechanism.EXIT_BEAM_MM),
    ):
        assert re.search(rf"^\| {name}[^|]*\| {place_mm:g} \|", TEXT, re.M), name


def test_the_drawings_are_there_and_name_every_pin_of_the_table() -> None:
    wiring = (DOCS / "wiring.svg").read_text(encoding="utf-8")
    drawn = {int(pin) for pin in re.findall(r">(\d+)</text>", wiring)}
    assert set(PINS.values()) <= drawn
    assert (DOCS / "machine-side.svg").exists()
