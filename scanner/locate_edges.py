"""Sub-pixel corners: a straight line fitted to the paper's edge near each predicted edge."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.records import Corners, Picture

_ROWS = 40
_HALF = 16
_TILTS = np.arange(-8, 9)
# Round corners and fingertips: the ends of an edge say little about the line.
_ALONG = np.linspace(0.09, 0.91, _ROWS)
_NOISE_FLOOR = 10.0
_LEAST_SUPPORT = 0.34
_PRIOR_SIGMA = 0.45

_LEAN = np.rint(_TILTS[:, None] * np.linspace(-1.0, 1.0, _ROWS)[None, :]).astype(np.intp)
_PAD = int(_TILTS.max())


def refine(frame: Picture, quad: Corners, reach_px: float) -> tuple[Corners, float]:
    """Move the edges of `quad` onto the picture's, by at most about `reach_px`.

    `quad` is `(4, 2) float32`, in order around the card. Each edge is cut by 40 short profiles at
    right angles; a line wins by the share of profiles whose strongest change of colour lies
    on it (a Hough vote, then least squares on sub-pixel peaks). An edge without such a line stays
    where it was, and so does a corner that would move further than the reach. Returns the corners
    and the share of edges that were found, 0…1.
    """
    start, end = quad.astype(np.float64), np.roll(quad, -1, axis=0).astype(np.float64)
    length = np.linalg.norm(end - start, axis=1, keepdims=True)
    if length.min() < 12:
        return quad, 0.0
    along = (end - start) / length
    normal = np.stack([along[:, 1], -along[:, 0]], axis=1)
    step = max(0.4, reach_px / _HALF)
    changes = _changes(frame, start, end, normal, step)
    lines = np.empty((4, 2, 2))
    found = 0
    for edge in range(4):
        offset = _fit(changes[edge])
        if offset is None:
            lines[edge] = start[edge], end[edge]
            continue
        found += 1
        for which, place in enumerate((0, _ROWS - 1)):
            share = _ALONG[place]
            point = start[edge] * (1 - share) + end[edge] * share
            lines[edge, which] = point + normal[edge] * offset[which] * step
    corners = _meet(np.roll(lines, 1, axis=0), lines)
    if corners is None:
        return quad, 0.0
    moved = np.linalg.norm(corners - quad, axis=1)
    corners = np.where((moved > 1.6 * reach_px + 1)[:, None], quad, corners)
    return corners.astype(np.float32), found / 4


def _changes(
    frame: Picture,
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    normal: NDArray[np.float64],
    step: float,
) -> NDArray[np.float32]:
    """How much the colour changes across each profile, `(4, rows, 2 * half + 1)` of 0…1."""
    middle = start[:, None] + (end - start)[:, None] * _ALONG[None, :, None]
    reach = np.arange(-_HALF - 2, _HALF + 3) * step
    places = middle[:, :, None] + normal[:, None, None] * reach[None, None, :, None]
    grid = places.reshape(4 * _ROWS, len(reach), 2).astype(np.float32)
    x, y = grid[..., 0], grid[..., 1]
    pixels = cv2.remap(frame, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    values = pixels.astype(np.float32)
    difference = values[:, 4:] + values[:, 3:-1] - values[:, 1:-3] - values[:, :-4]
    power = np.abs(difference).max(axis=2) / 2
    # Where the frame ends there is no edge of paper.
    height, width = frame.shape[:2]
    outside = (grid[:, 2:-2] < 0) | (grid[:, 2:-2] > np.array([width - 1, height - 1]))
    power[outside.any(axis=2)] = 0
    best = power.max(axis=1, keepdims=True)
    shape = (4, _ROWS, 2 * _HALF + 1)
    return np.asarray((power / (best + _NOISE_FLOOR)).reshape(shape), dtype=np.float32)


def _fit(change: NDArray[np.float32]) -> tuple[float, float] | None:
    """Offsets, in steps, of the best line at the first and the last profile; None without one."""
    count = 2 * _HALF + 1
    padded = np.pad(change, ((0, 0), (_PAD, _PAD)))
    rows = np.arange(_ROWS)
    votes = np.zeros((len(_TILTS), count), np.float32)
    for index, lean in enumerate(_LEAN):
        columns = (lean + _PAD)[:, None] + np.arange(count)
        votes[index] = padded[rows[:, None], columns].mean(axis=0)
    offsets = np.arange(count) - _HALF
    prior = np.exp(-0.5 * (offsets / (_PRIOR_SIGMA * count / 2)) ** 2)
    tilt_prior = np.exp(-0.5 * (_TILTS / 6.0) ** 2)[:, None]
    tilt, place = np.unravel_index(int(np.argmax(votes * prior * tilt_prior)), votes.shape)
    if votes[tilt, place] < _LEAST_SUPPORT:
        return None
    line = place + _LEAN[tilt].astype(np.float64)
    for width in (2, 1):
        centre = np.clip(np.rint(line).astype(np.intp), width, count - 1 - width)
        around = centre[:, None] + np.arange(-width, width + 1)
        weights = change[rows[:, None], around].astype(np.float64)
        mass = weights.sum(axis=1)
        peak = (weights * around).sum(axis=1) / np.maximum(mass, 1e-6)
        trust = weights.max(axis=1) ** 2 * (np.abs(peak - line) < width + 0.5)
        if (trust > 0.1).sum() < _ROWS // 4:
            return None
        for _ in range(2):
            line = _straight(peak, trust)
            trust = trust / (1 + ((peak - line) / 0.7) ** 2)
    return float(line[0] - _HALF), float(line[-1] - _HALF)


def _straight(peak: NDArray[np.float64], trust: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weighted least-squares line through `peak`, at each profile."""
    ramp = np.linspace(0.0, 1.0, _ROWS)
    total = trust.sum() + 1e-9
    middle, level = (trust @ ramp) / total, (trust @ peak) / total
    spread = trust @ (ramp - middle) ** 2
    slope = (trust * (ramp - middle)) @ (peak - level) / max(spread, 1e-9)
    return np.asarray(level + slope * (ramp - middle))


def _meet(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Where each pair of lines `(4, 2, 2)` crosses; None when two of them hardly do."""
    way, across = one[:, 1] - one[:, 0], other[:, 1] - other[:, 0]
    area = way[:, 0] * across[:, 1] - way[:, 1] * across[:, 0]
    lengths = np.linalg.norm(way, axis=1) * np.linalg.norm(across, axis=1)
    if np.any(np.abs(area) < 0.2 * lengths):
        return None
    gap = other[:, 0] - one[:, 0]
    share = (gap[:, 0] * across[:, 1] - gap[:, 1] * across[:, 0]) / area
    return np.asarray(one[:, 0] + way * share[:, None])
