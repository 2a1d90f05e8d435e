"""The strips of the frame along a card's four edges, straightened, as the edge net reads them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.quads import short_side
from scanner.records import Corners, Picture

SIDE_ROWS, COLUMNS, CHANNELS = 64, 48, 6
BINS = 8
"""Places along an edge for which the net tells where the paper ends."""
REACH = 0.08
"""How far the strips reach to each side of an edge, in short sides of the card."""
_DETAIL = 5.0
_SPREAD, _LEAST_SPREAD = 50.0, 4.0

ALONG = (np.arange(SIDE_ROWS) + 0.5) / SIDE_ROWS
BIN_ALONG = ALONG.reshape(BINS, -1).mean(axis=1)
COLUMN_SHARE = (np.arange(COLUMNS) - (COLUMNS - 1) / 2) * (2 * REACH / COLUMNS)
"""Where each column lies: in short sides of the card, outwards from the edge."""


def edges_of(
    quad: Corners | NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Start, way to the end and outward unit normal `(4, 2)` of each edge of a clockwise quad."""
    start = quad.astype(np.float64)
    side = np.roll(start, -1, axis=0) - start
    normal = np.stack([side[:, 1], -side[:, 0]], axis=1)
    return start, side, normal / (np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9)


def cut_strips(
    frame: Picture, quad: Corners, bow: NDArray[np.float64] | None = None
) -> NDArray[np.uint8]:
    """The four strips, one below the other: `(256, 48, 6) uint8`.

    Rows run clockwise along each edge, columns outwards. The first three channels are the
    picture with its contrast evened out, the others its detail, strongly enhanced. `bow`
    `(4, 64)` moves each row outwards, in short sides.
    """
    start, side, normal = edges_of(quad)
    short = short_side(quad)
    rows = start[:, None] + side[:, None] * ALONG[None, :, None]
    if bow is not None:
        rows = rows + normal[:, None] * (bow * short)[..., None]
    base = rows.reshape(-1, 1, 2).astype(np.float32)
    out = np.repeat(normal * short, SIDE_ROWS, axis=0).astype(np.float32)[:, None]
    share = COLUMN_SHARE.astype(np.float32)
    x, y = (base[..., axis] + out[..., axis] * share for axis in (0, 1))
    pixels = cv2.remap(frame, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mean, spread = cv2.meanStdDev(pixels)
    gain = _SPREAD / max(_LEAST_SPREAD, float(spread.mean()))
    table = np.clip((np.arange(256) - float(mean.mean())) * gain + 128, 0, 255).astype(np.uint8)
    blurred = cv2.blur(pixels, (9, 1))
    detail = cv2.addWeighted(pixels, _DETAIL, blurred, -_DETAIL, 128)
    return np.concatenate([cv2.LUT(pixels, table), detail], axis=2)
