"""What a crop's camera did to a card, learnt where all printings of its artwork are alike."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.printing_group import CORE, HALF, RIM_PX, SHIFTS, SOFT_PX, Siblings
from scanner.printing_lay import HEIGHT_PX, WIDTH_PX, Map, even, lay, move
from scanner.records import CROP_WIDTH_PX, Picture

_WHITE_ABOVE, _BLACK_BELOW = 250, 5.0
_FEWEST_SHARED = 100.0
_LEAST_GAIN = 0.08
# Light, glare and foil change over about a fifth of the card; their fields are held in cells.
_CELL_PX = 4
_CELLS = (WIDTH_PX // _CELL_PX, HEIGHT_PX // _CELL_PX)
_GAIN_CELLS, _NEAR_CELLS, _FAR_CELLS = 15, 9, 25
_VARIANCE_CELLS = 9


def laid_crop(crop: Picture, siblings: Siblings) -> Picture | None:
    """A `(640, 448, 3)` crop laid on the first sibling, `(320, 224, 3) uint8`."""
    first = siblings.first
    small = cv2.resize(crop, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
    evened = even(np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8))
    placed = lay(first.evened, first.points, evened)
    if placed is None:
        return None
    # Sampled from the full crop, so that it is not softened twice: a 2×2 mean lies half a pixel
    # before the pixel it is kept at.
    scale = np.float32(CROP_WIDTH_PX / WIDTH_PX)
    where = placed * scale + (scale - 1) / 2 + np.float32(0.5)
    return move(np.asarray(cv2.blur(crop, (2, 2)), np.uint8), where)


def visible_in(laid: Picture, luma: Map) -> Map:
    """1 where the crop shows anything, 0 where it is blown out, black or at the rim."""
    blue, green, red = cv2.split(laid)
    bright = cv2.max(cv2.max(blue, green), red)
    lost = ((bright >= _WHITE_ABOVE) | (luma < _BLACK_BELOW)).astype(np.uint8)
    visible = 1 - cv2.dilate(lost, np.ones((3, 3), np.uint8)).astype(np.float32)
    visible[:RIM_PX] = visible[-RIM_PX:] = 0
    visible[:, :RIM_PX] = visible[:, -RIM_PX:] = 0
    return visible


def learn_blur(high: Map, shared: Map, design: Map) -> tuple[NDArray[np.float32], float] | None:
    """The 27 weights that make the first sibling's high-passed luma (`design`) the crop's.

    Defocus, motion, a last half pixel of shift and the contrast are all in them. Also the
    share of the crop's variance, 0…1, that they explain there. None when too little is shared or
    nothing of it is in the crop.
    """
    weight, aim = shared[CORE].ravel(), high[CORE].ravel()
    if float(weight.sum()) < _FEWEST_SHARED:
        return None
    found = _solved(design, weight, aim)
    off = np.abs(aim - design @ found)
    deviation = 1.48 * float(np.median(off[weight > 0.5])) + 1e-3
    trust = np.asarray(weight / (1 + (off / np.float32(3 * deviation)) ** 2), np.float32)
    found = _solved(design, trust, aim)
    if float(found.sum()) < _LEAST_GAIN:
        return None
    left = float((trust * (aim - design @ found) ** 2).sum())
    return found, max(0.0, 1 - left / max(float((trust * aim * aim).sum()), 1e-3))


def _solved(design: Map, weight: Map, aim: Map) -> NDArray[np.float32]:
    weighed = (design * weight[:, None]).T
    normal = weighed @ design
    size = len(normal)
    normal += np.eye(size, dtype=np.float32) * np.float32(0.002 * np.trace(normal) / size + 1e-3)
    return np.asarray(np.linalg.solve(normal, weighed @ aim), np.float32)


def blurred(luma: Map, weights: NDArray[np.float32]) -> Map:
    """The luma as the crop's camera would show it."""
    kernel = np.zeros((5, 5), np.float32)
    for (dy, dx), weight in zip(SHIFTS, weights, strict=False):
        kernel[2 - dy, 2 - dx] = weight
    result = cv2.filter2D(luma, -1, kernel)
    for size, weight in zip(SOFT_PX, weights[len(SHIFTS) :], strict=True):
        result = cv2.scaleAdd(cv2.blur(luma, (size, size)), float(weight), result)
    return np.asarray(result, np.float32)


