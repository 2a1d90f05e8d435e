"""Upper medians, many times faster than NumPy's own for few values. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]


def row_medians(rows: Values) -> Values:
    """`(N, M)` to `(N,)`; M must not be 0."""
    middle = rows.shape[1] // 2
    return np.asarray(np.partition(rows, middle, axis=1)[:, middle], np.float32)


def median_of(values: Values) -> float:
    """Of an array of any shape, which must not be empty."""
    return float(row_medians(values.reshape(1, -1))[0])
