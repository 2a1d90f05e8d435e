"""A camera that renders what would lie under it. See `firmware.camera.Camera`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from firmware.camera import Frame, checked_frame
from firmware.lights import Side
from firmware.simulated.deck import DeckCard
from firmware.simulated.scene import draw
from firmware.simulated.scene_plan import Difficulty, ScenePlan, Surface, pick_plan
from firmware.simulated.scene_sides import lit_from as light_from
from scanner.records import Picture

TABLE_SEED = 5


class SimulatedCamera:
    """Looks into the simulated machine's tray.

    `in_view()` tells which card lies there and how many degrees it is skewed; (None, 0) for none.
    `lit_from()` tells which of the machine's lamps is on, if any.
    """

    def __init__(
        self,
        in_view: Callable[[], tuple[DeckCard | None, float]],
        size_px: tuple[int, int],
        *,
        difficulty: Difficulty = "easy",
        surface: Surface = "tray",
        lit_from: Callable[[], Side | None] = lambda: None,
    ):
        self.name = "simulated camera"
        self._in_view = in_view
        self._lit_from = lit_from
        self._size_px = size_px
        self._difficulty: Difficulty = difficulty
        self._surface: Surface = surface
        self._frames = 0
        self._tray = pick_plan(
            np.random.default_rng(TABLE_SEED),
            difficulty,
            surface,
            finish="normal",
            sleeve=False,
            hand=0.0,
        )
        self._empty: Picture | None = None

    def start(self) -> None:
        """There is nothing to open."""

    def capture(self) -> Frame:
        """Render this moment; two frames of one card differ in their noise and light alone."""
        card, skew_deg = self._in_view()
        if card is None:
            if self._empty is None:
                self._empty = draw(None, self._tray, size=self._size_px).picture
            return checked_frame(self._empty.copy())
        self._frames += 1
        face = card.printed.picture()
        plan = self._plan(card, skew_deg)
        side = self._lit_from()
        if side is not None:
            plan = light_from(plan, side)
        scene = draw(face, plan, size=self._size_px, noise_seed=self._frames)
        return checked_frame(scene.picture)

    def close(self) -> None:
        """There is nothing to close."""

    def _plan(self, card: DeckCard, skew_deg: float) -> ScenePlan:
        plan = pick_plan(
            np.random.default_rng(card.seed),
            self._difficulty,
            self._surface,
            finish="foil" if card.printed.foil else "normal",
            sleeve=card.sleeved,
            hand=0.0,
        )
        turn_deg = skew_deg + (180.0 if card.upside_down else 0.0)
        return replace(
            plan,
            pose=replace(plan.pose, rotation_deg=plan.pose.rotation_deg + turn_deg),
            # One machine has one tray.
            surface=self._tray.surface,
            surface_variant=self._tray.surface_variant,
            surface_flip=self._tray.surface_flip,
            surface_gain=self._tray.surface_gain,
        )
