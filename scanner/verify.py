"""Compare a crop with the candidates' reference pictures, block by block.

The embedding says which cards look alike as a whole; this says whether this very picture is there.
The reference is cut into blocks; each looks for itself within a few pixels of where it should be
(corners are never perfect), by zero-mean normalised cross-correlation, which light, colour casts
and exposure leave alone. A text box in another language, a lamp spot or a finger spoil their own
blocks and no others, and the blocks in which the candidates differ from one another weigh most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from numpy.typing import NDArray

from scanner.records import Picture
from scanner.shrink import halve

WIDTH_PX = 84
HEIGHT_PX = 120
BLOCK_PX = 12
REACH_PX = 3
ROWS, COLUMNS = HEIGHT_PX // BLOCK_PX, WIDTH_PX // BLOCK_PX
_BLOCKS = ROWS * COLUMNS
_SHIFTS = (2 * REACH_PX + 1) ** 2
_BLOCK_AREA = BLOCK_PX * BLOCK_PX
# Deviation of grey values below which a block is plain: it matches noise as well as anything.
_PLAIN_BELOW = 6.0
_MATCHED_ABOVE = 0.7
_FEWEST_BLOCKS = 6
_SHARED_WEIGHT = 0.08

Blocks = NDArray[np.float32]
"""`(70, 144) float32`: the normalised blocks of one reference; plain ones are all zero."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much of a reference is in the crop, 0…1: `score` weighs the blocks in which the
    candidates differ and leaves the worst quarter out; `matched` is the weighed share of blocks
    that correlate above 0.7."""

    score: float
    matched: float


def cut_blocks(picture: Picture | NDArray[np.uint8]) -> Blocks:
    """A reference, `(H, W, 3)` or `(H, W) uint8`, as `(70, 144) float32` blocks to compare with."""
    grey = _small_grey(picture).astype(np.float32)
    blocks = grey.reshape(ROWS, BLOCK_PX, COLUMNS, BLOCK_PX).swapaxes(1, 2)
    return _normalised(blocks.reshape(_BLOCKS, _BLOCK_AREA))


@dataclass(frozen=True, slots=True)
class Windows:
    """Where each block may lie in a crop: `pixels` `(70, 49, 144) float32`, and `scale`
    `(70, 49) float32`, one over the length of each window about its mean (0 for plain ones)."""

    pixels: NDArray[np.float32]
    scale: NDArray[np.float32]


def cut_windows(crop: Picture) -> Windows:
    """The windows of an `(H, W, 3) uint8` crop to compare any number of candidates with."""
    framed = cv2.copyMakeBorder(_small_grey(crop), *(REACH_PX,) * 4, cv2.BORDER_REPLICATE)
    padded = np.asarray(framed, np.float32)
    span = 2 * REACH_PX + 1
    # The blocks have mean 0, so the windows' own means need not be taken out; only their lengths
    # about the mean count.
    pixels = _every_window(padded)
    sums, squares = cv2.integral2(padded, sdepth=cv2.CV_64F, sqdepth=cv2.CV_64F)
    total, total_squares = _window_sums(np.asarray(sums)), _window_sums(np.asarray(squares))
    length = np.sqrt(np.maximum(total_squares - total * total / _BLOCK_AREA, 0))
    scale = np.where(length < _PLAIN_BELOW * BLOCK_PX, 0, 1 / np.maximum(length, 1e-6))
    tiles = sliding_window_view(scale, (span, span))[::BLOCK_PX, ::BLOCK_PX]
    return Windows(pixels, tiles.reshape(_BLOCKS, _SHIFTS).astype(np.float32))


def _every_window(padded: NDArray[np.float32]) -> NDArray[np.float32]:
    """`(70, 49, 144)`: each block's windows. Strips of the block's width are laid out one below
    the other first, so that a whole window is one run of memory to copy."""
    span = 2 * REACH_PX + 1
    height = padded.shape[0]
    down, across = padded.strides
    strips = np.ascontiguousarray(
        as_strided(
            padded, (COLUMNS, span, height, BLOCK_PX), (BLOCK_PX * across, across, down, across)
        )
    )
    column, dx, line, pixel = strips.strides
    windows = as_strided(
        strips, (ROWS, COLUMNS, span, span, _BLOCK_AREA), (BLOCK_PX * line, column, line, dx, pixel)
    )
    return np.ascontiguousarray(windows).reshape(_BLOCKS, _SHIFTS, _BLOCK_AREA)


def _window_sums(integral: NDArray[np.float64]) -> NDArray[np.float64]:
    size = BLOCK_PX
    return np.asarray(
        integral[size:, size:] - integral[:-size, size:]
        - integral[size:, :-size] + integral[:-size, :-size]
    )  # fmt: skip


def _small_grey(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    # Shrinking grey is faster than colour, and what is halved first costs a quarter.
    if min(height // HEIGHT_PX, width // WIDTH_PX) >= 4 and height % 2 == width % 2 == 0:
        picture = halve(picture)
    if picture.ndim == 3:
        picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    small = cv2.resize(picture, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _normalised(blocks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean 0 and length 1 along the last axis; plain blocks become zero."""
    centred = blocks - blocks.mean(1, keepdims=True)
    length = np.sqrt(np.einsum("ij,ij->i", centred, centred))[:, None]
    plain = length < _PLAIN_BELOW * BLOCK_PX
    scale = np.where(plain, 0, 1 / np.maximum(length, 1e-6)).astype(np.float32)
    return np.asarray(centred * scale, np.float32)


