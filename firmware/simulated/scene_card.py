"""The card as an object: rounded corners, a cut edge, foil, a sleeve or a toploader around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.simulated.scene_foil import Finish, shine_on
from firmware.simulated.scene_lens import CARD_WIDTH_MM
from scanner.records import Picture

Holder = Literal["none", "clear", "black", "blue", "red", "toploader"]

CORNER_MM = 3.0
_WIDEST_TEXTURE_PX = 640

_SLEEVE_BGR: dict[str, tuple[int, int, int]] = {
    "clear": (214, 214, 210),
    "black": (26, 24, 24),
    "blue": (150, 78, 30),
    "red": (36, 30, 150),
    "toploader": (222, 222, 218),
}
# Margins around the card in millimetres: left/right, top, bottom.
_MARGIN_MM: dict[str, tuple[float, float, float]] = {
    "clear": (1.6, 2.6, 1.2),
    "black": (1.6, 2.6, 1.2),
    "blue": (1.6, 2.6, 1.2),
    "red": (1.6, 2.6, 1.2),
    "toploader": (6.5, 9.0, 5.0),
}


@dataclass(frozen=True, slots=True)
class Body:
    """A texture with its alpha, its outer size and where the card's centre lies in it."""

    picture: Picture
    alpha: NDArray[np.uint8]
    size_mm: tuple[float, float]
    card_mm: tuple[float, float]
    offset_mm: tuple[float, float]


def _u8(array: object) -> NDArray[np.uint8]:
    return np.asarray(array, np.uint8)


def card_size_mm(picture: Picture) -> tuple[float, float]:
    """Width and height of a card whose picture has this shape: 63 mm wide."""
    return CARD_WIDTH_MM, CARD_WIDTH_MM * picture.shape[0] / picture.shape[1]


def rounded_mask(width_px: int, height_px: int, radius_px: float) -> NDArray[np.uint8]:
    """`(H, W) uint8` coverage of a rounded rectangle that fills the picture to its outer edge."""
    x = np.abs(np.arange(width_px) - (width_px - 1) / 2) - (width_px / 2 - radius_px)
    y = np.abs(np.arange(height_px) - (height_px - 1) / 2) - (height_px / 2 - radius_px)
    far = np.hypot(np.maximum(x, 0)[None, :], np.maximum(y, 0)[:, None])
    inner = np.minimum(np.maximum(x[None, :], y[:, None]), 0)
    return np.asarray(np.clip((0.5 - (far + inner - radius_px)) * 255, 0, 255), np.uint8)


def _edged(face: Picture, finish: Finish, rng: np.random.Generator) -> Picture:
    """Light catches the cut edge; worn cards show white paper along it."""
    face = face.copy()
    height, width = face.shape[:2]
    line = max(1, round(width / 300))
    for area in (face[:line], face[:, :line]):
        area[...] = cv2.addWeighted(area, 1 - finish.edge, np.full_like(area, 235), finish.edge, 0)
    for area in (face[-line:], face[:, -line:]):
        area[...] = cv2.addWeighted(area, 1 - finish.edge, np.full_like(area, 20), finish.edge, 0)
    for _ in range(int(finish.wear * 60)):
        along = float(rng.random())
        spot = (
            (int(along * width), int(rng.integers(2)) * (height - 1))
            if rng.random() < 0.5
            else (int(rng.integers(2)) * (width - 1), int(along * height))
        )
        axes = (int(rng.integers(1, 3)), int(rng.integers(1, 3)))
        cv2.ellipse(face, spot, axes, 0, 0, 360, (176, 180, 184), -1, cv2.LINE_AA)
    return face