def local_gain(high: Map, foretold: Map, shared: Map) -> Map:
    """How much stronger the crop's contrast is about each pixel than on the whole."""
    both = _cells(shared * high * foretold)
    own = _cells(shared * foretold * foretold)
    usual = 0.15 * float(own.mean()) / max(float(shared.mean()), 0.01)
    window = (_GAIN_CELLS, _GAIN_CELLS)
    gain = (cv2.blur(both, window) + usual) / (cv2.blur(own, window) + usual + 1e-3)
    return _full(np.asarray(gain.clip(0.25, 2.5), np.float32))


def near_mean(values: Map, shared: Map) -> Map:
    """The mean of the shared values about each pixel, from farther off where few are near.

    `(320, 224)` or `(160, 112, 2) float32` and the shared weights of the same size.
    """
    size = (shared.shape[1], shared.shape[0])
    weight = _cells(shared)
    weighed = _cells(values * (shared if values.ndim == 2 else shared[..., None]))
    if values.ndim == 3:
        weight = weight[..., None]
    near, far = (_NEAR_CELLS, _NEAR_CELLS), (_FAR_CELLS, _FAR_CELLS)
    everywhere = weighed.mean((0, 1)) / max(float(weight.mean()), 0.01)
    shape = weight.shape
    distant = (cv2.blur(weighed, far) + 0.05 * everywhere) / (
        cv2.blur(weight, far).reshape(shape) + 0.05
    )
    mean = (cv2.blur(weighed, near) + 0.08 * distant) / (
        cv2.blur(weight, near).reshape(shape) + 0.08
    )
    return np.asarray(cv2.resize(mean, size), np.float32)


def foretold_tints(
    chroma: Map, shared: Map, lumas: Sequence[Map | None], chromas: Sequence[Map | None]
) -> list[Map | None]:
    """Each sibling's chroma as the crop's light and camera would show it.

    A colour cast mixes luma into chroma, so the crop's chroma is fitted by all three.
    """
    halves = [
        None if luma is None or tint is None
        else np.dstack([cv2.resize(luma, HALF, interpolation=cv2.INTER_AREA), tint])
        for luma, tint in zip(lumas, chromas, strict=True)
    ]  # fmt: skip
    first = halves[0]
    if first is None:
        return [None for _ in halves]
    core = np.s_[4:-4:2, 4:-4:2]
    kept = shared[core].ravel() > 0.5
    source = first[core].reshape(-1, 3)[kept]
    aim = chroma[core].reshape(-1, 2)[kept]
    if len(source) < _FEWEST_SHARED / 4:
        return [None for _ in halves]
    full = np.column_stack([source, np.ones(len(source), np.float32)])
    still = np.diag([1, 1, 1, 0]).astype(np.float32) * np.float32(2 * len(source))
    mix = np.linalg.solve(full.T @ full + still + np.eye(4) * 1e-3, full.T @ aim)[:3]
    turn = np.asarray(mix.T, np.float32)
    return [None if one is None else np.asarray(cv2.transform(one, turn)) for one in halves]


def local_variance(rest: Map, shared: Map) -> Map:
    """The variance about each pixel of what is left where all siblings are alike."""
    size = (rest.shape[1], rest.shape[0])
    sample = rest[::3, ::3][shared[::3, ::3] > 0.5]
    whole = (1.48 * float(np.median(np.abs(sample)))) ** 2 if len(sample) else 100.0
    weight = cv2.blur(_cells(shared), (_VARIANCE_CELLS, _VARIANCE_CELLS))
    local = cv2.blur(_cells(rest * rest * shared), (_VARIANCE_CELLS, _VARIANCE_CELLS))
    variance = 0.3 * whole + 0.7 * (local + 0.15 * whole) / (weight + 0.15)
    return np.asarray(cv2.resize(variance.astype(np.float32), size), np.float32)


def steepest(lumas: Sequence[Map | None]) -> Map:
    """The largest squared slope of any sibling at each pixel, in grey levels per pixel."""
    most = np.zeros((HEIGHT_PX, WIDTH_PX), np.float32)
    for luma in lumas:
        if luma is not None:
            across = cv2.Sobel(luma, -1, 1, 0, scale=0.125)
            down = cv2.Sobel(luma, -1, 0, 1, scale=0.125)
            most = np.maximum(most, across * across + down * down)
    return np.asarray(most, np.float32)


def _cells(values: Map) -> Map:
    return np.asarray(cv2.resize(values, _CELLS, interpolation=cv2.INTER_AREA), np.float32)


def _full(cells: Map) -> Map:
    return np.asarray(cv2.resize(cells, (WIDTH_PX, HEIGHT_PX)), np.float32)
