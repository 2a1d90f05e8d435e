"""Tell the printings of one artwork apart in the places where their reference pictures differ.

A reprint or a parallel shares most of its picture with another printing; a set symbol, a number,
a stamp or a frame differ. What all of them share tells how this camera saw the card: the blur,
the light and its colour, the noise. With that, each reference foretells what the crop should
show, and where two of them foretell different things, the crop must side with one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.printing_fit import (
    blurred,
    foretold_tints,
    laid_crop,
    learn_blur,
    local_gain,
    local_variance,
    near_mean,
    steepest,
    visible_in,
)
from scanner.printing_group import HALF, Siblings, high_pass, split
from scanner.printing_lay import HEIGHT_PX, WIDTH_PX, Grey, Map
from scanner.records import Picture

__all__ = ["HEIGHT_PX", "WIDTH_PX", "Grey", "Reading", "Siding", "read", "to_grey"]

_DETAIL_PX = 13
# Noise is alike over about this many pixels: only one of them is a witness of its own.
_ALIKE_LUMA_PX, _ALIKE_CHROMA_PX = 8.0, 75.0
# Beyond about this many deviations a pixel shows neither picture (a finger, a lamp, wear).
_OUTLIER = 9.0
# Where the pictures differ by less than so many variances the crop can't tell them apart.
_CLEAR_DIFFERENCE, _FAINT_DIFFERENCE = 2.0, 0.5
_MUCH_EXPECTED = 6.0
_TILES = (28, 40)
_TILE_AREA = WIDTH_PX * HEIGHT_PX / (_TILES[0] * _TILES[1])

# Set on rendered scenes of calibration cards, moderate and hard: the wrong printing reached 30 in
# a crop of which 52% was explained, the right one seldom less than 30 in crops of 80% and more.
_CERTAIN_EVIDENCE = 10.0
_CERTAIN_AGAINST = 0.15
_CERTAIN_SHARE = 0.3
_CERTAIN_EXPLAINED = 0.65


def to_grey(crop: Picture) -> Grey:
    """An `(H, W, 3) uint8` crop in grey at the references' own size, `(320, 224) uint8`."""
    small = cv2.resize(crop, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)


@dataclass(frozen=True, slots=True)
class Siding:
    """How far a crop sides with the first of two references (above 0) or the second (below 0).

    `evidence` is the natural logarithm of the likelihood ratio; `expected` what it would be, were
    the crop exactly what the nearer one foretells; `against` the share of the tiles' evidence
    that speaks against the nearer one; `explained` the share of the crop's variance that is
    explained where all references are alike.
    """

    evidence: float
    expected: float
    against: float
    explained: float = 0.0

    @property
    def certain(self) -> bool:
        """Whether the crop sides with the first of the two beyond doubt."""
        return (
            self.evidence >= max(_CERTAIN_EVIDENCE, _CERTAIN_SHARE * self.expected)
            and self.against <= _CERTAIN_AGAINST
            and self.explained >= _CERTAIN_EXPLAINED
        )


