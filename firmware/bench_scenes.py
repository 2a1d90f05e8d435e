"""`counterscan bench scenes`: rendered camera scenes of known cards, from full frame to the name.

A fresh camera scene is drawn for each card, so the truth is known to the pixel: which printing,
which artwork, where the corners are. Cards from outside the catalog, card backs, empty tables and
pairs of cards measure how often the recognizer names what it must not name.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from firmware.bench_scenes_report import Seen, summarise, text_of
from firmware.simulated.cardpress_back import press_back
from firmware.simulated.scene import Scene, SceneSettings, render_scene
from firmware.simulated.scene_ranges import RANGES
from scanner.bench_recognition import Truth
from scanner.catalog.pack import Pack
from scanner.errors import UsageError
from scanner.pictures import read_picture
from scanner.pipeline import Recognizer
from scanner.recognize import open_packs, open_recognizer
from scanner.records import BACK_VARIANT, Picture

UPSIDE_DOWN_SHARE = 0.15
SLEEVE_SHARE = 0.25
FOIL_SHARE = 0.20

_KINDS = ("card", "back", "empty", "two")
_DIFFICULTIES = tuple(RANGES)


@dataclass(frozen=True, slots=True)
class Subject:
    """A card to lay under the camera: its picture's file, its card_id and its game, if known."""

    path: Path
    card_id: str
    game: str
    name: str


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
    parser.add_argument("--kind", choices=_KINDS, default="card", help="what lies in view")
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
        subjects = _in_catalog(subjects, truth, packs)
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
        scene = _draw(subject, subjects, backs, args, rng)
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
            corner_error=corner_error(scene, answer.corners_px) if named else None,
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


def corner_error(scene: Scene, corners_px: np.ndarray | None) -> float | None:
    """Mean distance of the four corners from the truth, in widths of the card.

    Which of its corners is the first does not matter here: a card found the other way up is
    judged by its name. None when no corners were found.
    """
    if corners_px is None or scene.corners_px is None:
        return None
    true = scene.corners_px
    width = float(np.linalg.norm(true[1] - true[0]) + np.linalg.norm(true[2] - true[3])) / 2
    return min(
        float(np.linalg.norm(np.roll(corners_px, turn, axis=0) - true, axis=1).mean()) / width
        for turn in range(4)
    )


def _draw(
    subject: Subject,
    subjects: Sequence[Subject],
    backs: Sequence[Picture],
    args: argparse.Namespace,
    rng: np.random.Generator,
) -> Scene:
    settings = SceneSettings(difficulty=args.difficulty)
    upside_down = bool(rng.random() < UPSIDE_DOWN_SHARE)
    sleeve = bool(rng.random() < SLEEVE_SHARE)
    foil = rng.random() < FOIL_SHARE
    if args.kind == "empty":
        return render_scene(None, rng, settings)
    if args.kind == "back":
        card, foil = backs[int(rng.integers(len(backs)))], False
    else:
        card = read_picture(subject.path)
    others = []
    if args.kind == "two":
        others = [read_picture(subjects[int(rng.integers(len(subjects)))].path)]
    return render_scene(
        card, rng, settings, upside_down=upside_down, sleeve=sleeve,
        finish="foil" if foil else "normal", others=others,
    )  # fmt: skip


def _subjects(args: argparse.Namespace) -> list[Subject]:
    if args.pictures_from is None:
        if args.kind in ("card", "two"):
            raise UsageError("say where the cards' pictures are: --pictures-from CSV")
        return []
    root = args.pictures or args.pictures_from.parent
    rows = _rows(args.pictures_from)
    if not rows or not {"path", "card_id"} <= rows[0].keys():
        raise UsageError(f"{args.pictures_from} needs the columns path and card_id and some rows")
    wanted = _hold_out(args.hold_out) if args.hold_out else None
    subjects = [
        Subject(
            root / row["path"], row["card_id"], row.get("game") or "",
            row.get("name") or row["card_id"],
        )
        for row in rows
        if row.get("variant") != BACK_VARIANT
        and (not args.game or row.get("game") == args.game)
        and (wanted is None or row["card_id"] in wanted)
    ]  # fmt: skip
    if not subjects:
        raise UsageError(f"no row of {args.pictures_from} is left to draw; look at the filters")
    missing = next((s.path for s in subjects if not s.path.is_file()), None)
    if missing is not None:
        raise UsageError(f"{missing} does not exist; name the pictures' folder with --pictures")
    return subjects


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} can't be read as a table of cards: {error}") from error


def _hold_out(path: Path) -> set[str]:
    rows = _rows(path)
    if rows and "card_id" in rows[0]:
        return {row["card_id"] for row in rows}
    return {line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()}


def _in_catalog(subjects: Sequence[Subject], truth: Truth, packs: Sequence[Pack]) -> list[Subject]:
    """The cards that the packs know, with their pack's game. UsageError when there is none."""
    known = [subject for subject in subjects if truth.knows(subject.card_id)]
    if not known:
        raise UsageError(
            "none of these cards is in the packs; for cards of another game say --not-in-catalog"
        )
    games = {pack.printing(card).card_id: pack.game for pack in packs for card in range(len(pack))}
    return [replace(subject, game=games[subject.card_id]) for subject in known]
