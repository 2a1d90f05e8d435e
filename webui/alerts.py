"""What is wrong with the device, or has got worse: pure, from figures to sentences with a way out.

"Worse" compares the newest cards with the month before, and only where both are enough to tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from webui.figures import Figures

HOT_C, TOO_HOT_C = 75.0, 82.0
DISK_LOW_SHARE, DISK_FULL_SHARE = 0.15, 0.05
DISK_FULL_BYTES = 300 * 1024 * 1024
MEMORY_LOW_BYTES = 100 * 1024 * 1024
ENOUGH_NEW, ENOUGH_OLD = 100, 500
ACCEPT_DROP = 0.10
JAMS_MANY, JAMS_TIMES = 5.0, 2.0
SLOWER_TIMES, SLOWER_MS = 1.5, 50.0


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that somebody should look at; `key` names it for programs."""

    key: str
    level: Literal["warn", "fault"]
    title: str
    text: str


def alerts_for(now: Figures, month: Figures | None) -> list[Alert]:
    """Return what is wrong now, and what the newest cards do worse than the `month` before."""
    return [*_device(now), *(_worse(now, month) if month is not None else ())]


def _device(now: Figures) -> Iterator[Alert]:
    if now.temperature_c is not None and now.temperature_c >= HOT_C:
        yield Alert(
            "temperature",
            "fault" if now.temperature_c >= TOO_HOT_C else "warn",
            "The scanner is hot",
            f"Its processor is at {now.temperature_c:.0f} °C and slows itself down from 80 °C on. "
            "Give it air, or a fan.",
        )
    if now.is_under_voltage:
        yield Alert(
            "under_voltage",
            "fault",
            "Too little power",
            "The power supply or its cable is too weak: use the Raspberry Pi's own. Too little "
            "power also damages SD cards.",
        )
    if now.is_throttled:
        yield Alert(
            "throttled",
            "warn",
            "The processor is held back",
            "It runs slower because of heat or power; cards are recognised more slowly.",
        )
    if now.disk_free_bytes is not None and now.disk_size_bytes:
        share = now.disk_free_bytes / now.disk_size_bytes
        if share < DISK_LOW_SHARE:
            full = share < DISK_FULL_SHARE or now.disk_free_bytes < DISK_FULL_BYTES
            yield Alert(
                "disk",
                "fault" if full else "warn",
                "The disk is nearly full",
                f"{now.disk_free_bytes / 1e9:.1f} GB are free. Lower “Keep megabytes” of the "
                "pictures of scans in the settings, or remove what is not needed.",
            )
    if now.memory_free_bytes is not None and now.memory_free_bytes < MEMORY_LOW_BYTES:
        yield Alert(
            "memory",
            "warn",
            "Little memory is left",
            "Close other programs on the scanner, or use fewer catalog packs.",
        )


def _worse(now: Figures, month: Figures) -> Iterator[Alert]:
    if now.scans < ENOUGH_NEW or month.scans < ENOUGH_OLD:
        return
    rate, usual_rate = now.accept_rate or 0.0, month.accept_rate or 0.0
    if rate < usual_rate - ACCEPT_DROP:
        yield Alert(
            "accept_rate",
            "warn",
            "Fewer cards are recognised than usual",
            f"{rate:.0%} of the newest cards were accepted; {usual_rate:.0%} are usual. Clean the "
            "lens, look at the light, and check that the catalog has the newest sets.",
        )
    jams, usual_jams = now.jams_per_1000 or 0.0, month.jams_per_1000 or 0.0
    if jams > JAMS_MANY and jams > JAMS_TIMES * usual_jams:
        yield Alert(
            "jams",
            "warn",
            "More jams than usual",
            f"{jams:.0f} in 1,000 of the newest cards; {usual_jams:.1f} are usual. Clean the "
            "rollers and look at the hopper.",
        )
    took_ms, usual_ms = now.p95_ms or 0.0, month.p95_ms or 0.0
    if took_ms > SLOWER_TIMES * usual_ms and took_ms > usual_ms + SLOWER_MS:
        yield Alert(
            "slow",
            "warn",
            "Recognition is slower than usual",
            f"It takes up to {took_ms:.0f} ms; {usual_ms:.0f} ms are usual. Look at the "
            "temperature, and at what else runs on the scanner.",
        )
