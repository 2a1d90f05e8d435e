"""Connects the mechanism's model to gpiozero's mock pins, so that the real driver runs against it.

The mechanism may live here, moved by a thread in scaled time or by a test's virtual clock, or in
another process (`firmware.simulated.server`), as cardboard does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from gpiozero.pins.mock import MockFactory, MockPin

from firmware.feeder_pins import FeederPins
from firmware.simulated.mechanism import Beams, Mechanism

PACE_S = 0.002


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


class SimulatedPins:
    """A factory of wired pins. `on_motor(name, on)` hears `pick` and `eject`."""

    def __init__(self, pins: FeederPins, on_motor: Callable[[str, bool], None]):
        self.factory = MockFactory(pin_class=WiredPin)
        self._motors = {"pick": pins.pick_motor, "eject": pins.eject_motor}
        self._sensors = (pins.entry_sensor, pins.seated_sensor, pins.exit_sensor)
        for name, number in self._motors.items():
            self.factory.pin(number).heard = lambda on, name=name: on_motor(name, on)

    def show(self, beams: Beams) -> None:
        """Put the beams on the sensor pins: a broken beam pulls its pin low."""
        for number, broken in zip(
            self._sensors, (beams.entry, beams.seat, beams.exit), strict=True
        ):
            self.factory.pin(number).drive_wire(not broken)


def wire(mechanism: Mechanism, pins: FeederPins) -> SimulatedPins:
    """Connect a mechanism of this process to mock pins; somebody else advances it."""

    def on_motor(name: str, on: bool) -> None:
        if name == "pick":
            mechanism.pick_on = on
        else:
            mechanism.eject_on = on

    wired = SimulatedPins(pins, on_motor)
    mechanism.on_beams = wired.show
    wired.show(mechanism.beams)
    return wired


class MechanismThread:
    """Lets time pass for a mechanism, `speed` times as fast as the clock on the wall.

    It sleeps while no motor turns. `lock` guards the mechanism against other threads.
    """

    def __init__(self, mechanism: Mechanism, speed: float = 1.0):
        self.lock = threading.RLock()
        self._mechanism = mechanism
        self._speed = speed
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="mechanism", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def motor_changed(self) -> None:
        """Wake up: a motor was switched."""
        with self._changed:
            self._changed.notify()

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(timeout=2.0)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ended or self._mechanism.motors_on)
                if self._ended:
                    return
                before_s = time.monotonic()
                self._changed.wait(PACE_S)
            with self.lock:
                # Never leap: a starved process must not let a card fly past its beams.
                passed_s = min(time.monotonic() - before_s, 5 * PACE_S)
                self._mechanism.advance(passed_s * self._speed)
