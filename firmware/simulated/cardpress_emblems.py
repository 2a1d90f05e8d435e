"""The small marks on cards: faction emblems, set symbols, the cost gem."""

from __future__ import annotations

import cv2
import numpy as np

from firmware.simulated.cardpress_paint import Points, blob, curve
from firmware.simulated.cardpress_text import Ink, write
from scanner.records import Picture


def fill(face: Picture, points: Points, tint: Ink, lower: Ink | None = None) -> None:
    """Fill a polygon in place, with a gradient to `lower` at its foot if given."""
    if lower is None:
        cv2.fillPoly(face, [np.round(points * 16).astype(np.int32)], tint, cv2.LINE_AA, 4)
        return
    x0, y0 = np.floor(points.min(0)).astype(int) - 1
    x1, y1 = np.ceil(points.max(0)).astype(int) + 2
    x0, y0 = max(int(x0), 0), max(int(y0), 0)
    area = face[y0:y1, x0:x1]
    mask = np.zeros(area.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round((points - (x0, y0)) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    down = np.linspace(0, 1, area.shape[0])[:, None, None]
    paint = np.array(tint) + (np.array(lower) - np.array(tint)) * down
    paint = np.ascontiguousarray(np.broadcast_to(paint, area.shape)).astype(np.uint8)
    share = mask.astype(np.float32) / 255
    area[...] = cv2.blendLinear(paint, area, share, 1 - share)


def _star(points: int, inner: float, turn: float = -np.pi / 2) -> Points:
    t = np.arange(points * 2) * np.pi / points + turn
    r = np.where(np.arange(points * 2) % 2, inner, 1.0)
    return np.column_stack([r * np.cos(t), r * np.sin(t)])


_EMBLEM: dict[str, list[Points]] = {
    "Ember": [
        curve(
            [
                [0, -1],
                [0.35, -0.35],
                [0.75, 0.1],
                [0.55, 0.8],
                [0, 1],
                [-0.55, 0.8],
                [-0.7, 0.15],
                [-0.35, -0.1],
                [-0.25, -0.5],
            ],
            True,
        ),
    ],
    "Tide": [
        curve(
            [
                [-1, 0.15],
                [-0.55, -0.55],
                [0.1, -0.7],
                [0.75, -0.25],
                [0.35, -0.25],
                [0.2, 0.1],
                [0.5, 0.35],
                [1, 0.2],
                [0.9, 0.6],
                [0, 0.75],
                [-0.9, 0.6],
            ],
            True,
        ),
    ],
    "Thorn": [
        curve(
            [
                [0, -1],
                [0.6, -0.4],
                [0.6, 0.25],
                [0.08, 0.7],
                [0.06, 1],
                [-0.06, 1],
                [-0.08, 0.7],
                [-0.6, 0.25],
                [-0.6, -0.4],
            ],
            True,
        ),
    ],
    "Gloam": [
        curve(
            [
                [0.35, -0.95],
                [-0.5, -0.75],
                [-0.95, 0],
                [-0.5, 0.75],
                [0.35, 0.95],
                [-0.1, 0.5],
                [-0.25, 0],
                [-0.1, -0.5],
            ],
            True,
        ),
    ],
    "Dawn": [_star(8, 0.5)],
    "Gale": [
        curve(
            [
                [-1, 0.5],
                [-0.2, 0.1],
                [-0.1, -0.7],
                [0.35, -0.95],
                [0.2, -0.2],
                [1, -0.4],
                [0.5, 0.3],
                [-0.2, 0.75],
            ],
            True,
        ),
    ],
}


def faction_emblem(
    face: Picture, at: tuple[int, int], size: float, faction: str, tint: Ink, edge: Ink | None
) -> None:
    """The faction's mark, in place; with an edge it stands on a disc of that colour."""
    if edge is not None:
        fill(face, blob(at[0], at[1], size * 1.25, size * 1.25), edge)
        fill(face, blob(at[0], at[1], size * 1.1, size * 1.1), tint)
        tint, size = edge, size * 0.72
    for part in _EMBLEM[faction]:
        fill(face, part * size + at, tint)


def set_symbol(
    face: Picture, at: tuple[int, int], size: float, code: str, tint: Ink, edge: Ink
) -> None:
    """A lantern, a bell or a night star; its metal tells the rarity."""
    shapes: dict[str, list[Points]] = {
        "LF1": [
            np.array([[-0.5, -0.45], [0.5, -0.45], [0.7, 0.7], [-0.7, 0.7]]),
            np.array([[-0.75, 0.75], [0.75, 0.75], [0.6, 1.0], [-0.6, 1.0]]),
            np.array([[-0.3, -0.55], [0.0, -1.05], [0.3, -0.55]]),
        ],
        "LF2": [
            curve(
                [
                    [0, -1],
                    [0.4, -0.75],
                    [0.5, 0],
                    [0.95, 0.6],
                    [-0.95, 0.6],
                    [-0.5, 0],
                    [-0.4, -0.75],
                ],
                True,
            ),
            blob(0, 0.82, 0.24, 0.24),
        ],
        "LF3": [_star(4, 0.32), _star(4, 0.25, -np.pi / 4) * 0.62],
    }
    for part in shapes[code]:
        fill(face, part * (size * 1.22) + at, edge)
    for part in shapes[code]:
        fill(face, part * size + at, tint)


def cost_gem(
    face: Picture, at: tuple[int, int], size: float, main: Ink, light: Ink, dark: Ink, text: str
) -> None:
    """A cut gem with the card's cost on it."""
    t = np.arange(6) * np.pi / 3 + np.pi / 6
    ring = np.column_stack([np.cos(t), np.sin(t)])
    fill(face, ring * (size + 3) + at + (0, 2), (8, 6, 8))
    fill(face, ring * (size + 2) + at, light)
    for k in range(6):
        facet = np.vstack([ring[k], ring[(k + 1) % 6], ring[(k + 1) % 6] * 0.62, ring[k] * 0.62])
        share = 0.5 + 0.5 * np.sin(t[k] + np.pi / 6 + np.pi)
        b, g, r = (int(m + (w - m) * share * 0.7) for m, w in zip(main, light, strict=True))
        fill(face, facet * size + at, (b, g, r))
    fill(face, ring * (size * 0.64) + at, main, dark)
    write(face, text, (at[0], at[1] + 10), 28, (255, 255, 255), weight=760, align="center")
