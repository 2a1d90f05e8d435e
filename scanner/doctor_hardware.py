"""What the doctor looks at in the hardware, by the files the system shows; it opens no device.

The drivers themselves live in `firmware`, which the core never imports.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path

from scanner.config import Settings
from scanner.doctor_checks import Check, Status

DEVICES = Path("/dev")


def check_camera(settings: Settings) -> Check:
    """Tell whether what the camera driver needs is there."""
    camera = settings.camera
    if camera.driver == "simulated":
        return Check("camera", Status.NOTE, "SIMULATED: no real card is seen", _choose("camera"))
    if camera.driver == "replay":
        if Path(camera.path).exists():
            return Check("camera", Status.NOTE, f"REPLAY of {camera.path}", _choose("camera"))
        return Check("camera", Status.BAD, f"{camera.path} is not there", "correct camera.path")
    if camera.driver == "usb":
        return _check_device(
            "camera", DEVICES / f"video{camera.device}", "video", "plug the camera in"
        )
    if importlib.util.find_spec("picamera2") is None:
        return Check(
            "camera",
            Status.BAD,
            "picamera2 is not installed for this Python",
            "run: sudo apt-get install python3-picamera2, then make clean setup",
        )
    media = sorted(DEVICES.glob("media*"))
    if not media:
        return Check("camera", Status.BAD, "no /dev/media*", "check the camera's ribbon cable")
    return _check_device("camera", media[0], "video", "check the camera's ribbon cable")


def check_feeder(settings: Settings) -> Check:
    """Tell whether the GPIO pins can be reached, where the feeder needs them."""
    driver = settings.feeder.driver
    if driver == "simulated":
        return Check("feeder", Status.NOTE, "SIMULATED: no card is moved", _choose("feeder"))
    if driver == "handsfree":
        return Check("feeder", Status.GOOD, "hands-free: a person lays the cards")
    return _check_pins("feeder")


def check_lights(settings: Settings) -> Check:
    """Tell whether the lights' pins can be reached, where there are lights."""
    lights = settings.lights
    if not lights.are_there:
        return Check("lights", Status.GOOD, "none: a finish is told by the catalog alone")
    if settings.feeder.driver == "simulated":
        return Check("lights", Status.NOTE, "SIMULATED: no lamp is lit", _choose("feeder"))
    found = _check_pins("lights")
    if found.status is not Status.GOOD:
        return found
    pins = f"pins {lights.left_pin} (left) and {lights.right_pin} (right)"
    return Check("lights", Status.GOOD, f"{pins} on {found.found}")


def check_sorter(settings: Settings) -> Check:
    """Tell whether the sorter's pins can be reached, where there is a sorter."""
    sorter = settings.sorter
    if not sorter.is_there:
        return Check("sorter", Status.GOOD, "none: every card falls into one bin")
    if settings.feeder.driver == "handsfree":
        return Check(
            "sorter",
            Status.NOTE,
            "not used: a person lays the cards into the bins that the page names",
            "set sorter.driver to none, or feeder.driver to gpio",
        )
    if settings.feeder.driver == "simulated":
        return Check("sorter", Status.NOTE, "SIMULATED: no card falls", _choose("feeder"))
    found = _check_pins("sorter")
    if found.status is not Status.GOOD:
        return found
    return Check("sorter", Status.GOOD, f"{sorter.driver}, {sorter.bins} bins, on {found.found}")


def check_signals(settings: Settings) -> Check:
    """Tell whether the pins of lamp, buzzer and buttons can be reached, where there are any."""
    signals = settings.signals
    if not signals.are_there:
        return Check("signals", Status.GOOD, "none: faults are told on the page alone")
    if settings.feeder.driver == "simulated":
        return Check(
            "signals", Status.NOTE, "SIMULATED: nothing shines or beeps", _choose("feeder")
        )
    return _check_pins("signals")


def _check_pins(name: str) -> Check:
    """Tell whether gpiozero can drive pins here."""
    if importlib.util.find_spec("lgpio") is None:
        return Check(
            name,
            Status.BAD,
            "lgpio is not installed for this Python",
            "run: sudo apt-get install python3-lgpio, then make clean setup",
        )
    chips = sorted(DEVICES.glob("gpiochip*"))
    if not chips:
        return Check(name, Status.BAD, "no /dev/gpiochip*", "run this on a Raspberry Pi")
    return _check_device(name, chips[0], "gpio", "run this on a Raspberry Pi")


def _check_device(name: str, device: Path, group: str, plug: str) -> Check:
    if not device.exists():
        return Check(name, Status.BAD, f"{device} is not there", plug)
    if not os.access(device, os.R_OK | os.W_OK):
        remedy = f"run: sudo usermod -aG {group} $USER, then log in again"
        return Check(name, Status.BAD, f"{device} may not be opened by this user", remedy)
    return Check(name, Status.GOOD, str(device))


def _choose(section: str) -> str:
    return f"on the appliance set {section}.driver in counterscan.toml"


HARDWARE_CHECKS: tuple[Callable[[Settings], Check], ...] = (
    check_camera,
    check_feeder,
    check_lights,
    check_sorter,
    check_signals,
)
