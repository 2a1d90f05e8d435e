"""Lay a crop on a reference by matching features, when the corners alone do not fit.

Prints of one card in two languages may have borders of different widths, a toploader's edge may be
taken for the card's, a corner may be hidden: then the printed picture lies off where the corners
say. ORB features (Rublee et al., "ORB: an efficient alternative to SIFT or SURF", 2011) find it.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.printing_lay import HEIGHT_PX, WIDTH_PX, Grey
from scanner.records import CROP_HEIGHT_PX, CROP_WIDTH_PX, Corners, Picture

_FEATURES = 700
_RATIO = 0.85
_REACH_PX = 4.0
FEWEST_INLIERS = 14
# Wrong references reach a dozen, right ones over a hundred: this many end the search.
_CLEARLY_INLIERS = 50
# A card whose picture lies further off than this share of the width was not located at all.
_MOST_MOVED = 0.25


class Aligner:
    """Finds where a reference's picture really lies in a crop."""

    def __init__(self) -> None:
        self._orb = cv2.ORB.create(
            nfeatures=_FEATURES, scaleFactor=1.2, nlevels=6, edgeThreshold=12, patchSize=25,
            fastThreshold=6,
        )  # fmt: skip
        self._matcher = cv2.BFMatcher(cv2.NORM_HAMMING)
        self._even = cv2.createCLAHE(clipLimit=3.0, tileGridSize=(6, 8))

    def align(
        self, crop: Picture, references: Iterable[Grey], least: int = FEWEST_INLIERS
    ) -> tuple[Corners, int] | None:
        """The corners, in pixels of the `(640, 448, 3)` crop, of the reference that fits best,
        and how many features agree.

        `references` are `(320, 224) uint8`, likeliest first: the first one that fits beyond doubt
        ends the search. None when none of them reaches `least`, or only far off.
        """
        points, marks = self._features(_to_grey(crop))
        best, most = None, least - 1
        for reference in references:
            found, inliers = self._fit(points, marks, *self._features(reference))
            corners = _corners(found) if found is not None and inliers > most else None
            if corners is not None:
                best, most = corners, inliers
            if most >= _CLEARLY_INLIERS:
                break
        return None if best is None else (best, most)

    def _features(self, grey: Grey) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        keys, marks = self._orb.detectAndCompute(self._even.apply(grey), None)
        if marks is None or len(keys) < FEWEST_INLIERS:
            return np.empty((0, 2), np.float32), np.empty((0, 32), np.uint8)
        return np.array([key.pt for key in keys], np.float32), np.asarray(marks, np.uint8)

    def _fit(
        self, points: NDArray[np.float32], marks: NDArray[np.uint8],
        reference_points: NDArray[np.float32], reference_marks: NDArray[np.uint8],
    ) -> tuple[NDArray[np.float64] | None, int]:  # fmt: skip
        """The homography from the reference to the crop and how many features agree with it."""
        if not len(marks) or not len(reference_marks):
            return None, 0
        good = [
            pair[0]
            for pair in self._matcher.knnMatch(reference_marks, marks, k=2)
            if len(pair) == 2
            and pair[0].distance < _RATIO * pair[1].distance
            and _is_near(reference_points[pair[0].queryIdx], points[pair[0].trainIdx])
        ]
        if len(good) < FEWEST_INLIERS:
            return None, 0
        source = reference_points[[match.queryIdx for match in good]]
        target = points[[match.trainIdx for match in good]]
        found = cv2.findHomography(source, target, cv2.RANSAC, _REACH_PX)
        matrix = np.asarray(found[0], np.float64)
        if matrix.shape != (3, 3):  # the features lie on one line
            return None, 0
        return matrix, int(np.count_nonzero(found[1]))


def _to_grey(crop: Picture) -> Grey:
    """An `(H, W, 3) uint8` crop in grey at the references' own size, `(320, 224) uint8`."""
    small = cv2.resize(crop, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)


def _is_near(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    return bool(np.abs(one - other).max() < _MOST_MOVED * WIDTH_PX)


def _corners(matrix: NDArray[np.float64]) -> Corners | None:
    """Where the reference's corners fall in the crop; None when the quad is no card's."""
    frame = np.array([[0, 0], [WIDTH_PX, 0], [WIDTH_PX, HEIGHT_PX], [0, HEIGHT_PX]], np.float32)
    frame -= np.float32(0.5)
    moved = np.asarray(cv2.perspectiveTransform(frame[None], matrix)[0], np.float32)
    if np.abs(moved - frame).max() > _MOST_MOVED * WIDTH_PX:
        return None
    scale = np.array([CROP_WIDTH_PX / WIDTH_PX, CROP_HEIGHT_PX / HEIGHT_PX], np.float32)
    return np.asarray((moved + 0.5) * scale - 0.5, np.float32)
