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
from firmware.signals import Signals
from firmware.sorter import Sorter
from firmware.sorter_pins import ServoPins, SorterPins, StepperPins, even_angles_deg
from scanner.config import Settings
from scanner.errors import ConfigError, MachineError

FEED_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class Drivers:
    """The camera and the feeder in use; lights, sorter and signals where there are any.

    `before_batch` may refill a simulated hopper.
    """

    camera: Camera
    feeder: Feeder
    limits: Limits
    close: Callable[[], None]
    before_batch: Callable[[int], int] | None = None
    lights: Lights | None = None
    sorter: Sorter | None = None
    signals: Signals | None = None


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
        early_look=settings.feeder.early_look and not by_hand,
        stage_next=settings.feeder.stage_next and not by_hand,
        has_hopper_sensor=settings.feeder.hopper_sensor_pin >= 0,
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
        door_switch=_pin(feeder.door_pin),
        emergency_stop=_pin(feeder.emergency_pin),
        hopper_sensor=_pin(feeder.hopper_sensor_pin),
        thickness_sensor=_pin(feeder.thickness_sensor_pin),
    )


def sorter_pins_of(settings: Settings) -> SorterPins | None:
    """The sorter's pins as the settings have them; None for a machine without."""
    sorter = settings.sorter
    if sorter.driver == "servo":
        angles_deg = sorter.bin_angles_deg or even_angles_deg(sorter.bins)
        return ServoPins(sorter.servo_pin, angles_deg, sorter.bin_full_pins)
    if sorter.driver == "stepper":
        return StepperPins(
            sorter.step_pin,
            sorter.direction_pin,
            sorter.home_pin,
            sorter.bins,
            sorter.steps_per_bin,
            _pin(sorter.enable_pin),
            sorter.bin_full_pins,
        )
    return None


def make_sorter(settings: Settings, factory: object | None = None) -> Sorter | None:
    """The sorter on its pins, those of `factory` if given; None for a machine without.

    Raises SorterError.
    """
    pins = sorter_pins_of(settings)
    if isinstance(pins, ServoPins):
        from firmware.sorter_servo_gpio import ServoSorter

        return ServoSorter(pins, s_per_degree=settings.sorter.ms_per_degree / 1000, factory=factory)
    if isinstance(pins, StepperPins):
        from firmware.sorter_stepper_gpio import StepperSorter

        return StepperSorter(pins, steps_per_s=settings.sorter.steps_per_s, factory=factory)
    return None


def make_signals(settings: Settings, factory: object | None = None) -> Signals | None:
    """Lamp, buzzer and buttons on their pins; None for a machine without. Raises SignalsError."""
    signals = settings.signals
    if not signals.are_there:
        return None
    from firmware.signals_gpio import GpioSignals, SignalPins

    lamp = (signals.red_pin, signals.green_pin, signals.blue_pin)
    return GpioSignals(
        SignalPins(
            lamp if signals.red_pin >= 0 else None,
            _pin(signals.buzzer_pin),
            _pin(signals.button_pin),
            _pin(signals.pedal_pin),
        ),
        factory=factory,
    )


def _pin(number: int) -> int | None:
    return number if number >= 0 else None


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
        if lights is not None:
            closing.callback(lights.close)
        sorter = None if feeder_name == "handsfree" else make_sorter(settings)
        if sorter is not None:
            closing.callback(sorter.close)
        signals = make_signals(settings)
        if signals is not None:
            closing.callback(signals.close)
    except MachineError:
        closing.close()
        raise
    return Drivers(
        camera,
        feeder,
        limits_of(settings),
        closing.close,
        lights=lights,
        sorter=sorter,
        signals=signals,
    )
