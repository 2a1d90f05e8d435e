"""Find the card in a full frame: what is in view, and the four corners of the card."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scanner.errors import PictureError
from scanner.locate_contour import locate_by_contour
from scanner.records import Located, Picture

_MIN_SIDE_PX = 32


def check_picture(frame: Picture) -> None:
    """Raise `PictureError` unless `frame` is `(H, W, 3) uint8` of at least 32 × 32 pixels."""
    if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8:
        raise PictureError("The frame is not an array of 8-bit pixels; decode the picture first.")
    if frame.ndim != 3 or frame.shape[2] != 3:
        raise PictureError(
            f"The frame has the shape {frame.shape}; a colour picture (height, width, 3) is needed."
        )
    if min(frame.shape[:2]) < _MIN_SIDE_PX:
        raise PictureError(
            f"The picture is {frame.shape[1]} × {frame.shape[0]} pixels; "
            f"at least {_MIN_SIDE_PX} × {_MIN_SIDE_PX} are needed to find a card."
        )


@dataclass(frozen=True, slots=True)
class Locator:
    """Finds cards in frames. `kind` is `contour` as long as no net is loaded."""

    kind: str = "contour"

    @classmethod
    def load(cls, models_dir: Path | None = None, threads: int = 1) -> Locator:
        """Return the best locator there is."""
        del models_dir, threads
        return cls()

    def locate(self, frame: Picture) -> Located:
        """Return the view of `(H, W, 3) uint8` and the corners of each card in its pixels.

        Raises `PictureError` when `frame` is not such a picture or smaller than 32 pixels.
        """
        check_picture(frame)
        return locate_by_contour(frame)
