"""Frames drawn with numpy and OpenCV alone, so that the truth about them is exact."""

from __future__ import annotations

import cv2
import numpy as np

from scanner.records import Corners, Picture

WIDTH_MM, HEIGHT_MM = 63.0, 88.0


def drawn_card(seed: int = 1, tall_px: int = 880) -> Picture:
    """A made-up card: rim, title, picture, lines of text."""
    rng = np.random.default_rng(seed)
    height, width = tall_px, round(tall_px * WIDTH_MM / HEIGHT_MM)
    card = np.full((height, width, 3), (60, 150, 190), np.uint8)
    rim = width // 22
    cv2.rectangle(card, (0, 0), (width - 1, height - 1), (40, 190, 225), 2 * rim)
    art = rng.integers(0, 255, (9, 11, 3), dtype=np.uint8)
    top, bottom, left = height // 8, height // 2, width // 12
    card[top:bottom, left:-left] = cv2.resize(
        art, (width - 2 * left, bottom - top), interpolation=cv2.INTER_CUBIC
    )
    ink = (30, 30, 40)
    cv2.putText(card, "Tormun Rask", (left, top - rim // 2), 0, width / 500, ink, 3, cv2.LINE_AA)
    for line in range(bottom + height // 12, height - height // 12, height // 18):
        words = "".join(rng.choice(list("abcdefg hiklmno "), 26))
        cv2.putText(card, words, (left, line), 0, width / 620, ink, 2, cv2.LINE_AA)
    return card


def drawn_surface(width: int, height: int, shade: int = 70, seed: int = 5) -> Picture:
    """A table with a little grain."""
    rng = np.random.default_rng(seed)
    grain = rng.normal(shade, 5, (height, width, 1)) * np.array([0.8, 0.9, 1.0])
    return np.asarray(cv2.GaussianBlur(np.clip(grain, 0, 255).astype(np.uint8), (0, 0), 1.2))


def place(surface: Picture, card: Picture, corners: Corners) -> Picture:
    """Lay `card` so that its outer corners fall on `corners`; drawn at 2× for smooth edges."""
    times = 2
    height, width = surface.shape[:2]
    tall, wide = card.shape[:2]
    flat = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], np.float32) - 0.5
    large = ((corners + 0.5) * times - 0.5).astype(np.float32)
    plane = cv2.getPerspectiveTransform(flat, large)
    size = (width * times, height * times)
    mask = np.zeros((tall, wide), np.uint8)
    radius = wide // 22
    cv2.rectangle(mask, (radius, 0), (wide - 1 - radius, tall - 1), 255, -1)
    cv2.rectangle(mask, (0, radius), (wide - 1, tall - 1 - radius), 255, -1)
    for x in (radius, wide - 1 - radius):
        for y in (radius, tall - 1 - radius):
            cv2.circle(mask, (x, y), radius, 255, -1)
    cover = cv2.warpPerspective(mask, plane, size, flags=cv2.INTER_LINEAR)
    drawn = cv2.warpPerspective(card, plane, size, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.resize(cover, (width, height), interpolation=cv2.INTER_AREA)[..., None] / 255
    shown = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA)
    frame = cv2.GaussianBlur(surface * (1 - alpha) + shown * alpha, (0, 0), 0.7)
    return np.clip(frame, 0, 255).astype(np.uint8)


def card_corners(
    centre: tuple[float, float], tall_px: float, turned_deg: float, skew: float = 0.0
) -> Corners:
    """Corners of a card `tall_px` high, turned clockwise; `skew` narrows its far end."""
    half_w, half_h = tall_px * WIDTH_MM / HEIGHT_MM / 2, tall_px / 2
    points = np.array(
        [
            [-half_w * (1 - skew), -half_h],
            [half_w * (1 - skew), -half_h],
            [half_w, half_h],
            [-half_w, half_h],
        ]
    )
    angle = np.deg2rad(turned_deg)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (points @ turn + np.array(centre)).astype(np.float32)


def worst_error(found: Corners, truth: Corners) -> float:
    """The largest corner distance in % of the card's width, up to half a turn."""
    width = float(np.linalg.norm(truth[1] - truth[0]) + np.linalg.norm(truth[2] - truth[3])) / 2
    distances = [np.linalg.norm(np.roll(found, k, axis=0) - truth, axis=1).max() for k in (0, 2)]
    return float(min(distances)) / width * 100
