"""Two crops of one card lit from two sides, brought to the same light.

What a card prints answers both lamps alike, up to a factor that changes slowly across the card:
how near each lamp hangs, and its colour. Once that factor is taken out, what still differs is what
mirrors: glare, and the colours of a foil.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.records import Picture

Field = NDArray[np.float32]

WIDTH_PX, HEIGHT_PX = 112, 160
COLUMNS, ROWS = 28, 40
_SIDE = WIDTH_PX // COLUMNS
# A channel above this is clipped somewhere near, one below that holds more noise than colour.
_CLIPPED, _BLACK = 244, 6
# The fit listens little to places that are further off than this share of the brightness.
_OUTLIER = 0.06
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class EvenPair:
    """The two crops small and under one light.

    `left` and `right` are `(160, 112, 3) float32` BGR grey levels of the light half way between
    both; `ratio` is `(40, 28) float32`, how many times brighter the left light was; `usable` is
    `(40, 28) float32`, the share of each cell that is neither clipped nor black in either crop.
    """

    left: Field
    right: Field
    ratio: Field
    usable: Field


def even_out(left: Picture, right: Picture) -> EvenPair:
    """Bring two upright `(640, 448, 3) uint8` crops of the same corners to one light."""
    small = [
        cv2.resize(crop, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
        for crop in (left, right)
    ]
    highest, lowest = np.maximum(*small).max(axis=2), np.minimum(*small).max(axis=2)
    good = (highest < _CLIPPED) & (lowest > _BLACK)
    usable = to_cells(good.astype(np.float32))
    floats = [np.asarray(picture, np.float32) for picture in small]
    cells = [to_cells(picture) + 2.0 for picture in floats]
    log = np.log(cells[0] / cells[1])
    grey = log.mean(axis=2)
    trust = usable**2
    brightness = _fit(grey, trust, degree=2)
    colour = [_fit(log[..., i] - grey, trust, degree=1) for i in range(3)]
    half = np.exp((brightness[..., None] + np.stack(colour, axis=-1)) / 2)
    gain = cv2.resize(half, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_LINEAR)
    return EvenPair(
        np.asarray(floats[0] / gain, np.float32),
        np.asarray(floats[1] * gain, np.float32),
        np.asarray(np.exp(brightness), np.float32),
        usable,
    )


def to_cells(field: Field) -> Field:
    """Means over 4 × 4 pixels: `(160, 112, …)` to `(40, 28, …)`."""
    shape = (ROWS, _SIDE, COLUMNS, _SIDE, *field.shape[2:])
    return np.asarray(field.reshape(shape).mean(axis=(1, 3)), np.float32)


def _basis(degree: int) -> NDArray[np.float64]:
    """`(1120, terms)`: the polynomials over the card up to this degree."""
    y, x = np.mgrid[-1 : 1 : ROWS * 1j, -1 : 1 : COLUMNS * 1j]
    terms = [x**i * y**j for i in range(degree + 1) for j in range(degree + 1 - i)]
    return np.stack([term.ravel() for term in terms], axis=1)


_BASES = {degree: _basis(degree) for degree in (1, 2)}


def _fit(field: Field, trust: Field, degree: int) -> Field:
    """The smooth part of a field, whatever stands out of it (weights after Cauchy)."""
    basis, values = _BASES[degree], field.ravel().astype(np.float64)
    base = trust.ravel().astype(np.float64) + 1e-6
    weights = base
    fitted = np.zeros_like(values)
    for _ in range(_ROUNDS):
        weighted = basis * weights[:, None]
        normal = weighted.T @ basis + 1e-6 * np.eye(basis.shape[1])
        fitted = basis @ np.linalg.solve(normal, weighted.T @ values)
        weights = base / (1 + ((values - fitted) / _OUTLIER) ** 2)
    return np.asarray(fitted.reshape(field.shape), np.float32)
