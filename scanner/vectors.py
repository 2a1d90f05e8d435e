"""The form that embeddings have in packs and in the search: 128 numbers of one byte."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 128


def quantize_vector(vector: NDArray[np.float32]) -> NDArray[np.int8]:
    """Turn a unit vector `(128,) float32` into `(128,) int8`: each number times 127, rounded."""
    rounded: NDArray[np.float32] = np.rint(vector * np.float32(127))
    return rounded.clip(-127, 127).astype(np.int8)
