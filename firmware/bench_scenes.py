"""`counterscan bench scenes`: rendered camera scenes of known cards, from full frame to the name.

A fresh camera scene is drawn for each card, so the truth is known to the pixel: which printing,
which artwork, where the corners are. Cards from outside the catalog, card backs, empty tables and
pairs of cards measure how often the recognizer names what it must not name.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from firmware.bench_corners import CornerError, corner_error
from firmware.bench_scenes_cards import KINDS, Subject, draw_subject, in_catalog, read_subjects
from firmware.bench_scenes_report import Seen, summarise, text_of
from firmware.simulated.cardpress_back import press_back
from firmware.simulated.scene import Scene
from firmware.simulated.scene_ranges import RANGES
from scanner.bench_truth import Truth
from scanner.errors import UsageError
from scanner.pictures import read_picture
from scanner.pipeline import Recognizer
from scanner.recognize import open_packs, open_recognizer
from scanner.records import Identification

_DIFFICULTIES = tuple(RANGES)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `counterscan bench scenes`."""
    parser.add_argument("--pack", nargs="+", action="extend", type=Path, required=True)
    parser.add_argument(
        "--pictures-from", type=Path, metavar="CSV",
        help="table with the columns path and card_id, as for catalog build",
    )  # fmt: skip
    parser.add_argument(
        "--pictures", type=Path, metavar="DIR", help="where the paths start (default: at the CSV)"
    )
    parser.add_argument("--game", help="only rows with this in their column game")
    parser.add_argument(
        "--hold-out", type=Path, metavar="FILE",
        help="only these cards: a CSV with a column card_id, or one card_id a line",
    )  # fmt: skip
    parser.add_argument("--count", type=int, help="scenes to draw (default: one for each card)")
    parser.add_argument("--difficulty", choices=_DIFFICULTIES, default="moderate")
    parser.add_argument("--kind", choices=KINDS, default="card", help="what lies in view")
    parser.add_argument(
        "--not-in-catalog", action="store_true",
        help="the cards are of another game than the packs: nothing may be accepted",
    )  # fmt: skip
    parser.add_argument(
        "--back", nargs="+", action="extend", type=Path, default=[], metavar="PICTURE",
        help="card backs for --kind back (default: the demo game's)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", type=Path, metavar="DIR", help="write the worst frames there")
    parser.add_argument("--worst", type=int, default=20, help="how many of the worst to name")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Draw the scenes, identify each, print the report."""
    subjects = _subjects(args)
    packs = open_packs(args.pack)
    recognizer = open_recognizer(packs)
    truth = Truth(packs)
    if args.kind == "card" and not args.not_in_catalog:
        subjects = in_catalog(subjects, truth)
    seen = list(measure(recognizer, subjects, truth, args))
    report = {
        "kind": args.kind if not args.not_in_catalog else "not in the catalog",
        "difficulty": args.difficulty,
        "seed": args.seed,
        "recognizer": recognizer.describe(),
        "packs": [pack.pack_id for pack in packs],
        **summarise(seen, worst=args.worst),
    }
    print(json.dumps(report) if args.json else text_of(report))
    return 0


def measure(
    recognizer: Recognizer, subjects: Sequence[Subject], truth: Truth, args: argparse.Namespace
) -> Iterator[Seen]:
    """One scene after another; with `--save`, frames of what went wrong are written."""
    count = args.count or max(1, len(subjects))
    order = np.random.default_rng([args.seed, 0]).permutation(max(1, len(subjects)))
    backs = [read_picture(path) for path in args.back] or [press_back()]
    named = args.kind == "card" and not args.not_in_catalog
    for place in range(count):
        rng = np.random.default_rng([args.seed, 1, place])
        index = int(order[place % len(order)])
        subject = subjects[index] if subjects else Subject(Path(), "", "", args.kind)
        scene = draw_subject(args.kind, subject, subjects, backs, args.difficulty, rng)
        started = time.perf_counter()
        answer = recognizer.identify(scene.picture)
        elapsed_ms = (time.perf_counter() - started) * 1000
        found = answer.candidates[0].printing.card_id if answer.candidates else ""
        seen = Seen(
            place=place,
            card_id=subject.card_id,
            name=subject.name,
            game=subject.game,
            decision=answer.decision.value,
            view=answer.view.value,
            reasons=answer.reasons,
            found=found,
            score=answer.candidates[0].score if answer.candidates else 0.0,
            right_artwork=named and truth.same_artwork(found, subject.card_id) and bool(found),
            right_printing=named and found == subject.card_id,
            named=named,
            corner_error=_corner_error(scene, answer) if named else None,
            plan=f"{scene.plan.surface}, {scene.plan.holder}, foil {scene.plan.finish.foil:.1f}",
            elapsed_ms=elapsed_ms,
        )
        if args.save and seen.badness() > 0:
            args.save.mkdir(parents=True, exist_ok=True)
            name = f"{place:05d}-{seen.decision}-{subject.card_id or args.kind}.jpg"
            cv2.imwrite(str(args.save / name.replace("/", "_")), scene.picture)
        if not args.json and (place + 1) % 100 == 0:
            print(f"{place + 1} of {count} scenes", file=sys.stderr)
        yield seen


def _corner_error(scene: Scene, answer: Identification) -> CornerError | None:
    if answer.corners_px is None or scene.corners_px is None:
        return None
    return corner_error(scene.corners_px, answer.corners_px)


def _subjects(args: argparse.Namespace) -> list[Subject]:
    if args.pictures_from is not None:
        return read_subjects(args.pictures_from, args.pictures, args.game, args.hold_out)
    if args.kind in ("card", "two"):
        raise UsageError("say where the cards' pictures are: --pictures-from CSV")
    return []
