"""What the camera would see: a card on a table, in the light, through a lens, as pixels.

`pick` decides a scene by chance, `draw` makes the picture, `render_scene` does both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

from firmware.simulated.scene_card import Body, Holder, make_body
from firmware.simulated.scene_conditions import conditions_of
from firmware.simulated.scene_foil import Finish
from firmware.simulated.scene_hand import lay_hand
from firmware.simulated.scene_lens import (
    CARD_WIDTH_MM,
    Lens,
    Matrix,
    Points,
    plane_to_frame,
    project,
    rectangle,
    warp,
)
from firmware.simulated.scene_light import (
    blur,
    cast_shadow,
    illuminate,
    jpeg,
    mirror_lamps,
    sensor_noise,
)
from firmware.simulated.scene_plan import ScenePlan, pick_plan
from firmware.simulated.scene_ranges import Difficulty, Surface
from firmware.simulated.scene_surfaces import chance_art, paint_surface
from scanner.records import Corners, Picture

FRAME_SIZE = (1536, 864)


@dataclass(frozen=True, slots=True)
class SceneSettings:
    """How hard the scene is and what the card lies on (`random`: as the difficulty has it)."""

    difficulty: Difficulty = "easy"
    surface: Surface = "random"


@dataclass(frozen=True, slots=True)
class Scene:
    """A frame and the truth about it.

    `picture` is `(height, width, 3) uint8` BGR. `corners_px` are the true outer corners of the
    card (as if they were not rounded) from its own top left, clockwise; None without a card.
    `other_corners_px` are those of the other cards that lie wholly in view. `conditions` are
    words for what was drawn (`scene_conditions`).
    """

    picture: Picture
    corners_px: Corners | None
    difficulty: Difficulty
    plan: ScenePlan
    other_corners_px: tuple[Corners, ...] = ()
    conditions: frozenset[str] = frozenset()


def render_scene(
    card: Picture | None,
    rng: np.random.Generator,
    settings: SceneSettings | None = None,
    *,
    size: tuple[int, int] = FRAME_SIZE,
    upside_down: bool = False,
    finish: str = "normal",
    sleeve: bool | Holder = False,
    hand: float = 0.0,
    others: Sequence[Picture] = (),
) -> Scene:
    """One frame, decided and drawn; the same `rng` state gives the same frame.

    `card` is any upright picture of a card (None: an empty table), `finish` `normal`,
    `holo`, `reverse` or `foil`,
    `sleeve` True for any holder or the name of one, `hand` how far a hand covers the card,
    `others` more cards that lie wholly in view beside it. `size` is (width, height) in pixels.
    """
    settings = settings or SceneSettings()
    plan = pick_plan(
        rng, settings.difficulty, settings.surface, finish=finish, sleeve=sleeve, hand=hand
    )
    if upside_down:
        plan = replace(plan, pose=replace(plan.pose, rotation_deg=plan.pose.rotation_deg + 180))
    return draw(card, plan, size=size, others=others)


def draw(
    card: Picture | None,
    plan: ScenePlan,
    *,
    size: tuple[int, int] = FRAME_SIZE,
    others: Sequence[Picture] = (),
    noise_seed: int | None = None,
) -> Scene:
    """The picture of a decided scene. A different `noise_seed` gives the next frame of it."""
    rng = np.random.default_rng(plan.seed)
    lens = Lens(size[0], size[1], plan.bend)
    frame = paint_surface(
        plan.surface, plan.surface_variant, plan.surface_flip, plan.surface_gain, size
    )
    plans = [plan] if card is not None else []
    pictures = [card] if card is not None else []
    if others:
        plans = _beside(plan, len(others) + len(pictures), rng)
        pictures += list(others)
    for neighbour in _clutter(plan, rng) if card is not None and not others else ():
        _lay(frame, *neighbour, lens, rng)
    found = [
        _lay(frame, picture, at, lens, rng) for picture, at in zip(pictures, plans, strict=True)
    ]

    if plan.hand.cover > 0:
        center = np.array([plan.pose.center_x * size[0], plan.pose.center_y * size[1]])
        height_mm = CARD_WIDTH_MM / 0.7
        lay_hand(frame, plan.hand, center, plan.pose.height * size[1] / height_mm)
    frame = illuminate(frame, plan.light)
    frame = blur(frame, plan.defocus_px, plan.motion_px, plan.motion_deg)
    grain = rng if noise_seed is None else np.random.default_rng([plan.seed, noise_seed])
    frame = sensor_noise(frame, plan.noise, grain)
    frame = jpeg(frame, plan.jpeg)
    first = found[0] if card is not None else None
    rest = found[1:] if card is not None else found
    return Scene(frame, first, plan.difficulty, plan, tuple(rest), conditions_of(plan))


def _lay(
    frame: Picture, picture: Picture, plan: ScenePlan, lens: Lens, rng: np.random.Generator
) -> Corners:
    """Put one card with its shadow and reflections on the table; its true corners."""
    body = make_body(picture, plan.finish, plan.holder, rng)
    to_frame = plane_to_frame(plan.pose, lens, body.card_mm[1])
    outline = _outline(body, to_frame, lens)
    cast_shadow(frame, outline, plan.light, 1.0 if plan.holder != "toploader" else 2.0)
    patch = warp(body.picture, body.alpha, body.size_mm, to_frame, lens, body.offset_mm)
    if patch is not None:
        mirror_lamps(
            patch.picture,
            patch.alpha,
            (patch.left_px, patch.top_px),
            (lens.width_px, lens.height_px),
            plan.lamps,
        )
        patch.lay_on(frame)
    return true_corners(plan, lens, body.card_mm)


def true_corners(plan: ScenePlan, lens: Lens, card_mm: tuple[float, float]) -> Corners:
    """Where the corners of a card of this size fall in the frame, as if they were not rounded."""
    to_frame = plane_to_frame(plan.pose, lens, card_mm[1])
    return lens.bend_points(project(to_frame, rectangle(*card_mm))).astype(np.float32)


def _outline(body: Body, to_frame: Matrix, lens: Lens) -> Points:
    """The object's outline in the frame with cut corners, for its shadow."""
    box = rectangle(*body.size_mm) + body.offset_mm
    points = []
    for index in range(4):
        corner, before, after = box[index], box[index - 1], box[(index + 1) % 4]
        for other in (before, after):
            toward = other - corner
            points.append(corner + toward / np.linalg.norm(toward) * 1.5)
    return lens.bend_points(project(to_frame, np.array(points)))


