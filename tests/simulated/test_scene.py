"""The simulated camera: what it draws, and that its truth is true."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from firmware.simulated.scene import Scene, SceneSettings, draw, render_scene, true_corners
from firmware.simulated.scene_foil import Finish
from firmware.simulated.scene_lens import Lens
from firmware.simulated.scene_light import Light
from firmware.simulated.scene_plan import ScenePlan, pick_plan
from firmware.simulated.scene_ranges import RANGES, Difficulty
from firmware.simulated.scene_surfaces import KINDS, VARIANTS, texture
from scanner.records import Picture

WIDTH, HEIGHT = 1536, 864
DIFFICULTIES: tuple[Difficulty, ...] = ("easy", "moderate", "hard", "extreme")


def painted_card(seed: int = 1) -> Picture:
    rng = np.random.default_rng(seed)
    blocks = rng.integers(30, 255, (8, 6, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(blocks, (448, 640), interpolation=cv2.INTER_NEAREST), np.uint8)


def plan_of(difficulty: Difficulty, seed: int) -> ScenePlan:
    return pick_plan(
        np.random.default_rng(seed), difficulty, "random", finish="normal", sleeve=False, hand=0.0
    )


def inside(corners: np.ndarray) -> np.ndarray:
    """Which pixels of the frame lie within the corners."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillConvexPoly(mask, np.round(corners).astype(np.int32), 1)
    return mask.astype(bool)


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_the_same_seed_gives_the_same_frame(difficulty: Difficulty) -> None:
    scenes = [
        render_scene(painted_card(), np.random.default_rng(5), SceneSettings(difficulty))
        for _ in range(2)
    ]
    assert np.array_equal(scenes[0].picture, scenes[1].picture)
    assert scenes[0].picture.shape == (HEIGHT, WIDTH, 3)
    assert scenes[0].picture.dtype == np.uint8
    other = render_scene(painted_card(), np.random.default_rng(6), SceneSettings(difficulty))
    assert not np.array_equal(scenes[0].picture, other.picture)


def test_the_next_frame_of_a_scene_differs_in_its_noise_alone() -> None:
    plan = replace(plan_of("moderate", 3), jpeg=0)
    first, second = (draw(painted_card(), plan, noise_seed=n).picture for n in (1, 2))
    apart = first.astype(int) - second
    assert apart.any()
    assert abs(apart.mean()) < 0.1
    assert apart.std() < 3 * plan.noise


