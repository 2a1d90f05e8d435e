"""From four corners in the full frame to the upright crop of the card."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.quads import sides_px
from scanner.records import CROP_HEIGHT_PX, CROP_WIDTH_PX, Corners, Picture
from scanner.shrink import Levels, halvings_to

# Beyond this many frame pixels per crop pixel, plain linear sampling would skip pixels and alias.
_ALIASING_RATIO = 1.6
# Linear sampling looks one pixel beyond a corner.
_ROOM_PX = 2


def rectify(frame: Picture, corners: Corners) -> Picture:
    """Warp the card with these `(4, 2) float32` corners to `(640, 448, 3) uint8`.

    The first corner becomes the crop's top left. What lies outside of the frame is repeated from
    its edge.
    """
    top, right, bottom, left = (float(side) for side in sides_px(corners))
    ratio = max((top + bottom) / 2 / CROP_WIDTH_PX, (right + left) / 2 / CROP_HEIGHT_PX)
    part, offset = _around(frame, corners)
    # Corners far out of the frame ask for more pixels than it has.
    most = int(np.ceil(max(part.shape[:2]) / CROP_WIDTH_PX))
    factor = min(int(np.ceil(ratio)), most) if ratio > _ALIASING_RATIO else 1
    size = (CROP_WIDTH_PX * factor, CROP_HEIGHT_PX * factor)
    crop = _warped(part, corners - offset, size)
    if factor == 1:
        return crop
    smaller = cv2.resize(crop, (CROP_WIDTH_PX, CROP_HEIGHT_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, np.uint8)


def rectify_small(levels: Levels, corners: Corners) -> Picture:
    """As `rectify`, to `(320, 224, 3) uint8` in a third of the time: enough to know a card by."""
    small = (CROP_WIDTH_PX // 2, CROP_HEIGHT_PX // 2)
    longest_px = float(sides_px(corners).max())
    frame, halved = levels.level(halvings_to(2 * longest_px / (_ALIASING_RATIO * small[1])))
    corners = np.asarray((corners + 0.5) / halved - 0.5, np.float32)
    part, offset = _around(frame, corners)
    return _warped(part, corners - offset, small)


def _warped(part: Picture, corners: NDArray[np.floating[Any]], size: tuple[int, int]) -> Picture:
    """The card with these corners as a whole picture of this (width, height)."""
    target = _outline(size) - np.float32(0.5)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    # Four channels are warped more than twice as fast as three.
    crop = cv2.warpPerspective(
        cv2.cvtColor(part, cv2.COLOR_BGR2BGRA), matrix, size,
        flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGRA2BGR), np.uint8)


def _outline(size: tuple[int, int]) -> Corners:
    width, height = size
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def _around(frame: Picture, corners: Corners) -> tuple[Picture, NDArray[np.float64]]:
    """The part of the frame that holds the corners, with some room, and where it begins (x, y).

    When the corners are outside of the frame, or no numbers, it is the whole frame.
    """
    size = np.array([frame.shape[1], frame.shape[0]])
    low = np.floor(np.maximum(corners.min(axis=0) - _ROOM_PX, 0))
    high = np.ceil(np.minimum(corners.max(axis=0) + _ROOM_PX, size))
    if not (low < high).all():
        return frame, np.zeros(2)
    (left, top), (right, bottom) = low.astype(int), high.astype(int)
    return frame[top:bottom, left:right], low.astype(np.float64)


def from_crop(corners: Corners, points: Corners) -> Corners:
    """Points of the crop that `rectify` cuts at `corners`, as `(4, 2) float32` frame pixels."""
    crop = _outline((CROP_WIDTH_PX, CROP_HEIGHT_PX)) - np.float32(0.5)
    matrix = cv2.getPerspectiveTransform(crop, corners.astype(np.float32))
    return np.asarray(cv2.perspectiveTransform(points[None], matrix)[0], np.float32)


def turn_corners(corners: Corners) -> Corners:
    """The corners of the same card read the other way up."""
    return np.roll(corners, 2, axis=0)
