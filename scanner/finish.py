"""Normal, holo, reverse or foil: what a card's surface does when the light changes. Pure.

A foil sends another colour to the camera when its light comes from another side; ink and paper do
not, and glare has no colour of its own. So what counts is how far hues change where both lights
show the card, once everything is taken off that the light alone explains.

One picture proves nothing here: beside the reference picture, the hues of normal cards were seen
to stray further, by paper, camera and light, than those of many a foil. Then only the catalog can
be certain, for a printing that exists in one finish.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import cv2
import numpy as np

from scanner.finish_light import (
    COLUMNS,
    ROWS,
    EvenPair,
    Field,
    good_means,
    to_cells,
)
from scanner.finishes import ALL_FINISHES
from scanner.records import Finish

# Whether each finish shines on the artwork, and on the rest of the card.
_SHINES = {
    Finish.NORMAL: (False, False),
    Finish.HOLO: (True, False),
    Finish.REVERSE: (False, True),
    Finish.FOIL: (True, True),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What counts as shining and as dull, in grey levels of a card whose white is at 180.

    Of a region's cells, 70% must stay below `dull` and 90% below `dull_anywhere` to be dull, and
    30% above `shines` to shine. `least_seen` is the share of a region that must be judged;
    `most_noise` the noise or sparkle between neighbours beyond which nothing is told, and
    `glare` the brightness from which a place is left out because a lamp mirrors there.
    """

    dull: float = 0.8
    dull_anywhere: float = 1.3
    shines: float = 1.9
    least_seen: float = 0.25
    most_noise: float = 3.0
    glare: float = 30.0


TWO_LIGHTS = Limits()


@dataclass(frozen=True, slots=True)
class Shine:
    """How far the hues change, cell by cell `(40, 28) float32`, where that can be `seen`."""

    change: Field
    seen: Field
    noise: float


def _regions() -> tuple[Field, Field]:
    """The places where nearly every game prints artwork, and where none does."""
    art = np.zeros((ROWS, COLUMNS), np.float32)
    art[8:18, 5:23] = 1
    rest = np.zeros((ROWS, COLUMNS), np.float32)
    rest[29:39, 1:27] = 1
    rest[1:3, 1:27] = 1
    return art, rest


_ART, _REST = _regions()
_CHROMA = np.array(
    [[0, -(2**-0.5), 2**-0.5], [-2 * 6**-0.5, 6**-0.5, 6**-0.5]],
    np.float32,
)


def judge_finish(pair: EvenPair | None, allowed: Set[Finish] = ALL_FINISHES) -> Finish:
    """The finish of an upright card seen in two lights; `allowed` are those that exist of it.

    Without a pair only a printing that exists in one finish has a certain one.
    """
    if len(allowed) == 1:
        return next(iter(allowed))
    if pair is None:
        return Finish.UNKNOWN
    return _verdict(measure_shine(pair), TWO_LIGHTS, allowed)


def measure_shine(pair: EvenPair) -> Shine:
    """How far hues differ between the lights, less what glare and shading can do to them.

    Glare moves a colour towards white, shading along itself: both keep its hue. What is left is
    the part across the colour's own direction, and all of it where the print has no colour.
    """
    left, right = pair.left, pair.right
    mean = (left + right) * np.float32(0.5)
    apart = _without_shift(left - right, mean, pair.good)
    seen = to_cells(pair.good)
    level = max(float(np.percentile(mean.mean(axis=2), 90)), 20.0) / 180
    difference = good_means(apart, pair.good)
    brightness = np.asarray(difference.mean(axis=2), np.float32)
    hue, printed = _chroma(difference), _chroma(good_means(mean, pair.good))
    strength = np.linalg.norm(printed, axis=2)
    along = printed / (strength[..., None] + 1e-3)
    # Counted towards the brighter picture: down to no colour is glare, a little up is shading.
    sign = np.sign(brightness)
    own = sign * (hue * along).sum(axis=2)
    more = sign * (own - np.clip(own, -strength, 0.3 * strength))
    across = hue[..., 1] * along[..., 0] - hue[..., 0] * along[..., 1]
    normal = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    left_over = across[..., None] * normal + more[..., None] * along
    weight = cv2.blur(seen, (3, 3))[..., None] + 1e-3
    smooth = cv2.blur(np.asarray(left_over * seen[..., None], np.float32), (3, 3)) / weight
    change = np.linalg.norm(smooth, axis=2) / level
    mirrored = np.abs(brightness) / level > TWO_LIGHTS.glare
    noise = _roughness(_chroma(apart), pair.good) / level
    return Shine(
        np.asarray(change, np.float32), np.asarray(np.where(mirrored, 0, seen), np.float32), noise
    )


def _verdict(shine: Shine, limits: Limits, allowed: Set[Finish]) -> Finish:
    """The one allowed finish that fits what was seen of both regions; unknown if several do."""
    seen = [_judge(shine, region, limits) for region in (_ART, _REST)]
    fitting = [
        finish
        for finish in allowed
        if all(is_it in (None, is_so) for is_it, is_so in zip(seen, _SHINES[finish], strict=True))
    ]
    if len(fitting) != 1 or all(is_it is None for is_it in seen):
        return Finish.UNKNOWN
    return fitting[0]


def _judge(shine: Shine, region: Field, limits: Limits) -> bool | None:
    """Whether a region shines; None when that can't be told."""
    judged = (shine.seen > 0.5) & (region > 0)
    if judged.sum() < limits.least_seen * region.sum() or shine.noise > limits.most_noise:
        return None
    most, nearly_all = (float(q) for q in np.percentile(shine.change[judged], (70, 90)))
    if most >= limits.shines:
        return True
    if most < limits.dull and nearly_all < limits.dull_anywhere:
        return False
    return None


def _without_shift(apart: Field, mean: Field, good: Field) -> Field:
    """The difference without what a small shift between both pictures explains (least squares)."""
    grey = cv2.transform(mean, np.full((1, 3), 1 / 3, np.float32))
    slope_x, slope_y = (
        np.asarray(cv2.Sobel(grey, cv2.CV_32F, *way, ksize=1, scale=0.5), np.float32)
        for way in ((1, 0), (0, 1))
    )
    wanted = cv2.transform(apart, np.full((1, 3), 1 / 3, np.float32))
    weight = good / (1 + (wanted / 20) ** 2)
    xx, xy, yy = (
        float((weight * a * b).sum())
        for a, b in ((slope_x, slope_x), (slope_x, slope_y), (slope_y, slope_y))
    )
    towards = [float((weight * slope * wanted).sum()) for slope in (slope_x, slope_y)]
    move_x, move_y = np.linalg.solve([[xx + 1e-3, xy], [xy, yy + 1e-3]], towards)
    along_x = cv2.Sobel(mean, cv2.CV_32F, 1, 0, ksize=1, scale=0.5 * float(move_x))
    along_y = cv2.Sobel(mean, cv2.CV_32F, 0, 1, ksize=1, scale=0.5 * float(move_y))
    return np.asarray(cv2.subtract(apart, cv2.add(along_x, along_y)), np.float32)


def _chroma(bgr: Field) -> Field:
    """`(…, 2)`: the colour of BGR levels without their brightness, in orthonormal axes."""
    return np.asarray(cv2.transform(bgr, _CHROMA), np.float32)


def _roughness(chroma: Field, good: Field) -> float:
    """How much the colour differs between neighbours: noise, or a foil's sparkle."""
    rough = np.abs(chroma - cv2.blur(chroma, (3, 3)))[good > 0]
    return 1.4826 * float(np.median(rough)) if rough.size else float("inf")
