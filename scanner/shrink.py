"""Halve a picture, which is many times faster than shrinking it by a fraction."""

from __future__ import annotations

import cv2
import numpy as np

from scanner.records import Picture


def halve(picture: Picture) -> Picture:
    """Each pixel is the mean of two by two; a last odd row or column is left out."""
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    even = picture[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
