"""The machine's phases, its memory of itself, and what a clerk does about each fault."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from firmware.events import Bay


class Phase(StrEnum):
    """Where the machine is; the second half are the states a person must help with."""

    IDLE = "idle"
    FEEDING = "feeding"
    SETTLING = "settling"
    CAPTURING = "capturing"
    RECOGNISING = "recognising"
    COMMITTING = "committing"
    EJECTING = "ejecting"
    PAUSED = "paused"
    FINISHED = "finished"
    JAM = "jam"
    DOUBLE_FEED = "double_feed"
    HOPPER_EMPTY = "hopper_empty"
    BIN_FULL = "bin_full"
    CAMERA_LOST = "camera_lost"
    DISK_FULL = "disk_full"
    DOOR_OPEN = "door_open"
    EMERGENCY_STOP = "emergency_stop"


class Wish(StrEnum):
    """What the clerk asked for while a card was on its way; obeyed between cards."""

    NONE = "none"
    PAUSE = "pause"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds on the monotonic clock; `feed_timeout_s` None waits for ever (hands-free)."""

    settle_s: float = 0.12
    feed_timeout_s: float | None = 3.0
    jam_timeout_s: float = 3.0
    retry_s: float = 2.0
    max_frames: int = 2


@dataclass(frozen=True, slots=True)
class State:
    """Everything `step` needs to know. `logged` counts the batch's scans on disk.

    `told` is the fault already announced, so that a retry that fails again is not told twice.
    """

    phase: Phase = Phase.IDLE
    since_mono_s: float = 0.0
    bay: Bay = Bay.EMPTY
    wish: Wish = Wish.NONE
    running: bool = False
    entered: bool = False
    bin_full: bool = False
    door_open: bool = False
    frames: int = 0
    expected: int = 0
    logged: int = 0
    told: Phase | None = None
    limits: Limits = Limits()


AT_WORK = frozenset(
    {
        Phase.FEEDING,
        Phase.SETTLING,
        Phase.CAPTURING,
        Phase.RECOGNISING,
        Phase.COMMITTING,
        Phase.EJECTING,
    }
)
WAITS_FOR_RESUME = frozenset(
    {
        Phase.PAUSED,
        Phase.JAM,
        Phase.DOUBLE_FEED,
        Phase.HOPPER_EMPTY,
        Phase.BIN_FULL,
        Phase.CAMERA_LOST,
        Phase.DISK_FULL,
    }
)
WHAT_TO_DO = {
    Phase.JAM: "A card is stuck. Take it out; put it back on the hopper unless it is in the list, "
    "then press Resume.",
    Phase.DOUBLE_FEED: "Two cards came at once. Put both back on the hopper and press Resume.",
    Phase.HOPPER_EMPTY: "The hopper is empty. Add cards and press Resume, or press Stop to finish.",
    Phase.BIN_FULL: "The bin is full. Empty it and press Resume.",
    Phase.CAMERA_LOST: "The camera gives no picture. Check its cable; the batch goes on by itself.",
    Phase.DISK_FULL: "The disk is full. Free some space; the card stays where it is until then.",
    Phase.DOOR_OPEN: "The cover is open. Close it and press Resume.",
    Phase.EMERGENCY_STOP: "Emergency stop. Release the button and press Resume.",
}
