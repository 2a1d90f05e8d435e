"""A perceptual hash: the fallback when no model can be loaded, and a yardstick for the bench.

The DCT hash of Christoph Zauner, "Implementation and Benchmarking of Perceptual Image Hash
Functions" (2010), section 3.2.1, with 256 bits in place of 64: grey, 64×64, the 16×16 lowest
frequencies of the discrete cosine transform, one bit each for being above their median.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.records import Picture

HASH_BYTES = 32
_SIDE_PX = 64
_FREQUENCIES = 16


def phash256(picture: Picture) -> NDArray[np.uint8]:
    """Hash an upright `(H, W, 3) uint8` card to `(32,) uint8`; compare two by Hamming distance."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small.astype(np.float32))[:_FREQUENCIES, :_FREQUENCIES]
    return np.packbits(low > np.median(low))
