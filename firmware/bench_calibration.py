"""`counterscan bench calibration`: rendered scenes, what the recognizer had to go by, the truth.

Each scene becomes one line of JSON: every candidate's evidence and whether it was right. From such
lines `models/train/calibrate.py` learns how evidence turns into a probability, and on those of
other cards it is measured. Cards fall into the two parts, `fit` and `test`, by a hash of their
artwork's id, so that no artwork is in both.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from firmware.bench_calibration_junk import draw_back, draw_junk
from firmware.bench_printing_groups import find_groups
from firmware.simulated.scene import SceneSettings, render_scene
from firmware.simulated.scene_ranges import RANGES, Difficulty
from scanner.catalog.facts import read_facts
from scanner.catalog.pack import Pack
from scanner.decide import Decider, Evidence, Verdict
from scanner.pictures import read_picture
from scanner.pipeline import Recognizer
from scanner.quality import AskQuality, Quality
from scanner.recognize import open_packs
from scanner.records import BACK_VARIANT, Located, Picture
from scanner.verify import compare, cut_blocks, cut_windows

PARTS = ("fit", "test")
UPSIDE_DOWN_SHARE, SLEEVE_SHARE, FOIL_SHARE = 0.15, 0.25, 0.20
# Scenes of each kind for each scene of a card in the catalog.
SHARES: Mapping[str, float] = {
    "card": 1.0, "absent": 0.7, "other": 0.25, "junk": 0.15, "back": 0.1,
}  # fmt: skip
_SHOWN = 8
# Clean pictures of different cards in one frame reach 0.92 and 0.76, parallels are above 0.97.
_SAME_SCORE, _SAME_MATCHED = 0.95, 0.85
# A crop that fits less than this is of another card, or nothing can be made out on it.
_SAME_ARTWORK_FROM = 0.5


@dataclass(frozen=True, slots=True)
class Card:
    """A card that may be laid under the camera, and the part of the measurement it belongs to."""

    path: Path
    card_id: str
    part: str


def part_of(artwork: str) -> str:
    """`fit` or `test`, by a hash; parallels (`X_p1`) and reprints of one card stay together."""
    root = artwork.rpartition(":")[2].split("_")[0]
    digest = hashlib.sha256(f"calibration {root}".encode()).digest()
    return PARTS[digest[0] % 2]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `counterscan bench calibration`."""
    parser.add_argument("--pack", type=Path, required=True, help="the whole game's pack")
    parser.add_argument(
        "--absent-pack", type=Path, help="the same game's pack without the cards of --pictures-from"
    )
    parser.add_argument(
        "--pictures-from", type=Path, required=True, metavar="CSV",
        help="table of cards that no training saw: path, card_id, artwork",
    )  # fmt: skip
    parser.add_argument(
        "--others", type=Path, metavar="CSV", help="table of cards of another game, for strangers"
    )
    parser.add_argument(
        "--pictures", type=Path, metavar="DIR", help="where the paths start (default: at the CSV)"
    )
    parser.add_argument("--part", choices=PARTS, help="only these cards (default: both)")
    parser.add_argument("--difficulty", nargs="+", choices=tuple(RANGES), default=["moderate"])
    parser.add_argument("--kind", nargs="+", choices=tuple(SHARES), default=list(SHARES))
    parser.add_argument(
        "--count", type=int, help="scenes of cards in the catalog, each difficulty and part"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="the lines are added to this file")


def run(args: argparse.Namespace) -> int:
    """Draw the scenes, write a line for each."""
    root = args.pictures or args.pictures_from.parent
    cards = _cards(args.pictures_from, root)
    others = _cards(args.others, root) if args.others else []
    packs = open_packs([args.pack])
    absent = open_packs([args.absent_pack]) if args.absent_pack else []
    kinds = [
        kind for kind in args.kind if (absent or kind != "absent") and (others or kind != "other")
    ]
    truth = _Truth(packs[0], cards)
    watched = {"card": _Watched(packs), "absent": _Watched(absent)}
    with args.out.open("a", encoding="utf-8") as file:
        for part in [args.part] if args.part else PARTS:
            for difficulty in args.difficulty:
                for kind in kinds:
                    laid = [
                        one for one in (others if kind == "other" else cards) if one.part == part
                    ]
                    count = round((args.count or len(laid)) * SHARES[kind])
                    task = _Task(part, difficulty, kind, packs[0].game, args.seed)
                    recognizer = watched["absent" if kind == "absent" else "card"]
                    for line in _scenes(task, laid, count, recognizer, truth):
                        file.write(json.dumps(line) + "\n")
                    file.flush()
                    print(f"{part}, {difficulty}, {kind}: {count} scenes", file=sys.stderr)
    return 0


@dataclass(frozen=True, slots=True)
class _Task:
    part: str
    difficulty: Difficulty
    kind: str
    game: str
    seed: int


class _Looking(Decider):
    """Decides as always, and keeps what it decided from."""

    def __init__(self) -> None:
        super().__init__()
        self.saw: tuple[Sequence[Evidence], Quality, Located] | None = None

    def decide(
        self, evidence: Sequence[Evidence], quality: AskQuality, located: Located
    ) -> Verdict:
        self.saw = (evidence, quality(), located)
        return super().decide(evidence, quality, located)


