"""Rendered scenes for the recognition benchmark: cards of one game, and what must not be named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firmware.bench_cases import Case, Expects
from firmware.bench_scenes_cards import Subject, draw_subject
from firmware.simulated.cardpress_back import press_back
from firmware.simulated.scene import Scene
from firmware.simulated.scene_ranges import Difficulty
from scanner.records import Finish

_FOILED = {"all": Finish.FOIL, "art": Finish.HOLO, "frame": Finish.REVERSE}
_STRANGE_EVERY = 6
"""Beside each so many scenes of cards, one of something that must not be named."""


@dataclass(frozen=True, slots=True)
class GameSet:
    """The packs of one game, the cards to lay under the camera, and cards of other games."""

    packs: tuple[Path, ...]
    subjects: tuple[Subject, ...]
    strangers: tuple[Subject, ...] = ()


def scene_cases(
    game: str, chosen: GameSet, difficulty: Difficulty, count: int, seed: int
) -> Iterator[Case]:
    """`count` scenes of the cards, and besides one in six of a back, an empty table, two cards or
    a card of another game. The same arguments give the same scenes."""
    subjects = chosen.subjects
    order = np.random.default_rng([seed, 0]).permutation(len(subjects))
    for place in range(count):
        subject = subjects[int(order[place % len(order)])]
        rng = np.random.default_rng([seed, 1, place])
        scene = draw_subject("card", subject, subjects, (), difficulty, rng)
        yield _case(f"{game}-{place:05d}", scene, game, "card", subject)
    backs = [press_back()]
    kinds = ["back", "empty", "two", *(["stranger"] if chosen.strangers else [])]
    for place in range(count // _STRANGE_EVERY):
        rng = np.random.default_rng([seed, 2, place])
        kind = kinds[place % len(kinds)]
        pool = chosen.strangers if kind == "stranger" else subjects
        subject = pool[int(rng.integers(len(pool)))]
        drawn = "card" if kind == "stranger" else kind
        scene = draw_subject(drawn, subject, subjects, backs, difficulty, rng)
        expects: Expects = "nothing"
        if kind in ("back", "stranger"):
            expects = "back" if kind == "back" else "stranger"
        shown = subject if kind == "stranger" else Subject(Path(), "", "", kind)
        yield _case(f"{game}-{kind}-{place:05d}", scene, game, expects, shown)


def _case(key: str, scene: Scene, game: str, expects: Expects, subject: Subject) -> Case:
    return Case(
        key="".join(c if c.isalnum() or c in "-_" else "_" for c in key),
        title=f"{scene.difficulty} scene {key}",
        source="scene",
        game=game,
        expects=expects,
        card_id=subject.card_id,
        name=subject.name,
        conditions=scene.conditions,
        frame=scene.picture,
        corners_px=scene.corners_px if expects == "card" else None,
        language=subject.language,
        finish=true_finish(scene) if expects == "card" else "",
    )


def true_finish(scene: Scene) -> str:
    """What the card was printed on in this scene."""
    shine = scene.plan.finish
    return (_FOILED[shine.area] if shine.foil > 0 else Finish.NORMAL).value