def _beside(plan: ScenePlan, count: int, rng: np.random.Generator) -> list[ScenePlan]:
    """Places for `count` cards side by side, wholly in view, each at its own small angle."""
    slot = 1 / count
    height = min(plan.pose.height, 0.80, 0.82 * slot * 16 / 9 / 0.72)
    plans = []
    for index in range(count):
        turn = plan.pose.rotation_deg if abs(plan.pose.rotation_deg) > 90 else 0.0
        pose = replace(
            plan.pose,
            center_x=slot * (index + 0.5) + float(rng.uniform(-0.04, 0.04)) * slot,
            center_y=0.5 + float(rng.uniform(-0.5, 0.5)) * (0.96 - height) * 0.5,
            height=height * float(rng.uniform(0.94, 1.0)),
            rotation_deg=(180.0 if turn else 0.0) + float(rng.uniform(-4, 4)),
            tilt_x_deg=plan.pose.tilt_x_deg * 0.4,
            tilt_y_deg=plan.pose.tilt_y_deg * 0.4,
        )
        plans.append(replace(plan, pose=pose, bend=plan.bend * 0.5))
    return plans


def _clutter(plan: ScenePlan, rng: np.random.Generator) -> list[tuple[Picture, ScenePlan]]:
    """Cards of no game that reach into the frame from its rim, never wholly in view."""
    laid = []
    for _ in range(plan.clutter):
        side = 0.0 if plan.pose.center_x > 0.5 else 1.0
        if rng.random() < 0.25:
            side = 1.0 - side
        pose = replace(
            plan.pose,
            center_x=side + float(rng.uniform(-0.06, 0.06)),
            center_y=float(rng.uniform(0.05, 0.95)),
            rotation_deg=float(rng.uniform(-180, 180)),
        )
        laid.append(
            (
                _paper(int(rng.integers(6))),
                replace(plan, pose=pose, holder="none", finish=Finish(), lamps=()),
            )
        )
    return laid


@lru_cache(maxsize=6)
def _paper(variant: int) -> Picture:
    """A card of no game: a border, a picture, a text box."""
    rng = np.random.default_rng([variant, 31])
    tones = rng.integers(30, 225, (3, 1)) + rng.normal(0, 30, (3, 3))
    border, field, box = (tuple(int(c) for c in np.clip(tone, 8, 248)) for tone in tones)
    picture = np.full((320, 224, 3), border, np.uint8)
    cv2.rectangle(picture, (10, 10), (213, 309), field, -1)
    picture[36:160, 20:204] = chance_art(rng, 184, 124)
    cv2.rectangle(picture, (20, 180), (203, 290), box, -1)
    ink = (20, 20, 20) if sum(box) > 300 else (225, 225, 225)
    for row in range(192, 284, 11):
        cv2.line(picture, (28, row), (int(rng.integers(120, 198)), row), ink, 2, cv2.LINE_AA)
    return picture
