"""A diverter turned by a stepper motor behind a STEP/DIR driver, with a switch at bin 1.

The switch is found before the first bin and after every stop: a motor that was off may have been
turned by hand. It pulls its pin low when touched.
"""

from __future__ import annotations

import threading
import time

from gpiozero import DigitalInputDevice, DigitalOutputDevice
from gpiozero.exc import GPIOZeroError
from gpiozero.pins import Factory

from firmware.bin_sensors_gpio import BinSensors
from firmware.sorter_pins import StepperPins
from scanner.errors import SorterError

_HOMING_SHARE = 1.25


class StepperSorter:
    """See `firmware.sorter.Sorter`. Raises SorterError when the pins can't be had."""

    def __init__(
        self,
        pins: StepperPins,
        *,
        steps_per_s: float,
        factory: Factory | None = None,
        name: str = "stepper diverter",
    ):
        self.name = name
        self.bins = pins.bins
        self._steps_per_bin = pins.steps_per_bin
        self._step_s = 1 / steps_per_s
        self._changed = threading.Condition()
        self._at_steps: int | None = None
        self._target_steps: int | None = None
        self._rests_at: int | None = None
        self._failure = ""
        self._searched = 0
        self._ended = False
        try:
            self._step = DigitalOutputDevice(pins.step, pin_factory=factory)
            self._direction = DigitalOutputDevice(pins.direction, pin_factory=factory)
            self._home = DigitalInputDevice(pins.home, pull_up=True, pin_factory=factory)
            self._enable = (
                None
                if pins.enable is None
                else DigitalOutputDevice(pins.enable, active_high=False, pin_factory=factory)
            )
            self._sensors = BinSensors(pins.bin_full, self.bins, factory)
        except (GPIOZeroError, OSError) as error:
            raise SorterError(
                f"The sorter's pins can't be used ({error}). Check the pin numbers under [sorter] "
                "in the settings and that this user is in the group gpio."
            ) from error
        self._thread = threading.Thread(target=self._run, name="diverter", daemon=True)
        self._thread.start()

    def aim(self, bin_number: int) -> None:
        """Begin to turn to a bin, by way of the switch when the place is not known."""
        with self._changed:
            self._failure, self._searched, self._rests_at = "", 0, None
            self._target_steps = (bin_number - 1) * self._steps_per_bin
            self._changed.notify_all()

    def remaining_s(self) -> float:
        """Seconds until it stands where it was aimed. Raises SorterError."""
        with self._changed:
            if self._failure:
                raise SorterError(self._failure)
            if self._target_steps is None:
                return 0.0
            if self._at_steps is None:
                return self._most_steps() * self._step_s
            return abs(self._target_steps - self._at_steps) * self._step_s

    def way_s(self, from_bin: int, to_bin: int) -> float:
        """Seconds from one bin to another at the motor's speed."""
        return abs(from_bin - to_bin) * self._steps_per_bin * self._step_s

    @property
    def full_bins(self) -> frozenset[int]:
        """The bins whose sensors see cards up to the rim."""
        return self._sensors.full(self._pointed_at())

    @property
    def bins_in_sight(self) -> frozenset[int]:
        """The bins that a sensor looks into now."""
        return self._sensors.in_sight(self._pointed_at())

    @property
    def must_stand_still(self) -> bool:
        """Whether a full bin is seen only once the diverter points at it."""
        return self._sensors.travels

    def stop_safe(self) -> None:
        """No more steps, and no current where EN is wired; the chute rests where it stood."""
        with self._changed:
            self._rests_at, self._target_steps = self._pointed_at(), None
            if self._enable is not None:
                self._at_steps = None
                if not self._enable.closed:
                    self._enable.off()

    def close(self) -> None:
        """Motor off, pins released."""
        self.stop_safe()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join(timeout=2.0)
        for device in (self._step, self._direction, self._home, self._sensors, self._enable):
            if device is not None:
                device.close()

    def _pointed_at(self) -> int | None:
        with self._changed:
            steps, target = self._at_steps, self._target_steps
            if target is None:
                return self._rests_at
            return 1 + target // self._steps_per_bin if steps == target else None

    def _most_steps(self) -> int:
        return round((self.bins - 1) * self._steps_per_bin * _HOMING_SHARE) + 1

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ended or self._has_a_way_to_go())
                if self._ended:
                    return
                if self._enable is not None:
                    self._enable.on()
                self._one_step()
            time.sleep(self._step_s / 2)
            self._step.off()
            time.sleep(self._step_s / 2)

    def _has_a_way_to_go(self) -> bool:
        known = self._at_steps is not None
        return self._target_steps is not None and not (
            known and self._at_steps == self._target_steps
        )

    def _one_step(self) -> None:
        """One step towards the target, or towards the switch while the place is not known."""
        if self._at_steps is None:
            if self._home.is_active:
                self._at_steps = 0
                return
            self._searched += 1
            if self._searched > self._most_steps():
                self._target_steps = None
                self._failure = (
                    "The diverter does not find its switch at bin 1: free it, and check the "
                    "switch, the motor's plug and sorter.home_pin."
                )
                return
            forward = False
        else:
            assert self._target_steps is not None
            forward = self._target_steps > self._at_steps
            self._at_steps += 1 if forward else -1
        (self._direction.on if forward else self._direction.off)()
        self._step.on()
