"""Exact nearest-neighbour search over a pack's rows, by vectors or by perceptual hashes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Small enough that a block converted to float32 stays in a Pi's second-level cache.
_BLOCK_ROWS = 4096
_POPCOUNT = np.array([bin(byte).count("1") for byte in range(256)], np.uint8)


def nearest_vectors(
    vectors: NDArray[np.int8], query: NDArray[np.float32], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The rows of `(N, 128) int8` closest to a `(128,) float32` unit vector, and their cosines.

    Best first, at most `count`; every row is compared. Cosines are exact up to the rounding of
    the stored vectors (0.002).
    """
    scaled = np.ascontiguousarray(query, np.float32) / np.float32(127)
    scores = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), _BLOCK_ROWS):
        block = vectors[start : start + _BLOCK_ROWS].astype(np.float32)
        np.dot(block, scaled, out=scores[start : start + len(block)])
    return _best(scores, count)


def nearest_hashes(
    hashes: NDArray[np.uint8], query: NDArray[np.uint8], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The rows of `(N, 32) uint8` closest to a 256-bit hash, and 1 - distance / 128 for each.

    Two unrelated pictures differ in about 128 of the 256 bits, so 0 is chance and 1 is equality.
    """
    scores = np.empty(len(hashes), np.float32)
    for start in range(0, len(hashes), _BLOCK_ROWS):
        block = hashes[start : start + _BLOCK_ROWS]
        distance = _POPCOUNT[block ^ query].sum(1, dtype=np.int32)
        scores[start : start + len(block)] = 1 - distance / np.float32(128)
    return _best(scores, count)


def _best(scores: NDArray[np.float32], count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    count = min(count, len(scores))
    if count == 0:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    rows = np.argpartition(-scores, count - 1)[:count]
    rows = rows[np.argsort(-scores[rows], kind="stable")]
    return rows.astype(np.int64), scores[rows]