class _Watched:
    """A recognizer and the decider that looks on."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        self.looking = _Looking()
        self.recognizer = Recognizer.open(packs, decider=self.looking)


class _Truth:
    """Which printings share an artwork, and which look the same to the eye."""

    def __init__(self, pack: Pack, cards: Sequence[Card]) -> None:
        self._pack = pack
        self._place = {pack.printing(card).card_id: card for card in range(len(pack))}
        self._artwork = {
            pack.printing(card).card_id: pack.artwork(card) for card in range(len(pack))
        }
        self._look: dict[str, tuple[str, int]] = {}
        for group in find_groups(pack, {card.card_id: card.path for card in cards}):
            for printed in group.printings:
                self._look[printed.card_id] = (group.artwork, printed.look)

    def same_artwork(self, card: Card, found: str) -> bool:
        """Whether a printing of the pack shows the card's artwork: by the column `artwork`, or,
        where a parallel has another one, because the clean pictures hardly differ."""
        if card.card_id == found or (
            self._artwork.get(card.card_id)
            and self._artwork[card.card_id] == self._artwork.get(found)
        ):
            return True
        windows = cut_windows(read_picture(card.path))
        clean = compare(windows, [cut_blocks(self._pack.picture(self._place[found]))])[0]
        return clean.score >= _SAME_SCORE and clean.matched >= _SAME_MATCHED

    def same_look(self, one: str, other: str) -> bool:
        """Printings that no picture can tell apart."""
        return one == other or bool(
            self._look.get(one) and self._look[one] == self._look.get(other)
        )


def _scenes(
    task: _Task, cards: Sequence[Card], count: int, watched: _Watched, truth: _Truth
) -> Iterator[dict[str, Any]]:
    source = [task.seed, list(RANGES).index(task.difficulty), list(SHARES).index(task.kind)]
    order = np.random.default_rng([*source, PARTS.index(task.part)]).permutation(len(cards))
    for place in range(count):
        rng = np.random.default_rng([*source, PARTS.index(task.part), place])
        card = cards[int(order[place % len(order)])]
        picture = _picture(task.kind, card, cards, rng)
        scene = render_scene(
            picture, rng, SceneSettings(difficulty=task.difficulty),
            upside_down=bool(rng.random() < UPSIDE_DOWN_SHARE),
            sleeve=bool(rng.random() < SLEEVE_SHARE),
            finish="foil" if rng.random() < FOIL_SHARE and task.kind != "back" else "normal",
        )  # fmt: skip
        watched.looking.saw = None
        began = time.perf_counter()
        answer = watched.recognizer.identify(scene.picture)
        elapsed_ms = (time.perf_counter() - began) * 1000
        yield {
            "part": task.part,
            "difficulty": task.difficulty,
            "kind": task.kind,
            "game": task.game,
            "place": place,
            "card_id": card.card_id if task.kind in ("card", "absent", "other") else "",
            "decision": answer.decision.value,
            "reasons": answer.reasons,
            "probability": answer.probability,
            "view": answer.view.value,
            "conditions": sorted(scene.conditions),
            "ms": round(elapsed_ms, 1),
            **_evidence(watched.looking, None if task.kind in ("junk", "back") else card, truth),
        }


def _picture(kind: str, card: Card, cards: Sequence[Card], rng: np.random.Generator) -> Picture:
    if kind == "back":
        return draw_back(rng)
    if kind == "junk":
        pair = [read_picture(cards[int(i)].path) for i in rng.integers(len(cards), size=2)]
        return draw_junk(pair[0], pair[1], rng)
    return read_picture(card.path)


def _evidence(looking: _Looking, card: Card | None, truth: _Truth) -> dict[str, Any]:
    """The evidence of the first candidates, each with what it is in truth (`card` None: wrong).

    Of a card that is not in the catalog, another printing may be.
    """
    if looking.saw is None:
        return {"located": None, "candidates": []}
    evidence, quality, located = looking.saw
    candidates = []
    for item in evidence[:_SHOWN]:
        found = item.printing.card_id
        candidates.append(
            {
                **{key: value for key, value in asdict(item).items() if key != "printing"},
                "card_id": found,
                "back": item.printing.variant == BACK_VARIANT,
                "right": card is not None and found == card.card_id,
                "right_look": card is not None and truth.same_look(found, card.card_id),
                "right_artwork": (
                    card is not None
                    and item.comparison.score >= _SAME_ARTWORK_FROM
                    and truth.same_artwork(card, found)
                ),
            }
        )
    return {
        "located": {"view": located.view.value, "confidence": located.confidence},
        "quality": asdict(quality),
        "candidates": candidates,
    }


def _cards(table: Path, pictures: Path) -> list[Card]:
    """The cards of a table of facts, backs left out. Raises PackError when it can't be used."""
    return [
        Card(
            fact.file,
            fact.printing.card_id,
            part_of(fact.more.get("artwork") or fact.printing.card_id),
        )
        for fact in read_facts(table, pictures, "")
        if fact.printing.variant != BACK_VARIANT
    ]
