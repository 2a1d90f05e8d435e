"""What others do, as yardsticks: a 256-bit perceptual hash, and ORB matching on its shortlist.

Both work on the crop that the recognizer's own locator found, so they are compared with the
embedding alone, not with the corners. ORB is that of Rublee et al., "ORB: an efficient alternative
to SIFT or SURF" (2011); its matches must pass Lowe's ratio test and agree on one homography.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.phash import phash256
from scanner.records import Picture, Printing
from scanner.search import nearest_hashes

if TYPE_CHECKING:
    from scanner.catalog.pack import Pack

SHORTLIST = 20
"""How many of the hash's nearest rows ORB looks at."""

_WIDTH_PX, _HEIGHT_PX = 224, 320
_FEATURES = 500
_EDGE_PX = 15
_RATIO = 0.75
_REPROJECTION_PX = 5.0
_FEWEST_MATCHES = 4  # as many as a homography needs


@dataclass(frozen=True, slots=True)
class RankedRow:
    """One row of one pack: `pack` counts from 0 in the packs that were asked.

    `score` is 1 - distance / 128 of the hashes, 0…1, or ORB's number of inliers.
    """

    pack: int
    row: int
    score: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows, best first, and the milliseconds that ranking them took."""

    rows: tuple[RankedRow, ...]
    ms: float

    def printing(self, packs: Sequence[Pack]) -> Printing | None:
        """The printing of the best row, None when there is none."""
        if not self.rows:
            return None
        pack = packs[self.rows[0].pack]
        return pack.printing(int(pack.row_card[self.rows[0].row]))


def rank_by_hash(crop: Picture, packs: Sequence[Pack], count: int = SHORTLIST) -> Ranking:
    """At most `count` rows nearest to a `(640, 448, 3) uint8` crop by hash, either way up."""
    started = time.perf_counter()
    found: dict[tuple[int, int], float] = {}
    for way in (crop, np.ascontiguousarray(crop[::-1, ::-1])):
        bits = phash256(way)
        for index, pack in enumerate(packs):
            rows, scores = nearest_hashes(pack.hashes, bits, count)
            for row, score in zip(rows.tolist(), scores.tolist(), strict=True):
                found[index, row] = max(score, found.get((index, row), -1.0))
    best = sorted(found.items(), key=lambda item: -item[1])[:count]
    ranked = tuple(RankedRow(pack, row, score) for (pack, row), score in best)
    return Ranking(ranked, _since(started))


def rank_by_orb(crop: Picture, packs: Sequence[Pack], shortlist: Sequence[RankedRow]) -> Ranking:
    """The rows of `shortlist` by how many of their ORB features are in the crop, either way up.

    Rows with as many inliers stay in the shortlist's order. The references' features are found
    before the clock starts, as a shop would keep them; the crop's count.
    """
    references = [_features(packs[row.pack].row_grey(row.row, halved=False)) for row in shortlist]
    started = time.perf_counter()
    small = cv2.resize(crop, (_WIDTH_PX, _HEIGHT_PX), interpolation=cv2.INTER_AREA)
    seen = _features(np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8))
    ranked = [
        RankedRow(row.pack, row.row, float(_inliers(seen, reference)))
        for row, reference in zip(shortlist, references, strict=True)
    ]
    ranked.sort(key=lambda row: -row.score)
    return Ranking(tuple(ranked), _since(started))


@dataclass(frozen=True, slots=True)
class _Features:
    """`points` `(N, 2) float32` pixels and `bits` `(N, 32) uint8`."""

    points: NDArray[np.float32]
    bits: NDArray[np.uint8]


@lru_cache(maxsize=1)
def _orb() -> cv2.ORB:
    return cv2.ORB.create(nfeatures=_FEATURES, edgeThreshold=_EDGE_PX, fastThreshold=10)


@lru_cache(maxsize=1)
def _matcher() -> cv2.BFMatcher:
    return cv2.BFMatcher.create(cv2.NORM_HAMMING)


def _features(grey: NDArray[np.uint8]) -> _Features:
    keypoints, bits = _orb().detectAndCompute(grey, None)
    points = np.array([point.pt for point in keypoints], np.float32).reshape(-1, 2)
    return _Features(points, np.asarray(bits, np.uint8) if len(points) else np.empty((0, 32), "u1"))


def _inliers(seen: _Features, reference: _Features) -> int:
    """How many matches of two pictures agree on one homography."""
    if min(len(seen.points), len(reference.points)) < _FEWEST_MATCHES:
        return 0
    pairs = _matcher().knnMatch(seen.bits, reference.bits, k=2)
    good = [first for first, second in pairs if first.distance < _RATIO * second.distance]
    if len(good) < _FEWEST_MATCHES:
        return 0
    source = np.array([seen.points[match.queryIdx] for match in good], np.float32)
    target = np.array([reference.points[match.trainIdx] for match in good], np.float32)
    _, kept = cv2.findHomography(source, target, cv2.RANSAC, _REPROJECTION_PX)
    return 0 if kept is None else int(np.count_nonzero(kept))


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
