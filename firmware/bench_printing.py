"""`counterscan bench printing`: which printing of one artwork lies there, given the artwork.

Only printings that share their artwork with another one of the pack are drawn, and only scenes
whose artwork was found count. Printings whose pictures are the same to the eye are one class.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from firmware.bench_printing_groups import Group, Printed, find_groups
from firmware.bench_printing_report import Seen, summarise, text_of
from firmware.bench_scenes_cards import FOIL_SHARE, SLEEVE_SHARE, UPSIDE_DOWN_SHARE
from firmware.simulated.scene import Scene, SceneSettings, render_scene
from firmware.simulated.scene_ranges import RANGES, Difficulty
from scanner.catalog.facts import read_facts
from scanner.decide import Decider, Evidence, Verdict
from scanner.embed import Embedder
from scanner.errors import UsageError
from scanner.locate import Locator
from scanner.pictures import read_picture
from scanner.pipeline import Recognizer
from scanner.quality import AskQuality
from scanner.recognize import open_packs
from scanner.records import Corners, Decision, Identification, Located, Picture, View
from scanner.shrink import Levels


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `counterscan bench printing`."""
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument(
        "--facts", type=Path, required=True, metavar="CSV", help="the table the pack is made of"
    )
    parser.add_argument(
        "--pictures", type=Path, required=True, metavar="DIR", help="where its paths start"
    )
    parser.add_argument("--only", type=Path, metavar="CSV", help="only groups with a card in it")
    parser.add_argument("--without", type=Path, metavar="CSV", help="no group with a card in it")
    parser.add_argument("--count", type=int, help="scenes to draw (default: one for each printing)")
    parser.add_argument("--difficulty", choices=tuple(RANGES), default="moderate")
    parser.add_argument(
        "--corners-off", type=float, metavar="PERCENT",
        help="cut at the true corners, each moved by about so much of the card's width, and not "
        "at those that the locator finds",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Draw the scenes, identify each, print the report."""
    (pack,) = open_packs([args.pack])
    references = read_facts(args.facts, args.pictures, pack.game)
    paths = {reference.printing.card_id: reference.file for reference in references}
    groups = _chosen(find_groups(pack, paths), args)
    different = [group for group in groups if group.looks > 1]
    if not different:
        raise UsageError("no two printings of this pack share an artwork and differ to the eye")
    watching = Watching()
    given = Given()
    recognizer = Recognizer.open([pack], decider=watching)
    if args.corners_off is not None:
        recognizer = Recognizer([pack], given, Embedder.load(), decider=watching)
    seen = list(measure(recognizer, watching, given, different, args))
    report = {
        "difficulty": args.difficulty,
        "seed": args.seed,
        "corners_off_percent": args.corners_off,
        "recognizer": recognizer.describe(),
        "pack": pack.pack_id,
        "groups": len(groups),
        "groups_that_differ": len(different),
        "same_to_the_eye": [twins for group in groups for twins in group.twins()],
        **summarise(seen),
    }
    print(json.dumps(report) if args.json else text_of(report))
    return 0


class Watching(Decider):
    """Decides as usual and keeps the evidence of the last card."""

    def __init__(self) -> None:
        """Nothing has been seen yet."""
        super().__init__()
        self.evidence: tuple[Evidence, ...] = ()

    def decide(
        self, evidence: Sequence[Evidence], quality: AskQuality, located: Located
    ) -> Verdict:
        """The usual verdict."""
        self.evidence = tuple(evidence)
        return super().decide(evidence, quality, located)


class Given(Locator):
    """Stands for the locator where the true corners are given."""

    kind = "true corners"

    def __init__(self) -> None:
        """Without corners there is nothing in view."""
        self.corners_px: Corners | None = None

    def exact(self, frame: Picture, located: Located) -> Located:  # noqa: ARG002
        """What is given is exact."""
        return located

    def glance(self, levels: Levels) -> Located:  # noqa: ARG002
        """The corners that were given, whatever the frame."""
        if self.corners_px is None:
            return Located(View.NOTHING)
        return Located(View.CARD, (self.corners_px,), 1.0)


def measure(
    recognizer: Recognizer,
    watching: Watching,
    given: Given,
    groups: Sequence[Group],
    args: argparse.Namespace,
) -> Iterator[Seen]:
    """One scene after another: each printing once, in an order of chance, then again."""
    printings = [(group, printing) for group in groups for printing in group.printings]
    order = np.random.default_rng([args.seed, 0]).permutation(len(printings))
    count = args.count or len(printings)
    for place in range(count):
        rng = np.random.default_rng([args.seed, 1, place])
        group, printing = printings[int(order[place % len(order)])]
        scene = _draw(printing, args.difficulty, rng)
        given.corners_px = _moved(scene, (args.corners_off or 0.0) / 100, rng)
        watching.evidence = ()
        answer = recognizer.identify(scene.picture)
        yield judge(group, printing, answer, watching.evidence)
        if not args.json and (place + 1) % 100 == 0:
            print(f"{place + 1} of {count} scenes", file=sys.stderr)


def judge(
    group: Group, printing: Printed, answer: Identification, evidence: Sequence[Evidence]
) -> Seen:
    """What became of one card.

    It counts as certain when it was accepted, or when no printing of its artwork that looks
    different stands beside the best one without having been told apart from it.
    """
    looks = {member.card_id: member.look for member in group.printings}
    found = answer.candidates[0].printing.card_id if answer.candidates else ""
    others = [
        item
        for item in evidence[1:]
        if item.printing.card_id in looks and looks[item.printing.card_id] != looks.get(found)
    ]
    open_rivals = [item for item in others if not item.told_apart]
    told_apart = bool(others) and not open_rivals
    accepted = answer.decision is Decision.ACCEPTED
    return Seen(
        artwork=group.artwork,
        card_id=printing.card_id,
        name=printing.name,
        found=found,
        artwork_found=found in looks,
        right=looks.get(found) == printing.look,
        accepted=accepted,
        certain=accepted or (told_apart and answer.decision is Decision.REVIEW),
        review=answer.decision is Decision.REVIEW,
        printing_ms=answer.stages_ms.get("printing", 0.0),
    )


def _draw(printing: Printed, difficulty: Difficulty, rng: np.random.Generator) -> Scene:
    upside_down = bool(rng.random() < UPSIDE_DOWN_SHARE)
    sleeve = bool(rng.random() < SLEEVE_SHARE)
    foil = rng.random() < FOIL_SHARE
    return render_scene(
        read_picture(printing.path), rng,
        SceneSettings(difficulty=difficulty),
        upside_down=upside_down, sleeve=sleeve, finish="foil" if foil else "normal",
    )  # fmt: skip


def _moved(scene: Scene, share: float, rng: np.random.Generator) -> Corners | None:
    """The true corners, each moved by chance by about this share of the card's width."""
    if scene.corners_px is None:
        return None
    width = float(np.linalg.norm(scene.corners_px[1] - scene.corners_px[0]))
    off = rng.normal(0, share * width / np.sqrt(2), (4, 2))
    return np.asarray(scene.corners_px + off, np.float32)


def _chosen(groups: Sequence[Group], args: argparse.Namespace) -> list[Group]:
    only = _cards(args.only) if args.only else None
    without = _cards(args.without) if args.without else set()
    return [
        group
        for group in groups
        for ids in ({printing.card_id for printing in group.printings},)
        if (only is None or ids & only) and not ids & without
    ]


def _cards(table: Path) -> set[str]:
    """The ids of a table of cards, each the second column's or the only one's."""
    lines = table.read_text(encoding="utf-8").splitlines()
    head = lines[0].split(",") if lines else []
    if "card_id" not in head:
        raise UsageError(f"{table} needs a column card_id")
    column = head.index("card_id")
    return {line.split(",")[column] for line in lines[1:] if line}
