"""Connects the mechanism's model to gpiozero's mock pins, so that the real driver runs against it.

The mechanism may live here, moved by a thread in scaled time or by a test's virtual clock, or in
another process (`firmware.simulated.server`), as cardboard does.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

import numpy as np
from gpiozero.pins.mock import MockFactory, MockPin, MockPWMPin

from firmware.feeder_pins import FeederPins
from firmware.simulated.mechanism import Beams, Mechanism
from firmware.sorter_pins import (
    SERVO_FROM_DEG,
    SERVO_TO_DEG,
    ServoPins,
    SorterPins,
    StepperPins,
    bins_of,
)

PACE_S = 0.002
FRAME_MS = 20.0
SERVO_DEG_PER_S = 550.0
PULSE_FROM_MS, PULSE_TO_MS = 1.0, 2.0


class WiredPin(MockPin):  # type: ignore[misc]  # gpiozero ships no types
    """A mock pin whose output is heard and whose input follows a wire, whatever its pull says."""

    heard: Callable[[bool], None] | None = None
    wire_high: bool | None = None

    def _change_state(self, value: bool) -> bool:
        changed = bool(super()._change_state(value))
        # gpiozero keeps every change for its assertions; a machine that runs for days must not.
        del self.states[:-1]
        if changed and self.heard is not None:
            self.heard(bool(value))
        return changed

    def _set_pull(self, value: str) -> None:
        super()._set_pull(value)
        self.follow_wire()

    def drive_wire(self, high: bool) -> None:
        """Set the level of the wire; an output pin ignores it."""
        self.wire_high = high
        self.follow_wire()

    def follow_wire(self) -> None:
        """Take the level of the wire, if there is one."""
        if self.wire_high is not None and self.function == "input":
            (self.drive_high if self.wire_high else self.drive_low)()


class WiredPwmPin(WiredPin, MockPWMPin):  # type: ignore[misc]
    """A wired pin that can make pulses; `on_duty` hears the share of the time that it is high."""

    on_duty: Callable[[float], None] | None = None

    def _change_state(self, value: float) -> bool:
        changed = bool(MockPin._change_state(self, value))
        del self.states[:-1]
        if changed and self.on_duty is not None:
            self.on_duty(float(value))
        return changed


class WiredFactory(MockFactory):  # type: ignore[misc]
    """Makes wired pins; the one named `pwm_pin` can make pulses."""

    def __init__(self, pwm_pin: int | None = None) -> None:
        super().__init__(pin_class=WiredPin)
        self._pwm_pin = pwm_pin

    def pin(self, name: int, pin_class: type[MockPin] | None = None) -> MockPin:
        """The pin of that number, the same at every call."""
        usual = WiredPwmPin if name == self._pwm_pin else WiredPin
        return super().pin(name, pin_class=pin_class or usual)


class SimulatedPins:
    """A factory of wired pins.

    `on_motor(name, on)` hears `pick` and `eject`, `on_diverter(place)` where the diverter is sent.
    """

    def __init__(
        self,
        pins: FeederPins,
        on_motor: Callable[[str, bool], None],
        *,
        sorter: SorterPins | None = None,
        on_diverter: Callable[[float], None] = lambda _place: None,
    ):
        servo_pin = sorter.servo if isinstance(sorter, ServoPins) else None
        self.factory = WiredFactory(servo_pin)
        self._motors = {"pick": pins.pick_motor, "eject": pins.eject_motor}
        self._beams = {
            "entry": pins.entry_sensor,
            "seat": pins.seated_sensor,
            "exit": pins.exit_sensor,
            "hopper": pins.hopper_sensor,
            "thick": pins.thickness_sensor,
        }
        self._bins = sorter.bin_full if sorter is not None else ()
        self._travels = sorter is not None and len(self._bins) == 1 < bins_of(sorter)
        self._full: frozenset[int] = frozenset()
        self._place = 1.0
        self._on_diverter = on_diverter
        for name, number in self._motors.items():
            self.factory.pin(number).heard = lambda on, name=name: on_motor(name, on)
        if isinstance(sorter, ServoPins):
            self.factory.pin(sorter.servo).on_duty = ServoWire(sorter, self._turn).turn
        elif sorter is not None:
            StepperWire(sorter, self.factory, self._turn)

    def show(self, beams: Beams) -> None:
        """Put what the sensors see on their pins: a broken beam pulls its pin low."""
        for name, number in self._beams.items():
            if number is not None:
                self.factory.pin(number).drive_wire(not getattr(beams, name))

    def show_full(self, full: frozenset[int]) -> None:
        """Put the bins' sensors on their pins: a full bin pulls its pin low."""
        self._full = full
        if self._travels:
            self.factory.pin(self._bins[0]).drive_wire(round(self._place) not in full)
            return
        for place, number in enumerate(self._bins, 1):
            self.factory.pin(number).drive_wire(place not in full)

    def _turn(self, place: float) -> None:
        self._on_diverter(place)
        self._place = place
        self.show_full(self._full)


