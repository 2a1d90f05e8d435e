"""Everything that is chosen by chance about a scene, before a pixel is drawn.

The ranges of the three difficulties are the table `RANGES`; a plan is frozen, so a test or the
simulated machine can change one thing (`dataclasses.replace`) and leave the rest alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from firmware.simulated.scene_card import Finish, Holder
from firmware.simulated.scene_hand import Hand
from firmware.simulated.scene_lens import Pose
from firmware.simulated.scene_light import Lamp, Light
from firmware.simulated.scene_surfaces import VARIANTS

Difficulty = Literal["easy", "moderate", "hard"]
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
        surfaces=(("dark tray", 0.6), ("grey tray", 0.4)),
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
}

_ALLOWED: dict[str, tuple[str, ...]] = {
    "tray": ("dark tray", "grey tray", "white tray"),
    "playmat": ("playmat",),
    "table": ("wood", "desk"),
    "carpet": ("carpet", "cloth"),
}


@dataclass(frozen=True, slots=True)
class ScenePlan:
    """One scene, decided. `surface_flip` are the mirror bits of `scene_surfaces`."""

    difficulty: Difficulty
    pose: Pose
    bend: float
    surface: str
    surface_variant: int
    surface_flip: int
    surface_gain: tuple[float, float, float]
    light: Light
    lamps: tuple[Lamp, ...]
    finish: Finish
    holder: Holder
    hand: Hand
    clutter: int
    defocus_px: float
    motion_px: float
    motion_deg: float
    noise: float
    jpeg: int
    seed: int


def _pick_surface(ranges: Ranges, surface: Surface, rng: np.random.Generator) -> str:
    if surface == "random":
        names, weights = zip(*ranges.surfaces, strict=True)
    else:
        names = _ALLOWED[surface]
        known = dict(ranges.surfaces)
        weights = tuple(known.get(name, 0.0) for name in names)
        if not sum(weights):
            weights = (1.0,) * len(names)
    return str(rng.choice(names, p=np.array(weights) / sum(weights)))


def _pick_pose(ranges: Ranges, rng: np.random.Generator) -> Pose:
    height = rng.uniform(*ranges.height)
    rotation = rng.normal(0, 0.4) * ranges.rotation_deg
    if ranges.rotation_deg >= 180:
        rotation = rng.uniform(-180, 180) if rng.random() < 0.5 else rng.normal(0, 12)
    rotation = float(np.clip(rotation, -ranges.rotation_deg, ranges.rotation_deg))
    # A card turned on its side must still fit: half of its extent stays inside the frame.
    turn = np.deg2rad(rotation)
    half_y = (abs(np.cos(turn)) + 0.72 * abs(np.sin(turn))) / 2
    height = float(min(height, 0.47 / half_y))
    half_x = (0.72 * abs(np.cos(turn)) + abs(np.sin(turn))) / 2 * height
    free_y = max(0.0, 0.485 - half_y * height)
    free_x = max(0.0, 16 / 18 - 0.015 - half_x)
    lift_y = float(np.clip(rng.normal(0, 0.5) * ranges.shift, -free_y, free_y))
    lift_x = float(np.clip(rng.normal(0, 0.8) * ranges.shift, -free_x, free_x)) * 9 / 16
    tilts = np.clip(rng.normal(0, 0.45, 2), -1, 1) * ranges.tilt_deg
    return Pose(
        0.5 + lift_x,
        0.5 + lift_y,
        height,
        rotation,
        float(tilts[0]),
        float(tilts[1]),
        float(rng.uniform(0.9, 1.5)),
    )


def _pick_light(ranges: Ranges, rng: np.random.Generator) -> Light:
    low, high = ranges.exposure
    exposure = float(np.exp(np.clip(rng.normal(0, 0.5), -1, 1) * np.log(high)))
    exposure = max(low, exposure)
    warm = rng.normal(0, 0.5) * ranges.cast
    green = rng.normal(0, 0.25) * ranges.cast
    cast = (float(1 - warm), float(1 + green), float(1 + warm))
    return Light(
        exposure=exposure,
        ramp=float(rng.uniform(0, ranges.ramp)),
        ramp_deg=float(rng.uniform(0, 360)),
        spot=float(rng.uniform(0, ranges.ramp)),
        spot_x=float(rng.uniform(0.1, 0.9)),
        spot_y=float(rng.uniform(0.1, 0.9)),
        cast_bgr=cast,
        vignette=float(rng.uniform(0.2, 1) * ranges.vignette),
        shade=float(rng.uniform(0.2, 0.55)) if rng.random() < ranges.shade else 0.0,
        shade_deg=float(rng.uniform(0, 360)),
        shade_at=float(rng.uniform(-0.15, 0.3)),
        shadow=float(rng.uniform(*ranges.shadow)),
        shadow_deg=float(rng.uniform(0, 360)),
        shadow_reach=float(rng.uniform(0.004, 0.022)),
    )


def _pick_lamps(ranges: Ranges, pose: Pose, rng: np.random.Generator) -> tuple[Lamp, ...]:
    if rng.random() >= ranges.glare:
        return ()
    lamps = []
    for _ in range(int(rng.integers(1, 3))):
        long = rng.random() < 0.4
        lamps.append(
            Lamp(
                x=pose.center_x + float(rng.normal(0, 0.16)) * pose.height,
                y=pose.center_y + float(rng.normal(0, 0.3)) * pose.height,
                radius_x=float(rng.uniform(0.15, 0.4) if long else rng.uniform(0.03, 0.10)),
                radius_y=float(rng.uniform(0.015, 0.05) if long else rng.uniform(0.03, 0.10)),
                turn_deg=float(rng.uniform(0, 180)),
                strength=float(rng.uniform(0.25, 0.95)),
            )
        )
    return tuple(lamps)


def pick_plan(
    rng: np.random.Generator,
    difficulty: Difficulty,
    surface: Surface,
    *,
    finish: str,
    sleeve: bool | Holder,
    hand: float,
) -> ScenePlan:
    """Draw one scene from the ranges of a difficulty. ValueError for an unknown one.

    Every call takes its random numbers in the same order whatever the arguments, so that the
    same seed gives the same table with and without a foil, a sleeve or a hand.
    """
    if difficulty not in RANGES:
        raise ValueError(f"no difficulty {difficulty!r}; use one of {', '.join(RANGES)}")
    ranges = RANGES[difficulty]
    kind = _pick_surface(ranges, surface, rng)
    pose = _pick_pose(ranges, rng)
    light = _pick_light(ranges, rng)
    lamps = _pick_lamps(ranges, pose, np.random.default_rng(int(rng.integers(2**63))))
    foil = rng.uniform(*ranges.foil), rng.uniform(0.2, 1) * ranges.wash, rng.random() < 0.6
    angle, phase, bands = rng.uniform(0, 180), rng.random(), rng.uniform(0.8, 2.4)
    wear = rng.uniform(0, 1) ** 2 * ranges.wear
    holders: tuple[Holder, ...] = ("clear", "clear", "black", "blue", "red", "toploader")
    any_holder = holders[int(rng.integers(len(holders)))]
    holder: Holder = any_holder if sleeve is True else (sleeve or "none")
    shine = finish == "foil"
    hand_from = float(rng.normal(90, 25))
    skin, curl, left_handed = int(rng.integers(5)), rng.uniform(0, 0.5), rng.random() < 0.3
    gain, casts = float(rng.uniform(0.85, 1.12)), rng.uniform(0.96, 1.04, 3)
    return ScenePlan(
        difficulty=difficulty,
        pose=pose,
        bend=float(rng.uniform(-1, 1) * ranges.bend),
        surface=kind,
        surface_variant=int(rng.integers(VARIANTS)),
        surface_flip=int(rng.integers(4)),
        surface_gain=(gain * float(casts[0]), gain * float(casts[1]), gain * float(casts[2])),
        light=light,
        lamps=lamps,
        finish=Finish(
            foil=float(foil[0]) if shine else 0.0,
            foil_angle_deg=float(angle),
            foil_phase=float(phase),
            foil_bands=float(bands),
            wash=float(foil[1]) if shine and foil[2] else 0.0,
            haze=0.0 if holder == "none" else float(rng.uniform(0.02, 0.10)),
            wear=float(wear),
            edge=float(np.random.default_rng(int(rng.integers(2**63))).uniform(0.1, 0.5)),
        ),
        holder=holder,
        hand=Hand(hand, hand_from, skin, float(curl), 1.0, bool(left_handed)),
        clutter=int(rng.integers(1, 4)) if rng.random() < ranges.clutter else 0,
        defocus_px=float(rng.uniform(*ranges.defocus_px)),
        motion_px=float(rng.uniform(0, ranges.motion_px)) if rng.random() < 0.4 else 0.0,
        motion_deg=float(rng.uniform(0, 180)),
        noise=float(rng.uniform(*ranges.noise)),
        jpeg=int(rng.integers(ranges.jpeg[0], ranges.jpeg[1] + 1)),
        seed=int(rng.integers(2**63)),
    )
