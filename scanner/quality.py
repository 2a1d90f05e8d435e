"""What is wrong with a crop, in words: blur, glare, darkness. It explains doubt, no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from scanner.records import Picture

_WIDTH_PX = 224
_HEIGHT_PX = 320
_BLURRED_BELOW = 0.012
_GLARE_ABOVE = 0.16
_DARK_BELOW = 28.0
_FLAT_BELOW = 6.0


@dataclass(frozen=True, slots=True)
class Quality:
    """How usable a crop is.

    `sharpness` is the mean squared Laplacian over the luma's variance (no unit, higher is
    sharper), `glare` the share of blown-out pixels, `brightness` and `contrast` the mean and
    standard deviation of the luma, 0…255. `cut` says that the card reaches beyond the frame.
    """

    sharpness: float
    glare: float
    brightness: float
    contrast: float
    cut: bool = False

    @property
    def complaints(self) -> tuple[str, ...]:
        """What a clerk can do something about, as sentences."""
        found: list[str] = []
        if self.cut:
            found.append("the card reaches beyond the picture: move it into view")
        if self.contrast < _FLAT_BELOW:
            found.append("hardly anything can be made out on the card")
        elif self.sharpness < _BLURRED_BELOW:
            found.append("the picture is blurred")
        if self.glare > _GLARE_ABOVE:
            found.append("glare hides part of the card")
        if self.brightness < _DARK_BELOW:
            found.append("the card is too dark")
        return tuple(found)


AskQuality = Callable[[], Quality]
"""Measures when asked, which is where there is doubt: a clear card needs no full-sized crop."""


def measure_quality(crop: Picture, *, cut: bool = False) -> Quality:
    """Measure an upright `(640, 448, 3) uint8` crop; `cut` is handed on."""
    small = cv2.resize(crop, (_WIDTH_PX, _HEIGHT_PX), interpolation=cv2.INTER_AREA)
    luma = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    mean, deviation = cv2.meanStdDev(luma)
    contrast = float(deviation[0, 0])
    edges = cv2.Laplacian(luma, cv2.CV_16S)
    _, spread = cv2.meanStdDev(edges)
    sharpness = float(spread[0, 0]) ** 2 / max(contrast**2, 1.0)
    glare = float(np.count_nonzero(luma >= 250)) / luma.size
    return Quality(sharpness, glare, float(mean[0, 0]), contrast, cut)
