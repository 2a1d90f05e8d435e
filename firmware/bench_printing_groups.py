"""Printings of one artwork in a pack, and which of their pictures are the same to the eye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.catalog.pack import PICTURE_HEIGHT_PX, PICTURE_WIDTH_PX, Pack
from scanner.pictures import read_picture
from scanner.records import BACK_VARIANT, Picture

# Of 256 bits. Other cards of one game differ in 60 and more, re-encoded pictures in less than 10.
_SAME_HASH_BITS = 10
# Pictures are the same to the eye when no place of 5×5 px (1.4 mm of a card) differs in lightness,
# nor any place of about 1 cm in colour, by more than this (CIELAB). One Piece pictures that were
# saved again differ by up to 2.7 and 9.4, by what the codec does; the smallest real difference met
# so far, one set symbol and two digits of the demo game, comes to 3.1 in lightness.
_SAME_LIGHTNESS = 2.9
_SAME_COLOUR = 10.0
_COLOUR_BLUR_PX = 4.0
_RIM_PX = 6
_LIGHTNESS_WINDOW_PX = 5


@dataclass(frozen=True, slots=True)
class Printed:
    """One printing of a group: its id, its picture's file and its class within the group."""

    card_id: str
    name: str
    path: Path
    look: int


@dataclass(frozen=True, slots=True)
class Group:
    """Printings of one artwork. Those with the same `look` are one class to the eye."""

    artwork: str
    printings: tuple[Printed, ...]

    @property
    def looks(self) -> int:
        """How many classes there are."""
        return len({printing.look for printing in self.printings})

    def twins(self) -> list[list[str]]:
        """The classes of more than one printing, as lists of card ids."""
        classes: dict[int, list[str]] = {}
        for printing in self.printings:
            classes.setdefault(printing.look, []).append(printing.card_id)
        return [ids for ids in classes.values() if len(ids) > 1]


def find_groups(pack: Pack, paths: Mapping[str, Path]) -> list[Group]:
    """The groups of two or more printings whose pictures are at hand, by card id in `paths`.

    Printings are of one artwork by the pack's column or by hashes that are nearly the same.
    """
    roots = _Roots(len(pack))
    first: dict[str, int] = {}
    printings = [pack.printing(card) for card in range(len(pack))]
    usable = [
        card
        for card, printing in enumerate(printings)
        if printing.variant != BACK_VARIANT and printing.card_id in paths
    ]
    for card in usable:
        artwork = pack.artwork(card)
        if artwork:
            roots.join(card, first.setdefault(artwork, card))
    for one, other in _same_hashes(pack.hashes):
        roots.join(int(pack.row_card[one]), int(pack.row_card[other]))
    members: dict[int, list[int]] = {}
    for card in usable:
        members.setdefault(roots.root(card), []).append(card)
    groups = []
    for cards in members.values():
        if len(cards) < 2:
            continue
        files = [paths[printings[card].card_id] for card in cards]
        looks = _looks([_at_reference_size(read_picture(file)) for file in files])
        groups.append(
            Group(
                pack.artwork(cards[0]) or printings[cards[0]].card_id,
                tuple(
                    Printed(printings[card].card_id, printings[card].name, file, look)
                    for card, file, look in zip(cards, files, looks, strict=True)
                ),
            )
        )
    return groups


def same_to_the_eye(one: Picture, other: Picture) -> bool:
    """Whether two `(320, 224, 3) uint8` pictures differ by no more than a codec or a resize does.

    The second is laid on the first, and each pixel may lie one pixel off.
    """
    if np.array_equal(one, other):
        return True
    first, second = _lab(one), _lab(_laid(other, one))
    inner = np.s_[_RIM_PX:-_RIM_PX, _RIM_PX:-_RIM_PX]
    soft = [
        np.asarray(cv2.GaussianBlur(lab[..., 0], (0, 0), 1.0), np.float32)
        for lab in (first, second)
    ]
    off = np.maximum(_outside(soft[0], soft[1]), _outside(soft[1], soft[0]))[inner]
    window = (_LIGHTNESS_WINDOW_PX, _LIGHTNESS_WINDOW_PX)
    if float(cv2.blur(off, window).max()) > _SAME_LIGHTNESS:
        return False
    colours = [cv2.GaussianBlur(lab[..., 1:], (0, 0), _COLOUR_BLUR_PX) for lab in (first, second)]
    return float(np.linalg.norm(colours[0] - colours[1], axis=2)[inner].max()) <= _SAME_COLOUR


def _looks(pictures: Sequence[Picture]) -> list[int]:
    roots = _Roots(len(pictures))
    for one in range(len(pictures)):
        for other in range(one):
            if roots.root(one) != roots.root(other) and same_to_the_eye(
                pictures[other], pictures[one]
            ):
                roots.join(one, other)
    return [roots.root(place) for place in range(len(pictures))]


def _laid(picture: Picture, reference: Picture) -> Picture:
    """`picture` moved onto `reference` by the affine map that makes them most alike."""
    grey = [
        cv2.cvtColor(side, cv2.COLOR_BGR2GRAY).astype(np.float32) for side in (reference, picture)
    ]
    still = np.eye(2, 3, dtype=np.float32)
    until = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)
    mask = np.full(grey[0].shape, 255, np.uint8)
    try:
        _, matrix = cv2.findTransformECC(grey[0], grey[1], still, cv2.MOTION_AFFINE, until, mask, 5)
    except cv2.error:  # nothing to hold on to: they are compared as they lie
        return picture
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (PICTURE_WIDTH_PX, PICTURE_HEIGHT_PX)
    moved = cv2.warpAffine(picture, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def _lab(picture: Picture) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_BGR2Lab), np.float32)


def _outside(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each value of `one` lies outside of what `other` has within a pixel of it."""
    near = np.ones((3, 3), np.uint8)
    above, below = one - cv2.dilate(other, near), cv2.erode(other, near) - one
    return np.asarray(np.maximum(np.maximum(above, below), 0), np.float32)


def _at_reference_size(picture: Picture) -> Picture:
    if picture.shape[1] > picture.shape[0]:
        picture = np.asarray(cv2.rotate(picture, cv2.ROTATE_90_CLOCKWISE), np.uint8)
    way = cv2.INTER_AREA if picture.shape[0] > PICTURE_HEIGHT_PX else cv2.INTER_LINEAR
    size = (PICTURE_WIDTH_PX, PICTURE_HEIGHT_PX)
    return np.asarray(cv2.resize(picture, size, interpolation=way), np.uint8)


def _same_hashes(hashes: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Pairs of rows whose hashes differ in a few bits at most."""
    signs = np.unpackbits(np.asarray(hashes), axis=1).astype(np.float32) * 2 - 1
    bits = signs.shape[1]
    found: list[tuple[int, int]] = []
    for start in range(0, len(signs), 512):
        apart = (bits - signs[start : start + 512] @ signs.T) / 2
        for row, other in zip(*np.nonzero(apart <= _SAME_HASH_BITS), strict=True):
            if start + row < other:
                found.append((int(start + row), int(other)))
    return found


class _Roots:
    """Disjoint sets of numbers."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def root(self, item: int) -> int:
        while self._parent[item] != item:
            self._parent[item] = self._parent[self._parent[item]]
            item = self._parent[item]
        return item

    def join(self, one: int, other: int) -> None:
        first, second = sorted((self.root(one), self.root(other)))
        self._parent[second] = first
