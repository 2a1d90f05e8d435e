"""The machine's phases and its memory of itself."""

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
    ROUTING = "routing"
    EJECTING = "ejecting"
    PAUSED = "paused"
    FINISHED = "finished"
    JAM = "jam"
    DOUBLE_FEED = "double_feed"
    MIS_SEAT = "mis_seat"
    HOPPER_EMPTY = "hopper_empty"
    BIN_FULL = "bin_full"
    SORTER_STUCK = "sorter_stuck"
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
    """Seconds on the monotonic clock; `feed_timeout_s` None waits for ever (hands-free).

    `early_look` looks at a card at once when it is seated, and again after `settle_s` only if that
    was not enough; `stage_next` brings the next card to the entry meanwhile. `has_hopper_sensor`
    tells an empty hopper from a card that won't come.
    """

    settle_s: float = 0.12
    feed_timeout_s: float | None = 3.0
    jam_timeout_s: float = 3.0
    retry_s: float = 2.0
    max_frames: int = 2
    early_look: bool = False
    stage_next: bool = False
    has_hopper_sensor: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """Everything `step` needs to know. `logged` counts the batch's scans on disk.

    `told` is the fault already announced, so that a retry that fails again is not told twice.
    `entered` and `passed` follow the card being fed past the entry beam; `bin` is where the logged
    card in the bay is to go, 0 where there are no bins. `said` is told once a wished pause begins.
    """

    phase: Phase = Phase.IDLE
    since_mono_s: float = 0.0
    bay: Bay = Bay.EMPTY
    wish: Wish = Wish.NONE
    running: bool = False
    entered: bool = False
    passed: bool = False
    bin: int = 0
    door_open: bool = False
    frames: int = 0
    expected: int = 0
    logged: int = 0
    told: Phase | None = None
    said: str = ""
    limits: Limits = Limits()


AT_WORK = frozenset(
    {
        Phase.FEEDING,
        Phase.SETTLING,
        Phase.CAPTURING,
        Phase.RECOGNISING,
        Phase.COMMITTING,
        Phase.ROUTING,
        Phase.EJECTING,
    }
)
WAITS_FOR_RESUME = frozenset(
    {
        Phase.PAUSED,
        Phase.JAM,
        Phase.DOUBLE_FEED,
        Phase.MIS_SEAT,
        Phase.HOPPER_EMPTY,
        Phase.BIN_FULL,
        Phase.SORTER_STUCK,
        Phase.CAMERA_LOST,
        Phase.DISK_FULL,
    }
)
