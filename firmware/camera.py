"""What every camera can do, and the one check that a frame is a frame."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from scanner.errors import CameraError
from scanner.records import Picture

MIN_SIDE_PX = 64
MAX_SIDE_PX = 8192
WHAT_TO_DO = "Check the camera's cable and that no other program uses it."


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture that belongs to whoever holds it: the camera's own buffer is already released."""

    picture: Picture
    captured_mono_ns: int


class Camera(Protocol):
    """Delivers frames. All methods raise CameraError when the camera can't; then `start` again.

    `name` is shown loudly at the start.
    """

    name: str

    def start(self) -> None:
        """Open the camera; a camera already open is closed first."""

    def capture(self) -> Frame:
        """Take one frame as the scene is now, not as it was when the call was made earlier."""

    def close(self) -> None:
        """Release the camera. May be called any number of times."""


def checked_frame(picture: object) -> Frame:
    """Wrap what a camera delivered. Raises CameraError for anything that is not a picture."""
    if not isinstance(picture, np.ndarray):
        raise CameraError(f"The camera gives no picture. {WHAT_TO_DO}")
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise CameraError(
            f"The camera gives {picture.dtype} {picture.shape}, not a colour picture. {WHAT_TO_DO}"
        )
    if not MIN_SIDE_PX <= min(picture.shape[:2]) <= max(picture.shape[:2]) <= MAX_SIDE_PX:
        raise CameraError(
            f"The camera's picture is {picture.shape[1]}×{picture.shape[0]} pixels. {WHAT_TO_DO}"
        )
    return Frame(picture, time.monotonic_ns())
