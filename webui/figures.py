"""The figures that tell how the device fares. Pure: from the log's rows to numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from scanner.device import DeviceState
from scanner.store_health import TOTAL, Work
from scanner.store_summary import WAITS

NO_FAULT = frozenset({"finished", "stopped", "paused", "hopper_empty"})
FAULTS = WAITS - NO_FAULT
"""What stops the machine and is no part of its usual day."""
JAMS = ("jam", "mis_seat", "double_feed")


@dataclass(frozen=True, slots=True)
class Figures:
    """How the machine worked over a stretch of scans, and how the device was at its end."""

    scans: int = 0
    accepted: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    stages_ms: dict[str, tuple[float, float]] = field(default_factory=dict)
    queue: int = 0
    temperature_c: float | None = None
    is_throttled: bool | None = None
    is_under_voltage: bool | None = None
    disk_free_bytes: int | None = None
    disk_size_bytes: int | None = None
    memory_free_bytes: int | None = None
    load: float = 0.0
    last_scan: int = 0
    last_event: int = 0

    @property
    def accept_rate(self) -> float | None:
        """The share that passed without a person, None where nothing was scanned."""
        return self.accepted / self.scans if self.scans else None

    @property
    def jams(self) -> int:
        """How often a card got stuck, lay askew or came with another."""
        return sum(self.faults.get(kind, 0) for kind in JAMS)

    @property
    def jams_per_1000(self) -> float | None:
        """Jams in 1,000 cards, None where nothing was scanned."""
        return 1000 * self.jams / self.scans if self.scans else None

    @property
    def p95_ms(self) -> float | None:
        """The time that 95 of 100 cards' recognition stays below."""
        return self.stages_ms[TOTAL][1] if TOTAL in self.stages_ms else None

    @property
    def p50_ms(self) -> float | None:
        """The time that half of the cards' recognition stays below."""
        return self.stages_ms[TOTAL][0] if TOTAL in self.stages_ms else None

    def as_json(self) -> dict[str, Any]:
        """Return what a sample keeps."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Figures:
        """Return a sample's figures; those that an older release did not keep are missing."""
        known = {name: kept[name] for name in cls.__dataclass_fields__ if name in kept}
        stages = {name: (pair[0], pair[1]) for name, pair in known.get("stages_ms", {}).items()}
        return cls(**{**known, "stages_ms": stages})


def figures_of(work: Work, device: DeviceState, queue: int) -> Figures:
    """Put a stretch of the log and the device's state together."""
    return Figures(
        scans=work.scans,
        accepted=work.decisions["accepted"],
        faults={kind: count for kind, count in sorted(work.events.items()) if kind in FAULTS},
        stages_ms={
            stage: (round(percentile(times, 50), 2), round(percentile(times, 95), 2))
            for stage, times in work.stages_ms.items()
        },
        queue=queue,
        temperature_c=device.temperature_c,
        is_throttled=device.is_throttled,
        is_under_voltage=device.is_under_voltage,
        disk_free_bytes=device.disk_free_bytes,
        disk_size_bytes=device.disk_size_bytes,
        memory_free_bytes=device.memory_free_bytes,
        load=round(device.load, 2),
        last_scan=work.last_scan,
        last_event=work.last_event,
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that `percent` of 100 values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def together(parts: Sequence[Figures]) -> Figures | None:
    """Return several stretches as one: sums, the hottest moment, the newest state.

    Of times, which can't be added up, the mean stands in, weighted by scans.
    """
    if not parts:
        return None
    last = parts[-1]
    faults: dict[str, int] = {}
    for part in parts:
        for kind, count in part.faults.items():
            faults[kind] = faults.get(kind, 0) + count
    stages = {stage for part in parts for stage in part.stages_ms}
    return Figures(
        scans=sum(part.scans for part in parts),
        accepted=sum(part.accepted for part in parts),
        faults=faults,
        stages_ms={stage: _mean_times(parts, stage) for stage in stages},
        queue=max(part.queue for part in parts),
        temperature_c=_largest([part.temperature_c for part in parts]),
        is_throttled=_any([part.is_throttled for part in parts]),
        is_under_voltage=_any([part.is_under_voltage for part in parts]),
        disk_free_bytes=last.disk_free_bytes,
        disk_size_bytes=last.disk_size_bytes,
        memory_free_bytes=last.memory_free_bytes,
        load=max(part.load for part in parts),
        last_scan=last.last_scan,
        last_event=last.last_event,
    )


def _mean_times(parts: Sequence[Figures], stage: str) -> tuple[float, float]:
    timed = [(part.stages_ms[stage], part.scans) for part in parts if stage in part.stages_ms]
    cards = sum(scans for _, scans in timed) or 1
    half = sum(pair[0] * scans for pair, scans in timed) / cards
    most = sum(pair[1] * scans for pair, scans in timed) / cards
    return round(half, 2), round(most, 2)


def _largest(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _any(values: Sequence[bool | None]) -> bool | None:
    told = [value for value in values if value is not None]
    return any(told) if told else None
