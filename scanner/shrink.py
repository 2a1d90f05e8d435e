"""Halve a picture, which is many times faster than shrinking it by a fraction."""

from __future__ import annotations

from math import ceil, log2

import cv2
import numpy as np

from scanner.records import Picture

# Corners far out of any frame, or no numbers at all, ask for no more than this.
_MOST = 2.0**16


def halve(picture: Picture) -> Picture:
    """Each pixel is the mean of two by two; a last odd row or column is left out."""
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    even = picture[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


class Levels:
    """A frame and its halves, each made once, when it is first asked for."""

    def __init__(self, frame: Picture) -> None:
        """`frame` is `(H, W, 3) uint8` and must not be changed meanwhile."""
        self._levels = [frame]

    @property
    def frame(self) -> Picture:
        """The frame itself."""
        return self._levels[0]

    def level(self, halvings: int) -> tuple[Picture, int]:
        """The frame halved so many times, or as often as it can be, and how much smaller it is."""
        while len(self._levels) <= halvings and min(self._levels[-1].shape[:2]) > 1:
            self._levels.append(halve(self._levels[-1]))
        place = min(halvings, len(self._levels) - 1)
        return self._levels[place], 2**place


def halvings_to(ratio: float) -> int:
    """How often to halve what is to shrink by `ratio`, so that less than half is left to do."""
    return max(0, ceil(log2(min(max(1.0, ratio), _MOST)) - 1))
