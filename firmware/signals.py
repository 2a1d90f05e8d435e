"""What lamp and buzzer say, and what the buttons ask. The codes are a pure table.

A clerk across the room reads the lamp: green works, blue waits for a word, yellow wants something
small, red wants help. The number of flashes between two pauses says what exactly. Purple, white
and cyan flash for a card that set off an alert.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Literal, Protocol

from firmware.feeder import Listener
from firmware.phases import AT_WORK, Phase

Colour = Literal["off", "green", "blue", "yellow", "red", "purple", "white", "cyan"]
ALERT_S = 4.0
"""How long the lamp tells of a card that sets off an alert."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A colour, how often it flashes between two pauses (0: steady), and beeps when it begins.

    With `digits` it shows a number instead, digit by digit.
    """

    colour: Colour
    flashes: int = 0
    beeps: int = 0
    digits: str = ""


WORKING = Signal("green")
SIGNALS: Mapping[Phase, Signal] = {
    **dict.fromkeys(AT_WORK, WORKING),
    Phase.IDLE: Signal("blue"),
    Phase.PAUSED: Signal("blue", flashes=1),
    Phase.FINISHED: Signal("green", flashes=1, beeps=2),
    Phase.HOPPER_EMPTY: Signal("yellow", flashes=1, beeps=1),
    Phase.BIN_FULL: Signal("yellow", flashes=2, beeps=1),
    Phase.DISK_FULL: Signal("yellow", flashes=3, beeps=1),
    Phase.JAM: Signal("red", flashes=1, beeps=3),
    Phase.DOUBLE_FEED: Signal("red", flashes=2, beeps=3),
    Phase.MIS_SEAT: Signal("red", flashes=3, beeps=3),
    Phase.CAMERA_LOST: Signal("red", flashes=4, beeps=3),
    Phase.SORTER_STUCK: Signal("red", flashes=5, beeps=3),
    Phase.DOOR_OPEN: Signal("red", flashes=6, beeps=1),
    Phase.EMERGENCY_STOP: Signal("red", beeps=1),
}


class Signals(Protocol):
    """Lamp, buzzer, button and pedal, as far as the machine has them."""

    name: str

    def listen(self, listener: Listener) -> None:
        """Send `ButtonPressed` and `ButtonHeld` to `listener`."""

    def show(self, signal: Signal) -> None:
        """Show a code from now on; returns at once."""

    @property
    def pressed(self) -> tuple[str, ...]:
        """Which of `button` and `pedal` are pressed at this moment."""

    def beep(self) -> None:
        """One short beep: a card laid by hand is scanned; returns at once."""

    def alert(self, signal: Signal) -> None:
        """Show a code for `ALERT_S`, unless something wants help; returns at once."""

    def close(self) -> None:
        """Lamp and buzzer off, hardware released."""


Step = tuple[Colour, float]


def pattern(signal: Signal) -> tuple[Step, ...]:
    """What the lamp shows: pairs of colour and seconds, again and again; empty for a steady one."""
    if signal.digits:
        return (("white", 2.0), ("off", 1.0), *chain.from_iterable(map(_digit, signal.digits)))
    if signal.flashes == 0:
        return ()
    flash: tuple[Step, ...] = ((signal.colour, 0.2), ("off", 0.2))
    return (*flash * (signal.flashes - 1), (signal.colour, 0.2), ("off", 1.0))


def _digit(digit: str) -> tuple[Step, ...]:
    """As many short blue flashes, slow enough to be counted; a long red one for 0."""
    if digit == "0":
        return (("red", 1.2), ("off", 1.6))
    flash: tuple[Step, ...] = (("blue", 0.25), ("off", 0.35))
    return (*flash * (int(digit) - 1), ("blue", 0.25), ("off", 1.6))
