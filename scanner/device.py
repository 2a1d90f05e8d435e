"""How the device itself fares: temperature, throttling, disk, memory, load. Reads files alone.

Throttling is told by the Raspberry Pi's firmware as bits:
https://www.raspberrypi.com/documentation/computers/os.html#vcgencmd (get_throttled). What a machine
does not tell is None.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_THERMAL = Path("sys/class/thermal")
_FIRMWARE = Path("sys/devices/platform/soc/soc:firmware/get_throttled")
_UNDER_VOLTAGE = 0x1
_SLOWED_DOWN = 0x2 | 0x4 | 0x8
"""Frequency capped, throttled, or at the soft temperature limit, now."""


@dataclass(frozen=True, slots=True)
class DeviceState:
    """The device at one moment; None where it does not tell."""

    temperature_c: float | None
    is_throttled: bool | None
    is_under_voltage: bool | None
    disk_free_bytes: int | None
    disk_size_bytes: int | None
    memory_free_bytes: int | None
    load: float


def device_state(data_dir: Path, root: Path = Path("/")) -> DeviceState:
    """Look at the device; `root` is where its `/sys` and `/proc` are found."""
    bits = _throttle_bits(root)
    disk_free = disk_size = None
    with suppress(OSError):
        usage = shutil.disk_usage(data_dir)
        disk_free, disk_size = usage.free, usage.total
    return DeviceState(
        temperature_c=_temperature_c(root),
        is_throttled=None if bits is None else bool(bits & _SLOWED_DOWN),
        is_under_voltage=None if bits is None else bool(bits & _UNDER_VOLTAGE),
        disk_free_bytes=disk_free,
        disk_size_bytes=disk_size,
        memory_free_bytes=_memory_free_bytes(root),
        load=os.getloadavg()[0],
    )


def _temperature_c(root: Path) -> float | None:
    """The hottest of the device's sensors."""
    found = []
    for zone in sorted((root / _THERMAL).glob("thermal_zone*/temp")):
        with suppress(OSError, ValueError):
            found.append(int(zone.read_text("ascii")) / 1000)
    return max(found, default=None)


def _throttle_bits(root: Path) -> int | None:
    try:
        return int((root / _FIRMWARE).read_text("ascii"), 16)
    except (OSError, ValueError):
        return None


def _memory_free_bytes(root: Path) -> int | None:
    with suppress(OSError, ValueError, IndexError):
        for line in (root / "proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None
