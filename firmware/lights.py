"""What a machine's two lamps can do, and how a card is photographed under them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from firmware.camera import Camera, Frame

Side = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class LightPins:
    """Where the two lamps are wired to the Raspberry Pi: BCM numbers."""

    left: int
    right: int


class Lights(Protocol):
    """Two lamps, one on each side of the card. `name` is shown loudly at the start."""

    name: str

    def light(self, side: Side) -> None:
        """This lamp on, the other one off; returns once it is at its full brightness."""

    def off(self) -> None:
        """Both lamps off. May be called from any thread, at any time, any number of times."""

    def close(self) -> None:
        """Lamps off and pins released."""


def capture_lit(camera: Camera, lights: Lights | None) -> tuple[Frame, Frame | None]:
    """The card under the left lamp and under the right one; one frame where there are no lamps.

    The lamps are off afterwards, whatever happened. Raises CameraError.
    """
    if lights is None:
        return camera.capture(), None
    try:
        lights.light("left")
        first = camera.capture()
        lights.light("right")
        return first, camera.capture()
    finally:
        lights.off()
