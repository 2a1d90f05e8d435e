"""One scene under the machine's two lamps: first the left one, then the right one.

The card, the table and the camera stay as they are. Only the light changes: its falloff and its
shadow, where lamps mirror in gloss and sleeves, and which colours a foil sends to the camera.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from firmware.lights import Side
from firmware.simulated.scene import FRAME_SIZE, Scene, SceneSettings, draw
from firmware.simulated.scene_card import Holder
from firmware.simulated.scene_light import Lamp
from firmware.simulated.scene_plan import ScenePlan, pick_plan
from scanner.records import Picture

SIDES: tuple[Side, Side] = ("left", "right")

# What of the room's light is left beside the lamp's: little under a cover, half on a counter.
_ROOM_SHARE = {
    "easy": (0.0, 0.15),
    "moderate": (0.1, 0.4),
    "hard": (0.2, 0.55),
    "extreme": (0.3, 0.7),
}


def lit_from(plan: ScenePlan, side: Side) -> ScenePlan:
    """The plan with one of the machine's lamps on. The other side differs in the light alone."""
    sign = -1 if side == "left" else 1
    both = np.random.default_rng([plan.seed % 2**63, 21])
    own = np.random.default_rng([plan.seed % 2**63, 22 + sign])
    share = 1 - float(both.uniform(*_ROOM_SHARE[plan.difficulty]))
    lamp_colour, at = both.normal(0, 0.03, 3), float(both.uniform(0.45, 0.8))
    swing, grain = float(both.uniform(0.12, 0.42)), float(both.uniform(0, 1))
    # Two lamps of one kind are never quite alike, and a foil answers one better than the other.
    bgr = 1 + lamp_colour + own.normal(0, 0.015, 3)
    level, answer = float(own.uniform(0.9, 1.1)), float(own.uniform(0.35, 1.0))
    light = replace(
        plan.light,
        exposure=plan.light.exposure * level,
        lamp=share,
        lamp_x=sign * at,
        lamp_bgr=(float(bgr[0]), float(bgr[1]), float(bgr[2])),
        shadow_deg=90.0 + 90.0 * sign,
    )
    finish = replace(
        plan.finish,
        side=sign,
        swing=swing,
        grain=grain,
        foil=plan.finish.foil * answer,
        wash=plan.finish.wash * answer,
    )
    return replace(plan, light=light, lamps=_mirrored(plan, sign, share), finish=finish)


def _mirrored(plan: ScenePlan, sign: int, share: float) -> tuple[Lamp, ...]:
    """What mirrors in the card: the machine's lamp, on its own side, and the room's, fainter."""
    if not plan.lamps:
        return ()
    first, *others = plan.lamps
    away = abs(first.x - plan.pose.center_x) + 0.08 * plan.pose.height
    machine = replace(first, x=plan.pose.center_x + sign * away)
    return (machine, *(replace(lamp, strength=lamp.strength * (1 - share)) for lamp in others))


def draw_sides(
    card: Picture | None,
    plan: ScenePlan,
    *,
    size: tuple[int, int] = FRAME_SIZE,
    others: Sequence[Picture] = (),
) -> tuple[Scene, Scene]:
    """The decided scene lit from the left and lit from the right."""
    left, right = (
        draw(card, lit_from(plan, side), size=size, others=others, noise_seed=place)
        for place, side in enumerate(SIDES)
    )
    return left, right


def render_sides(
    card: Picture | None,
    rng: np.random.Generator,
    settings: SceneSettings | None = None,
    *,
    size: tuple[int, int] = FRAME_SIZE,
    upside_down: bool = False,
    finish: str = "normal",
    sleeve: bool | Holder = False,
) -> tuple[Scene, Scene]:
    """As `scene.render_scene`, twice: the same scene lit from the left and from the right."""
    settings = settings or SceneSettings()
    plan = pick_plan(
        rng, settings.difficulty, settings.surface, finish=finish, sleeve=sleeve, hand=0.0
    )
    if upside_down:
        plan = replace(plan, pose=replace(plan.pose, rotation_deg=plan.pose.rotation_deg + 180))
    return draw_sides(card, plan, size=size)
