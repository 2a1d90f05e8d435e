"""Card corners from plain contours: what is used when the locator's model can't be loaded."""

from __future__ import annotations

import cv2
import numpy as np

from scanner.quads import looks_upside_down, sides_px
from scanner.records import Corners, Located, Picture, View

_LONG_SIDE_PX = 640
_MIN_AREA_SHARE = 0.02
_MAX_AREA_SHARE = 0.995
_ASPECT_LOW, _ASPECT_HIGH = 0.50, 0.88
_MIN_FILL = 0.86


def upright_order(quad: Corners) -> Corners:
    """Order four corners clockwise, a short edge first, as the card lies most upright.

    `quad` is `(4, 2)` in any order. The first edge of the answer is the short edge nearer to the
    top of the picture (for a card lying exactly sideways: the one further left).
    """
    centre = quad.mean(axis=0)
    angles = np.arctan2(quad[:, 1] - centre[1], quad[:, 0] - centre[0])
    ordered = quad[np.argsort(angles)]
    sides = sides_px(ordered)
    if sides[0] + sides[2] > sides[1] + sides[3]:
        ordered = np.roll(ordered, -1, axis=0)
    if looks_upside_down(ordered):
        ordered = np.roll(ordered, 2, axis=0)
    return np.ascontiguousarray(ordered, dtype=np.float32)


def locate_by_contour(frame: Picture) -> Located:
    """Find card-shaped contours in `(H, W, 3) uint8`; corners are in the frame's pixels.

    Tells nothing, one card and several cards apart. It can't tell a back from a front.
    """
    height, width = frame.shape[:2]
    scale = min(1.0, _LONG_SIDE_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    quads = _distinct(_card_shapes(np.asarray(small, dtype=np.uint8)))
    if not quads:
        return Located(View.NOTHING)
    ratio = np.array([width / size[0], height / size[1]])
    corners = tuple(
        upright_order(((quad + 0.5) * ratio - 0.5).astype(np.float32)) for _, quad in quads
    )
    view = View.CARD if len(corners) == 1 else View.SEVERAL
    return Located(view, corners, confidence=quads[0][0])


def _card_shapes(small: Picture) -> list[tuple[float, Corners]]:
    grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), (5, 5), 0)
    saturation = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_BGR2HSV)[:, :, 1], (5, 5), 0)
    bright = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1]
    masks = (_edges(grey), _edges(saturation), bright, cv2.bitwise_not(bright))
    shapes: list[tuple[float, Corners]] = []
    for mask in masks:
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for outline in outlines:
            shape = _as_card(outline, small.shape[0] * small.shape[1])
            if shape is not None and not _is_frame(outline, small):
                shapes.append(shape)
    return shapes


def _edges(channel: np.ndarray) -> np.ndarray:
    edges = cv2.Canny(channel, 30, 90)
    return cv2.morphologyEx(edges, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))


def _as_card(outline: np.ndarray, frame_area: int) -> tuple[float, Corners] | None:
    hull = cv2.convexHull(outline)
    area = cv2.contourArea(hull)
    if not _MIN_AREA_SHARE * frame_area <= area <= _MAX_AREA_SHARE * frame_area:
        return None
    rectangle = cv2.minAreaRect(hull)
    short, long = sorted(rectangle[1])
    if long <= 0 or not _ASPECT_LOW <= short / long <= _ASPECT_HIGH:
        return None
    fill = area / (short * long)
    if fill < _MIN_FILL:
        return None
    simple = cv2.approxPolyDP(hull, 0.03 * cv2.arcLength(hull, True), True)
    points = simple[:, 0] if len(simple) == 4 else cv2.boxPoints(rectangle)
    return float(fill), np.asarray(points, dtype=np.float32)


def _is_frame(outline: np.ndarray, small: Picture) -> bool:
    """Whether the outline is the frame's own rim."""
    x, y, width, height = cv2.boundingRect(outline)
    return x <= 1 and y <= 1 and width >= small.shape[1] - 3 and height >= small.shape[0] - 3


def _distinct(shapes: list[tuple[float, Corners]]) -> list[tuple[float, Corners]]:
    """Keep the largest of the shapes that lie upon one another."""
    kept: list[tuple[float, Corners]] = []
    for score, quad in sorted(shapes, key=lambda shape: -cv2.contourArea(shape[1])):
        x, y = (float(value) for value in quad.mean(axis=0))
        if all(cv2.pointPolygonTest(other, (x, y), False) < 0 for _, other in kept):
            kept.append((score, quad))
    return kept
