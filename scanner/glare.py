"""One crop without glare out of two frames of a card that were lit from two sides.

A lamp mirrors in gloss and sleeves at another place than the other lamp does, so what one frame
has lost to glare the other one shows: where one crop stands out in brightness, the other is taken.
"""

from __future__ import annotations

import cv2
import numpy as np

from scanner.errors import PictureError
from scanner.finish_light import EvenPair, Field, even_out
from scanner.records import CROP_HEIGHT_PX, CROP_WIDTH_PX, Corners, Picture
from scanner.rectify import rectify

# Grey levels by which one crop must outshine the other to be left out, and to be left out wholly.
_NOTICED, _CERTAIN = 6.0, 24.0


class Frames:
    """One frame, or two of the same card lit from two sides, to cut crops out of."""

    def __init__(self, frame: Picture, other_light: Picture | None = None) -> None:
        """Both are `(H, W, 3) uint8`. Raises PictureError when they are not of one size."""
        if other_light is not None and other_light.shape != frame.shape:
            raise PictureError(
                f"the two frames are {frame.shape} and {other_light.shape}: take both with the "
                "same camera settings"
            )
        self._frame = frame
        self._other = other_light
        self._cuts: dict[bytes, tuple[Picture, EvenPair | None]] = {}

    @property
    def first(self) -> Picture:
        """The frame itself, or the first of both, for what needs its full resolution."""
        return self._frame

    def cut(self, corners: Corners) -> Picture:
        """The `(640, 448, 3) uint8` crop at these corners, without glare if two lights show it."""
        return self._cut(corners)[0]

    def pair(self, corners: Corners) -> EvenPair | None:
        """The card at these corners under both lights; None with one light."""
        return None if self._other is None else self._cut(corners)[1]

    def _cut(self, corners: Corners) -> tuple[Picture, EvenPair | None]:
        key = corners.tobytes()
        if key not in self._cuts:
            crop = rectify(self._frame, corners)
            pair = None
            if self._other is not None:
                other = rectify(self._other, corners)
                pair = even_out(crop, other)
                crop = merge(crop, other, pair)
            self._cuts[key] = crop, pair
        return self._cuts[key]


def merge(left: Picture, right: Picture, pair: EvenPair) -> Picture:
    """The two `(640, 448, 3) uint8` crops as one, in the light half way between theirs.

    Where they agree both count, which halves the noise.
    """
    outshines = cv2.blur((pair.left - pair.right).mean(axis=2), (5, 5))
    share = np.clip((np.abs(outshines) - _NOTICED) / (_CERTAIN - _NOTICED), 0, 1)
    of_left = np.asarray(0.5 - 0.5 * np.sign(outshines) * share, np.float32)
    ratio = cv2.resize(pair.ratio, (of_left.shape[1], of_left.shape[0]))
    gain = np.sqrt(ratio) / (ratio * of_left + 1 - of_left)
    of_left = _whole(of_left)
    blended = cv2.blendLinear(left, right, of_left, 1 - of_left)
    steps = cv2.resize(
        np.asarray(np.clip(gain * 64, 0, 255), np.uint8), (CROP_WIDTH_PX, CROP_HEIGHT_PX)
    )
    return np.asarray(
        cv2.multiply(blended, cv2.merge([steps, steps, steps]), scale=1 / 64), np.uint8
    )


def _whole(small: Field) -> Field:
    return np.asarray(cv2.resize(small, (CROP_WIDTH_PX, CROP_HEIGHT_PX)), np.float32)
