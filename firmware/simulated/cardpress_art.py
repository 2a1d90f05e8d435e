"""One artwork from its specification: sky, ground, and what stands or flies in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firmware.simulated.cardpress_land import paint_ground
from firmware.simulated.cardpress_paint import Canvas
from firmware.simulated.cardpress_palette import palettes
from firmware.simulated.cardpress_sky import SKIES, paint_sky
from scanner.records import Picture

SUBJECTS: dict[str, tuple[str, ...]] = {
    "Creature": ("stag", "wolf", "bird", "owl", "serpent", "whale", "jelly", "moth", "pilgrim", "golem"),
    "Rite": ("flow",),
    "Place": ("peaks", "city", "isles", "forest", "cavern", "dunes"),
    "Relic": ("crystal",),
    "Vessel": ("ship",),
}


@dataclass(frozen=True, slots=True)
class ArtSpec:
    """All that decides a picture."""

    seed: int
    kind: str
    subject: str
    faction: str
    palette: int
    sky: str
    ground: str


def kinds_of_sky(subject: str) -> tuple[str, ...]:
    """The skies that suit a subject."""
    return SKIES


def paint_art(spec: ArtSpec, width_px: int, height_px: int) -> Picture:
    """The artwork `(height, width, 3) uint8`; the same specification gives the same picture."""
    canvas = Canvas(width_px, height_px, np.random.default_rng(spec.seed))
    palette = palettes(spec.faction)[spec.palette]
    paint_sky(canvas, palette, spec.sky)
    paint_ground(canvas, palette, spec.ground)
    return canvas.finish(palette.light)