_OPEN = Siding(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One reference against the crop: what is left of luma and chroma, and its cost per pixel."""

    luma: Map
    chroma: Map
    luma_cost: Map
    chroma_cost: Map


@dataclass(frozen=True, slots=True)
class Reading:
    """A crop read against each of the siblings; None stands for one of another artwork."""

    siblings: Siblings
    visible: Map
    luma_variance: Map
    chroma_variance: Map
    seen: tuple[_Seen | None, ...]
    explained: float

    def side(self, one: int, other: int) -> Siding:
        """With which of two references the crop sides."""
        first, second = self.seen[one], self.seen[other]
        if first is None or second is None:
            return _OPEN
        places, half_places = self.siblings.places(one, other)
        luma, chroma = first.luma - second.luma, first.chroma - second.chroma
        # In variances; what is left differs between the two just as the two themselves do.
        luma_apart = luma * luma / self.luma_variance * (places * self.visible)
        half = cv2.resize(self.visible, HALF, interpolation=cv2.INTER_NEAREST) * half_places
        chroma_apart = _both(chroma * chroma / self.chroma_variance) * half
        found = _OPEN
        for least in (_CLEAR_DIFFERENCE, _FAINT_DIFFERENCE):
            clear, clear_half = luma_apart > least, chroma_apart > least
            expected = float(_cost(luma_apart[clear], _ALIKE_LUMA_PX).sum()) / 2
            expected += float(_cost(chroma_apart[clear_half], _ALIKE_CHROMA_PX).sum()) / 2
            light = (second.luma_cost - first.luma_cost) * clear
            tint = (second.chroma_cost - first.chroma_cost) * clear_half
            tiles = (
                cv2.resize(light, _TILES, interpolation=cv2.INTER_AREA) * _TILE_AREA
                + cv2.resize(tint, _TILES, interpolation=cv2.INTER_AREA) * (_TILE_AREA / 4)
            ) / 2
            for_first, for_second = float(tiles.clip(0).sum()), float(-tiles.clip(None, 0).sum())
            larger = max(for_first, for_second, 1e-6)
            found = Siding(
                for_first - for_second,
                expected,
                min(for_first, for_second) / larger,
                self.explained,
            )
            if expected >= _MUCH_EXPECTED:
                break
        return found


def read(crop: Picture, siblings: Siblings) -> Reading | None:
    """Read an upright `(640, 448, 3) uint8` crop against references of its artwork.

    None when the crop can't be laid on the first of them or shows too little of what they share.
    """
    laid = laid_crop(crop, siblings)
    if laid is None:
        return None
    luma, chroma = split(laid)
    visible = visible_in(laid, luma)
    shared = siblings.shared * visible
    high = high_pass(luma)
    blur = learn_blur(high, shared, siblings.design)
    if blur is None:
        return None
    weights, explained = blur
    lumas = [None if one is None else blurred(one, weights) for one in siblings.lumas]
    first = lumas[0]
    if first is None:
        return None
    gain = local_gain(high, high_pass(first), shared)
    half_shared = np.asarray(cv2.resize(shared, HALF, interpolation=cv2.INTER_AREA), np.float32)
    half_gain = cv2.resize(gain, HALF)[..., None]
    tints = foretold_tints(chroma, half_shared, lumas, siblings.chromas)
    aim = tints[0]
    if aim is None:
        return None
    light = luma - gain * first
    light_offset = near_mean(light, shared)
    tint_offset = near_mean(chroma - half_gain * aim, half_shared)
    left: list[tuple[Map, Map] | None] = []
    weight = cv2.blur(visible, (_DETAIL_PX, _DETAIL_PX)) + np.float32(0.05)
    for one, tint in zip(lumas, tints, strict=True):
        if one is None or tint is None:
            left.append(None)
            continue
        rest = luma - gain * one - light_offset
        rest -= cv2.blur(rest * visible, (_DETAIL_PX, _DETAIL_PX)) / weight
        left.append((rest, chroma - half_gain * tint - tint_offset))
    return _judged(siblings, visible, shared, half_shared, gain, lumas, left, explained)


def _judged(
    siblings: Siblings, visible: Map, shared: Map, half_shared: Map, gain: Map,
    lumas: Sequence[Map | None], left: Sequence[tuple[Map, Map] | None],
    explained: float,
) -> Reading:  # fmt: skip
    """What is left of each reference, in units of what is left where all of them agree."""
    assert left[0] is not None  # the first is laid on itself
    luma_variance = local_variance(left[0][0], shared) + steepest(lumas) * (gain * gain) * 0.05 + 3
    far = 1 / (1 + 6 * cv2.blur(half_shared, (15, 15)))
    luma_variance += 6 * cv2.resize(far, (WIDTH_PX, HEIGHT_PX))
    chroma_variance = np.stack(
        [local_variance(left[0][1][..., channel], half_shared) for channel in range(2)], axis=2
    )
    chroma_variance += (3 + 25 * far)[..., None]
    seen: list[_Seen | None] = []
    for item in left:
        if item is None:
            seen.append(None)
            continue
        light = np.asarray(item[0] * item[0] / luma_variance, np.float32)
        tint = np.asarray(item[1] * item[1] / chroma_variance, np.float32)
        seen.append(
            _Seen(
                item[0], item[1],
                _cost(light, _ALIKE_LUMA_PX), _both(_cost(tint, _ALIKE_CHROMA_PX)),
            )
        )  # fmt: skip
    return Reading(
        siblings, visible, np.asarray(luma_variance, np.float32),
        np.asarray(chroma_variance, np.float32), tuple(seen), explained,
    )  # fmt: skip


def _cost(squares: Map, alike_px: float) -> Map:
    """What is left, in variances, with a ceiling: beyond it the pixel shows something else."""
    return np.asarray(squares * np.float32(_OUTLIER / alike_px) / (_OUTLIER + squares), np.float32)


def _both(values: NDArray[np.floating[Any]]) -> Map:
    """The two channels of chroma together."""
    return np.asarray(values[..., 0] + values[..., 1], np.float32)
