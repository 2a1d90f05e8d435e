"""Reference pictures of one artwork, laid on one another: what they share and where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from scanner.medians import median_of, row_medians
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

# Colour is held at half the resolution: cameras, JPEG and the eye see no more of it. So are the
# fields that change slowly.
HALF = (WIDTH_PX // 2, HEIGHT_PX // 2)
# The rim's light and wear belong to the scan, not to the printing.
RIM_PX = 7
KERNEL_PX = 5
_HIGH_PASS_HALF_PX = 15
# The pixels from which is learnt how a crop's camera has blurred the card: every so many.
_CORE_FROM, _CORE_DOWN, _CORE_ACROSS = 8, 4, 6

# A map that moves nothing by more than this would only soften the picture.
_STILL_PX = 0.35
# Two clean pictures need less to follow a point than a camera's picture does.
_WINDOW_PX = 9
_DIFFERENT_ABOVE = 7.0
_DIFFERENT_TIMES = 3.0
_FIT_STEP = 8
_SAME_ARTWORK = 0.5

_Value = TypeVar("_Value", np.float32, np.uint8)


@dataclass(frozen=True, slots=True)
class Plate:
    """One picture made ready: `grey` `(320, 224)`, and at half the size its YCrCb `colours`
    `(160, 112, 3)` and its `evened` grey, all `uint8`."""

    grey: Grey
    colours: Picture
    evened: Grey


def plate(picture: Picture) -> Plate:
    """A `(320, 224, 3) uint8` picture made ready."""
    colours = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YCrCb), np.uint8)
    grey = np.asarray(cv2.extractChannel(colours, 0), np.uint8)
    half = np.asarray(cv2.resize(colours, HALF, interpolation=cv2.INTER_AREA), np.uint8)
    return Plate(grey, half, even(half[..., 0]))


def chroma_of(colours: Picture) -> Map:
    """Cr and Cb about 0, softened, `(2, 160, 112) float32`, of YCrCb `(160, 112, 3) uint8`."""
    soft = np.asarray(cv2.blur(colours, (3, 3)), np.uint8)
    chroma = np.empty((2, *soft.shape[:2]), np.float32)
    return np.subtract(soft.transpose(2, 0, 1)[1:3], np.float32(128), out=chroma)


@dataclass(frozen=True, slots=True)
class Siblings:
    """Pictures laid on the first of them; None stands for one of another artwork.

    `shared` is 1 where all are alike and near 0 where they differ, `(160, 112) float32`, and
    `core_shared` the same at the core, `(N,)`. `design` `(25, N)` holds the first one's
    high-passed luma at the core, shifted.
    """

    first: Plate
    points: Map
    lumas: tuple[Map | None, ...]
    chromas: tuple[Map | None, ...]
    shared: Map
    core_shared: Map
    design: Map
    apart: dict[tuple[int, int], Map]
    _places: dict[tuple[int, int], Grey] = field(default_factory=dict)

    def places(self, one: int, other: int) -> Grey:
        """Where two of them differ, 1 or 0: `(320, 224) uint8`."""
        key = (min(one, other), max(one, other))
        if key not in self._places:
            self._places[key] = _places(self._difference(*key))
        return self._places[key]

    def _difference(self, one: int, other: int) -> Map:
        if (one, other) in self.apart:
            return self.apart[one, other]
        lumas, chromas = self.lumas, self.chromas
        first, second = lumas[one], lumas[other]
        tint, second_tint = chromas[one], chromas[other]
        if first is None or second is None or tint is None or second_tint is None:
            return np.zeros((HEIGHT_PX, WIDTH_PX), np.float32)
        return _apart(first, tint, second, second_tint)


def join(plates: Sequence[Plate]) -> Siblings:
    """Lay the plates on the first one and find what they share."""
    first = plates[0]
    points = points_of(first.evened)
    luma, chroma = first.grey.astype(np.float32), chroma_of(first.colours)
    lumas: list[Map | None] = [luma]
    chromas: list[Map | None] = [chroma]
    apart: dict[tuple[int, int], Map] = {}
    for place, other in enumerate(plates[1:], start=1):
        laid = _laid(other, first, points, luma, chroma)
        lumas.append(laid and laid[0])
        chromas.append(laid and laid[1])
        if laid is not None:
            apart[0, place] = _apart(*laid, luma, chroma)
    shared = _shared(list(apart.values()))
    half_shared = np.asarray(cv2.resize(shared, HALF, interpolation=cv2.INTER_AREA), np.float32)
    return Siblings(
        first, points, tuple(lumas), tuple(chromas), half_shared, at_core(shared), _design(luma),
        apart,
    )  # fmt: skip


def _laid(
    other: Plate, first: Plate, points: Map, luma: Map, chroma: Map
) -> tuple[Map, Map] | None:
    """Luma and chroma of a plate laid on the first, or None when it shows something else."""
    placed = lay(first.evened, points, other.evened, _WINDOW_PX)
    if placed is None:
        return None
    grey, colours = other.grey, other.colours
    if offset_of(placed) > _STILL_PX:
        grey = move(grey, placed)
        colours = move(colours, placed, scale=0.5, shift=-0.25, halved=True)
    if not _is_same_artwork(colours[..., 0], first.colours[..., 0]):
        return None
    return _toned(grey.astype(np.float32), chroma_of(colours), luma, chroma)


def _shared(apart: Sequence[Map]) -> Map:
    """1 where none of these differences is larger than usual, near 0 where one is."""
    if not apart:
        return without_rim(np.ones((HEIGHT_PX, WIDTH_PX), np.float32))
    most = apart[0]
    for one in apart[1:]:
        most = np.asarray(cv2.max(most, one), np.float32)
    limit = max(6.0, 1.2 * median_of(most[::8, ::8]))
    power = most * np.float32(1 / limit)
    power *= power
    power *= power
    power += 1
    return without_rim(np.divide(1, power, out=power))


def _design(luma: Map) -> Map:
    """The luma at the core as `(25, N)`: high-passed, shifted by up to 2 px."""
    half = np.asarray(cv2.resize(luma, HALF, interpolation=cv2.INTER_AREA), np.float32)
    mean = surroundings(half)
    high = luma - cv2.resize(mean, (WIDTH_PX, HEIGHT_PX))
    # Each shift is a view of the picture about the core; one copy makes them all.
    reach = _CORE_FROM - KERNEL_PX // 2
    shape = (HEIGHT_PX - 2 * _CORE_FROM, WIDTH_PX - 2 * _CORE_FROM)
    views = sliding_window_view(high[reach:-reach, reach:-reach], shape)
    return views[..., ::_CORE_DOWN, ::_CORE_ACROSS].reshape(KERNEL_PX * KERNEL_PX, -1)


def at_core(values: Map) -> Map:
    """The values of `(320, 224)` at the pixels of `Siblings.design`, `(N,)`."""
    return values[
        _CORE_FROM : HEIGHT_PX - _CORE_FROM : _CORE_DOWN,
        _CORE_FROM : WIDTH_PX - _CORE_FROM : _CORE_ACROSS,
    ].ravel()


def at_half_core(values: Map) -> Map:
    """The values of `(160, 112)` at the pixels of `Siblings.design`, `(N,)`."""
    edge = _CORE_FROM // 2
    return values[edge : -edge : _CORE_DOWN // 2, edge : -edge : _CORE_ACROSS // 2].ravel()


def surroundings(half: Map) -> Map:
    """The mean about each pixel of a half-sized picture."""
    return np.asarray(cv2.blur(half, (_HIGH_PASS_HALF_PX, _HIGH_PASS_HALF_PX)), np.float32)


def _is_same_artwork(one: Grey, other: Grey) -> bool:
    """Whether most of what is drawn is drawn in both; cards of one frame share less."""
    size = (WIDTH_PX // 4, HEIGHT_PX // 4)
    window = (_HIGH_PASS_HALF_PX // 2, _HIGH_PASS_HALF_PX // 2)
    small = [cv2.resize(half, size, interpolation=cv2.INTER_AREA) for half in (one, other)]
    first, second = (
        (grey - cv2.boxFilter(grey, cv2.CV_32F, window))[2:-2, 2:-2].ravel() for grey in small
    )
    length = float(np.sqrt(np.vdot(first, first) * np.vdot(second, second)))
    return float(np.vdot(first, second)) >= _SAME_ARTWORK * max(length, 1e-3)


def _toned(luma: Map, chroma: Map, aim: Map, aim_chroma: Map) -> tuple[Map, Map]:
    """With the gain and the offset that bring each channel nearest to the first plate's.

    A scan and a render of one card differ in tone all over, which tells no printing. The gain is
    kept near 1, so that silver does not become gold.
    """
    gain, shift = _tone(_sampled(luma, chroma), _sampled(aim, aim_chroma))
    luma *= gain[0]
    luma += shift[0]
    chroma *= gain[1:, None]
    chroma += shift[1:, None]
    return luma, chroma


def _sampled(luma: Map, chroma: Map) -> Map:
    """Luma, Cr and Cb of some pixels, `(3, N)`."""
    tints = chroma[:, :: _FIT_STEP // 2, :: _FIT_STEP // 2]
    light = luma[::_FIT_STEP, ::_FIT_STEP]
    return np.concatenate([light.reshape(1, -1), tints.reshape(2, -1)])


def _tone(sample: Map, wanted: Map) -> tuple[Map, Map]:
    """Each row's gain and offset, `(3, 1)`, that bring it nearest to the wanted one."""
    ones = np.ones_like(sample)
    terms = np.stack([ones, sample, wanted, sample * sample, sample * wanted], axis=1)
    weight = ones
    gain = mean = aimed = ones[:, :1]
    for _ in range(3):
        total, one, other, square, product = (terms @ weight[..., None]).swapaxes(0, 1)
        mean, aimed = one / total, other / total
        both, own = product / total - mean * aimed + 50, square / total - mean * mean + 50
        gain = (both / own).clip(0.6, 1.6)
        off = np.abs(gain * sample + (aimed - gain * mean) - wanted)
        limit = np.maximum(np.float32(1.5) * row_medians(off)[:, None], np.float32(4))
        off /= limit
        off *= off
        off *= off
        weight = 1 / (off + 1)
    return gain, (aimed - mean).clip(-25, 25) + mean - gain * mean


def _apart(luma: Map, chroma: Map, other: Map, other_chroma: Map) -> Map:
    """How far two pictures differ about each pixel, `(320, 224) float32` in grey levels."""
    light = cv2.blur(luma - other, (3, 3))
    tint = chroma - other_chroma
    tint *= tint
    squares = np.asarray(cv2.resize(tint[0] + tint[1], (WIDTH_PX, HEIGHT_PX)), np.float32)
    squares += np.multiply(light, light, out=light)
    return np.asarray(cv2.sqrt(squares), np.float32)


def _places(apart: Map) -> Grey:
    limit = max(_DIFFERENT_ABOVE, _DIFFERENT_TIMES * median_of(apart[::8, ::8]))
    found = cv2.dilate((apart > limit).astype(np.uint8), np.ones((5, 5), np.uint8))
    return without_rim(np.asarray(found, np.uint8))


def without_rim(values: NDArray[_Value]) -> NDArray[_Value]:
    """`(320, 224)` values, set to 0 at the rim."""
    values[:RIM_PX] = values[-RIM_PX:] = 0
    values[:, :RIM_PX] = values[:, -RIM_PX:] = 0
    return values
