"""Type on cards, set with the outline fonts inside OpenCV 5."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import cv2
import numpy as np

from scanner.records import Picture

Align = Literal["left", "center", "right"]
Ink = tuple[int, int, int]


@lru_cache(maxsize=4)
def _font(italic: bool) -> cv2.FontFace:
    return cv2.FontFace("italic" if italic else "sans")


def text_width(text: str, size_px: int, weight: int = 400, italic: bool = False) -> int:
    """Width of a line in pixels."""
    box = cv2.getTextSize((4000, 400), text, (0, 0), _font(italic), size_px, weight)
    return int(box[2])


def write(
    picture: Picture,
    text: str,
    at: tuple[int, int],
    size_px: int,
    ink: Ink,
    *,
    weight: int = 400,
    italic: bool = False,
    align: Align = "left",
    max_width_px: int = 0,
) -> int:
    """Write one line with its baseline at `at` in place; returns the width it took.

    A line wider than `max_width_px` is set smaller until it fits.
    """
    width = text_width(text, size_px, weight, italic)
    while max_width_px and width > max_width_px and size_px > 6:
        size_px -= 1
        width = text_width(text, size_px, weight, italic)
    left = at[0] - {"left": 0, "center": width // 2, "right": width}[align]
    cv2.putText(picture, text, (left, at[1]), ink, _font(italic), size_px, weight)
    return width


def glowing(
    picture: Picture,
    text: str,
    at: tuple[int, int],
    size_px: int,
    ink: Ink,
    shadow: Ink,
    *,
    weight: int = 600,
    align: Align = "left",
    max_width_px: int = 0,
) -> None:
    """A line with a soft shadow behind it, to stand on a picture."""
    width = text_width(text, size_px, weight)
    while max_width_px and width > max_width_px and size_px > 6:
        size_px -= 1
        width = text_width(text, size_px, weight)
    left = at[0] - {"left": 0, "center": width // 2, "right": width}[align]
    x0, y0 = max(0, left - 8), max(0, at[1] - size_px - 6)
    area = picture[y0 : at[1] + size_px // 2 + 6, x0 : left + width + 8]
    mask = np.zeros(area.shape[:2], np.uint8)
    local = (left - x0, at[1] - y0)
    cv2.putText(mask, text, (local[0], local[1] + 1), (255,), _font(False), size_px, weight)
    soft = cv2.GaussianBlur(mask, (0, 0), 2.2).astype(np.float32) / 255
    share = np.clip(soft * 1.7, 0, 0.85)
    area[...] = cv2.blendLinear(np.full_like(area, shadow), area, share, 1 - share)
    cv2.putText(area, text, local, ink, _font(False), size_px, weight)


def wrap(
    text: str, size_px: int, width_px: int, italic: bool = False, weight: int = 400
) -> list[str]:
    """Break a text into lines that fit."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and text_width(longer, size_px, weight, italic) > width_px:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line] if line else lines
