"""`counterscan doctor`: what the core can tell of this machine, then each part tried by its driver.

No motor turns. While the feed process runs the parts are its own, and only looked at from outside.
"""

from __future__ import annotations

import argparse
import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, suppress

from scanner import doctor
from scanner.config import Settings
from scanner.doctor_checks import Check, Status
from scanner.errors import CounterscanError
from scanner.store_lock import LOCK_FILE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """As the core's doctor."""
    doctor.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print every check; return 1 if something essential fails, else 0."""
    settings: Settings = args.settings
    checks = doctor.core_checks(settings)
    if not any(check.status is Status.BAD for check in checks if check.name in _PARTS):
        checks += try_parts(settings)
    return doctor.report(checks, as_json=args.json)


_PARTS = ("camera", "feeder", "lights", "sorter", "signals", "libraries")


def try_parts(settings: Settings) -> list[Check]:
    """Open each real part, read its sensors, take a picture, and close it again."""
    if feed_runs(settings):
        return [Check("parts", Status.GOOD, "in use by the feed process, which watches them")]
    return list(_tried(settings))


def feed_runs(settings: Settings) -> bool:
    """Whether a feed process has this data folder."""
    with suppress(OSError), ExitStack() as opened:
        descriptor = os.open(settings.data_dir / LOCK_FILE, os.O_RDWR | os.O_CLOEXEC)
        opened.callback(os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _tried(settings: Settings) -> Iterator[Check]:
    # Loaded here alone: the doctor must be able to speak where a library can't be imported.
    from firmware import doctor_parts as parts
    from firmware.drivers import make_camera, make_lights, make_signals, make_sorter, pins_of

    real_feeder = settings.feeder.driver == "gpio"
    with ExitStack() as opened:
        camera = None
        try:
            if settings.camera.driver in ("picamera2", "usb"):
                camera = make_camera(settings)
                opened.callback(camera.close)
                camera.start()
                yield parts.check_picture(camera)
            if settings.feeder.driver != "simulated":
                lights = make_lights(settings)
                if lights is not None:
                    opened.callback(lights.close)
                if lights is not None and camera is not None:
                    yield parts.check_lamps(camera, lights)
            if real_feeder:
                from firmware.feeder_gpio import GpioFeeder

                feeder = GpioFeeder(pins_of(settings))
                opened.callback(feeder.close)
                yield from parts.check_sensors(feeder.sensors())
                sorter = make_sorter(settings)
                if sorter is not None:
                    opened.callback(sorter.close)
                    yield parts.check_bins(sorter)
            if settings.feeder.driver != "simulated":
                signals = make_signals(settings)
                if signals is not None:
                    opened.callback(signals.close)
                    yield parts.check_buttons(signals)
        except CounterscanError as error:
            yield Check("parts", Status.BAD, str(error), "mend that, then run the doctor again")