def make_body(picture: Picture, finish: Finish, holder: Holder, rng: np.random.Generator) -> Body:
    """The card, lit, cut out with round corners and put into its holder.

    Too large pictures are shrunk to 640 px width by area first; the camera sees no more.
    """
    if picture.shape[1] > _WIDEST_TEXTURE_PX:
        height = round(picture.shape[0] * _WIDEST_TEXTURE_PX / picture.shape[1])
        picture = np.asarray(
            cv2.resize(picture, (_WIDEST_TEXTURE_PX, height), interpolation=cv2.INTER_AREA),
            np.uint8,
        )
    card_mm = card_size_mm(picture)
    face = _edged(shine_on(picture, finish), finish, rng)
    height, width = face.shape[:2]
    px_per_mm = width / CARD_WIDTH_MM
    mask = rounded_mask(width, height, CORNER_MM * px_per_mm)
    if holder == "none":
        # A texel of the same colour all round, so that the edge's own coverage is interpolated.
        face = _u8(cv2.copyMakeBorder(face, 2, 2, 2, 2, cv2.BORDER_REPLICATE))
        mask = _u8(cv2.copyMakeBorder(mask, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=0))
        size = card_mm[0] + 4 / px_per_mm, card_mm[1] + 4 / px_per_mm
        return Body(face, mask, size, card_mm, (0, 0))
    return _held(face, mask, card_mm, holder, finish.side, rng)


def _held(
    face: Picture,
    mask: NDArray[np.uint8],
    card_mm: tuple[float, float],
    holder: Holder,
    light_side: int,
    rng: np.random.Generator,
) -> Body:
    height, width = face.shape[:2]
    px_per_mm = width / card_mm[0]
    side, top, bottom = (round(m * px_per_mm) for m in _MARGIN_MM[holder])
    outer_h, outer_w = height + top + bottom, width + 2 * side
    plastic = np.full((outer_h, outer_w, 3), _SLEEVE_BGR[holder], np.uint8)
    clear = holder in ("clear", "toploader")
    cover = rounded_mask(outer_w, outer_h, (0.8 if holder != "toploader" else 2.5) * px_per_mm)
    alpha = cover.astype(np.float32) * (0.16 if clear else 1.0)
    rim = max(2, round((0.5 if holder != "toploader" else 1.4) * px_per_mm))
    frame = np.zeros((outer_h, outer_w), np.uint8)
    cv2.rectangle(frame, (rim // 2, rim // 2), (outer_w - rim // 2, outer_h - rim // 2), 255, rim)
    frame = cv2.GaussianBlur(frame, (0, 0), 1.0)
    sheen = rng.uniform(0.25, 0.6) * frame.astype(np.float32) / 255
    alpha = np.maximum(alpha, cover * sheen) if clear else alpha
    plastic = np.clip(plastic + (sheen * (60 if not clear else 20))[..., None], 0, 255).astype(
        np.uint8
    )
    inside = (slice(top, top + height), slice(side, side + width))
    weight = mask.astype(np.float32) / 255
    plastic[inside] = cv2.blendLinear(face, plastic[inside], weight, 1 - weight)
    alpha[inside] = np.maximum(alpha[inside], mask)
    _streaks(plastic, alpha, light_side, rng)
    pad = 2
    plastic = np.asarray(
        cv2.copyMakeBorder(plastic, pad, pad, pad, pad, cv2.BORDER_REPLICATE), np.uint8
    )
    alpha8 = np.asarray(
        cv2.copyMakeBorder(
            alpha.astype(np.uint8), pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0
        ),
        np.uint8,
    )
    size = (outer_w + 2 * pad) / px_per_mm, (outer_h + 2 * pad) / px_per_mm
    offset = 0.0, (bottom - top) / 2 / px_per_mm
    return Body(plastic, alpha8, size, card_mm, offset)


def _streaks(
    plastic: Picture, alpha: NDArray[np.float32], light_side: int, rng: np.random.Generator
) -> None:
    """One or two long soft reflections across the plastic, in place; they move with the light."""
    height, width = plastic.shape[:2]
    y, x = np.mgrid[0:40, 0:28].astype(np.float32) / 28
    light = np.zeros_like(x)
    for _ in range(int(rng.integers(1, 3))):
        angle = rng.uniform(0.5, 1.2)
        across = x * np.cos(angle) + y * np.sin(angle) - rng.uniform(0.1, 1.4) - 0.3 * light_side
        light += rng.uniform(0.06, 0.24) * np.exp(-((across / rng.uniform(0.03, 0.14)) ** 2))
    shine = cv2.resize(light, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    shine8 = (shine * 255).astype(np.uint8)
    plastic[...] = cv2.add(plastic, cv2.merge([shine8, shine8, shine8]))
    alpha[...] = np.minimum(np.maximum(alpha, alpha + shine * 160 * (alpha > 8)), 255)
