"""How far each difficulty goes: the ranges from which scenes are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Difficulty = Literal["easy", "moderate", "hard", "extreme"]
Surface = Literal["tray", "playmat", "table", "carpet", "random"]


@dataclass(frozen=True, slots=True)
class Ranges:
    """What one difficulty may do. Angles in degrees, lengths as said, strengths 0…1.

    `height` is the card's height in frame heights; `shift` how far its centre leaves the frame's,
    in frame heights; `bend` the lens distortion; `exposure` the gain on the brightness;
    `defocus_px`, `motion_px`, `noise` (grey levels) and `jpeg` (quality) belong to the camera.
    `glare`, `sleeve`, `shade`, `clutter` are probabilities; `wash` the strength of the bright
    band on foils; `under` the share of scenes that are badly exposed on purpose.
    """

    height: tuple[float, float]
    rotation_deg: float
    tilt_deg: float
    shift: float
    bend: float
    exposure: tuple[float, float]
    cast: float
    ramp: float
    vignette: float
    shadow: tuple[float, float]
    defocus_px: tuple[float, float]
    motion_px: float
    noise: tuple[float, float]
    jpeg: tuple[int, int]
    glare: float
    foil: tuple[float, float]
    wash: float
    shade: float
    clutter: float
    wear: float
    surfaces: tuple[tuple[str, float], ...]


RANGES: dict[str, Ranges] = {
    # A machine's tray: the card is guided, the light is built in, the lens is known.
    "easy": Ranges(
        height=(0.70, 0.80),
        rotation_deg=3.5,
        tilt_deg=1.5,
        shift=0.03,
        bend=0.015,
        exposure=(0.92, 1.10),
        cast=0.03,
        ramp=0.08,
        vignette=0.12,
        shadow=(0.25, 0.5),
        defocus_px=(0.3, 0.9),
        motion_px=0.0,
        noise=(1.0, 2.5),
        jpeg=(0, 0),
        glare=0.0,
        foil=(0.12, 0.35),
        wash=0.25,
        shade=0.0,
        clutter=0.0,
        wear=0.15,
        surfaces=(("dark tray", 0.4), ("grey tray", 0.6)),
    ),
    # A card laid by hand under a stand on the counter.
    "moderate": Ranges(
        height=(0.50, 0.85),
        rotation_deg=15.0,
        tilt_deg=8.0,
        shift=0.10,
        bend=0.04,
        exposure=(0.72, 1.30),
        cast=0.10,
        ramp=0.22,
        vignette=0.30,
        shadow=(0.15, 0.65),
        defocus_px=(0.4, 1.5),
        motion_px=3.0,
        noise=(1.5, 6.0),
        jpeg=(75, 95),
        glare=0.25,
        foil=(0.2, 0.55),
        wash=0.5,
        shade=0.1,
        clutter=0.0,
        wear=0.5,
        surfaces=(
            ("dark tray", 0.2),
            ("grey tray", 0.12),
            ("white tray", 0.1),
            ("playmat", 0.2),
            ("wood", 0.2),
            ("desk", 0.18),
        ),
    ),
    # Anything a phone or a bad stand gives: any rotation, oblique, washed out, dim, cluttered.
    "hard": Ranges(
        height=(0.35, 0.90),
        rotation_deg=180.0,
        tilt_deg=20.0,
        shift=0.30,
        bend=0.09,
        exposure=(0.45, 1.75),
        cast=0.20,
        ramp=0.45,
        vignette=0.55,
        shadow=(0.0, 0.8),
        defocus_px=(0.4, 2.4),
        motion_px=7.0,
        noise=(2.0, 12.0),
        jpeg=(45, 90),
        glare=0.5,
        foil=(0.3, 0.8),
        wash=0.85,
        shade=0.25,
        clutter=0.35,
        wear=1.0,
        surfaces=(
            ("dark tray", 0.10),
            ("grey tray", 0.08),
            ("white tray", 0.14),
            ("playmat", 0.22),
            ("wood", 0.14),
            ("desk", 0.12),
            ("carpet", 0.10),
            ("cloth", 0.10),
        ),
    ),
    # The worst of all at once: blown-out white, dark on dark, lamps on the art, strong skew, a
    # moving card among others. No bar is set for it; it shows what gives way first.
    "extreme": Ranges(
        height=(0.30, 0.92),
        rotation_deg=180.0,
        tilt_deg=34.0,
        shift=0.35,
        bend=0.12,
        exposure=(0.28, 2.6),
        cast=0.30,
        ramp=0.7,
        vignette=0.7,
        shadow=(0.0, 0.95),
        defocus_px=(0.6, 3.2),
        motion_px=12.0,
        noise=(3.0, 18.0),
        jpeg=(30, 80),
        glare=0.85,
        foil=(0.45, 0.95),
        wash=1.0,
        shade=0.5,
        clutter=0.8,
        wear=1.0,
        surfaces=(
            ("dark tray", 0.20),
            ("white tray", 0.24),
            ("playmat", 0.26),
            ("wood", 0.08),
            ("desk", 0.08),
            ("carpet", 0.07),
            ("cloth", 0.07),
        ),
    ),
}

ALLOWED: dict[str, tuple[str, ...]] = {
    "tray": ("dark tray", "grey tray", "white tray"),
    "playmat": ("playmat",),
    "table": ("wood", "desk"),
    "carpet": ("carpet", "cloth"),
}
"""The textures that may stand for a surface that was asked for."""
