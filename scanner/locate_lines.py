"""Exact corners from what the edge net saw: straight edges, bent by the lens, that cross."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.errors import ModelError
from scanner.locate_strips import (
    ALONG,
    BIN_ALONG,
    BINS,
    CHANNELS,
    COLUMN_SHARE,
    COLUMNS,
    SIDE_ROWS,
    cut_strips,
    edges_of,
)
from scanner.models import ModelFile, open_interpreter
from scanner.quads import short_side, sides_px
from scanner.records import Corners, Picture

Floats = NDArray[np.float64]

_TILTS = np.arange(-9, 10)
_RAMP = 2 * BIN_ALONG - 1
_WINDOW = np.arange(-2, 3)
_LEAST_CHANCE = 2e-3
# What a lens does to straight lines: points at radius r (1: the frame's corner) move by bend·r².
_BEND_SIGMA = 0.05
_MISS_SIGMA = 0.004
_LEAST_SIDE_PX = 12
_REMAP_LIMIT_PX = 32767
_LOOK_AGAIN_SHARE = 0.02


def _line_cells() -> NDArray[np.intp]:
    """`(BINS, tilts * columns)`: the cells of eight rows, laid end to end, on each line; what
    lies beyond a row is the one cell after the last."""
    cells = np.arange(COLUMNS)[None, :, None] + np.rint(_TILTS[:, None, None] * _RAMP)
    flat = cells + np.arange(BINS) * COLUMNS
    flat[(cells < 0) | (cells >= COLUMNS)] = BINS * COLUMNS
    return np.ascontiguousarray(flat.reshape(-1, BINS).T, np.intp)


_LINES = _line_cells()


@dataclass(frozen=True, slots=True)
class Exact:
    """`corners` `(4, 2) float32`, and of each how sure it is, `trust` `(4,)` in 0…1."""

    corners: Corners
    trust: NDArray[np.float64]


class EdgeFinder:
    """The int8 TFLite edge net and what is made of its answer. Not for two threads at once."""

    def __init__(self, interpreter: Any) -> None:
        self._interpreter = interpreter
        self._input = interpreter.get_input_details()[0]
        self._output = interpreter.get_output_details()[0]
        shapes = [list(one["shape"]) for one in (self._input, self._output)]
        if shapes != [[1, 4 * SIDE_ROWS, COLUMNS, CHANNELS], [1, 4 * BINS, COLUMNS, 1]]:
            raise ModelError(
                f"the edge model has an input and an output of the shapes {shapes}, which this "
                "version does not know; use the model that came with it"
            )
        scale, zero = self._input["quantization"]
        values = np.round(np.arange(256) / 255 / scale) + zero
        self._table = np.clip(values, -128, 127).astype(np.int8)

    @classmethod
    def open(cls, file: ModelFile, threads: int = 1) -> EdgeFinder:
        """Read the model; raises `ModelError` when it or the runtime is missing or damaged."""
        interpreter, _ = open_interpreter(file, threads)
        return cls(interpreter)

    def run(self, strips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits `(32, 48)` for strips as `cut_strips` gives them."""
        self._interpreter.set_tensor(self._input["index"], cv2.LUT(strips, self._table)[None])
        self._interpreter.invoke()
        scale, zero = self._output["quantization"]
        raw = self._interpreter.get_tensor(self._output["index"])[0, :, :, 0]
        return np.asarray((raw.astype(np.float32) - zero) * scale, dtype=np.float32)

    def refine(self, frame: Picture, quad: Corners) -> Exact:
        """Move the corners of a clockwise `quad` to where the paper's edges meet.

        Looks up to 8% of the card's short side to either side of each edge, twice when the first
        look moved it far. A quad too small to be looked at comes back as it is, without trust.
        """
        found, bend = self._look(frame, quad, 0.0)
        moved = np.linalg.norm(found.corners - quad, axis=1).max()
        if moved > _LOOK_AGAIN_SHARE * short_side(quad):
            again, _ = self._look(frame, found.corners, bend)
            if again.trust.mean() >= 0.8 * found.trust.mean():
                return again
        return found

    def _look(self, frame: Picture, quad: Corners, bend: float) -> tuple[Exact, float]:
        if not sides_px(quad).min() >= _LEAST_SIDE_PX or max(frame.shape[:2]) > _REMAP_LIMIT_PX:
            return Exact(quad, np.zeros(4)), 0.0
        size = (frame.shape[1], frame.shape[0])
        bow = bow_of(quad, bend, size) if bend else None
        logits = self.run(cut_strips(frame, quad, bow))
        if not np.isfinite(logits).all():
            return Exact(quad, np.zeros(4)), 0.0
        columns, mass = read_lines(logits)
        shares = columns * (COLUMN_SHARE[1] - COLUMN_SHARE[0]) + COLUMN_SHARE[0]
        if bow is not None:
            shares = shares + bow.reshape(4, BINS, -1).mean(axis=2)
        return meet(quad, shares, mass, size)