def edge_crossings(scene: Scene, lens: Lens) -> list[float]:
    """Distances in px of the card's visible edge from where the truth puts it, along all sides."""
    assert scene.corners_px is not None
    ideal = lens.unbend_points(scene.corners_px.astype(np.float64))
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    to_frame = cv2.getPerspectiveTransform(unit, ideal.astype(np.float32))
    grey = cv2.cvtColor(scene.picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
    middle = scene.corners_px.mean(axis=0)
    off = []
    for first, second in zip(unit, np.roll(unit, -1, 0), strict=True):
        for share in (0.2, 0.35, 0.5, 0.65, 0.8):
            ends = np.array([first + (second - first) * (share + d) for d in (-0.01, 0, 0.01)])
            on_frame = cv2.perspectiveTransform(ends[None].astype(np.float64), to_frame)[0]
            before, spot, after = lens.bend_points(on_frame)
            along = (after - before) / np.linalg.norm(after - before)
            outward = np.array([along[1], -along[0]])
            if outward @ (middle - spot) > 0:
                outward = -outward
            steps = np.arange(-6, 6.01, 0.125)
            line = (spot + steps[:, None] * outward).astype(np.float32)
            level = cv2.remap(grey, line[None], None, cv2.INTER_LINEAR)[0]
            half = (level[:8].mean() + level[-8:].mean()) / 2
            off.append(float(steps[np.argmax(level < half)]))
    return off


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
@pytest.mark.parametrize("seed", range(6))
def test_the_true_corners_lie_where_the_card_is_seen(difficulty: Difficulty, seed: int) -> None:
    plan = replace(
        plan_of(difficulty, seed),
        surface="dark tray", light=Light(shadow=0.0), lamps=(), clutter=0, finish=Finish(edge=0.0),
        defocus_px=0.6, motion_px=0.0, noise=0.0, jpeg=0,
    )  # fmt: skip
    card = np.full((640, 448, 3), 240, np.uint8)
    scene = draw(card, plan)
    off = edge_crossings(scene, Lens(WIDTH, HEIGHT, plan.bend))
    assert abs(np.mean(off)) < 0.15
    assert max(abs(value) for value in off) < 0.45


def test_corners_start_at_the_cards_own_top_left_and_run_clockwise() -> None:
    card = np.full((640, 448, 3), 128, np.uint8)
    card[:320, :224] = (0, 0, 250)
    for upside_down in (False, True):
        scene = render_scene(card, np.random.default_rng(2), upside_down=upside_down)
        assert scene.corners_px is not None
        corners = scene.corners_px
        x, y = corners[0] * 0.8 + corners.mean(axis=0) * 0.2
        red = scene.picture[round(float(y)), round(float(x))].astype(int)
        assert red[2] > red[0] + 60
        assert (corners[0, 1] > corners[2, 1]) == upside_down
        one, two = corners[1] - corners[0], corners[2] - corners[1]
        assert one[0] * two[1] - one[1] * two[0] > 0


def test_a_lens_is_undone_exactly() -> None:
    lens = Lens(WIDTH, HEIGHT, 0.09)
    points = np.random.default_rng(1).uniform(0, 860, (50, 2))
    assert np.abs(lens.unbend_points(lens.bend_points(points)) - points).max() < 1e-2
    assert np.abs(lens.bend_points(points) - points).max() > 2


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_scenes_keep_to_the_ranges_of_their_difficulty(difficulty: Difficulty) -> None:
    ranges = RANGES[difficulty]
    kinds = {name for name, _ in ranges.surfaces}
    for seed in range(200):
        plan = plan_of(difficulty, seed)
        assert plan.surface in kinds
        assert abs(plan.pose.rotation_deg) <= ranges.rotation_deg
        assert max(abs(plan.pose.tilt_x_deg), abs(plan.pose.tilt_y_deg)) <= ranges.tilt_deg
        assert 0.30 <= plan.pose.height <= ranges.height[1]
        assert ranges.exposure[0] <= plan.light.exposure <= ranges.exposure[1]
        assert ranges.noise[0] <= plan.noise <= ranges.noise[1]
        assert abs(plan.bend) <= ranges.bend


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_the_card_lies_wholly_in_view(difficulty: Difficulty) -> None:
    for seed in range(300):
        plan = plan_of(difficulty, seed)
        corners = true_corners(plan, Lens(WIDTH, HEIGHT, plan.bend), (63.0, 90.0))
        assert corners.min() > -1
        assert (corners.max(axis=0) < (WIDTH, HEIGHT)).all()


def test_an_empty_table_has_no_corners() -> None:
    scene = render_scene(None, np.random.default_rng(3))
    assert scene.corners_px is None
    assert scene.other_corners_px == ()
    with_card = draw(painted_card(), scene.plan)
    assert with_card.corners_px is not None
    changed = np.abs(scene.picture.astype(int) - with_card.picture).max(axis=2) > 40
    assert changed[inside(with_card.corners_px)].mean() > 0.7


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_other_cards_lie_wholly_in_view_and_apart(difficulty: Difficulty) -> None:
    for seed in range(8):
        scene = render_scene(
            painted_card(1), np.random.default_rng(seed), SceneSettings(difficulty),
            others=[painted_card(2)],
        )  # fmt: skip
        assert scene.corners_px is not None
        (other,) = scene.other_corners_px
        assert not (inside(scene.corners_px) & inside(other)).any()
        for corners in (scene.corners_px, other):
            assert corners.min() > -2
            assert (corners.max(axis=0) < (WIDTH + 2, HEIGHT + 2)).all()


def test_a_hand_covers_the_card_the_more_the_further_it_comes() -> None:
    plan = replace(plan_of("easy", 4), noise=0.0)
    bare = draw(painted_card(), plan)
    assert bare.corners_px is not None
    card = inside(bare.corners_px)
    shares = []
    for cover in (0.0, 0.15, 0.4, 1.0):
        covered = draw(painted_card(), replace(plan, hand=replace(plan.hand, cover=cover)))
        changed = np.abs(bare.picture.astype(int) - covered.picture).max(axis=2) > 30
        shares.append(float(changed[card].mean()))
    assert shares[0] == 0
    assert 0.02 < shares[1] < shares[2] - 0.1
    assert shares[2] + 0.1 < shares[3] > 0.9


def test_foil_and_sleeve_change_the_card_but_not_its_place() -> None:
    scenes = {
        name: render_scene(
            painted_card(), np.random.default_rng(9), SceneSettings("moderate"),
            finish=finish, sleeve=sleeve,
        )
        for name, finish, sleeve in (
            ("plain", "normal", False), ("foil", "foil", False), ("sleeve", "normal", "black"),
        )
    }  # fmt: skip
    plain = scenes["plain"]
    assert plain.corners_px is not None
    for name in ("foil", "sleeve"):
        changed = scenes[name]
        assert changed.corners_px is not None
        assert np.abs(changed.corners_px - plain.corners_px).max() < 1e-3
        apart = np.abs(changed.picture.astype(int) - plain.picture).mean(axis=2)
        assert apart[inside(plain.corners_px)].mean() > 4


def test_hard_scenes_are_sometimes_much_too_dark_and_much_too_bright() -> None:
    exposures = [plan_of("hard", seed).light.exposure for seed in range(200)]
    assert min(exposures) < 0.65
    assert max(exposures) > 1.5


@pytest.mark.parametrize("kind", KINDS)
def test_a_surface_is_always_the_same_and_its_variants_differ(kind: str) -> None:
    first = texture(kind, 0).copy()
    texture.cache_clear()
    assert np.array_equal(texture(kind, 0), first)
    assert not np.array_equal(texture(kind, VARIANTS - 1), first)


def test_an_unknown_difficulty_is_refused() -> None:
    with pytest.raises(ValueError, match="easy, moderate, hard, extreme"):
        render_scene(None, np.random.default_rng(0), SceneSettings("brutal"))  # type: ignore[arg-type]
