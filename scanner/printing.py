"""Tell the printings of one artwork apart in the places where their reference pictures differ.

A reprint or a parallel shares most of its picture with another printing; a set symbol, a number,
a stamp or a frame differ. What all of them share tells how this camera saw the card: the blur,
the light and its colour, the noise. With that, each reference foretells what the crop should
show, and where two of them foretell different things, the crop must side with one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from scanner.printing_fit import (
    CELLS,
    Laid,
    blurred,
    every_second,
    full_size,
    half_size,
    laid_crop,
    learn_blur,
    local_gain,
    local_variances,
    mix_of,
    near_means,
    steepest,
)
from scanner.printing_group import HALF, Siblings
from scanner.printing_lay import HEIGHT_PX, WIDTH_PX, Map
from scanner.records import Picture

_DETAIL_HALF = (7, 7)
# Noise of luma, and of chroma, is alike over about this many pixels: one of them is a witness.
_ALIKE_PX = (8.0, 75.0)
# Beyond about this many deviations a pixel shows neither picture (a finger, a lamp, wear).
_OUTLIER = 9.0
# Where the pictures differ by less than so many variances the crop can't tell them apart.
_CLEAR_DIFFERENCE, _FAINT_DIFFERENCE = 2.0, 0.5
_MUCH_EXPECTED = 6.0
_TILES = (28, 40)

# Set on rendered scenes of calibration cards, moderate and hard: the wrong printing reached 30 in
# a crop of which 52% was explained, the right one seldom less than 30 in crops of 80% and more.
_CERTAIN_EVIDENCE = 10.0
_CERTAIN_AGAINST = 0.15
_CERTAIN_SHARE = 0.3
_CERTAIN_EXPLAINED = 0.65


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
class _Left:
    """What is left of the crop without what one reference foretells: `luma` `(320, 224)` and
    `chroma` `(2, 160, 112)`."""

    luma: Map
    chroma: Map


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
        places = self.siblings.places(one, other)
        half_here = places[::2, ::2] * self.visible
        here = cv2.resize(half_here, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_NEAREST)
        # In variances; what is left differs between the two just as the two themselves do.
        luma_apart = first.luma - second.luma
        luma_apart *= luma_apart
        luma_apart *= here
        luma_apart /= self.luma_variance
        chroma_apart = np.square(first.chroma - second.chroma) / self.chroma_variance
        apart = (luma_apart, (chroma_apart[0] + chroma_apart[1]) * half_here)
        sides = (second.luma_cost - first.luma_cost, second.chroma_cost - first.chroma_cost)
        found = _OPEN
        for least in (_CLEAR_DIFFERENCE, _FAINT_DIFFERENCE):
            found = self._sided(apart, sides, least)
            if found.expected >= _MUCH_EXPECTED:
                break
        return found

    def _sided(self, apart: tuple[Map, Map], sides: tuple[Map, Map], least: float) -> Siding:
        """The siding from the pixels in which the two lie at least so many variances apart."""
        expected = 0.0
        tiles = np.zeros(_TILES[::-1], np.float32)
        for squares, side, alike in zip(apart, sides, _ALIKE_PX, strict=True):
            clear = (squares > least).astype(np.float32)
            expected += float(np.vdot(_cost(squares), clear)) / alike / 2
            area = side.size / tiles.size / alike / 2
            clear *= side
            tiles += cv2.resize(clear, _TILES, interpolation=cv2.INTER_AREA) * np.float32(area)
        for_first, for_second = float(tiles.clip(0).sum()), float(-tiles.clip(None, 0).sum())
        larger = max(for_first, for_second, 1e-6)
        return Siding(
            for_first - for_second, expected, min(for_first, for_second) / larger, self.explained
        )


def read(crop: Picture, siblings: Siblings) -> Reading | None:
    """Read an upright `(640, 448, 3) uint8` crop against references of its artwork.

    None when the crop can't be laid on the first of them or shows too little of what they share.
    """
    laid = laid_crop(crop, siblings)
    if laid is None:
        return None
    blur = learn_blur(laid, siblings)
    if blur is None:
        return None
    weights, explained = blur
    lumas = [None if one is None else blurred(one, weights) for one in siblings.lumas]
    tones = [
        None if luma is None or chroma is None
        else np.concatenate([cv2.resize(luma, HALF, interpolation=cv2.INTER_AREA)[None], chroma])
        for luma, chroma in zip(lumas, siblings.chromas, strict=True)
    ]  # fmt: skip
    shared = siblings.shared * laid.visible
    first, first_tones = lumas[0], tones[0]
    if first is None or first_tones is None:
        return None
    mix = mix_of(first_tones, laid.tones[1:], shared)
    if mix is None:
        return None
    for one in tones:
        if one is not None:
            one[1:] = (mix @ one.reshape(3, -1)).reshape(2, *one.shape[1:])
    gain = local_gain(laid, first, first_tones[0], shared)
    left = _left(laid, shared, gain, lumas, tones)
    luma_variance, chroma_variance = _variances(left[0], shared, gain, lumas)
    seen = [
        None if one is None
        else _Seen(
            one.luma, one.chroma, _cost(one.luma * one.luma, luma_variance),
            _both(_cost(one.chroma * one.chroma, chroma_variance)),
        )
        for one in left
    ]  # fmt: skip
    return Reading(siblings, laid.visible, luma_variance, chroma_variance, tuple(seen), explained)


def _left(
    laid: Laid, shared: Map, gain: Map, lumas: Sequence[Map | None], tones: Sequence[Map | None]
) -> list[_Left | None]:
    """What is left of the crop without what each reference foretells, about the mean near by."""
    full_gain, half_gain = full_size(gain), half_size(gain)
    weight = cv2.blur(laid.visible, _DETAIL_HALF) + np.float32(0.05)
    left: list[_Left | None] = []
    offsets: tuple[Map, Map] | None = None
    for luma, tone in zip(lumas, tones, strict=True):
        if luma is None or tone is None:
            left.append(None)
            continue
        half_rest = laid.tones - half_gain * tone
        if offsets is None:
            means = near_means(half_rest, shared)
            offsets = laid.luma - full_size(means[0]), half_size(means)
        half_rest -= offsets[1]
        detail = cv2.blur(half_rest[0] * laid.visible, _DETAIL_HALF) / weight
        rest = full_gain * luma
        rest += full_size(detail)
        left.append(_Left(np.subtract(offsets[0], rest, out=rest), half_rest[1:]))
    return left


def _variances(
    first: _Left | None, shared: Map, gain: Map, lumas: Sequence[Map | None]
) -> tuple[Map, Map]:
    """What is left of luma and chroma about each pixel where all references agree, squared."""
    assert first is not None  # the first is laid on itself
    rest = np.concatenate([every_second(first.luma)[None], first.chroma])
    far = 1 / (1 + 6 * cv2.blur(cv2.resize(shared, CELLS, interpolation=cv2.INTER_AREA), (7, 7)))
    cells = local_variances(rest, shared)
    cells[0] += 6 * far + 3
    cells[1:] += 25 * far + 3
    luma_variance = steepest(lumas)
    luma_variance *= full_size(gain * gain * np.float32(0.05))
    luma_variance += full_size(cells[0])
    return luma_variance, half_size(cells[1:])


def _cost(squares: Map, variance: Map | float = 1.0) -> Map:
    """What is left, in variances, with a ceiling: beyond it the pixel shows something else."""
    limit = np.float32(_OUTLIER) * variance + squares
    cost = np.divide(squares, limit, out=np.asarray(limit, np.float32))
    cost *= np.float32(_OUTLIER)
    return np.asarray(cost, np.float32)


def _both(values: Map) -> Map:
    """The two channels of chroma together."""
    return np.asarray(values[0] + values[1], np.float32)
