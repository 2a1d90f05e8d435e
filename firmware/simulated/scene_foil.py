"""Foil on a card's face: where it lies, and what colours a light draws out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.records import Picture

Area = Literal["all", "art", "frame"]

FOIL_AREAS: dict[str, Area] = {"foil": "all", "holo": "art", "reverse": "frame"}
"""Where the foil of each finish lies; a normal card has none."""

# Where most games print the artwork, in fractions of the card.
_ART_LEFT, _ART_TOP, _ART_RIGHT, _ART_BOTTOM = 0.06, 0.105, 0.94, 0.55


@dataclass(frozen=True, slots=True)
class Finish:
    """What the light does on the card's surface; all strengths are 0…1.

    `side` is 0 in the room's light, -1 under the machine's left light and 1 under its right one;
    `swing` is how far the hues of a foil move from one side to the other, in rounds of the colour
    circle, `grain` how much neighbouring facets of it differ.
    """

    foil: float = 0.0
    foil_angle_deg: float = 30.0
    foil_phase: float = 0.0
    foil_bands: float = 1.5
    wash: float = 0.0
    haze: float = 0.0
    wear: float = 0.0
    edge: float = 0.35
    area: Area = "all"
    side: int = 0
    swing: float = 0.25
    grain: float = 0.0


def foil_mask(width_px: int, height_px: int, area: Area) -> NDArray[np.uint8] | None:
    """`(H, W) uint8`: 255 where foil lies; None where that is everywhere."""
    if area == "all":
        return None
    mask = np.zeros((height_px, width_px), np.uint8)
    left, right = round(_ART_LEFT * width_px), round(_ART_RIGHT * width_px)
    top, bottom = round(_ART_TOP * height_px), round(_ART_BOTTOM * height_px)
    mask[top:bottom, left:right] = 255
    return mask if area == "art" else np.asarray(255 - mask, np.uint8)


def rainbow(width_px: int, height_px: int, finish: Finish) -> Picture:
    """The colours of a foil `(H, W, 3) uint8`: bands of hue across the card, curved a little.

    A grating sends another colour to the camera when the light comes from another side: the
    bands move, turn and change their width.
    """
    y, x = np.mgrid[0:40, 0:28].astype(np.float32) / 28
    angle = np.deg2rad(finish.foil_angle_deg + 25 * finish.side)
    along = x * np.cos(angle) + y * np.sin(angle)
    across = y * np.cos(angle) - x * np.sin(angle)
    phase = finish.foil_phase + finish.swing * finish.side
    bend = 0.12 * np.sin(4 * across + 6 * phase)
    hue = (phase + finish.foil_bands * (1 + 0.15 * finish.side) * (along + bend)) % 1
    if finish.grain > 0:
        facets = np.random.default_rng(int(finish.foil_phase * 1e6)).normal(0, 1, hue.shape)
        hue = (hue + finish.grain * 0.2 * facets) % 1
    bright = 0.6 + 0.4 * np.sin(2 * np.pi * (along * 0.9 + phase * 3))
    hsv = np.stack([hue * 179, np.full_like(hue, 165), bright * 255], axis=-1).astype(np.uint8)
    colours = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    return np.asarray(
        cv2.resize(colours, (width_px, height_px), interpolation=cv2.INTER_CUBIC), np.uint8
    )


def shine_on(picture: Picture, finish: Finish) -> Picture:
    """The card's face under its finish: foil screens over it, haze lifts its blacks."""
    face = picture
    height, width = face.shape[:2]
    if finish.foil > 0 or finish.wash > 0:
        mask = foil_mask(width, height, finish.area)
        sheen = rainbow(width, height, finish)
        # Foil shows most where the ink is light, as on a printed metal layer.
        ink = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
        glow = cv2.addWeighted(ink, 0.55, np.full_like(ink, 255), 0.30, 0)
        if mask is not None:
            glow = cv2.bitwise_and(glow, mask)
        shine = cv2.multiply(sheen, cv2.merge([glow, glow, glow]), scale=finish.foil / 255)
        face = _u8(255 - cv2.multiply(255 - face, 255 - shine, scale=1 / 255))
        if finish.wash > 0:
            wash = _wash(width, height, finish)
            if mask is not None:
                wash = _u8(cv2.bitwise_and(wash, mask))
            face = _u8(cv2.add(face, cv2.merge([wash, wash, wash])))
    if finish.haze > 0:
        veil = np.full_like(face, 225)
        face = _u8(cv2.addWeighted(face, 1 - finish.haze, veil, finish.haze, 0))
    return face


def _wash(width_px: int, height_px: int, finish: Finish) -> NDArray[np.uint8]:
    """The bright band in which the foil mirrors the light itself, without colour."""
    y, x = np.mgrid[0:20, 0:14].astype(np.float32) / 14
    angle = np.deg2rad(finish.foil_angle_deg + 70)
    band = x * np.cos(angle) + y * np.sin(angle) - 0.2 - 0.8 * finish.foil_phase
    band -= 0.45 * finish.side
    wash = finish.wash * np.exp(-((band / 0.33) ** 2)) * 235
    return _u8(
        cv2.resize(wash.astype(np.uint8), (width_px, height_px), interpolation=cv2.INTER_CUBIC)
    )


def _u8(array: object) -> NDArray[np.uint8]:
    return np.asarray(array, np.uint8)
