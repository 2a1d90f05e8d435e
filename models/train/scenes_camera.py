"""What comes between the card and the pixels: hands, lamps, lenses, noise, JPEG, drawn marks."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from models.train.scenes_surface import Rng, _colour


def lay_hand(rng: Rng, scene: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """Draw one to four fingers reaching over an edge of `quad` `(4, 2)`; in place.

    Returns the coverage `(H, W) float32` in 0…1.
    """
    height, width = scene.shape[:2]
    side = float(np.linalg.norm(quad[1] - quad[0]))
    centre = quad.mean(axis=0)
    edge, along = int(rng.integers(4)), rng.uniform(0, 1)
    base = quad[edge] * (1 - along) + quad[(edge + 1) % 4] * along
    out = base - centre
    out /= np.linalg.norm(out) + 1e-6
    turn = rng.uniform(-0.6, 0.6)
    out = np.array(
        [
            out[0] * np.cos(turn) - out[1] * np.sin(turn),
            out[0] * np.sin(turn) + out[1] * np.cos(turn),
        ]
    )
    skin = np.array([110, 150, 205]) * rng.uniform(0.25, 1.15) + rng.normal(0, 12, 3)
    if rng.random() < 0.08:
        skin = _colour(rng)
    cover = np.zeros((height, width), np.float32)
    thick = side * rng.uniform(0.14, 0.34)
    for finger in range(int(rng.integers(1, 5))):
        reach = rng.uniform(0.0, 0.32) * side
        shift = np.array([-out[1], out[0]]) * finger * thick * rng.uniform(0.95, 1.2)
        tip = base + shift - out * reach
        knuckle = tip + out * side * rng.uniform(0.4, 0.9)
        root = knuckle + (out + rng.normal(0, 0.25, 2)) * side * rng.uniform(0.6, 2.0)
        one = np.zeros((height, width), np.uint8)
        points = [tuple(int(v * 16) for v in p) for p in (tip, knuckle, root)]
        for start, end in pairwise(points):
            cv2.line(one, start, end, 255, max(2, round(thick)), cv2.LINE_AA, 4)
        mask = one.astype(np.float32) / 255
        # a finger is round: light on one side, dark on the other and where it meets the card
        depth = cv2.GaussianBlur(mask, (0, 0), max(0.8, thick * 0.25))
        ground = scene * (1 - (depth - mask).clip(0)[..., None] * rng.uniform(0, 1))
        shade = skin * (0.55 + 0.5 * depth[..., None] ** 2) * rng.uniform(0.9, 1.1)
        scene[:] = ground * (1 - mask[..., None]) + shade * mask[..., None]
        np.maximum(cover, mask, out=cover)
    return cover


def light(rng: Rng, scene: np.ndarray) -> np.ndarray:
    """Uneven light, lamp spots, casts, gamma, contrast, over-exposure: `float32` in and out."""
    height, width = scene.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    x, y = x / width - 0.5, y / width - 0.5 * height / width
    angle, slope = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.7) ** 2 * 2
    ramp = 1 + slope * (x * np.cos(angle) + y * np.sin(angle))
    ramp -= rng.uniform(0, 0.8) * (x * x + y * y)
    gain = np.exp(rng.normal(0, 0.28)) * np.exp(rng.normal(0, 0.1, 3))
    scene = scene * ramp[..., None] * gain
    if rng.random() < 0.2:
        for _ in range(int(rng.integers(1, 4))):
            at, size = rng.uniform(-0.4, 0.4, 2) * [1, height / width], rng.uniform(0.01, 0.12)
            spot = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * size * size))
            scene += spot[..., None] * rng.uniform(60, 420)
    if rng.random() < 0.12:  # blown out
        scene = scene * rng.uniform(1.2, 1.9)
    scene = (scene - 128) * np.exp(rng.normal(0, 0.2)) + 128 + rng.normal(0, 14)
    scene = np.clip(scene, 0, 255)
    if rng.random() < 0.4:
        table = 255 * (np.arange(256) / 255) ** np.exp(rng.normal(0, 0.35))
        scene = cv2.LUT(scene.astype(np.uint8), table.astype(np.uint8)).astype(np.float32)
    if rng.random() < 0.06:
        scene = scene * 0.1 + scene.mean(axis=-1, keepdims=True) * 0.9
    return scene


def draw_marks(rng: Rng, lit: np.ndarray, quad: np.ndarray | None) -> np.ndarray:
    """Outlines and words that another program has drawn onto the photo: `float32` in and out."""
    scene = np.clip(lit, 0, 255).astype(np.uint8)
    bright = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 255, 255), (255, 0, 255)]
    colour = bright[rng.integers(5)] if rng.random() < 0.8 else _colour(rng).tolist()
    if quad is not None and rng.random() < 0.8:
        spread = float(np.linalg.norm(quad[1] - quad[0])) * rng.uniform(0, 0.03)
        points = (quad + rng.normal(0, spread + 0.1, (4, 2))) * 16
        thick = int(rng.integers(1, 4))
        cv2.polylines(scene, [points.astype(np.int32)], True, colour, thick, cv2.LINE_AA, 4)
    if rng.random() < 0.6:
        height, width = scene.shape[:2]
        at = (int(rng.integers(0, width)), int(rng.integers(8, height)))
        if quad is not None:
            at = tuple(int(v) for v in quad[rng.integers(4)] + rng.normal(0, 5, 2))
        word = "".join(rng.choice(list("ADEFGMabcdefgmn- "), 12))
        size = rng.uniform(0.2, 0.7)
        cv2.putText(scene, word, at, 0, size, colour, int(rng.integers(1, 3)), cv2.LINE_AA)
    return scene.astype(np.float32)


def expose(rng: Rng, scene: np.ndarray) -> np.ndarray:
    """Blur, motion, low resolution, noise, sharpening and JPEG: `(H, W, 3)` float to uint8."""
    height, width = scene.shape[:2]
    choice = rng.random()
    if choice < 0.3:
        scene = cv2.GaussianBlur(scene, (0, 0), rng.uniform(0.3, 1.3))
    elif choice < 0.4:
        length, angle = int(rng.integers(3, 8)), rng.uniform(0, np.pi)
        kernel = np.zeros((length, length), np.float32)
        middle = (length - 1) / 2
        way = np.array([np.cos(angle), np.sin(angle)]) * middle
        ends = [tuple(int(v) for v in np.round(middle + sign * way)) for sign in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], 1.0)
        scene = cv2.filter2D(scene, -1, kernel / kernel.sum())
    elif choice < 0.45:
        part = rng.uniform(0.35, 0.8)
        small = cv2.resize(scene, None, fx=part, fy=part, interpolation=cv2.INTER_AREA)
        scene = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    elif choice < 0.65:
        scene = scene + (scene - cv2.GaussianBlur(scene, (0, 0), 1.0)) * rng.uniform(0.3, 1.2)
    if rng.random() < 0.6:
        power = rng.uniform(0, 9) if rng.random() < 0.85 else rng.uniform(9, 25)
        scene = scene + rng.standard_normal(scene.shape, dtype=np.float32) * power
    frame = np.clip(scene, 0, 255).astype(np.uint8)
    if rng.random() < 0.35:
        quality = int(rng.integers(25, 95))
        _, packed = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
        frame = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    return frame
