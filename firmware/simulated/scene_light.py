"""Light and sensor: uneven light, shadows, lamps that mirror, blur, noise, JPEG."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.simulated.scene_lens import Points
from scanner.records import Picture

# How high the machine's lamps hang, in frame widths.
_LAMP_HEIGHT = 0.75


@dataclass(frozen=True, slots=True)
class Light:
    """The light on the table. Strengths are shares of the mean brightness.

    `exposure` multiplies all; `ramp` falls off along `ramp_deg`; `spot` is a bright pool at
    (`spot_x`, `spot_y`), fractions of the frame; `cast_bgr` colours it; `vignette` darkens the
    corners; `shade` is a straight shadow edge (a person, a shelf) over part of the table.
    `lamp` is the share of the light that comes from a small lamp of the machine instead, `lamp_x`
    where it hangs beside the frame (from -0.5 at the left edge to 0.5) and `lamp_bgr` its colour.
    """

    exposure: float = 1.0
    ramp: float = 0.0
    ramp_deg: float = 0.0
    spot: float = 0.0
    spot_x: float = 0.5
    spot_y: float = 0.5
    cast_bgr: tuple[float, float, float] = (1.0, 1.0, 1.0)
    vignette: float = 0.0
    shade: float = 0.0
    shade_deg: float = 0.0
    shade_at: float = 0.2
    shadow: float = 0.4
    shadow_deg: float = 60.0
    shadow_reach: float = 0.02
    lamp: float = 0.0
    lamp_x: float = 0.0
    lamp_bgr: tuple[float, float, float] = (1.0, 1.0, 1.0)


def gain_field(light: Light) -> NDArray[np.float32]:
    """`(54, 96, 3) float32`: how bright each place of the frame is, 1 = as printed."""
    y, x = np.mgrid[0:54, 0:96].astype(np.float32)
    x, y = (x + 0.5) / 96 - 0.5, ((y + 0.5) / 54 - 0.5) * 9 / 16
    turn = np.deg2rad(light.ramp_deg)
    gain = 1 + light.ramp * 2 * (x * np.cos(turn) + y * np.sin(turn))
    pool = (x - light.spot_x + 0.5) ** 2 + (y - (light.spot_y - 0.5) * 9 / 16) ** 2
    gain += light.spot * np.exp(-pool / 0.05)
    gain *= 1 - light.vignette * (x**2 + y**2) / 0.33
    if light.shade > 0:
        turn = np.deg2rad(light.shade_deg)
        side = x * np.cos(turn) + y * np.sin(turn) - light.shade_at
        gain *= 1 - light.shade / (1 + np.exp(-side / 0.012))
    field = (light.exposure * gain)[..., None] * np.array(light.cast_bgr, np.float32)
    if light.lamp > 0:
        # Lambert's law under a point: the cube of the distance, seen from the table.
        near = (1 + ((x - light.lamp_x) ** 2 + y**2) / _LAMP_HEIGHT**2) ** -1.5
        level = (1 + light.lamp_x**2 / _LAMP_HEIGHT**2) ** 1.5 * light.exposure * light.lamp
        field *= 1 - light.lamp
        field += (level * near)[..., None] * np.array(light.lamp_bgr, np.float32)
    return np.asarray(field, np.float32)


def illuminate(frame: Picture, light: Light) -> Picture:
    """The frame under the light. The gain is held in 1/64 steps of 8 bits, up to 4."""
    height, width = frame.shape[:2]
    small = np.clip(gain_field(light) * 64, 0, 255).astype(np.uint8)
    gain = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.multiply(frame, gain, scale=1 / 64), np.uint8)


def cast_shadow(frame: Picture, outline: Points, light: Light, lift: float = 1.0) -> None:
    """Darken the table around an outline `(N, 2)` px in place: a soft far shadow, a dark seam."""
    if light.shadow <= 0:
        return
    height, width = frame.shape[:2]
    shrink = 4
    reach = light.shadow_reach * height * lift
    turn = np.deg2rad(light.shadow_deg)
    shift = np.array([np.cos(turn), np.sin(turn)]) * reach
    pad = int(reach * 3 + 24)
    left, top = np.maximum(np.floor(outline.min(0)).astype(int) - pad, 0) // shrink * shrink
    right, bottom = np.ceil(outline.max(0)).astype(int) + pad
    right, bottom = min(int(right), width), min(int(bottom), height)
    if right - left < 16 or bottom - top < 16:
        return
    small = (-(-(right - left) // shrink), -(-(bottom - top) // shrink))
    mask = np.zeros((small[1], small[0]), np.float32)
    for offset, blur, strength in ((shift, reach / 2 + 3, 0.75), (shift * 0.15, 2.5, 0.5)):
        layer = np.zeros((small[1], small[0]), np.uint8)
        polygon = (outline + offset - (left, top)) / shrink
        cv2.fillPoly(layer, [np.round(polygon * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        soft = cv2.GaussianBlur(layer, (0, 0), max(0.6, blur / shrink))
        mask = np.maximum(mask, soft.astype(np.float32) * (strength * light.shadow / 255))
    small_dark = ((1 - mask) * 255).astype(np.uint8)
    dark = cv2.resize(small_dark, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    area = frame[top:bottom, left:right]
    area[...] = cv2.multiply(area, cv2.merge([dark, dark, dark]), scale=1 / 255)


@dataclass(frozen=True, slots=True)
class Lamp:
    """A lamp mirrored in a glossy card: place in fractions of the frame, radii of its height."""

    x: float
    y: float
    radius_x: float
    radius_y: float
    turn_deg: float
    strength: float


def mirror_lamps(
    picture: Picture,
    alpha: NDArray[np.float32],
    left_top: tuple[int, int],
    size: tuple[int, int],
    lamps: tuple[Lamp, ...],
) -> None:
    """Add the lamps' reflections to a patch of the frame in place, where `alpha` is card."""
    if not lamps:
        return
    height, width = alpha.shape
    step = 8
    y, x = np.mgrid[0 : height // step + 2, 0 : width // step + 2].astype(np.float32) * step
    light = np.zeros_like(x)
    for lamp in lamps:
        turn = np.deg2rad(lamp.turn_deg)
        dx = (x + left_top[0] - lamp.x * size[0]) / size[1]
        dy = (y + left_top[1] - lamp.y * size[1]) / size[1]
        u = (dx * np.cos(turn) + dy * np.sin(turn)) / lamp.radius_x
        v = (dy * np.cos(turn) - dx * np.sin(turn)) / lamp.radius_y
        r2 = u * u + v * v
        light += lamp.strength * (
            0.72 / (1 + np.exp(np.clip((r2 - 1) * 7, -30, 30))) + 0.28 * np.exp(-r2 / 6)
        )
    small = np.clip(light * 255, 0, 255).astype(np.uint8)
    wide = cv2.resize(small, None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)[
        :height, :width
    ]
    wide = (wide * alpha).astype(np.uint8)
    picture[...] = cv2.add(picture, cv2.merge([wide, wide, wide]))


@lru_cache(maxsize=1)
def _noise_tile() -> Picture:
    """Sensor noise `(992, 1664, 3) uint8` around 128 with a deviation of about 32.

    Slightly smeared, more in colour than in brightness, as a Bayer sensor's is.
    """
    rng = np.random.default_rng(20)
    # A quarter is drawn and repeated: nobody sees it, and the floats of a whole one weigh 80 MB.
    luma = rng.normal(0, 1, (496, 832, 1)).astype(np.float32)
    chroma = cv2.GaussianBlur(rng.normal(0, 1, (496, 832, 3)).astype(np.float32), (0, 0), 1.1)
    mixed = cv2.GaussianBlur(np.repeat(luma, 3, axis=2), (0, 0), 0.55) * 1.3 + chroma * 1.2
    quarter = np.asarray(np.clip(mixed / mixed.std() * 32 + 128, 0, 255), np.uint8)
    return np.tile(quarter, (2, 2, 1))


def sensor_noise(frame: Picture, deviation: float, rng: np.random.Generator) -> Picture:
    """The frame with noise of about `deviation` grey levels."""
    if deviation <= 0:
        return frame
    height, width = frame.shape[:2]
    tile = _noise_tile()
    if height > tile.shape[0] or width > tile.shape[1]:
        repeat = (-(-height // tile.shape[0]), -(-width // tile.shape[1]), 1)
        tile = np.tile(tile, repeat)
    top = int(rng.integers(tile.shape[0] - height + 1))
    left = int(rng.integers(tile.shape[1] - width + 1))
    grain = tile[top : top + height, left : left + width]
    share = deviation / 32
    return np.asarray(cv2.addWeighted(frame, 1.0, grain, share, -128 * share), np.uint8)


def blur(frame: Picture, defocus_px: float, motion_px: float, motion_deg: float) -> Picture:
    """Defocus of a Gaussian deviation in px, then motion along a line of `motion_px`."""
    if defocus_px > 0.15:
        frame = np.asarray(cv2.GaussianBlur(frame, (0, 0), defocus_px), np.uint8)
    if motion_px >= 1.0:
        size = int(np.ceil(motion_px)) | 1
        kernel = np.zeros((size + 2, size + 2), np.uint8)
        middle = (size + 1) / 2
        turn = np.deg2rad(motion_deg)
        reach = motion_px / 2 * np.array([np.cos(turn), np.sin(turn)])
        ends = np.round((middle + np.stack([-reach, reach])) * 256).astype(int)
        first, last = (int(ends[0][0]), int(ends[0][1])), (int(ends[1][0]), int(ends[1][1]))
        cv2.line(kernel, first, last, 255, 1, cv2.LINE_AA, 8)
        weights = kernel.astype(np.float32)
        frame = np.asarray(cv2.filter2D(frame, -1, weights / weights.sum()), np.uint8)
    return frame


def jpeg(frame: Picture, quality: int) -> Picture:
    """The frame after a JPEG round trip; 0 leaves it alone."""
    if quality <= 0:
        return frame
    _, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
