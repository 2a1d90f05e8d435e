"""Reference pictures of one artwork, laid on one another: what they share and where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from scanner.printing_lay import (
    HEIGHT_PX,
    WIDTH_PX,
    Grey,
    Map,
    even,
    lay,
    move,
    offset_of,
    points_of,
)
from scanner.records import Picture

# Colour is held at half the resolution: cameras, JPEG and the eye see no more of it.
HALF = (WIDTH_PX // 2, HEIGHT_PX // 2)
# The rim's light and wear belong to the scan, not to the printing.
RIM_PX = 7
CORE = np.s_[8 : HEIGHT_PX - 8 : 3, 8 : WIDTH_PX - 8 : 3]
"""The pixels from which is learnt how a crop's camera has blurred the card."""
SHIFTS = tuple((dy, dx) for dy in range(-2, 3) for dx in range(-2, 3))
SOFT_PX = (5, 9)
HIGH_PASS_PX = 31

# A map that moves nothing by more than this would only soften the picture.
_STILL_PX = 0.35
_DIFFERENT_ABOVE = 7.0
_DIFFERENT_TIMES = 3.0
_FIT_STEP = 4
_SAME_ARTWORK = 0.5


@dataclass(frozen=True, slots=True)
class Plate:
    """One picture made ready: `luma` `(320, 224)` and `chroma` `(160, 112, 2) float32`, and the
    evened grey with its points."""

    picture: Picture
    luma: Map
    chroma: Map
    evened: Grey
    points: Map


def plate(picture: Picture) -> Plate:
    """A `(320, 224, 3) uint8` picture made ready."""
    evened = even(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8))
    return Plate(picture, *split(picture), evened, points_of(evened))


def split(picture: Picture) -> tuple[Map, Map]:
    """Luma at full and chroma (Cr, Cb about 0) at half resolution, of `(320, 224, 3) uint8`."""
    colours = cv2.cvtColor(picture, cv2.COLOR_BGR2YCrCb)
    luma = colours[..., 0].astype(np.float32)
    half = cv2.blur(cv2.resize(colours, HALF, interpolation=cv2.INTER_AREA), (3, 3))
    return luma, half[..., 1:].astype(np.float32) - np.float32(128)


@dataclass(frozen=True, slots=True)
class Siblings:
    """Pictures laid on the first of them; None stands for one of another artwork.

    `shared` is `(320, 224) float32`, 1 where all are alike and near 0 where they differ. `design`
    `(N, 27)` holds the first one's high-passed luma at `CORE`, shifted and softened.
    """

    first: Plate
    lumas: tuple[Map | None, ...]
    chromas: tuple[Map | None, ...]
    shared: Map
    design: Map
    _places: dict[tuple[int, int], tuple[Map, Map]] = field(default_factory=dict)

    def places(self, one: int, other: int) -> tuple[Map, Map]:
        """Where two of them differ, 1 or 0: `(320, 224)` and `(160, 112) float32`."""
        key = (min(one, other), max(one, other))
        if key not in self._places:
            self._places[key] = _places(self._difference(*key))
        return self._places[key]

    def _difference(self, one: int, other: int) -> Map:
        lumas, chromas = self.lumas, self.chromas
        first, second = lumas[one], lumas[other]
        tint, second_tint = chromas[one], chromas[other]
        if first is None or second is None or tint is None or second_tint is None:
            return np.zeros((HEIGHT_PX, WIDTH_PX), np.float32)
        return _apart(first, tint, second, second_tint)


def join(plates: Sequence[Plate]) -> Siblings:
    """Lay the plates on the first one and find what they share."""
    first = plates[0]
    lumas: list[Map | None] = [first.luma]
    chromas: list[Map | None] = [first.chroma]
    most = np.zeros((HEIGHT_PX, WIDTH_PX), np.float32)
    for other in plates[1:]:
        placed = lay(first.evened, first.points, other.evened)
        if placed is None:
            lumas.append(None)
            chromas.append(None)
            continue
        luma, chroma = other.luma, other.chroma
        if offset_of(placed) > _STILL_PX:
            luma, chroma = split(move(other.picture, placed))
        if not _is_same_artwork(luma, first.luma):
            lumas.append(None)
            chromas.append(None)
            continue
        luma, chroma = _toned(luma, chroma, first)
        most = np.maximum(most, _apart(luma, chroma, first.luma, first.chroma))
        lumas.append(luma)
        chromas.append(chroma)
    limit = max(6.0, 1.2 * float(np.median(most[::2, ::2])))
    shared = np.asarray(1 / (1 + (most / np.float32(limit)) ** 4), np.float32)
    return Siblings(
        first, tuple(lumas), tuple(chromas), _without_rim(shared), design_of(first.luma)
    )


