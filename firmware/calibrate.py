"""`counterscan calibrate`: measures the machine as it stands and prints the settings that fit it.

Lay some cards in the hopper first (by hand: one card under the camera). Nothing is logged. Each
part is measured on its own; what is off is told with what to do about it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware.calibrate_parts import measure_camera, measure_feeder, measure_sorter
from firmware.doctor import feed_runs
from firmware.drivers import Drivers, is_simulated, make_drivers
from scanner.config import Settings
from scanner.errors import AlreadyRunningError, MachineError, UsageError

PARTS = ("camera", "feeder", "sorter")


@dataclass(slots=True)
class Findings:
    """What a calibration came to: figures by part, what to do, and settings as they should be."""

    figures: dict[str, Any] = field(default_factory=dict)
    advice: list[str] = field(default_factory=list)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the parts, the number of cards and what to ask."""
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (all by default)"
    )
    parser.add_argument("--cards", type=int, default=5, help="cards that the feeder moves")
    parser.add_argument(
        "--yes", action="store_true", help="ask nothing: trust that the chute points at each bin"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object; asks nothing")


def run(args: argparse.Namespace) -> int:
    """Measure, print what to change and the lines for the settings; 1 when something is off.

    Raises UsageError for an unknown part, AlreadyRunningError beside a running feed process,
    MachineError when a part does not answer.
    """
    settings: Settings = args.settings
    unknown = sorted(set(args.parts) - set(PARTS))
    if unknown:
        raise UsageError(f"there is no part {unknown[0]!r}; choose from {', '.join(PARTS)}")
    if not 1 <= args.cards <= 100:
        raise UsageError("--cards is a number from 1 to 100")
    if feed_runs(settings):
        raise AlreadyRunningError(
            "The feed process has the machine: stop it first (systemctl stop counterscan-feed)."
        )
    quiet = args.json or args.yes
    ask = None if quiet else _ask
    with ExitStack() as opened:
        drivers = _open(settings, args.cards, opened)
        found = calibrate(settings, drivers, args.parts or PARTS, args.cards, ask)
    print(_as_json(found) if args.json else text_of(found))
    return 1 if found.advice else 0


def calibrate(
    settings: Settings,
    drivers: Drivers,
    parts: tuple[str, ...] | list[str],
    cards: int,
    ask: Callable[[str], str] | None,
) -> Findings:
    """Measure the parts that this machine has; motors are off afterwards. Raises MachineError."""
    found = Findings()
    try:
        drivers.camera.start()
        if "feeder" in parts and drivers.feeder.has_bay_sensor:
            figures, advice, fitting = measure_feeder(drivers, cards)
            found.figures["feeder"], found.settings["feeder"] = figures, fitting
            found.advice += advice
        if "camera" in parts:
            figures, advice = measure_camera(drivers)
            found.figures["camera"] = figures
            found.advice += advice
        if "sorter" in parts and drivers.sorter is not None:
            figures, advice, fitting = measure_sorter(drivers.sorter, settings.sorter, ask)
            found.figures["sorter"], found.settings["sorter"] = figures, fitting
            found.advice += advice
    finally:
        drivers.feeder.stop_safe()
        drivers.camera.close()
        if drivers.sorter is not None:
            drivers.sorter.stop_safe()
    return found


def text_of(found: Findings) -> str:
    """The findings for a person, with lines to copy into the settings."""
    lines = [
        f"{part}: " + ", ".join(f"{name} {value}" for name, value in figures.items())
        for part, figures in found.figures.items()
    ]
    lines += [f"→ {sentence}" for sentence in found.advice] or ["Nothing needs to be changed."]
    fitting = {part: values for part, values in found.settings.items() if values}
    if fitting:
        lines += ["", "For counterscan.toml:"]
    for part, values in fitting.items():
        lines += [f"[{part}]", *(f"{name} = {value}" for name, value in values.items())]
    return "\n".join(lines)


def _open(settings: Settings, cards: int, opened: ExitStack) -> Drivers:
    if not is_simulated(settings):
        drivers = make_drivers(settings)
    else:
        from firmware.simulated.parts import simulated_drivers

        drivers = simulated_drivers(settings, cards + 1)
    opened.callback(drivers.close)
    if settings.camera.driver == "replay" and not Path(settings.camera.path).exists():
        raise MachineError(f"{settings.camera.path} is not there: correct camera.path.")
    return drivers


def _ask(question: str) -> str:
    return input(question).strip()


def _as_json(found: Findings) -> str:
    return json.dumps(
        {"figures": found.figures, "advice": found.advice, "settings": found.settings},
        ensure_ascii=False,
    )
