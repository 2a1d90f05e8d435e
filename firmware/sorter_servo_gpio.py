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
        self._from_deg: float | None = None
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
        way_deg = self._way_deg(angle_deg)
        self._there_from_s = self._now_s() + way_deg * self._s_per_degree
        self._from_deg, self._aimed_deg, self._bin = self._aimed_deg, angle_deg, bin_number
        self._servo.angle = angle_deg

    def _way_deg(self, angle_deg: float) -> float:
        """How far it has to turn at most. On its way it may be anywhere from where its slowest
        pace has brought it to where it was sent."""
        if self._aimed_deg is None:
            return SERVO_TO_DEG - SERVO_FROM_DEG
        from_aimed_deg = abs(angle_deg - self._aimed_deg)
        left_deg = self.remaining_s() / self._s_per_degree if self._s_per_degree else 0.0
        if self._from_deg is None:
            return left_deg + from_aimed_deg
        back = 1.0 if self._from_deg > self._aimed_deg else -1.0
        return max(from_aimed_deg, abs(angle_deg - (self._aimed_deg + back * left_deg)))

    def remaining_s(self) -> float:
        """Seconds until it stands where it was aimed."""
        return max(0.0, self._there_from_s - self._now_s())

    def way_s(self, from_bin: int, to_bin: int) -> float:
        """Seconds from one bin to another, as the settings have it."""
        way_deg = self._angles_deg[from_bin - 1] - self._angles_deg[to_bin - 1]
        return abs(way_deg) * self._s_per_degree

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
        """No more pulses: the servo lets go, and nobody knows any more how far it has to turn.

        The chute rests where it stood, and its sensor goes on looking into that bin.
        """
        self._bin, self._aimed_deg = self._pointed_at(), None
        if not self._servo.closed:
            self._servo.detach()

    def _pointed_at(self) -> int | None:
        return self._bin if self._now_s() >= self._there_from_s else None

    def close(self) -> None:
        """Servo off, pins released."""
        self.stop_safe()
        self._servo.close()
        self._sensors.close()
