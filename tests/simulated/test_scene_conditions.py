"""The words that say what is in a scene, for counting by them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from firmware.simulated.scene import SceneSettings, render_scene
from firmware.simulated.scene_conditions import conditions_of

CARD = np.full((320, 224, 3), 200, np.uint8)


def test_a_scene_says_what_it_lies_on_and_in() -> None:
    scene = render_scene(
        CARD, np.random.default_rng(3), SceneSettings("easy", "playmat"),
        size=(320, 180), upside_down=True, finish="foil", sleeve="toploader",
    )  # fmt: skip
    assert {"playmat", "toploader", "foil", "upside down"} <= scene.conditions
    assert not {"sleeve", "turned", "lamp spot", "motion blur"} & scene.conditions


def test_a_card_turned_by_more_than_a_whole_turn_is_not_called_upside_down() -> None:
    plan = render_scene(CARD, np.random.default_rng(3), size=(320, 180)).plan
    turned = replace(plan, pose=replace(plan.pose, rotation_deg=362.0))
    assert "upside down" not in conditions_of(turned)
    assert "turned" in conditions_of(replace(plan, pose=replace(plan.pose, rotation_deg=-90.0)))
