"""Where the feeder is wired to the Raspberry Pi."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FeederPins:
    """BCM numbers; None where the machine has no such switch or sensor."""

    pick_motor: int = 17
    eject_motor: int = 27
    entry_sensor: int = 22
    seated_sensor: int = 23
    exit_sensor: int = 24
    door_switch: int | None = None
    emergency_stop: int | None = None
    hopper_sensor: int | None = None
    thickness_sensor: int | None = None
