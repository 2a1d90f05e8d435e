"""Surfaces that cards lie on in the training scenes: drawn once into a pool, cut out many times."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from scanner.records import Picture

SIDE_PX = 448
Rng = np.random.Generator


def _colour(rng: Rng, low: float = 0, high: float = 255) -> np.ndarray:
    """A colour as BGR floats: greys, browns and free hues."""
    value = rng.uniform(low, high)
    kind = rng.random()
    if kind < 0.45:
        return np.clip(value + rng.normal(0, 6, 3), 0, 255)
    if kind < 0.6:
        return np.clip(value * np.array([0.55, 0.75, 1.0]) + rng.normal(0, 10, 3), 0, 255)
    hsv = np.uint8([[[rng.integers(180), rng.integers(40, 230), np.clip(value, 30, 255)]]])
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0, 0].astype(np.float64)


def _noise(rng: Rng, cells: int, stretch: float = 1.0) -> np.ndarray:
    """Smooth noise in -1…1, `(SIDE_PX, SIDE_PX) float32`, with about `cells` bumps on a side."""
    shape = (max(2, int(cells / stretch)), max(2, cells))
    coarse = rng.uniform(-1, 1, shape).astype(np.float32)
    return cv2.resize(coarse, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC)


def _plain(rng: Rng, _: Sequence[Picture]) -> np.ndarray:
    low, high = [(0, 60), (60, 190), (190, 255), (240, 255)][rng.integers(4)]
    ground = np.zeros((SIDE_PX, SIDE_PX, 3), np.float32) + _colour(rng, low, high)
    ground += _noise(rng, 3)[..., None] * rng.uniform(0, 14)
    return ground


def _grain(rng: Rng, _: Sequence[Picture]) -> np.ndarray:
    """Carpet, felt, stone: noise of several sizes."""
    ground = np.zeros((SIDE_PX, SIDE_PX, 3), np.float32) + _colour(rng)
    for cells in (6, 25, 90, 220):
        ground += _noise(rng, cells)[..., None] * rng.uniform(0, 26) * rng.uniform(0.6, 1.2, 3)
    return ground


def _wood(rng: Rng, _: Sequence[Picture]) -> np.ndarray:
    rings = _noise(rng, rng.integers(3, 9), rng.uniform(1, 4)) * rng.uniform(3, 14)
    rings += np.linspace(0, rng.uniform(2, 25), SIDE_PX, dtype=np.float32)[:, None]
    fibre = _noise(rng, 200, rng.uniform(0.02, 0.2))
    tone = np.array([0.45, 0.68, 1.0]) * rng.uniform(70, 235)
    shade = np.sin(rings * 2) * rng.uniform(3, 25) + fibre * rng.uniform(3, 18)
    ground = tone + shade[..., None] * np.array([0.8, 0.9, 1.0])
    for edge in np.cumsum(rng.integers(60, 300, 5)) if rng.random() < 0.4 else ():
        if edge < SIDE_PX - 3:
            ground[edge : edge + rng.integers(1, 3)] *= 0.5
    return ground.astype(np.float32)


def _weave(rng: Rng, _: Sequence[Picture]) -> np.ndarray:
    """Cloth, cardboard, mats with ribs, stripes or checks."""
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX].astype(np.float32)
    ground = np.zeros((SIDE_PX, SIDE_PX, 3), np.float32) + _colour(rng)
    for axis in (x, y):
        if rng.random() < 0.75:
            period, power = rng.uniform(3, 60), rng.uniform(5, 40)
            wave = np.sin(axis * (2 * np.pi / period) + _noise(rng, 5) * rng.uniform(0, 2))
            if rng.random() < 0.4:
                wave = np.sign(wave - rng.uniform(-0.8, 0.8))
            ground += wave[..., None] * power * rng.uniform(0.4, 1, 3)
    return ground + _noise(rng, 150)[..., None] * rng.uniform(0, 15)


def _mat_art(rng: Rng, art: Sequence[Picture]) -> np.ndarray:
    """A printed playmat: other pictures, enlarged and softened, without any card's border."""
    picture = art[rng.integers(len(art))]
    height, width = picture.shape[:2]
    side = int(width * rng.uniform(0.3, 0.75))
    top, left = rng.integers(height // 10, height - side + 1), rng.integers(0, width - side + 1)
    ground = cv2.resize(picture[top : top + side, left : left + side], (SIDE_PX, SIDE_PX))
    ground = cv2.GaussianBlur(ground, (0, 0), rng.uniform(1, 7)).astype(np.float32)
    if rng.random() < 0.5:
        ground = cv2.addWeighted(ground, 0.5, ground[:, ::-1].copy(), 0.5, 0)
    return ground * rng.uniform(0.3, 1.1) + rng.uniform(-10, 30)


def _shapes(rng: Rng, _: Sequence[Picture]) -> np.ndarray:
    """Stickers, prints, clutter: many discs, boxes, strokes and words."""
    ground = (np.zeros((SIDE_PX, SIDE_PX, 3)) + _colour(rng)).astype(np.uint8)
    palette = [tuple(_colour(rng).tolist()) for _ in range(4)]
    biggest = int(rng.uniform(12, 120))
    for _ in range(int(rng.integers(10, 90))):
        colour = palette[rng.integers(4)]
        centre = tuple(int(v) for v in rng.integers(0, SIDE_PX, 2))
        size = tuple(int(v) for v in rng.integers(4, biggest, 2))
        kind, angle = rng.integers(5), float(rng.uniform(0, 180))
        thick = -1 if rng.random() < 0.6 else int(rng.integers(1, 5))
        if kind < 2:
            cv2.ellipse(ground, centre, size, angle, 0, 360, colour, thick, cv2.LINE_AA)
        elif kind == 2:
            box = cv2.boxPoints((centre, size, angle)).astype(np.int32)
            cv2.fillPoly(ground, [box], colour, cv2.LINE_AA)
        elif kind == 3:
            end = tuple(int(v) for v in rng.integers(0, SIDE_PX, 2))
            cv2.line(ground, centre, end, colour, int(rng.integers(1, 9)), cv2.LINE_AA)
        else:
            word = "".join(rng.choice(list("abcdeORSTU12 "), 9))
            cv2.putText(ground, word, centre, int(rng.integers(4)), rng.uniform(0.3, 2), colour, 2)
    return ground.astype(np.float32)


_KINDS: tuple[tuple[Callable[[Rng, Sequence[Picture]], np.ndarray], float], ...] = (
    (_plain, 0.28),
    (_grain, 0.16),
    (_wood, 0.16),
    (_weave, 0.14),
    (_mat_art, 0.16),
    (_shapes, 0.10),
)


def make_surfaces(rng: Rng, art: Sequence[Picture], count: int) -> list[Picture]:
    """Draw `count` pictures `(448, 448, 3) uint8`; `art` are card pictures for playmats."""
    chances = np.array([share for _, share in _KINDS])
    surfaces = []
    for kind in rng.choice(len(_KINDS), count, p=chances / chances.sum()):
        ground = _KINDS[kind][0](rng, art)
        surfaces.append(np.clip(ground, 0, 255).astype(np.uint8))
    return surfaces


def cut_surface(rng: Rng, surfaces: Sequence[Picture], width: int, height: int) -> np.ndarray:
    """A turned, enlarged or shrunk piece of one surface, `(height, width, 3) float32`."""
    surface = surfaces[rng.integers(len(surfaces))]
    zoom = np.exp(rng.uniform(np.log(0.35), np.log(2.0)))
    angle = rng.uniform(0, 2 * np.pi)
    c, s = np.cos(angle) / zoom, np.sin(angle) / zoom
    start = rng.uniform(0, SIDE_PX, 2)
    matrix = np.array([[c, -s, start[0]], [s, c, start[1]]], np.float32)
    if zoom < 0.7:
        half = cv2.resize(surface, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        surface, matrix = half, matrix * 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    piece = cv2.warpAffine(
        surface, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT
    )
    return piece.astype(np.float32)