class ServoWire:
    """What the servo makes of its pulses: 1 ms is one end of its way, 2 ms the other."""

    def __init__(self, pins: ServoPins, on_diverter: Callable[[float], None]):
        order = np.argsort(pins.bin_angles_deg)
        self._angles_deg = np.asarray(pins.bin_angles_deg)[order]
        self._places = order + 1.0
        self._on_diverter = on_diverter

    def turn(self, duty: float) -> None:
        """Turn to where the pulses say; without pulses it stays."""
        if duty <= 0:
            return
        share = (duty * FRAME_MS - PULSE_FROM_MS) / (PULSE_TO_MS - PULSE_FROM_MS)
        angle_deg = SERVO_FROM_DEG + share * (SERVO_TO_DEG - SERVO_FROM_DEG)
        place = float(np.interp(angle_deg, self._angles_deg, self._places))
        # Pulses carry the angle with the rounding of a float.
        self._on_diverter(round(place, 3))


class StepperWire:
    """Counts the steps as the motor's shaft does, and closes the switch at bin 1."""

    def __init__(
        self, pins: StepperPins, factory: MockFactory, on_diverter: Callable[[float], None]
    ):
        self._steps_per_bin = pins.steps_per_bin
        # It was left somewhere between the bins.
        self._steps = pins.steps_per_bin // 2
        self._on_diverter = on_diverter
        self._direction = factory.pin(pins.direction)
        self._home = factory.pin(pins.home)
        self._home.drive_wire(True)
        factory.pin(pins.step).heard = self._step

    def _step(self, high: bool) -> None:
        if not high:
            return
        self._steps = max(0, self._steps + (1 if self._direction.state else -1))
        self._home.drive_wire(self._steps > 0)
        self._on_diverter(1.0 + self._steps / self._steps_per_bin)


def wire(
    mechanism: Mechanism,
    pins: FeederPins,
    sorter: SorterPins | None = None,
    on_change: Callable[[], None] = lambda: None,
) -> SimulatedPins:
    """Connect a mechanism of this process to mock pins; somebody else advances it.

    `on_change` is called when a motor was switched: whoever advances it may be asleep.
    """

    def on_motor(name: str, on: bool) -> None:
        if name == "pick":
            mechanism.pick_on = on
        else:
            mechanism.eject_on = on
        on_change()

    def on_diverter(place: float) -> None:
        mechanism.diverter.target = place
        on_change()

    if sorter is not None:
        mechanism.diverter.bins = bins_of(sorter)
    if isinstance(sorter, ServoPins):
        angles_deg = sorter.bin_angles_deg
        span_deg = max(angles_deg) - min(angles_deg)
        mechanism.diverter.bins_per_s = SERVO_DEG_PER_S * (len(angles_deg) - 1) / span_deg
    wired = SimulatedPins(pins, on_motor, sorter=sorter, on_diverter=on_diverter)
    mechanism.on_beams = wired.show
    mechanism.diverter.on_full = wired.show_full
    wired.show(mechanism.beams)
    wired.show_full(mechanism.diverter.full)
    return wired


class MechanismThread:
    """Lets time pass for a mechanism, `speed` times as fast as the clock on the wall.

    It sleeps while nothing moves, and before each step until `ready()` returns. `lock` guards the
    mechanism against other threads.
    """

    def __init__(
        self,
        mechanism: Mechanism,
        speed: float = 1.0,
        ready: Callable[[], object] = lambda: None,
    ):
        self.lock = threading.RLock()
        self._mechanism = mechanism
        self._speed = speed
        self._ready = ready
        self._changed = threading.Condition()
        self._ended = False
        self._rests = False
        self._woken_s = math.inf
        self._thread = threading.Thread(target=self._run, name="mechanism", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def motor_changed(self) -> None:
        """Wake up: a motor was switched, or the diverter sent somewhere."""
        with self._changed:
            if self._rests:
                self._woken_s = min(self._woken_s, time.monotonic())
            self._changed.notify()

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(timeout=2.0)

    def _run(self) -> None:
        last_s = time.monotonic()
        while True:
            with self._changed:
                self._rests = not self._mechanism.moves
                if self._rests:
                    self._woken_s = math.inf
                    self._changed.wait_for(lambda: self._ended or self._mechanism.moves)
                    last_s, self._rests = min(self._woken_s, time.monotonic()), False
                if self._ended:
                    return
                self._changed.wait(PACE_S)
            self._ready()
            with self.lock:
                # Never leap: a starved process must not let a card fly past its beams. What falls
                # and what turns is not held up, as the driver counts on its time.
                now_s = time.monotonic()
                moved_s = min(now_s - last_s, 5 * PACE_S)
                self._mechanism.turn_and_fall((now_s - last_s - moved_s) * self._speed)
                self._mechanism.advance(moved_s * self._speed)
                last_s = now_s
