"""What the card lies on: a machine's tray, playmats, table tops, carpet and cloth.

Each surface is a BGR texture of 768x432 that covers the whole frame; a few are kept, so that a
running camera does not paint its table anew for every frame.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.simulated.cardpress_art import SUBJECTS, ArtSpec, paint_art
from firmware.simulated.cardpress_land import GROUNDS
from firmware.simulated.cardpress_palette import FACTIONS, palettes
from firmware.simulated.cardpress_sky import SKIES
from scanner.records import Picture

WIDTH_PX, HEIGHT_PX = 768, 432
VARIANTS = 12
"""Different textures of one kind; `texture` takes a variant of 0 … VARIANTS - 1."""

Field = NDArray[np.float32]


def noise(rng: np.random.Generator, cell_x_px: float, cell_y_px: float, octaves: int = 3) -> Field:
    """Smooth noise `(432, 768) float32` in about -1…1, finer octaves at half strength."""
    total = np.zeros((HEIGHT_PX, WIDTH_PX), np.float32)
    strength, norm = 1.0, 0.0
    for octave in range(octaves):
        columns = max(2, int(WIDTH_PX * 2**octave / cell_x_px))
        rows = max(2, int(HEIGHT_PX * 2**octave / cell_y_px))
        grid = rng.uniform(-1, 1, (min(rows, HEIGHT_PX), min(columns, WIDTH_PX))).astype(np.float32)
        total += strength * cv2.resize(grid, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
        norm += strength
        strength *= 0.5
    return np.asarray(total / norm, np.float32)


def _tint(field: Field, dark: tuple[int, int, int], light: tuple[int, int, int]) -> Picture:
    """A field of -1…1 as a picture between two colours."""
    share = np.clip(field * 0.5 + 0.5, 0, 1)[..., None]
    low, high = np.array(dark, np.float32), np.array(light, np.float32)
    return np.asarray(np.clip(low + share * (high - low), 0, 255), np.uint8)


def _tray(rng: np.random.Generator, base: int, grain: float) -> Picture:
    """A moulded tray: fine grain, guide rails left and right, a lip, two feed rollers."""
    cast = rng.uniform(0.97, 1.03, 3)
    field = noise(rng, 5, 5, 2) * grain + noise(rng, 300, 300, 2) * base * 0.06
    picture = (base + field)[..., None] * cast
    middle = WIDTH_PX / 2 + rng.uniform(-20, 20)
    half = rng.uniform(0.27, 0.40) * WIDTH_PX
    step = rng.uniform(0.72, 0.9) if base > 60 else rng.uniform(1.25, 1.7)
    columns = np.abs(np.arange(WIDTH_PX) - middle) - half
    wall = 1 / (1 + np.exp(-columns / 1.2))
    lip = np.exp(-((columns / 3.0) ** 2))
    profile = 1 + (step - 1) * wall + (0.22 if base > 60 else 0.9) * lip * np.sign(step - 1)
    picture = picture * np.clip(profile, 0.2, 3)[None, :, None]
    if rng.random() < 0.6:
        for row in (rng.uniform(-0.02, 0.07), rng.uniform(0.93, 1.02)):
            y = (np.arange(HEIGHT_PX) - row * HEIGHT_PX) / (0.05 * HEIGHT_PX)
            round_ = np.sqrt(np.clip(1 - y**2, 0, 1))
            inside = (np.abs(y) < 1)[:, None] & (columns < -half * 0.25)[None, :]
            rubber = (18 + 60 * round_**2)[:, None, None] * np.ones(3)
            picture = np.where(inside[..., None], rubber, picture)
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def _dark_tray(rng: np.random.Generator) -> Picture:
    return _tray(rng, int(rng.integers(20, 46)), 3.0)


def _grey_tray(rng: np.random.Generator) -> Picture:
    return _tray(rng, int(rng.integers(120, 190)), 3.0)


def _white_tray(rng: np.random.Generator) -> Picture:
    return _tray(rng, int(rng.integers(232, 255)), 2.0)


def _wood(rng: np.random.Generator) -> Picture:
    """Boards with rings and fine fibres along them."""
    tones = [
        ((34, 62, 104), (86, 132, 184)),
        ((20, 34, 58), (48, 76, 116)),
        ((88, 134, 174), (146, 188, 218)),
        ((40, 52, 118), (78, 98, 172)),
    ]
    dark, light = tones[int(rng.integers(len(tones)))]
    rings = noise(rng, 700, 90, 3) * rng.uniform(3, 7)
    fibre = noise(rng, 180, 3, 2)
    field = 0.45 * np.sin(rings * 2 * np.pi) + 0.55 * fibre + 0.3 * noise(rng, 400, 200, 1)
    picture = _tint(field.astype(np.float32), dark, light)
    board = rng.uniform(90, 240)
    row = rng.uniform(0, board)
    while row < HEIGHT_PX:
        at = int(row)
        gap = slice(max(at - 1, 0), at + 1)
        picture[gap] = (picture[gap] * 0.45).astype(np.uint8)
        following = picture[at:]
        picture[at:] = np.clip(following * rng.uniform(0.9, 1.1), 0, 255).astype(np.uint8)
        row += board
    if rng.random() < 0.4:
        picture = np.asarray(
            cv2.resize(cv2.rotate(picture, cv2.ROTATE_90_CLOCKWISE), (WIDTH_PX, HEIGHT_PX)),
            np.uint8,
        )
    return picture


def _desk(rng: np.random.Generator) -> Picture:
    """A plain or speckled table top, any colour a shop would have."""
    hue, strength, value = rng.integers(0, 180), rng.integers(0, 110), rng.integers(40, 245)
    colour = cv2.cvtColor(np.array([[[hue, strength, value]]], np.uint8), cv2.COLOR_HSV2BGR)[0, 0]
    field = noise(rng, 400, 400, 2) * 8 + noise(rng, 4, 4, 1) * rng.uniform(1, 14)
    return np.asarray(np.clip(colour.astype(np.float32) + field[..., None], 0, 255), np.uint8)


def _carpet(rng: np.random.Generator) -> Picture:
    """Tufts of yarn in two colours."""
    grey = rng.integers(40, 190, (2, 1))
    colours = np.clip(grey + rng.normal(0, 28, (2, 3)), 10, 225).astype(int)
    yarn = noise(rng, 7, 7, 3) * 1.6 + noise(rng, 60, 60, 2) * 0.5
    first = (int(colours[0][0]), int(colours[0][1]), int(colours[0][2]))
    second = tuple(int(c * 0.4 + f * 0.6) for c, f in zip(colours[1], first, strict=True))
    return _tint(yarn, (second[0] // 2, second[1] // 2, second[2] // 2), first)


def _cloth(rng: np.random.Generator) -> Picture:
    """A woven cloth with folds, sometimes with printed checks."""
    colour = rng.integers(25, 215, 3).astype(np.float32)
    y, x = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)
    weave = np.sin(x * 1.9) * np.sin(y * 1.9) * 0.10 + noise(rng, 3, 3, 1) * 0.06
    folds = noise(rng, 260, 330, 2) * 0.28
    picture = np.repeat((colour * (1 + (weave + folds)[..., None])), 1, axis=2)
    if rng.random() < 0.5:
        check = rng.uniform(40, 120)
        bands = ((x // check) % 2 + (y // check) % 2) / 2
        other = rng.integers(25, 235, 3).astype(np.float32)
        picture = picture * (1 - 0.6 * bands[..., None]) + other * 0.6 * bands[..., None]
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def chance_art(rng: np.random.Generator, width_px: int, height_px: int) -> Picture:
    """A landscape in the manner of the demo game, one that is on none of its cards."""
    faction = FACTIONS[int(rng.integers(len(FACTIONS)))]
    subjects = SUBJECTS["Place"]
    spec = ArtSpec(
        seed=int(rng.integers(2**31)),
        kind="Place",
        subject=subjects[int(rng.integers(len(subjects)))],
        faction=faction,
        palette=int(rng.integers(len(palettes(faction)))),
        sky=SKIES[int(rng.integers(len(SKIES)))],
        ground=GROUNDS[int(rng.integers(len(GROUNDS)))],
    )
    return paint_art(spec, width_px, height_px)


def _playmat(rng: np.random.Generator) -> Picture:
    """A printed mat: a landscape or bright swirls, sometimes zones drawn for the cards."""
    if rng.random() < 0.5:
        return chance_art(rng, WIDTH_PX, HEIGHT_PX)
    y, x = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)
    warp_x = noise(rng, 330, 330, 3) * rng.uniform(60, 240)
    warp_y = noise(rng, 330, 330, 3) * rng.uniform(60, 240)
    base = noise(rng, 260, 260, 3)
    base = np.asarray(
        cv2.remap(base, x + warp_x, y + warp_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT),
        np.float32,
    )
    hue = rng.uniform(0, 180) + base * rng.uniform(25, 90)
    value = 130 + 110 * np.sin(base * rng.uniform(3, 9) + noise(rng, 90, 90, 2) * 2)
    hsv = np.stack(
        [hue % 180, np.full_like(hue, rng.uniform(60, 175)), np.clip(value, 15, 250)], axis=-1
    ).astype(np.uint8)
    picture = np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), np.uint8)
    for _ in range(int(rng.integers(0, 9))):
        colour = tuple(int(c) for c in rng.integers(0, 255, 3))
        spot = (int(rng.integers(WIDTH_PX)), int(rng.integers(HEIGHT_PX)))
        size = int(rng.integers(8, 90))
        cv2.circle(picture, spot, size, colour, int(rng.choice([-1, 2, 4])), cv2.LINE_AA)
    if rng.random() < 0.5:
        colour = tuple(int(c) for c in rng.integers(140, 255, 3))
        for _ in range(int(rng.integers(1, 5))):
            left, top = int(rng.integers(-60, WIDTH_PX)), int(rng.integers(-60, HEIGHT_PX))
            wide = int(rng.integers(90, 220))
            cv2.rectangle(picture, (left, top), (left + wide, top + int(wide * 1.4)), colour, 2)
    return picture


_KINDS: dict[str, Callable[[np.random.Generator], Picture]] = {
    "dark tray": _dark_tray,
    "grey tray": _grey_tray,
    "white tray": _white_tray,
    "playmat": _playmat,
    "wood": _wood,
    "desk": _desk,
    "carpet": _carpet,
    "cloth": _cloth,
}
KINDS = tuple(_KINDS)


@lru_cache(maxsize=10)
def texture(kind: str, variant: int) -> Picture:
    """The texture `(432, 768, 3) uint8` of one surface, read-only.

    The same kind and variant always give the same picture. ValueError for a kind not in `KINDS`.
    """
    rng = np.random.default_rng([list(_KINDS).index(kind), variant, 77])
    picture = _KINDS[kind](rng)
    picture.setflags(write=False)
    return picture


def paint_surface(
    kind: str, variant: int, flip: int, gain: tuple[float, float, float], size: tuple[int, int]
) -> Picture:
    """The frame `(height, width, 3)` covered by a surface, mirrored by the bits of `flip`."""
    picture = texture(kind, variant)
    if flip:
        picture = np.asarray(cv2.flip(picture, {1: 0, 2: 1, 3: -1}[flip]), np.uint8)
    # A table of 256 tones per channel: gain costs one look-up a pixel.
    tones = np.clip(np.arange(256)[:, None] * np.array(gain), 0, 255).astype(np.uint8)
    picture = np.asarray(cv2.LUT(picture, tones[None]), np.uint8)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.uint8)
