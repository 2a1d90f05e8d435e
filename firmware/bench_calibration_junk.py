"""Card-shaped things that are in no catalog: backs of no game, drawn rubbish, torn cards."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from firmware.simulated.cardpress_back import press_back
from firmware.simulated.scene_surfaces import chance_art
from scanner.records import CROP_HEIGHT_PX, CROP_WIDTH_PX, Picture

_SIZE = (CROP_WIDTH_PX, CROP_HEIGHT_PX)
_LINES_OF_TEXT = 24


def draw_back(rng: np.random.Generator) -> Picture:
    """A back `(640, 448, 3) uint8`: the demo game's, or one drawn by chance, the same way up both
    ways as most are."""
    if rng.random() < 0.3:
        return press_back()
    half = chance_art(rng, CROP_WIDTH_PX, CROP_HEIGHT_PX // 2)
    back = np.vstack([half, half[::-1, ::-1]])
    center = (CROP_WIDTH_PX // 2, CROP_HEIGHT_PX // 2)
    ink = [int(c) for c in rng.integers(0, 256, 3)]
    axes = (int(rng.integers(60, 190)), int(rng.integers(60, 280)))
    cv2.ellipse(back, center, axes, 0, 0, 360, ink, -1, cv2.LINE_AA)
    width = int(rng.integers(8, 40))
    cv2.rectangle(back, (0, 0), (_SIZE[0] - 1, _SIZE[1] - 1), ink, width)
    return np.ascontiguousarray(back)


def draw_junk(one: Picture, other: Picture, rng: np.random.Generator) -> Picture:
    """Something `(640, 448, 3) uint8` that must not be named; some of it is made of two cards."""
    first, second = (
        np.asarray(cv2.resize(card, _SIZE, interpolation=cv2.INTER_AREA), np.uint8)
        for card in (one, other)
    )
    kinds: tuple[Callable[[], Picture], ...] = (
        lambda: chance_art(rng, *_SIZE),
        lambda: _page_of_text(rng),
        lambda: np.full((_SIZE[1], _SIZE[0], 3), rng.integers(0, 256, 3), np.uint8),
        lambda: rng.integers(0, 256, (_SIZE[1], _SIZE[0], 3)).astype(np.uint8),
        lambda: _quarters(first, second),
        lambda: _shuffled(first, rng),
        lambda: np.ascontiguousarray(first[:, ::-1]),
    )
    return np.asarray(kinds[int(rng.integers(len(kinds)))](), np.uint8)


def _page_of_text(rng: np.random.Generator) -> Picture:
    page = np.full((_SIZE[1], _SIZE[0], 3), rng.integers(200, 256, 3), np.uint8)
    for line in range(_LINES_OF_TEXT):
        words = " ".join(f"{rng.integers(1 << 24):x}" for _ in range(int(rng.integers(1, 5))))
        at = (20, 40 + line * 25)
        cv2.putText(page, words, at, cv2.FONT_HERSHEY_SIMPLEX, 0.7, (30, 30, 30), 1, cv2.LINE_AA)
    return page


def _quarters(first: Picture, second: Picture) -> Picture:
    """Quarters of two cards in turn, so that neither of the two is there."""
    high, wide = _SIZE[1] // 2, _SIZE[0] // 2
    upper = np.hstack([first[:high, :wide], second[:high, wide:]])
    return np.vstack([upper, np.hstack([second[high:, :wide], first[high:, wide:]])])


def _shuffled(card: Picture, rng: np.random.Generator) -> Picture:
    """A card cut into 28 tiles, laid in another order: the same colours, another picture."""
    rows, columns = 7, 4
    high, wide = _SIZE[1] // rows, _SIZE[0] // columns
    tiles = [
        card[row * high : (row + 1) * high, column * wide : (column + 1) * wide]
        for row in range(rows)
        for column in range(columns)
    ]
    order = rng.permutation(len(tiles))
    picture = np.zeros((_SIZE[1], _SIZE[0], 3), np.uint8)
    for place, source in enumerate(order):
        row, column = divmod(place, columns)
        picture[row * high : (row + 1) * high, column * wide : (column + 1) * wide] = tiles[source]
    return picture
