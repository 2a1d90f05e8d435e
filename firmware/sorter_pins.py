"""Where the diverter is wired to the Raspberry Pi, and where its bins are."""

from __future__ import annotations

from dataclasses import dataclass

SERVO_FROM_DEG, SERVO_TO_DEG = -90.0, 90.0


@dataclass(frozen=True, slots=True)
class ServoPins:
    """A servo on one PWM pin: the angle of each bin in degrees, BCM numbers of bin sensors."""

    servo: int
    bin_angles_deg: tuple[float, ...]
    bin_full: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class StepperPins:
    """A stepper behind a STEP/DIR driver: BCM numbers; None where EN is not wired."""

    step: int
    direction: int
    home: int
    bins: int
    steps_per_bin: int
    enable: int | None = None
    bin_full: tuple[int, ...] = ()


SorterPins = ServoPins | StepperPins


def bins_of(pins: SorterPins) -> int:
    """How many bins these pins serve."""
    return len(pins.bin_angles_deg) if isinstance(pins, ServoPins) else pins.bins


def even_angles_deg(bins: int) -> tuple[float, ...]:
    """The angles of bins spread evenly over the servo's range, with room left at both ends."""
    first, last = SERVO_FROM_DEG * 0.75, SERVO_TO_DEG * 0.75
    return tuple(round(first + (last - first) * place / (bins - 1), 2) for place in range(bins))
