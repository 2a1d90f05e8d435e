"""Nearest-neighbour search over a pack's rows, by vectors or by perceptual hashes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Small enough that a block converted to float32 stays in a Pi's second-level cache.
_BLOCK_ROWS = 4096
_SIGN_ROWS = 16384
# Catalogs up to this size are compared in full: that takes no longer than looking at signs first.
_EXACT_ROWS = 8192
_SHORTLISTED = 3072
# A sign counts once for each of these shares of the query's numbers that are smaller than its own:
# the signs of the smallest say nothing, those of the largest most.
_WEIGHT_STEPS = (0.16, 0.45, 0.75)
_WORD_BITS = 64


class VectorIndex:
    """The rows of one pack, `(N, 128) int8`, made ready for many searches.

    Beside the rows it keeps one bit for each of their numbers, its sign: 16 bytes a row. A search
    first counts the signs that differ from the query's, weighed by how far from zero the query's
    numbers are, and then compares the 3,072 rows with the fewest exactly. Of 3,287 spoilt views of
    cards against 130,000 rows (four real games and mixtures of their vectors) that the exact
    search finds among its first 32, this finds the true row for all. Any number of threads may
    search at once.
    """

    def __init__(self, vectors: NDArray[np.int8]) -> None:
        """`vectors` may be mapped from a file; it is read once here if there are many rows."""
        self._vectors = vectors
        self._signs = _signs(vectors) if len(vectors) > _EXACT_ROWS else None

    @property
    def nbytes(self) -> int:
        """Bytes of the rows and of their signs."""
        return self._vectors.nbytes + (0 if self._signs is None else self._signs.nbytes)

    def nearest(
        self, query: NDArray[np.float32], count: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The rows closest to a `(128,) float32` unit vector and their cosines, best first.

        At most `count` of them, which should be far fewer than 3,072. The cosines are those of
        `nearest_vectors`; of equal ones the first row comes first.
        """
        if self._signs is None:
            return nearest_vectors(self._vectors, query, count)
        distance = _weighed_signs(self._signs, query)
        rows = np.flatnonzero(distance <= _threshold(distance, max(_SHORTLISTED, count)))
        found, scores = nearest_vectors(np.take(self._vectors, rows, axis=0), query, count)
        return rows[found], scores


def nearest_vectors(
    vectors: NDArray[np.int8], query: NDArray[np.float32], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The rows of `(N, 128) int8` closest to a `(128,) float32` unit vector, and their cosines.

    Best first, at most `count`; every row is compared, and of equal ones the first comes first.
    Cosines are exact up to the rounding of the stored vectors (0.002).
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
    rows = np.ascontiguousarray(hashes).view(np.uint64)
    words = np.ascontiguousarray(query).view(np.uint64)
    distance = np.zeros(len(rows), np.uint16)
    for column, word in enumerate(words):
        distance += np.bitwise_count(rows[:, column] ^ word)
    return _best(1 - distance.astype(np.float32) / np.float32(128), count)


def _signs(vectors: NDArray[np.int8]) -> NDArray[np.uint64]:
    """`(2, N) uint64`: a set bit for each number above zero, 64 of a row in each line."""
    signs = np.empty((vectors.shape[1] // _WORD_BITS, len(vectors)), np.uint64)
    for start in range(0, len(vectors), _BLOCK_ROWS):
        block = vectors[start : start + _BLOCK_ROWS] > 0
        signs[:, start : start + len(block)] = np.packbits(block, axis=1).view(np.uint64).T
    return signs


def _weighed_signs(signs: NDArray[np.uint64], query: NDArray[np.float32]) -> NDArray[np.uint8]:
    """`(N,)`: how much of the query lies on the other side of zero in each row, 0…210."""
    wanted = np.packbits(query > 0).view(np.uint64)
    size = np.abs(query)
    limits = np.sort(size)[[int(step * len(size)) for step in _WEIGHT_STEPS]]
    masks = np.packbits(size > limits[:, None], axis=1).view(np.uint64)
    distance = np.zeros(signs.shape[1], np.uint8)
    for start in range(0, len(distance), _SIGN_ROWS):
        part = distance[start : start + _SIGN_ROWS]
        for line, of_line in enumerate(signs[:, start : start + _SIGN_ROWS]):
            differ = of_line ^ wanted[line]
            for mask in masks[:, line]:
                np.add(part, np.bitwise_count(differ & mask), out=part)
    return distance


def _threshold(distance: NDArray[np.uint8], count: int) -> int:
    """The least distance within which at least `count` rows lie."""
    low, high = 0, 255
    while low < high:
        middle = (low + high) // 2
        if np.count_nonzero(distance <= middle) >= count:
            high = middle
        else:
            low = middle + 1
    return low


def _best(scores: NDArray[np.float32], count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    count = min(count, len(scores))
    if count == 0:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    least = np.partition(scores, len(scores) - count)[len(scores) - count]
    # Of rows as good as the last that is wanted, the first ones are taken.
    rows = np.flatnonzero(scores >= least)
    rows = rows[np.argsort(-scores[rows], kind="stable")][:count]
    return rows.astype(np.int64), scores[rows]