def read_lines(logits: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Columns `(4, 8)` of the likeliest straight line along each edge, exact at each of its eight
    places, and how much of the net's belief lies there, `(4, 8)` in 0…1."""
    chance = np.exp(logits - logits.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    # Cells first, edges last: one gather of rows, which is quicker than one for each edge.
    flat = np.full((BINS * COLUMNS + 1, 4), np.log(_LEAST_CHANCE), np.float32)
    flat[:-1] = np.log(np.maximum(chance, _LEAST_CHANCE)).reshape(4, -1).T
    votes = flat.take(_LINES[0], axis=0)
    for cells in _LINES[1:]:
        votes += flat.take(cells, axis=0)
    best = votes.argmax(axis=0)
    line = (best % COLUMNS)[:, None] + _TILTS[best // COLUMNS][:, None] * _RAMP[None]
    for _ in range(2):  # the second time about where the first put the line
        centre = np.clip(np.rint(line), 2, COLUMNS - 3).astype(np.intp)
        around = centre[..., None] + _WINDOW
        sides, bins = np.arange(4)[:, None, None], np.arange(BINS)[None, :, None]
        weight = chance.reshape(4, BINS, COLUMNS)[sides, bins, around]
        mass = weight.sum(axis=2)
        columns = (weight * around).sum(axis=2) / (mass + 1e-9)
        line = columns
    return columns, mass


def bend_points(points: Floats, bend: float, size: tuple[int, int]) -> Floats:
    """Where a lens that bends lines by `bend` puts points `(…, 2)` of a straight picture."""
    middle, radius2 = _middle(size)
    away = points - middle
    return np.asarray(middle + away * (1 + bend * (away**2).sum(axis=-1, keepdims=True) / radius2))


def unbend_points(points: Floats, bend: float, size: tuple[int, int]) -> Floats:
    """The inverse of `bend_points`."""
    middle, radius2 = _middle(size)
    away = points - middle
    straight = away
    for _ in range(5):
        straight = away / (1 + bend * (straight**2).sum(axis=-1, keepdims=True) / radius2)
    return np.asarray(middle + straight)


def _middle(size: tuple[int, int]) -> tuple[Floats, float]:
    return (np.array(size) - 1) / 2, float(size[0] ** 2 + size[1] ** 2) / 4


def bow_of(quad: Corners, bend: float, size: tuple[int, int]) -> Floats:
    """How far outwards, in short sides, the lens bows each of the 64 rows of the four edges."""
    start, side, normal = edges_of(unbend_points(quad.astype(np.float64), bend, size))
    bent = bend_points(start[:, None] + side[:, None] * ALONG[None, :, None], bend, size)
    start, side, normal = edges_of(quad)
    chord = start[:, None] + side[:, None] * ALONG[None, :, None]
    return np.asarray(((bent - chord) * normal[:, None]).sum(axis=2) / short_side(quad))


def meet(quad: Corners, shares: Floats, mass: Floats, size: tuple[int, int]) -> tuple[Exact, float]:
    """The corners where edges through the given points cross, and the lens's bend.

    `shares` `(4, 8)` is how far outside of each edge of `quad` its points lie, in short sides, and
    `mass` how much each is worth. The lens bends all four edges alike, which the points tell.
    """
    start, side, normal = edges_of(quad)
    points = start[:, None] + side[:, None] * BIN_ALONG[None, :, None]
    points = points + normal[:, None] * (shares * short_side(quad))[..., None]
    trust, bend, short_px = mass, 0.0, short_side(quad)
    for _ in range(2):
        bend, misses = _straighten(points, normal, trust, size, short_px)
        trust = mass / (1 + (misses / _MISS_SIGMA) ** 2)
    straight = unbend_points(points, bend, size)
    weight = trust + 1e-6
    total = weight.sum(axis=1)
    middle = (straight * weight[..., None]).sum(axis=1) / total[:, None]
    away = straight - middle[:, None]
    # The line's direction: the main axis of its weighted points.
    xx, yy, xy = (
        (weight * away[..., one] * away[..., other]).sum(axis=1)
        for one, other in ((0, 0), (1, 1), (0, 1))
    )
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    way = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    before, before_way = np.roll(middle, 1, axis=0), np.roll(way, 1, axis=0)
    area = before_way[:, 0] * way[:, 1] - before_way[:, 1] * way[:, 0]
    if np.any(np.abs(area) < 0.2):
        return Exact(quad, np.zeros(4)), 0.0
    gap = middle - before
    share = (gap[:, 0] * way[:, 1] - gap[:, 1] * way[:, 0]) / area
    corners = bend_points(before + before_way * share[:, None], bend, size)
    sure = trust.mean(axis=1)
    return Exact(corners.astype(np.float32), np.minimum(sure, np.roll(sure, 1))), bend


def _straighten(
    points: Floats, normal: Floats, trust: Floats, size: tuple[int, int], short_px: float
) -> tuple[float, Floats]:
    """The bend that makes the points `(4, 8, 2)` lie on four straight lines, and how far each
    misses its line, in short sides. Without evidence there is no bend."""
    middle, radius2 = _middle(size)
    away = points - middle
    reach = (away * normal[:, None]).sum(axis=2) / short_px
    pull = reach * ((away * away).sum(axis=2) / radius2)
    weight = trust + 1e-6
    pull, reach = _without_lines(np.stack([pull, reach]), weight)
    noise = (_MISS_SIGMA / 2) ** 2
    evidence = float((weight * pull * reach).sum() / noise)
    bend = evidence / (float((weight * pull * pull).sum() / noise) + 1 / _BEND_SIGMA**2)
    return bend, reach - bend * pull


def _without_lines(values: Floats, weight: Floats) -> Floats:
    """What is left of `(…, 4, 8)` after the best straight line of each row is taken away."""
    total = weight.sum(axis=1, keepdims=True)
    ramp = _RAMP - (weight * _RAMP).sum(axis=1, keepdims=True) / total
    level = (weight * values).sum(axis=-1, keepdims=True) / total
    lean = weight * ramp
    slope = (lean * (values - level)).sum(axis=-1, keepdims=True)
    slope /= (lean * ramp).sum(axis=1, keepdims=True)
    return np.asarray(values - level - slope * ramp)
