"""From four corners in the full frame to the upright crop of the card."""

from __future__ import annotations

import cv2
import numpy as np

from scanner.records import CROP_HEIGHT_PX, CROP_WIDTH_PX, Corners, Picture

# Beyond this many frame pixels per crop pixel, plain linear sampling would skip pixels and alias.
_ALIASING_RATIO = 1.6


def rectify(frame: Picture, corners: Corners) -> Picture:
    """Warp the card with these `(4, 2) float32` corners to `(640, 448, 3) uint8`.

    The first corner becomes the crop's top left. What lies outside of the frame is repeated from
    its edge.
    """
    top, right, bottom, left = (
        float(np.linalg.norm(corners[(i + 1) % 4] - corners[i])) for i in range(4)
    )
    ratio = max((top + bottom) / 2 / CROP_WIDTH_PX, (right + left) / 2 / CROP_HEIGHT_PX)
    factor = int(np.ceil(ratio)) if ratio > _ALIASING_RATIO else 1
    size = (CROP_WIDTH_PX * factor, CROP_HEIGHT_PX * factor)
    target = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    crop = cv2.warpPerspective(
        frame, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    if factor > 1:
        crop = cv2.resize(crop, (CROP_WIDTH_PX, CROP_HEIGHT_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(crop, np.uint8)


def from_crop(corners: Corners, points: Corners) -> Corners:
    """Points of the crop that `rectify` cuts at `corners`, as `(4, 2) float32` frame pixels."""
    size = (CROP_WIDTH_PX, CROP_HEIGHT_PX)
    crop = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], np.float32)
    matrix = cv2.getPerspectiveTransform(crop - 0.5, corners.astype(np.float32))
    return np.asarray(cv2.perspectiveTransform(points[None], matrix)[0], np.float32)


def turn_corners(corners: Corners) -> Corners:
    """The corners of the same card read the other way up."""
    return np.roll(corners, 2, axis=0)
