"""A pack of few cards made as large to search as the catalog of a whole game, for measuring."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scanner.catalog.pack import Pack
from scanner.phash import HASH_BYTES
from scanner.records import Picture
from scanner.vectors import DIMENSIONS, quantize_vector

_BLOCK_ROWS = 4096
# In a catalog of 10,593 real cards the nearest row of another artwork lies at a cosine of about
# 0.5 from a card's own: the rows made up here lie at up to a little more.
_LEAST_COSINE, _MOST_COSINE = 0.2, 0.6


class CrowdedPack(Pack):
    """A pack with made-up rows behind its own; each shows the picture of one of its cards.

    Searching costs what it costs with so many cards, and so does comparing: a row that is looked
    at is read and decoded like any other.
    """

    def crowd(self, rows: int, seed: int = 1) -> None:
        """Add rows up to `rows` in all. Call once, before the first search."""
        own = len(self.row_card)
        self._own_rows = own
        extra = max(0, rows - own)
        rng = np.random.default_rng(seed)
        vectors = np.empty((own + extra, DIMENSIONS), np.int8)
        vectors[:own] = self.vectors
        for start in range(own, len(vectors), _BLOCK_ROWS):
            count = min(_BLOCK_ROWS, len(vectors) - start)
            vectors[start : start + count] = _near(rng, self.vectors, count)
        self.vectors = vectors
        self._shown_row = np.concatenate([np.arange(own), rng.integers(0, own, extra)])
        self.row_card = np.asarray(self.row_card[self._shown_row], np.int32)
        others = rng.integers(0, 256, (extra, HASH_BYTES), dtype=np.uint8)
        self.hashes = np.concatenate([self.hashes, others])

    def row_grey(self, row: int, *, halved: bool = True) -> NDArray[np.uint8]:
        """The picture that the row shows, as `Pack.row_grey` gives it."""
        return super().row_grey(int(self._shown_row[row]), halved=halved)

    def row_picture(self, row: int) -> Picture:
        """The picture that the row shows, in colour."""
        return super().row_picture(int(self._shown_row[row]))


def _near(rng: np.random.Generator, vectors: NDArray[np.int8], count: int) -> NDArray[np.int8]:
    """`(count, 128) int8`: vectors at cosines of 0.2…0.6 from some of `vectors`."""
    own = vectors[rng.integers(0, len(vectors), count)].astype(np.float32)
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    away = rng.standard_normal((count, DIMENSIONS), np.float32)
    away -= (away * own).sum(axis=1, keepdims=True) * own
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    cosine = rng.uniform(_LEAST_COSINE, _MOST_COSINE, (count, 1)).astype(np.float32)
    return np.stack([quantize_vector(row) for row in cosine * own + np.sqrt(1 - cosine**2) * away])
