"""Where each game prints the number and set code, and what may stand there for a printing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.reader_net import STRIP_HEIGHT_PX, STRIP_WIDTH_PX
from scanner.records import CROP_HEIGHT_PX, CROP_WIDTH_PX, Corners, Picture, Printing

_CAPITALS_PX = 14.0
"""How high capitals come out in a strip; half as much again above and below them is cut along."""
_ALIASING_RATIO = 1.6


class Says(StrEnum):
    """What is printed at a place."""

    NUMBER = "number"
    SET = "set"


@dataclass(frozen=True, slots=True)
class Place:
    """One line of print on an upright card.

    `x` and `y` are fractions of the card's width and height: `x` where the line starts, or ends
    with `from_right`, `y` the middle of its capitals, which are `capitals` card heights high.
    """

    says: Says
    x: float
    y: float
    capitals: float
    from_right: bool = False


_N, _S = Says.NUMBER, Says.SET
_PLACES: dict[str, tuple[Place, ...]] = {
    "lanternfall": (
        Place(_N, 0.063, 0.946, 0.0180),
        Place(_N, 0.063, 0.9545, 0.0180),
        Place(_N, 0.080, 0.938, 0.0180),
    ),
    "onepiece": (Place(_N, 0.875, 0.9525, 0.0105, from_right=True),),
    "pokemon": (
        Place(_N, 0.07, 0.948, 0.0125),
        Place(_N, 0.07, 0.960, 0.0125),
        Place(_N, 0.94, 0.950, 0.0125, from_right=True),
        Place(_N, 0.94, 0.962, 0.0125, from_right=True),
    ),
    "magic": (
        Place(_N, 0.064, 0.9445, 0.0120),
        Place(_S, 0.064, 0.9625, 0.0120),
    ),
    "yugioh": (
        Place(_N, 0.895, 0.7285, 0.0140, from_right=True),
        Place(_N, 0.045, 0.967, 0.0130),
    ),
    "netrunner": (
        Place(_N, 0.83, 0.961, 0.0150, from_right=True),
        Place(_N, 0.86, 0.967, 0.0150, from_right=True),
        Place(_N, 0.93, 0.960, 0.0150, from_right=True),
    ),
    "lorcana": (Place(_N, 0.05, 0.968, 0.0120),),
}
_ANYWHERE = (
    Place(_N, 0.05, 0.946, 0.0140),
    Place(_N, 0.05, 0.962, 0.0140),
    Place(_N, 0.95, 0.946, 0.0140, from_right=True),
    Place(_N, 0.95, 0.962, 0.0140, from_right=True),
)
_ALIASES = {"pokemon_tcg": "pokemon", "mtg": "magic", "ygo": "yugioh", "one_piece": "onepiece"}


def places_of(game: str) -> tuple[Place, ...]:
    """Where to look on cards of a game; for games not known, the corners at the bottom."""
    name = game.lower().replace("-", "_").replace(" ", "_")
    return _PLACES.get(_ALIASES.get(name, name), _ANYWHERE)


def cut_strip(frame: Picture, corners: Corners, place: Place) -> NDArray[np.uint8]:
    """The place as `(32, 256) uint8`, grey, at the frame's own resolution as far as that goes.

    `corners` are the upright card's in the `(H, W, 3) uint8` frame. What lies outside of the
    frame is repeated from its edge.
    """
    # In units of the crop, whose pixels are as wide as they are high.
    step = place.capitals * CROP_HEIGHT_PX / _CAPITALS_PX
    width, height = STRIP_WIDTH_PX * step, STRIP_HEIGHT_PX * step
    margin = _CAPITALS_PX * step
    x = place.x * CROP_WIDTH_PX
    left = x + margin - width if place.from_right else x - margin
    top = place.y * CROP_HEIGHT_PX - height / 2
    size = np.array([CROP_WIDTH_PX, CROP_HEIGHT_PX], np.float32)
    card = np.array([[0, 0], [size[0], 0], size, [0, size[1]]], np.float32)
    strip = np.array(
        [[left, top], [left + width, top], [left + width, top + height], [left, top + height]],
        np.float32,
    )
    to_frame = cv2.getPerspectiveTransform(card, corners.astype(np.float32) + 0.5)
    ends = cv2.perspectiveTransform(strip[None], to_frame)[0] - 0.5
    ratio = float(np.linalg.norm(ends[1] - ends[0])) / STRIP_WIDTH_PX
    factor = int(np.ceil(ratio)) if ratio > _ALIASING_RATIO else 1
    out = (STRIP_WIDTH_PX * factor, STRIP_HEIGHT_PX * factor)
    target = np.array([[0, 0], [out[0], 0], out, [0, out[1]]], np.float32) - 0.5
    area, ends = _around(frame, ends.astype(np.float32))
    matrix = cv2.getPerspectiveTransform(ends, target)
    found = cv2.warpPerspective(area, matrix, out, borderMode=cv2.BORDER_REPLICATE)
    if factor > 1:
        found = cv2.resize(found, (STRIP_WIDTH_PX, STRIP_HEIGHT_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(found, np.uint8)


def _around(frame: Picture, ends: Corners) -> tuple[NDArray[np.uint8], Corners]:
    """The part of the frame about these points in grey, and the points within it."""
    height, width = frame.shape[:2]
    low = np.clip(np.floor(ends.min(axis=0)) - 2, 0, [width - 1, height - 1]).astype(int)
    high = np.clip(np.ceil(ends.max(axis=0)) + 3, low + 1, [width, height]).astype(int)
    area = frame[low[1] : high[1], low[0] : high[0]]
    grey = cv2.cvtColor(np.ascontiguousarray(area), cv2.COLOR_BGR2GRAY)
    return np.asarray(grey, np.uint8), (ends - low).astype(np.float32)


def strings_of(printing: Printing, says: Says) -> tuple[str, ...]:
    """What may be printed at a place for this printing, in the reader's letters; () for nothing.

    Catalogs leave out what cards print (leading zeros, the set's code in front of the number), or
    hold it besides (`025/198` where a card says `025`), so each likely form is listed.
    """
    code, number = _plain(printing.set), _plain(printing.number)
    if says is Says.SET:
        return (code,) if code else ()
    if not number:
        return ()
    first, slash, rest = number.partition("/")
    forms = [number]
    digits = re.fullmatch(r"0*(\d+)", first)
    if digits:
        short = digits[1]
        forms += [one + slash + rest for one in (short, short.zfill(3))]
        if not slash:
            forms += [short.zfill(4), f"{short}/", f"{short.zfill(3)}/"]
    if code and code not in number:
        language = "EN" if printing.game.lower() in ("yugioh", "ygo") else ""
        padded = digits[1].zfill(3) if digits else first
        forms += [f"{code}-{first}", f"{code}-{language}{padded}"]
    return tuple(dict.fromkeys(forms))


def printed(printing: Printing) -> tuple[tuple[str, ...], ...]:
    """All that is looked for on a card of this printing; the same for two that print the same."""
    kinds = dict.fromkeys(place.says for place in places_of(printing.game))
    return tuple(strings_of(printing, says) for says in kinds)


def _plain(text: str) -> str:
    """Capitals, digits, hyphens, strokes and dots, as the reader spells."""
    text = text.upper().replace("•", ".").replace("·", ".").replace("–", "-")
    return "".join(re.findall(r"[A-Z0-9/.-]", text))
