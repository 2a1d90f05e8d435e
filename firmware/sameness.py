"""Is that the same card, and did it move? Compares small grey frames block by block. Pure.

Frames are `(H, W) uint8`, about 160×90. A block agrees when the two pictures rise and fall alike in
it (zero-mean normalised cross-correlation, Lewis 1995), so that a lamp switched on changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Pose = NDArray[np.float32]
"""`(2, 3) float32`: where a pixel of the reference lies in the frame (rotation and shift)."""

BLOCK_PX = 7
ALIKE = 0.7
FLAT_LEVELS = 3.0
LEVELS_APART = 18.0
GLIMPSE = 0.2
STAY: Pose = np.array([[1, 0, 0], [0, 1, 0]], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """A frame's local means and deviations, `(H, W) float32` each, over `BLOCK_PX` squares."""

    picture: NDArray[np.float32]
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @classmethod
    def of(cls, grey: Grey | NDArray[np.float32]) -> Blocks:
        """Measure a frame."""
        picture = np.asarray(grey, np.float32)
        mean = _blur(picture)
        variance = np.maximum(_blur(picture * picture) - mean * mean, 0)
        return cls(picture, mean, np.sqrt(variance))


def alike(first: Blocks, second: Blocks) -> Mask:
    """Where the two rise and fall alike, `(H, W) bool`; flat places are flat, not alike."""
    covariance = _blur(first.picture * second.picture) - first.mean * second.mean
    scale = first.deviation * second.deviation
    textured = np.minimum(first.deviation, second.deviation) > FLAT_LEVELS / 2
    return np.asarray(textured & (covariance >= ALIKE * scale))


def agrees(first: Blocks, second: Blocks) -> Mask:
    """Where the two show the same thing: alike, or flat in both and equally bright."""
    flat = np.maximum(first.deviation, second.deviation) <= FLAT_LEVELS
    level = np.abs(first.mean - second.mean) <= LEVELS_APART
    return np.asarray(alike(first, second) | (flat & level))


def same_table(empty: Blocks, frame: Blocks) -> bool:
    """Whether the frame shows the empty table again, also in another light."""
    flat = np.maximum(empty.deviation, frame.deviation) <= FLAT_LEVELS
    # On a plain table only brightness could differ, and that is the lamp's doing.
    return float(np.mean(alike(empty, frame) | flat)) > 0.94


def is_dark(frame: Blocks) -> bool:
    """Whether the light is off: nothing can be said."""
    return float(frame.picture.mean()) < 12 or float(np.percentile(frame.picture, 95)) < 25


