"""What the doctor makes of a picture, of lamps, of sensors and of buttons. No motor turns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import cv2
import numpy as np

from firmware.camera import Camera
from firmware.lights import Lights
from firmware.signals import Signals
from firmware.sorter import Sorter
from scanner.doctor_checks import Check, Status
from scanner.records import Picture

DARK_BELOW = 25.0
BLOWN_SHARE = 0.25
LAMP_LEVELS = 4.0
BEAMS = {"entry": "at the entry", "seat": "under the camera", "exit": "at the exit"}


def check_picture(camera: Camera) -> Check:
    """Take one picture and say whether anything can be seen in it. Raises CameraError."""
    picture = camera.capture().picture
    height_px, width_px = picture.shape[:2]
    level = _level(picture)
    blown = float(np.mean(picture.min(axis=2) > 250))
    found = f"{camera.name}: {width_px}×{height_px} pixels, brightness {level:.0f} of 255"
    if level < DARK_BELOW:
        return Check(
            "picture",
            Status.NOTE,
            f"{found}: too dark",
            "switch the light on, take the lens cap off",
        )
    if blown > BLOWN_SHARE:
        return Check(
            "picture",
            Status.NOTE,
            f"{found}: {blown:.0%} blown out",
            "dim the light or shade the tray from the sun",
        )
    return Check("picture", Status.GOOD, found)


def check_lamps(camera: Camera, lights: Lights) -> Check:
    """See whether each lamp makes the picture brighter. Raises CameraError."""
    lights.off()
    dark = _level(camera.capture().picture)
    levels = {}
    try:
        for side in ("left", "right"):
            lights.light("left" if side == "left" else "right")
            levels[side] = _level(camera.capture().picture)
    finally:
        lights.off()
    unlit = [side for side, level in levels.items() if level - dark < LAMP_LEVELS]
    found = ", ".join(f"{side} +{level - dark:.0f}" for side, level in levels.items())
    if unlit:
        return Check(
            "lamps",
            Status.BAD,
            f"the {' and the '.join(unlit)} lamp makes no difference ({found})",
            f"check its plug, its transistor and lights.{unlit[0]}_pin",
        )
    return Check("lamps", Status.GOOD, f"both light the tray ({found})")


def check_sensors(sensors: Mapping[str, bool | None]) -> Iterator[Check]:
    """Judge the feeder's sensors while the machine rests: True is broken, pressed, open, seen.

    None stands for a sensor that the machine does not have.
    """
    broken = [where for name, where in BEAMS.items() if sensors[name]]
    if broken:
        yield Check(
            "beams",
            Status.NOTE,
            f"something lies {' and '.join(broken)}",
            "take cards out; if there are none, wipe the light barrier and check its plug",
        )
    else:
        yield Check("beams", Status.GOOD, "all three are clear")
    yield _guard("door", sensors["door"], "the cover is open", "close it")
    yield _guard("emergency stop", sensors["emergency"], "it is pressed", "release it")
    yield _guard(
        "thickness", sensors["thick"], "it feels two cards", "clear it and adjust its screw"
    )
    if sensors["hopper"] is None:
        yield _without("hopper")
    else:
        seen = "cards lie in it" if sensors["hopper"] else "it is empty"
        yield Check("hopper", Status.GOOD, seen)


def check_bins(sorter: Sorter) -> Check:
    """Say which bins are full. A servo can't tell whether it turns: calibrate does."""
    full = sorted(sorter.full_bins)
    found = f"{sorter.name}, {sorter.bins} bins"
    if full:
        numbers = ", ".join(map(str, full))
        return Check(
            "bins", Status.NOTE, f"{found}, full: {numbers}", "empty them, or wipe their sensors"
        )
    return Check("bins", Status.GOOD, f"{found}, none is seen full")


def check_buttons(signals: Signals) -> Check:
    """Find a button that is pressed all the time."""
    pressed = signals.pressed
    if pressed:
        names = " and ".join(pressed)
        return Check(
            "buttons",
            Status.NOTE,
            f"{names} pressed",
            "let go; if nobody presses, check the wire: a button closes its pin to ground",
        )
    return Check("buttons", Status.GOOD, "none is pressed")


def _guard(name: str, active: bool | None, trouble: str, remedy: str) -> Check:
    if active is None:
        return _without(name)
    if active:
        return Check(name, Status.NOTE, trouble, remedy)
    return Check(name, Status.GOOD, "as it should be")


_WITHOUT = {
    "door": "nothing stops the motors when the cover is opened",
    "emergency stop": "nothing stops the motors at a touch",
    "thickness": "two cards that stick together are seen by the picture alone",
    "hopper": "an empty hopper is noticed only after some seconds",
}


def _without(name: str) -> Check:
    return Check(
        name, Status.NOTE, f"none: {_WITHOUT[name]}", "docs/HARDWARE.md tells how to add it"
    )


def _level(picture: Picture) -> float:
    return float(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).mean())
