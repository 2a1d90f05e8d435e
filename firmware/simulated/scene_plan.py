"""Everything that is chosen by chance about a scene, before a pixel is drawn.

The ranges of the three difficulties are in `scene_ranges`; a plan is frozen, so a test or the
simulated machine can change one thing (`dataclasses.replace`) and leave the rest alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from firmware.simulated.scene_card import Holder
from firmware.simulated.scene_foil import FOIL_AREAS, Finish
from firmware.simulated.scene_hand import Hand
from firmware.simulated.scene_lens import (
    CARD_WIDTH_MM,
    Lens,
    Pose,
    plane_to_frame,
    project,
    rectangle,
)
from firmware.simulated.scene_light import Lamp, Light
from firmware.simulated.scene_ranges import ALLOWED, RANGES, Difficulty, Ranges, Surface
from firmware.simulated.scene_surfaces import VARIANTS

__all__ = ["Difficulty", "ScenePlan", "Surface", "pick_plan"]


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
        names = ALLOWED[surface]
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


def _in_view(pose: Pose, bend: float) -> Pose:
    """The pose, drawn to the middle and made smaller until all four corners are in the frame."""
    # Any 16:9 frame will do: a pose is in fractions of it. 0.69 is the slimmest card's shape.
    lens = Lens(1600, 900, bend)
    card = rectangle(CARD_WIDTH_MM, CARD_WIDTH_MM / 0.69)
    for _ in range(40):
        matrix = plane_to_frame(pose, lens, CARD_WIDTH_MM / 0.69)
        corners = lens.bend_points(project(matrix, card))
        if corners.min() > 4 and (corners.max(axis=0) < (1595, 895)).all():
            return pose
        pose = replace(
            pose,
            center_x=0.5 + (pose.center_x - 0.5) * 0.9,
            center_y=0.5 + (pose.center_y - 0.5) * 0.9,
            height=pose.height * 0.98,
        )
    return pose


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
    """Draw one scene from the ranges of a difficulty. ValueError for an unknown one or finish.

    Every call takes its random numbers in the same order whatever the arguments, so that the
    same seed gives the same table with and without a foil, a sleeve or a hand.
    """
    if difficulty not in RANGES:
        raise ValueError(f"no difficulty {difficulty!r}; use one of {', '.join(RANGES)}")
    if finish != "normal" and finish not in FOIL_AREAS:
        raise ValueError(f"no finish {finish!r}; use normal, {', '.join(FOIL_AREAS)}")
    ranges = RANGES[difficulty]
    kind = _pick_surface(ranges, surface, rng)
    bend = float(rng.uniform(-1, 1) * ranges.bend)
    pose = _in_view(_pick_pose(ranges, rng), bend)
    light = _pick_light(ranges, rng)
    lamps = _pick_lamps(ranges, pose, np.random.default_rng(int(rng.integers(2**63))))
    foil = rng.uniform(*ranges.foil), rng.uniform(0.2, 1) * ranges.wash, rng.random() < 0.6
    angle, phase, bands = rng.uniform(0, 180), rng.random(), rng.uniform(0.8, 2.4)
    wear = rng.uniform(0, 1) ** 2 * ranges.wear
    holders: tuple[Holder, ...] = ("clear", "clear", "black", "blue", "red", "toploader")
    any_holder = holders[int(rng.integers(len(holders)))]
    holder: Holder = any_holder if sleeve is True else (sleeve or "none")
    shine = finish != "normal"
    hand_from = float(rng.normal(90, 25))
    skin, curl, left_handed = int(rng.integers(5)), rng.uniform(0, 0.5), rng.random() < 0.3
    gain, casts = float(rng.uniform(0.85, 1.12)), rng.uniform(0.96, 1.04, 3)
    return ScenePlan(
        difficulty=difficulty,
        pose=pose,
        bend=bend,
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
            area=FOIL_AREAS.get(finish, "all"),
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
