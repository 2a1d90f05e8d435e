"""Where cards lie in the training scenes: corners in pixels of the frame, chosen by chance."""

from __future__ import annotations

import cv2
import numpy as np

from models.train.scenes_surface import Rng


def lying_quad(rng: Rng, width: int, height: int, size: float, aspect: float) -> np.ndarray:
    """Corners of a tilted card whose bounding box fills `size` of the frame."""
    base = rng.choice([0.0, np.pi / 2], p=[0.6, 0.4]) + rng.choice([0, np.pi])
    turn = rng.normal(0, 0.18) if rng.random() < 0.75 else rng.uniform(-np.pi / 4, np.pi / 4)
    if size > 0.9 and rng.random() < 0.7:
        turn *= 0.2
    c, s = np.cos(base + turn), np.sin(base + turn)
    flat = np.array([[-aspect, -1], [aspect, -1], [aspect, 1], [-aspect, 1]]) / 2
    flat = flat @ np.array([[c, s], [-s, c]])
    lean = abs(rng.normal(0, 0.22)) if rng.random() < 0.85 else rng.uniform(0.3, 0.9)
    axis = rng.uniform(0, 2 * np.pi)
    depth = flat @ np.array([np.cos(axis), np.sin(axis)])
    across = flat @ np.array([-np.sin(axis), np.cos(axis)])
    away = rng.uniform(1.6, 6.0)
    near = away / (away + depth * np.sin(lean))
    along = depth * np.cos(lean) * near
    quad = np.stack(
        [
            along * np.cos(axis) - across * near * np.sin(axis),
            along * np.sin(axis) + across * near * np.cos(axis),
        ],
        axis=1,
    )
    low, high = quad.min(axis=0), quad.max(axis=0)
    quad = (quad - low) / max((high[0] - low[0]) / width, (high[1] - low[1]) / height) * size
    free = np.array([width, height]) - quad.max(axis=0)
    place = rng.uniform(0, 1, 2) if rng.random() < 0.6 else rng.normal(0.5, 0.12, 2)
    slack = np.where(free > 0, free * np.clip(place, 0, 1), free * rng.uniform(0.35, 0.65, 2))
    return (quad + slack - 0.5).astype(np.float32)


def visible_share(quad: np.ndarray, width: int, height: int) -> float:
    """How much of the card lies in the frame, 0…1."""
    frame = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    shared, _ = cv2.intersectConvexConvex(quad.astype(np.float32), frame)
    return float(shared) / max(1.0, abs(cv2.contourArea(quad.astype(np.float32))))


def uncovered_share(under: np.ndarray, top: np.ndarray) -> float:
    """How much of one card another one leaves to see, 0…1."""
    shared, _ = cv2.intersectConvexConvex(under.astype(np.float32), top.astype(np.float32))
    return 1 - float(shared) / max(1.0, abs(cv2.contourArea(under.astype(np.float32))))


def cut_quad(rng: Rng, quad: np.ndarray, width: int, height: int) -> np.ndarray:
    """`quad` pushed over one or two rims of the frame, with at least a third still in view."""
    low, high = quad.min(axis=0), quad.max(axis=0)
    for _ in range(8):
        move = np.zeros(2)
        for axis in rng.permutation(2)[: 1 if rng.random() < 0.75 else 2]:
            beyond = rng.uniform(0.04, 0.6) * (high[axis] - low[axis])
            room = (width, height)[axis]
            move[axis] = -low[axis] - beyond
            if rng.random() < 0.5:
                move[axis] = room - high[axis] + beyond
        moved = (quad + move).astype(np.float32)
        if visible_share(moved, width, height) > 0.33:
            return moved
    return quad


def laid_askew(
    rng: Rng, quad: np.ndarray, shift: float, turn: float, scale: float = 1.0
) -> np.ndarray:
    """`quad` moved by `shift` of its short side some way and turned by `turn` radians."""
    middle = quad.mean(axis=0)
    c, s = np.cos(turn), np.sin(turn)
    moved = (quad - middle) @ np.array([[c, s], [-s, c]]) * scale + middle
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    way = rng.uniform(0, 2 * np.pi)
    step = np.array([np.cos(way), np.sin(way)]) * float(sides[::2].mean()) * shift
    return (moved + step).astype(np.float32)


def stray_quad(rng: Rng, quad: np.ndarray, width: int, height: int) -> np.ndarray | None:
    """Another card of about this size, anywhere on the frame's rim, clear of this one."""
    turn = rng.uniform(0, 2 * np.pi)
    c, s = np.cos(turn), np.sin(turn)
    shape = (quad - quad.mean(axis=0)) @ np.array([[c, s], [-s, c]]) * rng.uniform(0.7, 1.2)
    at = rng.uniform(0, 1, 2) * [width, height]
    at[rng.integers(2)] *= 0
    if rng.random() < 0.5:
        at = np.array([width, height]) - at
    found = (shape + at + rng.normal(0, 6, 2)).astype(np.float32)
    shared, _ = cv2.intersectConvexConvex(found, quad)
    inside = visible_share(found, width, height)
    return found if 0.02 < inside < 0.6 and shared == 0 else None
