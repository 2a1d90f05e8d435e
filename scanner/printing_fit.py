"""What a crop's camera did to a card, learnt where all printings of its artwork are alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.medians import median_of, row_medians
from scanner.printing_group import (
    HALF,
    KERNEL_PX,
    RIM_PX,
    Siblings,
    at_core,
    at_half_core,
    chroma_of,
    surroundings,
)
from scanner.printing_lay import HEIGHT_PX, WIDTH_PX, Map, even, lay, move
from scanner.records import CROP_WIDTH_PX, Picture

_WHITE_ABOVE, _BLACK_BELOW = 250, 5
_FEWEST_SHARED = 30.0
_LEAST_GAIN = 0.08
# Light, glare and foil change over about a fifth of the card; their fields are held in cells.
_CELL_PX = 4
CELLS = (WIDTH_PX // _CELL_PX, HEIGHT_PX // _CELL_PX)
_GAIN_CELLS, _NEAR_CELLS, _FAR_CELLS = 15, 9, 25
_VARIANCE_CELLS = 9


@dataclass(frozen=True, slots=True)
class Laid:
    """A crop laid on the first sibling: `luma` `(320, 224) float32`; at half the size luma, Cr
    and Cb about 0, `tones` `(3, 160, 112) float32`, and `visible`, 1 where the crop shows
    anything, 0 where it is blown out, black or at the rim."""

    luma: Map
    tones: Map
    visible: Map


def laid_crop(crop: Picture, siblings: Siblings) -> Laid | None:
    """A `(640, 448, 3) uint8` crop laid on the first sibling, or None where it does not fit."""
    size = (WIDTH_PX, HEIGHT_PX)
    small = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
    colours = cv2.cvtColor(small, cv2.COLOR_BGR2YCrCb)
    half = cv2.resize(colours, HALF, interpolation=cv2.INTER_AREA)
    placed = lay(siblings.first.evened, siblings.points, even(np.asarray(half[..., 0], np.uint8)))
    if placed is None:
        return None
    # Sampled from the full crop, so that it is not softened twice.
    scale = CROP_WIDTH_PX / WIDTH_PX
    full = cv2.GaussianBlur(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), (3, 3), 0)
    luma = move(np.asarray(full, np.uint8), placed, scale=scale, shift=(scale - 1) / 2)
    grey, red, blue = cv2.split(colours)
    shown = cv2.inRange(small, (0, 0, 0), (_WHITE_ABOVE - 1,) * 3)
    shown = cv2.min(shown, cv2.inRange(grey, _BLACK_BELOW, 255))
    shown = cv2.erode(shown, np.ones((3, 3), np.uint8))
    merged = np.asarray(cv2.merge([grey, red, blue, shown]), np.uint8)
    moved = move(merged, placed, halved=True)
    visible = np.zeros(moved.shape[:2], np.float32)
    inner = slice(RIM_PX // 2 + 1, -(RIM_PX // 2) - 1)
    visible[inner, inner] = moved[inner, inner, 3] == 255
    tones = np.concatenate([moved[None, ..., 0].astype(np.float32), chroma_of(moved)])
    return Laid(luma.astype(np.float32), tones, visible)


def learn_blur(laid: Laid, siblings: Siblings) -> tuple[NDArray[np.float32], float] | None:
    """The 25 weights that make the first sibling's high-passed luma (`design`) the crop's.

    Defocus, motion, a last half pixel of shift and the contrast are all in them. Also the
    share of the crop's variance, 0…1, that they explain there. None when too little is shared or
    nothing of it is in the crop.
    """
    design = siblings.design
    weight = siblings.core_shared * at_half_core(laid.visible)
    aim = at_core(laid.luma) - at_half_core(surroundings(laid.tones[0]))
    if float(weight.sum()) < _FEWEST_SHARED:
        return None
    off = np.abs(aim - _solved(design, weight, aim) @ design)
    kept = off[weight > 0.5]
    if not len(kept):
        return None
    deviation = 1.48 * median_of(kept) + 1e-3
    trust = np.asarray(weight / (1 + np.square(off / np.float32(3 * deviation))), np.float32)
    found = _solved(design, trust, aim)
    if float(found.sum()) < _LEAST_GAIN:
        return None
    left = float(np.vdot(trust, np.square(aim - found @ design)))
    return found, max(0.0, 1 - left / max(float(np.vdot(trust, aim * aim)), 1e-3))


def _solved(design: Map, weight: Map, aim: Map) -> NDArray[np.float32]:
    weighed = design * weight
    normal = weighed @ design.T
    diagonal = normal.ravel()[:: len(normal) + 1]
    diagonal += np.float32(0.002 * float(diagonal.sum()) / len(normal) + 1e-3)
    _, found = cv2.solve(normal, (weighed @ aim)[:, None], flags=cv2.DECOMP_CHOLESKY)
    return np.asarray(found, np.float32)[:, 0]


def blurred(luma: Map, weights: NDArray[np.float32]) -> Map:
    """The luma as the crop's camera would show it."""
    kernel = weights.reshape(KERNEL_PX, KERNEL_PX)
    return np.asarray(cv2.filter2D(luma, -1, kernel), np.float32)


def every_second(values: Map) -> Map:
    """Every second pixel of every second row of `(320, 224)`."""
    return np.asarray(cv2.resize(values, HALF, interpolation=cv2.INTER_NEAREST), np.float32)


