"""Chooses the drivers that the settings name. Each is imported only when it is chosen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from firmware.camera import Camera
from firmware.feeder import Feeder
from firmware.feeder_pins import FeederPins
from firmware.lights import LightPins, Lights
from firmware.phases import Limits
from scanner.config import Settings
from scanner.errors import ConfigError, MachineError

FEED_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class Drivers:
    """The camera, the feeder and the lights in use, if there are lights.

    `before_batch` may refill a simulated hopper.
    """

    camera: Camera
    feeder: Feeder
    limits: Limits
    close: Callable[[], None]
    before_batch: Callable[[int], int] | None = None
    lights: Lights | None = None


def is_simulated(settings: Settings) -> bool:
    """Whether camera and feeder are both the simulated machine's."""
    return settings.camera.driver == settings.feeder.driver == "simulated"


def limits_of(settings: Settings) -> Limits:
    """The machine's times as the settings have them; a hand may take as long as it likes."""
    by_hand = settings.feeder.driver == "handsfree"
    return Limits(
        settle_s=0.0 if by_hand else settings.feeder.settle_s,
        feed_timeout_s=None if by_hand else max(FEED_TIMEOUT_S, settings.feeder.jam_timeout_s),
        jam_timeout_s=settings.feeder.jam_timeout_s,
    )


def pins_of(settings: Settings) -> FeederPins:
    """The feeder's pins as the settings have them."""
    feeder = settings.feeder
    return FeederPins(
        pick_motor=feeder.motor_pin,
        eject_motor=feeder.eject_motor_pin,
        entry_sensor=feeder.entry_sensor_pin,
        seated_sensor=feeder.seat_sensor_pin,
        exit_sensor=feeder.exit_sensor_pin,
        door_switch=feeder.door_pin if feeder.door_pin >= 0 else None,
        emergency_stop=feeder.emergency_pin if feeder.emergency_pin >= 0 else None,
    )


def light_pins_of(settings: Settings) -> LightPins | None:
    """The lights' pins as the settings have them; None for a machine without."""
    lights = settings.lights
    return LightPins(lights.left_pin, lights.right_pin) if lights.are_there else None


def make_lights(settings: Settings) -> Lights | None:
    """The lights on their real pins; None for a machine without. Raises LightsError."""
    pins = light_pins_of(settings)
    if pins is None:
        return None
    from firmware.lights_gpio import GpioLights

    return GpioLights(pins, settle_s=settings.lights.settle_ms / 1000)


def make_camera(settings: Settings) -> Camera:
    """The real or replayed camera that the settings name; it is not started yet."""
    camera = settings.camera
    if camera.driver == "picamera2":
        from firmware.camera_picamera2 import PiCamera

        return PiCamera(camera.width_px, camera.height_px)
    if camera.driver == "usb":
        from firmware.camera_usb import UsbCamera

        return UsbCamera(camera.device, camera.width_px, camera.height_px)
    from firmware.camera_replay import ReplayCamera

    return ReplayCamera(Path(camera.path), camera.width_px, camera.height_px)


def make_drivers(settings: Settings) -> Drivers:
    """Real drivers, as the settings name them.

    Raises ConfigError when camera and feeder do not go together, FeederError or LightsError when
    the pins can't be had. A simulated camera sees the simulated feeder's cards and nothing else.
    """
    camera_name, feeder_name = settings.camera.driver, settings.feeder.driver
    if "simulated" in (camera_name, feeder_name):
        raise ConfigError(
            f"camera.driver is {camera_name} and feeder.driver is {feeder_name}: a simulated one "
            "needs the other simulated too. Set both to simulated or neither."
        )
    if camera_name == "replay" and feeder_name != "handsfree":
        raise ConfigError(
            "camera.driver is replay: set feeder.driver to handsfree, because no motor can move "
            "the cards of a recording."
        )
    camera = make_camera(settings)
    feeder: Feeder
    if feeder_name == "handsfree":
        from firmware.handsfree import HandsFree

        feeder = HandsFree()
    else:
        from firmware.feeder_gpio import GpioFeeder

        feeder = GpioFeeder(pins_of(settings))
    closing = ExitStack()
    closing.callback(feeder.close)
    try:
        lights = make_lights(settings)
    except MachineError:
        closing.close()
        raise
    if lights is not None:
        closing.callback(lights.close)
    return Drivers(camera, feeder, limits_of(settings), closing.close, lights=lights)
