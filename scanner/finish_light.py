"""Two crops of one card in two lights, brought to the same light.

What a card prints answers both lights alike, up to a factor that changes slowly across the card:
how near each lamp hangs, and its colour. Once that factor is taken out, what still differs is what
mirrors: glare, and the colours of a foil.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.records import Picture

Field = NDArray[np.float32]

COLUMNS, ROWS = 28, 40
_SIDE_PX = 4

# A channel above this is clipped somewhere near, one below that holds more noise than colour.
_CLIPPED, _BLACK = 236, 6
# The fit listens little to places that are further off than this share of the brightness.
_OUTLIER = 0.06
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class EvenPair:
    """Two small pictures of a card under one light.

    `left` and `right` are `(160, 112, 3) float32` BGR grey levels in the light half way between
    both; `good` is `(160, 112) float32`, 1 where neither is clipped or black; `ratio` is
    `(40, 28) float32`, for each cell of 4 × 4 pixels how many times brighter the left light was.
    """

    left: Field
    right: Field
    good: Field
    ratio: Field

    def turned(self) -> EvenPair:
        """The same card the other way up."""
        fields = (self.left, self.right, self.good, self.ratio)
        left, right, good, ratio = (field[::-1, ::-1] for field in fields)
        return replace(self, left=left, right=right, good=good, ratio=ratio)


def even_out(left: Picture, right: Picture) -> EvenPair:
    """Bring two crops `(H, W, 3) uint8` of the same corners to one light."""
    size = (COLUMNS * _SIDE_PX, ROWS * _SIDE_PX)
    one, other = (
        cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in (left, right)
    )
    fits = cv2.inRange(cv2.max(one, other), (0, 0, 0), (_CLIPPED, _CLIPPED, _CLIPPED))
    black = cv2.inRange(cv2.min(one, other), (0, 0, 0), (_BLACK, _BLACK, _BLACK))
    sound = cv2.erode(cv2.subtract(fits, black), np.ones((3, 3), np.uint8))
    good = np.asarray(sound > 0, np.float32)
    floats = (one.astype(np.float32), other.astype(np.float32))
    trust = to_cells(good)
    log = np.log((good_means(floats[0], good) + 2) / (good_means(floats[1], good) + 2))
    grey = np.asarray(log.mean(axis=2), np.float32)
    brightness = _fit(grey, trust**2, degree=2)
    colour = [_fit(log[..., i] - grey, trust**2, degree=1) for i in range(3)]
    half = np.exp((brightness[..., None] + np.stack(colour, axis=-1)) / 2)
    gain = np.asarray(cv2.resize(half, size), np.float32)
    return EvenPair(floats[0] / gain, floats[1] * gain, good, np.exp(brightness))


def to_cells(field: Field) -> Field:
    """Means over the pixels of each cell: `(160, 112)` to `(40, 28)`, channels kept."""
    return np.asarray(cv2.resize(field, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA), np.float32)


def good_means(field: Field, good: Field) -> Field:
    """As `to_cells`, over the good pixels alone; 0 in cells without any."""
    share = to_cells(good)[..., None]
    means = to_cells(np.asarray(field * good[..., None], np.float32))
    return np.asarray(means.reshape(ROWS, COLUMNS, -1) / np.maximum(share, 1e-3), np.float32)


def _basis(degree: int) -> NDArray[np.float32]:
    """`(1120, terms)`: the polynomials over the card up to this degree."""
    y, x = np.mgrid[-1 : 1 : ROWS * 1j, -1 : 1 : COLUMNS * 1j]
    terms = [x**i * y**j for i in range(degree + 1) for j in range(degree + 1 - i)]
    return np.stack([term.ravel() for term in terms], axis=1).astype(np.float32)


_BASES = {degree: _basis(degree) for degree in (1, 2)}


def _fit(field: Field, trust: Field, degree: int) -> Field:
    """The smooth part of a field, whatever stands out of it (weights after Cauchy)."""
    basis, values = _BASES[degree], field.ravel()
    base = trust.ravel() + np.float32(1e-6)
    weights, fitted = base, np.zeros_like(values)
    for _ in range(_ROUNDS):
        weighted = basis * weights[:, None]
        normal = (weighted.T @ basis).astype(np.float64) + 1e-4 * np.eye(basis.shape[1])
        terms = np.linalg.solve(normal, (weighted.T @ values).astype(np.float64))
        fitted = basis @ terms.astype(np.float32)
        weights = base / (1 + ((values - fitted) / np.float32(_OUTLIER)) ** 2)
    return np.asarray(fitted.reshape(field.shape), np.float32)