def local_gain(laid: Laid, foretold: Map, foretold_half: Map, shared: Map) -> Map:
    """How much stronger the crop's contrast is about each pixel than on the whole, in cells.

    `foretold` is `(320, 224)`, `foretold_half` the same at half the size.
    """
    high = every_second(laid.luma) - surroundings(laid.tones[0])
    own_high = every_second(foretold) - surroundings(foretold_half)
    weighed = shared * own_high
    both, own = _cells(weighed * high), _cells(weighed * own_high)
    usual = 0.15 * cv2.mean(own)[0] / max(cv2.mean(shared)[0], 0.01)
    window = (_GAIN_CELLS, _GAIN_CELLS)
    gain = (cv2.blur(both, window) + usual) / (cv2.blur(own, window) + (usual + 1e-3))
    return np.asarray(gain.clip(0.25, 2.5), np.float32)


def near_means(values: Map, shared: Map) -> Map:
    """The mean of the shared values about each pixel, from farther off where few are near.

    `(C, 160, 112) float32` and the shared weights `(160, 112)`; in cells, `(C, 80, 56)`.
    """
    near, far = (_NEAR_CELLS, _NEAR_CELLS), (_FAR_CELLS, _FAR_CELLS)
    weight, weighed = _cells(shared), _stacked_cells(values * shared)
    everywhere = np.array(cv2.mean(weighed)[: len(values)], np.float32)
    everywhere /= np.float32(max(cv2.mean(weight)[0], 0.01))
    distant = cv2.blur(weighed, far) + np.float32(0.05) * everywhere
    distant /= (cv2.blur(weight, far) + np.float32(0.05))[..., None]
    distant *= np.float32(0.08)
    distant += cv2.blur(weighed, near)
    distant /= (cv2.blur(weight, near) + np.float32(0.08))[..., None]
    return np.ascontiguousarray(distant.transpose(2, 0, 1))


def mix_of(first: Map, chroma: Map, shared: Map) -> Map | None:
    """How the crop's light and camera make Cr and Cb of luma, Cr and Cb, `(2, 3) float32`.

    A colour cast mixes luma into chroma, so the crop's chroma `(2, 160, 112)` is fitted by all
    three of the first sibling, `(3, 160, 112)`. None when too little is shared.
    """
    core = np.s_[..., 4:-4:3, 4:-4:3]
    weight = (shared[core].ravel() > 0.5).astype(np.float32)
    count = float(weight.sum())
    if count < _FEWEST_SHARED / 3:
        return None
    source = np.concatenate([first[core].reshape(3, -1), np.ones((1, len(weight)), np.float32)])
    weighed = source * weight
    normal = (weighed @ source.T).astype(np.float64)
    normal.ravel()[::5] += (2 * count, 2 * count, 2 * count, 1e-3)
    wanted = (weighed @ chroma[core].reshape(2, -1).T).astype(np.float64)
    _, mix = cv2.solve(normal, wanted, flags=cv2.DECOMP_CHOLESKY)
    return np.ascontiguousarray(mix[:3].T, np.float32)


def local_variances(rest: Map, shared: Map) -> Map:
    """The variance about each pixel of what is left where all siblings are alike.

    `(C, 160, 112)` and `(160, 112) float32`; in cells, `(C, 80, 56)`.
    """
    sample = np.abs(rest[:, ::4, ::4])[:, shared[::4, ::4] > 0.5]
    whole = np.full((len(rest), 1, 1), 100, np.float32)
    if sample.size:
        whole = np.square(np.float32(1.48) * row_medians(sample)).reshape(-1, 1, 1)
    window = (_VARIANCE_CELLS, _VARIANCE_CELLS)
    weight = cv2.blur(_cells(shared), window)
    squares = rest * rest
    squares *= shared
    local = cv2.blur(_stacked_cells(squares), window).transpose(2, 0, 1)
    variances = (local + 0.15 * whole) / (weight + np.float32(0.15)) * 0.7 + 0.3 * whole
    return np.asarray(variances, np.float32)


def steepest(lumas: Sequence[Map | None]) -> Map:
    """The largest squared slope of any sibling at each pixel, in grey levels per pixel."""
    most: Map | None = None
    for luma in lumas:
        if luma is None:
            continue
        across = luma[1:-1, 2:] - luma[1:-1, :-2]
        down = luma[2:, 1:-1] - luma[:-2, 1:-1]
        across *= across
        across += np.multiply(down, down, out=down)
        most = across if most is None else np.maximum(most, across, out=most)
    steep = np.zeros((HEIGHT_PX, WIDTH_PX), np.float32)
    if most is not None:
        np.multiply(most, np.float32(0.25), out=steep[1:-1, 1:-1])
    return steep


def _cells(values: Map) -> Map:
    return np.asarray(cv2.resize(values, CELLS, interpolation=cv2.INTER_AREA), np.float32)


def _stacked_cells(values: Map) -> Map:
    """`(C, 160, 112)` in cells, `(80, 56, C)`."""
    count, height, width = values.shape
    tall = values.reshape(count * height, width)
    cells = cv2.resize(tall, (CELLS[0], count * CELLS[1]), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(cells.reshape(count, CELLS[1], CELLS[0]).transpose(1, 2, 0))


def full_size(values: Map) -> Map:
    """Values held in cells or at half the size, at each pixel."""
    return np.asarray(cv2.resize(values, (WIDTH_PX, HEIGHT_PX)), np.float32)


def half_size(cells: Map) -> Map:
    """Values held in cells, `(C, 80, 56)` or `(80, 56)`, at half the size."""
    if cells.ndim == 2:
        return np.asarray(cv2.resize(cells, HALF), np.float32)
    halves = np.empty((len(cells), HALF[1], HALF[0]), np.float32)
    for plane, half in zip(cells, halves, strict=True):
        cv2.resize(plane, HALF, half)
    return halves