class KnownCard:
    """The card that was scanned last: how it looks, and where it has gone since.

    `region` marks its pixels in the reference frame. `pose` follows it through the frames.
    """

    def __init__(self, frame: Blocks, region: Mask):
        textured = region & (frame.deviation > FLAT_LEVELS)
        self._frame = frame
        self._region = region
        self._where = textured if textured.sum() >= 20 else region
        self.pose = STAY.copy()
        self._last = frame

    def seen_at(self, frame: Blocks, pose: Pose) -> float:
        """The share of the card that is visible in the frame at `pose`, 0…1."""
        back = cv2.warpAffine(
            frame.picture,
            pose,
            (frame.picture.shape[1], frame.picture.shape[0]),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        same = alike(self._frame, Blocks.of(np.asarray(back, np.float32)))
        return float(np.mean(same[self._where]))

    def follow(self, frame: Blocks) -> float:
        """Find the card in the next frame; the share that is visible where it most likely is."""
        candidates = [self.pose]
        seen = self.seen_at(frame, self.pose)
        if seen < 0.8:
            step = self._flow(frame)
            if step is not None:
                candidates.append(_then(self.pose, step))
            candidates.append(self._search(frame))
            shares = [self.seen_at(frame, pose) for pose in candidates]
            best = int(np.argmax(shares))
            seen = shares[best]
            if seen >= GLIMPSE:
                self.pose = candidates[best]
        self._last = frame
        return seen

    def settle(self, frame: Blocks) -> float:
        """As `follow`, then to a fraction of a pixel."""
        seen = self.follow(frame)
        if seen < 0.3:
            return seen
        try:
            _, refined = cv2.findTransformECC(
                self._frame.picture,
                frame.picture,
                self.pose.copy(),
                cv2.MOTION_EUCLIDEAN,
                (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-4),
                self._region.astype(np.uint8) * 255,
                3,
            )
        except cv2.error:
            return seen  # it does not converge where a hand covers half of the card
        better = self.seen_at(frame, np.asarray(refined, np.float32))
        if better >= seen:
            self.pose, seen = np.asarray(refined, np.float32), better
        return seen

    def moved_px(self) -> float:
        """How far the card's farthest corner has moved from where it was scanned."""
        rows, columns = np.nonzero(self._region)
        corners = np.array(
            [[x, y, 1] for x in (columns.min(), columns.max()) for y in (rows.min(), rows.max())],
            np.float32,
        )
        return float(np.linalg.norm(corners @ (self.pose - STAY).T, axis=1).max())

    def changed_beside(self, frame: Blocks) -> float:
        """The share of the frame, away from the card, that looks other than when it was scanned."""
        reach = np.ones((2 * BLOCK_PX + 1, 2 * BLOCK_PX + 1), np.uint8)
        near = cv2.dilate(self._region.astype(np.uint8), reach)
        moved = cv2.dilate(
            cv2.warpAffine(self._region.astype(np.uint8), self.pose, self._region.shape[::-1]),
            reach,
        )
        changed = ~agrees(self._frame, frame) & (near == 0) & (moved == 0)
        return float(np.mean(changed))

    def place_is_empty(self, empty: Blocks, frame: Blocks) -> bool:
        """Whether the table shows where the card lay."""
        return float(np.mean(agrees(empty, frame)[self._region])) > 0.7

    def _flow(self, frame: Blocks) -> Pose | None:
        """The card's step since the last frame, by optical flow checked forth and back."""
        here = cv2.warpAffine(self._region.astype(np.uint8), self.pose, self._region.shape[::-1])
        before = np.clip(self._last.picture, 0, 255).astype(np.uint8)
        now = np.clip(frame.picture, 0, 255).astype(np.uint8)
        points = cv2.goodFeaturesToTrack(before, 60, 0.02, 3, mask=here)
        if points is None or len(points) < 4:
            return None
        ahead, found, _ = cv2.calcOpticalFlowPyrLK(before, now, points, None, winSize=(9, 9))  # type: ignore[call-overload]
        back, found_back, _ = cv2.calcOpticalFlowPyrLK(now, before, ahead, None, winSize=(9, 9))  # type: ignore[call-overload]
        astray = np.linalg.norm((back - points).reshape(-1, 2), axis=1)
        good = (found.ravel() == 1) & (found_back.ravel() == 1) & (astray < 0.7)
        if good.sum() < 4:
            return None
        step, _ = cv2.estimateAffinePartial2D(
            points[good], ahead[good], method=cv2.RANSAC, ransacReprojThreshold=0.7
        )
        return None if step is None else _without_scale(step)

    def _search(self, frame: Blocks) -> Pose:
        """The best shift of the card over the whole frame, turned as it was last."""
        rows, columns = np.nonzero(self._region)
        top, left = int(rows.min()), int(columns.min())
        patch = self._frame.picture[top : rows.max() + 1, left : columns.max() + 1]
        scores = cv2.matchTemplate(frame.picture, patch, cv2.TM_CCOEFF_NORMED)
        _, _, _, (x, y) = cv2.minMaxLoc(scores)
        return np.array([[1, 0, x - left], [0, 1, y - top]], np.float32)


def _blur(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.blur(picture, (BLOCK_PX, BLOCK_PX)), np.float32)


def _then(first: Pose, second: Pose) -> Pose:
    joined = np.vstack([second, [0, 0, 1]]) @ np.vstack([first, [0, 0, 1]])
    return np.asarray(joined[:2], np.float32)


def _without_scale(step: NDArray[np.float64]) -> Pose:
    """A card under a fixed camera turns and shifts; it does not grow."""
    scale = float(np.hypot(step[0, 0], step[1, 0])) or 1.0
    step = step.copy()
    step[:, :2] /= scale
    return np.asarray(step, np.float32)
