"""A diverter turned by a hobby servo on one PWM pin, with sensors for full bins.

A servo says nothing of where it stands: its way takes the time that the settings give for it, and
the whole range for the first one.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from gpiozero import AngularServo
from gpiozero.exc import GPIOZeroError
from gpiozero.pins import Factory

from firmware.bin_sensors_gpio import BinSensors
from firmware.sorter_pins import SERVO_FROM_DEG, SERVO_TO_DEG, ServoPins
from scanner.errors import SorterError


class ServoSorter:
    """See `firmware.sorter.Sorter`. Raises SorterError when the pins can't be had."""

    def __init__(
        self,
        pins: ServoPins,
        *,
        s_per_degree: float,
        factory: Factory | None = None,
        now_s: Callable[[], float] = time.monotonic,
        name: str = "servo diverter",
    ):
        self.name = name
        self.bins = len(pins.bin_angles_deg)
        self._angles_deg = list(pins.bin_angles_deg)
        self._s_per_degree = s_per_degree
        self._now_s = now_s
        self._aimed_deg: float | None = None
        self._bin: int | None = None
        self._there_from_s = 0.0
        try:
            self._servo = AngularServo(
                pins.servo,
                initial_angle=None,
                min_angle=SERVO_FROM_DEG,
                max_angle=SERVO_TO_DEG,
                pin_factory=factory,
            )
            self._sensors = BinSensors(pins.bin_full, self.bins, factory)
        except (GPIOZeroError, OSError) as error:
            raise SorterError(
                f"The sorter's pins can't be used ({error}). Check the pin numbers under [sorter] "
                "in the settings and that this user is in the group gpio."
            ) from error

    @property
    def angles_deg(self) -> tuple[float, ...]:
        """The angle of each bin, bin 1 first."""
        return tuple(self._angles_deg)

    def set_angle(self, bin_number: int, angle_deg: float) -> None:
        """Give a bin another angle from now on: a calibration tries which fits."""
        self._angles_deg[bin_number - 1] = angle_deg

    def aim(self, bin_number: int) -> None:
        """Begin to turn to a bin."""
        angle_deg = self._angles_deg[bin_number - 1]
        if angle_deg == self._aimed_deg:
            return
        way_deg = SERVO_TO_DEG - SERVO_FROM_DEG
        if self._aimed_deg is not None:
            way_deg = abs(angle_deg - self._aimed_deg)
        self._there_from_s = max(self._there_from_s, self._now_s()) + way_deg * self._s_per_degree
        self._aimed_deg, self._bin = angle_deg, bin_number
        self._servo.angle = angle_deg

    def remaining_s(self) -> float:
        """Seconds until it stands where it was aimed."""
        return max(0.0, self._there_from_s - self._now_s())

    @property
    def full_bins(self) -> frozenset[int]:
        """The bins whose sensors see cards up to the rim."""
        return self._sensors.full(self._bin if self.remaining_s() <= 0 else None)

    @property
    def must_stand_still(self) -> bool:
        """Whether a full bin is seen only once the diverter points at it."""
        return self._sensors.travels

    def stop_safe(self) -> None:
        """No more pulses: the servo lets go, and nobody knows any more where it stands."""
        self._aimed_deg = self._bin = None
        if not self._servo.closed:
            self._servo.detach()

    def close(self) -> None:
        """Servo off, pins released."""
        self.stop_safe()
        self._servo.close()
        self._sensors.close()
