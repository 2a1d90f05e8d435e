"""What lies and is printed around cards in the training scenes, and looks like a card in part."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from models.train.scenes_surface import Rng, _colour, cut_surface
from scanner.records import Picture

_LETTERS = list("ABDEGIKLMNORSTUabdegiklmnorstu0123456789 .$€")
_THING_PX = 200


def lay_shape(ground: np.ndarray, quad: np.ndarray, fill: np.ndarray, power: float = 1.0) -> None:
    """Fill the convex `quad` `(N, 2)` of `ground` with the picture or colour `fill`; in place."""
    height, width = ground.shape[:2]
    layer = np.zeros((height, width), np.uint8)
    cv2.fillPoly(layer, [(quad * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    mask = layer[..., None] * np.float32(power / 255)
    ground[:] = ground * (1 - mask) + fill * mask


def drop_shadow(rng: Rng, ground: np.ndarray, quad: np.ndarray) -> None:
    """Darken the ground along the rim of `quad`; in place."""
    layer = np.zeros(ground.shape[:2], np.uint8)
    moved = quad + rng.normal(0, 2, 2)
    cv2.fillPoly(layer, [(moved * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(layer, (0, 0), rng.uniform(0.8, 7)).astype(np.float32) / 255
    ground *= 1 - soft[..., None] * rng.uniform(0, 0.65)


def _word(rng: Rng, least: int, most: int) -> str:
    return "".join(rng.choice(_LETTERS, int(rng.integers(least, most))))


def _write(rng: Rng, ground: np.ndarray, at: np.ndarray, size: float, colour: np.ndarray) -> None:
    """A word on a picture of floats, which OpenCV does not write on; in place."""
    layer = np.zeros(ground.shape[:2], np.uint8)
    word, place = _word(rng, 2, 8), (int(at[0]), int(at[1]))
    cv2.putText(layer, word, place, 3, size, 255, 1, cv2.LINE_AA)
    mask = layer[..., None] / np.float32(255)
    ground[:] = ground * (1 - mask) + colour * mask


def _paper(rng: Rng, _: Sequence[Picture]) -> np.ndarray:
    """A sheet or a label with lines of writing, perhaps ruled or with a bar code."""
    height = int(_THING_PX * rng.uniform(0.3, 1.4))
    picture = np.zeros((height, _THING_PX, 3), np.uint8) + _colour(rng, 120, 255).astype(np.uint8)
    ink = _colour(rng, 0, 110).tolist()
    if rng.random() < 0.3:
        for line in range(8, height, int(rng.integers(6, 20))):
            cv2.line(picture, (0, line), (_THING_PX, line), _colour(rng, 120, 230).tolist(), 1)
    for line in range(int(rng.integers(10, 40)), height - 5, int(rng.integers(9, 30))):
        size, face = rng.uniform(0.25, 1.0), int(rng.integers(8))
        cv2.putText(picture, _word(rng, 3, 30), (10, line), face, size, ink, 1, cv2.LINE_AA)
    if rng.random() < 0.25:
        left, top = int(rng.integers(5, 80)), int(rng.integers(0, max(1, height - 50)))
        for x in range(left, left + 100, 3):
            if rng.random() < 0.6:
                cv2.line(picture, (x, top), (x, top + 35), (20, 20, 20), 1)
    return picture


def _phone(rng: Rng, art: Sequence[Picture]) -> np.ndarray:
    """A dark slab with a round rim and a screen that is off or shows something."""
    height = int(_THING_PX * rng.uniform(1.8, 2.2))
    picture = np.zeros((height, _THING_PX, 3), np.uint8) + _colour(rng, 0, 70).astype(np.uint8)
    edge = int(rng.integers(3, 18))
    room = picture[edge * 2 : -edge * 2, edge:-edge]
    if rng.random() < 0.5:
        piece = art[rng.integers(len(art))][30:120, 20:110]
        shown = cv2.resize(piece, (room.shape[1], room.shape[0]))
        room[:] = shown * rng.uniform(0.3, 1)
    else:
        room[:] = rng.uniform(0, 45) if rng.random() < 0.7 else _colour(rng)
    return picture


def _box(rng: Rng, art: Sequence[Picture]) -> np.ndarray:
    """A deck box or a booster: art, a logo and stripes, printed up to the edges."""
    picture = np.zeros((int(_THING_PX * rng.uniform(0.7, 1.8)), _THING_PX, 3), np.uint8)
    picture[:] = _colour(rng).astype(np.uint8)
    height = picture.shape[0]
    if rng.random() < 0.7:
        face = art[rng.integers(len(art))]
        cut = face[int(rng.integers(20, 60)) : int(rng.integers(110, 190)), 12:-12]
        top, bottom = sorted(int(v) for v in rng.integers(0, height, 2))
        if bottom - top > 20:
            picture[top:bottom] = cv2.resize(cut, (_THING_PX, bottom - top))
    at = (int(rng.integers(5, 60)), int(rng.integers(25, height)))
    bold, size = int(rng.integers(2, 7)), rng.uniform(0.8, 2.2)
    cv2.putText(picture, _word(rng, 3, 9), at, 3, size, _colour(rng).tolist(), bold, cv2.LINE_AA)
    return picture


def _plain_thing(rng: Rng, _: Sequence[Picture]) -> np.ndarray:
    picture = np.zeros((int(_THING_PX * rng.uniform(0.2, 1.8)), _THING_PX, 3), np.uint8)
    picture[:] = _colour(rng).astype(np.uint8)
    if rng.random() < 0.5:
        rim = int(rng.integers(2, 16))
        cv2.rectangle(
            picture, (0, 0), (_THING_PX, picture.shape[0]), _colour(rng).tolist(), rim * 2
        )
    return picture


_THINGS: tuple[Callable[[Rng, Sequence[Picture]], np.ndarray], ...] = (
    _paper, _phone, _box, _plain_thing,
)  # fmt: skip


def lay_thing(rng: Rng, ground: np.ndarray, quad: np.ndarray, art: Sequence[Picture]) -> None:
    """Paper, a phone, a box or a plain board whose corners are `quad` `(4, 2)`; in place."""
    picture = _THINGS[rng.integers(len(_THINGS))](rng, art)
    height, width = ground.shape[:2]
    corners = np.float32(
        [[0, 0], [picture.shape[1], 0], [picture.shape[1], picture.shape[0]], [0, picture.shape[0]]]
    )
    span = float(np.linalg.norm(quad[2] - quad[0]) / np.linalg.norm(corners[2]))
    if span < 0.7:
        picture = cv2.resize(picture, None, fx=span, fy=span, interpolation=cv2.INTER_AREA)
        corners[:, 0] *= picture.shape[1] / corners[1, 0]
        corners[:, 1] *= picture.shape[0] / corners[2, 1]
    plane = cv2.getPerspectiveTransform(corners - 0.5, quad.astype(np.float32))
    fill = cv2.warpPerspective(picture, plane, (width, height), borderMode=cv2.BORDER_REPLICATE)
    drop_shadow(rng, ground, quad)
    if rng.random() < 0.35:  # the side of a thing that stands up from the table
        side, depth = int(rng.integers(4)), rng.normal(0, 12, 2)
        one, other = quad[side], quad[(side + 1) % 4]
        wall = np.array([one, other, other + depth, one + depth])
        lay_shape(ground, wall, _colour(rng))
    lay_shape(ground, quad, fill)


def print_zones(rng: Rng, ground: np.ndarray, surfaces: Sequence[Picture]) -> None:
    """The fields of a playmat: outlines or tinted areas in rows, some with words; in place."""
    height, width = ground.shape[:2]
    size = height * rng.uniform(0.25, 0.9)
    gap, aspect = rng.uniform(1.03, 1.4), rng.uniform(0.66, 0.76)
    if rng.random() < 0.25:
        aspect = rng.uniform(0.4, 1.6)
    cell = np.array([size * aspect, size])
    turn = rng.normal(0, 0.15) + rng.choice([0, np.pi / 2])
    way = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    start = rng.uniform(0, 1, 2) * [width, height]
    tint, line = _colour(rng), _colour(rng)
    mode, power = rng.random(), rng.uniform(0.1, 1.0)
    thick, word = int(rng.integers(1, 4)), rng.random() < 0.4
    layer = ground.copy()
    for row in range(-2, 3):
        for column in range(-3, 4):
            if rng.random() < 0.35:
                continue
            flat = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * cell
            quad = (flat + np.array([column, row]) * cell * gap) @ way + start
            if mode < 0.5:
                fill = cut_surface(rng, surfaces, width, height) if mode < 0.15 else tint
                lay_shape(layer, quad, fill)
            if mode > 0.3:
                outline = [(quad * 16).astype(np.int32)]
                cv2.polylines(layer, outline, True, line.tolist(), thick, cv2.LINE_8, 4)
            if word:
                _write(rng, layer, quad.mean(axis=0) - np.array([size * 0.2, 0]), size / 160, line)
    ground[:] = ground * (1 - power) + layer * power


def tray_walls(rng: Rng, ground: np.ndarray) -> None:
    """Walls of a tray or the edge of a table: dark or light bands along the rim; in place."""
    height, width = ground.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        side, wide = int(rng.integers(4)), rng.uniform(0.02, 0.3)
        lean = rng.normal(0, 0.04)
        one, other = wide + lean, wide - lean
        band = np.array([[-0.1, -0.1], [1.1, -0.1], [1.1, other], [-0.1, one]])
        band = (band, 1 - band, band[:, ::-1], 1 - band[:, ::-1])[side] * [width, height]
        drop_shadow(rng, ground, band)
        tone = _colour(rng, 0, 90) if rng.random() < 0.6 else _colour(rng)
        lay_shape(ground, band, tone, rng.uniform(0.4, 1))


def stick_on(rng: Rng, ground: np.ndarray, quad: np.ndarray) -> None:
    """A price sticker, a coin or a die on or beside the card; in place."""
    corner = quad[int(rng.integers(4))]
    middle = quad.mean(axis=0)
    at = middle + (corner - middle) * rng.uniform(0, 1.4)
    size = float(np.linalg.norm(quad[1] - quad[0])) * rng.uniform(0.06, 0.2)
    turn, count = rng.uniform(0, np.pi), 4 if rng.random() < 0.6 else 24
    angles = turn + np.arange(count) * (2 * np.pi / count)
    shape = at + np.stack([np.cos(angles), np.sin(angles)], axis=1) * size
    drop_shadow(rng, ground, shape)
    lay_shape(ground, shape, _colour(rng))
    _write(rng, ground, at + np.array([-0.6, 0.2]) * size, max(0.2, size / 25), _colour(rng))


def lay_palm(rng: Rng, ground: np.ndarray, quad: np.ndarray) -> None:
    """A palm and an arm under the card, as when it is held up to the camera; in place."""
    side = float(np.linalg.norm(quad[1] - quad[0]))
    skin = np.array([110, 150, 205]) * rng.uniform(0.25, 1.15) + rng.normal(0, 12, 3)
    middle = quad.mean(axis=0)
    angle = rng.uniform(0, 2 * np.pi)
    way = np.array([np.cos(angle), np.sin(angle)])
    palm = middle + way * side * rng.uniform(0.2, 1.0)
    layer = np.zeros(ground.shape[:2], np.uint8)
    axes = (side * rng.uniform(0.5, 1.2), side * rng.uniform(0.4, 0.8))
    cv2.ellipse(layer, (tuple(palm.tolist()), axes, float(np.rad2deg(angle))), 255, -1)
    end = palm + way * side * 4
    points = [tuple(int(v) for v in point) for point in (palm, end)]
    cv2.line(layer, points[0], points[1], 255, max(2, int(side * rng.uniform(0.3, 0.7))))
    mask = cv2.GaussianBlur(layer, (0, 0), 1.0).astype(np.float32)[..., None] / 255
    depth = cv2.GaussianBlur(mask, (0, 0), max(1.0, side * 0.08))[..., None]
    ground[:] = ground * (1 - mask) + skin * (0.5 + 0.5 * depth) * mask