def compare(windows: Windows, candidates: Sequence[Blocks]) -> list[Comparison]:
    """Compare a crop's `cut_windows` with each candidate's `cut_blocks`, in the same order."""
    if not candidates:
        return []
    stack = np.stack(candidates, axis=1)  # (block, candidate, pixel)
    products = np.matmul(stack, windows.pixels.swapaxes(1, 2)) * windows.scale[:, None, :]
    found = products.max(axis=2)  # (block, candidate)
    weights = _weights(stack)
    return [_summary(found[:, index], weights[:, index]) for index in range(len(candidates))]


def correlate(windows: Windows, blocks: Blocks) -> NDArray[np.float32]:
    """`(70, 49) float32`: how each block of one candidate correlates at each shift."""
    found = np.matmul(windows.pixels, blocks[:, :, None])[:, :, 0] * windows.scale
    return np.asarray(found, np.float32)


def _weights(stack: NDArray[np.float32]) -> NDArray[np.float32]:
    """`(70, candidates)`: 1 where a candidate's block is its own, near 0 where all share it."""
    alike = np.matmul(stack, stack.swapaxes(1, 2))  # (block, candidate, candidate)
    # A block's product with itself is 1, or 0 when it is plain.
    textured = (np.diagonal(alike, axis1=1, axis2=2) > 0.5).astype(np.float32)
    count = stack.shape[1]
    if count < 2:
        return np.asarray(textured, np.float32)
    others = (alike.clip(0, 1).sum(2) - textured) / (count - 1)
    own = np.maximum(1 - others, np.float32(_SHARED_WEIGHT))
    return np.asarray(textured * own, np.float32)


def _summary(found: NDArray[np.float32], weights: NDArray[np.float32]) -> Comparison:
    known = weights > 0
    if int(known.sum()) < _FEWEST_BLOCKS:
        return Comparison(0.0, 0.0)
    scores, weight = found[known], weights[known]
    matched = float(weight[scores > _MATCHED_ABOVE].sum() / weight.sum())
    order = np.argsort(scores)
    spoilt = np.cumsum(weight[order]) < 0.25 * weight.sum()
    kept = order[~spoilt]
    score = float((scores[kept] * weight[kept]).sum() / weight[kept].sum())
    return Comparison(min(max(score, 0.0), 1.0), matched)