def design_of(luma: Map) -> Map:
    """The luma at `CORE` as `(N, 27)`: high-passed, shifted by up to 2 px, and softened twice."""
    high = high_pass(luma)
    columns = [np.roll(high, shift, (0, 1))[CORE].ravel() for shift in SHIFTS]
    columns += [
        np.asarray(cv2.blur(high, (size, size))[CORE].ravel(), np.float32) for size in SOFT_PX
    ]
    return np.ascontiguousarray(np.stack(columns, axis=1), np.float32)


def high_pass(luma: Map) -> Map:
    """What is left of `(H, W) float32` without the mean of its surroundings."""
    return np.asarray(luma - cv2.blur(luma, (HIGH_PASS_PX, HIGH_PASS_PX)), np.float32)


def _is_same_artwork(luma: Map, other: Map) -> bool:
    """Whether most of what is drawn is drawn in both; cards of one frame share less."""
    inner = np.s_[RIM_PX:-RIM_PX:2, RIM_PX:-RIM_PX:2]
    one, two = high_pass(luma)[inner], high_pass(other)[inner]
    length = float(np.sqrt((one * one).sum() * (two * two).sum()))
    return float((one * two).sum()) >= _SAME_ARTWORK * max(length, 1e-3)


def _toned(luma: Map, chroma: Map, first: Plate) -> tuple[Map, Map]:
    """With the gain and the offset that bring each channel nearest to the first plate's.

    A scan and a render of one card differ in tone all over, which tells no printing. The gain is
    kept near 1, so that silver does not become gold.
    """
    toned = np.empty_like(chroma)
    for channel in range(2):
        toned[..., channel] = _fitted(chroma[..., channel], first.chroma[..., channel])
    return _fitted(luma, first.luma), toned


def _fitted(values: Map, aim: Map) -> Map:
    sample, wanted = values[::_FIT_STEP, ::_FIT_STEP], aim[::_FIT_STEP, ::_FIT_STEP]
    weight = np.ones_like(sample)
    gain, mean, aimed = 1.0, 0.0, 0.0
    for _ in range(3):
        total = float(weight.sum())
        mean = float((weight * sample).sum()) / total
        aimed = float((weight * wanted).sum()) / total
        about = sample - mean
        both = float((weight * about * (wanted - aimed)).sum()) + 50 * total
        own = float((weight * about * about).sum()) + 50 * total
        gain = float(np.clip(both / own, 0.6, 1.6))
        off = np.abs(gain * about + aimed - wanted)
        limit = max(4.0, 1.5 * float(np.median(off)))
        weight = 1 / (1 + (off / np.float32(limit)) ** 4)
    shift = float(np.clip(aimed - mean, -25, 25)) + mean - gain * mean
    return np.asarray(np.float32(gain) * values + np.float32(shift), np.float32)


def _apart(luma: Map, chroma: Map, other: Map, other_chroma: Map) -> Map:
    """How far two pictures differ about each pixel, `(320, 224) float32` in grey levels."""
    light = cv2.blur(luma - other, (3, 3))
    tint = cv2.resize(chroma - other_chroma, (WIDTH_PX, HEIGHT_PX))
    return np.asarray(
        cv2.sqrt(light * light + tint[..., 0] * tint[..., 0] + tint[..., 1] * tint[..., 1]),
        np.float32,
    )


def _places(apart: Map) -> tuple[Map, Map]:
    limit = max(_DIFFERENT_ABOVE, _DIFFERENT_TIMES * float(np.median(apart[::2, ::2])))
    found = cv2.dilate((apart > limit).astype(np.uint8), np.ones((5, 5), np.uint8))
    places = _without_rim(found.astype(np.float32))
    half = cv2.resize(places, HALF, interpolation=cv2.INTER_NEAREST)
    return places, np.asarray(half, np.float32)


def _without_rim(values: Map) -> Map:
    values[:RIM_PX] = values[-RIM_PX:] = 0
    values[:, :RIM_PX] = values[:, -RIM_PX:] = 0
    return values
