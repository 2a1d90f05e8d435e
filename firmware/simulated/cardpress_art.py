"""One artwork from its specification: sky, ground, what stands or flies there, and the air."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from firmware.simulated import cardpress_arms as arms
from firmware.simulated import cardpress_beasts as beasts
from firmware.simulated import cardpress_dragons as dragons
from firmware.simulated import cardpress_folk as folk
from firmware.simulated import cardpress_insects as insects
from firmware.simulated import cardpress_rites as rites
from firmware.simulated import cardpress_sealife as sealife
from firmware.simulated import cardpress_sites as sites
from firmware.simulated import cardpress_things as things
from firmware.simulated import cardpress_vessels as vessels
from firmware.simulated import cardpress_wings as wings
from firmware.simulated.cardpress_air import paint_air, paint_fringe
from firmware.simulated.cardpress_land import GROUNDS, haze, paint_ground
from firmware.simulated.cardpress_paint import Canvas, Place
from firmware.simulated.cardpress_palette import Palette, palettes
from firmware.simulated.cardpress_sky import SKIES, paint_sky
from scanner.records import Picture

Draw = Callable[[Canvas, Palette, Place], None]


@dataclass(frozen=True, slots=True)
class Subject:
    """How a subject is drawn: its grounds, its size in canvas units, and how high it may be."""

    draw: Draw | None
    grounds: tuple[str, ...]
    size: tuple[float, float] = (0.40, 0.48)
    height: tuple[float, float] = (0.5, 0.56)


_LAND = ("peaks", "hills", "dunes", "forest", "meadow", "city", "cavern")
_AIR = ("peaks", "sea", "isles", "void", "dunes", "city", "forest", "hills")
_DEEP = ("underwater", "underwater", "void", "sea", "cavern")
_BARE = ("void", "cavern", "peaks", "dunes", "sea", "forest")
_OWN = ("void",)


def _breed(name: str) -> Draw:
    def draw(canvas: Canvas, palette: Palette, at: Place) -> None:
        beasts.quadruped(canvas, palette, at, name)

    return draw


_SUBJECTS: dict[str, dict[str, Subject]] = {
    "Creature": {
        "stag": Subject(_breed("stag"), _LAND, (0.34, 0.42), (0.56, 0.6)),
        "wolf": Subject(_breed("wolf"), _LAND, (0.36, 0.46), (0.52, 0.58)),
        "cat": Subject(_breed("cat"), _LAND, (0.36, 0.46), (0.5, 0.58)),
        "bird": Subject(wings.bird, _AIR, (0.36, 0.5), (0.5, 0.62)),
        "owl": Subject(
            wings.owl, ("forest", "void", "peaks", "city", "hills"), (0.44, 0.52), (0.52, 0.56)
        ),
        "drake": Subject(dragons.drake, _AIR, (0.38, 0.46), (0.52, 0.6)),
        "serpent": Subject(dragons.serpent, (*_AIR, *_DEEP), (0.44, 0.56), (0.46, 0.54)),
        "whale": Subject(sealife.whale, (*_AIR, *_DEEP), (0.42, 0.5), (0.44, 0.52)),
        "fish": Subject(sealife.fish, _DEEP, (0.4, 0.5), (0.48, 0.54)),
        "jelly": Subject(sealife.jelly, (*_DEEP, "isles"), (0.36, 0.46), (0.46, 0.52)),
        "moth": Subject(insects.moth, (*_BARE, "meadow"), (0.4, 0.5), (0.46, 0.52)),
        "beetle": Subject(insects.beetle, (*_BARE, "meadow"), (0.4, 0.48), (0.5, 0.56)),
        "pilgrim": Subject(folk.pilgrim, _LAND, (0.42, 0.5), (0.52, 0.55)),
        "golem": Subject(folk.golem, _LAND, (0.42, 0.5), (0.52, 0.55)),
        "mask": Subject(folk.mask, _BARE, (0.38, 0.46), (0.52, 0.56)),
        "treant": Subject(
            folk.treant, ("forest", "hills", "meadow", "peaks"), (0.42, 0.48), (0.54, 0.57)
        ),
        "spider": Subject(
            insects.spider, ("cavern", "forest", "void", "city"), (0.4, 0.48), (0.48, 0.52)
        ),
        "tortoise": Subject(beasts.tortoise, _LAND, (0.4, 0.5), (0.55, 0.62)),
        "hydra": Subject(
            dragons.hydra, ("sea", "cavern", "peaks", "dunes", "forest"), (0.46, 0.52), (0.52, 0.55)
        ),
    },
    "Rite": {
        "flow": Subject(rites.flow, GROUNDS),
        "mandala": Subject(rites.mandala, _BARE, (0.36, 0.44), (0.46, 0.54)),
        "vortex": Subject(
            rites.vortex, ("void", "sea", "peaks", "isles"), (0.5, 0.7), (0.42, 0.58)
        ),
        "comet": Subject(rites.comet, _LAND, (0.28, 0.4), (0.35, 0.6)),
        "burst": Subject(rites.burst, _BARE, (0.4, 0.5), (0.45, 0.55)),
        "wave": Subject(rites.wave, ("void", "peaks", "city", "sea"), (0.42, 0.5), (0.54, 0.6)),
        "orb": Subject(rites.orb, _BARE, (0.4, 0.5), (0.46, 0.54)),
    },
    "Place": {
        **{
            name: Subject(None, (name,))
            for name in ("peaks", "city", "isles", "forest", "cavern", "dunes")
        },
        "lighthouse": Subject(sites.lighthouse, _OWN, (0.46, 0.52), (0.56, 0.58)),
        "ruins": Subject(sites.ruins, _OWN, (0.46, 0.54), (0.5, 0.54)),
        "falls": Subject(sites.falls, _OWN),
        "village": Subject(sites.village, _OWN),
    },
    "Relic": {
        "lantern": Subject(things.lantern, _BARE, (0.36, 0.42), (0.52, 0.55)),
        "crystal": Subject(things.shard, _BARE, (0.4, 0.46), (0.5, 0.53)),
        "sword": Subject(arms.sword, _BARE, (0.38, 0.44), (0.48, 0.52)),
        "crown": Subject(arms.crown, _BARE, (0.4, 0.48), (0.5, 0.56)),
        "flask": Subject(things.flask, _BARE, (0.38, 0.44), (0.51, 0.54)),
        "key": Subject(arms.key, _BARE, (0.38, 0.44), (0.48, 0.52)),
        "compass": Subject(arms.compass, _BARE, (0.36, 0.44), (0.5, 0.52)),
        "hourglass": Subject(things.hourglass, _BARE, (0.4, 0.46), (0.5, 0.52)),
        "shield": Subject(arms.shield, _BARE, (0.4, 0.47), (0.49, 0.52)),
        "book": Subject(things.book, _BARE, (0.38, 0.44), (0.5, 0.54)),
    },
    "Vessel": {
        "ship": Subject(vessels.ship, ("sea", "sea", "void", "isles"), (0.38, 0.46), (0.54, 0.6)),
        "airship": Subject(vessels.airship, _AIR, (0.38, 0.46), (0.46, 0.54)),
        "balloon": Subject(vessels.balloon, _AIR, (0.36, 0.42), (0.46, 0.52)),
        "barge": Subject(
            vessels.ship, ("void", "isles", "peaks", "city"), (0.3, 0.36), (0.5, 0.56)
        ),
    },
}
SUBJECTS: dict[str, tuple[str, ...]] = {kind: tuple(rows) for kind, rows in _SUBJECTS.items()}
"""The subjects of each kind of card."""


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


def grounds_for(kind: str, subject: str) -> tuple[str, ...]:
    """The grounds that suit a subject; KeyError for an unknown one."""
    return _SUBJECTS[kind][subject].grounds


def skies_for(kind: str) -> tuple[str, ...]:
    """The skies that suit a kind of card: force wants a quiet one."""
    return ("stars", "nebula", "clouds", "storm", "rays") if kind == "Rite" else SKIES


def paint_art(spec: ArtSpec, width_px: int, height_px: int) -> Picture:
    """The artwork `(height, width, 3) uint8`; the same specification gives the same picture."""
    rng = np.random.default_rng(spec.seed)
    canvas = Canvas(width_px, height_px, rng)
    palette = palettes(spec.faction)[spec.palette]
    subject = _SUBJECTS[spec.kind][spec.subject]
    paint_sky(canvas, palette, spec.sky)
    paint_ground(canvas, palette, spec.ground)
    # In a tall picture the lower third lies under the rules; the subject keeps above it.
    tall = height_px > width_px
    room = height_px * 0.70 if tall else float(height_px)
    at = Place(
        x=width_px * float(rng.uniform(0.44, 0.56)),
        y=room * float(rng.uniform(*subject.height)) + (height_px * 0.03 if tall else 0.0),
        scale=min(canvas.unit, room) * float(rng.uniform(*subject.size)),
        flip=bool(rng.random() < 0.5),
    )
    if subject.draw is not None:
        if spec.kind in ("Creature", "Relic", "Vessel"):
            haze(canvas, at.y / height_px + 0.1, 0.25, palette.sky[2], 0.22)
        subject.draw(canvas, palette, at)
    paint_fringe(canvas, palette, spec.ground)
    paint_air(canvas, palette)
    return canvas.finish(palette.light)
